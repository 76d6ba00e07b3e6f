/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* kind_file: rows of one client in a CSV, as a look-up hands them on. */
#include "bench/connector/kinds.h"

static struct kp_slice
make_answer(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, KP_BENCH_BYTES_MAX);
	KP_BUFFER_ADD(&buffer,
		"BSN;Inventarisnummer;Omschrijving;Van;Tot;Vindplaats;Contact;"
		"Uitgeleend;Vernietigen in\r\n");
	unsigned i = 0;
	do {
		kp_buffer_printf(&buffer,
			KP_BENCH_BSN ";%04u-%04u;Bijstandsdossier, deel %u;1-%u-1998;"
				     "28-%u-2004;\"Depot Noord; kast %u\";Archief, "
				     "balie 2;nee;2030\r\n",
			1990 + i % 30, i % 10000, i, i % 12 + 1, i % 7 + 1, i % 90);
		i++;
	} while (buffer.len < bytes);
	KP_REQUIRE(!buffer.failed);
	return kp_buffer_slice(&buffer);
}

const struct kp_bench_kind kp_bench_file = {
	.name = "file",
	.manifest = "connectors/file/manifests/papierdossiers.json",
	.type = "text/csv",
	.make_answer = make_answer,
};
