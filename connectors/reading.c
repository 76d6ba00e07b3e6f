/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* reading: see reading.h. */
#include "connectors/reading.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "core/bits.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define TEXT_BYTES_FIRST ((size_t)512)
#define VALUES_FIRST 32

bool
kp_reading_wants(const struct kp_reading *reading, uint32_t cell)
{
	return cell / 64 < reading->need->cell_words &&
		kp_bits_has(reading->need->cells, cell);
}

/* What this question looks at: the way to every wanted field, and what guides. */
static void
mark_all(struct kp_reading *reading)
{
	const struct kp_mapping *mapping = reading->mapping;
	memcpy(reading->wanted,
		reading->codes_only ? mapping->code_guides : mapping->guides,
		mapping->node_count);
	for (uint32_t i = 0; i < mapping->field_count && !reading->codes_only; i++) {
		const struct kp_leaf *leaf = mapping->fields[i];
		if (leaf->node != NULL && kp_reading_wants(reading, leaf->cell)) {
			kp_mapping_mark(reading->wanted, leaf);
		}
	}
}

enum kp_status
kp_reading_init(struct kp_reading *reading, const struct kp_mapping *mapping,
	const struct kp_need *need, struct kp_arena *arena, bool codes_only)
{
	memset(reading, 0, sizeof(*reading));
	reading->mapping = mapping;
	reading->need = need;
	reading->arena = arena;
	reading->codes_only = codes_only;
	reading->wanted = KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count);
	reading->investigation =
		KP_ARENA_ARRAY(arena, unsigned char, mapping->node_count);
	reading->seen = KP_ARENA_ARRAY(arena, uint32_t, mapping->field_count + 1);
	reading->lists =
		KP_ARENA_ARRAY(arena, struct kp_reading_list, mapping->list_count + 1);
	bool made = reading->wanted != NULL && reading->investigation != NULL &&
		reading->seen != NULL && reading->lists != NULL;
	if (made && mapping->capture_count > 0) {
		reading->captures = KP_ARENA_ARRAY(
			arena, struct kp_reading_capture, mapping->capture_count);
		made = reading->captures != NULL;
	}
	if (made && mapping->dialect == KP_MAPPING_XML) {
		reading->inherited = KP_ARENA_ARRAY(
			arena, struct kp_reading_inherited, mapping->field_count + 1);
		reading->inside = KP_ARENA_ARRAY(arena, uint32_t, mapping->node_count);
		reading->inside_first =
			KP_ARENA_ARRAY(arena, size_t, mapping->node_count);
		made = reading->inherited != NULL && reading->inside != NULL &&
			reading->inside_first != NULL;
	}
	if (!made) {
		return KP_E_MEMORY;
	}
	kp_buffer_init(&reading->text, arena, TEXT_BYTES_MAX);
	(void)kp_buffer_reserve(&reading->text, TEXT_BYTES_FIRST);
	mark_all(reading);
	return KP_OK;
}

bool
kp_reading_fail(
	struct kp_reading *reading, const struct kp_node *node, const char *message)
{
	char path[sizeof(reading->fault.place)];
	kp_node_path(reading->mapping, node, path, sizeof(path));
	(void)kp_fault_set(&reading->fault, path, "%s", message);
	reading->failed = true;
	return false;
}

static bool
stop(struct kp_reading *reading)
{
	reading->stopped = true;
	return false;
}

bool
kp_reading_go_on(struct kp_reading *reading, bool more)
{
	return more || stop(reading);
}

bool
kp_reading_out_of_memory(struct kp_reading *reading)
{
	return kp_reading_fail(reading, NULL, "no memory is left for this answer");
}

int
kp_reading_verdict(const struct kp_reading *reading, struct kp_fault *fault)
{
	if (reading->failed) {
		*fault = reading->fault;
		return KP_FAIL;
	}
	if (reading->stopped) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	return KP_DONE;
}

/* Values that wait. */

static bool
grow_values(struct kp_reading *reading)
{
	struct kp_reading_value *values =
		kp_arena_fit(reading->arena, reading->values, reading->value_count,
			&reading->value_capacity, VALUES_FIRST, sizeof(*values));
	if (values == NULL) {
		return kp_reading_out_of_memory(reading);
	}
	reading->values = values;
	return true;
}

static inline bool
add_value(struct kp_reading *reading, struct kp_reading_value value)
{
	if (reading->value_count == reading->value_capacity && !grow_values(reading)) {
		return false;
	}
	reading->values[reading->value_count++] = value;
	return true;
}

/* Fits: see TEXT_BYTES_MAX. */
static uint32_t
text_end(const struct kp_reading *reading)
{
	return (uint32_t)reading->text.len;
}

static bool
keep_inherited(struct kp_reading *reading, const struct kp_leaf *leaf, uint32_t at)
{
	reading->inherited[leaf->id] = (struct kp_reading_inherited){
		.set = true, .at = at, .len = text_end(reading) - at};
	return true;
}

/* `quote` is '\0' for none. */
static inline bool
add_quoted(struct kp_buffer *buffer, char quote, struct kp_slice bytes)
{
	if (!kp_buffer_reserve(buffer, bytes.len + 2)) {
		return false;
	}
	char *at = buffer->data + buffer->len;
	if (quote != '\0') {
		*at++ = quote;
	}
	if (bytes.len > 0) {
		memcpy(at, bytes.data, bytes.len);
		at += bytes.len;
	}
	if (quote != '\0') {
		*at++ = quote;
	}
	buffer->len = (size_t)(at - buffer->data);
	return true;
}

bool
kp_reading_keep(struct kp_reading *reading, const struct kp_leaf *leaf, const char *quote,
	struct kp_slice bytes)
{
	bool single = leaf->list == KP_LEAF_SINGLE;
	bool inherits = leaf->inherits_from != NULL;
	uint32_t item = single || inherits ? 0 : reading->lists[leaf->list].serial;
	uint32_t scope = single ? reading->roots : item;
	bool had = inherits ? reading->inherited[leaf->id].set
			    : reading->seen[leaf->id] == scope;
	if (!kp_reading_wants(reading, leaf->cell) || had) {
		return true;
	}
	uint32_t at = text_end(reading);
	if (!add_quoted(&reading->text, quote[0], bytes)) {
		return kp_reading_out_of_memory(reading);
	}
	if (inherits) {
		return keep_inherited(reading, leaf, at);
	}
	reading->seen[leaf->id] = scope;
	reading->singles += single ? 1 : 0;
	return add_value(reading,
		(struct kp_reading_value){.leaf = leaf,
			.at = at,
			.len = text_end(reading) - at,
			.item = item});
}

static bool
send_item(struct kp_reading *reading, const struct kp_reading_value *value)
{
	struct kp_reading_list *list = &reading->lists[value->leaf->list];
	if (list->sent == value->item) {
		return true;
	}
	list->sent = value->item;
	return reading->sink->item(reading->sink->context,
		reading->mapping->lists[value->leaf->list].section, &list->item);
}

static bool
send_value(struct kp_reading *reading, const struct kp_reading_value *value)
{
	const struct kp_leaf *leaf = value->leaf;
	if (value->len == 0) {
		return true; /* nothing came to fill it */
	}
	struct kp_value out = {
		.size = sizeof(out),
		.cell = leaf->cell,
		.form = KP_VALUE_JSON,
		.bytes = {reading->text.data + value->at, value->len},
		.in_investigation = value->in_investigation,
	};
	if (value->valid_len > 0) {
		out.valid_on = (struct kp_text){
			reading->text.data + value->valid_at, value->valid_len};
	}
	if (leaf->list != KP_LEAF_SINGLE) {
		if (!send_item(reading, value)) {
			return false;
		}
		out.item = reading->lists[leaf->list].item;
	}
	return reading->sink->value(reading->sink->context, &out);
}

/* What is behind `cut` may be used again, unless a date of validity stands there that is
 * still to go with values. */
static void
cut_text(struct kp_reading *reading, size_t cut)
{
	bool held = reading->root_valid_len > 0 && reading->root_valid_at >= cut;
	for (uint32_t i = 0; !held && i < reading->mapping->list_count; i++) {
		const struct kp_reading_list *list = &reading->lists[i];
		held = list->serial != 0 && list->valid_len > 0 && list->valid_at >= cut;
	}
	if (!held) {
		reading->text.len = cut;
	}
}

/* Sends the values from `first` on; their room is used again. */
static bool
send_values(struct kp_reading *reading, size_t first)
{
	size_t count = reading->value_count;
	if (first >= count) {
		return true;
	}
	size_t cut = reading->text.len;
	for (size_t i = first; i < count; i++) {
		const struct kp_reading_value *value = &reading->values[i];
		cut = value->at < cut ? value->at : cut;
		if (!send_value(reading, value)) {
			return stop(reading);
		}
	}
	reading->value_count = first;
	cut_text(reading, cut);
	return true;
}

static bool
under_investigation(const struct kp_reading *reading, const struct kp_node *node)
{
	for (; node != NULL; node = node->parent) {
		if (reading->investigation[node->id] != 0) {
			return true;
		}
	}
	return false;
}

static void
settle_investigation(struct kp_reading *reading, size_t first)
{
	if (reading->mapping->manifest->response.in_investigation.len == 0) {
		return;
	}
	for (size_t i = first; i < reading->value_count; i++) {
		struct kp_reading_value *value = &reading->values[i];
		value->in_investigation = value->in_investigation ||
			under_investigation(reading, value->leaf->node);
	}
}

/* Items of list sections. */

static bool
add_constants(struct kp_reading *reading, const struct kp_leaf *leaf)
{
	for (; leaf != NULL; leaf = leaf->next) {
		if (!kp_reading_keep(reading, leaf, "", leaf->field->constant)) {
			return false;
		}
	}
	return true;
}

/* Room in the item that opens for what stands outside it and may come later: so that all
 * of an item stays together. */
static bool
add_rooms(struct kp_reading *reading, const struct kp_mapping_list *list,
	const struct kp_node *node, uint32_t item)
{
	bool fine = true;
	for (const struct kp_leaf *leaf = list->outside; fine && leaf != NULL;
		leaf = leaf->next_outside) {
		struct kp_reading_value room = {
			.leaf = leaf, .at = text_end(reading), .item = item};
		fine = leaf->item != node || !kp_reading_wants(reading, leaf->cell) ||
			add_value(reading, room);
	}
	return fine;
}

bool
kp_reading_begin_items(struct kp_reading *reading, const struct kp_node *node)
{
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		struct kp_reading_list *list = &reading->lists[at->list];
		list->serial = ++reading->serial;
		list->first = reading->value_count;
		list->valid_len = 0;
		reading->items++;
		const struct kp_mapping_list *of = &reading->mapping->lists[at->list];
		if (!add_constants(reading, of->constants) ||
			!add_rooms(reading, of, node, list->serial)) {
			return false;
		}
	}
	return true;
}

/* May values leave while the answer is still coming? */
static bool
may_send(const struct kp_reading *reading)
{
	const struct kp_manifest_response *response =
		&reading->mapping->manifest->response;
	return response->in_investigation.len == 0 && reading->holds == 0 &&
		(reading->subject_seen || response->subject_none);
}

bool
kp_reading_end_items(struct kp_reading *reading, const struct kp_node *node)
{
	if (node->items == NULL) {
		return true;
	}
	size_t first = reading->value_count;
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		struct kp_reading_list *list = &reading->lists[at->list];
		first = list->first < first ? list->first : first;
		for (size_t i = list->first;
			list->valid_len > 0 && i < reading->value_count; i++) {
			reading->values[i].valid_at = list->valid_at;
			reading->values[i].valid_len = list->valid_len;
		}
	}
	settle_investigation(reading, first);
	memset(reading->investigation + node->id, 0, node->id_end - node->id);
	bool fine = !may_send(reading) || send_values(reading, first);
	for (const struct kp_item_of *at = node->items; at != NULL; at = at->next) {
		reading->lists[at->list].serial = 0;
	}
	return fine;
}

void
kp_reading_begin_inherited(struct kp_reading *reading, const struct kp_node *node)
{
	if (node->inherited == NULL) {
		return;
	}
	if (reading->holds++ == 0) {
		reading->hold_first = reading->value_count;
	}
	reading->inside[node->id] = reading->serial;
	reading->inside_first[node->id] = reading->value_count;
	for (const struct kp_leaf *leaf = node->inherited; leaf != NULL;
		leaf = leaf->next_inherited) {
		reading->inherited[leaf->id].set = false;
	}
}

/* Gives every item that opened inside `node` what stands there for all of them. */
static void
fill_rooms(struct kp_reading *reading, const struct kp_node *node)
{
	uint32_t after = reading->inside[node->id];
	for (size_t i = reading->inside_first[node->id]; i < reading->value_count; i++) {
		struct kp_reading_value *room = &reading->values[i];
		const struct kp_leaf *leaf = room->leaf;
		if (room->len > 0 || leaf->inherits_from != node || room->item <= after) {
			continue;
		}
		const struct kp_reading_inherited *value = &reading->inherited[leaf->id];
		if (value->set) {
			room->at = value->at;
			room->len = value->len;
		}
	}
}

bool
kp_reading_end_inherited(struct kp_reading *reading, const struct kp_node *node)
{
	if (node->inherited == NULL) {
		return true;
	}
	fill_rooms(reading, node);
	reading->holds--;
	return !may_send(reading) || send_values(reading, reading->hold_first);
}

/* The person. */

bool
kp_reading_begin_root(struct kp_reading *reading)
{
	reading->roots++;
	reading->root_open = true;
	reading->subject_seen = false;
	return add_constants(reading, reading->mapping->constants);
}

bool
kp_reading_end_root(struct kp_reading *reading)
{
	reading->root_open = false;
	const struct kp_manifest_response *response =
		&reading->mapping->manifest->response;
	if (!response->subject_none && !reading->subject_seen) {
		reading->nameless = true;
		reading->root_valid_len = 0;
		reading->value_count = 0;
		memset(reading->investigation, 0, reading->mapping->node_count);
		return true;
	}
	if (reading->root_valid_len > 0) {
		struct kp_text date = {reading->text.data + reading->root_valid_at,
			reading->root_valid_len};
		reading->root_valid_len = 0;
		if (!reading->sink->valid_on(reading->sink->context, date)) {
			return stop(reading);
		}
	}
	settle_investigation(reading, 0);
	memset(reading->investigation, 0, reading->mapping->node_count);
	return reading->holds > 0 || send_values(reading, 0);
}

/* Some say in a code that a thing is not known, beside an echo of the question that looks
 * like data of nobody. */
static bool
says_nothing_found(const struct kp_reading *reading)
{
	return reading->code_known
		? reading->code_outcome == KP_NOTHING_FOUND
		: reading->present_known && reading->present_outcome == KP_NOTHING_FOUND;
}

bool
kp_reading_end(struct kp_reading *reading)
{
	if (!reading->nameless || reading->failed || says_nothing_found(reading)) {
		return true;
	}
	return kp_reading_fail(reading, reading->mapping->root,
		"the answer does not say whom it is about: nothing came at "
		"'response.subject'");
}

const struct kp_leaf *
kp_reading_leaf_of_form(const struct kp_node *node, enum kp_manifest_form form)
{
	for (const struct kp_leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next) {
		if (leaf->field != NULL && leaf->field->table == NULL &&
			leaf->field->form == form) {
			return leaf;
		}
	}
	return NULL;
}

bool
kp_reading_unmapped(
	struct kp_reading *reading, const struct kp_node *node, struct kp_slice name)
{
	if (reading->sink->unmapped == NULL || reading->codes_only) {
		return true;
	}
	char path[256];
	kp_node_path(reading->mapping, node, path, sizeof(path));
	size_t at = strlen(path);
	const char *between = reading->mapping->dialect == KP_MAPPING_XML ? "/" : ".";
	int written = snprintf(path + at, sizeof(path) - at, "%s%.*s",
		at > 0 ? between : "", KP_SLICE_ARG(name));
	if (written > 0) {
		at += (size_t)written;
	}
	at = at < sizeof(path) ? at : sizeof(path) - 1;
	return kp_reading_go_on(reading,
		reading->sink->unmapped(
			reading->sink->context, (struct kp_text){path, at}));
}

static bool
wants_fields(const struct kp_reading *reading, bool lists)
{
	for (uint32_t i = 0; i < reading->mapping->field_count; i++) {
		const struct kp_leaf *leaf = reading->mapping->fields[i];
		if ((leaf->list != KP_LEAF_SINGLE) == lists && leaf->node != NULL &&
			kp_reading_wants(reading, leaf->cell)) {
			return true;
		}
	}
	return false;
}

bool
kp_reading_found(const struct kp_reading *reading)
{
	if (reading->roots == 0 || reading->items > 0) {
		return reading->roots > 0;
	}
	if (reading->mapping->manifest->response.subject_none) {
		return reading->singles > 0;
	}
	return wants_fields(reading, false) || !wants_fields(reading, true);
}
