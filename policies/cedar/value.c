/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* value: equality, order, sets and records; see value.h. */
#include "value.h"

#include <stdlib.h>

/* Sets up to here are searched one by one: faster than halving. */
#define LINEAR_MAX 8

const char *
kp_cedar_kind_name(enum kp_cedar_kind kind)
{
	static const char *const names[] = {
		[KP_CEDAR_BOOL] = "bool",
		[KP_CEDAR_LONG] = "long",
		[KP_CEDAR_STRING] = "string",
		[KP_CEDAR_ENTITY] = "entity",
		[KP_CEDAR_SET] = "set",
		[KP_CEDAR_RECORD] = "record",
		[KP_CEDAR_DECIMAL] = "decimal",
		[KP_CEDAR_IPADDR] = "ipaddr",
		[KP_CEDAR_DATETIME] = "datetime",
		[KP_CEDAR_DURATION] = "duration",
	};
	return names[kind];
}

static bool
set_equal(const struct kp_cedar_set *a, const struct kp_cedar_set *b)
{
	if (a == b) {
		return true;
	}
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!kp_cedar_value_equal(&a->items[i], &b->items[i])) {
			return false;
		}
	}
	return true;
}

static bool
record_equal(const struct kp_cedar_record *a, const struct kp_cedar_record *b)
{
	if (a == b) {
		return true;
	}
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (a->attrs[i].name != b->attrs[i].name ||
			!kp_cedar_value_equal(&a->attrs[i].value, &b->attrs[i].value)) {
			return false;
		}
	}
	return true;
}

static int
compare_ip(const struct kp_cedar_ip *a, const struct kp_cedar_ip *b)
{
	if (a->version6 != b->version6) {
		return a->version6 ? 1 : -1;
	}
	if (a->prefix != b->prefix) {
		return a->prefix < b->prefix ? -1 : 1;
	}
	return memcmp(a->address, b->address, sizeof(a->address));
}

bool
kp_cedar_value_equal(const struct kp_cedar_value *a, const struct kp_cedar_value *b)
{
	if (a->kind != b->kind) {
		return false;
	}
	switch (a->kind) {
	case KP_CEDAR_BOOL:
		return a->boolean == b->boolean;
	case KP_CEDAR_LONG:
	case KP_CEDAR_DECIMAL:
	case KP_CEDAR_DATETIME:
	case KP_CEDAR_DURATION:
		return a->integer == b->integer;
	case KP_CEDAR_STRING:
		return kp_slice_equal(a->string, b->string);
	case KP_CEDAR_ENTITY:
		return a->entity == b->entity;
	case KP_CEDAR_SET:
		return set_equal(a->set, b->set);
	case KP_CEDAR_RECORD:
		return record_equal(a->record, b->record);
	case KP_CEDAR_IPADDR:
		return a->ip == b->ip || compare_ip(a->ip, b->ip) == 0;
	}
	KP_UNREACHABLE();
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_sets(const struct kp_cedar_set *a, const struct kp_cedar_set *b)
{
	if (a->count != b->count) {
		return a->count < b->count ? -1 : 1;
	}
	for (size_t i = 0; i < a->count; i++) {
		int order = kp_cedar_value_compare(&a->items[i], &b->items[i]);
		if (order != 0) {
			return order;
		}
	}
	return 0;
}

static int
compare_records(const struct kp_cedar_record *a, const struct kp_cedar_record *b)
{
	if (a->count != b->count) {
		return a->count < b->count ? -1 : 1;
	}
	for (size_t i = 0; i < a->count; i++) {
		int order =
			compare_numbers(a->attrs[i].name->index, b->attrs[i].name->index);
		if (order == 0) {
			order = kp_cedar_value_compare(
				&a->attrs[i].value, &b->attrs[i].value);
		}
		if (order != 0) {
			return order;
		}
	}
	return 0;
}

int
kp_cedar_value_compare(const struct kp_cedar_value *a, const struct kp_cedar_value *b)
{
	if (a->kind != b->kind) {
		return a->kind < b->kind ? -1 : 1;
	}
	switch (a->kind) {
	case KP_CEDAR_BOOL:
		return a->boolean - b->boolean;
	case KP_CEDAR_LONG:
	case KP_CEDAR_DECIMAL:
	case KP_CEDAR_DATETIME:
	case KP_CEDAR_DURATION:
		return compare_numbers(a->integer, b->integer);
	case KP_CEDAR_STRING:
		return kp_slice_compare(a->string, b->string);
	case KP_CEDAR_ENTITY:
		return compare_numbers(a->entity->index, b->entity->index);
	case KP_CEDAR_SET:
		return compare_sets(a->set, b->set);
	case KP_CEDAR_RECORD:
		return compare_records(a->record, b->record);
	case KP_CEDAR_IPADDR:
		return compare_ip(a->ip, b->ip);
	}
	KP_UNREACHABLE();
}

static int
compare_for_sort(const void *a, const void *b)
{
	return kp_cedar_value_compare(a, b);
}

enum kp_status
kp_cedar_set_make(struct kp_arena *arena, struct kp_cedar_value *items, size_t count,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_set *set = KP_ARENA_NEW(arena, struct kp_cedar_set);
	if (set == NULL) {
		return KP_E_MEMORY;
	}
	if (count > 1) {
		qsort(items, count, sizeof(*items), compare_for_sort);
	}
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !kp_cedar_value_equal(&items[kept - 1], &items[i])) {
			items[kept++] = items[i];
		}
	}
	*set = (struct kp_cedar_set){items, kept};
	*ret_value = (struct kp_cedar_value){.kind = KP_CEDAR_SET, .set = set};
	return KP_OK;
}

bool
kp_cedar_set_has(const struct kp_cedar_set *set, const struct kp_cedar_value *item)
{
	size_t low = 0;
	size_t high = set->count;
	while (high - low > LINEAR_MAX) {
		size_t middle = low + (high - low) / 2;
		int order = kp_cedar_value_compare(&set->items[middle], item);
		if (order == 0) {
			return true;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (size_t i = low; i < high; i++) {
		if (kp_cedar_value_equal(&set->items[i], item)) {
			return true;
		}
	}
	return false;
}

static int
compare_attrs(const void *a, const void *b)
{
	const struct kp_cedar_attr *left = a;
	const struct kp_cedar_attr *right = b;
	return compare_numbers(left->name->index, right->name->index);
}

enum kp_status
kp_cedar_record_make(struct kp_arena *arena, struct kp_cedar_attr *attrs, size_t count,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_record *record = KP_ARENA_NEW(arena, struct kp_cedar_record);
	if (record == NULL) {
		return KP_E_MEMORY;
	}
	if (count > 1) {
		qsort(attrs, count, sizeof(*attrs), compare_attrs);
	}
	for (size_t i = 1; i < count; i++) {
		if (attrs[i].name == attrs[i - 1].name) {
			return KP_E_INVALID;
		}
	}
	*record = (struct kp_cedar_record){attrs, count};
	*ret_value = (struct kp_cedar_value){.kind = KP_CEDAR_RECORD, .record = record};
	return KP_OK;
}

const struct kp_cedar_value *
kp_cedar_record_get(
	const struct kp_cedar_record *record, const struct kp_cedar_name *name)
{
	size_t low = 0;
	size_t high = record->count;
	while (high - low > LINEAR_MAX) {
		size_t middle = low + (high - low) / 2;
		if (record->attrs[middle].name->index <= name->index) {
			low = middle;
		} else {
			high = middle;
		}
	}
	for (size_t i = low; i < high; i++) {
		if (record->attrs[i].name == name) {
			return &record->attrs[i].value;
		}
	}
	return NULL;
}
