/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_transports: the ways a question can be carried. To add one: a file with its row,
 * and the row's name here. */
#include "source/source_private.h"

static const struct kp_transport_row *const transports[] = {
	&kp_source_http,
	&kp_source_file,
	&kp_source_sql,
};

const struct kp_transport_row *
kp_transport_find(enum kp_transport transport)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(transports); i++) {
		if (transports[i]->transport == transport) {
			return transports[i];
		}
	}
	return NULL;
}
