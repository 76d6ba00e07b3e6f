/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * format: walks the tokens of a text that is known to parse, in the shape of the grammar,
 * and says where each part may be broken. It works on tokens and not on the tree, because
 * parentheses, spelling and comments are to stay. See format.h.
 */
#include "format.h"

#include "ast.h"
#include "layout.h"
#include "lex.h"
#include "parse.h"

/* A token with the comments that belong to it. */
struct piece {
	enum kp_cedar_token_kind kind;
	struct kp_slice text;     /* as written, quotes included */
	struct kp_slice leading;  /* white space and comments on lines above it */
	struct kp_slice trailing; /* and behind it on its own line */
};

struct formatter {
	struct kp_cedar_layout layout;
	struct kp_arena *arena;
	struct piece *pieces; /* ends with KP_CEDAR_T_END */
	size_t count;
	size_t at;
};

/* --- tokens and comments --- */

static bool
add_piece(struct formatter *formatter, size_t *capacity, struct piece piece)
{
	if (formatter->count == *capacity) {
		size_t more = *capacity == 0 ? 256 : *capacity * 2;
		struct piece *pieces =
			KP_ARENA_ARRAY(formatter->arena, struct piece, more);
		if (pieces == NULL) {
			return false;
		}
		if (formatter->count > 0) {
			memcpy(pieces, formatter->pieces,
				formatter->count * sizeof(*pieces));
		}
		formatter->pieces = pieces;
		*capacity = more;
	}
	formatter->pieces[formatter->count++] = piece;
	return true;
}

/* What lies between two tokens: its first line belongs to the one before. */
static void
split_gap(struct formatter *formatter, struct kp_slice gap, struct piece *next)
{
	size_t line = 0;
	if (formatter->count > 0) {
		while (line < gap.len && gap.data[line] != '\n') {
			line++;
		}
		formatter->pieces[formatter->count - 1].trailing =
			(struct kp_slice){gap.data, line};
	}
	next->leading = (struct kp_slice){gap.data + line, gap.len - line};
}

static enum kp_status
read_pieces(struct formatter *formatter, struct kp_slice text)
{
	struct kp_error err;
	struct kp_cedar_lexer lexer;
	struct kp_cedar_token token = {.kind = KP_CEDAR_T_AT};
	size_t capacity = 0;
	size_t end = 0;
	enum kp_status status = kp_cedar_lexer_init(&lexer, NULL, text, &err);
	while (status == KP_OK && token.kind != KP_CEDAR_T_END) {
		status = kp_cedar_lexer_next(&lexer, &token, &err);
		if (status != KP_OK) {
			return status;
		}
		struct piece piece = {.kind = token.kind};
		piece.text = (struct kp_slice){
			text.data + token.pos.offset, lexer.token_end - token.pos.offset};
		split_gap(formatter,
			(struct kp_slice){text.data + end, token.pos.offset - end},
			&piece);
		end = lexer.token_end;
		if (!add_piece(formatter, &capacity, piece)) {
			return KP_E_MEMORY;
		}
	}
	return status;
}

static bool
space_byte(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static struct kp_slice
trim(struct kp_slice text)
{
	while (text.len > 0 && space_byte(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && space_byte(text.data[text.len - 1])) {
		text.len--;
	}
	return text;
}

/* The next comment in a gap, without what is around it; false when there is none. */
static bool
next_comment(struct kp_slice *gap, struct kp_slice *ret_comment)
{
	while (gap->len >= 2 && !(gap->data[0] == '/' && gap->data[1] == '/')) {
		gap->data++;
		gap->len--;
	}
	if (gap->len < 2) {
		return false;
	}
	size_t len = 0;
	while (len < gap->len && gap->data[len] != '\n' && gap->data[len] != '\r') {
		len++;
	}
	*ret_comment = trim((struct kp_slice){gap->data, len});
	gap->data += len;
	gap->len -= len;
	return true;
}

/* --- making blocks --- */

static const struct kp_cedar_block *
text(struct formatter *formatter, const char *literal)
{
	return kp_cedar_layout_text(&formatter->layout, kp_slice_from(literal));
}

static const struct kp_cedar_block *
line(struct formatter *formatter)
{
	return kp_cedar_layout_line(&formatter->layout);
}

static const struct kp_cedar_block *
softline(struct formatter *formatter)
{
	return kp_cedar_layout_softline(&formatter->layout);
}

static const struct kp_cedar_block *
hardline(struct formatter *formatter)
{
	return kp_cedar_layout_hardline(&formatter->layout);
}

static const struct kp_cedar_block *
join(struct formatter *formatter, const struct kp_cedar_block *first,
	const struct kp_cedar_block *second)
{
	return kp_cedar_layout_join(&formatter->layout, first, second);
}

static const struct kp_cedar_block *
nest(struct formatter *formatter, const struct kp_cedar_block *inner)
{
	return kp_cedar_layout_nest(&formatter->layout, KP_CEDAR_FORMAT_INDENT, inner);
}

static const struct kp_cedar_block *
group(struct formatter *formatter, const struct kp_cedar_block *inner)
{
	return kp_cedar_layout_group(&formatter->layout, inner);
}

static enum kp_cedar_token_kind
kind_at(const struct formatter *formatter)
{
	return formatter->pieces[formatter->at].kind;
}

static bool
at_word(const struct formatter *formatter, const char *word)
{
	return kind_at(formatter) == KP_CEDAR_T_IDENT &&
		kp_slice_is(formatter->pieces[formatter->at].text, word);
}

/* Comments above a token, each on its line, with new lines around all of them. */
static const struct kp_cedar_block *
leading(struct formatter *formatter, struct kp_slice gap)
{
	const struct kp_cedar_block *result = NULL;
	struct kp_slice comment;
	while (next_comment(&gap, &comment)) {
		result = join(formatter, result, hardline(formatter));
		result = join(formatter, result,
			kp_cedar_layout_text(&formatter->layout, comment));
	}
	return result == NULL ? NULL : join(formatter, result, hardline(formatter));
}

/*
 * The next token with its comments, and `behind` it; a comment behind the token ends the
 * line, and takes the place of `behind`.
 */
static const struct kp_cedar_block *
take(struct formatter *formatter, const struct kp_cedar_block *behind)
{
	struct piece *piece = &formatter->pieces[formatter->at];
	struct kp_slice gap = piece->trailing;
	struct kp_slice comment;
	if (piece->kind != KP_CEDAR_T_END) {
		formatter->at++;
	}
	const struct kp_cedar_block *result = leading(formatter, piece->leading);
	result = join(
		formatter, result, kp_cedar_layout_text(&formatter->layout, piece->text));
	if (!next_comment(&gap, &comment)) {
		return join(formatter, result, behind);
	}
	result = join(formatter, result, text(formatter, " "));
	result = join(
		formatter, result, kp_cedar_layout_text(&formatter->layout, comment));
	return join(formatter, result, hardline(formatter));
}

/* --- expressions, as the grammar nests them --- */

static const struct kp_cedar_block *format_expr(struct formatter *formatter);

/* Expressions with commas between them and a comma at the end dropped. */
static const struct kp_cedar_block *
format_list(struct formatter *formatter, enum kp_cedar_token_kind end,
	const struct kp_cedar_block *(*item)(struct formatter *formatter))
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) != end && kind_at(formatter) != KP_CEDAR_T_END) {
		result = join(formatter, result, item(formatter));
		if (kind_at(formatter) != KP_CEDAR_T_COMMA) {
			break;
		}
		size_t comma = formatter->at;
		const struct kp_cedar_block *sign = take(formatter, NULL);
		if (kind_at(formatter) == end &&
			trim(formatter->pieces[comma].trailing).len == 0 &&
			trim(formatter->pieces[comma].leading).len == 0) {
			break;
		}
		result = join(formatter, result, sign);
		result = join(formatter, result, line(formatter));
	}
	return result;
}

static const struct kp_cedar_block *
format_field(struct formatter *formatter)
{
	const struct kp_cedar_block *key = format_expr(formatter);
	key = join(formatter, key, take(formatter, text(formatter, " ")));
	return join(formatter, key, format_expr(formatter));
}

/* { a: 1, b: 2 }; the brace is taken already. */
static const struct kp_cedar_block *
format_record(struct formatter *formatter, const struct kp_cedar_block *open)
{
	const struct kp_cedar_block *fields =
		format_list(formatter, KP_CEDAR_T_RBRACE, format_field);
	if (fields == NULL) {
		return join(formatter, open, take(formatter, NULL));
	}
	fields = nest(formatter, join(formatter, line(formatter), fields));
	open = join(formatter, join(formatter, open, fields), line(formatter));
	return group(formatter, join(formatter, open, take(formatter, NULL)));
}

/* A::B::"x"; the first token is taken already. */
static const struct kp_cedar_block *
format_path(struct formatter *formatter, const struct kp_cedar_block *result)
{
	while (kind_at(formatter) == KP_CEDAR_T_COLONS) {
		result = join(formatter, result, take(formatter, NULL));
		result = join(formatter, result, take(formatter, NULL));
	}
	return result;
}

static const struct kp_cedar_block *
brackets(struct formatter *formatter, const struct kp_cedar_block *open,
	const struct kp_cedar_block *inner)
{
	inner = kp_cedar_layout_nest(&formatter->layout, 1, inner);
	return join(formatter, join(formatter, open, inner), take(formatter, NULL));
}

static const struct kp_cedar_block *
format_primary(struct formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	const struct kp_cedar_block *first = take(formatter, NULL);
	if (kind == KP_CEDAR_T_LPAREN) {
		return group(
			formatter, brackets(formatter, first, format_expr(formatter)));
	}
	if (kind == KP_CEDAR_T_LBRACKET) {
		return brackets(formatter, first,
			format_list(formatter, KP_CEDAR_T_RBRACKET, format_expr));
	}
	if (kind == KP_CEDAR_T_LBRACE) {
		return format_record(formatter, first);
	}
	return format_path(formatter, first);
}

/* .name, ["name"] or (arguments). */
static const struct kp_cedar_block *
format_access(struct formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	const struct kp_cedar_block *result = take(formatter, NULL);
	if (kind == KP_CEDAR_T_DOT) {
		return join(formatter, result, take(formatter, NULL));
	}
	if (kind == KP_CEDAR_T_LBRACKET) {
		result = join(formatter, result, format_expr(formatter));
		return join(formatter, result, take(formatter, NULL));
	}
	if (kind_at(formatter) == KP_CEDAR_T_RPAREN) {
		return join(formatter, result, take(formatter, NULL));
	}
	result = join(formatter, result, softline(formatter));
	result = join(formatter, result,
		format_list(formatter, KP_CEDAR_T_RPAREN, format_expr));
	result = join(formatter, nest(formatter, result), softline(formatter));
	return join(formatter, result, take(formatter, NULL));
}

static bool
at_access(const struct formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	return kind == KP_CEDAR_T_DOT || kind == KP_CEDAR_T_LPAREN ||
		kind == KP_CEDAR_T_LBRACKET;
}

static const struct kp_cedar_block *
format_member(struct formatter *formatter)
{
	const struct kp_cedar_block *item = format_primary(formatter);
	const struct kp_cedar_block *accesses = NULL;
	while (at_access(formatter)) {
		if (accesses != NULL) {
			accesses = join(formatter, accesses, softline(formatter));
		}
		accesses = join(formatter, accesses, format_access(formatter));
	}
	return group(formatter, join(formatter, item, nest(formatter, accesses)));
}

static const struct kp_cedar_block *
format_unary(struct formatter *formatter)
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) == KP_CEDAR_T_NOT ||
		kind_at(formatter) == KP_CEDAR_T_MINUS) {
		result = join(formatter, result, take(formatter, NULL));
	}
	return join(formatter, result, format_member(formatter));
}

static const struct kp_cedar_block *
format_mult(struct formatter *formatter)
{
	const struct kp_cedar_block *result = format_unary(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_STAR) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, take(formatter, NULL));
		result = join(formatter, result, line(formatter));
		result = join(formatter, result, format_unary(formatter));
	}
	return group(formatter, result);
}

static const struct kp_cedar_block *
format_add(struct formatter *formatter)
{
	const struct kp_cedar_block *result = format_mult(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_PLUS ||
		kind_at(formatter) == KP_CEDAR_T_MINUS) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, take(formatter, NULL));
		result = join(formatter, result, line(formatter));
		result = join(formatter, result, format_mult(formatter));
	}
	return group(formatter, result);
}

static bool
at_relation(const struct formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	return (kind >= KP_CEDAR_T_EQ && kind <= KP_CEDAR_T_GE) ||
		at_word(formatter, "in");
}

/* target has field, target like "pattern". */
static const struct kp_cedar_block *
format_has(struct formatter *formatter, const struct kp_cedar_block *target)
{
	target = join(formatter, target, line(formatter));
	target = join(formatter, target, take(formatter, NULL));
	target = join(formatter, target, line(formatter));
	return group(formatter,
		join(formatter, target, nest(formatter, format_add(formatter))));
}

static const struct kp_cedar_block *
format_is(struct formatter *formatter, const struct kp_cedar_block *target)
{
	target = join(formatter, target, text(formatter, " "));
	target = join(formatter, target, take(formatter, NULL));
	target = join(formatter, target, text(formatter, " "));
	target = join(formatter, target, nest(formatter, format_add(formatter)));
	if (at_word(formatter, "in")) {
		target = join(formatter, target, line(formatter));
		target = join(formatter, target, take(formatter, NULL));
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target, nest(formatter, format_add(formatter)));
	}
	return group(formatter, target);
}

static const struct kp_cedar_block *
format_relation(struct formatter *formatter)
{
	const struct kp_cedar_block *target = format_add(formatter);
	if (at_word(formatter, "has") || at_word(formatter, "like")) {
		return format_has(formatter, target);
	}
	if (at_word(formatter, "is")) {
		return format_is(formatter, target);
	}
	if (at_relation(formatter)) {
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target, take(formatter, NULL));
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target, format_add(formatter));
	}
	return target;
}

static const struct kp_cedar_block *
format_and(struct formatter *formatter)
{
	const struct kp_cedar_block *result = format_relation(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_AND) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, take(formatter, line(formatter)));
		result = join(formatter, result, format_relation(formatter));
	}
	return result;
}

static const struct kp_cedar_block *
format_or(struct formatter *formatter)
{
	const struct kp_cedar_block *result = format_and(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_OR) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, take(formatter, line(formatter)));
		result = join(formatter, result, format_and(formatter));
	}
	return result;
}

/* if, then or else, with its expression. */
static const struct kp_cedar_block *
format_branch(struct formatter *formatter)
{
	const struct kp_cedar_block *word = take(formatter, NULL);
	const struct kp_cedar_block *inner =
		join(formatter, line(formatter), format_expr(formatter));
	return join(formatter, word, nest(formatter, inner));
}

static const struct kp_cedar_block *
format_expr(struct formatter *formatter)
{
	if (!at_word(formatter, "if")) {
		return format_or(formatter);
	}
	const struct kp_cedar_block *result = format_branch(formatter);
	result = join(formatter, result, line(formatter));
	result = join(formatter, result, format_branch(formatter));
	result = join(formatter, result, line(formatter));
	result = join(formatter, result, format_branch(formatter));
	return group(formatter, result);
}

/* --- policies --- */

static const struct kp_cedar_block *
format_annotation(struct formatter *formatter)
{
	const struct kp_cedar_block *result = take(formatter, NULL);
	if (formatter->pieces[formatter->at + 1].kind != KP_CEDAR_T_LPAREN) {
		return join(formatter, result, take(formatter, hardline(formatter)));
	}
	result = join(formatter, result, take(formatter, NULL));
	result = join(formatter, result, take(formatter, NULL));
	result = join(formatter, result, take(formatter, NULL));
	return join(formatter, result, take(formatter, hardline(formatter)));
}

/* principal is T in U; *ret_compared when there is more than the variable. */
static const struct kp_cedar_block *
format_scope(struct formatter *formatter, bool *ret_compared)
{
	const struct kp_cedar_block *result = take(formatter, NULL);
	if (at_word(formatter, "is")) {
		*ret_compared = true;
		const struct kp_cedar_block *word = group(formatter,
			join(formatter, line(formatter), take(formatter, NULL)));
		const struct kp_cedar_block *type =
			join(formatter, line(formatter), format_add(formatter));
		result = join(formatter, result,
			group(formatter, nest(formatter, join(formatter, word, type))));
	}
	if (!at_relation(formatter)) {
		return result;
	}
	*ret_compared = true;
	result = join(formatter, result, line(formatter));
	result = group(formatter, join(formatter, result, take(formatter, NULL)));
	const struct kp_cedar_block *right =
		join(formatter, line(formatter), format_expr(formatter));
	return group(formatter, join(formatter, result, nest(formatter, right)));
}

static const struct kp_cedar_block *
format_condition(struct formatter *formatter)
{
	const struct kp_cedar_block *word = take(formatter, NULL);
	const struct kp_cedar_block *open = take(formatter, NULL);
	const struct kp_cedar_block *inner = join(
		formatter, line(formatter), group(formatter, format_expr(formatter)));
	inner = join(formatter, nest(formatter, inner), line(formatter));
	inner = group(formatter, join(formatter, inner, take(formatter, NULL)));
	word = join(formatter, word, line(formatter));
	return group(formatter, join(formatter, word, join(formatter, open, inner)));
}

static const struct kp_cedar_block *
format_scopes(struct formatter *formatter)
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
				take(formatter,
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
format_policy(struct formatter *formatter)
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) == KP_CEDAR_T_AT) {
		result = join(formatter, result, format_annotation(formatter));
	}
	const struct kp_cedar_block *effect = take(formatter, line(formatter));
	effect = group(formatter, join(formatter, effect, take(formatter, NULL)));
	result = join(formatter, result, effect);
	result = join(formatter, result, format_scopes(formatter));
	bool conditions =
		formatter->pieces[formatter->at + 1].kind != KP_CEDAR_T_SEMICOLON;
	result = join(formatter, result,
		take(formatter, conditions ? hardline(formatter) : NULL));
	while (kind_at(formatter) != KP_CEDAR_T_SEMICOLON &&
		kind_at(formatter) != KP_CEDAR_T_END) {
		result = join(formatter, result, format_condition(formatter));
		if (kind_at(formatter) != KP_CEDAR_T_SEMICOLON) {
			result = join(formatter, result, hardline(formatter));
		}
	}
	return join(formatter, result, take(formatter, NULL));
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
	from = trim(from);
	for (size_t at = 0; at < from.len;) {
		size_t end = line_end(from, at);
		struct kp_slice one = {from.data + at, end - at};
		if (trim(one).len > 0) {
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
write_policies(struct formatter *formatter, struct kp_buffer *out)
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
	while (next_comment(&gap, &comment)) {
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
	struct formatter formatter = {.arena = arena};
	kp_cedar_names_init(&names, arena, NULL);
	kp_cedar_policy_set_init(&set, arena);
	enum kp_status status =
		kp_cedar_parse_policies(&set, &names, file, source, findings);
	if (status != KP_OK) {
		return status;
	}
	formatter.layout.arena = arena;
	kp_buffer_init(&result, arena, KP_CEDAR_TEXT_MAX);
	if (read_pieces(&formatter, source) != KP_OK ||
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
