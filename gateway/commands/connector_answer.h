/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_answer: the recorded answer that `connector try --answer` reads. */
#ifndef KP_COMMANDS_CONNECTOR_ANSWER_H
#define KP_COMMANDS_CONNECTOR_ANSWER_H

#include "commands/connector_load.h"

/* The bytes a connector would be given: of the file, or of the rows when it is a workbook
 * of this source. What is wrong is printed. */
bool kp_connector_read_answer(struct kp_connector_load *load,
	const struct kp_source *source, const char *path, struct kp_slice *ret_answer);

#endif
