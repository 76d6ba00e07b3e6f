/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_http: the HTTP transport of a call, and what its failures mean. */
#include <strings.h>

#include "source/source_token.h"

#define RETRY_COST_TENTH 10
#define RETRY_TOKENS_MAX 1000
/* A second try must have this much time. */
#define RETRY_LEFT_MS_MIN 20

static const enum kp_credential_kind credential_kinds[] = {
	[KP_ACCESS_NONE] = KP_CREDENTIAL_NONE,
	[KP_ACCESS_HEADER] = KP_CREDENTIAL_HEADER,
	[KP_ACCESS_BEARER] = KP_CREDENTIAL_BEARER,
	[KP_ACCESS_BASIC] = KP_CREDENTIAL_BASIC,
	[KP_ACCESS_DSN] = KP_CREDENTIAL_NONE,
	[KP_ACCESS_OAUTH2] = KP_CREDENTIAL_NONE, /* with each question */
	[KP_ACCESS_ZGW] = KP_CREDENTIAL_NONE,
	[KP_ACCESS_WSSE_TEXT] = KP_CREDENTIAL_NONE, /* in the message */
	[KP_ACCESS_WSSE_DIGEST] = KP_CREDENTIAL_NONE,
};

static bool
on_this_machine(struct kp_slice endpoint)
{
	static const char *const names[] = {
		"http://127.0.0.1", "http://localhost", "http://[::1]"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		struct kp_slice name = kp_slice_from(names[i]);
		if (kp_slice_starts(endpoint, name)) {
			char after =
				endpoint.len > name.len ? endpoint.data[name.len] : '/';
			return after == '/' || after == ':';
		}
	}
	return false;
}

void
kp_source_check_endpoint(struct kp_source_opening *opening, struct kp_slice endpoint,
	const struct kp_manifest_place *place,
	const struct kp_manifest_credentials *access)
{
	bool https = kp_slice_starts(endpoint, KP_SLICE("https://"));
	if (endpoint.len > 0 && !https && !on_this_machine(endpoint)) {
		kp_source_finding(
			opening, place, "plain http leaves this machine; use https");
	}
	if (https && access->anchor_file.len == 0) {
		kp_source_finding(opening, &access->place,
			"has no 'anchor_file': https needs the certificates to trust");
	}
}

static struct kp_tls_file
file_of(const struct kp_source_opening *opening, struct kp_slice path,
	const struct kp_manifest_place *place)
{
	return (struct kp_tls_file){.path = path.len == 0 ? NULL : path.data,
		.named_in = opening->file,
		.place = place->pointer,
		.line = place->line,
		.column = place->column};
}

enum kp_status
kp_source_read_tls(struct kp_source_opening *opening, struct kp_slice endpoint,
	const struct kp_manifest_credentials *credentials,
	struct kp_source_access *ret_access)
{
	const struct kp_manifest_place *place = &credentials->place;
	struct kp_tls_client_options options = {
		.certificate = file_of(opening, ret_access->certificate_file, place),
		.key = file_of(opening, ret_access->key_file, place),
		.anchors = file_of(opening, ret_access->anchor_file, place),
		.pin = credentials->pin};
	/* libpq reads a database's files itself; here they are checked, and their ends
	 * are known. */
	bool database = kp_slice_starts(endpoint, KP_SLICE("postgresql://"));
	if (!database && !kp_slice_starts(endpoint, KP_SLICE("https://"))) {
		if (ret_access->anchor_file.len > 0) {
			kp_source_finding(opening, place,
				"certificates are given, so the endpoint must be https");
		}
		return KP_OK;
	}
	if (options.anchors.path == NULL) {
		return KP_OK; /* found already, or a database on this machine */
	}
	if (opening->options->token != NULL) {
		options.token = *opening->options->token;
	}
	enum kp_status status =
		kp_tls_client_create(&options, opening->findings, &ret_access->tls);
	return status == KP_E_MEMORY ? status : KP_OK;
}

struct kp_upstream_target_options
kp_source_target(struct kp_slice name, struct kp_slice endpoint,
	const struct kp_manifest_credentials *credentials,
	const struct kp_source_access *access)
{
	return (struct kp_upstream_target_options){
		.name = name,
		.endpoint = endpoint,
		.credential = credential_kinds[credentials->kind],
		.credential_name = credentials->header,
		.credential_value = access->secret,
		.client = access->tls,
	};
}

static void
check_token_scheme(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	if (manifest->access.kind == KP_ACCESS_WSSE_TEXT &&
		!kp_slice_starts(manifest->endpoint, KP_SLICE("https://"))) {
		kp_source_finding(opening, &manifest->access.place,
			"wsse_text sends the password: the endpoint must be https");
	}
}

static enum kp_status
check_http(struct kp_source_opening *opening)
{
	const struct kp_manifest *manifest = opening->private->manifest;
	kp_source_check_endpoint(opening, manifest->endpoint, &manifest->endpoint_place,
		&manifest->access);
	if (manifest->request.bsn_in_url && !opening->options->bsn_in_url) {
		kp_source_finding(opening, &manifest->request.target_place,
			"asks with the client's number in the address; "
			"sources.bsn_in_url "
			"of the gateway does not allow that");
	}
	kp_source_check_access(opening, &manifest->access, &opening->private->access);
	enum kp_status status = kp_source_read_tls(opening, manifest->endpoint,
		&manifest->access, &opening->private->access);
	check_token_scheme(opening);
	if (manifest->access.kind == KP_ACCESS_DSN) {
		kp_source_finding(
			opening, &manifest->access.place, "kind 'dsn' is for databases");
	}
	if (status == KP_OK) {
		status = kp_source_issuer_check(opening);
	}
	return status != KP_OK ? status : kp_source_program_check(opening);
}

struct kp_upstream_target_options
kp_source_http_target(const struct kp_source *source, struct kp_slice endpoint)
{
	const struct kp_source_private *private = source->private;
	const struct kp_manifest *manifest = private->manifest;
	struct kp_upstream_target_options options = kp_source_target(
		source->name, endpoint, &manifest->access, &private->access);
	options.socket = kp_source_program_socket(private);
	options.connections_max = manifest->limits.concurrent;
	options.waiting_max = manifest->limits.waiting;
	options.connect_timeout_ms = manifest->limits.connect_ms;
	options.idle_ms = manifest->limits.idle_ms;
	options.head_bytes_max = manifest->limits.head_bytes;
	return options;
}

static enum kp_status
open_http(struct kp_source_link *link, struct kp_upstream *upstream, struct kp_error *err)
{
	const struct kp_source_private *private = link->source->private;
	struct kp_upstream_target_options options = kp_source_http_target(link->source,
		private->program == NULL ? private->manifest->endpoint
					 : KP_SLICE("http://127.0.0.1"));
	enum kp_status status =
		kp_upstream_target_open(upstream, &options, &link->target, err);
	if (status == KP_OK) {
		status = private->issuer == NULL
			? KP_OK
			: kp_source_token_open(link, upstream, &link->token, err);
		status = status == KP_OK ? kp_source_tables_open(link, upstream, err)
					 : status;
		status = status == KP_OK ? kp_source_health_open(link, err) : status;
		if (status != KP_OK) {
			kp_source_tables_stop(link);
			kp_source_token_close(&link->token);
			kp_upstream_target_close(&link->target);
		}
	}
	return status;
}

static void
close_http(struct kp_source_link *link)
{
	kp_source_token_close(&link->token);
	kp_upstream_target_close(&link->target);
}

/* Retries may be a tenth of the calls: enough for a broken connection, too few to make a
 * partner's trouble worse. */
static bool
take_retry(struct kp_source_call *call, enum kp_status status,
	const struct kp_upstream_timing *timing, const struct kp_error *err)
{
	bool broken = timing->first_us == 0 &&
		(status == KP_E_SOURCE_UNREACHABLE ||
			(status == KP_E_SOURCE && err != NULL && err->cause != 0));
	if (!broken) {
		return false;
	}
	struct kp_source_link *link = call->link;
	bool may = link->source->idempotent && !call->retried && !call->head_seen &&
		!call->cancelled && !call->stopped &&
		link->retry_tokens_tenth >= RETRY_COST_TENTH &&
		kp_source_call_left_ms(call) >= RETRY_LEFT_MS_MIN;
	if (may) {
		link->retry_tokens_tenth -= RETRY_COST_TENTH;
		call->retried = true;
	}
	return may;
}

/* What of the head a connector may see. */
struct head_fields {
	const struct kp_upstream_header *headers;
	size_t count;
};

static struct kp_text
find_header_at(const struct kp_head *head, struct kp_text name, uint32_t index)
{
	const struct head_fields *fields = head->header_context;
	for (size_t i = 0; i < fields->count; i++) {
		const struct kp_upstream_header *header = &fields->headers[i];
		if (header->name.len == name.len &&
			strncasecmp(header->name.data, name.data, name.len) == 0 &&
			index-- == 0) {
			return (struct kp_text){header->value.data, header->value.len};
		}
	}
	return (struct kp_text){0};
}

static struct kp_text
find_header(const struct kp_head *head, struct kp_text name)
{
	return find_header_at(head, name, 0);
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct kp_source_call *call = owner;
	struct head_fields fields = {.headers = headers, .count = header_count};
	struct kp_head head = {
		.size = sizeof(head),
		.status = status,
		.header = find_header,
		.header_context = &fields,
		.header_at = find_header_at,
	};
	head.content_type = find_header(&head, (struct kp_text){"content-type", 12});
	call->head_seen = true;
	if (call->cancelled) {
		return KP_E_CANCELLED;
	}
	if (status == 401 && kp_source_token_again(call)) {
		return KP_OK;
	}
	return kp_source_call_head(call, &head) ? KP_OK : KP_E_SOURCE;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct kp_source_call *call = owner;
	if (call->cancelled) {
		return KP_E_CANCELLED;
	}
	if (call->token_again) {
		return KP_OK;
	}
	return kp_source_call_consume(call, bytes) ? KP_OK : KP_E_SOURCE;
}

/* A failure of the transport in the words of a dossier. `refused`: upstream itself would
 * not take what came (too large). */
static void
stop_by_status(struct kp_source_call *call, enum kp_status status, bool refused)
{
	enum kp_outcome outcome = KP_NOT_REACHED;
	const char *reason = "de bron is niet bereikt";
	if (status == KP_E_TIMEOUT) {
		reason = "de bron antwoordde niet binnen de tijd";
	} else if (status == KP_E_BUSY) {
		reason = "er staan te veel vragen aan deze bron open";
	} else if (status == KP_E_LIMIT || status == KP_E_BODY_LIMIT ||
		status == KP_E_HEADER_LIMIT) {
		outcome = KP_ERROR;
		reason = "het antwoord is groter dan is toegestaan";
	} else if (status == KP_E_MEMORY) {
		outcome = KP_ERROR;
		reason = "de gateway heeft geen geheugen meer voor deze vraag";
	} else if (status == KP_E_STOPPING) {
		reason = "de gateway stopt";
	} else if (refused) {
		outcome = KP_ERROR;
		reason = "het antwoord van de bron houdt zich niet aan de grenzen";
	} else if (call->head_seen) {
		outcome = KP_ERROR;
		reason = "het antwoord van de bron brak af";
	}
	kp_source_call_stop(call, outcome, status, reason);
}

static void send_http(struct kp_source_call *call);

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct kp_source_call *call = owner;
	call->upstream = NULL;
	if (call->token_again && !call->cancelled) {
		call->token_again = false;
		kp_source_call_defer(call, send_http);
		return;
	}
	if (status == KP_OK && !call->stopped && !call->cancelled) {
		kp_source_call_finish(call);
		return;
	}
	if (take_retry(call, status, timing, err)) {
		kp_source_call_defer(call, send_http);
		return;
	}
	if (!call->cancelled && status != KP_OK) {
		if (!call->stopped && err != NULL) {
			(void)kp_error_text(
				err, call->fault.message, sizeof(call->fault.message));
		}
		stop_by_status(call, status,
			status == KP_E_SOURCE && err != NULL && err->cause == 0);
	}
	kp_source_call_conclude(call, KP_ERROR);
}

static const struct kp_upstream_handler handler = {
	.on_head = on_head,
	.on_body = on_body,
	.on_done = on_done,
};

static void
send_http(struct kp_source_call *call)
{
	struct kp_source_link *link = call->link;
	uint32_t left_ms = kp_source_call_left_ms(call);
	enum kp_status status = KP_OK;
	if (left_ms == 0) {
		status = KP_E_TIMEOUT;
	} else if (!kp_source_token_put(call, send_http)) {
		return;
	} else if (!kp_source_link_take_rate(link)) {
		status = KP_E_RATE;
	}
	call->request = (struct kp_upstream_request){
		.method = call->method,
		.target = call->target,
		.headers = call->headers,
		.header_count = call->header_count,
		.body = kp_buffer_slice(&call->body),
		.timeout_ms = left_ms,
		.once = !link->source->idempotent,
		.body_bytes_max = link->source->answer_bytes_max,
	};
	call->head_seen = false;
	if (status == KP_OK) {
		status = kp_upstream_start(
			link->target, &call->request, &handler, call, &call->upstream);
	}
	if (status == KP_OK) {
		if (link->retry_tokens_tenth < RETRY_TOKENS_MAX) {
			link->retry_tokens_tenth++;
		}
		return;
	}
	call->upstream = NULL;
	if (status == KP_E_RATE) {
		kp_source_call_stop(call, KP_NOT_REACHED, status,
			"er zijn meer vragen per seconde dan met deze bron is "
			"afgesproken");
	}
	stop_by_status(call, status, false);
	kp_source_call_conclude_later(call);
}

static bool
cancel_http(struct kp_source_call *call)
{
	kp_source_token_leave(&call->token_wait);
	if (call->upstream == NULL) {
		return false;
	}
	kp_upstream_cancel(call->upstream);
	return true;
}

const struct kp_transport_row kp_source_http = {
	.transport = KP_TRANSPORT_HTTP,
	.check = check_http,
	.open = open_http,
	.close = close_http,
	.send = send_http,
	.cancel = cancel_http,
};
