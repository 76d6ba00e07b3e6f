/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_host: see connector_host.h. */
#include "connector_host.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define CELLS 256

static uint32_t
find_cell(void *context, struct kp_text path)
{
	uint32_t sum = 7;
	(void)context;
	for (size_t i = 0; i < path.len; i++) {
		sum = sum * 31 + (unsigned char)path.data[i];
	}
	return sum % (CELLS + 8) < CELLS ? sum % (CELLS + 8) : UINT32_MAX;
}

static uint32_t
find_section(void *context, struct kp_text name)
{
	(void)context;
	if (name.len == 0) {
		return UINT32_MAX;
	}
	return name.len > 2 && memcmp(name.data + name.len - 2, "en", 2) == 0 ? 1 : 0;
}

static struct kp_text
path_of(void *context, uint32_t cell)
{
	(void)context;
	(void)cell;
	return (struct kp_text){"persoon.naam", 12};
}

static struct kp_text
nearest(void *context, struct kp_text path)
{
	(void)context;
	return path;
}

static bool
is_list(void *context, uint32_t section)
{
	(void)context;
	return section == 1;
}

static void
finding(void *context, const struct kp_fault *fault)
{
	(void)context;
	FUZZ_CHECK(memchr(fault->message, '\0', sizeof(fault->message)) != NULL);
}

static void *
host_alloc(void *context, size_t size)
{
	struct fuzz_host *fuzz = context;
	return kp_arena_alloc(&fuzz->arena, size);
}

static bool
take_text(void *context, struct kp_text text)
{
	(void)context;
	FUZZ_CHECK(text.len == 0 || text.data != NULL);
	return true;
}

static bool
take_doubt(void *context, const struct kp_fault *doubt)
{
	(void)context;
	FUZZ_CHECK(doubt->place[0] == '/' && doubt->message[0] != '\0');
	return true;
}

static bool
take_target(void *context, struct kp_text target)
{
	/* What the real host refuses. */
	return take_text(context, target) &&
		(target.len == 0 || memmem(target.data, target.len, FUZZ_BSN, 9) == NULL);
}

static bool
take_header(void *context, struct kp_text name, struct kp_text value)
{
	(void)context;
	FUZZ_CHECK(name.len > 0);
	FUZZ_CHECK(value.len == 0 || memchr(value.data, '\n', value.len) == NULL);
	return true;
}

static bool
take_subject(void *context, struct kp_text bsn)
{
	struct fuzz_host *fuzz = context;
	fuzz->subject = bsn.len == 9 && memcmp(bsn.data, FUZZ_BSN, 9) == 0;
	return fuzz->subject;
}

static bool
take_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct fuzz_host *fuzz = context;
	FUZZ_CHECK(section == 1);
	*ret_item = fuzz->items++;
	return fuzz->items < 100000;
}

static bool
take_value(void *context, const struct kp_value *value)
{
	struct fuzz_host *fuzz = context;
	FUZZ_CHECK(value->cell < CELLS);
	FUZZ_CHECK(value->item == 0 || value->item < fuzz->items);
	FUZZ_CHECK(value->bytes.len > 0);
	return true;
}

static bool
take_note(void *context, struct kp_text code, struct kp_text text)
{
	(void)context;
	(void)code;
	(void)text;
	return true;
}

static struct kp_text
find_header(const struct kp_head *head, struct kp_text name)
{
	const struct fuzz_host *fuzz = head->header_context;
	bool link = name.len == 4 && memcmp(name.data, "link", 4) == 0;
	return link ? fuzz->link : (struct kp_text){0};
}

static bool
take_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	(void)context;
	FUZZ_CHECK(name.len > 0 && statement.data[statement.len] == '\0');
	FUZZ_CHECK(memmem(statement.data, statement.len, FUZZ_BSN, 9) == NULL);
	return count == 0 || parameters != NULL;
}

void
fuzz_host_init(struct fuzz_host *fuzz)
{
	memset(fuzz, 0, sizeof(*fuzz));
	memset(fuzz->cells, 0xff, sizeof(fuzz->cells));
	kp_arena_init(&fuzz->arena, ARENA_BYTES_MAX, NULL);
	fuzz->host = (struct kp_host){
		.abi_major = KP_CONNECTOR_ABI_MAJOR,
		.abi_minor = KP_CONNECTOR_ABI_MINOR,
		.size = sizeof(fuzz->host),
		.context = fuzz,
		.find_cell = find_cell,
		.find_section = find_section,
		.cell_path = path_of,
		.nearest = nearest,
		.section_is_list = is_list,
		.finding = finding,
		.alloc = host_alloc,
	};
	fuzz->call_host = (struct kp_call_host){
		.size = sizeof(fuzz->call_host), .context = fuzz, .alloc = host_alloc};
	fuzz->sink = (struct kp_sink){.size = sizeof(fuzz->sink),
		.context = fuzz,
		.subject = take_subject,
		.item = take_item,
		.value = take_value,
		.note = take_note,
		.unmapped = take_text,
		.valid_on = take_text,
		.doubt = take_doubt};
	fuzz->writer = (struct kp_request_writer){.size = sizeof(fuzz->writer),
		.context = fuzz,
		.method = take_text,
		.target = take_target,
		.header = take_header,
		.body = take_text,
		.key = take_text,
		.query = take_query};
	fuzz->need = (struct kp_need){.size = sizeof(fuzz->need),
		.bsn = {FUZZ_BSN, 9},
		.purpose = {"een \"doel\"", 10},
		.case_id = {"Z/1?x=#", 7},
		.now = {"2026-01-01T00:00:00Z", 20},
		.cells = fuzz->cells,
		.cell_words = 4};
	fuzz->head = (struct kp_head){.size = sizeof(fuzz->head),
		.status = 200,
		.content_type = {"application/json", 16},
		.header = find_header,
		.header_context = fuzz};
}

void
fuzz_host_deinit(struct fuzz_host *fuzz)
{
	kp_arena_deinit(&fuzz->arena);
}

static int
feed(struct fuzz_host *fuzz, const struct kp_connector *connector, const void *instance,
	void *memory, struct kp_text answer, size_t piece)
{
	struct kp_fault fault = {0};
	enum kp_outcome outcome = KP_ERROR;
	int verdict = connector->prepare(
		instance, memory, &fuzz->call_host, &fuzz->need, &fuzz->writer, &fault);
	if (verdict == KP_DONE) {
		verdict = connector->head(
			instance, memory, &fuzz->head, &fuzz->sink, &fault);
	}
	for (size_t at = 0; verdict == KP_DONE && at < answer.len; at += piece) {
		size_t len = answer.len - at < piece ? answer.len - at : piece;
		verdict = connector->consume(instance, memory,
			(struct kp_text){answer.data + at, len}, &fuzz->sink, &fault);
	}
	if (verdict == KP_DONE) {
		verdict = connector->finish(
			instance, memory, &fuzz->sink, &outcome, &fault);
	}
	return verdict;
}

void
fuzz_host_call(struct fuzz_host *fuzz, const struct kp_connector *connector,
	const void *instance, struct kp_text answer, size_t piece)
{
	void *memory = calloc(1, connector->call_size + 1);
	if (memory == NULL) {
		return;
	}
	/* A few pages at most. */
	int verdict = KP_NEXT;
	for (fuzz->need.page = 0; verdict == KP_NEXT && fuzz->need.page < 3;
		fuzz->need.page++) {
		verdict = feed(fuzz, connector, instance, memory, answer, piece);
	}
	connector->end(instance, memory);
	free(memory);
}
