/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_test_explain: see policy_test_explain.h. */
#include "commands/policy_test_explain.h"

#include <string.h>

#include "commands/policy_explain.h"
#include "core/bits.h"
#include "policies/words.h"

#define INDENT 4u

static struct kp_slice
text_of(const json_t *object, const char *member)
{
	return kp_slice_from(json_string_value(json_object_get(object, member)));
}

static bool
has_fact(const json_t *test, const char *fact)
{
	return json_is_true(json_object_get(json_object_get(test, "feiten"), fact));
}

static enum kp_action
action_of(const json_t *test)
{
	struct kp_slice name = text_of(test, "actie");
	for (int i = 0; i < KP_ACTION_COUNT; i++) {
		if (kp_slice_is(name, kp_action_name((enum kp_action)i))) {
			return (enum kp_action)i;
		}
	}
	return KP_ACTION_READ;
}

/* As kp_policy_test_run has it. */
static struct kp_slice
who_asks(const struct kp_bundle *bundle, const json_t *test)
{
	const struct kp_purpose *purpose =
		kp_bundle_find_purpose(bundle, text_of(test, "doel"));
	const json_t *said = json_object_get(test, "medewerker");
	bool person = said != NULL ? json_is_true(said)
				   : purpose == NULL || !purpose->machine_only;
	return person ? KP_SLICE("proef") : (struct kp_slice){0};
}

/* `roles` has room for KP_ROLES_MAX. */
static struct kp_facts
facts_of(const struct kp_bundle *bundle, const json_t *test, struct kp_slice *roles)
{
	const json_t *names = json_object_get(test, "rollen");
	struct kp_facts facts = {.action = action_of(test),
		.employee = who_asks(bundle, test),
		.organisation = text_of(test, "organisatie"),
		.on_behalf_of = text_of(test, "namens"),
		.purpose = text_of(test, "doel"),
		.roles = roles,
		.in_caseload = has_fact(test, "inWerkvoorraad"),
		.has_case = has_fact(test, "heeftZaak"),
		.case_id = has_fact(test, "zaakGenoemd") ? KP_SLICE("proef")
							 : (struct kp_slice){0},
		.reason_given = has_fact(test, "redenGegeven"),
		.opted_out = has_fact(test, "bezwaar"),
		.self = has_fact(test, "zelf")};
	while (facts.role_count < json_array_size(names) &&
		facts.role_count < KP_ROLES_MAX) {
		roles[facts.role_count] = kp_slice_from(
			json_string_value(json_array_get(names, facts.role_count)));
		facts.role_count++;
	}
	(void)kp_words_parse_date(text_of(test, "datum"), &facts.now_ms);
	return facts;
}

/* The test and the path of an expectation; false when the place is not one. */
static bool
find_expectation(const json_t *root, const char *place, const json_t **ret_test,
	struct kp_slice *ret_path, bool *ret_should)
{
	unsigned at;
	unsigned item;
	char member[16];
	if (sscanf(place, "/proeven/%u/%15[a-zA-Z]/%u", &at, member, &item) != 3) {
		return false;
	}
	*ret_test = json_array_get(json_object_get(root, "proeven"), at);
	*ret_should = strcmp(member, "mag") == 0;
	*ret_path = kp_slice_from(json_string_value(
		json_array_get(json_object_get(*ret_test, member), item)));
	const char *source =
		ret_path->len == 0 ? NULL : memchr(ret_path->data, '@', ret_path->len);
	if (source != NULL) {
		ret_path->len = (size_t)(source - ret_path->data);
	}
	return ret_path->len > 0;
}

static void
explain(const struct kp_bundle *bundle, const struct kp_facts *facts,
	struct kp_slice path, bool should, bool english)
{
	uint64_t fields[KP_CATALOGUE_FIELDS_MAX / 64] = {0};
	const struct kp_explain question = {
		.bundle = bundle, .facts = *facts, .english = english};
	if (!kp_catalogue_select(bundle->catalogue, path, fields)) {
		return;
	}
	json_t *answer = kp_explain_json(&question, fields);
	size_t index;
	json_t *field;
	json_array_foreach(json_object_get(answer, "velden"), index, field)
	{
		if (json_is_true(json_object_get(field, "toegestaan")) != should) {
			kp_explain_print_field(field, INDENT, english);
			break;
		}
	}
	json_decref(answer);
}

void
kp_policy_test_explain(const struct kp_bundle *bundle, struct kp_slice tests,
	const char *place, bool english)
{
	struct kp_slice roles[KP_ROLES_MAX];
	struct kp_slice path = {0};
	const json_t *test = NULL;
	bool should = false;
	json_t *root = json_loadb(tests.data, tests.len, 0, NULL);
	if (root != NULL && find_expectation(root, place, &test, &path, &should)) {
		struct kp_facts facts = facts_of(bundle, test, roles);
		explain(bundle, &facts, path, should, english);
	}
	json_decref(root);
}
