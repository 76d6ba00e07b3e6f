/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * manifest: the JSON file that describes one partner, as structs. The host reads who,
 * where, how secured and how much; the connector reads what to ask and how to map the
 * answer. What may be written is in one table (manifest_keys.c), from which the checker
 * and the published manifest.schema.json both come.
 *
 * Everything is immutable after reading and lives in the arena it was read into.
 */
#ifndef KP_CONNECTORS_MANIFEST_H
#define KP_CONNECTORS_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "connectors/connector.h"
#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_MANIFEST_BYTES_MAX ((size_t)1 << 20)
#define KP_MANIFEST_COMMAND_MAX ((size_t)32)

/* Where something stands in the manifest. */
struct kp_manifest_place {
	const char *pointer; /* JSON pointer */
	unsigned line;
	unsigned column;
};

/* What is done with a value on its way from the answer to the dossier. */
enum kp_manifest_form {
	KP_FORM_AS_IS, /* exactly the scalar the source wrote */
	KP_FORM_DATE,  /* text in `date_pattern` becomes ISO 8601, partly unknown too */
	KP_FORM_DATE_OBJECT, /* Haal Centraal's date objects become ISO 8601 */
	KP_FORM_YES_NO,      /* J/N, Ja/Nee, 1/0, true/false become true and false */
	KP_FORM_PRESENT,     /* true when the member is there, whatever it holds */
	KP_FORM_NUMBER, /* text becomes a JSON number; a comma may be the decimal point */
	KP_FORM_CENTS,  /* whole cents become an amount with two decimals */
};

struct kp_manifest_row {
	struct kp_slice key;   /* as the source writes it */
	struct kp_slice value; /* one JSON scalar */
	struct kp_slice text;  /* the same without quotes, escapes decoded */
};

/* A code table that the partner publishes and the host fetches. Nothing in it is of a
 * question. */
struct kp_manifest_fetch {
	struct kp_slice from;  /* path on the endpoint's host, perhaps with a query */
	struct kp_slice items; /* path of the rows: "results[]", "[]" */
	struct kp_slice key;   /* in a row */
	struct kp_slice value;
	struct kp_slice next;       /* link to the next page, from the top; empty: none */
	struct kp_slice links_from; /* in place of `from`, in links */
	bool required; /* the source is not asked before the table is there */
	uint32_t refresh_s;
	uint32_t refresh_min_s; /* bounds of what the partner's max-age says */
	uint32_t refresh_max_s;
	uint32_t rows; /* limits: of the whole table */
	uint32_t pages;
	uint32_t bytes;
	uint32_t time_ms;
};

/* A code table. */
struct kp_manifest_table {
	struct kp_slice name;
	const struct kp_manifest_row *rows;
	size_t row_count;
	const struct kp_manifest_row *other; /* of the key "*"; NULL when there is none */
	const struct kp_manifest_fetch *fetch; /* NULL: the rows are in the manifest */
	struct kp_manifest_place place;
};

/* One field of the catalogue and where it comes from. */
struct kp_manifest_field {
	struct kp_slice field;    /* path in the catalogue */
	struct kp_slice path;     /* in the answer, or a column; empty with a constant */
	struct kp_slice constant; /* one JSON scalar; empty when there is none */
	const struct kp_manifest_table *table;
	enum kp_manifest_form form;
	struct kp_slice date_pattern; /* "yyyymmdd", "dd-mm-yyyy", … */
	struct kp_slice sign;         /* XML: path to "+" or "-", beside the number */
	struct kp_slice incomplete;   /* XML: path to what says which parts are made up */
	struct kp_slice ask;          /* name in {velden}; empty: derived from `path` */
	bool ask_never;               /* arrives by itself */
	struct kp_manifest_place place;
};

/* A list section of the catalogue: one item for each element or row. */
struct kp_manifest_list {
	struct kp_slice section;
	struct kp_slice items; /* path to the elements; "." is the root itself */
	struct kp_slice valid_on;
	const struct kp_manifest_field *fields;
	size_t field_count;
	struct kp_manifest_place place;
};

struct kp_manifest_status {
	uint32_t from; /* HTTP status, both ends included */
	uint32_t to;
	enum kp_outcome outcome;
};

/* A value in the answer that decides the outcome: code → outcome. */
struct kp_manifest_code {
	struct kp_slice code;
	enum kp_outcome outcome;
};

struct kp_manifest_note {
	struct kp_slice code;
	struct kp_slice text;
};

/* How a partner says that there is another page. */
enum kp_manifest_paging_kind {
	KP_PAGING_NONE,
	KP_PAGING_LINK,   /* a link in the answer */
	KP_PAGING_HEADER, /* a link in the header field Link */
	KP_PAGING_PAGES,  /* a number of pages */
	KP_PAGING_CURSOR, /* what the next page is asked with */
	KP_PAGING_SIZE,   /* a full page */
};

struct kp_manifest_paging {
	enum kp_manifest_paging_kind kind;
	struct kp_slice path; /* from the top, of what says it */
	struct kp_manifest_place path_place;
	struct kp_slice links_from; /* in place of the endpoint, in links */
	struct kp_slice rows;       /* path of the rows, with size or total */
	struct kp_slice total;      /* path of their number on all pages */
	uint32_t size;              /* of a full page */
	uint32_t first;             /* number of the first page */
	struct kp_slice target;     /* template of further pages; empty: the request's */
	struct kp_manifest_place place;
};

struct kp_manifest_response {
	const struct kp_manifest_status *statuses;
	size_t status_count;
	struct kp_slice root;     /* "personen[]"; empty or ".": the whole answer */
	struct kp_slice subject;  /* path of the bsn below the root; empty: not named */
	bool subject_none;        /* written as null: answers do not name the person */
	struct kp_slice valid_on; /* path below the root */
	struct kp_slice valid_on_header;
	struct kp_slice in_investigation; /* name of the member, "inOnderzoek" */
	struct kp_slice outcome_path;     /* from the top of the answer */
	const struct kp_manifest_code *outcomes;
	size_t outcome_count;
	const struct kp_manifest_code *present; /* XML: path → outcome */
	size_t present_count;
	const struct kp_manifest_code *faults; /* SOAP: text in a Fault → outcome */
	size_t fault_count;
	struct kp_slice notes_path;
	const struct kp_manifest_note *notes;
	size_t note_count;
	const struct kp_manifest_field *fields;
	size_t field_count;
	const struct kp_manifest_list *lists;
	size_t list_count;
	struct kp_manifest_paging paging;
	const struct kp_slice *ignored; /* paths that are known and not wanted */
	size_t ignored_count;
	struct kp_manifest_place place;
};

struct kp_manifest_header {
	struct kp_slice name;
	struct kp_slice value; /* template */
	uint32_t cut;          /* longest value in bytes; 0: no limit of the partner's */
	bool optional;         /* left out when the value would be empty */
	struct kp_manifest_place place;
};

/* One of the query: name=value. */
struct kp_manifest_parameter {
	struct kp_slice name;
	struct kp_slice value; /* template; left out when it would be empty */
	struct kp_manifest_place place;
};

struct kp_manifest_request {
	struct kp_slice method;
	struct kp_slice target; /* template */
	struct kp_manifest_place target_place;
	const struct kp_manifest_parameter *query;
	size_t query_count;
	const struct kp_manifest_header *headers;
	size_t header_count;
	struct kp_slice body; /* template: JSON text, or text when body_text */
	bool body_text;
	struct kp_slice each; /* list section: one request for each of its items */
	bool bsn_in_url;      /* the target may hold {bsn} */
	bool idempotency_key; /* a key of ours says which tries are one question */
	struct kp_manifest_place body_place;
};

/* How a SOAP message names its operation in HTTP. */
enum kp_manifest_soap_action {
	KP_SOAP_ACTION_QUOTED, /* SOAPAction: "uri" */
	KP_SOAP_ACTION_BARE,   /* SOAPAction: uri */
	KP_SOAP_ACTION_EMPTY,  /* SOAPAction: "" */
	KP_SOAP_ACTION_NONE,
};

struct kp_manifest_soap {
	bool version_1_2;
	struct kp_slice action; /* URI of the operation */
	struct kp_slice scope;  /* path in the body to what is asked; may be empty */
	enum kp_manifest_soap_action action_header;
	bool addressing;
	struct kp_slice from; /* templates */
	struct kp_slice to;
	bool reply_to;                  /* anonymous */
	const struct kp_slice *headers; /* XML templates */
	size_t header_count;
	const struct kp_slice *namespaces; /* of answers; none: any */
	size_t namespace_count;
	bool username_token; /* requests; its kind is that of access */
	bool sign;           /* requests */
	struct kp_slice sign_certificate_file;
	struct kp_slice sign_key_file;
	uint32_t sign_valid_s;
	bool verify; /* answers */
	struct kp_slice verify_anchor_file;
	bool verify_sha1;
	struct kp_slice verify_oin; /* of who signs; empty: anybody */
	struct kp_manifest_place place;
};

enum kp_manifest_access {
	KP_ACCESS_NONE,
	KP_ACCESS_HEADER,
	KP_ACCESS_BEARER,
	KP_ACCESS_BASIC,
	KP_ACCESS_DSN,       /* the secret is an ODBC connection string */
	KP_ACCESS_OAUTH2,    /* a token from the partner's issuer */
	KP_ACCESS_ZGW,       /* a JWT of our own under the secret (ZGW) */
	KP_ACCESS_WSSE_TEXT, /* SOAP: a UsernameToken with the password */
	KP_ACCESS_WSSE_DIGEST,
};

/* How we show an issuer who we are (RFC 6749, 2.3; RFC 7523; RFC 8705). */
enum kp_manifest_proof {
	KP_PROOF_SECRET_BASIC,
	KP_PROOF_SECRET_POST,
	KP_PROOF_KEY,         /* private_key_jwt */
	KP_PROOF_CERTIFICATE, /* tls_client_auth: the one of access */
};

/* Where a token is got, with KP_ACCESS_OAUTH2 (RFC 6749, 4.4). */
struct kp_manifest_token {
	struct kp_slice endpoint;
	struct kp_manifest_place endpoint_place;
	struct kp_slice client; /* client_id */
	enum kp_manifest_proof proof;
	struct kp_slice scope;
	struct kp_slice resource; /* RFC 8707 */
	struct kp_slice audience;
	struct kp_slice key_file;
	struct kp_slice key_id;
	struct kp_slice algorithm;          /* of RFC 7518; empty: the key's own */
	struct kp_slice assertion_audience; /* never empty with KP_PROOF_KEY */
	struct kp_slice anchor_file;        /* empty: that of access */
	uint32_t time_ms;
	uint32_t lifetime_s; /* of a token that does not say */
};

/* What the JWT says, with KP_ACCESS_ZGW. */
struct kp_manifest_jwt {
	struct kp_slice client; /* client_id */
	bool employee;          /* user_id is the employee who asks */
};

/* What we show who we are with: names of secrets and files, never the secret itself. */
struct kp_manifest_credentials {
	enum kp_manifest_access kind;
	struct kp_slice header; /* name, with KP_ACCESS_HEADER */
	struct kp_slice secret; /* name of the secret */
	struct kp_slice certificate_file;
	struct kp_slice key_file;
	struct kp_slice anchor_file;
	struct kp_slice pin; /* "sha256//…" of the partner's public key */
	struct kp_manifest_token token;
	struct kp_manifest_jwt jwt;
	struct kp_manifest_place place;
};

/* What a decision point is told of the person the question is about. */
enum kp_manifest_client {
	KP_CLIENT_NONE,
	KP_CLIENT_PSEUDONYM,
	KP_CLIENT_BSN,
};

/* The partner's own decision point. */
struct kp_manifest_decision_point {
	struct kp_slice endpoint; /* empty: it has none */
	struct kp_manifest_place endpoint_place;
	struct kp_manifest_credentials access;
	enum kp_manifest_client client;
	uint32_t time_ms;
	uint64_t answer_bytes;
	uint32_t concurrent;
	uint32_t waiting;
};

/* What an export is written in. */
enum kp_export_form {
	KP_EXPORT_CSV,
	KP_EXPORT_NDJSON,
	KP_EXPORT_XLSX, /* unpacked by the host: what the connector gets is CSV */
};

/* How it is known that a delivery is the partner's and whole. The names of files are
 * beside the delivery; "{file}" in them is its name. */
struct kp_manifest_verify {
	struct kp_slice checksums;   /* list as of sha256sum; empty: none */
	struct kp_slice signature;   /* CMS; of the list, or of the file without one */
	struct kp_slice anchor_file; /* who may sign leads to these */
	struct kp_slice oin;         /* of who signs; empty: anybody they lead to */
	struct kp_manifest_place place;
};

/* A last row that says how many there are before it. */
struct kp_manifest_trailer {
	struct kp_slice mark; /* what its first field holds; empty: there is none */
	uint32_t count;       /* which field says it, from 1 */
	uint32_t date;        /* which field has the day; 0: none */
};

/* What a code in a change file does. */
struct kp_manifest_operation {
	struct kp_slice code;
	bool removes; /* else it adds or replaces */
};

/* Change files that follow a whole delivery. */
struct kp_manifest_series {
	struct kp_slice path;       /* empty: there are none */
	const struct kp_slice *key; /* columns that say which row it is */
	size_t key_count;
	struct kp_slice operation; /* column */
	const struct kp_manifest_operation *operations;
	size_t operation_count;
	uint32_t files_max;
	struct kp_manifest_place place;
};

struct kp_manifest_export {
	struct kp_slice path;
	enum kp_export_form form;
	struct kp_slice sheet; /* empty: the first that is not hidden */
	uint32_t header_row;   /* of the sheet, from 1 */
	uint64_t unpacked_bytes_max;
	struct kp_slice charset;
	char separator;
	struct kp_slice key;   /* column that holds the bsn */
	struct kp_slice index; /* where its index is kept; empty: in memory */
	struct kp_slice
		dated_by; /* "mtime", "name", "column", "trailer", "checksums" or empty */
	uint32_t max_age_hours;       /* 0: no bound */
	struct kp_slice date_name;    /* column, or comment in the list of checksums */
	struct kp_slice date_pattern; /* of that, or of the trailer's */
	struct kp_manifest_trailer trailer;
	struct kp_slice count_file; /* beside it, how many rows it has; empty: none */
	struct kp_manifest_verify verify;
	struct kp_manifest_series series;
	struct kp_manifest_place place;
};

struct kp_manifest_query {
	struct kp_slice name;
	struct kp_slice text; /* parameters as :name */
	struct kp_manifest_place place;
};

struct kp_manifest_sql {
	struct kp_slice user;     /* of the database, without basic access */
	struct kp_slice known_by; /* query that says whether the person is known */
	const struct kp_manifest_query *queries;
	size_t query_count;
	struct kp_manifest_place place;
};

/* The partner's own program, which answers on a socket that it is handed. */
struct kp_manifest_program {
	const struct kp_slice *command; /* program and arguments; empty: there is none */
	size_t command_count;
	struct kp_slice folder; /* where it runs */
	uint64_t memory_bytes;
	uint32_t files;
	bool network;
	struct kp_manifest_place place;
};

struct kp_manifest_limits {
	uint32_t time_ms;
	uint32_t connect_ms;
	uint32_t idle_ms;
	uint64_t answer_bytes;
	uint32_t head_bytes;
	uint32_t concurrent;
	uint32_t waiting;
	uint32_t rate_per_second; /* 0: none */
	uint32_t pages;
	uint32_t items;
	uint32_t rows;
};

struct kp_manifest {
	struct kp_slice source; /* bron */
	struct kp_manifest_place source_place;
	struct kp_slice title;
	struct kp_slice organisation_name;
	struct kp_slice organisation_oin;
	struct kp_manifest_place oin_place;
	struct kp_slice connector;
	struct kp_manifest_place connector_place;
	struct kp_slice endpoint;
	struct kp_manifest_place endpoint_place;
	struct kp_manifest_program program; /* in place of an endpoint */
	struct kp_manifest_credentials access;
	struct kp_manifest_limits limits;
	bool idempotent;
	bool caseload;
	struct kp_slice caseload_oin;
	bool opt_out; /* says whether a client objected */
	const struct kp_slice *opt_out_purposes;
	size_t opt_out_purpose_count; /* 0: all */
	struct kp_manifest_place opt_out_place;
	const struct kp_slice *needs; /* fields that must be known before asking */
	size_t need_count;
	struct kp_slice health_target;
	uint32_t health_status;
	uint32_t health_every_s;
	struct kp_slice conditions_file; /* the partner's own forbids */
	struct kp_manifest_decision_point decision_point;
	struct kp_manifest_request request;
	struct kp_manifest_soap soap;
	struct kp_manifest_response response;
	struct kp_manifest_export file;
	struct kp_manifest_sql sql;
	const struct kp_manifest_table *tables;
	size_t table_count;
};

/*
 * Reads and checks a manifest. Everything wrong goes to `findings`, with `file`, line,
 * column and JSON pointer; KP_E_CONFIG when there was anything, and then *ret_manifest is
 * set all the same when the text is a JSON object at all, so that a reader can go on and
 * find more. Names of the catalogue and of connectors are not checked here. All memory is
 * from `arena`; `file` and `text` must outlive the result.
 */
enum kp_status kp_manifest_read(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_manifest **ret_manifest) KP_MUST_USE;

/* Writes the JSON schema (2020-12) of what kp_manifest_read takes. */
void kp_manifest_schema_write(struct kp_buffer *buffer);

/* The row of a key in a code table of the manifest, or of "*"; NULL when there is
 * neither. */
const struct kp_manifest_row *kp_manifest_table_find(
	const struct kp_manifest_table *table, struct kp_slice key);

#endif
