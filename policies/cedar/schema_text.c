/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_text: tokens, names and paths of the human-readable schema syntax. */
#include "schema_text.h"

#include <stdio.h>

void
kp_cedar_schema_text_fail(struct kp_cedar_schema_text *reader, enum kp_status status,
	const struct kp_error *err)
{
	if (reader->status == KP_OK) {
		reader->status = status;
		kp_findings_add(reader->findings, err);
	}
}

void
kp_cedar_schema_text_fail_at(struct kp_cedar_schema_text *reader, struct kp_cedar_pos pos,
	const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	struct kp_error err;
	kp_cedar_schema_text_fail(reader,
		kp_cedar_syntax_error(reader->lexer.file, pos, &err, "%s", text), &err);
}

void
kp_cedar_schema_text_fail_memory(struct kp_cedar_schema_text *reader)
{
	struct kp_error err;
	kp_cedar_schema_text_fail(reader,
		kp_error_set(&err, KP_E_MEMORY, "no memory left for the schema"), &err);
}

void
kp_cedar_schema_text_expected(struct kp_cedar_schema_text *reader, const char *what)
{
	char found[64];
	kp_cedar_schema_text_fail_at(reader, reader->token.pos, "expected %s, found %s",
		what, kp_cedar_token_text(&reader->token, found, sizeof(found)));
}

void
kp_cedar_schema_text_next(struct kp_cedar_schema_text *reader)
{
	struct kp_error err;
	if (reader->status != KP_OK) {
		return;
	}
	enum kp_status status = kp_cedar_lexer_next(&reader->lexer, &reader->token, &err);
	if (status != KP_OK) {
		kp_cedar_schema_text_fail(reader, status, &err);
	}
}

bool
kp_cedar_schema_text_at(
	const struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind)
{
	return reader->status == KP_OK && reader->token.kind == kind;
}

bool
kp_cedar_schema_text_at_word(const struct kp_cedar_schema_text *reader, const char *word)
{
	return kp_cedar_schema_text_at(reader, KP_CEDAR_T_IDENT) &&
		kp_slice_is(reader->token.text, word);
}

bool
kp_cedar_schema_text_accept(
	struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind)
{
	if (!kp_cedar_schema_text_at(reader, kind)) {
		return false;
	}
	kp_cedar_schema_text_next(reader);
	return true;
}

bool
kp_cedar_schema_text_accept_word(struct kp_cedar_schema_text *reader, const char *word)
{
	if (!kp_cedar_schema_text_at_word(reader, word)) {
		return false;
	}
	kp_cedar_schema_text_next(reader);
	return true;
}

void
kp_cedar_schema_text_expect(
	struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind)
{
	if (reader->status == KP_OK && !kp_cedar_schema_text_accept(reader, kind)) {
		kp_cedar_schema_text_expected(reader, kp_cedar_token_kind_name(kind));
	}
}

void *
kp_cedar_schema_text_make(struct kp_cedar_schema_text *reader, size_t count, size_t size)
{
	void *block = reader->status == KP_OK
		? kp_arena_alloc_array(reader->source->arena, count, size)
		: NULL;
	if (block == NULL) {
		kp_cedar_schema_text_fail_memory(reader);
	}
	return block;
}

const struct kp_cedar_name *
kp_cedar_schema_text_intern(struct kp_cedar_schema_text *reader, struct kp_slice text)
{
	const struct kp_cedar_name *name = reader->status == KP_OK
		? kp_cedar_name(reader->source->names, text)
		: NULL;
	if (name == NULL) {
		kp_cedar_schema_text_fail_memory(reader);
	}
	return name;
}

const struct kp_cedar_name *
kp_cedar_schema_text_read_ident(struct kp_cedar_schema_text *reader, const char *what)
{
	if (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_IDENT)) {
		kp_cedar_schema_text_expected(reader, what);
		return NULL;
	}
	struct kp_slice text = reader->token.text;
	if (kp_cedar_ident_reserved(text) || kp_slice_is(text, "__cedar")) {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"`%.*s` is reserved and cannot be a name here, expected %s",
			KP_SLICE_ARG(text), what);
		return NULL;
	}
	const struct kp_cedar_name *name = kp_cedar_schema_text_intern(reader, text);
	kp_cedar_schema_text_next(reader);
	return name;
}

const struct kp_cedar_name *
kp_cedar_schema_text_read_string(struct kp_cedar_schema_text *reader)
{
	if (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_STRING)) {
		kp_cedar_schema_text_expected(reader, "a string");
		return NULL;
	}
	struct kp_slice text;
	struct kp_error err;
	enum kp_status status = kp_cedar_unescape(
		reader->source->arena, &reader->lexer, &reader->token, &text, &err);
	if (status != KP_OK) {
		kp_cedar_schema_text_fail(reader, status, &err);
		return NULL;
	}
	const struct kp_cedar_name *name = kp_cedar_schema_text_intern(reader, text);
	kp_cedar_schema_text_next(reader);
	return name;
}

const struct kp_cedar_name *
kp_cedar_schema_text_read_name(struct kp_cedar_schema_text *reader, const char *what)
{
	return kp_cedar_schema_text_at(reader, KP_CEDAR_T_STRING)
		? kp_cedar_schema_text_read_string(reader)
		: kp_cedar_schema_text_read_ident(reader, what);
}

/* One more identifier onto a path in `buffer`. `first` may be __cedar. */
static void
path_part(struct kp_cedar_schema_text *reader, struct kp_buffer *buffer, bool first,
	bool builtin)
{
	if (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_IDENT)) {
		kp_cedar_schema_text_expected(
			reader, first ? "a type" : "an identifier after `::`");
		return;
	}
	struct kp_slice text = reader->token.text;
	bool cedar = kp_slice_is(text, "__cedar");
	if (kp_cedar_ident_reserved(text) || (cedar && !(first && builtin))) {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"`%.*s` is reserved and cannot be part of a name",
			KP_SLICE_ARG(text));
		return;
	}
	if (!first) {
		KP_BUFFER_ADD(buffer, "::");
	}
	kp_buffer_add_slice(buffer, text);
	kp_cedar_schema_text_next(reader);
}

const struct kp_cedar_name *
kp_cedar_schema_text_read_path(struct kp_cedar_schema_text *reader, bool builtin,
	const struct kp_cedar_name **ret_string)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, reader->source->arena, KP_CEDAR_TEXT_MAX);
	path_part(reader, &buffer, true, builtin);
	bool only_cedar = kp_slice_is(kp_buffer_slice(&buffer), "__cedar");
	while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COLONS)) {
		if (ret_string != NULL &&
			kp_cedar_schema_text_at(reader, KP_CEDAR_T_STRING)) {
			*ret_string = kp_cedar_schema_text_read_string(reader);
			break;
		}
		path_part(reader, &buffer, false, builtin);
		only_cedar = false;
	}
	if (buffer.failed) {
		kp_cedar_schema_text_fail_memory(reader);
	}
	if (only_cedar) {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"`__cedar` is a namespace, expected `::` and a built-in type");
	}
	return reader->status == KP_OK
		? kp_cedar_schema_text_intern(reader, kp_buffer_slice(&buffer))
		: NULL;
}
