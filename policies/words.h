/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* words: the kinds of text that a policy set's registers are made of, with their checks.
 */
#ifndef KP_POLICIES_WORDS_H
#define KP_POLICIES_WORDS_H

#include "core/json_document.h"

#define KP_WORD_BYTES_MAX 64u

/*
 * Getters as in json_document.h, each with a stricter grammar:
 *   id    lower-case letters, digits and '-', starting with a letter:
 * "participatiewet-intake" name  letters and digits, starting with a lower-case letter:
 * "dienstverbanden" path  names joined by dots: "naam.voornamen" oin   20 digits
 * (Organisatie-identificatienummer) date  a day "2027-06-01"; the answer is 00:00 UTC of
 * it in milliseconds
 */
bool kp_words_get_id(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, struct kp_slice *ret_id);
bool kp_words_get_name(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, struct kp_slice *ret_name);
bool kp_words_get_path(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	struct kp_slice *ret_path);
bool kp_words_get_oin(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	struct kp_slice *ret_oin);
bool kp_words_get_date(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	int64_t *ret_ms);

/* "2027-06-01" to milliseconds; false when it is not a day. */
bool kp_words_parse_date(struct kp_slice text, int64_t *ret_ms);

/* Adds "unknown WHAT 'name'; meant is 'near'?"; `near` may be empty. */
void kp_words_report_unknown(const struct kp_json_document *document,
	const struct kp_json_node *node, const char *what, struct kp_slice name,
	struct kp_slice near);

#endif
