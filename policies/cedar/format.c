/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * format: whole policies, and the text around them. See format.h.
 */
#include "formatter.h"

#include "ast.h"
#include "parse.h"

/* --- policies --- */

static const struct kp_cedar_block *
format_annotation(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = kp_cedar_format_take(formatter, NULL);
	if (formatter->pieces[formatter->at + 1].kind != KP_CEDAR_T_LPAREN) {
		return join(formatter, result,
			kp_cedar_format_take(formatter, hardline(formatter)));
	}
	result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
	result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
	result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
	return join(
		formatter, result, kp_cedar_format_take(formatter, hardline(formatter)));
}

/* principal is T in U; *ret_compared when there is more than the variable. */
static const struct kp_cedar_block *
format_scope(struct kp_cedar_formatter *formatter, bool *ret_compared)
{
	const struct kp_cedar_block *result = kp_cedar_format_take(formatter, NULL);
	if (at_word(formatter, "is")) {
		*ret_compared = true;
		const struct kp_cedar_block *word = group(formatter,
			join(formatter, line(formatter),
				kp_cedar_format_take(formatter, NULL)));
		const struct kp_cedar_block *type =
			join(formatter, line(formatter), kp_cedar_format_add(formatter));
		result = join(formatter, result,
			group(formatter, nest(formatter, join(formatter, word, type))));
	}
	if (!kp_cedar_format_at_relation(formatter)) {
		return result;
	}
	*ret_compared = true;
	result = join(formatter, result, line(formatter));
	result = group(formatter,
		join(formatter, result, kp_cedar_format_take(formatter, NULL)));
	const struct kp_cedar_block *right =
		join(formatter, line(formatter), kp_cedar_format_expr(formatter));
	return group(formatter, join(formatter, result, nest(formatter, right)));
}

static const struct kp_cedar_block *
format_condition(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *word = kp_cedar_format_take(formatter, NULL);
	const struct kp_cedar_block *open = kp_cedar_format_take(formatter, NULL);
	const struct kp_cedar_block *inner = join(formatter, line(formatter),
		group(formatter, kp_cedar_format_expr(formatter)));
	inner = join(formatter, nest(formatter, inner), line(formatter));
	inner = group(
		formatter, join(formatter, inner, kp_cedar_format_take(formatter, NULL)));
	word = join(formatter, word, line(formatter));
	return group(formatter, join(formatter, word, join(formatter, open, inner)));
}

static const struct kp_cedar_block *
format_scopes(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *parts[3] = {NULL};
	size_t commas[3] = {0};
	bool compared = false;
	for (size_t i = 0; i < 3; i++) {
		parts[i] = format_scope(formatter, &compared);
		commas[i] = formatter->at;
		if (kind_at(formatter) == KP_CEDAR_T_COMMA) {
			formatter->at++;
		}
	}
	size_t behind = formatter->at;
	const struct kp_cedar_block *result = compared ? hardline(formatter) : NULL;
	for (size_t i = 0; i < 3; i++) {
		result = join(formatter, result, parts[i]);
		if (i < 2) {
			formatter->at = commas[i];
			result = join(formatter, result,
				kp_cedar_format_take(formatter,
					compared ? hardline(formatter)
						 : text(formatter, " ")));
		}
	}
	formatter->at = behind;
	result = nest(formatter, result);
	return compared ? join(formatter, result, hardline(formatter))
			: group(formatter, result);
}

static const struct kp_cedar_block *
format_policy(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) == KP_CEDAR_T_AT) {
		result = join(formatter, result, format_annotation(formatter));
	}
	const struct kp_cedar_block *effect =
		kp_cedar_format_take(formatter, line(formatter));
	effect = group(formatter,
		join(formatter, effect, kp_cedar_format_take(formatter, NULL)));
	result = join(formatter, result, effect);
	result = join(formatter, result, format_scopes(formatter));
	bool conditions =
		formatter->pieces[formatter->at + 1].kind != KP_CEDAR_T_SEMICOLON;
	result = join(formatter, result,
		kp_cedar_format_take(formatter, conditions ? hardline(formatter) : NULL));
	while (kind_at(formatter) != KP_CEDAR_T_SEMICOLON &&
		kind_at(formatter) != KP_CEDAR_T_END) {
		result = join(formatter, result, format_condition(formatter));
		if (kind_at(formatter) != KP_CEDAR_T_SEMICOLON) {
			result = join(formatter, result, hardline(formatter));
		}
	}
	return join(formatter, result, kp_cedar_format_take(formatter, NULL));
}

/* --- empty lines --- */

/* Offset behind the string that starts at `at`. */
static size_t
string_end(struct kp_slice from, size_t at)
{
	for (at++; at < from.len && from.data[at] != '"'; at++) {
		at += from.data[at] == '\\';
	}
	return at + 1 < from.len ? at + 1 : from.len;
}

/* Offset of the end of the line at `at`; what is inside strings does not end it. */
static size_t
line_end(struct kp_slice from, size_t at)
{
	while (at < from.len && from.data[at] != '\n') {
		if (from.data[at] == '"') {
			at = string_end(from, at);
		} else if (from.data[at] == '/' && at + 1 < from.len &&
			from.data[at + 1] == '/') {
			while (at < from.len && from.data[at] != '\n') {
				at++;
			}
		} else {
			at++;
		}
	}
	return at;
}

/* Copies without empty lines, which comments leave behind. */
static void
add_without_empty_lines(struct kp_buffer *out, struct kp_slice from)
{
	from = kp_cedar_format_trim(from);
	for (size_t at = 0; at < from.len;) {
		size_t end = line_end(from, at);
		struct kp_slice one = {from.data + at, end - at};
		if (kp_cedar_format_trim(one).len > 0) {
			if (at > 0) {
				kp_buffer_add_char(out, '\n');
			}
			kp_buffer_add_slice(out, one);
		}
		at = end + 1;
	}
}

/* --- the whole --- */

static enum kp_status
no_memory(struct kp_findings *findings)
{
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_MEMORY, "no memory left for formatting");
	kp_findings_add(findings, &err);
	return KP_E_MEMORY;
}

static bool
write_policies(struct kp_cedar_formatter *formatter, struct kp_buffer *out)
{
	while (kind_at(formatter) != KP_CEDAR_T_END) {
		struct kp_buffer raw;
		kp_buffer_init(&raw, formatter->arena, KP_CEDAR_TEXT_MAX);
		formatter->layout.node_count = 0;
		const struct kp_cedar_block *whole = format_policy(formatter);
		kp_cedar_layout_write(
			&formatter->layout, KP_CEDAR_FORMAT_WIDTH, whole, &raw);
		if (formatter->layout.failed || raw.failed) {
			return false;
		}
		if (out->len > 0) {
			KP_BUFFER_ADD(out, "\n\n");
		}
		add_without_empty_lines(out, kp_buffer_slice(&raw));
	}
	kp_buffer_add_char(out, '\n');
	struct kp_slice comment;
	struct kp_slice gap = formatter->pieces[formatter->at].leading;
	while (kp_cedar_format_comment(&gap, &comment)) {
		kp_buffer_add_slice(out, comment);
		kp_buffer_add_char(out, '\n');
	}
	return !out->failed;
}

/* Both texts parse, to equal policies. */
static enum kp_status
check_same(struct kp_arena *arena, struct kp_cedar_names *names,
	const struct kp_cedar_policy_set *before, struct kp_slice after,
	struct kp_findings *findings)
{
	struct kp_cedar_policy_set set;
	kp_cedar_policy_set_init(&set, arena);
	enum kp_status status =
		kp_cedar_parse_policies(&set, names, NULL, after, findings);
	bool same = status == KP_OK && set.policies.count == before->policies.count &&
		set.templates.count == before->templates.count;
	for (size_t i = 0; same && i < set.policies.count; i++) {
		same = kp_cedar_policy_equal(
			set.policies.items[i], before->policies.items[i]);
	}
	for (size_t i = 0; same && i < set.templates.count; i++) {
		same = kp_cedar_policy_equal(
			set.templates.items[i], before->templates.items[i]);
	}
	if (!same && status != KP_E_MEMORY && status != KP_E_LIMIT) {
		struct kp_error err;
		status = kp_error_set(&err, KP_E_INTERNAL,
			"the formatted text would not mean the same, so it is left as it "
			"is");
		kp_findings_add(findings, &err);
	}
	return status;
}

enum kp_status
kp_cedar_format(struct kp_arena *arena, const char *file, struct kp_slice source,
	struct kp_buffer *out, struct kp_findings *findings)
{
	struct kp_cedar_names names;
	struct kp_cedar_policy_set set;
	struct kp_buffer result;
	struct kp_cedar_formatter formatter = {.arena = arena};
	kp_cedar_names_init(&names, arena, NULL);
	kp_cedar_policy_set_init(&set, arena);
	enum kp_status status =
		kp_cedar_parse_policies(&set, &names, file, source, findings);
	if (status != KP_OK) {
		return status;
	}
	formatter.layout.arena = arena;
	kp_buffer_init(&result, arena, KP_CEDAR_TEXT_MAX);
	if (kp_cedar_format_read(&formatter, source) != KP_OK ||
		!write_policies(&formatter, &result)) {
		return no_memory(findings);
	}
	status = check_same(arena, &names, &set, kp_buffer_slice(&result), findings);
	if (status != KP_OK) {
		return status;
	}
	kp_buffer_add_slice(out, kp_buffer_slice(&result));
	return out->failed ? no_memory(findings) : KP_OK;
}
