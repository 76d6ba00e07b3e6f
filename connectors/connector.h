/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector: the contract between the gateway and what speaks a partner's language
 * (ABI 1.2).
 *
 * A connector does no I/O. It turns a need into an outgoing request and the bytes that
 * come back into fields. The host owns sockets, TLS identity, credentials, limits,
 * retries and logging. So a connector is pure: it can be tested from files and fuzzed,
 * and it needs no symbol of the host. This header is all it includes.
 *
 * The life of one configured source: open once (read-only afterwards, shared by all
 * threads) … close. The life of one call, always on one thread, never two functions of a
 * call at once:
 *
 *     prepare → (host sends) → head → consume* → finish ─┬→ end
 *        ↑                                                │
 *        └──────────────── KP_NEXT (another page) ────────┘
 *
 * `end` comes exactly once for every call whose prepare was called, also after failure
 * and cancel. Nothing handed to a call may be kept after `end`; text from the host lives
 * until the function returns unless said otherwise. Sizes are bytes, times milliseconds.
 *
 * Compatibility: the major number must match; the host accepts a lower or equal minor.
 * `size` is the size of the struct the connector was built with; members are only ever
 * added at the end.
 *
 * Changes
 *   1.0  2026-11-23  first version: HTTP and file transports
 *        2026-11-23  KP_SKIP; an index row with an empty key is handed to every look-up
 *   1.1  2026-11-27  SQL transport; kp_request_writer.query
 *   1.1  2026-11-27  kp_call_host: random bytes and the signing service, for WS-Security
 *   1.2  2026-11-27  kp_head.header_at; KP_UNMAPPED
 *   1.2  2026-11-27  kp_index_writer: entry, changes and summary; head comes once for
 *                    each file
 *   1.2  2026-11-27  kp_need: known_items and known_in
 *   1.2  2026-11-27  kp_call_host: username_token, code
 *   1.2  2026-11-27  kp_sink.doubt
 */
#ifndef KP_CONNECTOR_H
#define KP_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KP_CONNECTOR_ABI_MAJOR 1
#define KP_CONNECTOR_ABI_MINOR 2

/* Borrowed bytes; not terminated. */
struct kp_text {
	const char *data;
	size_t len;
};

enum kp_verdict {
	KP_DONE = 0, /* went well */
	KP_NEXT = 1, /* finish only: call prepare again for the next page */
	KP_SKIP = 2, /* prepare only: nothing to ask this source (what it needs from an
			earlier wave is not known); the call ends as nietVanToepassing,
			and as fout on a further page */
	KP_UNMAPPED = 3, /* prepare only, since 1.2: what the question says (its purpose)
			    has no word agreed with this partner, so it may not be
			    asked; the call ends as nietBevraagd (on a further page:
			    fout), `fault` says why */
	KP_FAIL = -1,    /* `fault` says why */
	KP_NO_MEMORY = -2, /* scan only, since 1.2: that says nothing about the file */
};

/* What went wrong, in the connector's words. Never holds the partner's text or client
 * data. */
struct kp_fault {
	char place[96]; /* manifest option, JSON pointer in the answer, row and column; or
			   empty */
	char message[192]; /* lower case, no full stop */
	uint32_t line;     /* in the manifest or the answer; 0 when not known */
	uint32_t column;
};

/* What a source can say about the question as a whole. Mirrors the status of `bronnen[]`.
 */
enum kp_outcome {
	KP_FOUND,          /* gevonden */
	KP_NOTHING_FOUND,  /* nietsGevonden */
	KP_NOT_ENTITLED,   /* nietGerechtigd: the partner itself refused us */
	KP_NOT_APPLICABLE, /* nietVanToepassing */
	KP_ERROR,          /* fout: an answer that cannot be used */
	KP_NOT_REACHED,    /* nietBereikt */
	KP_NOT_ASKED,      /* nietBevraagd: set by the host only */
};

enum kp_transport {
	KP_TRANSPORT_HTTP, /* prepare fills a request; the answer is streamed to consume
			    */
	KP_TRANSPORT_FILE, /* scan builds an index; prepare fills the key; consume gets
			      the rows */
	KP_TRANSPORT_SQL,  /* prepare names queries and their parameters; consume gets the
			      rows as JSON (see struct kp_request_writer) */
};

/* The question as one source sees it. Lives until `end`. */
struct kp_need {
	uint32_t size;
	struct kp_text bsn;          /* nine digits; secret */
	struct kp_text purpose;      /* doel */
	struct kp_text activity_uri; /* of the purpose, in the register of processing
					activities */
	struct kp_text case_id;      /* zaakkenmerk; may be empty */
	struct kp_text employee;     /* as it may be told to the partner */
	struct kp_text organisation; /* OIN of who asks, or in whose name is asked */
	struct kp_text trace_id;     /* 32 hex digits */
	struct kp_text now;          /* RFC 3339, UTC */
	const uint64_t *cells;       /* wanted and permitted; ask for no more than this */
	uint32_t cell_words;
	uint32_t wave; /* 0 for calls that depend on nobody */
	uint32_t page; /* 0 for the first request of the call */
	/* Values found in earlier waves, by field path: NULL-safe; a missing one is
	 * empty. */
	struct kp_text (*known)(const struct kp_need *need, struct kp_text field_path);
	const void *known_context;
	/* Since 1.2. How many items of a list section earlier waves found, those with the
	 * same key once; and the value of a field of item `index`, from 0 on; empty when
	 * it has none. NULL-safe as `known`. */
	uint32_t (*known_items)(const struct kp_need *need, struct kp_text section);
	struct kp_text (*known_in)(
		const struct kp_need *need, struct kp_text field_path, uint32_t index);
};

/* Does this need offer it? */
#define KP_NEED_HAS(need, member)                                                        \
	((need)->size >= offsetof(struct kp_need, member) + sizeof((need)->member) &&    \
		(need)->member != NULL)

/* Where prepare writes the outgoing request. Each function returns false when a limit is
 * reached. */
struct kp_request_writer {
	uint32_t size;
	void *context;
	/* "GET", "POST"; default GET. */
	bool (*method)(void *context, struct kp_text method);
	/* Appended to the endpoint of the manifest; starts with '/' or '?', already
	 * encoded. The host refuses a target that holds the bsn. */
	bool (*target)(void *context, struct kp_text target);
	bool (*header)(void *context, struct kp_text name, struct kp_text value);
	bool (*body)(void *context, struct kp_text bytes); /* may be called repeatedly */
	/* File transport: the key to look up (normally the bsn). */
	bool (*key)(void *context, struct kp_text key);
	/* Since 1.1. SQL transport: one query to run, in order. `statement` belongs to
	 * the instance and has the placeholders of the database ($1 or ?) and a NUL
	 * behind it; parameters
	 * are bound as text, one with data NULL as NULL. All queries of a call run in
	 * one read-only transaction. The answer comes to consume as one JSON array, in
	 * which every query gives an object {"query": name, "columns": [names]}, also
	 * without rows, and then an array for each row: texts as the database wrote
	 * them, and null. */
	bool (*query)(void *context, struct kp_text name, struct kp_text statement,
		const struct kp_text *parameters, uint32_t count);
};

/* How a value's bytes are to be read. */
enum kp_value_form {
	KP_VALUE_TEXT, /* UTF-8 text; the host escapes it */
	KP_VALUE_JSON, /* one JSON scalar exactly as the source wrote it */
};

struct kp_value {
	uint32_t size;
	uint32_t cell; /* from kp_host.find_cell */
	uint32_t item; /* list sections: number given by sink.item; else 0 */
	enum kp_value_form form;
	struct kp_text bytes;    /* copied by the host when it keeps the value */
	struct kp_text valid_on; /* geldigOp of this value; may be empty */
	bool in_investigation;   /* inOnderzoek */
};

/* Where consume and finish put what they found. Each returns false when the call must
 * stop. */
struct kp_sink {
	uint32_t size;
	void *context;
	/* The answer says it is about this person. The host compares; another person ends
	 * the call as `fout` and drops everything the call delivered. Must be called
	 * before the first value unless the manifest says that answers do not name the
	 * person. */
	bool (*subject)(void *context, struct kp_text bsn);
	/* A new item in a list section; its number goes into kp_value.item. */
	bool (*item)(void *context, uint32_t section, uint32_t *ret_item);
	/* A value. Not permitted ones are dropped by the host whatever the connector
	 * does. */
	bool (*value)(void *context, const struct kp_value *value);
	/* A source's own note for the reader (meldingen[]): a code and a fixed text of
	 * the manifest. */
	bool (*note)(void *context, struct kp_text code, struct kp_text text);
	/* Something in the answer that no mapping names; `path` holds names only, never
	 * values. NULL unless somebody wants to know (connector try, replay tests). */
	bool (*unmapped)(void *context, struct kp_text path);
	/* The date the whole answer is valid on. */
	bool (*valid_on)(void *context, struct kp_text date);
	/* Since 1.2. The answer could be read, and makes one look twice at the manifest:
	 * `place` is a JSON pointer in it. NULL, like `unmapped`, unless somebody wants
	 * to know. */
	bool (*doubt)(void *context, const struct kp_fault *doubt);
};

/* Does this sink offer it? */
#define KP_SINK_HAS(sink, member)                                                        \
	((sink)->size >= offsetof(struct kp_sink, member) + sizeof((sink)->member) &&    \
		(sink)->member != NULL)

/* What arrived before the body. */
struct kp_head {
	uint32_t size;
	uint32_t status; /* HTTP status; 200 for files */
	struct kp_text content_type;
	struct kp_text (*header)(const struct kp_head *head, struct kp_text name);
	const void *header_context;
	/* Since 1.2. The value of the field `name` that came as number `index`, from 0
	 * on; data is NULL when there are no more of them. */
	struct kp_text (*header_at)(
		const struct kp_head *head, struct kp_text name, uint32_t index);
};

/* Does this head offer it? */
#define KP_HEAD_HAS(head, member)                                                        \
	((head)->size >= offsetof(struct kp_head, member) + sizeof((head)->member) &&    \
		(head)->member != NULL)

/* A row of a delivery that change files follow. */
struct kp_index_entry {
	uint32_t size;
	struct kp_text key; /* empty: about nobody we could be asked for */
	/* Which row of the partner's it is, whoever it is about: any text that tells it
	 * from the others. Empty: it cannot be told, and no change reaches it. */
	struct kp_text identity;
	bool removed; /* a change that takes the row away; it is not handed to consume */
	uint64_t offset;
	uint64_t len;
};

/* Where scan reports what a file holds. The host keeps a keyed hash of the key, offset
 * and length. A row with an empty key (a header row) is handed to consume before the rows
 * of every look-up; rows come in the order of the file. Because keys can share a hash,
 * consume looks at the key of each row again. */
struct kp_index_writer {
	uint32_t size;
	void *context;
	bool (*row)(void *context, struct kp_text key, uint64_t offset, uint64_t len);
	/* Since 1.2, and only where the manifest says that change files follow a delivery
	 * (file/series): in place of `row` for every row but those with an empty key. A
	 * later entry, in the same file or a later one, takes the place of those before
	 * it with the same identity. */
	bool (*entry)(void *context, const struct kp_index_entry *entry);
	bool changes; /* this is a change file */
	/* Since 1.2. Once, after the last row: how many there were, without the names and
	 * a trailer, and the day ("yyyy-mm-dd") that the file itself says it is of; empty
	 * when it says none. */
	bool (*summary)(void *context, uint64_t rows, struct kp_text day);
};

/* Does this writer offer it? */
#define KP_INDEX_HAS(writer, member)                                                     \
	((writer)->size >= offsetof(struct kp_index_writer, member) +                    \
				sizeof((writer)->member) &&                              \
		(writer)->member != NULL)

/* What the host offers at open. Lives as long as the instance. */
struct kp_host {
	uint32_t abi_major;
	uint32_t abi_minor;
	uint32_t size;
	void *context;
	/* Ids from the catalogue, for this source only; UINT32_MAX when there is none. */
	uint32_t (*find_cell)(void *context, struct kp_text field_path);
	uint32_t (*find_section)(void *context, struct kp_text section);
	/* The field path of a cell and the closest known path to a wrong one: for error
	 * texts. */
	struct kp_text (*cell_path)(void *context, uint32_t cell);
	struct kp_text (*nearest)(void *context, struct kp_text field_path);
	bool (*section_is_list)(void *context, uint32_t section);
	/* One more thing wrong with the manifest: open goes on and reports all. */
	void (*finding)(void *context, const struct kp_fault *fault);
	/* Memory of the instance; freed by the host after close. NULL when exhausted. */
	void *(*alloc)(void *context, size_t size);
};

/* Kinds of keys that sign, always over SHA-256 unless said otherwise. */
enum kp_signing {
	KP_SIGNING_NONE,
	KP_SIGNING_RSA,      /* RSASSA-PKCS1-v1_5, RFC 8017 */
	KP_SIGNING_ECDSA,    /* r and s one after the other, as in XML Signature */
	KP_SIGNING_RSA_SHA1, /* verify only, and only where a manifest allows it */
};

/* A signature that came with an answer. */
struct kp_signature {
	uint32_t size;
	enum kp_signing kind;
	struct kp_text bytes; /* that were signed */
	struct kp_text signature;
	struct kp_text certificate; /* DER, of who says to have signed */
};

/* Who we are to a partner (WS-Security UsernameToken Profile 1.1). */
struct kp_username_token {
	struct kp_text user;
	struct kp_text password; /* or its digest in base64 */
	bool digest;
};

/* What the host offers one call. `alloc` gives memory that is wiped and freed by the host
 * after end. The others are of 1.1: ask KP_HOST_HAS first. Keys stay with the host: a
 * manifest names files, and a connector only sees signatures. */
struct kp_call_host {
	uint32_t size;
	void *context;
	void *(*alloc)(void *context, size_t size);
	/* Bytes nobody can guess; false when there are none. */
	bool (*random)(void *context, unsigned char *ret_bytes, size_t len);
	bool (*sha256)(void *context, struct kp_text bytes, unsigned char ret_digest[32]);
	/* SHA-1, for partners whose signatures are older than its ban. */
	bool (*sha1)(void *context, struct kp_text bytes, unsigned char ret_digest[20]);
	/* The certificate (DER) of this source's signing key and the key's kind; empty
	 * when its manifest names none. */
	struct kp_text (*signing_certificate)(void *context, enum kp_signing *ret_kind);
	/* Signs with that key. At most 1024 bytes; false when it cannot. */
	bool (*sign)(void *context, struct kp_text bytes, unsigned char *ret_signature,
		size_t size, size_t *ret_len);
	/* Is it a signature by that certificate, and does that lead to the anchors the
	 * manifest names? NULL when so, else why not. */
	const char *(*verify)(void *context, const struct kp_signature *signature);
	/* Of 1.2. The name and password of this source, or the digest of nonce, creation
	 * time and password when the manifest says so. False when there are none. */
	bool (*username_token)(void *context, struct kp_text nonce,
		struct kp_text created, struct kp_username_token *ret_token);
	/* Of 1.2. What `key` means by a code table that the host fetches (manifest:
	 * fetched_tables), as one JSON scalar that lives until `end`. One call sees one
	 * version of a table. False when the table has no such row, or is not there yet.
	 */
	bool (*code)(void *context, struct kp_text table, struct kp_text key,
		struct kp_text *ret_value);
};

/* Does this host offer it? */
#define KP_HOST_HAS(host, member)                                                        \
	((host)->size >= offsetof(struct kp_call_host, member) +                         \
				sizeof((host)->member) &&                                \
		(host)->member != NULL)

struct kp_connector {
	uint32_t abi_major; /* KP_CONNECTOR_ABI_MAJOR */
	uint32_t abi_minor;
	uint32_t size;    /* sizeof(struct kp_connector) */
	const char *name; /* "rest"; manifests refer to it */
	const char *summary;
	enum kp_transport transport;
	size_t call_size; /* zeroed memory handed to each call */

	/* Reads `manifest` (the whole JSON text, already checked against the manifest
	 * schema) and the options that are the connector's own. Reports everything wrong
	 * by host->finding. Also used by `connector check`: no side effects. */
	int (*open)(const struct kp_host *host, struct kp_text manifest,
		void **ret_instance, struct kp_fault *fault);
	void (*close)(void *instance);
	/* Adds every cell this source can supply to `cells`. */
	void (*offers)(const void *instance, uint64_t *cells, uint32_t cell_words);

	int (*prepare)(const void *instance, void *call, const struct kp_call_host *host,
		const struct kp_need *need, const struct kp_request_writer *out,
		struct kp_fault *fault);
	/* Of a delivery with change files it comes before the rows of each file, so
	 * several times, with consume between. */
	int (*head)(const void *instance, void *call, const struct kp_head *head,
		const struct kp_sink *sink, struct kp_fault *fault);
	int (*consume)(const void *instance, void *call, struct kp_text bytes,
		const struct kp_sink *sink, struct kp_fault *fault);
	/* All bytes were seen. Sets what the source said as a whole. */
	int (*finish)(const void *instance, void *call, const struct kp_sink *sink,
		enum kp_outcome *ret_outcome, struct kp_fault *fault);
	void (*end)(const void *instance, void *call);

	/* File transport only: reads a whole file once, in pieces; `state` is zeroed
	 * memory of scan_size, and `last` is set with the last (possibly empty) piece: it
	 * comes also when the file could not be read further, so that scan can let go of
	 * what it holds. After a failure scan holds nothing and is not called again. May
	 * run on any thread. */
	size_t scan_size;
	int (*scan)(const void *instance, void *state, struct kp_text bytes, bool last,
		const struct kp_index_writer *out, struct kp_fault *fault);
};

/*
 * A shared object exports exactly one symbol, `kp_connector`. The same source is linked
 * statically when KP_CONNECTOR_STATIC names the symbol (kp_connector_rest, …).
 */
#ifdef KP_CONNECTOR_STATIC
#define KP_CONNECTOR_DEFINE const struct kp_connector KP_CONNECTOR_STATIC
#else
#define KP_CONNECTOR_DEFINE                                                              \
	__attribute__((visibility("default"))) const struct kp_connector kp_connector
#endif

#endif
