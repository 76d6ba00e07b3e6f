/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * attendant: a small process beside the gateway that runs partners' own programs. The
 * gateway itself gives up starting programs (privilege.h); before it does, it leaves this
 * one behind, which can do nothing else.
 *
 * The attendant makes a socket for each program and hands it over as descriptor 3, the
 * way systemd does (sd_listen_fds(3)), so that questions wait while the program is
 * started anew; confines the program (confine.h); starts it again when it ends, later and
 * later while it keeps ending; and ends with the gateway, its programs first.
 */
#ifndef KP_IO_ATTENDANT_H
#define KP_IO_ATTENDANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define KP_PROGRAMS_MAX 256u
#define KP_PROGRAM_ARGUMENTS_MAX ((size_t)32)

struct kp_attendant; /* process lifetime */

struct kp_program_options {
	const char *const *command; /* program and arguments, NULL at the end */
	const char *folder;         /* where it runs, and all of its own it may read */
	const char *socket; /* path of its socket, replaced when it is there; the folder
			       is made, for this user only */
	uint64_t memory_bytes_max; /* address space */
	uint32_t files_max;        /* open at the same time */
	bool network;              /* may open sockets of its own */
	bool show_errors; /* its standard error is ours; else nobody sees it, since it
			     could hold client data */
};

/* Before the process has other threads. KP_E_IO, KP_E_MEMORY. */
enum kp_status kp_attendant_start(
	struct kp_attendant **ret_attendant, struct kp_error *err) KP_MUST_USE;
/* Ends it and its programs, and waits for that: a few seconds at most. Accepts NULL. */
void kp_attendant_stop(struct kp_attendant **attendant);

/*
 * The socket is there when this returns KP_OK; the program follows. Any thread; waits for
 * the attendant, so never on a loop. KP_E_LIMIT, KP_E_CONFIG, KP_E_IO.
 */
enum kp_status kp_attendant_open(struct kp_attendant *attendant,
	const struct kp_program_options *options, unsigned *ret_program,
	struct kp_error *err) KP_MUST_USE;
/* Its program is asked to end and soon made to. Any thread; does not wait. */
void kp_attendant_close(struct kp_attendant *attendant, unsigned program);
/* How often it was started. Any thread. */
uint64_t kp_attendant_starts(const struct kp_attendant *attendant, unsigned program);

#endif
