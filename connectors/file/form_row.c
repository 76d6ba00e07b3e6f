/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* form_row: see form_row.h. */
#include "connectors/file/form_row.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/value.h"

struct kp_slice
kp_form_row_text(const struct kp_form_row *row, size_t column)
{
	return column < row->count ? kp_value_trim(row->values[column].text)
				   : (struct kp_slice){0};
}

void
kp_form_row_place(uint64_t number, char ret_place[KP_FORM_ROW_PLACE_BYTES])
{
	(void)snprintf(ret_place, KP_FORM_ROW_PLACE_BYTES, "row %llu",
		(unsigned long long)number);
}

bool
kp_form_row_refuse(struct kp_fault *fault, uint64_t number, const char *why)
{
	char place[KP_FORM_ROW_PLACE_BYTES];
	kp_form_row_place(number, place);
	(void)kp_fault_set(fault, place, "%s", why);
	return false;
}
