/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * service: what a service manager and the gateway tell each other, by the protocols of
 * sd_notify(3) and sd_listen_fds(3), without their library. Without a manager everything
 * here does nothing. Open before there are threads; notify from any thread.
 */
#ifndef KP_IO_SERVICE_H
#define KP_IO_SERVICE_H

#include <stdint.h>

#include "core/error.h"

struct kp_service;

/* Takes what the manager left in the environment, and out of it. KP_E_CONFIG when that
 * makes no sense, KP_E_MEMORY. */
enum kp_status kp_service_open(
	struct kp_service **ret_service, struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. */
void kp_service_close(struct kp_service **service);

enum kp_service_state {
	KP_SERVICE_READY, /* also after a reload, whatever came of it */
	KP_SERVICE_RELOADING,
	KP_SERVICE_STOPPING,
	KP_SERVICE_ALIVE, /* due every kp_service_alive_us */
};

/* Does not wait and cannot fail; NULL, or no manager: nothing happens. */
void kp_service_notify(struct kp_service *service, enum kp_service_state state);
/* How often the manager wants to hear that we live, halved; 0: not at all. */
uint64_t kp_service_alive_us(const struct kp_service *service);

/* A listening socket the manager opened for us on this address, or -1. It stays the
 * service's; kp_service_copy makes one to use. */
int kp_service_socket(const struct kp_service *service, const char *host, uint16_t port);
enum kp_status kp_service_copy(
	int socket, int *ret_socket, struct kp_error *err) KP_MUST_USE;

#endif
