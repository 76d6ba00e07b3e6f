/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* code_table_read: one page of a code table, as its events come. What no path of the
 * manifest leads to is skipped. See code_table.h. */
#include "source/code_table_private.h"

#define ITEMS 1u
#define NEXT 2u
#define CODE 1u
#define VALUE 2u

static enum kp_json_verdict
refuse(struct kp_code_table_build *build, const char *fault)
{
	build->fault = fault;
	return KP_JSON_STOP;
}

/* Walking along two paths. */

static enum kp_json_verdict
step(struct kp_code_walk *walk, struct kp_slice name)
{
	walk->met = 0;
	for (unsigned i = 0; i < KP_ARRAY_LEN(walk->paths); i++) {
		const struct kp_table_path *path = walk->paths[i];
		bool alive = (walk->alive[walk->level] & 1U << i) != 0;
		if (alive && path->count > walk->level &&
			kp_slice_equal(path->names[walk->level], name)) {
			walk->met |= 1U << i;
		}
	}
	return walk->met == 0 ? KP_JSON_SKIP : KP_JSON_GO;
}

/* Paths that end at the name just met. */
static unsigned
ends(const struct kp_code_walk *walk)
{
	unsigned found = 0;
	for (unsigned i = 0; i < KP_ARRAY_LEN(walk->paths); i++) {
		bool met = (walk->met & 1U << i) != 0;
		found |= met && walk->paths[i]->count == walk->level + 1 ? 1U << i : 0;
	}
	return found;
}

static enum kp_json_verdict
descend(struct kp_code_walk *walk)
{
	unsigned deeper = walk->met & ~ends(walk);
	walk->level++;
	walk->alive[walk->level] = deeper;
	return KP_JSON_GO;
}

static void
begin_walk(struct kp_code_walk *walk)
{
	walk->level = 0;
	walk->alive[0] = walk->paths[1] == NULL ? 1U : 3U;
	walk->met = 0;
}

/* Scalars. */

static bool
text_of(struct kp_code_table_build *build, const struct kp_json_token *token,
	struct kp_slice *ret_text)
{
	return kp_json_unescape(token->raw, &build->scratch, ret_text) == KP_OK;
}

static bool
copy_code(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	struct kp_slice text;
	if (!text_of(build, token, &text)) {
		return false;
	}
	build->row.code = kp_arena_copy(kp_code_table_arena(build), text);
	return build->row.code.data != NULL;
}

/* As a JSON scalar of its own. */
static bool
copy_value(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	bool text = token->event == KP_JSON_STRING;
	const char *made = kp_arena_printf(kp_code_table_arena(build),
		text ? "\"%.*s\"" : "%.*s", KP_SLICE_ARG(token->raw));
	build->row.value =
		(struct kp_slice){made, token->raw.len + (text ? (size_t)2 : 0)};
	return made != NULL;
}

static enum kp_json_verdict
take_item_scalar(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	unsigned found = ends(&build->item);
	bool coded = token->event == KP_JSON_STRING || token->event == KP_JSON_NUMBER;
	if (found != 0 && token->raw.len > KP_CODE_BYTES_MAX) {
		return refuse(build, "a code or a value is longer than 4096 bytes");
	}
	if ((found & CODE) != 0) {
		if (!coded || token->raw.len == 0) {
			return refuse(build, "an item has no code");
		}
		if (!copy_code(build, token)) {
			return refuse(build, NULL);
		}
	}
	if ((found & VALUE) != 0 && token->event == KP_JSON_NULL) {
		build->value_null = true;
	} else if ((found & VALUE) != 0 && !copy_value(build, token)) {
		return refuse(build, NULL);
	}
	return KP_JSON_GO;
}

static enum kp_json_verdict
take_top_scalar(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	unsigned found = token->depth == 0 ? ITEMS : ends(&build->top);
	if ((found & ITEMS) != 0) {
		return refuse(build, "the rows are not an array");
	}
	if ((found & NEXT) == 0 || token->event == KP_JSON_NULL) {
		return KP_JSON_GO;
	}
	if (token->event != KP_JSON_STRING) {
		return refuse(build, "the link to the next page is not a text");
	}
	struct kp_slice text;
	if (!text_of(build, token, &text)) {
		return refuse(build, NULL);
	}
	build->link = kp_arena_copy(&build->scratch, text);
	return build->link.data == NULL ? refuse(build, NULL) : KP_JSON_GO;
}

/* Names may be written with escapes. */
static enum kp_json_verdict
take_name(struct kp_code_table_build *build, struct kp_code_walk *walk,
	const struct kp_json_token *token)
{
	struct kp_slice name;
	if (!text_of(build, token, &name)) {
		return refuse(build, NULL);
	}
	enum kp_json_verdict verdict = step(walk, name);
	build->next_met = build->next_met ||
		(walk == &build->top && walk->level == 0 && (walk->met & NEXT) != 0);
	return verdict;
}

/* Items. */

static enum kp_json_verdict
end_item(struct kp_code_table_build *build)
{
	if (build->row.code.data == NULL) {
		return refuse(build, "an item has no code");
	}
	if (build->row.value.data == NULL && !build->value_null) {
		return refuse(build, "an item has no value");
	}
	if (build->value_null) {
		return KP_JSON_GO;
	}
	return kp_code_table_add(build, &build->row) ? KP_JSON_GO : KP_JSON_STOP;
}

static enum kp_json_verdict
take_in_items(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	bool outer = token->depth == build->item_depth;
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		if (outer) {
			begin_walk(&build->item);
			build->row = (struct kp_code_row){0};
			build->value_null = false;
			return KP_JSON_GO;
		}
		return ends(&build->item) == 0
			? descend(&build->item)
			: refuse(build, "a code or a value is an object");
	case KP_JSON_OBJECT_END:
		if (outer) {
			return end_item(build);
		}
		build->item.level--;
		return KP_JSON_GO;
	case KP_JSON_ARRAY_BEGIN:
		return refuse(build,
			outer ? "an item is not an object"
			      : "an array stands in an item where a code or a value is");
	case KP_JSON_ARRAY_END:
		build->in_items = false;
		return KP_JSON_GO;
	case KP_JSON_NAME:
		return take_name(build, &build->item, token);
	case KP_JSON_STRING:
	case KP_JSON_NUMBER:
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
	case KP_JSON_NULL:
		break;
	}
	return outer ? refuse(build, "an item is not an object")
		     : take_item_scalar(build, token);
}

/* What is around them. */

static enum kp_json_verdict
begin_object(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	if (token->depth == 0) {
		begin_walk(&build->top);
		return build->items.count == 0
			? refuse(build, "the answer is not an array")
			: KP_JSON_GO;
	}
	return ends(&build->top) == 0
		? descend(&build->top)
		: refuse(build, "an object stands where the rows or the link are");
}

static enum kp_json_verdict
begin_array(struct kp_code_table_build *build, const struct kp_json_token *token)
{
	bool rows = token->depth == 0 ? build->items.count == 0
				      : (ends(&build->top) & ITEMS) != 0;
	if (!rows) {
		return refuse(build, "an array stands where none was agreed");
	}
	build->items_seen = true;
	build->in_items = true;
	build->item_depth = token->depth + 1;
	return KP_JSON_GO;
}

enum kp_json_verdict
kp_code_table_take(void *context, const struct kp_json_token *token)
{
	struct kp_code_table_build *build = context;
	if (build->in_items) {
		return take_in_items(build, token);
	}
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		return begin_object(build, token);
	case KP_JSON_OBJECT_END:
		build->top.level -= token->depth == 0 ? 0 : 1;
		return KP_JSON_GO;
	case KP_JSON_ARRAY_BEGIN:
		return begin_array(build, token);
	case KP_JSON_ARRAY_END:
		return KP_JSON_GO;
	case KP_JSON_NAME:
		return take_name(build, &build->top, token);
	case KP_JSON_STRING:
	case KP_JSON_NUMBER:
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
	case KP_JSON_NULL:
		break;
	}
	return take_top_scalar(build, token);
}
