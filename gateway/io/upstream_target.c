/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_target: how one partner is reached. Everything that is the same for each call
 * is done once: the endpoint checked, certificates read, fixed header fields written.
 */
#include "io/upstream_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "io/tls_private.h"

#define ENDPOINT_BYTES_MAX ((size_t)2048)
#define CREDENTIAL_BYTES_MAX ((size_t)16384)
#define RESOLVE_FRESH_US ((uint64_t)60 * 1000000)
#define RESOLVE_RETRY_US ((uint64_t)1000000)
/* Certificates, keys and addresses change; a connection does not live for ever. */
#define CONNECTION_LIFE_S 1800L
#define BUFFER_BYTES 16384L
#define HEAD_BYTES_DEFAULT 16384u

static char *
copy_slice(struct kp_slice slice)
{
	char *copy = kp_heap_alloc(slice.len + 1);
	if (copy != NULL) {
		if (slice.len > 0) {
			memcpy(copy, slice.data, slice.len);
		}
		copy[slice.len] = '\0';
	}
	return copy;
}

/* The endpoint. */

static char *
url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
		return NULL;
	}
	char *copy = kp_heap_strdup(text);
	curl_free(text);
	return copy;
}

static bool
url_has(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return has;
}

static void
judge_host(struct kp_upstream_target *target)
{
	struct in_addr in;
	struct in6_addr in6;
	const char *host = target->host;
	if (inet_pton(AF_INET, host, &in) == 1) {
		target->literal = true;
		target->on_loopback = ntohl(in.s_addr) >> 24 == 127;
	} else if (host[0] == '[') {
		char bare[INET6_ADDRSTRLEN + 1];
		size_t len = strlen(host);
		target->literal = true;
		if (len >= 2 && len - 2 < sizeof(bare)) {
			memcpy(bare, host + 1, len - 2);
			bare[len - 2] = '\0';
			target->on_loopback = inet_pton(AF_INET6, bare, &in6) == 1 &&
				IN6_IS_ADDR_LOOPBACK(&in6);
		}
	} else {
		target->on_loopback = strcmp(host, "localhost") == 0;
	}
}

static enum kp_status
keep_endpoint(struct kp_upstream_target *target, CURLU *url, struct kp_error *err)
{
	char *scheme = url_part(url, CURLUPART_SCHEME, 0);
	target->host = url_part(url, CURLUPART_HOST, 0);
	target->port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	target->base = url_part(url, CURLUPART_PATH, 0);
	if (scheme == NULL || target->host == NULL || target->port == NULL ||
		target->base == NULL) {
		kp_heap_free(scheme);
		return kp_error_set(err, KP_E_MEMORY, "no memory for an endpoint");
	}
	target->tls = strcmp(scheme, "https") == 0;
	kp_heap_free(scheme);
	size_t base_len = strlen(target->base);
	if (base_len > 0 && target->base[base_len - 1] == '/') {
		target->base[--base_len] = '\0';
	}
	target->base_len = base_len;
	if (strlen(target->host) > KP_HOST_BYTES_MAX) {
		return kp_error_set(err, KP_E_CONFIG,
			"the endpoint's host name has more than %zu bytes",
			KP_HOST_BYTES_MAX);
	}
	size_t size = strlen(target->host) + strlen(target->port) + 16;
	target->url = kp_heap_alloc(size);
	if (target->url == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for an endpoint");
	}
	(void)snprintf(target->url, size, "%s://%s:%s/", target->tls ? "https" : "http",
		target->host, target->port);
	judge_host(target);
	return KP_OK;
}

static enum kp_status
check_endpoint(struct kp_slice endpoint, struct kp_error *err)
{
	for (size_t i = 0; i < endpoint.len; i++) {
		unsigned char byte = (unsigned char)endpoint.data[i];
		if (byte <= ' ' || byte >= 0x7f) {
			return kp_error_set(err, KP_E_CONFIG,
				"the endpoint has bytes that a URL does not have");
		}
	}
	if (endpoint.len == 0 || endpoint.len > ENDPOINT_BYTES_MAX) {
		return kp_error_set(err, KP_E_CONFIG,
			"the endpoint must have 1 to %zu bytes", ENDPOINT_BYTES_MAX);
	}
	return KP_OK;
}

static enum kp_status
read_endpoint(
	struct kp_upstream_target *target, struct kp_slice endpoint, struct kp_error *err)
{
	enum kp_status status = check_endpoint(endpoint, err);
	if (status != KP_OK) {
		return status;
	}
	char *text = copy_slice(endpoint);
	CURLU *url = curl_url();
	if (text == NULL || url == NULL) {
		status = kp_error_set(err, KP_E_MEMORY, "no memory for an endpoint");
	} else if (strncmp(text, "http://", 7) != 0 &&
		strncmp(text, "https://", 8) != 0) {
		status = kp_error_set(err, KP_E_CONFIG,
			"the endpoint must begin with https:// or http://");
	} else if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
		status = kp_error_set(err, KP_E_CONFIG, "the endpoint is not a URL");
	} else if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD) ||
		url_has(url, CURLUPART_QUERY) || url_has(url, CURLUPART_FRAGMENT)) {
		status = kp_error_set(err, KP_E_CONFIG,
			"the endpoint may have no user, query or fragment");
	} else {
		status = keep_endpoint(target, url, err);
	}
	curl_url_cleanup(url);
	kp_heap_free(text);
	return status;
}

/* Certificates. */

static struct kp_tls_file
file_of(char *path)
{
	return (struct kp_tls_file){.path = path, .named_in = "", .place = ""};
}

/* Whoever has no object to share names files; they are read here, once. */
static enum kp_status
read_files(struct kp_upstream_target *target,
	const struct kp_upstream_target_options *options, struct kp_error *err)
{
	struct kp_findings findings;
	struct kp_slice key =
		options->key_file.len > 0 ? options->key_file : options->certificate_file;
	char *anchors = copy_slice(options->anchor_file);
	char *certificate = copy_slice(options->certificate_file);
	char *key_path = copy_slice(key);
	struct kp_tls_client_options client = {.anchors = file_of(anchors)};
	enum kp_status status = KP_E_MEMORY;
	kp_findings_init(&findings, 1);
	if (anchors != NULL && certificate != NULL && key_path != NULL) {
		if (certificate[0] != '\0') {
			client.certificate = file_of(certificate);
			client.key = file_of(key_path);
		}
		status = kp_tls_client_create(&client, &findings, &target->client);
	}
	if (findings.count > 0 && err != NULL) {
		*err = findings.items[0];
	} else if (status != KP_OK) {
		(void)kp_error_set(err, status, "no memory for certificates");
	}
	kp_findings_deinit(&findings);
	kp_heap_free(anchors);
	kp_heap_free(certificate);
	kp_heap_free(key_path);
	return status;
}

static enum kp_status
take_trust(struct kp_upstream_target *target,
	const struct kp_upstream_target_options *options, struct kp_error *err)
{
	if (!target->tls) {
		if (options->client != NULL || options->anchor_file.len > 0 ||
			options->certificate_file.len > 0) {
			return kp_error_set(err, KP_E_CONFIG,
				"certificates are given, so the endpoint must be https");
		}
		return target->on_loopback
			? KP_OK
			: kp_error_set(err, KP_E_CONFIG,
				  "plain http is for loopback addresses only");
	}
	if (options->client != NULL) {
		target->client = kp_tls_client_ref(options->client);
		return KP_OK;
	}
	if (options->anchor_file.len == 0) {
		return kp_error_set(
			err, KP_E_CONFIG, "an https endpoint needs a trust anchor file");
	}
	return read_files(target, options, err);
}

static CURLcode
on_ssl_context(CURL *easy, void *context, void *data)
{
	(void)easy;
	const struct kp_upstream_target *target = data;
	return kp_tls_client_equip(target->client, context) ? CURLE_OK
							    : CURLE_SSL_CERTPROBLEM;
}

/* Credentials. */

static bool
field_value_valid(struct kp_slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char byte = (unsigned char)value.data[i];
		if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
			return false;
		}
	}
	return value.len <= CREDENTIAL_BYTES_MAX;
}

/* "Basic " and the base64 of "user:password" (RFC 7617). */
static char *
basic_value(struct kp_slice value)
{
	static const char prefix[] = "Basic ";
	size_t size = sizeof(prefix) + 4 * ((value.len + 2) / 3);
	char *text = kp_heap_alloc(size);
	if (text != NULL) {
		memcpy(text, prefix, sizeof(prefix));
		(void)EVP_EncodeBlock((unsigned char *)text + sizeof(prefix) - 1,
			(const unsigned char *)value.data, (int)value.len);
	}
	return text;
}

/* Header fields of every question: Host (RFC 9112, section 3.2), ours, the credential. */
static bool
keep_fixed(struct kp_upstream_target *target, struct kp_slice name, const char *prefix,
	struct kp_slice value)
{
	bool default_port = strcmp(target->port, target->tls ? "443" : "80") == 0;
	size_t size = strlen(target->host) + strlen(target->port) + name.len +
		strlen(prefix) + value.len + 64;
	target->fixed = kp_heap_alloc(size);
	if (target->fixed == NULL) {
		return false;
	}
	int len = snprintf(target->fixed, size,
		"Host: %s%s%s\r\nUser-Agent: ketenpoort\r\n%.*s%s%s%.*s%s", target->host,
		default_port ? "" : ":", default_port ? "" : target->port,
		KP_SLICE_ARG(name), name.len > 0 ? ": " : "", prefix, KP_SLICE_ARG(value),
		name.len > 0 ? "\r\n" : "");
	target->fixed_len = (size_t)len;
	return len >= 0;
}

static enum kp_status
check_credential(const struct kp_upstream_target_options *options, struct kp_error *err)
{
	struct kp_slice value = options->credential_value;
	if (!field_value_valid(value) || value.len == 0) {
		return kp_error_set(err, KP_E_CONFIG,
			"the credential is empty, too long or has control characters");
	}
	if (options->credential == KP_CREDENTIAL_HEADER &&
		!kp_http_token_valid(options->credential_name)) {
		return kp_error_set(
			err, KP_E_CONFIG, "the credential's header name is not one");
	}
	return KP_OK;
}

static enum kp_status
keep_credential(struct kp_upstream_target *target,
	const struct kp_upstream_target_options *options, struct kp_error *err)
{
	struct kp_slice value = options->credential_value;
	char *basic = NULL;
	bool kept = false;
	enum kp_status status = options->credential == KP_CREDENTIAL_NONE
		? KP_OK
		: check_credential(options, err);
	if (status != KP_OK) {
		return status;
	}
	switch (options->credential) {
	case KP_CREDENTIAL_NONE:
		kept = keep_fixed(target, KP_SLICE(""), "", KP_SLICE(""));
		break;
	case KP_CREDENTIAL_HEADER:
		kept = keep_fixed(target, options->credential_name, "", value);
		break;
	case KP_CREDENTIAL_BEARER:
		kept = keep_fixed(target, KP_SLICE("Authorization"), "Bearer ", value);
		break;
	case KP_CREDENTIAL_BASIC:
		basic = basic_value(value);
		kept = basic != NULL &&
			keep_fixed(target, KP_SLICE("Authorization"), "",
				kp_slice_from(basic));
		kp_heap_free(basic);
		break;
	}
	return kept ? KP_OK
		    : kp_error_set(err, KP_E_MEMORY, "no memory for a credential");
}

/* Names. */

static void
on_resolved(void *owner, const char *addresses)
{
	struct kp_upstream_target *target = owner;
	target->resolve = NULL;
	target->resolved_us = kp_loop_now_us(target->upstream->loop);
	/* A look-up that fails leaves the addresses of the last one in use. */
	if (addresses[0] != '\0') {
		size_t size = strlen(target->host) + strlen(target->port) +
			strlen(addresses) + 3;
		char *text = kp_heap_alloc(size);
		if (text != NULL) {
			(void)snprintf(text, size, "%s:%s:%s", target->host, target->port,
				addresses);
			if (target->resolved_text == NULL ||
				strcmp(text, target->resolved_text) != 0) {
				kp_heap_free(target->resolved_text);
				target->resolved_text = text;
				target->resolved.data = text;
				target->resolve_round++;
			} else {
				kp_heap_free(text);
			}
		}
	}
	kp_upstream_target_ready(target);
}

static void
look_up(struct kp_upstream_target *target)
{
	if (target->resolve == NULL &&
		kp_resolve_start(target->upstream->loop, target->host, on_resolved,
			target, &target->resolve) != KP_OK) {
		target->resolved_us = kp_loop_now_us(target->upstream->loop);
	}
}

bool
kp_upstream_target_resolved(struct kp_upstream_target *target)
{
	if (target->literal) {
		return true;
	}
	uint64_t age_us = kp_loop_now_us(target->upstream->loop) - target->resolved_us;
	bool known = target->resolved_text != NULL;
	if (target->resolved_us == 0 ||
		age_us > (known ? RESOLVE_FRESH_US : RESOLVE_RETRY_US)) {
		look_up(target);
	}
	return known || target->resolve == NULL;
}

/* Without all of these there is no handle: a partner reached without verification is
 * worse than one not reached. */
bool
kp_upstream_target_secure(struct kp_upstream_target *target, CURL *easy)
{
	const char *scheme = target->tls ? "https" : "http";
	if (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, scheme) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_URL, target->url) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, target->socket) !=
			CURLE_OK) {
		return false;
	}
	if (!target->tls) {
		return true;
	}
	return curl_easy_setopt(easy, CURLOPT_SSLVERSION,
		       (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, target) == CURLE_OK &&
		(target->client->pin == NULL ||
			curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY,
				target->client->pin) == CURLE_OK);
}

/* Life. */

/* Closes connections that have not been used for a while, and shards without any. */
static void
on_idle(struct kp_timer *timer)
{
	struct kp_upstream_target *target =
		KP_CONTAINER_OF(timer, struct kp_upstream_target, idle_timer);
	struct kp_loop *loop = target->upstream->loop;
	uint64_t now_us = kp_loop_now_us(loop);
	uint64_t idle_us = (uint64_t)target->idle_ms * 1000;
	if (now_us >= idle_us) {
		kp_upstream_close_idle(target, now_us - idle_us);
	}
	struct kp_upstream_shard **at = &target->shards;
	while (*at != NULL) {
		struct kp_upstream_shard *shard = *at;
		if (shard->connections == 0) {
			*at = shard->next;
			kp_upstream_shard_destroy(shard);
		} else {
			at = &shard->next;
		}
	}
	kp_timer_start(loop, timer, idle_us);
}

static enum kp_status
fill_target(struct kp_upstream_target *target,
	const struct kp_upstream_target_options *options, struct kp_error *err)
{
	target->idle_timer.fire = on_idle;
	target->connections_max =
		options->connections_max > 0 ? options->connections_max : 1;
	target->waiting_max = options->waiting_max;
	target->connect_timeout_ms = options->connect_timeout_ms;
	target->idle_ms = options->idle_ms > 0 ? options->idle_ms : 1000;
	target->head_bytes_max = options->head_bytes_max > 0 ? options->head_bytes_max
							     : HEAD_BYTES_DEFAULT;
	target->name = copy_slice(options->name);
	target->socket = options->socket.len > 0 ? copy_slice(options->socket) : NULL;
	if (target->name == NULL || (options->socket.len > 0 && target->socket == NULL)) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a partner");
	}
	enum kp_status status = read_endpoint(target, options->endpoint, err);
	if (status == KP_OK) {
		status = take_trust(target, options, err);
	}
	if (status == KP_OK) {
		status = keep_credential(target, options, err);
	}
	return status;
}

enum kp_status
kp_upstream_target_open(struct kp_upstream *upstream,
	const struct kp_upstream_target_options *options,
	struct kp_upstream_target **ret_target, struct kp_error *err)
{
	struct kp_upstream_target *target = kp_heap_calloc(1, sizeof(*target));
	if (target == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a partner");
	}
	target->upstream = upstream;
	target->next = upstream->targets;
	target->prev_next = &upstream->targets;
	if (target->next != NULL) {
		target->next->prev_next = &target->next;
	}
	upstream->targets = target;
	enum kp_status status = fill_target(target, options, err);
	if (status != KP_OK) {
		kp_upstream_target_free(target);
		return status;
	}
	kp_timer_start(
		upstream->loop, &target->idle_timer, (uint64_t)target->idle_ms * 1000);
	(void)kp_upstream_target_resolved(target);
	*ret_target = target;
	return KP_OK;
}

static void
free_connections(struct kp_upstream_target *target)
{
	kp_upstream_close_idle(target, UINT64_MAX);
	while (target->shards != NULL) {
		struct kp_upstream_shard *shard = target->shards;
		target->shards = shard->next;
		kp_upstream_shard_destroy(shard);
	}
}

void
kp_upstream_target_free(struct kp_upstream_target *target)
{
	KP_REQUIRE(target->calls == 0 && !target->ready);
	*target->prev_next = target->next;
	if (target->next != NULL) {
		target->next->prev_next = target->prev_next;
	}
	kp_timer_stop(target->upstream->loop, &target->idle_timer);
	kp_resolve_cancel(&target->resolve);
	free_connections(target);
	kp_tls_client_unref(&target->client);
	kp_heap_free(target->fixed);
	kp_heap_free(target->resolved_text);
	kp_heap_free(target->url);
	kp_heap_free(target->base);
	kp_heap_free(target->host);
	kp_heap_free(target->port);
	kp_heap_free(target->name);
	kp_heap_free(target->socket);
	kp_heap_free(target);
}
