/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * dossier_write: the members of an answer, onto a buffer. Each function writes one
 * complete JSON value without a name; who composes an answer decides which go where. A
 * buffer that runs out of room is marked failed: check it once, at the end.
 */
#ifndef KP_QUERY_DOSSIER_WRITE_H
#define KP_QUERY_DOSSIER_WRITE_H

#include "core/buffer.h"
#include "connectors/outcome.h"
#include "query/merge.h"
#include "query/plan.h"
#include "query/shape.h"
#include "query/withheld.h"

#define KP_INSTANT_LEN 24u /* 2026-11-23T18:24:05.123Z */

/* RFC 3339, UTC, milliseconds. Writes KP_INSTANT_LEN bytes, no NUL. Years 1970…9999. */
void kp_instant_write(int64_t unix_ms, char out[KP_INSTANT_LEN]);

/* What a source did, for bronnen[]. */
struct kp_source_state {
	uint32_t source; /* id in the catalogue */
	enum kp_outcome outcome;
	struct kp_slice reason; /* Dutch; may be empty */
	uint64_t duration_us;
	bool asked;
	char retrieved[KP_INSTANT_LEN];      /* opgehaaldOp; when asked and done */
	const struct kp_collect *collect;    /* NULL when not asked */
	const struct kp_plan_entry *planned; /* NULL when not of interest */
};

/* Bytes that will do for dossier and provenance of a merge. */
size_t kp_write_dossier_size(
	const struct kp_shape *shape, const struct kp_merged *merged);
/* { "persoon": {…}, "uitkeringen": […] } */
void kp_write_dossier(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged);
/* [ { "pad", "bron", "opgehaaldOp", "geldigOp", "inOnderzoek" } ]; `states` is by source
 * id of the catalogue. */
void kp_write_provenance(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged, const struct kp_source_state *const *states);
/* One entry of bronnen[]. */
void kp_write_source(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_source_state *state);
/* [ { "pad", "waarden": [ { "bron", "waarde" } ] } ] */
void kp_write_conflicts(struct kp_buffer *buffer, const struct kp_shape *shape,
	const struct kp_merged *merged);
/* [ { "veld", "reden", "regel" } ] */
void kp_write_withheld(struct kp_buffer *buffer, const struct kp_withheld *withheld);
/* [ "persoon.naam", … ]: the fields of a set of cells, each once. */
void kp_write_fields(
	struct kp_buffer *buffer, const struct kp_shape *shape, const uint64_t *cells);

/* A JSON string from text: quotes and escapes. */
void kp_write_text(struct kp_buffer *buffer, struct kp_slice text);

#endif
