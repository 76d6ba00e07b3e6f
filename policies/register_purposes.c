/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* register_purposes: doelen.json, the laws and the purposes under them. */
#include "policies/register_read.h"

static bool
read_law(struct kp_register_read *read, const struct kp_json_node *node)
{
	struct kp_registers *registers = read->registers;
	struct kp_law *law = &registers->laws[registers->law_count];
	if (kp_register_read_named(read, node, &registers->law_index,
		    registers->law_count, &law->id, &law->name, &law->name_en)) {
		registers->law_count++;
	}
	return true;
}

/* LDV (Logboek Dataverwerkingen) core 1.0: processing_activity_id is a URI. */
static void
read_activity(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_purpose *purpose)
{
	const struct kp_json_document *doc = &read->document;
	struct kp_slice uri = {0};
	if (!kp_json_get_text(doc, node, "verwerking", KP_JSON_REQUIRED, &uri)) {
		return;
	}
	bool sound = kp_slice_starts(uri, KP_SLICE("https://")) ||
		kp_slice_starts(uri, KP_SLICE("urn:"));
	for (size_t i = 0; i < uri.len; i++) {
		sound = sound && uri.data[i] > ' ' && uri.data[i] != '"' &&
			(unsigned char)uri.data[i] < 0x7f;
	}
	if (!sound) {
		kp_json_finding(doc, kp_json_member(node, "verwerking"),
			"must be a URI that begins with https:// or urn:");
		return;
	}
	purpose->activity_uri = uri;
}

static void
read_flags(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_purpose *purpose)
{
	const struct kp_json_document *doc = &read->document;
	(void)kp_json_get_boolean(
		doc, node, "bezwaarMogelijk", KP_JSON_OPTIONAL, &purpose->opt_out);
	(void)kp_json_get_boolean(
		doc, node, "vertrouwelijk", KP_JSON_OPTIONAL, &purpose->confidential);
	(void)kp_json_get_boolean(
		doc, node, "alleenMachine", KP_JSON_OPTIONAL, &purpose->machine_only);
	(void)kp_json_get_boolean(doc, node, "werkvoorraadVereist", KP_JSON_REQUIRED,
		&purpose->caseload_required);
	int64_t days = 0;
	(void)kp_json_get_integer(doc, node, "bewaartermijnDagen", KP_JSON_REQUIRED, 1,
		KP_RETENTION_DAYS_MAX, &days);
	purpose->retention_days = (int32_t)days;
}

static bool
read_purpose(struct kp_register_read *read, const struct kp_json_node *node)
{
	static const char *const members[] = {"id", "naam", "naamEn", "grondslag",
		"verwerking", "onder", "eigenaar", "bezwaarMogelijk", "vertrouwelijk",
		"alleenMachine", "werkvoorraadVereist", "bewaartermijnDagen",
		"geldigVanaf", "herzien"};
	struct kp_registers *registers = read->registers;
	const struct kp_json_document *doc = &read->document;
	uint32_t at = registers->purpose_count;
	struct kp_purpose *purpose = &registers->purposes[at];
	*purpose = (struct kp_purpose){0};
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "naam", KP_JSON_REQUIRED, &purpose->name);
	(void)kp_json_get_text(doc, node, "naamEn", KP_JSON_REQUIRED, &purpose->name_en);
	(void)kp_json_get_text(
		doc, node, "grondslag", KP_JSON_REQUIRED, &purpose->ground);
	(void)kp_json_get_text(doc, node, "onder", KP_JSON_REQUIRED, &purpose->parent);
	(void)kp_json_get_text(
		doc, node, "eigenaar", KP_JSON_REQUIRED, &registers->purpose_owners[at]);
	(void)kp_words_get_date(
		doc, node, "geldigVanaf", KP_JSON_REQUIRED, &purpose->valid_from_ms);
	(void)kp_words_get_date(
		doc, node, "herzien", KP_JSON_REQUIRED, &purpose->review_ms);
	read_activity(read, node, purpose);
	read_flags(read, node, purpose);
	if (!kp_words_get_id(doc, node, "id", &purpose->id)) {
		return true;
	}
	if (kp_name_index_find(&registers->law_index, purpose->id) != KP_NO_ID) {
		kp_json_finding(doc, node, "'%.*s' is the id of a law already",
			KP_SLICE_ARG(purpose->id));
	} else if (kp_register_add_name(
			   read, node, &registers->purpose_index, purpose->id, at)) {
		registers->purpose_count++;
	}
	return true;
}

/* Follows "onder" up to a law. A chain longer than there are purposes is a circle. */
static bool
ends_at_a_law(const struct kp_registers *registers, const struct kp_purpose *purpose)
{
	for (uint32_t step = 0; step <= registers->purpose_count; step++) {
		if (kp_name_index_find(&registers->law_index, purpose->parent) !=
			KP_NO_ID) {
			return true;
		}
		uint32_t up =
			kp_name_index_find(&registers->purpose_index, purpose->parent);
		if (up == KP_NO_ID) {
			return true; /* reported as unknown where it stands */
		}
		purpose = &registers->purposes[up];
	}
	return false;
}

/* Runs when all purposes are known: one may stand under a later one. */
static bool
check_parent(struct kp_register_read *read, const struct kp_json_node *node)
{
	const struct kp_registers *registers = read->registers;
	const struct kp_json_node *id = kp_json_member(node, "id");
	const struct kp_json_node *parent = kp_json_member(node, "onder");
	if (id == NULL || parent == NULL || parent->text.len == 0) {
		return true;
	}
	if (kp_name_index_find(&registers->purpose_index, parent->text) == KP_NO_ID) {
		(void)kp_register_resolve(read, parent, &registers->law_index,
			"law or purpose", parent->text);
		return true;
	}
	uint32_t self = kp_name_index_find(&registers->purpose_index, id->text);
	if (self != KP_NO_ID && !ends_at_a_law(registers, &registers->purposes[self])) {
		kp_json_finding(&read->document, parent, "'%.*s' stands under itself",
			KP_SLICE_ARG(id->text));
	}
	return true;
}

static bool
read_lists(struct kp_register_read *read)
{
	struct kp_registers *registers = read->registers;
	bool memory;
	void *array = NULL;
	const struct kp_json_node *laws = kp_register_list(read, "wetten", KP_LAWS_MAX,
		sizeof(struct kp_law), &array, &registers->law_index, &memory);
	registers->laws = array;
	if (!memory || (laws != NULL && !kp_register_each(read, laws, read_law))) {
		return false;
	}
	const struct kp_json_node *purposes = kp_register_list(read, "doelen",
		KP_PURPOSES_MAX, sizeof(struct kp_purpose), &array,
		&registers->purpose_index, &memory);
	if (!memory || purposes == NULL) {
		return memory;
	}
	registers->purposes = array;
	registers->purpose_owners =
		KP_ARENA_ARRAY(read->arena, struct kp_slice, purposes->count);
	return registers->purpose_owners != NULL &&
		kp_register_each(read, purposes, read_purpose) &&
		kp_register_each(read, purposes, check_parent);
}

enum kp_status
kp_registers_load_purposes(struct kp_arena *arena, const char *file, struct kp_slice text,
	struct kp_findings *findings, struct kp_registers *registers)
{
	static const char *const members[] = {"wetten", "doelen"};
	struct kp_register_read read;
	enum kp_status status =
		kp_register_begin(&read, arena, file, text, findings, registers);
	if (status != KP_OK) {
		return status;
	}
	(void)kp_json_expect_members(
		&read.document, read.document.root, members, KP_ARRAY_LEN(members));
	return read_lists(&read) ? kp_register_end(&read) : KP_E_MEMORY;
}
