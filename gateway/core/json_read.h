/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_read: incremental push parser for JSON (RFC 8259, strict; I-JSON's rules of RFC
 * 7493 on UTF-8, surrogates and duplicate names). Bytes go in as they come; each token
 * comes out through one function as the exact bytes of the source. No tree is built, no
 * number is converted.
 *
 * A token that lies in one chunk is handed out where it lies; one that spans chunks is
 * carried in the arena. Whatever is skipped is checked as strictly as what is read. Cost
 * is linear in the bytes.
 */
#ifndef KP_CORE_JSON_READ_H
#define KP_CORE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/json_names.h"
#include "core/slice.h"

enum kp_json_event {
	KP_JSON_OBJECT_BEGIN,
	KP_JSON_OBJECT_END,
	KP_JSON_ARRAY_BEGIN,
	KP_JSON_ARRAY_END,
	KP_JSON_NAME, /* of a member; its value is the next event */
	KP_JSON_STRING,
	KP_JSON_NUMBER,
	KP_JSON_TRUE,
	KP_JSON_FALSE,
	KP_JSON_NULL,
};

/* What the event function wants next. */
enum kp_json_verdict {
	KP_JSON_GO,
	/*
	 * After a name: no events for its value. After OBJECT_BEGIN or ARRAY_BEGIN: none
	 * for what is in it, nor for its end. After anything else the same as GO.
	 */
	KP_JSON_SKIP,
	KP_JSON_STOP, /* push and finish answer KP_E_CANCELLED from here on */
};

/* Lifetime: the call of the event function, `raw` included. */
struct kp_json_token {
	enum kp_json_event event;
	/*
	 * The bytes of the source: a number with every digit, a name or string without
	 * its quotes and with its escapes as they were, `{`, `]`, `true`. To copy a
	 * string on: put quotes around it.
	 */
	struct kp_slice raw;
	bool escaped;    /* a name or string with at least one backslash: see
			    kp_json_unescape */
	unsigned depth;  /* open objects and arrays around this token; 0 at the top */
	uint64_t offset; /* of the token's first byte (a quote counts) in the document */
};

typedef enum kp_json_verdict (*kp_json_event_fn)(
	void *ctx, const struct kp_json_token *token);

/* Zero means the default. A value at the limit is accepted. */
struct kp_json_limits {
	unsigned depth_max;          /* open objects and arrays; default 64 */
	size_t token_bytes_max;      /* of one name, string or number; default 1 MiB */
	uint64_t document_bytes_max; /* default 64 MiB */
	size_t names_per_object_max; /* default 65,536 */
};

#define KP_JSON_DEPTH_MAX 64u
#define KP_JSON_TOKEN_BYTES_MAX ((size_t)1 << 20)
#define KP_JSON_DOCUMENT_BYTES_MAX ((uint64_t)64 << 20)
#define KP_JSON_NAMES_PER_OBJECT_MAX ((size_t)65536)

struct kp_json_frame;

/* Lifetime: the caller's, not longer than its arena. One thread. All members private. */
struct kp_json_reader {
	struct kp_json_limits limits;
	struct kp_arena *arena;
	kp_json_event_fn on_event;
	void *ctx;

	const char *chunk;   /* first byte of the chunk being read */
	uint64_t offset;     /* of that byte in the document */
	uint64_t line_start; /* offset of the first byte of this line */
	unsigned line;

	enum kp_status status; /* sticky, with what the error says */
	const char *fault;
	uint64_t fault_limit;
	uint64_t fault_offset;

	unsigned expect; /* enum expect in json_read.c */
	unsigned depth;
	unsigned quiet_depth; /* of the value being skipped; 0: events flow */

	struct kp_json_token token; /* under way: where it began, and is it escaped */
	const char *literal;
	size_t literal_at;
	unsigned text_state; /* enum text_state in json_read.c */
	unsigned text_code;  /* of a \u escape under way */
	bool token_is_name;
	bool token_carried;
	char *carry;
	size_t carry_len;
	size_t carry_capacity;
	char *scratch; /* a name without its escapes */
	size_t scratch_capacity;

	struct kp_json_frame *frames;
	unsigned frames_capacity;
	struct kp_json_names names;
	char *saved_names; /* of open members whose name came in an earlier chunk */
};

/*
 * Readies a reader. `limits` may be NULL and is copied. The reader takes what it needs
 * from `arena` (about 1 kB; more for deep or large objects) and borrows `ctx`. Cannot
 * fail.
 */
void kp_json_reader_init(struct kp_json_reader *reader,
	const struct kp_json_limits *limits, struct kp_arena *arena,
	kp_json_event_fn on_event, void *ctx);

/*
 * Reads the next bytes of the document; `chunk` is borrowed for the call and may be
 * empty.
 *
 * Errors: KP_E_SYNTAX (grammar, UTF-8, surrogates, byte order mark, bytes after the
 * value), KP_E_INVALID (a name twice in one object), KP_E_LIMIT (a limit by its name),
 * KP_E_MEMORY, KP_E_CANCELLED (the event function said stop). `err` has line, column, the
 * byte offset in its message, and in `place` the JSON pointer (RFC 6901) of the spot, cut
 * when it does not fit. The message never holds bytes of the document; the pointer holds
 * its names. After an error every call gives it again.
 */
enum kp_status kp_json_reader_push(struct kp_json_reader *reader, struct kp_slice chunk,
	struct kp_error *err) KP_MUST_USE;

/* The document ends here. Errors as for push. */
enum kp_status kp_json_reader_finish(
	struct kp_json_reader *reader, struct kp_error *err) KP_MUST_USE;

/* A whole document at once: init, push, finish. */
enum kp_status kp_json_read(struct kp_slice document, const struct kp_json_limits *limits,
	struct kp_arena *arena, kp_json_event_fn on_event, void *ctx,
	struct kp_error *err) KP_MUST_USE;

/*
 * The text of a raw name or string. Without escapes the result is `raw` itself, else it
 * lies in `arena`. Errors: KP_E_MEMORY; KP_E_SYNTAX when `raw` did not come from a reader
 * and has a wrong escape (other faults are not looked for). The text may hold NUL.
 */
enum kp_status kp_json_unescape(struct kp_slice raw, struct kp_arena *arena,
	struct kp_slice *ret_text) KP_MUST_USE;

/*
 * Do two raw names, two raw strings or two raw numbers have the same text? Strings
 * compare after decoding their escapes, numbers as they are written (1.0 is not 1). No
 * allocation.
 */
bool kp_json_text_equal(struct kp_slice raw_a, struct kp_slice raw_b) KP_MUST_USE;

/* Is this a number in JSON's grammar (RFC 8259, section 6), and nothing more? */
bool kp_json_number_valid(struct kp_slice text) KP_MUST_USE;

/* Is this one whole string, number, true, false or null, and nothing more? Then it can
 * stand in a document of ours without breaking it. */
bool kp_json_scalar_valid(struct kp_slice text) KP_MUST_USE;

#endif
