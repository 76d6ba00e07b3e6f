/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* register_organisations: organisaties.json, the kinds of organisation and each of them.
 */
#include "policies/register_read.h"

static bool
read_kind(struct kp_register_read *read, const struct kp_json_node *node)
{
	struct kp_registers *registers = read->registers;
	struct kp_organisation_kind *kind = &registers->kinds[registers->kind_count];
	if (kp_register_read_named(read, node, &registers->kind_index,
		    registers->kind_count, &kind->id, &kind->name, &kind->name_en)) {
		registers->kind_count++;
	}
	return true;
}

static bool
read_organisation(struct kp_register_read *read, const struct kp_json_node *node)
{
	static const char *const members[] = {
		"oin", "naam", "soort", "onder", "mandaten"};
	struct kp_registers *registers = read->registers;
	const struct kp_json_document *doc = &read->document;
	uint32_t at = registers->organisation_count;
	struct kp_organisation *organisation = &registers->organisations[at];
	*organisation = (struct kp_organisation){.parent = KP_NO_ID};
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "naam", KP_JSON_REQUIRED, &organisation->name);
	struct kp_slice kind = {0};
	if (kp_json_get_text(doc, node, "soort", KP_JSON_REQUIRED, &kind)) {
		organisation->kind =
			kp_register_resolve(read, kp_json_member(node, "soort"),
				&registers->kind_index, "kind of organisation", kind);
	}
	if (kp_words_get_oin(doc, node, "oin", KP_JSON_REQUIRED, &organisation->oin) &&
		kp_register_add_name(read, node, &registers->organisation_index,
			organisation->oin, at)) {
		registers->organisation_count++;
	}
	return true;
}

/* The organisation that this entry describes; NULL when it was not sound. */
static struct kp_organisation *
organisation_of(struct kp_register_read *read, const struct kp_json_node *node)
{
	const struct kp_json_node *oin = kp_json_member(node, "oin");
	uint32_t id = oin == NULL
		? KP_NO_ID
		: kp_name_index_find(&read->registers->organisation_index, oin->text);
	return id == KP_NO_ID ? NULL : &read->registers->organisations[id];
}

static bool
link_mandates(struct kp_register_read *read, const struct kp_json_node *node,
	struct kp_organisation *organisation)
{
	struct kp_slice *oins = NULL;
	size_t count = 0;
	if (!kp_json_get_texts(
		    &read->document, node, "mandaten", KP_JSON_OPTIONAL, &oins, &count)) {
		return true;
	}
	uint32_t *mandates = KP_ARENA_ARRAY(read->arena, uint32_t, count);
	if (mandates == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t id = kp_register_resolve(read, kp_json_member(node, "mandaten"),
			&read->registers->organisation_index, "organisation", oins[i]);
		if (id != KP_NO_ID) {
			mandates[organisation->mandate_count++] = id;
		}
	}
	organisation->mandates = mandates;
	return true;
}

static bool
stands_under_itself(
	const struct kp_registers *registers, const struct kp_organisation *organisation)
{
	for (uint32_t step = 0; step <= registers->organisation_count; step++) {
		if (organisation->parent == KP_NO_ID) {
			return false;
		}
		organisation = &registers->organisations[organisation->parent];
	}
	return true;
}

/* Runs when all organisations are known. */
static bool
link_organisation(struct kp_register_read *read, const struct kp_json_node *node)
{
	struct kp_organisation *organisation = organisation_of(read, node);
	if (organisation == NULL) {
		return true;
	}
	struct kp_slice parent = {0};
	if (kp_json_get_text(&read->document, node, "onder", KP_JSON_OPTIONAL, &parent)) {
		const struct kp_json_node *member = kp_json_member(node, "onder");
		organisation->parent = kp_register_resolve(read, member,
			&read->registers->organisation_index, "organisation", parent);
		if (stands_under_itself(read->registers, organisation)) {
			kp_json_finding(&read->document, member, "stands under itself");
			organisation->parent = KP_NO_ID;
		}
	}
	return link_mandates(read, node, organisation);
}

static bool
read_lists(struct kp_register_read *read)
{
	struct kp_registers *registers = read->registers;
	bool memory;
	void *array = NULL;
	const struct kp_json_node *kinds = kp_register_list(read, "soorten",
		KP_ORGANISATION_KINDS_MAX, sizeof(struct kp_organisation_kind), &array,
		&registers->kind_index, &memory);
	registers->kinds = array;
	if (!memory || (kinds != NULL && !kp_register_each(read, kinds, read_kind))) {
		return false;
	}
	const struct kp_json_node *organisations = kp_register_list(read, "organisaties",
		KP_ORGANISATIONS_MAX, sizeof(struct kp_organisation), &array,
		&registers->organisation_index, &memory);
	if (!memory || organisations == NULL) {
		return memory;
	}
	registers->organisations = array;
	return kp_register_each(read, organisations, read_organisation) &&
		kp_register_each(read, organisations, link_organisation);
}

enum kp_status
kp_registers_load_organisations(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_registers *registers)
{
	static const char *const members[] = {"soorten", "organisaties"};
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
