/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* workbook: a workbook (.xlsx) of one sheet, from its rows as a script writes them. */
#ifndef KP_FLOW_WORKBOOK_H
#define KP_FLOW_WORKBOOK_H

#include <stddef.h>

/* A line is a row, ';' stands between its cells, and a cell of digits only is a number.
 * What comes back is the caller's to free; NULL when it cannot be made. */
char *workbook_make(const char *rows, size_t *ret_len);

#endif
