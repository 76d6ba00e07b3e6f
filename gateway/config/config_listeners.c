/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* config_listeners: where the gateway listens, and how it speaks TLS there; see
 * config.h. What the files hold is looked at by io/tls.h. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "config/config_private.h"

/* Is this a numeric address, and does it stay on this machine? */
static bool
numeric_address(const char *host, bool *ret_loopback)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, host, &v4) == 1) {
		*ret_loopback = (ntohl(v4.s_addr) >> 24) == 127;
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6) == 1) {
		*ret_loopback = IN6_IS_ADDR_LOOPBACK(&v6) != 0;
		return true;
	}
	return false;
}

/* TLS. */

static bool
note_file(struct kp_config_reader *reader, const struct kp_json_node *node,
	struct kp_tls_file *ret_file)
{
	struct kp_arena *arena = &reader->config->arena;
	char place[sizeof(((struct kp_error *)NULL)->place)];
	bool token = kp_slice_starts(node->text, KP_SLICE("pkcs11:"));
	ret_file->path = token ? kp_arena_copy(arena, node->text).data
			       : kp_config_resolve(reader, node->text);
	ret_file->named_in = reader->config->path;
	ret_file->place =
		kp_arena_strdup(arena, kp_json_pointer(node, place, sizeof(place)));
	ret_file->line = node->line;
	ret_file->column = node->column;
	return ret_file->path != NULL && ret_file->place != NULL;
}

static bool
read_file(struct kp_config_reader *reader, const struct kp_json_node *object,
	const char *name, enum kp_json_use use, struct kp_tls_file *ret_file)
{
	struct kp_slice path = {NULL, 0};
	return !kp_json_get_text(&reader->document, object, name, use, &path) ||
		note_file(reader, kp_json_member(object, name), ret_file);
}

/* A PIN in an URI is a secret in a configuration, and would be shown with it. */
static void
check_key(struct kp_config_reader *reader, const struct kp_json_node *object)
{
	const struct kp_json_node *key = kp_json_member(object, "key");
	if (key != NULL && key->kind == KP_JSON_KIND_STRING &&
		strstr(key->text.data, "pin-value") != NULL) {
		kp_json_finding(&reader->document, key,
			"a PIN does not belong here: make it a secret and name that in "
			"pkcs11.pin_secret");
	}
}

static bool
read_certificates(struct kp_config_reader *reader, const struct kp_json_node *object,
	struct kp_tls_server_options *tls)
{
	static const char *const known[] = {"certificate", "key", "ocsp"};
	const struct kp_json_node *array = kp_json_get_array(
		&reader->document, object, "certificates", KP_JSON_REQUIRED);
	if (array == NULL) {
		return true;
	}
	if (array->count == 0 || array->count > KP_TLS_CERTIFICATES_MAX) {
		kp_json_finding(&reader->document, array,
			"%" PRIu32 " certificates are given, and 1 to %zu are allowed",
			array->count, KP_TLS_CERTIFICATES_MAX);
		return true;
	}
	struct kp_tls_certificate *certificates = KP_ARENA_ARRAY(
		&reader->config->arena, struct kp_tls_certificate, array->count);
	bool room = certificates != NULL;
	for (const struct kp_json_node *node = array->first; room && node != NULL;
		node = node->next) {
		struct kp_tls_certificate *one = &certificates[tls->certificate_count++];
		(void)kp_json_expect_members(
			&reader->document, node, known, KP_ARRAY_LEN(known));
		check_key(reader, node);
		room = read_file(reader, node, "certificate", KP_JSON_REQUIRED,
			       &one->certificate) &&
			read_file(reader, node, "key", KP_JSON_REQUIRED, &one->key) &&
			read_file(reader, node, "ocsp", KP_JSON_OPTIONAL, &one->ocsp);
	}
	tls->certificates = certificates;
	return room;
}

static bool
read_crls(struct kp_config_reader *reader, const struct kp_json_node *object,
	struct kp_tls_server_options *tls)
{
	struct kp_slice *paths = NULL;
	size_t count = 0;
	const struct kp_json_node *array = kp_json_member(object, "crls");
	if (!kp_json_get_texts(&reader->document, object, "crls", KP_JSON_REQUIRED,
		    &paths, &count)) {
		return true;
	}
	if (count > KP_TLS_CRLS_MAX) {
		kp_json_finding(&reader->document, array,
			"%zu revocation lists are given, and at most %zu are allowed",
			count, KP_TLS_CRLS_MAX);
		return true;
	}
	struct kp_tls_file *crls =
		KP_ARENA_ARRAY(&reader->config->arena, struct kp_tls_file, count + 1);
	bool room = crls != NULL;
	for (const struct kp_json_node *node = array->first; room && node != NULL;
		node = node->next) {
		room = note_file(reader, node, &crls[tls->crl_count++]);
	}
	tls->crls = crls;
	return room;
}

/* Who may come in, and by which authorities. Revocation is never left out by accident. */
static bool
read_clients(struct kp_config_reader *reader, const struct kp_json_node *object,
	struct kp_tls_server_options *tls)
{
	static const char *const modes[] = {"none", "optional", "required"};
	size_t mode = KP_TLS_CLIENTS_NONE;
	(void)kp_json_get_choice(&reader->document, object, "clients", KP_JSON_REQUIRED,
		modes, KP_ARRAY_LEN(modes), &mode);
	tls->clients = (enum kp_tls_clients)mode;
	if (mode == KP_TLS_CLIENTS_NONE) {
		const char *const left_over[] = {"anchors", "crls"};
		for (size_t i = 0; i < KP_ARRAY_LEN(left_over); i++) {
			if (kp_json_member(object, left_over[i]) != NULL &&
				kp_json_member(object, "clients") != NULL) {
				kp_json_finding(&reader->document,
					kp_json_member(object, left_over[i]),
					"is of no use while clients is none");
			}
		}
		return true;
	}
	return read_file(reader, object, "anchors", KP_JSON_REQUIRED, &tls->anchors) &&
		read_crls(reader, object, tls);
}

static bool
read_tls(struct kp_config_reader *reader, const struct kp_json_node *object,
	struct kp_config_listener *listener)
{
	static const char *const known[] = {"certificates", "clients", "anchors", "crls"};
	const struct kp_config *config = reader->config;
	struct kp_tls_server_options *tls =
		KP_ARENA_ARRAY(&reader->config->arena, struct kp_tls_server_options, 1);
	if (tls == NULL) {
		return false;
	}
	(void)kp_json_expect_members(
		&reader->document, object, known, KP_ARRAY_LEN(known));
	tls->depth_max = (uint32_t)config->tls_chain_depth_max;
	tls->chain_bytes_max = config->tls_chain_bytes_max;
	tls->session_ms = (uint32_t)config->tls_session_lifetime_ms;
	tls->messages_max = (uint32_t)config->tls_messages_max;
	tls->http2 = true;
	listener->tls = tls;
	bool room = read_certificates(reader, object, tls);
	return read_clients(reader, object, tls) && room;
}

/* Addresses. */

const char *const kp_config_served[KP_CONFIG_SERVED] = {
	"api", "authzen", "health", "metrics"};

static void
read_served(struct kp_config_reader *reader, const struct kp_json_node *node,
	struct kp_config_listener *listener)
{
	const struct kp_json_node *array =
		kp_json_get_array(&reader->document, node, "serves", KP_JSON_OPTIONAL);
	/* The numbers of the process are for those on the machine, unless told otherwise.
	 */
	listener->serves = listener->loopback ? 15 : 7;
	if (array == NULL) {
		return;
	}
	listener->serves = 0;
	if (array->count == 0) {
		kp_json_finding(&reader->document, array,
			"a listener that serves nothing is of no use");
	}
	for (const struct kp_json_node *word = array->first; word != NULL;
		word = word->next) {
		size_t i = 0;
		while (i < KP_CONFIG_SERVED &&
			(word->kind != KP_JSON_KIND_STRING ||
				!kp_slice_is(word->text, kp_config_served[i]))) {
			i++;
		}
		if (i == KP_CONFIG_SERVED) {
			kp_json_finding(&reader->document, word,
				"a listener serves api, authzen, health or metrics");
			return;
		}
		listener->serves |= (uint32_t)1 << i;
	}
}

static bool
read_listener(struct kp_config_reader *reader, const struct kp_json_node *node,
	struct kp_config_listener *listener)
{
	static const char *const known[] = {"host", "port", "tls", "serves"};
	struct kp_slice host = {NULL, 0};
	int64_t port = 0;
	(void)kp_json_expect_members(&reader->document, node, known, KP_ARRAY_LEN(known));
	if (kp_json_get_text(&reader->document, node, "host", KP_JSON_REQUIRED, &host)) {
		listener->host = kp_arena_copy(&reader->config->arena, host).data;
		if (listener->host != NULL &&
			!numeric_address(listener->host, &listener->loopback)) {
			kp_json_finding(&reader->document, kp_json_member(node, "host"),
				"a numeric address is needed, such as 127.0.0.1 or ::1, "
				"not a name");
		}
	}
	if (kp_json_get_integer(
		    &reader->document, node, "port", KP_JSON_REQUIRED, 0, 65535, &port)) {
		listener->port = (uint16_t)port;
	}
	read_served(reader, node, listener);
	const struct kp_json_node *tls =
		kp_json_get_object(&reader->document, node, "tls", KP_JSON_OPTIONAL);
	bool room = listener->host != NULL || host.data == NULL;
	if (tls != NULL) {
		return read_tls(reader, tls, listener) && room;
	}
	if (listener->host != NULL && !listener->loopback &&
		numeric_address(listener->host, &listener->loopback) &&
		!listener->loopback) {
		kp_json_finding(&reader->document, node,
			"only a listener on loopback may do without tls");
	}
	return room;
}

static void
check_listener_twice(struct kp_config_reader *reader, const struct kp_json_node *node,
	const struct kp_config_listener *all, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (all[i].host != NULL && all[index].host != NULL && all[i].port != 0 &&
			all[i].port == all[index].port &&
			strcmp(all[i].host, all[index].host) == 0) {
			kp_json_finding(&reader->document, node,
				"listener %zu has the same address and port", i + 1);
			return;
		}
	}
}

static void
default_listener(struct kp_config_reader *reader)
{
	static const struct kp_config_listener listener = {
		.host = "127.0.0.1", .port = 8080, .loopback = true, .serves = 15};
	reader->config->listeners = &listener;
	reader->config->listener_count = 1;
}

enum kp_status
kp_config_read_listeners(struct kp_config_reader *reader)
{
	default_listener(reader);
	const struct kp_json_node *array = kp_json_get_array(
		&reader->document, reader->document.root, "listeners", KP_JSON_OPTIONAL);
	if (array == NULL) {
		return KP_OK;
	}
	if (array->count == 0 || array->count > KP_CONFIG_LISTENERS_MAX) {
		kp_json_finding(&reader->document, array,
			"%" PRIu32 " listeners are given, and 1 to %zu are allowed",
			array->count, KP_CONFIG_LISTENERS_MAX);
		return KP_OK;
	}
	struct kp_config_listener *listeners = KP_ARENA_ARRAY(
		&reader->config->arena, struct kp_config_listener, array->count);
	if (listeners == NULL) {
		return KP_E_MEMORY;
	}
	size_t count = 0;
	bool room = true;
	for (const struct kp_json_node *node = array->first; node != NULL;
		node = node->next) {
		room = read_listener(reader, node, &listeners[count]) && room;
		check_listener_twice(reader, node, listeners, count);
		count++;
	}
	reader->config->listeners = listeners;
	reader->config->listener_count = count;
	return room ? KP_OK : KP_E_MEMORY;
}
