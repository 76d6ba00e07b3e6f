/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * log: one line per event, for the operator, as JSON or as key=value. Not the audit
 * record: see audit/record.h.
 *
 * A line holds what log_fields.def lists and nothing else; its message is a literal in
 * our code. Texts are escaped and cut at KP_LOG_TEXT_BYTES_MAX, and a number that could
 * be a burgerservicenummer is masked wherever it stands, as the last line of defence.
 *
 * A context (struct kp_log) carries fields that every later line has: process →
 * connection → request → call. Only the stage driver, the server and main log; everything
 * else returns its error.
 */
#ifndef KP_CORE_LOG_H
#define KP_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_LOG_TEXT_BYTES_MAX ((size_t)128)
#define KP_LOG_LINE_BYTES_MAX ((size_t)4096)
#define KP_LOG_CONTEXT_BYTES_MAX ((size_t)384)

enum kp_log_level {
	KP_LOG_LEVEL_ERROR, /* the operator must act */
	KP_LOG_LEVEL_WARN,
	KP_LOG_LEVEL_INFO, /* changes of state; one line per request, at its end */
	KP_LOG_LEVEL_DEBUG,
};

enum kp_log_format {
	KP_LOG_FORMAT_JSON,
	KP_LOG_FORMAT_TEXT, /* key=value */
};

enum kp_log_area {
	KP_LOG_AREA_PROCESS,
	KP_LOG_AREA_CONFIG,
	KP_LOG_AREA_SERVER, /* listeners and connections */
	KP_LOG_AREA_REQUEST,
	KP_LOG_AREA_SOURCE,
	KP_LOG_AREA_POLICY,
	KP_LOG_AREA_AUDIT,
};

enum kp_log_key {
#define KP_LOG_FIELD(code, name, kind, help) code,
#include "core/log_fields.def"
#undef KP_LOG_FIELD
	KP_LOG_KEY_COUNT
};

enum kp_log_kind {
	KP_LOG_KIND_TEXT,
	KP_LOG_KIND_ID,
	KP_LOG_KIND_NUMBER,
	KP_LOG_KIND_FLAG,
};

/* Made with kp_log_text, kp_log_number and kp_log_flag. */
struct kp_log_field {
	enum kp_log_key key;
	bool is_text;
	struct kp_slice text; /* borrowed until the line is written */
	int64_t number;
};

struct kp_logger; /* where lines go; process lifetime, any thread */

struct kp_logger_options {
	enum kp_log_level level;
	enum kp_log_format format;
	const char *path; /* NULL: standard error */
	/* In place of a file: gets each whole line, its line feed included. May be NULL.
	 */
	void (*write)(void *context, struct kp_slice line);
	/* In place of the system's clock: UTC, milliseconds. May be NULL. */
	int64_t (*wall_ms)(void *context);
	void *context;
};

/* Lifetime: the caller's storage; a child may not outlive the text it copied from its
 * parent, but it may outlive the parent itself. One thread. */
struct kp_log {
	struct kp_logger *logger; /* NULL: nothing is written */
	uint16_t len;
	char text[KP_LOG_CONTEXT_BYTES_MAX]; /* fields, already written out */
};

/* KP_E_IO when the file cannot be opened for appending; it is made with mode 0640. */
enum kp_status kp_logger_open(const struct kp_logger_options *options,
	struct kp_logger **ret_logger, struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. After the last line. */
void kp_logger_close(struct kp_logger **logger);
/* Opens the file by its name again, after it was rotated; keeps the old one when it
 * cannot. Thread-safe. */
enum kp_status kp_logger_reopen(
	struct kp_logger *logger, struct kp_error *err) KP_MUST_USE;
/* Thread-safe. */
void kp_logger_set_level(struct kp_logger *logger, enum kp_log_level level);
/* Lines that could not be written. Thread-safe. */
uint64_t kp_logger_lost(const struct kp_logger *logger);

/* An empty context. `logger` may be NULL. */
void kp_log_init(struct kp_log *log, struct kp_logger *logger);
/* A context with the fields its parent has now. */
void kp_log_child(struct kp_log *log, const struct kp_log *parent);
/* Gives every later line of this context the field. One that does not fit is left out. */
void kp_log_bind(struct kp_log *log, struct kp_log_field field);

/* KP_LOG_KIND_TEXT and _ID fields. Of an id only hexadecimal digits are taken. */
struct kp_log_field kp_log_text(enum kp_log_key key, struct kp_slice text);
struct kp_log_field kp_log_cstr(enum kp_log_key key, const char *text);
struct kp_log_field kp_log_number(enum kp_log_key key, int64_t number);
struct kp_log_field kp_log_flag(enum kp_log_key key, bool flag);

/* Is anything of this level written? */
bool kp_log_wants(const struct kp_log *log, enum kp_log_level level);

/*
 * Writes one line. `message` is a literal: lower case, no full stop, nothing variable.
 * What does not fit in a line is left out and the line says so ("cut":true). Use KP_LOG.
 */
void kp_log_write(const struct kp_log *log, enum kp_log_level level,
	enum kp_log_area area, const char *message, const struct kp_log_field *fields,
	size_t count);

/* A line about an error: its code, message, position and cause as fields. */
void kp_log_error(const struct kp_log *log, enum kp_log_level level,
	enum kp_log_area area, const char *message, const struct kp_error *err);

/* KP_LOG(log, INFO, SERVER, "listening", kp_log_number(KP_LOG_PORT, 8080)) */
#define KP_LOG(log, level, area, message, ...)                                           \
	do {                                                                             \
		if (kp_log_wants((log), KP_LOG_LEVEL_##level)) {                         \
			const struct kp_log_field kp_log_fields_[] = {__VA_ARGS__};      \
			kp_log_write((log), KP_LOG_LEVEL_##level, KP_LOG_AREA_##area,    \
				"" message, kp_log_fields_,                              \
				KP_ARRAY_LEN(kp_log_fields_));                           \
		}                                                                        \
	} while (0)
/* The same without fields. */
#define KP_LOG_PLAIN(log, level, area, message)                                          \
	kp_log_write((log), KP_LOG_LEVEL_##level, KP_LOG_AREA_##area, "" message, NULL, 0)

/* Names and meaning of the fields, for the manual and the tests. */
const char *kp_log_key_name(enum kp_log_key key);
enum kp_log_kind kp_log_key_kind(enum kp_log_key key);
const char *kp_log_key_help(enum kp_log_key key);
const char *kp_log_level_name(enum kp_log_level level);

#endif
