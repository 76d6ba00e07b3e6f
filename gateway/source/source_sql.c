/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_sql: the SQL transport of a call. What the connector asks runs as one read-only
 * transaction (io/sql.h); the rows go to the connector as one JSON array, as connector.h
 * describes it, so that a recorded answer can be tried without a database.
 */
#include <arpa/inet.h>
#include <string.h>

#include "core/json_write.h"
#include "source/source_private.h"

#define PORT_USUAL 5432
#define ROW_BYTES_MAX ((size_t)16 << 20)

/* What the manifest says. */

static bool
on_this_machine(struct kp_slice host)
{
	return kp_slice_is(host, "localhost") || kp_slice_is(host, "::1") ||
		kp_slice_starts(host, KP_SLICE("127."));
}

/* "host:port/database", an IPv6 address in brackets. False when it is not. */
static bool
read_endpoint(struct kp_slice text, struct kp_sql_target_options *options)
{
	const char *slash = memchr(text.data, '/', text.len);
	if (slash == NULL || slash == text.data || slash + 1 == text.data + text.len) {
		return false;
	}
	size_t at = (size_t)(slash - text.data);
	options->database = (struct kp_slice){slash + 1, text.len - at - 1};
	struct kp_slice host = {text.data, at};
	const char *colon = memrchr(host.data, ':', host.len);
	const char *bracket = memrchr(host.data, ']', host.len);
	options->port = PORT_USUAL;
	if (colon != NULL && (bracket == NULL || colon > bracket)) {
		unsigned port = 0;
		for (const char *digit = colon + 1; digit < slash; digit++) {
			if (*digit < '0' || *digit > '9' || port > UINT16_MAX) {
				return false;
			}
			port = port * 10 + (unsigned)(*digit - '0');
		}
		if (port == 0 || port > UINT16_MAX) {
			return false;
		}
		options->port = (uint16_t)port;
		host.len = (size_t)(colon - host.data);
	}
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
		host = (struct kp_slice){host.data + 1, host.len - 2};
	}
	options->host = host;
	return host.len > 0 && host.len <= 253;
}

static void
check_postgres(struct kp_source_opening *opening)
{
	static const struct kp_slice scheme = KP_SLICE_INIT("postgresql://");
	struct kp_source_private *private = opening->private;
	const struct kp_manifest *manifest = private->manifest;
	struct kp_sql_target_options *sql = &private->sql;
	struct kp_slice rest = {manifest->endpoint.data + scheme.len,
		manifest->endpoint.len - scheme.len};
	if (!read_endpoint(rest, sql)) {
		kp_source_finding(opening, &manifest->endpoint_place,
			"must be postgresql://host:port/database");
	} else if (private->access.anchor_file.len == 0 && !on_this_machine(sql->host)) {
		kp_source_finding(opening, &manifest->access.place,
			"has no 'anchor_file': a database elsewhere is asked over TLS, "
			"and "
			"that needs the certificates to trust");
	}
	sql->user = manifest->sql.user;
	if (manifest->access.kind == KP_ACCESS_BASIC) {
		(void)kp_source_split_secret(
			private->access.secret, &sql->user, &sql->password);
	} else if (manifest->access.kind != KP_ACCESS_NONE || sql->user.len == 0) {
		kp_source_finding(opening, &manifest->access.place,
			"needs kind 'basic' with a secret user:password, or a "
			"certificate "
			"and 'sql/user'");
	}
}

static enum kp_status
check_sql(struct kp_source_opening *opening)
{
	struct kp_source_private *private = opening->private;
	const struct kp_manifest *manifest = private->manifest;
	kp_source_check_access(opening, &manifest->access, &private->access);
	private->sql = (struct kp_sql_target_options){
		.engine = kp_slice_is(manifest->endpoint, "odbc:") ? KP_SQL_ODBC
								   : KP_SQL_POSTGRES,
		.name = manifest->source,
		.anchor_file = private->access.anchor_file,
		.certificate_file = private->access.certificate_file,
		.key_file = private->access.key_file,
		.connections_max = manifest->limits.concurrent,
		.waiting_max = manifest->limits.waiting,
		.connect_timeout_ms = manifest->limits.connect_ms,
		.idle_ms = manifest->limits.idle_ms,
	};
	if (kp_slice_starts(manifest->endpoint, KP_SLICE("postgresql://"))) {
		check_postgres(opening);
		return kp_source_read_tls(
			opening, manifest->endpoint, &manifest->access, &private->access);
	} else if (private->sql.engine == KP_SQL_ODBC) {
		private->sql.dsn = private->access.secret;
		if (manifest->access.kind != KP_ACCESS_DSN) {
			kp_source_finding(opening, &manifest->access.place,
				"needs kind 'dsn' with a secret: the connection string");
		}
	}
	return KP_OK;
}

static enum kp_status
open_sql(struct kp_source_link *link, struct kp_upstream *upstream, struct kp_error *err)
{
	(void)upstream;
	return kp_sql_target_open(
		link->loop, &link->source->private->sql, &link->database, err);
}

static void
close_sql(struct kp_source_link *link)
{
	kp_sql_target_close(&link->database);
}

/* Rows. */

static bool
hand_over(struct kp_source_call *call)
{
	bool more = !call->row.failed &&
		kp_source_call_consume(call, kp_buffer_slice(&call->row));
	if (call->row.failed) {
		kp_source_call_stop(call, KP_ERROR, KP_E_LIMIT,
			"het antwoord is groter dan de gateway mag verwerken");
	}
	call->row.len = 0;
	return more;
}

static enum kp_status
on_columns(void *owner, uint32_t query, const struct kp_slice *names, uint32_t count)
{
	struct kp_source_call *call = owner;
	struct kp_json_writer writer;
	kp_buffer_add_char(&call->row, call->head_seen ? ',' : '[');
	call->head_seen = true;
	kp_json_writer_init(&writer, &call->row);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "query");
	kp_json_write_string(&writer, call->query_names[query]);
	KP_JSON_WRITE_NAME(&writer, "columns");
	kp_json_write_array_begin(&writer);
	for (uint32_t i = 0; i < count; i++) {
		kp_json_write_string(&writer, names[i]);
	}
	kp_json_write_array_end(&writer);
	kp_json_write_object_end(&writer);
	return hand_over(call) ? KP_OK : KP_E_SOURCE;
}

static enum kp_status
on_row(void *owner, uint32_t query, const struct kp_slice *values, uint32_t count)
{
	struct kp_source_call *call = owner;
	struct kp_json_writer writer;
	(void)query;
	kp_buffer_add_char(&call->row, ',');
	kp_json_writer_init(&writer, &call->row);
	kp_json_write_array_begin(&writer);
	for (uint32_t i = 0; i < count; i++) {
		if (values[i].data == NULL) {
			kp_json_write_null(&writer);
		} else {
			kp_json_write_string(&writer, values[i]);
		}
	}
	kp_json_write_array_end(&writer);
	return hand_over(call) ? KP_OK : KP_E_SOURCE;
}

/* A failure in the words of a dossier. */
static void
stop_by_status(struct kp_source_call *call, enum kp_status status)
{
	static const struct {
		enum kp_status status;
		enum kp_outcome outcome;
		const char *reason;
	} rows[] = {
		{KP_E_TIMEOUT, KP_NOT_REACHED, "de bron antwoordde niet binnen de tijd"},
		{KP_E_BUSY, KP_NOT_REACHED, "er staan te veel vragen aan deze bron open"},
		{KP_E_RATE, KP_NOT_REACHED,
			"er zijn meer vragen per seconde dan met deze bron is "
			"afgesproken"},
		{KP_E_STOPPING, KP_NOT_REACHED, "de gateway stopt"},
		{KP_E_SOURCE_UNREACHABLE, KP_NOT_REACHED, "de bron is niet bereikt"},
		{KP_E_DENIED, KP_NOT_ENTITLED, "de bron geeft ons geen toegang"},
		{KP_E_LIMIT, KP_ERROR, "het antwoord is groter dan is toegestaan"},
		{KP_E_MEMORY, KP_ERROR,
			"de gateway heeft geen geheugen meer voor deze vraag"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (rows[i].status == status) {
			kp_source_call_stop(
				call, rows[i].outcome, status, rows[i].reason);
		}
	}
	kp_source_call_stop(call, KP_ERROR, status, "de bron meldt een fout");
}

static void
on_done(void *owner, enum kp_status status, const struct kp_error *err)
{
	struct kp_source_call *call = owner;
	call->sql = NULL;
	if (status == KP_OK && !call->stopped && !call->cancelled) {
		kp_buffer_add_char(&call->row, ']');
		if (hand_over(call)) {
			kp_source_call_finish(call);
			return;
		}
	}
	if (!call->cancelled && status != KP_OK) {
		if (!call->stopped && err != NULL) {
			(void)kp_error_text(
				err, call->fault.message, sizeof(call->fault.message));
		}
		stop_by_status(call, status);
	}
	kp_source_call_conclude(call, KP_ERROR);
}

static const struct kp_sql_handler handler = {
	.on_columns = on_columns,
	.on_row = on_row,
	.on_done = on_done,
};

static struct kp_text
no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

static enum kp_status
start(struct kp_source_call *call, uint32_t left_ms)
{
	struct kp_source_link *link = call->link;
	struct kp_head head = {.size = sizeof(head),
		.status = 200,
		.content_type = {"application/json", 16},
		.header = no_header};
	struct kp_sql_request request = {
		.queries = call->queries,
		.query_count = call->query_count,
		.timeout_ms = left_ms,
		.bytes_max = link->source->answer_bytes_max,
		.rows_max = link->source->private->manifest->limits.rows,
	};
	if (call->query_count == 0 || !kp_source_call_head(call, &head)) {
		return KP_E_SOURCE;
	}
	kp_buffer_init(&call->row, call->options.arena, ROW_BYTES_MAX);
	call->head_seen = false;
	return kp_sql_start(link->database, &request, &handler, call, &call->sql);
}

static void
send_sql(struct kp_source_call *call)
{
	uint32_t left_ms = kp_source_call_left_ms(call);
	enum kp_status status = left_ms == 0            ? KP_E_TIMEOUT
		: !kp_source_link_take_rate(call->link) ? KP_E_RATE
							: start(call, left_ms);
	if (status != KP_OK) {
		call->sql = NULL;
		stop_by_status(call, status);
		kp_source_call_conclude_later(call);
	}
}

static bool
cancel_sql(struct kp_source_call *call)
{
	if (call->sql == NULL) {
		return false;
	}
	kp_sql_cancel(call->sql);
	return true;
}

const struct kp_transport_row kp_source_sql = {
	.transport = KP_TRANSPORT_SQL,
	.check = check_sql,
	.open = open_sql,
	.close = close_sql,
	.send = send_sql,
	.cancel = cancel_sql,
};
