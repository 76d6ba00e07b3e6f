/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* statement: see statement.h. */
#include "connectors/sql/statement.h"

#include <string.h>
#include <strings.h>

#define STATEMENT_BYTES_MAX ((size_t)64 * 1024)

static const struct {
	const char *name;
	enum kp_sql_parameter_kind kind;
} names[] = {
	{"bsn", KP_SQL_BSN},
	{"doel", KP_SQL_PURPOSE},
	{"activiteit", KP_SQL_ACTIVITY},
	{"zaak", KP_SQL_CASE},
	{"medewerker", KP_SQL_EMPLOYEE},
	{"organisatie", KP_SQL_ORGANISATION},
	{"trace", KP_SQL_TRACE},
	{"nu", KP_SQL_NOW},
};

struct making {
	struct kp_slice query;
	size_t at;
	bool numbered;
	struct kp_buffer out;
	struct kp_sql_statement *statement;
	struct kp_error *err;
};

static bool
is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		byte == '_' || (unsigned char)byte >= 0x80;
}

static bool
is_word(char byte)
{
	return is_letter(byte) || (byte >= '0' && byte <= '9');
}

static char
byte_at(const struct making *making, size_t at)
{
	return at < making->query.len ? making->query.data[at] : '\0';
}

static enum kp_status
wrong(struct making *making, const char *what)
{
	return kp_error_set(
		making->err, KP_E_INVALID, "%s, at byte %zu", what, making->at + 1);
}

/* Copies up to and with `end`; a doubled end is part of what stands in quotes anyway. */
static enum kp_status
copy_through(struct making *making, const char *end, const char *what)
{
	struct kp_slice rest = {
		making->query.data + making->at, making->query.len - making->at};
	size_t head = strlen(end) == 1 ? 1 : 2;
	const char *found = rest.len < head
		? NULL
		: memmem(rest.data + head, rest.len - head, end, strlen(end));
	if (found == NULL) {
		return wrong(making, what);
	}
	size_t len = (size_t)(found - rest.data) + strlen(end);
	kp_buffer_add(&making->out, rest.data, len);
	making->at += len;
	return KP_OK;
}

/* A comment is left out, so that it cannot hide anything from whoever reads a log of the
 * database; block comments nest in SQL and are refused when they do. */
static enum kp_status
skip_comment(struct making *making)
{
	bool line = byte_at(making, making->at) == '-';
	const char *end = line ? "\n" : "*/";
	const char *from = making->query.data + making->at + 2;
	size_t left = making->query.len - making->at - 2;
	const char *found = memmem(from, left, end, strlen(end));
	if (found == NULL && !line) {
		return wrong(making, "a comment does not end");
	}
	size_t len = found == NULL ? left : (size_t)(found - from) + strlen(end);
	if (!line && memmem(from, len, "/*", 2) != NULL) {
		return wrong(making, "a comment in a comment");
	}
	kp_buffer_add_char(&making->out, ' ');
	making->at += len + 2;
	return KP_OK;
}

static bool
same_parameter(const struct kp_sql_parameter *a, const struct kp_sql_parameter *b)
{
	return a->kind == b->kind && kp_slice_equal(a->field, b->field);
}

static bool
find_parameter(struct kp_slice name, struct kp_sql_parameter *ret)
{
	static const struct kp_slice known = KP_SLICE_INIT("bekend.");
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		if (kp_slice_is(name, names[i].name)) {
			*ret = (struct kp_sql_parameter){.kind = names[i].kind};
			return true;
		}
	}
	if (kp_slice_starts(name, known) && name.len > known.len) {
		*ret = (struct kp_sql_parameter){.kind = KP_SQL_KNOWN,
			.field = {name.data + known.len, name.len - known.len}};
		return true;
	}
	return false;
}

static enum kp_status
take_parameter(struct making *making)
{
	struct kp_sql_statement *statement = making->statement;
	struct kp_sql_parameter parameter;
	size_t start = making->at + 1;
	size_t end = start;
	while (is_word(byte_at(making, end)) ||
		(byte_at(making, end) == '.' && is_letter(byte_at(making, end + 1)))) {
		end++;
	}
	struct kp_slice name = {making->query.data + start, end - start};
	if (!find_parameter(name, &parameter)) {
		return kp_error_set(making->err, KP_E_INVALID,
			"':%.*s' is not a parameter; there are :bsn, :doel, :activiteit, "
			":zaak, :medewerker, :organisatie, :trace, :nu and "
			":bekend.<field>",
			name.len > 40 ? 40 : (int)name.len, name.data);
	}
	uint32_t number = 0;
	while (making->numbered && number < statement->parameter_count &&
		!same_parameter(&statement->parameters[number], &parameter)) {
		number++;
	}
	if (!making->numbered || number == statement->parameter_count) {
		if (statement->parameter_count == KP_SQL_PARAMETERS_MAX) {
			return wrong(making, "more than 32 parameters");
		}
		number = statement->parameter_count++;
		statement->parameters[number] = parameter;
	}
	if (making->numbered) {
		kp_buffer_printf(&making->out, "$%u", number + 1);
	} else {
		kp_buffer_add_char(&making->out, '?');
	}
	making->at = end;
	return KP_OK;
}

static enum kp_status
step(struct making *making)
{
	char byte = byte_at(making, making->at);
	char next = byte_at(making, making->at + 1);
	if (byte == '\'') {
		return copy_through(making, "'", "a text in quotes does not end");
	}
	if (byte == '"') {
		return copy_through(making, "\"", "a name in quotes does not end");
	}
	if (byte == '`' && !making->numbered) {
		return copy_through(making, "`", "a name in quotes does not end");
	}
	if ((byte == '-' && next == '-') || (byte == '/' && next == '*')) {
		return skip_comment(making);
	}
	if (byte == '$' || byte == '?' || byte == '\\') {
		return wrong(making, "'$', '?' and '\\' are not allowed outside quotes");
	}
	if (byte == ';') {
		return wrong(making, "one statement, and no ';'");
	}
	if (byte == ':' && next == ':') {
		KP_BUFFER_ADD(&making->out, "::");
		making->at += 2;
		return KP_OK;
	}
	if (byte == ':' && is_letter(next)) {
		return take_parameter(making);
	}
	kp_buffer_add_char(&making->out, byte);
	making->at++;
	return KP_OK;
}

/* The transaction is read-only whatever stands here; this is for who writes it. */
static bool
reads(struct kp_slice text)
{
	static const char *const words[] = {"select", "with", "values"};
	while (text.len > 0 && (unsigned char)text.data[0] <= ' ') {
		text.data++;
		text.len--;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i]);
		if (text.len > len && strncasecmp(text.data, words[i], len) == 0 &&
			!is_word(text.data[len])) {
			return true;
		}
	}
	return false;
}

enum kp_status
kp_sql_statement_make(struct kp_arena *arena, struct kp_slice query, bool numbered,
	struct kp_sql_statement *ret_statement, struct kp_error *err)
{
	struct making making = {.query = query,
		.numbered = numbered,
		.statement = ret_statement,
		.err = err};
	memset(ret_statement, 0, sizeof(*ret_statement));
	kp_buffer_init(&making.out, arena, STATEMENT_BYTES_MAX);
	enum kp_status status = KP_OK;
	while (status == KP_OK && making.at < query.len) {
		status = step(&making);
	}
	kp_buffer_add_char(&making.out, '\0');
	if (status == KP_OK && making.out.failed) {
		status = kp_error_set(err, KP_E_MEMORY, "the query does not fit");
	}
	if (status != KP_OK) {
		return status;
	}
	ret_statement->text = (struct kp_slice){making.out.data, making.out.len - 1};
	return reads(ret_statement->text)
		? KP_OK
		: kp_error_set(
			  err, KP_E_INVALID, "must begin with select, with or values");
}
