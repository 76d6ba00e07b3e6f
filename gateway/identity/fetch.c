/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fetch: see fetch.h. */
#include "identity/fetch.h"

#define CONNECTIONS_MAX 4u
#define WAITING_MAX 256u
#define CONNECT_TIMEOUT_MS 2000u
#define IDLE_MS 60000u
#define ARENA_BYTES_MAX ((size_t)512 * 1024)

enum kp_status
kp_outlet_open(struct kp_outlet *outlet, struct kp_upstream *upstream,
	struct kp_slice name, struct kp_tls_client *client, struct kp_slice url,
	struct kp_slice secret, struct kp_slice *ret_target, struct kp_error *err)
{
	struct kp_slice endpoint;
	if (!kp_url_split(url, &endpoint, ret_target) ||
		endpoint.len >= sizeof(outlet->endpoint)) {
		return kp_error_set(
			err, KP_E_CONFIG, "an issuer's address is not one or too long");
	}
	if (ret_target->len == 0) {
		*ret_target = KP_SLICE("/");
	}
	if (outlet->target != NULL && kp_slice_is(endpoint, outlet->endpoint)) {
		return KP_OK;
	}
	kp_outlet_close(outlet);
	const struct kp_upstream_target_options options = {
		.name = name,
		.endpoint = endpoint,
		.credential = secret.len > 0 ? KP_CREDENTIAL_BASIC : KP_CREDENTIAL_NONE,
		.credential_value = secret,
		.client = client,
		.connections_max = CONNECTIONS_MAX,
		.waiting_max = WAITING_MAX,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.idle_ms = IDLE_MS,
	};
	enum kp_status status =
		kp_upstream_target_open(upstream, &options, &outlet->target, err);
	if (status == KP_OK) {
		memcpy(outlet->endpoint, endpoint.data, endpoint.len);
		outlet->endpoint[endpoint.len] = '\0';
	}
	return status;
}

void
kp_outlet_close(struct kp_outlet *outlet)
{
	if (outlet->target != NULL) {
		kp_upstream_target_close(&outlet->target);
	}
	outlet->endpoint[0] = '\0';
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct kp_fetch *fetch = owner;
	(void)headers;
	(void)header_count;
	fetch->http_status = status;
	return status == 200 || fetch->keep_refusal ? KP_OK : KP_E_SOURCE;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct kp_fetch *fetch = owner;
	kp_buffer_add_slice(&fetch->buffer, bytes);
	return fetch->buffer.failed ? KP_E_LIMIT : KP_OK;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct kp_fetch *fetch = owner;
	struct kp_error own = {0};
	(void)timing;
	fetch->call = NULL;
	fetch->running = false;
	fetch->body = kp_buffer_slice(&fetch->buffer);
	if (fetch->http_status != 0 && fetch->http_status != 200) {
		status = status == KP_OK ? KP_E_SOURCE : status;
		(void)kp_error_set(&own, status, "the issuer answered with status %u",
			(unsigned)fetch->http_status);
		err = &own;
	}
	fetch->on_done(fetch, status, err);
}

static const struct kp_upstream_handler handler = {
	.on_head = on_head,
	.on_body = on_body,
	.on_done = on_done,
};

static bool
fill_request(struct kp_fetch *fetch, struct kp_slice target, struct kp_slice form)
{
	size_t count = 0;
	fetch->headers[count++] = (struct kp_upstream_header){
		KP_SLICE("Accept"), KP_SLICE("application/json")};
	if (form.len > 0) {
		fetch->headers[count++] =
			(struct kp_upstream_header){KP_SLICE("Content-Type"),
				KP_SLICE("application/x-www-form-urlencoded")};
	}
	fetch->request = (struct kp_upstream_request){
		.method = form.len > 0 ? KP_SLICE("POST") : KP_SLICE("GET"),
		.target = kp_arena_copy(&fetch->arena, target),
		.headers = fetch->headers,
		.header_count = count,
		.body_bytes_max = KP_FETCH_BYTES_MAX,
	};
	if (form.len > 0) {
		fetch->request.body = kp_arena_copy(&fetch->arena, form);
	}
	return fetch->request.target.data != NULL &&
		(form.len == 0 || fetch->request.body.data != NULL);
}

enum kp_status
kp_fetch_start(struct kp_fetch *fetch, struct kp_outlet *outlet, struct kp_slice target,
	struct kp_slice form, uint32_t timeout_ms)
{
	KP_REQUIRE(!fetch->running);
	kp_fetch_clear(fetch);
	kp_arena_init(&fetch->arena, ARENA_BYTES_MAX, NULL);
	kp_buffer_init(&fetch->buffer, &fetch->arena, KP_FETCH_BYTES_MAX);
	fetch->http_status = 0;
	enum kp_status status = KP_E_MEMORY;
	if (fill_request(fetch, target, form)) {
		fetch->request.timeout_ms = timeout_ms;
		status = kp_upstream_start(
			outlet->target, &fetch->request, &handler, fetch, &fetch->call);
	}
	fetch->running = status == KP_OK;
	if (status != KP_OK) {
		fetch->call = NULL;
		kp_fetch_clear(fetch);
	}
	return status;
}

void
kp_fetch_cancel(struct kp_fetch *fetch)
{
	if (fetch->call != NULL) {
		kp_upstream_cancel(fetch->call);
	}
}

void
kp_fetch_clear(struct kp_fetch *fetch)
{
	fetch->body = (struct kp_slice){NULL, 0};
	kp_arena_deinit(&fetch->arena);
}
