/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_text: reading one text, shared by schema_text.c (tokens), schema_text_types.c
 * and schema_text_decls.c. Only they include it. */
#ifndef KP_CEDAR_SCHEMA_TEXT_H
#define KP_CEDAR_SCHEMA_TEXT_H

#include "schema_source.h"

/* `status` is sticky: after a failure every step does nothing until recovery. */
struct kp_cedar_schema_text {
	struct kp_cedar_schema_source *source;
	struct kp_cedar_lexer lexer;
	struct kp_cedar_token token; /* the one to read next */
	struct kp_cedar_namespace_decl *space;
	struct kp_findings *findings;
	unsigned nesting;
	enum kp_status status;
};

/* Adds a finding, unless there is one since the last recovery. */
void kp_cedar_schema_text_fail(struct kp_cedar_schema_text *reader, enum kp_status status,
	const struct kp_error *err);
void kp_cedar_schema_text_fail_at(struct kp_cedar_schema_text *reader,
	struct kp_cedar_pos pos, const char *format, ...) KP_PRINTF(3, 4);
void kp_cedar_schema_text_fail_memory(struct kp_cedar_schema_text *reader);
/* "expected <what>, found <the next token>". */
void kp_cedar_schema_text_expected(struct kp_cedar_schema_text *reader, const char *what);

void kp_cedar_schema_text_next(struct kp_cedar_schema_text *reader);
bool kp_cedar_schema_text_at(
	const struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind);
bool kp_cedar_schema_text_at_word(
	const struct kp_cedar_schema_text *reader, const char *word);
/* Goes on when the next token is that one. */
bool kp_cedar_schema_text_accept(
	struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind);
bool kp_cedar_schema_text_accept_word(
	struct kp_cedar_schema_text *reader, const char *word);
/* The same, and a finding when it is not. */
void kp_cedar_schema_text_expect(
	struct kp_cedar_schema_text *reader, enum kp_cedar_token_kind kind);

/* NULL without memory, or after a finding. */
void *kp_cedar_schema_text_make(
	struct kp_cedar_schema_text *reader, size_t count, size_t size);
const struct kp_cedar_name *kp_cedar_schema_text_intern(
	struct kp_cedar_schema_text *reader, struct kp_slice text);

/* These return NULL after a finding. An identifier that is not reserved: */
const struct kp_cedar_name *kp_cedar_schema_text_read_ident(
	struct kp_cedar_schema_text *reader, const char *what);
const struct kp_cedar_name *kp_cedar_schema_text_read_string(
	struct kp_cedar_schema_text *reader);
/* Attribute and action names: an identifier or any string. */
const struct kp_cedar_name *kp_cedar_schema_text_read_name(
	struct kp_cedar_schema_text *reader, const char *what);
/* A::B::C, normalised. With `ret_string` it may end in ::"text" instead: *ret_string is
 * then that text, else it stays as it is. `builtin` allows __cedar in front. */
const struct kp_cedar_name *kp_cedar_schema_text_read_path(
	struct kp_cedar_schema_text *reader, bool builtin,
	const struct kp_cedar_name **ret_string);

struct kp_cedar_annotations kp_cedar_schema_text_read_annotations(
	struct kp_cedar_schema_text *reader);
const struct kp_cedar_type_ref *kp_cedar_schema_text_read_type(
	struct kp_cedar_schema_text *reader);
/* The opening brace is the next token. */
const struct kp_cedar_type_ref *kp_cedar_schema_text_read_record(
	struct kp_cedar_schema_text *reader);

#define KP_CEDAR_SCHEMA_MAKE(reader, type)                                               \
	((type *)kp_cedar_schema_text_make((reader), 1, sizeof(type)))

#endif
