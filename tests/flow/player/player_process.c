/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_process: there is no machine to be confined on, no manager to tell, and no
 * program of a partner to start. */
#include "io/attendant.h"
#include "io/privilege.h"
#include "io/service.h"
#include "io/stream.h"

bool
kp_privilege_is_root(void)
{
	return false;
}

enum kp_status
kp_privilege_drop(const char *user, const char *group, struct kp_error *err)
{
	(void)user;
	(void)group;
	(void)err;
	return KP_OK;
}

enum kp_status
kp_privilege_confine_files(const struct kp_privilege_path *paths, size_t count,
	unsigned *ret_version, struct kp_error *err)
{
	(void)paths;
	(void)count;
	(void)err;
	*ret_version = 1;
	return KP_OK;
}

enum kp_status
kp_privilege_confine_calls(enum kp_privilege_calls unknown, struct kp_error *err)
{
	(void)unknown;
	(void)err;
	return KP_OK;
}

const char *
kp_privilege_hindrance(void)
{
	return NULL;
}

enum kp_status
kp_service_open(struct kp_service **ret_service, struct kp_error *err)
{
	(void)err;
	*ret_service = NULL;
	return KP_OK;
}

void
kp_service_close(struct kp_service **service)
{
	(void)service;
}

void
kp_service_notify(struct kp_service *service, enum kp_service_state state)
{
	(void)service;
	(void)state;
}

uint64_t
kp_service_alive_us(const struct kp_service *service)
{
	(void)service;
	return 0;
}

int
kp_service_socket(const struct kp_service *service, const char *host, uint16_t port)
{
	(void)service;
	(void)host;
	(void)port;
	return -1;
}

enum kp_status
kp_service_copy(int socket, int *ret_socket, struct kp_error *err)
{
	(void)err;
	*ret_socket = socket;
	return KP_OK;
}

/* The listener of player_stream.c needs none. */
enum kp_status
kp_listener_bind(const char *host, uint16_t port, int *ret_socket, uint16_t *ret_port,
	struct kp_error *err)
{
	(void)host;
	(void)err;
	*ret_socket = -1;
	*ret_port = port;
	return KP_OK;
}

enum kp_status
kp_attendant_start(struct kp_attendant **ret_attendant, struct kp_error *err)
{
	(void)ret_attendant;
	return kp_error_set(
		err, KP_E_CONFIG, "no program is started in the virtual world");
}

void
kp_attendant_stop(struct kp_attendant **attendant)
{
	KP_REQUIRE(*attendant == NULL);
}

enum kp_status
kp_attendant_open(struct kp_attendant *attendant,
	const struct kp_program_options *options, unsigned *ret_program,
	struct kp_error *err)
{
	(void)attendant;
	(void)options;
	(void)ret_program;
	return kp_error_set(
		err, KP_E_CONFIG, "no program is started in the virtual world");
}

void
kp_attendant_close(struct kp_attendant *attendant, unsigned program)
{
	(void)attendant;
	(void)program;
}

uint64_t
kp_attendant_starts(const struct kp_attendant *attendant, unsigned program)
{
	(void)attendant;
	(void)program;
	return 0;
}
