/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * answer_rig: one connector with a manifest, and what it makes of an answer, as a line of
 * text: the subject, each value as path=bytes (and @date of its validity), items as
 * [number], notes as !code, and at the end the outcome; or "fout: " and why, with `told`
 * for whether anything came before. Sections that end in "en" are lists.
 */
#ifndef ANSWER_RIG_H
#define ANSWER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "connectors/outcome.h"
#include "connectors/registry.h"
#include "core/arena.h"
#include "core/attr.h"

#define RIG_BSN "999993653"
#define RIG_CELLS 64
#define RIG_TEXT(literal) ((struct kp_text){literal, sizeof(literal) - 1})

static struct {
	struct kp_arena arena;
	struct kp_registry registry;
	const struct kp_connector *connector;
	void *instance;
	struct kp_text paths[RIG_CELLS]; /* by cell */
	uint32_t path_count;
	uint32_t items;
	bool told;
	char text[8192];
	size_t len;
} rig;

static void
rig_say(const char *before, struct kp_text text, const char *behind)
{
	int len = snprintf(rig.text + rig.len, sizeof(rig.text) - rig.len, "%s%s%.*s%s",
		rig.len == 0 ? "" : " ", before, (int)text.len, text.data, behind);
	assert_true(len >= 0 && (size_t)len < sizeof(rig.text) - rig.len);
	rig.len += (size_t)len;
}

static uint32_t
rig_find_cell(void *context, struct kp_text path)
{
	uint32_t cell = 0;
	(void)context;
	while (cell < rig.path_count &&
		(rig.paths[cell].len != path.len ||
			memcmp(rig.paths[cell].data, path.data, path.len) != 0)) {
		cell++;
	}
	assert_true(cell < RIG_CELLS);
	rig.paths[cell] = path; /* of the manifest, which stays */
	rig.path_count += cell == rig.path_count ? 1 : 0;
	return cell;
}

static uint32_t
rig_find_section(void *context, struct kp_text name)
{
	(void)context;
	return name.len > 2 && memcmp(name.data + name.len - 2, "en", 2) == 0 ? 1 : 0;
}

static bool
rig_is_list(void *context, uint32_t section)
{
	(void)context;
	return section == 1;
}

static struct kp_text
rig_cell_path(void *context, uint32_t cell)
{
	(void)context;
	return rig.paths[cell];
}

static struct kp_text
rig_nearest(void *context, struct kp_text path)
{
	(void)context;
	return path;
}

static void
rig_finding(void *context, const struct kp_fault *fault)
{
	(void)context;
	fail_msg("%s: %s", fault->place, fault->message);
}

static void *
rig_alloc(void *context, size_t size)
{
	(void)context;
	return kp_arena_alloc(&rig.arena, size);
}

static void
rig_open(const char *name, const char *manifest)
{
	const struct kp_host host = {.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(host),
		.find_cell = rig_find_cell,
		.find_section = rig_find_section,
		.cell_path = rig_cell_path,
		.nearest = rig_nearest,
		.section_is_list = rig_is_list,
		.finding = rig_finding,
		.alloc = rig_alloc};
	struct kp_fault fault = {0};
	memset(&rig, 0, sizeof(rig));
	kp_arena_init(&rig.arena, (size_t)64 << 20, NULL);
	kp_registry_init(&rig.registry);
	rig.connector = kp_registry_find(&rig.registry, kp_slice_from(name));
	assert_non_null(rig.connector);
	int verdict = rig.connector->open(&host,
		(struct kp_text){manifest, strlen(manifest)}, &rig.instance, &fault);
	if (verdict != KP_DONE) {
		fail_msg("%s: %s", fault.place, fault.message);
	}
}

static void
rig_close(void)
{
	rig.connector->close(rig.instance);
	kp_registry_deinit(&rig.registry);
	kp_arena_deinit(&rig.arena);
}

static bool
rig_write(void *context, struct kp_text text)
{
	(void)context;
	(void)text;
	return true;
}

static bool
rig_write_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	(void)name;
	(void)value;
	return true;
}

static bool
rig_write_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	(void)name;
	(void)statement;
	(void)parameters;
	(void)count;
	return true;
}

static bool
rig_subject(void *context, struct kp_text bsn)
{
	(void)context;
	rig_say("", bsn, "");
	return bsn.len == 9 && memcmp(bsn.data, RIG_BSN, 9) == 0;
}

static bool
rig_item(void *context, uint32_t section, uint32_t *ret_item)
{
	char number[16];
	(void)context;
	assert_int_equal(section, 1);
	(void)snprintf(number, sizeof(number), "[%u]", rig.items);
	rig_say(number, (struct kp_text){"", 0}, "");
	*ret_item = rig.items++;
	return true;
}

static bool
rig_value(void *context, const struct kp_value *value)
{
	(void)context;
	rig_say("", rig.paths[value->cell], "=");
	rig.len += (size_t)snprintf(rig.text + rig.len, sizeof(rig.text) - rig.len,
		"%.*s%s%.*s", (int)value->bytes.len, value->bytes.data,
		value->valid_on.len > 0 ? "@" : "", (int)value->valid_on.len,
		value->valid_on.data);
	return true;
}

static bool
rig_note(void *context, struct kp_text code, struct kp_text text)
{
	(void)context;
	(void)text;
	rig_say("!", code, "");
	return true;
}

static bool
rig_valid_on(void *context, struct kp_text date)
{
	(void)context;
	rig_say("@", date, "");
	return true;
}

static struct kp_text
rig_no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

static int
rig_play(void *memory, const struct kp_head *head, const char *answer,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	static uint64_t cells[1] = {UINT64_MAX};
	static const struct kp_need need = {.size = sizeof(need),
		.bsn = {RIG_BSN, 9},
		.purpose = {"doel", 4},
		.now = {"2026-01-01T00:00:00Z", 20},
		.cells = cells,
		.cell_words = 1};
	static const struct kp_call_host host = {
		.size = sizeof(host), .alloc = rig_alloc};
	static const struct kp_sink sink = {.size = sizeof(sink),
		.subject = rig_subject,
		.item = rig_item,
		.value = rig_value,
		.note = rig_note,
		.valid_on = rig_valid_on};
	static const struct kp_request_writer writer = {.size = sizeof(writer),
		.method = rig_write,
		.target = rig_write,
		.header = rig_write_header,
		.body = rig_write,
		.key = rig_write,
		.query = rig_write_query};
	const struct kp_connector *connector = rig.connector;
	size_t len = strlen(answer);
	int verdict =
		connector->prepare(rig.instance, memory, &host, &need, &writer, fault);
	assert_int_equal(verdict, KP_DONE);
	verdict = connector->head(rig.instance, memory, head, &sink, fault);
	/* In two pieces. */
	if (verdict == KP_DONE) {
		verdict = connector->consume(rig.instance, memory,
			(struct kp_text){answer, len / 2}, &sink, fault);
	}
	if (verdict == KP_DONE) {
		verdict = connector->consume(rig.instance, memory,
			(struct kp_text){answer + len / 2, len - len / 2}, &sink, fault);
	}
	return verdict == KP_DONE
		? connector->finish(rig.instance, memory, &sink, ret_outcome, fault)
		: verdict;
}

static const char *
rig_read(uint32_t status, const char *type, const char *answer)
{
	struct kp_head head = {.size = sizeof(head),
		.status = status,
		.content_type = {type, strlen(type)},
		.header = rig_no_header};
	enum kp_outcome outcome = KP_ERROR;
	struct kp_fault fault = {0};
	void *memory = calloc(1, rig.connector->call_size + 1);
	assert_non_null(memory);
	rig.len = 0;
	rig.items = 0;
	int verdict = rig_play(memory, &head, answer, &outcome, &fault);
	rig.connector->end(rig.instance, memory);
	free(memory);
	rig.told = rig.len > 0;
	if (verdict != KP_DONE) {
		(void)snprintf(rig.text, sizeof(rig.text), "fout: %s", fault.message);
	} else {
		struct kp_slice name = kp_outcome_name(outcome);
		rig_say("", (struct kp_text){name.data, name.len}, "");
	}
	return rig.text;
}

/* Exports. */

static bool
rig_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	char place[64];
	(void)context;
	(void)snprintf(place, sizeof(place), "%llu+%llu", (unsigned long long)offset,
		(unsigned long long)len);
	rig_say("", key.len == 0 ? RIG_TEXT("-") : key, "@");
	rig.len += (size_t)snprintf(
		rig.text + rig.len, sizeof(rig.text) - rig.len, "%s", place);
	return true;
}

static bool
rig_entry(void *context, const struct kp_index_entry *entry)
{
	(void)context;
	rig_say(entry->removed ? "x" : "",
		entry->key.len == 0 ? RIG_TEXT("-") : entry->key, "#");
	rig.len += (size_t)snprintf(rig.text + rig.len, sizeof(rig.text) - rig.len,
		"%.*s", (int)entry->identity.len, entry->identity.data);
	return true;
}

static bool
rig_summary(void *context, uint64_t rows, struct kp_text day)
{
	char text[32];
	(void)context;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)rows);
	rig_say(text, day.len == 0 ? day : RIG_TEXT(" of "), "");
	if (day.len > 0) {
		rig_say("", day, "");
	}
	return true;
}

/* What an export, or a change file, holds: rows as key@offset+length, or with a series as
 * key#identity, x in front of one that is removed, - for nobody; and how many there are,
 * of which day. */
KP_UNUSED static const char *
rig_scan(const char *text, bool changes)
{
	const struct kp_index_writer writer = {.size = sizeof(writer),
		.row = rig_row,
		.entry = rig_entry,
		.changes = changes,
		.summary = rig_summary};
	struct kp_fault fault = {0};
	size_t len = strlen(text);
	void *state = calloc(1, rig.connector->scan_size + 1);
	assert_non_null(state);
	rig.len = 0;
	rig.text[0] = '\0';
	/* In two pieces. */
	int verdict = rig.connector->scan(rig.instance, state,
		(struct kp_text){text, len / 2}, false, &writer, &fault);
	if (verdict == KP_DONE) {
		verdict = rig.connector->scan(rig.instance, state,
			(struct kp_text){text + len / 2, len - len / 2}, true, &writer,
			&fault);
	}
	free(state);
	if (verdict != KP_DONE) {
		(void)snprintf(rig.text, sizeof(rig.text), "fout: %s: %s", fault.place,
			fault.message);
	}
	return rig.text;
}

#endif
