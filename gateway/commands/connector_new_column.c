/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_column: see connector_new_column.h. */
#include "commands/connector_new_column.h"

#include <string.h>

#include "connectors/rows.h"
#include "connectors/value.h"
#include "core/mask.h"

/* Of a day with or without a leading zero the one that takes both: what was looked at is
 * the beginning of one delivery. */
static const char *const patterns[KP_NEW_PATTERNS] = {
	"yyyy-mm-dd", "yyyymmdd", "d-m-yyyy", "d/m/yyyy", "d.m.yyyy", "yyyy/mm/dd"};

/* A client number, also without the zero it begins with. */
static bool
is_bsn(struct kp_slice text)
{
	char digits[KP_BSN_DIGITS];
	return text.len >= 8 && kp_bsn_valid(kp_bsn_normal(text, digits));
}

bool
kp_new_is_number(struct kp_slice text)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++) {
		bool digit = text.data[i] >= '0' && text.data[i] <= '9';
		digits += digit ? 1 : 0;
		if (!digit && strchr(".,-", text.data[i]) == NULL) {
			return false;
		}
	}
	return digits > 0;
}

static bool
is_answer(struct kp_slice text)
{
	bool yes = false;
	return (text.data[0] < '0' || text.data[0] > '9') &&
		kp_value_yes_no(text, &yes) == KP_VALUE_MADE;
}

void
kp_new_column_look(struct kp_new_column *column, struct kp_slice text)
{
	char date[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	text = kp_value_trim(text);
	if (text.len == 0) {
		return;
	}
	column->filled++;
	column->persons += is_bsn(text) ? 1 : 0;
	column->numbers += kp_new_is_number(text) ? 1 : 0;
	column->answers += is_answer(text) ? 1 : 0;
	for (size_t i = 0; i < KP_NEW_PATTERNS; i++) {
		/* A zero part is unknown; an empty date says nothing of its form. */
		column->dates[i] += kp_value_date(kp_slice_from(patterns[i]), text, date,
					    &len) != KP_VALUE_WRONG
			? 1
			: 0;
	}
}

void
kp_new_column_judge(const struct kp_new_column *column, struct kp_new_leaf *leaf)
{
	/* One in twenty may be wrong: people typed them. */
	uint32_t most = column->filled - column->filled / 20;
	if (column->filled == 0) {
		return;
	}
	leaf->bsn = column->persons >= most;
	/* Dates of which a part is unknown are often written otherwise. */
	size_t best = 0;
	for (size_t i = 1; i < KP_NEW_PATTERNS; i++) {
		best = column->dates[i] > column->dates[best] ? i : best;
	}
	if (!leaf->bsn && column->dates[best] >= column->filled - column->filled / 5) {
		leaf->type = KP_NEW_DATE;
		leaf->date = kp_slice_from(patterns[best]);
	}
	if (leaf->type != KP_NEW_DATE && column->answers >= most) {
		/* It becomes yes or no by a form. */
		leaf->type = KP_NEW_TEXT;
	} else if (leaf->type != KP_NEW_DATE && column->numbers >= most) {
		leaf->type = KP_NEW_NUMBER;
	}
}

static bool
write_key(struct kp_new *new)
{
	json_t *file = json_object_get(new->manifest, "file");
	if (new->leaf_count == 0) {
		return false;
	}
	struct kp_slice key =
		new->subject != NULL ? new->subject->path : new->leaves[0].path;
	if (new->subject == NULL) {
		kp_new_todo(new,
			"file.key: no column passes the eleven-proof or is "
			"called one; name the column of the client number");
	}
	kp_new_set(new, file, "key", kp_new_text(key));
	return true;
}

void
kp_new_describe_file(struct kp_new *new, const char *path, const char *form, json_t *more)
{
	const char *slash = strrchr(path, '/');
	char *name = kp_arena_strdup(new->arena, slash == NULL ? path : slash + 1);
	json_t *file = json_object();
	if (name != NULL && kp_mask_bsn(name, strlen(name)) > 0) {
		new->persons_dropped = true;
	}
	kp_new_set(new, new->manifest, "connector", json_string("file"));
	kp_new_set(new, new->manifest, "idempotent", json_true());
	kp_new_set(new, file, "path", json_string(name));
	if (strcmp(form, "csv") != 0) {
		kp_new_set(new, file, "form", json_string(form));
	}
	if (more != NULL && json_object_update(file, more) != 0) {
		new->failed = true;
	}
	kp_new_set(new, new->manifest, "file", file);
	new->finish = write_key;
	kp_new_todo(new,
		"file.path: where deliveries are put; with yyyymmdd in its name "
		"and \"dated_by\": \"name\" the latest counts, and "
		"'max_age_hours' says how old it may be");
}
