/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * manifest_keys: every key a manifest may hold, as data. The checker walks it, the JSON
 * schema is written from it, and a test holds the published schema against it. To add an
 * option: one row in manifest_keys*.c, one line in manifest*.c that reads it.
 */
#ifndef KP_CONNECTORS_MANIFEST_KEYS_H
#define KP_CONNECTORS_MANIFEST_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json_document.h"

enum kp_key_kind {
	KP_KEY_TEXT,
	KP_KEY_TEXT_OR_NULL,
	KP_KEY_TEXT_OR_FALSE,
	KP_KEY_INTEGER,
	KP_KEY_BOOLEAN,
	KP_KEY_CHOICE,
	KP_KEY_TEXTS, /* array of text */
	KP_KEY_SCALAR,
	KP_KEY_ANY,
	KP_KEY_OBJECT,
	KP_KEY_TEXT_OR_OBJECT,
};

struct kp_key {
	const char *name; /* NULL: any name, the only row of a map */
	enum kp_key_kind kind;
	bool required;
	int64_t min; /* of an integer */
	int64_t max;
	int64_t fallback;          /* of an integer */
	const char *const *words;  /* of a choice, NULL-terminated */
	const struct kp_key *keys; /* of an object; ends with kind KP_KEY_TEXT, no help */
	const char *help;
};

/* The rows of the whole manifest; the last has no help. */
const struct kp_key *kp_manifest_keys(void);

/* Reports everything in `node` that the rows do not allow. */
void kp_manifest_check_keys(const struct kp_json_document *document,
	const struct kp_json_node *node, const struct kp_key *keys);

/* The default of an integer option, of the object "limits" or "access/token"; of a map of
 * objects, what each of them has. */
int64_t kp_manifest_fallback(const char *object, const char *name);

#endif
