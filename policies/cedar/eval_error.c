/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* eval_error: what went wrong in an evaluation, in words. */
#include <stdio.h>

#include "eval.h"

#define SHOWN_MAX 80

static int
shown(struct kp_slice text)
{
	return text.len > SHOWN_MAX ? SHOWN_MAX : (int)text.len;
}

/* "long, datetime or duration". */
static void
write_kinds(uint32_t kinds, char *out, size_t out_size)
{
	size_t at = 0;
	out[0] = '\0';
	for (int kind = KP_CEDAR_BOOL; kind <= KP_CEDAR_DURATION; kind++) {
		if ((kinds >> kind & 1) == 0) {
			continue;
		}
		uint32_t behind = kinds >> kind >> 1;
		const char *between = at == 0 ? "" : behind == 0 ? " or " : ", ";
		int wrote = snprintf(out + at, out_size - at, "%s%s", between,
			kp_cedar_kind_name((enum kp_cedar_kind)kind));
		if (wrote < 0 || (size_t)wrote >= out_size - at) {
			return;
		}
		at += (size_t)wrote;
	}
}

static void
write_entity(const struct kp_cedar_uid *uid, char *out, size_t out_size)
{
	if (uid == NULL) {
		(void)snprintf(out, out_size, "the record");
		return;
	}
	(void)snprintf(out, out_size, "%.*s::\"%.*s\"", shown(uid->type->text),
		uid->type->text.data, shown(uid->id->text), uid->id->text.data);
}

static void
write_call(const struct kp_cedar_eval_error *error, char *out, size_t out_size)
{
	const struct kp_cedar_fn_info *info = kp_cedar_fn_info(error->at->fn);
	if (error->failure == KP_CEDAR_FAIL_ARITY) {
		(void)snprintf(out, out_size, "%s takes %u argument%s, found %zu",
			info->name, info->arg_count - (info->method ? 1U : 0U),
			info->arg_count - info->method == 1 ? "" : "s",
			error->at->count - (info->method ? 1U : 0U));
	} else if (error->name.data != NULL) {
		(void)snprintf(out, out_size, "\"%.*s\" is not a %s", shown(error->name),
			error->name.data, kp_cedar_kind_name(info->result));
	} else {
		(void)snprintf(
			out, out_size, "the result of %s is out of range", info->name);
	}
}

const char *
kp_cedar_eval_error_text(
	const struct kp_cedar_eval_error *error, char *out, size_t out_size)
{
	char text[2 * SHOWN_MAX + 8];
	switch (error->failure) {
	case KP_CEDAR_FAIL_NONE:
		(void)snprintf(out, out_size, "no error");
		return out;
	case KP_CEDAR_FAIL_TYPE:
		write_kinds(error->expected, text, sizeof(text));
		(void)snprintf(out, out_size, "expected %s, found %s", text,
			kp_cedar_kind_name(error->found));
		return out;
	case KP_CEDAR_FAIL_ENTITY:
		write_entity(error->entity, text, sizeof(text));
		(void)snprintf(out, out_size, "the entity %s does not exist", text);
		return out;
	case KP_CEDAR_FAIL_ATTR:
	case KP_CEDAR_FAIL_TAG:
		write_entity(error->entity, text, sizeof(text));
		(void)snprintf(out, out_size, "%s has no %s `%.*s`", text,
			error->failure == KP_CEDAR_FAIL_TAG ? "tag" : "attribute",
			shown(error->name), error->name.data);
		return out;
	case KP_CEDAR_FAIL_OVERFLOW:
		(void)snprintf(out, out_size, "the result is no 64-bit integer");
		return out;
	case KP_CEDAR_FAIL_ARITY:
	case KP_CEDAR_FAIL_EXTENSION:
		write_call(error, out, out_size);
		return out;
	case KP_CEDAR_FAIL_SLOT:
		(void)snprintf(
			out, out_size, "a template cannot be evaluated, link it first");
		return out;
	case KP_CEDAR_FAIL_MEMORY:
		(void)snprintf(out, out_size, "no memory left to evaluate");
		return out;
	}
	KP_UNREACHABLE();
}
