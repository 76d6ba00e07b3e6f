/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* address: see address.h. */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool
v4_allowed(uint32_t address, bool on_loopback)
{
	if (address >> 24 == 127) {
		return on_loopback;
	}
	/* 0/8, link-local with the metadata services of clouds, multicast and above. */
	return address >> 24 != 0 && address >> 16 != 0xa9fe && address >> 28 < 14;
}

static bool
v6_allowed(const struct in6_addr *address, bool on_loopback)
{
	if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address)) {
		if (IN6_IS_ADDR_LOOPBACK(address)) {
			return on_loopback;
		}
		return false;
	}
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_LINKLOCAL(address) &&
		!IN6_IS_ADDR_MULTICAST(address) &&
		(!IN6_IS_ADDR_LOOPBACK(address) || on_loopback);
}

bool
kp_address_allowed(const struct sockaddr *address, bool on_loopback)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return v4_allowed(ntohl(in.sin_addr.s_addr), on_loopback);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		return v6_allowed(&in6.sin6_addr, on_loopback);
	}
	return false;
}

static bool
text_allowed(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		return kp_address_allowed((const struct sockaddr *)&in, false);
	}
	return inet_pton(AF_INET6, text, &in6.sin6_addr) == 1 &&
		kp_address_allowed((const struct sockaddr *)&in6, false);
}

/* The one at `index`, without brackets. */
static bool
copy_one(const char *addresses, unsigned index, char *out, size_t size)
{
	const char *at = addresses;
	for (unsigned i = 0; i < index; i++) {
		at = strchr(at, ',') + 1;
	}
	size_t len = strcspn(at, ",");
	if (len >= 2 && at[0] == '[') {
		at++;
		len -= 2;
	}
	return snprintf(out, size, "%.*s", (int)len, at) < (int)size;
}

bool
kp_address_choose(const char *addresses, unsigned *turn, char *out, size_t size)
{
	unsigned count = addresses[0] == '\0' ? 0 : 1;
	for (const char *at = addresses; *at != '\0'; at++) {
		count += *at == ',' ? 1 : 0;
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned index = (*turn % count + i) % count;
		if (copy_one(addresses, index, out, size) && text_allowed(out)) {
			*turn = index;
			return true;
		}
	}
	return false;
}
