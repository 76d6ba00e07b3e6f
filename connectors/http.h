/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http: what the connectors over HTTP share: method, target and header fields from the
 * manifest's templates, and what a status means when the manifest does not say.
 */
#ifndef KP_CONNECTORS_HTTP_H
#define KP_CONNECTORS_HTTP_H

#include "connectors/template.h"

struct kp_http_header {
	const struct kp_manifest_header *header;
	struct kp_template value;
};

struct kp_http_parameter {
	struct kp_slice name;
	struct kp_template value;
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_http_request {
	const struct kp_manifest_request *request;
	struct kp_template target;
	struct kp_http_parameter *query;
	size_t query_count;
	struct kp_http_header *headers;
	size_t header_count;
	bool content_type; /* the manifest writes its own */
	bool accept;
};

/* What filling templates needs; lives as long as one prepare. */
struct kp_http_filling {
	struct kp_arena *arena;
	const struct kp_need *need;
	const struct kp_template_fields *fields;
	const struct kp_request_writer *out;
	struct kp_fault *fault;
};

/* Compiles one template; what is wrong goes to host->finding at `where`. Errors:
 * KP_E_MEMORY. */
enum kp_status kp_http_template(struct kp_arena *arena,
	const struct kp_manifest *manifest, const struct kp_host *host,
	struct kp_slice text, enum kp_template_place place,
	const struct kp_manifest_place *where, struct kp_template *ret) KP_MUST_USE;

/* Compiles target and header fields. Errors: KP_E_MEMORY. */
enum kp_status kp_http_compile(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_http_request *ret_request) KP_MUST_USE;

/* Does the target or its query use that name? */
bool kp_http_target_uses(
	const struct kp_http_request *request, enum kp_template_name name) KP_MUST_USE;

/* Does a header field? */
bool kp_http_headers_use(
	const struct kp_http_request *request, enum kp_template_name name) KP_MUST_USE;

/* Shows the target, the query and the header fields with their places, one by one.
 * `optional`: it is left out when it cannot be filled. */
typedef void (*kp_http_template_fn)(void *context, const struct kp_template *compiled,
	const struct kp_manifest_place *place, bool optional);
void kp_http_show(
	const struct kp_http_request *request, kp_http_template_fn show, void *context);

/* These give KP_DONE, KP_SKIP (KP_TEMPLATE_NOTHING), KP_UNMAPPED (a table has no
 * row) or KP_FAIL, the last two with the fault. */
int kp_http_fill(const struct kp_http_filling *filling,
	const struct kp_template *compiled, size_t bytes_max, struct kp_slice *ret_text);
/* The longest target. */
#define KP_HTTP_TARGET_BYTES_MAX ((size_t)8192)
/* The method, and the target of the manifest with its query, or `*target` when that is
 * not empty. Sets it to what was sent. KP_FAIL for a dot segment, wherever it comes from.
 */
int kp_http_send_target(const struct kp_http_request *request,
	const struct kp_http_filling *filling, struct kp_slice *target);
/* The header fields of the manifest. */
int kp_http_send_headers(
	const struct kp_http_request *request, const struct kp_http_filling *filling);

/* A UUID (RFC 9562, version 4) for one message; the trace's id where the host has no
 * random bytes to give. `out` has KP_HTTP_UUID_LEN bytes of room. */
#define KP_HTTP_UUID_LEN ((size_t)36)
struct kp_slice kp_http_uuid(const struct kp_call_host *host, const struct kp_need *need,
	char out[KP_HTTP_UUID_LEN]);

/* "the gateway refused this part of the request". Gives KP_FAIL. */
int kp_http_refused(struct kp_fault *fault, const char *what);

/* True when the status alone decides, or what its body adds to it: see
 * manifest.schema.json, response/status. */
bool kp_http_outcome(const struct kp_manifest_response *response, uint32_t status,
	enum kp_outcome *ret_outcome);

/* What reading a body came to: one that came with a status which has said enough need not
 * be what was agreed, and is not looked at any further. */
int kp_http_forgive(
	bool outcome_known, bool *unusable, int verdict, struct kp_fault *fault);

/* Is the media type (without its parameters) `name` or one that ends in `suffix`? */
bool kp_http_media_is(struct kp_text type, const char *name, const char *suffix);

/* Does the field Content-Encoding say that the body is something else first (RFC 9110,
 * section 8.4)? We ask for no coding. */
bool kp_http_is_coded(struct kp_text content_encoding);

#endif
