/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * error: the status codes, and the record that carries what went wrong from where it was
 * found to where it is shown. No allocation. A function either logs an error or returns
 * it, never both.
 */
#ifndef KP_CORE_ERROR_H
#define KP_CORE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"

enum kp_status {
#define KP_ERROR(code, class, http, type, safe, title) code,
#include "core/error.def"
#undef KP_ERROR
	KP_STATUS_COUNT
};

enum kp_error_class {
	KP_CLASS_OK,
	KP_CLASS_USAGE,  /* our own command line or configuration */
	KP_CLASS_CLIENT, /* the request is at fault */
	KP_CLASS_DENIED, /* the rules say no */
	KP_CLASS_LIMIT,  /* a named limit was reached */
	KP_CLASS_SOURCE, /* a partner is at fault */
	KP_CLASS_TIMEOUT,
	KP_CLASS_CANCELLED,
	KP_CLASS_INTERNAL, /* we are at fault */
};

/* One row of error.def. */
struct kp_status_info {
	const char *name; /* "KP_E_LIMIT" */
	enum kp_error_class class;
	int http;                 /* status of the answer when this ends a request */
	const char *problem_type; /* last part of the RFC 9457 type */
	bool safe;                /* may the message be shown to the client */
	const char *title;        /* fixed text, always safe */
};

/* Lifetime: caller's storage. `message` is a complete sentence without capital and full
 * stop. */
struct kp_error {
	enum kp_status status;
	int cause;       /* errno, libuv, curl or OpenSSL code; 0 when there is none */
	unsigned line;   /* 1-based; 0 when not in a text */
	unsigned column; /* 1-based, in bytes */
	char file[96];   /* name of the text; empty when none */
	char place[128]; /* JSON pointer, field or option; empty when none */
	char message[256];
};

/* The row of a status; never NULL. */
const struct kp_status_info *kp_status_info(enum kp_status status);

/* Fills `err` (may be NULL) and returns `status`, so that a failure is one statement. */
enum kp_status kp_error_set(struct kp_error *err, enum kp_status status,
	const char *format, ...) KP_PRINTF(3, 4);

/* Puts "text: " before the message, keeping status and position. Returns err->status. */
enum kp_status kp_error_wrap(struct kp_error *err, const char *format, ...)
	KP_PRINTF(2, 3);

/* Sets the position; a NULL file or place keeps what is there. */
void kp_error_at(struct kp_error *err, const char *file, unsigned line, unsigned column,
	const char *place);

/* Writes "file:line:column: place: message", leaving out what is not there. Returns
 * `out`. */
const char *kp_error_text(const struct kp_error *err, char *out, size_t out_size);

/*
 * A list of findings: a checker reports everything it finds, not only the first. Bounded;
 * what does not fit is counted. Lifetime: caller's; init, use, deinit.
 */
struct kp_findings {
	struct kp_error *items;
	size_t count; /* stored */
	size_t capacity;
	size_t dropped; /* found after the bound was reached */
	size_t count_max;
};

/* Empty; keeps at most that many and counts the others. */
void kp_findings_init(struct kp_findings *findings, size_t count_max);
/* Frees; may be begun again. */
void kp_findings_deinit(struct kp_findings *findings);
/* Copies `err`, unless the same is there already: who checks again on behalf of another
 * finds what was found. Out of memory counts as dropped, so a caller still sees that
 * something was found. */
void kp_findings_add(struct kp_findings *findings, const struct kp_error *err);
static inline bool
kp_findings_any(const struct kp_findings *findings)
{
	return findings->count + findings->dropped > 0;
}

#endif
