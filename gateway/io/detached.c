/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* detached: see detached.h. */
#include "io/detached.h"

#include <pthread.h>
#include <signal.h>

bool
kp_detached_start(void *(*body)(void *argument), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	sigset_t old;
	(void)sigfillset(&all);
	if (pthread_attr_init(&attributes) != 0) {
		return false;
	}
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int code = pthread_create(&thread, &attributes, body, argument);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attributes);
	return code == 0;
}
