/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_search: which subjects, resources or actions would be permitted (AuthZEN 1.0,
 * section 8). The back end names candidates, each is decided on as a question of its own,
 * and a page ends when it is full or has cost enough. A paging token is the place to go
 * on from and a print of the request it belongs to; it gives no rights: what it leads to
 * is decided anew.
 */
#include <inttypes.h>
#include <stdio.h>

#include "policies/authzen_work.h"

/* Place, dot, sixteen digits. */
#define TOKEN_BYTES_MAX 48u
#define PRINT_FIRST 0xcbf29ce484222325u

/* Lifetime: one search. */
struct search {
	struct kp_authzen_question question;
	struct kp_authzen_party *wanted; /* the one that is looked for */
	bool paged;                      /* the request has a page */
	uint32_t limit;
	uint64_t cursor;
	uint64_t print; /* of all but the page */
	bool more;
	uint32_t count;
};

/* FNV-1a. The same in every replica, so not the keyed hash of core/hash.h. */
static uint64_t
mix(uint64_t print, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	for (size_t i = 0; i < len; i++) {
		print = (print ^ at[i]) * 0x100000001b3u;
	}
	return print;
}

/* Order of members does not count. */
static uint64_t
print_of(const struct kp_cedar_json *node)
{
	uint64_t print = mix(PRINT_FIRST ^ node->kind, node->text.data, node->text.len);
	uint64_t inside = 0;
	for (const struct kp_cedar_json *at = node->first; at != NULL; at = at->next) {
		uint64_t part = print_of(at);
		if (node->kind == KP_CEDAR_JSON_OBJECT) {
			uint64_t name = mix(PRINT_FIRST, at->name.data, at->name.len);
			inside += mix(name, &part, sizeof(part));
		} else {
			inside = mix(inside, &part, sizeof(part));
		}
	}
	return mix(print, &inside, sizeof(inside));
}

static uint64_t
print_request(const struct kp_authzen_work *work)
{
	static const char *const names[] = {"subject", "action", "resource", "context"};
	struct kp_slice version = work->request->backend->version;
	uint64_t print = mix(PRINT_FIRST ^ work->request->api, version.data, version.len);
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		const struct kp_cedar_json *member =
			kp_authzen_member(work->root, names[i]);
		uint64_t part = member == NULL ? 0 : print_of(member);
		print = mix(print, &part, sizeof(part));
	}
	return print;
}

static bool
read_token(struct kp_slice token, uint64_t print, uint64_t *ret_cursor)
{
	char copy[TOKEN_BYTES_MAX];
	char again[TOKEN_BYTES_MAX];
	uint64_t cursor = 0;
	if (token.len == 0 || token.len >= sizeof(copy)) {
		return false;
	}
	memcpy(copy, token.data, token.len);
	copy[token.len] = '\0';
	for (size_t i = 0; copy[i] >= '0' && copy[i] <= '9' && i < 19; i++) {
		cursor = cursor * 10 + (uint64_t)(copy[i] - '0');
	}
	/* Only what we would write is a token. */
	(void)snprintf(again, sizeof(again), "%" PRIu64 ".%016" PRIx64, cursor, print);
	*ret_cursor = cursor;
	return strcmp(copy, again) == 0;
}

static const char *
read_page(struct kp_authzen_work *work, struct search *search)
{
	const struct kp_cedar_json *page = kp_authzen_member(work->root, "page");
	search->limit = KP_AUTHZEN_PAGE_DEFAULT;
	if (page == NULL) {
		return NULL;
	}
	if (page->kind != KP_CEDAR_JSON_OBJECT) {
		return "page must be an object";
	}
	search->paged = true;
	const struct kp_cedar_json *limit = kp_authzen_member(page, "limit");
	int64_t number = 0;
	if (limit != NULL &&
		(limit->kind != KP_CEDAR_JSON_NUMBER ||
			!kp_cedar_json_integer(limit, &number) || number < 1)) {
		return "page.limit must be a whole number of at least 1";
	}
	if (limit != NULL) {
		search->limit = number > KP_AUTHZEN_PAGE_MAX ? KP_AUTHZEN_PAGE_MAX
							     : (uint32_t)number;
	}
	const struct kp_cedar_json *token = kp_authzen_member(page, "token");
	if (token == NULL ||
		(token->kind == KP_CEDAR_JSON_STRING && token->text.len == 0)) {
		return NULL;
	}
	if (token->kind != KP_CEDAR_JSON_STRING ||
		!read_token(token->text, search->print, &search->cursor)) {
		return "page.token does not belong to this request";
	}
	return NULL;
}

static const char *
read_search(struct kp_authzen_work *work, struct search *search)
{
	struct kp_authzen_question *question = &search->question;
	enum kp_authzen_api api = work->request->api;
	const struct kp_cedar_json *root = work->root;
	const char *fault = kp_authzen_read_party(work, root, NULL, "subject",
		api == KP_AUTHZEN_SEARCH_SUBJECT ? KP_AUTHZEN_USE_TYPE_ONLY
						 : KP_AUTHZEN_USE_WHOLE,
		&question->subject);
	if (fault == NULL) {
		fault = kp_authzen_read_party(work, root, NULL, "resource",
			api == KP_AUTHZEN_SEARCH_RESOURCE ? KP_AUTHZEN_USE_TYPE_ONLY
							  : KP_AUTHZEN_USE_WHOLE,
			&question->resource);
	}
	if (fault == NULL && api != KP_AUTHZEN_SEARCH_ACTION) {
		fault = kp_authzen_read_party(work, root, NULL, "action",
			KP_AUTHZEN_USE_WHOLE, &question->action);
	}
	if (fault == NULL) {
		fault = kp_authzen_read_context(root, NULL, &question->context);
	}
	search->wanted = api == KP_AUTHZEN_SEARCH_SUBJECT ? &question->subject
		: api == KP_AUTHZEN_SEARCH_RESOURCE       ? &question->resource
							  : &question->action;
	search->print = print_request(work);
	return fault == NULL ? read_page(work, search) : fault;
}

static void
write_result(struct kp_authzen_work *work, const struct kp_authzen_party *party)
{
	struct kp_json_writer *json = &work->json;
	kp_json_write_object_begin(json);
	if (work->request->api == KP_AUTHZEN_SEARCH_ACTION) {
		KP_JSON_WRITE_NAME(json, "name");
	} else {
		KP_JSON_WRITE_NAME(json, "type");
		kp_json_write_string(json, party->type);
		KP_JSON_WRITE_NAME(json, "id");
	}
	kp_json_write_string(json, party->id);
	kp_json_write_object_end(json);
}

/* What is looked for has no properties of the request: only the registers know it. */
static enum kp_status
look(struct kp_authzen_work *work, struct search *search)
{
	struct kp_authzen_backend *backend = work->request->backend;
	struct kp_authzen_party *wanted = search->wanted;
	wanted->properties = NULL;
	for (uint32_t looked = 0;; looked++) {
		uint64_t before = search->cursor;
		struct kp_authzen_verdict verdict = {0};
		if (!backend->candidate(backend, work->request->api, wanted->type,
			    &search->cursor, &wanted->id)) {
			return KP_OK;
		}
		if (looked == KP_AUTHZEN_LOOK_MAX) {
			search->more = true;
			search->cursor = before;
			return KP_OK;
		}
		/* Its node is the same for all of them, but they are not the same. */
		wanted->node = NULL;
		enum kp_status status =
			backend->evaluate(backend, &search->question, &verdict);
		if (status != KP_OK) {
			return status;
		}
		if (verdict.permit && search->count == search->limit) {
			search->more = true;
			search->cursor = before;
			return KP_OK;
		}
		if (verdict.permit) {
			search->count++;
			write_result(work, wanted);
			work->lines[work->answer->line_count++] =
				(struct kp_authzen_line){search->question, true};
			work->answer->permitted++;
			work->answer->purpose = verdict.purpose;
			work->answer->activity = verdict.activity;
		}
	}
}

static void
write_page(struct kp_json_writer *json, const struct search *search)
{
	char token[TOKEN_BYTES_MAX] = "";
	if (search->more) {
		(void)snprintf(token, sizeof(token), "%" PRIu64 ".%016" PRIx64,
			search->cursor, search->print);
	}
	KP_JSON_WRITE_NAME(json, "page");
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "next_token");
	kp_json_write_string(json, kp_slice_from(token));
	KP_JSON_WRITE_NAME(json, "count");
	kp_json_write_uint(json, search->count);
	kp_json_write_object_end(json);
}

enum kp_status
kp_authzen_search(struct kp_authzen_work *work)
{
	struct search search = {0};
	const char *fault = read_search(work, &search);
	if (fault != NULL) {
		return kp_authzen_refuse(work, fault);
	}
	struct kp_json_writer *json = &work->json;
	enum kp_status status = kp_authzen_reserve_lines(work, search.limit);
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "results");
	kp_json_write_array_begin(json);
	if (status == KP_OK) {
		status = look(work, &search);
	}
	kp_json_write_array_end(json);
	if (search.paged || search.more) {
		write_page(json, &search);
	}
	kp_json_write_object_end(json);
	return status;
}
