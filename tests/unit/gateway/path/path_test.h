/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * path_test: what tests of the path look at: the answer, its problem, metrics, who was
 * asked.
 */
#ifndef PATH_TEST_H
#define PATH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/path_rig.h"

#define FREE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"vrij\"}"
#define INTAKE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"intake\"}"

static const struct kp_fake_grant grants[] = {
	{"vrij", "consulent", KP_ACTION_READ, "persoon,uitkeringen,voertuigen", false},
	{"intake", "consulent", KP_ACTION_READ, "persoon.naam", false},
	{"intake", "kijker", KP_ACTION_READ_OUTSIDE, "persoon.naam", true},
};

static void
begin(struct kp_rig *rig)
{
	kp_rig_init(rig, grants, KP_ARRAY_LEN(grants));
}

static json_t *
answer_json(const struct kp_rig *rig)
{
	json_error_t err;
	json_t *root = json_loads(rig->client.body_seen,
		JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &err);
	if (root == NULL) {
		fail_msg("%s: %s", err.text, rig->client.body_seen);
	}
	return root;
}

static const char *
status_of(json_t *root, const char *source)
{
	json_t *entry;
	size_t i;
	json_array_foreach(json_object_get(root, "bronnen"), i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "bron")), source) ==
			0) {
			return json_string_value(json_object_get(entry, "status"));
		}
	}
	return "absent";
}

static void
expect_problem(struct kp_rig *rig, unsigned status, const char *code)
{
	assert_int_equal(rig->client.status, status);
	assert_non_null(strstr(rig->client.headers_seen, "application/problem+json"));
	json_t *root = answer_json(rig);
	assert_string_equal(json_string_value(json_object_get(root, "code")), code);
	assert_int_equal(
		(unsigned)json_number_value(json_object_get(root, "status")), status);
	assert_non_null(json_object_get(root, "title"));
	assert_non_null(json_object_get(root, "detail"));
	json_decref(root);
}

static unsigned
asked_partners(const struct kp_rig *rig)
{
	unsigned asked = 0;
	for (unsigned i = KP_RIG_BRP; i < KP_RIG_PARTNERS; i++) {
		asked += rig->partners[i].asked;
	}
	return asked;
}

#endif
