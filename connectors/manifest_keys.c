/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_keys: the whole manifest and what is asked; see manifest_keys.h. */
#include "connectors/manifest_keys_parts.h"

#include <string.h>

#include "core/attr.h"

static const char *const method_words[] = {"GET", "POST", NULL};
static const char *const soap_version_words[] = {"1.1", "1.2", NULL};
static const char *const soap_action_words[] = {"quoted", "bare", "empty", "none", NULL};
static const char *const charset_words[] = {"utf-8", "latin-1", "windows-1252", NULL};
static const char *const export_words[] = {"csv", "ndjson", "xlsx", NULL};
static const char *const dated_words[] = {
	"mtime", "name", "column", "trailer", "checksums", NULL};
static const char *const separator_words[] = {",", ";", "\t", "|", NULL};

static const struct kp_key header_keys[] = {
	{.name = "value", .kind = KP_KEY_TEXT, .required = true, .help = "template"},
	{.name = "cut",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 8192,
		.fallback = 0,
		.help = "the value is cut at this many bytes; 0: never"},
	{.name = "optional",
		.kind = KP_KEY_BOOLEAN,
		.help = "leave the header out when its value would be empty"},
	KP_KEYS_END,
};

static const struct kp_key header_map[] = {
	{.kind = KP_KEY_TEXT_OR_OBJECT, .keys = header_keys, .help = "header field"},
	KP_KEYS_END,
};

static const struct kp_key parameter_map[] = {
	{.kind = KP_KEY_TEXT, .help = "template; left out when it would be empty"},
	KP_KEYS_END,
};

static const struct kp_key request_keys[] = {
	{.name = "method",
		.kind = KP_KEY_CHOICE,
		.words = method_words,
		.help = "GET by default"},
	{.name = "target",
		.kind = KP_KEY_TEXT,
		.help = "template of what follows the endpoint; starts with / or ?; "
			"{bsn} is "
			"refused here"},
	{.name = "query",
		.kind = KP_KEY_OBJECT,
		.keys = parameter_map,
		.help = "parameters by name, behind the target"},
	{.name = "headers",
		.kind = KP_KEY_OBJECT,
		.keys = header_map,
		.help = "header fields by name"},
	{.name = "each",
		.kind = KP_KEY_TEXT,
		.help = "rest, soap: a list section of the catalogue: one request for "
			"each "
			"item that earlier sources found, whose fields "
			"{bekend:section.…} "
			"gives; limits/pages caps the requests"},
	{.name = "idempotency_key",
		.kind = KP_KEY_BOOLEAN,
		.help = "send a random Idempotency-Key, the same for each try of a "
			"question, so that the partner takes them for one"},
	{.name = "bsn_in_url",
		.kind = KP_KEY_BOOLEAN,
		.help = "the partner can be asked in no other way than with {bsn} in the "
			"target, where its logs will hold it; the gateway must allow "
			"it too (sources.bsn_in_url)"},
	{.name = "body",
		.kind = KP_KEY_ANY,
		.help = "template: an object or array is sent as JSON, a text as it is; "
			"soap: "
			"the element in the body as XML, in a text or in texts that are "
			"joined"},
	KP_KEYS_END,
};

static const struct kp_key addressing_keys[] = {
	{.name = "from",
		.kind = KP_KEY_TEXT,
		.help = "template of our own address, as in "
			"\"https://gemeente.example?oin={organisatie}\""},
	{.name = "to",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "template of the partner's address, often with ?oin= behind it"},
	{.name = "reply_to",
		.kind = KP_KEY_BOOLEAN,
		.help = "write ReplyTo with the anonymous address"},
	KP_KEYS_END,
};

static const struct kp_key sign_keys[] = {
	{.name = "certificate_file",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "certificate that is sent along, PEM"},
	{.name = "key_file",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "its key, PEM: RSA or on curve P-256"},
	{.name = "valid_s",
		.kind = KP_KEY_INTEGER,
		.min = 10,
		.max = 3600,
		.fallback = 300,
		.help = "how long a message is good for"},
	KP_KEYS_END,
};

static const struct kp_key verify_keys[] = {
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "certificates that the signer's must lead to, PEM"},
	{.name = "oin",
		.kind = KP_KEY_TEXT,
		.help = "OIN in the certificate of who signs; left out: anybody's that "
			"leads to anchor_file"},
	{.name = "sha1",
		.kind = KP_KEY_BOOLEAN,
		.help = "also take signatures with SHA-1, which can be forged; false by "
			"default"},
	KP_KEYS_END,
};

static const struct kp_key soap_keys[] = {
	{.name = "version",
		.kind = KP_KEY_CHOICE,
		.words = soap_version_words,
		.help = "1.1 by default"},
	{.name = "action",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "URI of the operation, for WS-Addressing and SOAPAction"},
	{.name = "action_header",
		.kind = KP_KEY_CHOICE,
		.words = soap_action_words,
		.help = "how SOAPAction is written: \"uri\" in quotes (default), bare, "
			"empty "
			"(\"\"), or not at all"},
	{.name = "scope",
		.kind = KP_KEY_TEXT,
		.help = "path in the body to the element that names what is asked, with "
			"the elements of the answer's root in it "
			"(npsLv01/scope/object): empty ones from which nothing wanted "
			"comes are left out"},
	{.name = "addressing",
		.kind = KP_KEY_OBJECT,
		.keys = addressing_keys,
		.help = "WS-Addressing: Action, MessageID, From and To are written"},
	{.name = "headers",
		.kind = KP_KEY_TEXTS,
		.help = "XML templates of further elements in the SOAP header"},
	{.name = "namespaces",
		.kind = KP_KEY_TEXTS,
		.help = "namespaces the element in the body of an answer may have; left "
			"out: any"},
	{.name = "sign",
		.kind = KP_KEY_OBJECT,
		.keys = sign_keys,
		.help = "WS-Security: requests carry a timestamp, a certificate and a "
			"signature over header and body"},
	{.name = "verify",
		.kind = KP_KEY_OBJECT,
		.keys = verify_keys,
		.help = "WS-Security: only answers with a right signature over body and "
			"timestamp are read"},
	KP_KEYS_END,
};

static const struct kp_key file_verify_keys[] = {
	{.name = "checksums",
		.kind = KP_KEY_TEXT,
		.help = "list beside the file, as sha256sum writes it: "
			"{file}.sha256, or one for all; {file} is the file's name"},
	{.name = "signature",
		.kind = KP_KEY_TEXT,
		.help = "detached signature beside the file (CMS, DER): of the list of "
			"checksums, or without one of the file; {file} is its name"},
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.help = "certificates (PEM) that the certificate of who signs leads to"},
	{.name = "oin",
		.kind = KP_KEY_TEXT,
		.help = "OIN in the certificate of who signs; left out: anybody's that "
			"leads to anchor_file"},
	KP_KEYS_END,
};

static const struct kp_key trailer_keys[] = {
	{.name = "mark",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "what the first field of the last row holds, and of no other"},
	{.name = "count",
		.kind = KP_KEY_INTEGER,
		.min = 2,
		.max = 1024,
		.required = true,
		.help = "which of its fields says how many rows there are before it, "
			"without the names; from 1"},
	{.name = "date",
		.kind = KP_KEY_INTEGER,
		.min = 2,
		.max = 1024,
		.help = "which of its fields has the day of the delivery; from 1"},
	KP_KEYS_END,
};

static const char *const operation_words[] = {
	"toevoegen", "wijzigen", "verwijderen", NULL};

static const struct kp_key operation_map[] = {
	{.kind = KP_KEY_CHOICE,
		.words = operation_words,
		.help = "what this code in the column `operation` does"},
	KP_KEYS_END,
};

static const struct kp_key series_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "change files, with yyyymmdd and, when they are numbered, "
			"{volgnummer} in their names; in the folder and the form of "
			"the deliveries"},
	{.name = "key",
		.kind = KP_KEY_TEXTS,
		.required = true,
		.help = "columns that together say which row it is"},
	{.name = "operation",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "column of the change files that says what happened to the row"},
	{.name = "operations",
		.kind = KP_KEY_OBJECT,
		.keys = operation_map,
		.help = "codes in that column; left out: the words themselves"},
	{.name = "files_max",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000,
		.fallback = 100,
		.help = "how many change files may follow a delivery"},
	KP_KEYS_END,
};

static const struct kp_key file_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "the file; relative to the folder of the configuration"},
	{.name = "form",
		.kind = KP_KEY_CHOICE,
		.words = export_words,
		.help = "csv by default; ndjson: a JSON object on each line, whose "
			"columns are member names, with dots between on the way into "
			"an object; xlsx: one sheet of a workbook"},
	{.name = "sheet",
		.kind = KP_KEY_TEXT,
		.help = "xlsx: name of the sheet, which may be a hidden one; left out: "
			"the first that is not hidden"},
	{.name = "header_row",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000,
		.fallback = 1,
		.help = "xlsx: row of the sheet that holds the names of the columns"},
	{.name = "unpacked_mib",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1024,
		.fallback = 64,
		.help = "xlsx: memory that the rows of the sheet may take, as CSV; "
			"those of all change files together as much again"},
	{.name = "charset",
		.kind = KP_KEY_CHOICE,
		.words = charset_words,
		.help = "csv: utf-8 by default"},
	{.name = "separator",
		.kind = KP_KEY_CHOICE,
		.words = separator_words,
		.help = "csv: between columns; ; by default"},
	{.name = "key",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "column that holds the bsn"},
	{.name = "index",
		.kind = KP_KEY_TEXT,
		.help = "where the index of a large export is kept, so that it is not "
			"made anew at each start; left out: in memory"},
	{.name = "dated_by",
		.kind = KP_KEY_CHOICE,
		.words = dated_words,
		.help = "what says the day of the delivery, shown as geldigOp: the "
			"file's time (mtime), yyyymmdd in path, of which the latest is "
			"read (name), a column that is the same in every row (column), "
			"the trailer, or a comment in the list of checksums (checksums)"},
	{.name = "date_name",
		.kind = KP_KEY_TEXT,
		.help = "dated_by column: its name; checksums: the name in the line "
			"'# name: day'"},
	{.name = "date_pattern",
		.kind = KP_KEY_TEXT,
		.help = "dated_by column, trailer and checksums: how the day is written; "
			"yyyymmdd by default"},
	{.name = "trailer",
		.kind = KP_KEY_OBJECT,
		.keys = trailer_keys,
		.help = "csv: a last row that says how many rows there are; a file "
			"without it, or with another number, is not whole"},
	{.name = "count_file",
		.kind = KP_KEY_TEXT,
		.help = "a file beside it that says how many rows it has, without the "
			"names: {file}.aantal"},
	{.name = "max_age_hours",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 87600,
		.fallback = 0,
		.help = "an older delivery is not used (nietBereikt); 0: no bound"},
	{.name = "verify",
		.kind = KP_KEY_OBJECT,
		.keys = file_verify_keys,
		.help = "how a delivery is known to be the partner's and whole; one that "
			"is not is not taken, and the one before it stays"},
	{.name = "series",
		.kind = KP_KEY_OBJECT,
		.keys = series_keys,
		.help = "change files that follow a whole delivery, until the next one"},
	KP_KEYS_END,
};

static const struct kp_key query_map[] = {
	{.kind = KP_KEY_TEXT,
		.help = "one select; parameters :bsn, :doel, :activiteit, :zaak, "
			":medewerker, "
			":organisatie, :trace, :nu and :bekend.<field> are bound"},
	KP_KEYS_END,
};

static const struct kp_key sql_keys[] = {
	{.name = "user",
		.kind = KP_KEY_TEXT,
		.help = "database user, when access is a certificate"},
	{.name = "queries",
		.kind = KP_KEY_OBJECT,
		.keys = query_map,
		.required = true,
		.help = "queries by name; a field's path is query.column"},
	{.name = "known_by",
		.kind = KP_KEY_TEXT,
		.help = "query whose rows say that the person is known; left out: any of "
			"them"},
	KP_KEYS_END,
};

static const struct kp_key manifest_keys[] = {
	{.name = "$schema", .kind = KP_KEY_TEXT, .help = "for editors"},
	{.name = "source",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "name of the source (bron) in the catalogue"},
	{.name = "title", .kind = KP_KEY_TEXT, .help = "name for people"},
	{.name = "organisation",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_organisation_keys,
		.required = true,
		.help = "who holds the data"},
	{.name = "connector",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "rest, soap, file, sql, or one that was loaded"},
	{.name = "endpoint",
		.kind = KP_KEY_TEXT,
		.help = "https://host:port/base; plain http on this machine only. sql: "
			"postgresql://host:port/database, or odbc: with access dsn"},
	{.name = "program",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_program_keys,
		.help = "a program of the partner's, started and confined by the "
			"gateway, that answers HTTP on the socket it is handed "
			"(descriptor 3); in place of an endpoint"},
	{.name = "access",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_access_keys,
		.help = "credentials, by reference"},
	{.name = "limits",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_limit_keys,
		.help = "what one question may cost"},
	{.name = "idempotent",
		.kind = KP_KEY_BOOLEAN,
		.help = "the POST only reads, so asking twice is harmless: it is asked "
			"once "
			"more when the connection broke before any byte of an answer; "
			"GET is "
			"anyway; false by default"},
	{.name = "caseload",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_caseload_keys,
		.help = "this source says whether an organisation knows a client "
			"(werkvoorraad)"},
	{.name = "opt_out",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_opt_out_keys,
		.help = "this source says whether a client objected to a purpose "
			"(bezwaarregister): gevonden is an objection"},
	{.name = "needs",
		.kind = KP_KEY_TEXTS,
		.help = "fields of the catalogue that must be known before asking, "
			"besides "
			"those of {bekend:…}"},
	{.name = "health",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_health_keys,
		.help = "how to see that the partner is well"},
	{.name = "conditions_file",
		.kind = KP_KEY_TEXT,
		.help = "the partner's own conditions: Cedar forbids for its own data; "
			"they join the rules as partners/BRON.cedar"},
	{.name = "decision_point",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_decision_point_keys,
		.help = "the partner's own AuthZEN decision point: asked about every "
			"field of its data before it is; it can only say no"},
	{.name = "request",
		.kind = KP_KEY_OBJECT,
		.keys = request_keys,
		.help = "rest, soap: what is sent"},
	{.name = "soap",
		.kind = KP_KEY_OBJECT,
		.keys = soap_keys,
		.help = "soap: the envelope"},
	{.name = "response",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_response_keys,
		.help = "how the answer becomes fields"},
	{.name = "file",
		.kind = KP_KEY_OBJECT,
		.keys = file_keys,
		.help = "file: where the rows are"},
	{.name = "sql",
		.kind = KP_KEY_OBJECT,
		.keys = sql_keys,
		.help = "sql: what is asked"},
	{.name = "tables",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_table_map,
		.help = "code tables by name"},
	{.name = "fetched_tables",
		.kind = KP_KEY_OBJECT,
		.keys = kp_manifest_fetched_map,
		.help = "rest: code tables by name that the partner publishes; fields "
			"name them in table"},
	{.name = "options",
		.kind = KP_KEY_ANY,
		.help = "for a connector of your own: read by it alone"},
	KP_KEYS_END,
};

const struct kp_key *
kp_manifest_keys(void)
{
	return manifest_keys;
}

static const struct kp_key *
find_key(const struct kp_key *keys, const char *name, size_t len)
{
	for (; keys->help != NULL; keys++) {
		if (keys->name != NULL && strlen(keys->name) == len &&
			memcmp(keys->name, name, len) == 0) {
			return keys;
		}
	}
	return NULL;
}

int64_t
kp_manifest_fallback(const char *object, const char *name)
{
	const struct kp_key *outer =
		find_key(manifest_keys, object, strcspn(object, "/"));
	const char *rest = strchr(object, '/');
	KP_REQUIRE(outer != NULL && outer->keys != NULL);
	if (rest != NULL) {
		outer = find_key(outer->keys, rest + 1, strlen(rest + 1));
		KP_REQUIRE(outer != NULL && outer->keys != NULL);
	}
	if (outer->keys->name == NULL) {
		outer = outer->keys; /* any name: what each has */
		KP_REQUIRE(outer->keys != NULL);
	}
	const struct kp_key *inner = find_key(outer->keys, name, strlen(name));
	KP_REQUIRE(inner != NULL);
	return inner->fallback;
}
