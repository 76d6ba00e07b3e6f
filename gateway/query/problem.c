/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* problem: see problem.h. */
#include "query/problem.h"

#include "query/dossier_write.h"

unsigned
kp_problem_http_status(enum kp_status status)
{
	return (unsigned)kp_status_info(status)->http;
}

/* Only what can end a query; anything else is told as an internal error. */
struct kp_slice
kp_problem_title(enum kp_status status)
{
	static const struct {
		enum kp_status status;
		struct kp_slice title;
	} titles[] = {
		{KP_E_SYNTAX, KP_SLICE_INIT("De vraag is niet goed gevormd")},
		{KP_E_INVALID, KP_SLICE_INIT("De vraag bevat fouten")},
		{KP_E_UNAUTHENTICATED, KP_SLICE_INIT("Niet duidelijk is wie vraagt")},
		{KP_E_IDENTITY, KP_SLICE_INIT("Nu is niet vast te stellen wie vraagt")},
		{KP_E_NOT_FOUND, KP_SLICE_INIT("Hier is niets")},
		{KP_E_METHOD, KP_SLICE_INIT("Deze methode kan hier niet")},
		{KP_E_NOT_ACCEPTABLE, KP_SLICE_INIT("Deze antwoordvorm kan niet")},
		{KP_E_CLIENT_TIMEOUT, KP_SLICE_INIT("De vraag kwam niet op tijd binnen")},
		{KP_E_BODY_LIMIT, KP_SLICE_INIT("De vraag is te groot")},
		{KP_E_TARGET_LIMIT, KP_SLICE_INIT("Het adres is te lang")},
		{KP_E_CONTENT_TYPE, KP_SLICE_INIT("Deze vraagvorm kan hier niet")},
		{KP_E_HEADER_LIMIT, KP_SLICE_INIT("De kopvelden zijn te groot")},
		{KP_E_RATE, KP_SLICE_INIT("Meer vragen dan toegestaan")},
		{KP_E_BUDGET, KP_SLICE_INIT("Meer ingezien dan toegestaan")},
		{KP_E_CONCURRENT,
			KP_SLICE_INIT("Te veel vragen tegelijk van deze organisatie")},
		{KP_E_DENIED, KP_SLICE_INIT("De regels staan deze vraag niet toe")},
		{KP_E_NO_RELATION,
			KP_SLICE_INIT("De cliënt staat niet in de werkvoorraad")},
		{KP_E_REASON_NEEDED, KP_SLICE_INIT("Een reden is nodig")},
		{KP_E_OBJECTION,
			KP_SLICE_INIT(
				"Niet vast te stellen of de cliënt bezwaar maakte")},
		{KP_E_LIMIT, KP_SLICE_INIT("Een grens aan het werk is bereikt")},
		{KP_E_BUSY, KP_SLICE_INIT("Te veel vragen tegelijk")},
		{KP_E_STOPPING, KP_SLICE_INIT("De poort wordt gestopt")},
		{KP_E_SOURCE, KP_SLICE_INIT("Een bron gaf geen bruikbaar antwoord")},
		{KP_E_SOURCE_UNREACHABLE, KP_SLICE_INIT("Een bron was niet bereikbaar")},
		{KP_E_TIMEOUT, KP_SLICE_INIT("De tijd was op")},
		{KP_E_CANCELLED, KP_SLICE_INIT("De vraag is afgebroken")},
		{KP_E_MEMORY, KP_SLICE_INIT("Geen geheugen beschikbaar")},
		{KP_E_AUDIT, KP_SLICE_INIT("De vraag kon niet worden vastgelegd")},
		{KP_E_POLICY, KP_SLICE_INIT("Er zijn geen geldige regels")},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(titles); i++) {
		if (titles[i].status == status) {
			return titles[i].title;
		}
	}
	return KP_SLICE("Er ging iets mis in de poort");
}

static void
write_faults(struct kp_buffer *buffer, const struct kp_query_faults *faults)
{
	KP_BUFFER_ADD(buffer, ",\"invalidParams\":[");
	for (uint32_t i = 0; i < faults->count; i++) {
		const struct kp_query_fault *fault = &faults->items[i];
		if (i > 0) {
			kp_buffer_add_char(buffer, ',');
		}
		KP_BUFFER_ADD(buffer, "{\"name\":");
		kp_write_text(buffer, fault->name);
		KP_BUFFER_ADD(buffer, ",\"code\":");
		kp_write_text(buffer, fault->code);
		KP_BUFFER_ADD(buffer, ",\"reason\":");
		kp_write_text(buffer, fault->reason);
		if (fault->pointer.len > 0) {
			KP_BUFFER_ADD(buffer, ",\"pointer\":");
			kp_write_text(buffer, fault->pointer);
		}
		kp_buffer_add_char(buffer, '}');
	}
	kp_buffer_add_char(buffer, ']');
}

void
kp_problem_write(struct kp_buffer *buffer, const struct kp_problem *problem)
{
	const struct kp_status_info *info = kp_status_info(problem->status);
	struct kp_slice code =
		kp_slice_from(info->safe ? info->problem_type : "internal");
	struct kp_slice title = kp_problem_title(problem->status);
	bool detailed = info->safe && problem->detail.len > 0;
	KP_BUFFER_ADD(buffer, "{\"type\":\"urn:ketenpoort:probleem:");
	kp_buffer_add_slice(buffer, code);
	KP_BUFFER_ADD(buffer, "\",\"title\":");
	kp_write_text(buffer, title);
	KP_BUFFER_ADD(buffer, ",\"status\":");
	kp_buffer_add_uint(buffer, kp_problem_http_status(problem->status));
	KP_BUFFER_ADD(buffer, ",\"detail\":");
	kp_write_text(buffer, detailed ? problem->detail : title);
	KP_BUFFER_ADD(buffer, ",\"code\":");
	kp_write_text(buffer, code);
	if (problem->faults != NULL && problem->faults->count > 0) {
		write_faults(buffer, problem->faults);
	}
	if (problem->trace_id.len > 0) {
		KP_BUFFER_ADD(buffer, ",\"traceId\":");
		kp_write_text(buffer, problem->trace_id);
	}
	kp_buffer_add_char(buffer, '}');
}
