/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_keys: see manifest_keys.h. */
#include "connectors/manifest_keys.h"

#include <string.h>

#include "core/attr.h"

#define END                                                                              \
	{                                                                                \
		0                                                                        \
	}

static const char *const outcome_words[] = {"gevonden", "nietsGevonden", "nietGerechtigd",
	"nietVanToepassing", "fout", "nietBereikt", NULL};
static const char *const access_words[] = {
	"none", "header", "bearer", "basic", "dsn", NULL};
static const char *const client_words[] = {"none", "pseudonym", "bsn", NULL};
static const char *const method_words[] = {"GET", "POST", NULL};
static const char *const form_words[] = {
	"as_is", "date_object", "yes_no", "present", "number", "cents", NULL};
static const char *const soap_version_words[] = {"1.1", "1.2", NULL};
static const char *const soap_action_words[] = {"quoted", "bare", "empty", "none", NULL};
static const char *const charset_words[] = {"utf-8", "latin-1", "windows-1252", NULL};
static const char *const dated_words[] = {"mtime", "name", NULL};
static const char *const separator_words[] = {",", ";", "\t", "|", NULL};

static const struct kp_key organisation_keys[] = {
	{.name = "oin",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "organisation identification number, 20 digits"},
	{.name = "name",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "name for people"},
	END,
};

static const struct kp_key access_keys[] = {
	{.name = "kind",
		.kind = KP_KEY_CHOICE,
		.words = access_words,
		.help = "how we show who we are, besides a client certificate"},
	{.name = "header",
		.kind = KP_KEY_TEXT,
		.help = "name of the header, with kind header"},
	{.name = "secret",
		.kind = KP_KEY_TEXT,
		.help = "name of the secret in the configuration, never the secret "
			"itself; "
			"basic: its value is user:password; dsn: an ODBC connection "
			"string"},
	{.name = "certificate_file",
		.kind = KP_KEY_TEXT,
		.help = "own client certificate, PEM"},
	{.name = "key_file",
		.kind = KP_KEY_TEXT,
		.help = "key of the client certificate, PEM, or a pkcs11: URI"},
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.help = "certificates that the partner's must lead to, PEM"},
	{.name = "pin",
		.kind = KP_KEY_TEXT,
		.help = "the partner's public key, and no other: sha256// and the "
			"base64 of its digest"},
	END,
};

static const struct kp_key limit_keys[] = {
	{.name = "time_ms",
		.kind = KP_KEY_INTEGER,
		.min = 10,
		.max = 60000,
		.fallback = 3000,
		.help = "longest time for one call, all pages together"},
	{.name = "connect_ms",
		.kind = KP_KEY_INTEGER,
		.min = 10,
		.max = 10000,
		.fallback = 1000,
		.help = "longest time to get a connection"},
	{.name = "idle_ms",
		.kind = KP_KEY_INTEGER,
		.min = 100,
		.max = 600000,
		.fallback = 30000,
		.help = "how long an idle connection is kept"},
	{.name = "answer_bytes",
		.kind = KP_KEY_INTEGER,
		.min = 256,
		.max = 67108864,
		.fallback = 4194304,
		.help = "largest answer, all pages together"},
	{.name = "head_bytes",
		.kind = KP_KEY_INTEGER,
		.min = 256,
		.max = 262144,
		.fallback = 32768,
		.help = "largest head of an answer"},
	{.name = "concurrent",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 10000,
		.fallback = 64,
		.help = "calls at the same time, per loop"},
	{.name = "waiting",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 100000,
		.fallback = 1024,
		.help = "calls that may wait for their turn, per loop"},
	{.name = "rate_per_second",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 1000000,
		.fallback = 0,
		.help = "calls started in a second, per loop; 0: no bound"},
	{.name = "pages",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000,
		.fallback = 20,
		.help = "pages of one answer"},
	{.name = "items",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000000,
		.fallback = 10000,
		.help = "items of all lists of one answer together"},
	{.name = "rows",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000000,
		.fallback = 10000,
		.help = "sql: rows of all queries of one answer together"},
	END,
};

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
	END,
};

static const struct kp_key header_map[] = {
	{.kind = KP_KEY_TEXT_OR_OBJECT, .keys = header_keys, .help = "header field"},
	END,
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
	{.name = "headers",
		.kind = KP_KEY_OBJECT,
		.keys = header_map,
		.help = "header fields by name"},
	{.name = "body",
		.kind = KP_KEY_ANY,
		.help = "template: an object or array is sent as JSON, a text as it is; "
			"soap: "
			"the element in the body as XML, in a text or in texts that are "
			"joined"},
	END,
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
	END,
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
	END,
};

static const struct kp_key verify_keys[] = {
	{.name = "anchor_file",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "certificates that the signer's must lead to, PEM"},
	{.name = "sha1",
		.kind = KP_KEY_BOOLEAN,
		.help = "also take signatures with SHA-1, which can be forged; false by "
			"default"},
	END,
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
	END,
};

static const struct kp_key field_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.help = "where the value is: dotted path, or name of the column"},
	{.name = "constant",
		.kind = KP_KEY_SCALAR,
		.help = "a fixed value instead of a path"},
	{.name = "table",
		.kind = KP_KEY_TEXT,
		.help = "code table that translates the value"},
	{.name = "date",
		.kind = KP_KEY_TEXT,
		.help = "the value is a date in this pattern (yyyymmdd, dd-mm-yyyy, "
			"d-m-yyyy) "
			"and becomes ISO 8601"},
	{.name = "form",
		.kind = KP_KEY_CHOICE,
		.words = form_words,
		.help = "other conversions: a Haal Centraal date object, yes and no, "
			"that "
			"the member is there at all, text that is a number, or whole "
			"cents that are an amount"},
	{.name = "sign",
		.kind = KP_KEY_TEXT,
		.help = "XML: path beside the number to its sign, + or -"},
	{.name = "incomplete",
		.kind = KP_KEY_TEXT,
		.help = "XML: path in the date's element to what says which parts are "
			"made up: V none, D the day, M the month, J all (StUF)"},
	{.name = "ask",
		.kind = KP_KEY_TEXT_OR_FALSE,
		.help = "the partner's name of the field in {velden}; false when it "
			"comes by "
			"itself and may not be asked"},
	END,
};

static const struct kp_key field_map[] = {
	{.kind = KP_KEY_TEXT_OR_OBJECT,
		.keys = field_keys,
		.help = "field of the catalogue"},
	END,
};

static const struct kp_key list_keys[] = {
	{.name = "items",
		.kind = KP_KEY_TEXT,
		.help = "path to the elements, or paths with | between; \".\" makes "
			"each root an item; files: "
			"every row"},
	{.name = "valid_on",
		.kind = KP_KEY_TEXT,
		.help = "path in the item to the date it is valid on"},
	{.name = "fields",
		.kind = KP_KEY_OBJECT,
		.keys = field_map,
		.required = true,
		.help = "fields of the catalogue, paths from the item"},
	END,
};

static const struct kp_key list_map[] = {
	{.kind = KP_KEY_OBJECT, .keys = list_keys, .help = "list section"},
	END,
};

static const struct kp_key outcome_map[] = {
	{.kind = KP_KEY_CHOICE, .words = outcome_words, .help = "what it means"},
	END,
};

static const struct kp_key outcome_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "where the answer holds its code, from its top"},
	{.name = "values",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_map,
		.required = true,
		.help = "code to outcome; also looked at in error bodies"},
	END,
};

static const struct kp_key text_map[] = {
	{.kind = KP_KEY_TEXT, .help = "fixed text for the reader"},
	END,
};

static const struct kp_key note_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "where the answer holds its remarks' codes, from its top"},
	{.name = "texts",
		.kind = KP_KEY_OBJECT,
		.keys = text_map,
		.required = true,
		.help = "code to text"},
	END,
};

static const struct kp_key paging_keys[] = {
	{.name = "next",
		.kind = KP_KEY_TEXT,
		.help = "path to the link of the next page, from the top"},
	{.name = "pages",
		.kind = KP_KEY_TEXT,
		.help = "path to the number of pages, from the top; the target asks "
			"{pagina}"},
	END,
};

static const struct kp_key response_keys[] = {
	{.name = "status",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_map,
		.help = "HTTP status (404, 5xx) to outcome; without it 2xx is read, 401 "
			"and 403 "
			"are nietGerechtigd, 429, 502, 503 and 504 nietBereikt, the rest "
			"fout"},
	{.name = "root",
		.kind = KP_KEY_TEXT,
		.help = "path to the person, \"personen[]\"; left out: the whole answer"},
	{.name = "subject",
		.kind = KP_KEY_TEXT_OR_NULL,
		.help = "path from the root to the bsn; null when answers do not name "
			"the "
			"person"},
	{.name = "valid_on",
		.kind = KP_KEY_TEXT,
		.help = "path from the root to the date the answer is valid on"},
	{.name = "in_investigation",
		.kind = KP_KEY_TEXT,
		.help = "name of the members that say what is under investigation"},
	{.name = "outcome",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_keys,
		.help = "a code in the answer that says how it went"},
	{.name = "present",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_map,
		.help = "XML: path of an element, from the top, to what it means that "
			"it is there; data counts more"},
	{.name = "faults",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_map,
		.help = "SOAP: a text in a Fault (code, string or detail) to what it "
			"means; other faults are fout"},
	{.name = "notes",
		.kind = KP_KEY_OBJECT,
		.keys = note_keys,
		.help = "remarks in the answer that the reader should see"},
	{.name = "fields",
		.kind = KP_KEY_OBJECT,
		.keys = field_map,
		.help = "fields of single sections, paths from the root"},
	{.name = "lists",
		.kind = KP_KEY_OBJECT,
		.keys = list_map,
		.help = "list sections"},
	{.name = "paging",
		.kind = KP_KEY_OBJECT,
		.keys = paging_keys,
		.help = "answers in pages"},
	{.name = "ignored",
		.kind = KP_KEY_TEXTS,
		.help = "paths from the top that are known and not wanted; they are not "
			"reported as unmapped"},
	END,
};

static const struct kp_key file_keys[] = {
	{.name = "path",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "the file; relative to the folder of the configuration"},
	{.name = "charset",
		.kind = KP_KEY_CHOICE,
		.words = charset_words,
		.help = "utf-8 by default"},
	{.name = "separator",
		.kind = KP_KEY_CHOICE,
		.words = separator_words,
		.help = "between columns; ; by default"},
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
			"file's "
			"time (mtime), or yyyymmdd in path, of which the latest is read"},
	{.name = "max_age_hours",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 87600,
		.fallback = 0,
		.help = "an older delivery is not used (nietBereikt); 0: no bound"},
	END,
};

static const struct kp_key query_map[] = {
	{.kind = KP_KEY_TEXT,
		.help = "one select; parameters :bsn, :doel, :activiteit, :zaak, "
			":medewerker, "
			":organisatie, :trace, :nu and :bekend.<field> are bound"},
	END,
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
	END,
};

static const struct kp_key table_rows[] = {
	{.kind = KP_KEY_SCALAR,
		.help = "code to text or true/false; \"*\" is every other code"},
	END,
};

static const struct kp_key table_map[] = {
	{.kind = KP_KEY_OBJECT, .keys = table_rows, .help = "code table"},
	END,
};

static const struct kp_key health_keys[] = {
	{.name = "target",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "what follows the endpoint"},
	{.name = "status",
		.kind = KP_KEY_INTEGER,
		.min = 100,
		.max = 599,
		.fallback = 200,
		.help = "status of a healthy partner"},
	{.name = "every_s",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 3600,
		.fallback = 30,
		.help = "seconds between probes"},
	END,
};

static const struct kp_key program_keys[] = {
	{.name = "command",
		.kind = KP_KEY_TEXTS,
		.required = true,
		.help = "program and arguments; no shell reads them"},
	{.name = "folder",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "where it runs; all it may read besides the system's programs"},
	{.name = "memory_mib",
		.kind = KP_KEY_INTEGER,
		.min = 16,
		.max = 65536,
		.fallback = 512,
		.help = "address space it may have"},
	{.name = "files",
		.kind = KP_KEY_INTEGER,
		.min = 8,
		.max = 65536,
		.fallback = 256,
		.help = "files and sockets it may have open"},
	{.name = "network",
		.kind = KP_KEY_BOOLEAN,
		.help = "may open sockets of its own; false by default"},
	END,
};

static const struct kp_key caseload_keys[] = {
	{.name = "oin",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "organisation whose clients these are"},
	END,
};

static const struct kp_key opt_out_keys[] = {
	{.name = "purposes",
		.kind = KP_KEY_TEXTS,
		.help = "purposes (doelen) it is about; left out: every purpose that a "
			"client may object to"},
	END,
};

static const struct kp_key decision_point_keys[] = {
	{.name = "endpoint",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "https://host:port/base; /access/v1/evaluations follows it; "
			"plain http on this machine only"},
	{.name = "access",
		.kind = KP_KEY_OBJECT,
		.keys = access_keys,
		.help = "credentials, by reference"},
	{.name = "client",
		.kind = KP_KEY_CHOICE,
		.words = client_words,
		.help = "what it is told of whom the question is about: none by default, "
			"a pseudonym of its own that stays the same, or the bsn"},
	{.name = "time_ms",
		.kind = KP_KEY_INTEGER,
		.min = 10,
		.max = 60000,
		.fallback = 500,
		.help = "longest time for its decisions on one dossier"},
	{.name = "answer_bytes",
		.kind = KP_KEY_INTEGER,
		.min = 256,
		.max = 16777216,
		.fallback = 262144,
		.help = "largest answer"},
	{.name = "concurrent",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 10000,
		.fallback = 64,
		.help = "requests at the same time, per loop"},
	{.name = "waiting",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 100000,
		.fallback = 1024,
		.help = "requests that may wait for their turn, per loop"},
	END,
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
		.keys = organisation_keys,
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
		.keys = program_keys,
		.help = "a program of the partner's, started and confined by the "
			"gateway, that answers HTTP on the socket it is handed "
			"(descriptor 3); in place of an endpoint"},
	{.name = "access",
		.kind = KP_KEY_OBJECT,
		.keys = access_keys,
		.help = "credentials, by reference"},
	{.name = "limits",
		.kind = KP_KEY_OBJECT,
		.keys = limit_keys,
		.help = "what one question may cost"},
	{.name = "idempotent",
		.kind = KP_KEY_BOOLEAN,
		.help = "asking twice is harmless; false by default"},
	{.name = "caseload",
		.kind = KP_KEY_OBJECT,
		.keys = caseload_keys,
		.help = "this source says whether an organisation knows a client "
			"(werkvoorraad)"},
	{.name = "opt_out",
		.kind = KP_KEY_OBJECT,
		.keys = opt_out_keys,
		.help = "this source says whether a client objected to a purpose "
			"(bezwaarregister): gevonden is an objection"},
	{.name = "needs",
		.kind = KP_KEY_TEXTS,
		.help = "fields of the catalogue that must be known before asking, "
			"besides "
			"those of {bekend:…}"},
	{.name = "health",
		.kind = KP_KEY_OBJECT,
		.keys = health_keys,
		.help = "how to see that the partner is well"},
	{.name = "conditions_file",
		.kind = KP_KEY_TEXT,
		.help = "the partner's own conditions: Cedar forbids for its own data; "
			"they join the rules as partners/BRON.cedar"},
	{.name = "decision_point",
		.kind = KP_KEY_OBJECT,
		.keys = decision_point_keys,
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
		.keys = response_keys,
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
		.keys = table_map,
		.help = "code tables by name"},
	{.name = "options",
		.kind = KP_KEY_ANY,
		.help = "for a connector of your own: read by it alone"},
	END,
};

const struct kp_key *
kp_manifest_keys(void)
{
	return manifest_keys;
}

static const struct kp_key *
find_key(const struct kp_key *keys, const char *name)
{
	for (; keys->help != NULL; keys++) {
		if (keys->name != NULL && strcmp(keys->name, name) == 0) {
			return keys;
		}
	}
	return NULL;
}

int64_t
kp_manifest_fallback(const char *object, const char *name)
{
	const struct kp_key *outer = find_key(manifest_keys, object);
	KP_REQUIRE(outer != NULL && outer->keys != NULL);
	const struct kp_key *inner = find_key(outer->keys, name);
	KP_REQUIRE(inner != NULL);
	return inner->fallback;
}
