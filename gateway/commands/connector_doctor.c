/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor: options and the order of the steps; see connector_doctor.h. */
#include "commands/connector_doctor.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands/connector_commands.h"
#include "connectors/manifest.h"
#include "source/source_private.h"

#define STEPS_BYTES_MAX ((size_t)4 << 20)

enum { EXIT_WRONG_USE = 2 };

static const char usage[] =
	"usage: ketenpoort connector doctor [options] MANIFEST\n"
	"       ketenpoort connector doctor [options] CONFIG SOURCE\n"
	"\n"
	"Looks at a live partner from the outside in and says what is wrong, what that\n"
	"means and what to do: manifest, own certificate, name, addresses, TLS, HTTP,\n"
	"clock; of a database login, rights and statements; of an export its file and\n"
	"rows; and the code tables, fetched with the source's credential. With a test\n"
	"client also access, and whether the answer still has the agreed shape. Without\n"
	"one nothing is asked about anybody.\n"
	"\n"
	"      --bsn-file FILE      ask about the test client whose number (BSN) is in\n"
	"                           FILE; - is standard input, or you are asked for it\n"
	"      --bekend-file FILE   what earlier sources found, for {bekend:...}: lines\n"
	"                           field=value; a field again is of the next item\n"
	"  -c, --catalogue FILE     catalogue of the dossier (default: catalogus.json)\n"
	"      --secret NAME=FILE   secret that the manifest refers to; may be repeated\n"
	"  -l, --load FILE.so       a connector of your own; may be repeated\n"
	"  -d, --doel DOEL, -z, --zaak KENMERK, --medewerker ID, --organisatie OIN,\n"
	"      --activiteit URI     what the question carries\n"
	"      --json               one object, for programs\n"
	"\n"
	"With CONFIG (gateway.json) the catalogue and the secrets are those of the\n"
	"configuration.\n"
	"\n"
	"  ketenpoort connector doctor /etc/ketenpoort/gateway.json brp\n"
	"  ketenpoort connector doctor -c catalogus.json --secret brp=sleutel.txt \\\n"
	"      --bsn-file proef.txt brp.json\n"
	"\n"
	"exit status: 0 all well, 1 something is wrong, 2 wrong use of this command,\n"
	"3 nothing is wrong, but there are warnings.\n";

static const struct option long_options[] = {
	{"bsn-file", required_argument, NULL, 'b'},
	{"bekend-file", required_argument, NULL, 'k'},
	{"catalogue", required_argument, NULL, 'c'},
	{"secret", required_argument, NULL, 's'},
	{"load", required_argument, NULL, 'l'},
	{"doel", required_argument, NULL, 'd'},
	{"zaak", required_argument, NULL, 'z'},
	{"medewerker", required_argument, NULL, 'm'},
	{"organisatie", required_argument, NULL, 'o'},
	{"activiteit", required_argument, NULL, 'A'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int
wrong_use(const char *message)
{
	fprintf(stderr, "ketenpoort connector doctor: %s\n\n%s", message, usage);
	return EXIT_WRONG_USE;
}

static bool
take_option(struct kp_doctor *doctor, int option)
{
	switch (option) {
	case 'b':
		doctor->load.bsn_file = optarg;
		doctor->ask = true;
		return true;
	case 'k':
		doctor->known_file = optarg;
		return true;
	case 'c':
		doctor->load.catalogue = optarg;
		return true;
	case 's':
		return kp_connector_add_secret(&doctor->load, optarg);
	case 'l':
		return kp_connector_add_plugin(&doctor->load, optarg);
	case 'd':
		doctor->purpose = optarg;
		return true;
	case 'z':
		doctor->case_id = optarg;
		return true;
	case 'm':
		doctor->employee = optarg;
		return true;
	case 'o':
		doctor->organisation = optarg;
		return true;
	case 'A':
		doctor->activity = optarg;
		return true;
	case 'j':
		doctor->json = true;
		return true;
	default:
		return false;
	}
}

/* What can be known of a manifest, also when it does not check. */
static bool
read_manifest(struct kp_doctor *doctor)
{
	struct kp_connector_load *load = &doctor->load;
	struct kp_findings ignored;
	struct kp_slice text;
	struct kp_manifest *manifest = NULL;
	if (!kp_connector_read_file(load, load->files[0], KP_MANIFEST_BYTES_MAX, &text)) {
		return false;
	}
	kp_findings_init(&ignored, 1);
	enum kp_status status =
		kp_manifest_read(&load->arena, load->files[0], text, &ignored, &manifest);
	kp_findings_deinit(&ignored);
	doctor->manifest = manifest;
	return manifest != NULL && (status == KP_OK || status == KP_E_CONFIG);
}

/* Nothing was found wrong with the manifest, and yet it cannot be used. */
static void
say_unread(struct kp_doctor *doctor)
{
	const struct kp_connector_load *load = &doctor->load;
	bool named = load->file_count > 0;
	kp_doctor_say(doctor, KP_DOCTOR_FAIL, "manifest",
		named ? "mend that; see --catalogue and --load"
		      : "name a source of the configuration",
		"%s%s",
		named ? "nothing of the source was looked at, since what it needs could "
			"not be read: "
		      : "",
		load->fault[0] == '\0' ? "memory ran out" : load->fault);
}

static void
say_findings(struct kp_doctor *doctor)
{
	char text[1024];
	const struct kp_connector_load *load = &doctor->load;
	const char *remedy = load->missing_secret.len > 0
		? kp_doctor_text(doctor,
			  "mend what is named; a secret is named with --secret "
			  "%.*s=FILE",
			  KP_SLICE_ARG(load->missing_secret))
		: load->file_count == 0 || load->config != NULL
		? "mend what is named; 'ketenpoort check' says the same"
		: "mend what is named; 'ketenpoort connector check' says the same";
	if (load->findings.count == 0) {
		say_unread(doctor);
	}
	for (size_t i = 0; i < load->findings.count; i++) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "manifest", remedy, "%s",
			kp_error_text(&load->findings.items[i], text, sizeof(text)));
	}
}

static void
load_source(struct kp_doctor *doctor)
{
	if (!kp_connector_load_sources(&doctor->load)) {
		say_findings(doctor);
		return;
	}
	doctor->source = kp_source_set_get(doctor->load.set, 0);
	kp_doctor_say(doctor, KP_DOCTOR_OK, "manifest", NULL,
		"source '%.*s' of %.*s checks", KP_SLICE_ARG(doctor->source->name),
		KP_SLICE_ARG(doctor->source->organisation));
}

static void
look(struct kp_doctor *doctor)
{
	if (!read_manifest(doctor)) {
		bool unread = doctor->load.fault[0] != '\0';
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "manifest",
			unread ? "name the file of a manifest, or a configuration and a "
				 "source"
			       : "'ketenpoort connector check' says where",
			"%s%s", unread ? doctor->load.fault : doctor->load.files[0],
			unread ? "" : " is no JSON object");
		return;
	}
	if (doctor->manifest->program.command_count > 0 &&
		!kp_connector_start_programs(&doctor->load)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "program",
			"mend what is said above", "the program was not started");
		return;
	}
	load_source(doctor);
	kp_doctor_own_certificate(doctor);
	if (doctor->source != NULL && kp_source_tls(doctor->source) != NULL) {
		doctor->tls = kp_tls_client_ref(doctor->source->private->access.tls);
	} else {
		kp_doctor_open_tls(doctor);
	}
	bool fine = kp_doctor_network(doctor);
	if (doctor->source == NULL) {
		return;
	}
	fine = fine && kp_doctor_database(doctor);
	fine = kp_doctor_export(doctor) && fine;
	if (fine) {
		kp_doctor_tables(doctor);
	}
	if (!doctor->ask) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "answer", NULL,
			"not looked at; --bsn-file names a test client to ask about");
	} else if (!fine) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "answer", "mend the above first",
			"not asked, since the partner cannot be trusted or reached");
	} else if (kp_connector_read_bsn(&doctor->load)) {
		unsigned fails = doctor->counts[KP_DOCTOR_FAIL];
		kp_doctor_question(doctor);
		kp_doctor_program(doctor, doctor->counts[KP_DOCTOR_FAIL] == fails);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer",
			"put the nine digits of a test client in a file",
			"there is no test client to ask about");
	}
}

static int
run(struct kp_doctor *doctor, char **words, int count)
{
	kp_buffer_init(&doctor->steps, &doctor->load.arena, STEPS_BYTES_MAX);
	kp_json_writer_init(&doctor->writer, &doctor->steps);
	if (count == 1) {
		doctor->load.files = words;
		doctor->load.file_count = 1;
		look(doctor);
	} else if (kp_connector_use_config(&doctor->load, words[0], words[1])) {
		look(doctor);
	} else {
		say_findings(doctor);
	}
	return kp_doctor_end(doctor);
}

int
kp_connector_doctor(int argc, char **argv)
{
	struct kp_doctor doctor = {.load.catalogue = "catalogus.json",
		.purpose = "proefvraag",
		.case_id = "PROEF-1",
		.employee = "proef",
		.organisation = "00000000000000000000",
		.activity = "",
		.now_s = (int64_t)time(NULL)};
	int option;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:l:d:z:h", long_options, NULL)) !=
		-1) {
		if (option == 'h') {
			printf("%s", usage);
			return 0;
		}
		if (!take_option(&doctor, option)) {
			return wrong_use("an option is not right");
		}
	}
	if (argc - optind < 1 || argc - optind > 2) {
		return wrong_use("name one manifest, or a configuration and a source");
	}
	/* A partner that closes is told of by write. */
	(void)signal(SIGPIPE, SIG_IGN);
	kp_connector_load_init(&doctor.load);
	int code = run(&doctor, argv + optind, argc - optind);
	kp_tls_client_unref(&doctor.tls);
	kp_connector_load_deinit(&doctor.load);
	return code;
}
