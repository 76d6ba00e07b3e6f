/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_spelled: see json_spelled.h. */
#include "commands/json_spelled.h"

#include <stdint.h>

#include "core/json_read.h"

#define DEPTH_MAX KP_JSON_DEPTH_MAX

struct tree {
	struct kp_arena *arena;
	json_t *root;
	json_t *open[DEPTH_MAX]; /* objects and arrays around, borrowed */
	unsigned depth;
	char *name; /* of the member whose value comes next */
};

static char *
text_of(struct tree *tree, struct kp_slice raw)
{
	struct kp_slice text;
	if (kp_json_unescape(raw, tree->arena, &text) != KP_OK) {
		return NULL;
	}
	return (char *)(uintptr_t)kp_arena_copy(tree->arena, text).data;
}

/* Takes the value into the container around it; false when it was not taken. */
static bool
put(struct tree *tree, json_t *value)
{
	if (value == NULL) {
		return false;
	}
	if (tree->depth == 0) {
		tree->root = value;
		return true;
	}
	json_t *parent = tree->open[tree->depth - 1];
	return json_is_array(parent)
		? json_array_append_new(parent, value) == 0
		: json_object_set_new(parent, tree->name, value) == 0;
}

static bool
begin(struct tree *tree, json_t *container)
{
	if (!put(tree, container) || tree->depth == DEPTH_MAX) {
		return false;
	}
	tree->open[tree->depth++] = container;
	return true;
}

static bool
put_text(struct tree *tree, struct kp_slice raw)
{
	struct kp_slice text;
	return kp_json_unescape(raw, tree->arena, &text) == KP_OK &&
		put(tree, json_stringn(text.data == NULL ? "" : text.data, text.len));
}

static enum kp_json_verdict
on_event(void *context, const struct kp_json_token *token)
{
	struct tree *tree = context;
	bool good = true;
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		good = begin(tree, json_object());
		break;
	case KP_JSON_ARRAY_BEGIN:
		good = begin(tree, json_array());
		break;
	case KP_JSON_OBJECT_END:
	case KP_JSON_ARRAY_END:
		tree->depth--;
		break;
	case KP_JSON_NAME:
		tree->name = text_of(tree, token->raw);
		good = tree->name != NULL;
		break;
	case KP_JSON_STRING:
		good = put_text(tree, token->raw);
		break;
	case KP_JSON_NUMBER:
		good = put(tree, json_stringn(token->raw.data, token->raw.len));
		break;
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
		good = put(tree, json_boolean(token->event == KP_JSON_TRUE));
		break;
	case KP_JSON_NULL:
		good = put(tree, json_null());
		break;
	}
	return good ? KP_JSON_GO : KP_JSON_STOP;
}

enum kp_status
kp_json_spelled(struct kp_slice document, struct kp_arena *arena, json_t **ret_root,
	struct kp_error *err)
{
	struct tree tree = {.arena = arena};
	enum kp_status status = kp_json_read(document, NULL, arena, on_event, &tree, err);
	if (status == KP_OK) {
		*ret_root = tree.root;
		return KP_OK;
	}
	json_decref(tree.root);
	return status == KP_E_CANCELLED
		? kp_error_set(err, KP_E_MEMORY, "no memory to read the answer")
		: status;
}
