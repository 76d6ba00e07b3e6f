/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* table_path: see table_path.h. */
#include "connectors/table_path.h"

static bool
take_name(struct kp_slice *text, struct kp_slice *ret_name)
{
	*ret_name = kp_slice_cut(text, '.');
	bool ends = text->data != NULL && text->len == 0;
	return ret_name->len > 0 && !ends &&
		memchr(ret_name->data, '[', ret_name->len) == NULL &&
		memchr(ret_name->data, ']', ret_name->len) == NULL;
}

bool
kp_table_path_read(struct kp_slice text, bool array, struct kp_table_path *ret_path)
{
	struct kp_table_path path = {.count = 0};
	if (array) {
		if (text.len < 2 || memcmp(text.data + text.len - 2, "[]", 2) != 0) {
			return false;
		}
		text.len -= 2;
	} else if (text.len == 0) {
		return false;
	}
	while (text.len > 0) {
		if (path.count == KP_TABLE_PATH_NAMES_MAX ||
			!take_name(&text, &path.names[path.count++])) {
			return false;
		}
	}
	*ret_path = path;
	return true;
}
