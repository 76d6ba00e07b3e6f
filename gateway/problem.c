/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* problem: see problem.h. */
#include "problem.h"

#include "core/json_write.h"

#define PROBLEM_BYTES_MAX ((size_t)2048)

const struct kp_exchange_header kp_problem_content_type = {
	{"Content-Type", 12}, {"application/problem+json", 24}};

void
kp_problem_write(struct kp_buffer *buffer, enum kp_status status, struct kp_slice detail)
{
	const struct kp_status_info *info = kp_status_info(status);
	struct kp_slice title = kp_slice_from(info->title);
	struct kp_slice code = kp_slice_from(info->problem_type);
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, buffer);
	kp_json_write_object_begin(&writer);
	kp_json_write_name_raw(&writer, KP_SLICE("status"));
	kp_json_write_int(&writer, info->http);
	kp_json_write_name_raw(&writer, KP_SLICE("title"));
	kp_json_write_string(&writer, title);
	kp_json_write_name_raw(&writer, KP_SLICE("detail"));
	kp_json_write_string(&writer, info->safe && detail.len > 0 ? detail : title);
	kp_json_write_name_raw(&writer, KP_SLICE("code"));
	kp_json_write_string(&writer, code);
	kp_json_write_object_end(&writer);
}

void
kp_problem_answer(struct kp_exchange *exchange, enum kp_status status,
	struct kp_slice detail, const struct kp_exchange_header *header)
{
	struct kp_buffer body;
	kp_buffer_init(&body, kp_exchange_arena(exchange), PROBLEM_BYTES_MAX);
	kp_problem_write(&body, status, detail);
	struct kp_exchange_header headers[2] = {kp_problem_content_type};
	size_t count = 1;
	if (header != NULL) {
		headers[count++] = *header;
	}
	struct kp_slice part = body.failed ? KP_SLICE("{}") : kp_buffer_slice(&body);
	kp_exchange_answer(exchange, (unsigned)kp_status_info(status)->http, headers,
		count, &part, 1);
}
