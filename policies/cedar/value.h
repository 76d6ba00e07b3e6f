/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * value: what a Cedar expression can be. A value is 24 bytes and copied freely; what it
 * points to is immutable and lives in the arena of whoever made it. Integers never pass
 * through a double.
 */
#ifndef KP_CEDAR_VALUE_H
#define KP_CEDAR_VALUE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "names.h"

enum kp_cedar_kind {
	KP_CEDAR_BOOL,
	KP_CEDAR_LONG,
	KP_CEDAR_STRING,
	KP_CEDAR_ENTITY,
	KP_CEDAR_SET,
	KP_CEDAR_RECORD,
	KP_CEDAR_DECIMAL, /* integer: value times 10^4 */
	KP_CEDAR_IPADDR,
	KP_CEDAR_DATETIME, /* integer: milliseconds since 1970-01-01T00:00:00Z */
	KP_CEDAR_DURATION, /* integer: milliseconds */
};

struct kp_cedar_ip {
	uint8_t address[16]; /* network order; version 4 uses the first four, the rest is
				zero */
	uint8_t prefix;      /* 0-32 or 0-128 */
	bool version6;
};

struct kp_cedar_value {
	enum kp_cedar_kind kind;
	union {
		bool boolean;
		int64_t integer;        /* long, decimal, datetime, duration */
		struct kp_slice string; /* UTF-8 */
		const struct kp_cedar_uid *entity;
		const struct kp_cedar_set *set;
		const struct kp_cedar_record *record;
		const struct kp_cedar_ip *ip;
	};
};

/* Sorted by kp_cedar_value_compare, no duplicates. */
struct kp_cedar_set {
	const struct kp_cedar_value *items;
	size_t count;
};

struct kp_cedar_attr {
	const struct kp_cedar_name *name;
	struct kp_cedar_value value;
};

/* Sorted by the names' index, no duplicates. */
struct kp_cedar_record {
	const struct kp_cedar_attr *attrs;
	size_t count;
};

static inline struct kp_cedar_value
kp_cedar_bool(bool boolean)
{
	return (struct kp_cedar_value){.kind = KP_CEDAR_BOOL, .boolean = boolean};
}

static inline struct kp_cedar_value
kp_cedar_long(int64_t integer)
{
	return (struct kp_cedar_value){.kind = KP_CEDAR_LONG, .integer = integer};
}

static inline struct kp_cedar_value
kp_cedar_string(struct kp_slice string)
{
	return (struct kp_cedar_value){.kind = KP_CEDAR_STRING, .string = string};
}

static inline struct kp_cedar_value
kp_cedar_entity_value(const struct kp_cedar_uid *uid)
{
	return (struct kp_cedar_value){.kind = KP_CEDAR_ENTITY, .entity = uid};
}

/* "long", "string", "set", ... as used in messages. */
const char *kp_cedar_kind_name(enum kp_cedar_kind kind);

/* Structural; never fails. Values of different kinds differ. */
bool kp_cedar_value_equal(const struct kp_cedar_value *a, const struct kp_cedar_value *b);
/* A total order that agrees with equality; only meant for sorting. */
int kp_cedar_value_compare(
	const struct kp_cedar_value *a, const struct kp_cedar_value *b);

/* Sorts `items` (from `arena`, taken over) and drops duplicates. KP_E_MEMORY. */
enum kp_status kp_cedar_set_make(struct kp_arena *arena, struct kp_cedar_value *items,
	size_t count, struct kp_cedar_value *ret_value) KP_MUST_USE;
bool kp_cedar_set_has(const struct kp_cedar_set *set, const struct kp_cedar_value *item);

/* Sorts `attrs` (from `arena`, taken over). KP_E_INVALID when a name occurs twice,
 * KP_E_MEMORY. */
enum kp_status kp_cedar_record_make(struct kp_arena *arena, struct kp_cedar_attr *attrs,
	size_t count, struct kp_cedar_value *ret_value) KP_MUST_USE;
/* NULL when the record has no such attribute. */
const struct kp_cedar_value *kp_cedar_record_get(
	const struct kp_cedar_record *record, const struct kp_cedar_name *name);

/*
 * The constructors decimal("..."), ip("..."), datetime("..."), duration("..."): exactly
 * Cedar's text forms. False when the text is not one. Only the ip's value points into the
 * arena.
 */
bool kp_cedar_decimal_parse(struct kp_slice text, int64_t *ret_decimal);
bool kp_cedar_ip_parse(struct kp_slice text, struct kp_cedar_ip *ret_ip);
bool kp_cedar_datetime_parse(struct kp_slice text, int64_t *ret_ms);
bool kp_cedar_duration_parse(struct kp_slice text, int64_t *ret_ms);

/*
 * The value that the constructor of an extension kind makes of a text; *ret_valid is
 * false when the text is not one. KP_E_MEMORY.
 */
enum kp_status kp_cedar_construct(struct kp_arena *arena, enum kp_cedar_kind kind,
	struct kp_slice text, struct kp_cedar_value *ret_value,
	bool *ret_valid) KP_MUST_USE;

/* Writes the value as a Cedar expression that evaluates to it; set and record order is by
 * text. */
void kp_cedar_value_write(struct kp_buffer *buffer, const struct kp_cedar_value *value);
/* Writes Type::"id" with escapes. */
void kp_cedar_uid_write(struct kp_buffer *buffer, const struct kp_cedar_uid *uid);
/* Writes text with Cedar escapes, without quotes; a star becomes \* in a pattern. */
void kp_cedar_text_escape(struct kp_buffer *buffer, struct kp_slice text, bool pattern);
/* Writes "text" between quotes with Cedar escapes. */
void kp_cedar_string_write(struct kp_buffer *buffer, struct kp_slice text);

#endif
