/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* small_set: a policy set of a few names, to which a test adds its rules. */
#ifndef KP_TESTS_POLICIES_SMALL_SET_H
#define KP_TESTS_POLICIES_SMALL_SET_H

#include "set.h"
#include "small_files.h"

/* Everything but rules; the schema is the shipped one. */
static inline void
small_begin(struct set *set)
{
	set_begin(set);
	set_file(set, KP_FILE_CATALOGUE, SMALL_CATALOGUE);
	set_file(set, KP_FILE_PURPOSES, SMALL_PURPOSES);
	set_file(set, KP_FILE_ORGANISATIONS, SMALL_ORGANISATIONS);
	set_file(set, KP_FILE_ROLES, SMALL_ROLES);
	set_file(set, KP_FILE_PROFILES, SMALL_PROFILES);
	set_file(set, KP_FILE_SCHEMA,
		set_read_file(set, KP_SOURCE_DIR "/policies/voorbeeld/" KP_FILE_SCHEMA));
}

#endif
