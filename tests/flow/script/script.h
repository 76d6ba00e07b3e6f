/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * script: reads a .flow file and plays it on a stage. tests/flow/README.md is the
 * language.
 */
#ifndef KP_FLOW_SCRIPT_H
#define KP_FLOW_SCRIPT_H

#include <stdbool.h>

/* Plays the file; prints what failed with file and line. True when every expectation
 * held. */
bool script_play(const char *path, const char *root);

#endif
