/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new: what the files connector_new*.c share. `connector new` reads what a
 * partner describes itself with (OpenAPI, WSDL, a table, the beginning of an export),
 * proposes for each of its fields one of the catalogue, and writes a first manifest.
 *
 * Reading gives a shape: the leaves of an answer, with paths as a manifest writes them.
 * Proposing sets the field of each leaf. Writing makes the manifest of both.
 */
#ifndef KP_COMMANDS_CONNECTOR_NEW_H
#define KP_COMMANDS_CONNECTOR_NEW_H

#include <jansson.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/heap.h"
#include "policies/catalogue.h"

#define KP_NEW_LEAVES_MAX ((size_t)2000)
#define KP_NEW_DEPTH_MAX 24u
#define KP_NEW_WORDS_MAX 16
#define KP_NEW_OPERATIONS_MAX 64u
#define KP_NEW_LABEL_BYTES 240u /* more is no label */

enum kp_new_type {
	KP_NEW_TEXT,
	KP_NEW_NUMBER,
	KP_NEW_BOOLEAN,
	KP_NEW_DATE,        /* ISO 8601, or as `date` says */
	KP_NEW_DATE_OBJECT, /* of Haal Centraal */
};

/* One place in an answer that holds a value. In the arena. */
struct kp_new_leaf {
	struct kp_slice path;  /* "personen[].naam.voornamen", "a/b", a column */
	struct kp_slice label; /* what the description says of it; may be empty */
	enum kp_new_type type;
	struct kp_slice date; /* pattern of its dates; empty: ISO 8601 */
	bool bsn;             /* its values are client numbers */
	/* Set by proposing: */
	uint32_t field; /* of the catalogue; KP_NO_ID: none */
	unsigned percent;
	const char *basis;
};

/* Lifetime: one run. */
struct kp_new {
	struct kp_arena *arena;
	const struct kp_catalogue *catalogue;
	uint32_t source;   /* whose fields are proposed */
	char separator;    /* between the parts of a path: '.' or '/'; 0: columns */
	bool arrays_known; /* paths mark arrays with [] */
	struct kp_new_leaf *leaves;
	size_t leaf_count;
	bool leaves_dropped;  /* there were more than KP_NEW_LEAVES_MAX, or deeper ones */
	bool persons_dropped; /* a name was or held what may be a client number */
	/* The first thing that is referred to and not there; empty: none. */
	struct kp_slice missing;
	const json_t *wrong; /* a part of a schema that is of a wrong type; borrowed */
	bool operations_dropped; /* there were more than were looked at */
	struct kp_slice root;    /* of the answer; empty: its top */
	const struct kp_new_leaf *subject;
	struct kp_slice *repeated; /* array of each list section of the catalogue by
				      section id; data NULL: none */
	const char *asked_page;    /* parameter that asks for a page; NULL: none */
	struct kp_slice query;     /* of a database: every path is a column of it */
	/* Made when the fields are known; NULL: nothing more is to be made. */
	bool (*finish)(struct kp_new *new);
	void *origin;
	json_t *manifest;       /* object; what reading found of the question is in it */
	bool failed;            /* a part could not be made: see kp_new_failed */
	size_t failures_before; /* kp_heap_failures() at the start */
	json_t *todo;           /* array of texts */
	size_t proposed;
};

/* Adds a leaf; later ones of the same path are left out, and one in whose path somebody's
 * client number may stand. False when there are too many, or no memory is left.
 * `leaf` is copied, its texts are not. */
bool kp_new_add_leaf(struct kp_new *new, const struct kp_new_leaf *leaf);
/*
 * Parts of the manifest are made without looking whether there was memory for each; this
 * says so in the end. What was made then is worth nothing.
 */
static inline bool
kp_new_failed(const struct kp_new *new)
{
	return new->failed || new->arena->failed ||
		kp_heap_failures() != new->failures_before;
}
/* `value` is taken; NULL: it could not be made. */
void kp_new_set(struct kp_new *new, json_t *object, const char *name, json_t *value);
void kp_new_setn(struct kp_new *new, json_t *object, struct kp_slice name, json_t *value);
void kp_new_append(struct kp_new *new, json_t *array, json_t *value);
json_t *kp_new_text(struct kp_slice text);
/* The path of `url`, which may be NULL, on this machine: what a manifest says until
 * somebody has put the certificates there that https needs. */
json_t *kp_new_here(const char *url);

/* The first line of a description, in the arena; of NULL it is empty. */
struct kp_slice kp_new_label(struct kp_new *new, const char *text);
/* Forgets what an operation gave, before the next is read. */
void kp_new_begin_shape(struct kp_new *new);
/* What is called `reference` is not in the description. */
void kp_new_note_missing(struct kp_new *new, const char *reference);
/* Says in the manifest what somebody must still do. */
void kp_new_todo(struct kp_new *new, const char *format, ...) KP_PRINTF(2, 3);

/* Words. */

/* A name or label in words, as ids: words that mean the same (Dutch, English, usual
 * abbreviations) have one id. */
struct kp_new_words {
	uint32_t ids[KP_NEW_WORDS_MAX];
	unsigned weights[KP_NEW_WORDS_MAX]; /* words that say little weigh little */
	struct kp_slice texts[KP_NEW_WORDS_MAX];
	uint32_t roles; /* whose data it is: partner, child …, one bit each */
	size_t count;
};

/* Adds the words of `text`, at most KP_NEW_WORDS_MAX in all. Memory from `arena`. */
void kp_new_split(
	struct kp_arena *arena, struct kp_slice text, struct kp_new_words *words);
/* The words that are not among `around`; none when all of those say little. */
void kp_new_words_left(const struct kp_new_words *words,
	const struct kp_new_words *around, struct kp_new_words *ret_left);
/* Is a word of one much like one of the other? */
bool kp_new_share_word(const struct kp_new_words *a, const struct kp_new_words *b);
/* How alike, 0 … 100. */
unsigned kp_new_alike(const struct kp_new_words *a, const struct kp_new_words *b);
bool kp_new_has_word(const struct kp_new_words *words, const char *word);
/* Do both speak of the same person (partner, child, parent …), or both of none? */
bool kp_new_same_role(const struct kp_new_words *a, const struct kp_new_words *b);

/* Proposing: sets root, subject, the leaves' fields and the arrays of list sections.
 * False without memory. */
bool kp_new_propose(struct kp_new *new);

/* Writes response and comments into the manifest. False without memory. */
bool kp_new_write_response(struct kp_new *new);

/* Reading; each fills leaves and its part of the manifest. KP_E_INVALID, KP_E_NOT_FOUND,
 * KP_E_IO, KP_E_MEMORY with `err`. `operation` may be NULL: the one with the most
 * proposals. A text outlives the run. */
enum kp_status kp_new_read_openapi(struct kp_new *new, const char *path,
	struct kp_slice text, const char *operation, struct kp_error *err) KP_MUST_USE;
/* `beside`: what it imports and includes is read too, where it lies beside `path`. */
enum kp_status kp_new_read_wsdl(struct kp_new *new, const char *path,
	struct kp_slice text, bool beside, const char *operation,
	struct kp_error *err) KP_MUST_USE;
enum kp_status kp_new_read_table(struct kp_new *new, const char *conninfo,
	const char *table, struct kp_error *err) KP_MUST_USE;
/* `path`: a file that holds the connection string of ODBC. */
enum kp_status kp_new_read_odbc(struct kp_new *new, const char *path, const char *table,
	struct kp_error *err) KP_MUST_USE;
/* `whole`: the text is the whole export, not its beginning. `form`: what the text was
 * unpacked from ("xlsx"); NULL: it is a CSV. */
enum kp_status kp_new_read_csv(struct kp_new *new, const char *path, const char *form,
	struct kp_slice text, bool whole, struct kp_error *err) KP_MUST_USE;
enum kp_status kp_new_read_ndjson(struct kp_new *new, const char *path,
	struct kp_slice text, struct kp_error *err) KP_MUST_USE;
/* Unpacks the first sheet and reads the beginning of that. Blocking. */
enum kp_status kp_new_read_xlsx(
	struct kp_new *new, const char *path, struct kp_error *err) KP_MUST_USE;

#define KP_NEW_CSV_BYTES ((size_t)1 << 20)
#define KP_NEW_DOCUMENT_BYTES_MAX ((size_t)16 << 20)

#endif
