/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest_keys_answer: how an answer becomes fields; see manifest_keys.h. */
#include "connectors/manifest_keys_parts.h"

static const char *const outcome_words[] = {"gevonden", "nietsGevonden", "nietGerechtigd",
	"nietVanToepassing", "fout", "nietBereikt", NULL};
static const char *const form_words[] = {
	"as_is", "date_object", "yes_no", "present", "number", "cents", NULL};

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
	KP_KEYS_END,
};

static const struct kp_key field_map[] = {
	{.kind = KP_KEY_TEXT_OR_OBJECT,
		.keys = field_keys,
		.help = "field of the catalogue"},
	KP_KEYS_END,
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
	KP_KEYS_END,
};

static const struct kp_key list_map[] = {
	{.kind = KP_KEY_OBJECT, .keys = list_keys, .help = "list section"},
	KP_KEYS_END,
};

static const struct kp_key outcome_map[] = {
	{.kind = KP_KEY_CHOICE, .words = outcome_words, .help = "what it means"},
	KP_KEYS_END,
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
	KP_KEYS_END,
};

static const struct kp_key text_map[] = {
	{.kind = KP_KEY_TEXT, .help = "fixed text for the reader"},
	KP_KEYS_END,
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
	KP_KEYS_END,
};

static const struct kp_key paging_keys[] = {
	{.name = "next",
		.kind = KP_KEY_TEXT,
		.help = "path to the link of the next page, from the top; absent, null "
			"or empty on the last"},
	{.name = "link_header",
		.kind = KP_KEY_BOOLEAN,
		.help = "the link is in the header field Link, with rel=next (RFC 8288)"},
	{.name = "links_from",
		.kind = KP_KEY_TEXT,
		.help = "address that the partner's links begin with, when the endpoint "
			"is a gateway in front of it; they are followed at the endpoint"},
	{.name = "pages",
		.kind = KP_KEY_TEXT,
		.help = "path to the number of pages, from the top; the request asks "
			"{pagina} or {vanaf}"},
	{.name = "cursor",
		.kind = KP_KEY_TEXT,
		.help = "path to what the next page is asked with, as {vervolg}, from "
			"the top; absent, null or empty on the last"},
	{.name = "size",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 100000,
		.fallback = 0,
		.help = "rows of a full page: a page with fewer is the last; needs rows, "
			"and the request asks {pagina} or {vanaf}"},
	{.name = "rows",
		.kind = KP_KEY_TEXT,
		.help = "path to the rows of a page, from the top, as in \"results[]\""},
	{.name = "total",
		.kind = KP_KEY_TEXT,
		.help = "path to the number of rows on all pages, from the top: fewer "
			"than "
			"that make the answer fout; needs rows"},
	{.name = "first",
		.kind = KP_KEY_INTEGER,
		.min = 0,
		.max = 1,
		.fallback = 1,
		.help = "the number of the first page, for {pagina}"},
	{.name = "target",
		.kind = KP_KEY_TEXT,
		.help = "template of the target of further pages, when it is not the "
			"request's"},
	KP_KEYS_END,
};

const struct kp_key kp_manifest_response_keys[] = {
	{.name = "status",
		.kind = KP_KEY_OBJECT,
		.keys = outcome_map,
		.help = "HTTP status (404, 5xx) to outcome; without it 2xx is read, 401 "
			"and 403 "
			"are nietGerechtigd, 429, 502, 503 and 504 nietBereikt, the rest "
			"fout"},
	{.name = "root",
		.kind = KP_KEY_TEXT,
		.help = "path to the person, \"personen[]\"; left out: the whole answer; "
			"soap: always"},
	{.name = "subject",
		.kind = KP_KEY_TEXT_OR_NULL,
		.help = "path from the root to the bsn; null when answers do not name "
			"the "
			"person"},
	{.name = "valid_on",
		.kind = KP_KEY_TEXT,
		.help = "path from the root to the date the answer is valid on"},
	{.name = "valid_on_header",
		.kind = KP_KEY_TEXT,
		.help = "header field that holds the date the answer is valid on, when "
			"the "
			"partner says that it means that (Last-Modified); an HTTP-date "
			"or "
			"yyyy-mm-dd"},
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
	KP_KEYS_END,
};

static const struct kp_key table_rows[] = {
	{.kind = KP_KEY_SCALAR,
		.help = "code to text or true/false; \"*\" is every other code"},
	KP_KEYS_END,
};

const struct kp_key kp_manifest_table_map[] = {
	{.kind = KP_KEY_OBJECT, .keys = table_rows, .help = "code table"},
	KP_KEYS_END,
};

static const struct kp_key fetched_keys[] = {
	{.name = "from",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "where it is: a path on the endpoint's host, from the root, with "
			"a query perhaps; nothing in it is filled in"},
	{.name = "items",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "path of the array of rows: results[], or [] for the answer "
			"itself"},
	{.name = "key",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "path of the code in a row"},
	{.name = "value",
		.kind = KP_KEY_TEXT,
		.required = true,
		.help = "path in a row of what the code becomes; a row in which it is "
			"null is left out"},
	{.name = "next",
		.kind = KP_KEY_TEXT,
		.help = "path from the top of the link to the next page; it must lead "
			"to the path of from, or below it"},
	{.name = "links_from",
		.kind = KP_KEY_TEXT,
		.help = "address that stands in the partner's links for from, when the "
			"endpoint is a gateway in front of it"},
	{.name = "required",
		.kind = KP_KEY_BOOLEAN,
		.help = "the source is nietBereikt until the table was fetched once; "
			"else what it would translate is left out with a remark"},
	{.name = "refresh_s",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 604800,
		.fallback = 3600,
		.help = "how long it is taken for current when the partner does not say "
			"(Cache-Control: max-age)"},
	{.name = "refresh_min_s",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 604800,
		.fallback = 300,
		.help = "it is not looked at more often, whatever the partner says; "
			"refresh_s when that is less"},
	{.name = "refresh_max_s",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 604800,
		.fallback = 86400,
		.help = "nor less often; refresh_s when that is more"},
	{.name = "rows",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 100000,
		.fallback = 10000,
		.help = "limit: rows in all"},
	{.name = "pages",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 1000,
		.fallback = 100,
		.help = "limit: pages"},
	{.name = "bytes",
		.kind = KP_KEY_INTEGER,
		.min = 1024,
		.max = 67108864,
		.fallback = 8388608,
		.help = "limit: bytes of all pages together"},
	{.name = "time_ms",
		.kind = KP_KEY_INTEGER,
		.min = 1,
		.max = 300000,
		.fallback = 30000,
		.help = "limit: time for all pages together"},
	KP_KEYS_END,
};

const struct kp_key kp_manifest_fetched_map[] = {
	{.kind = KP_KEY_OBJECT,
		.keys = fetched_keys,
		.help = "a code table that is fetched"},
	KP_KEYS_END,
};
