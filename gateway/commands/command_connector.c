/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_connector: for who connects a partner. `check` reads manifests and says
 * everything that is wrong with them, `try` asks one source one question and shows what
 * happens, `schema` prints the JSON schema of a manifest.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "commands/connector_access.h"
#include "commands/connector_commands.h"
#include "commands/connector_answer.h"
#include "commands/connector_load.h"
#include "commands/connector_tables.h"
#include "commands/connector_try.h"
#include "connectors/manifest.h"
#include "core/bits.h"
#include "core/heap.h"
#include "source/source_private.h"

enum { EXIT_FOUND_FAULTS = 1, EXIT_WRONG_USE = 2 };

static const char usage[] =
	"usage: ketenpoort connector check [options] MANIFEST...\n"
	"       ketenpoort connector try [options] MANIFEST\n"
	"       ketenpoort connector try [options] CONFIG SOURCE\n"
	"       ketenpoort connector doctor [options] MANIFEST\n"
	"       ketenpoort connector new [options] --source NAME FROM\n"
	"       ketenpoort connector schema\n"
	"\n"
	"check says everything that is wrong with manifests, without asking anybody.\n"
	"try asks one source about one client, or reads a recorded answer. With CONFIG\n"
	"(gateway.json) catalogue, secrets, connectors and where files lie are its own.\n"
	"schema prints the JSON schema of a manifest.\n"
	"doctor says what is wrong with a live partner, new writes a first manifest "
	"from\n"
	"OpenAPI, WSDL, a table, CSV, NDJSON or XLSX; the --help of each says more.\n"
	"\n"
	"check and try\n"
	"  -c, --catalogue FILE     catalogue of the dossier (default: catalogus.json)\n"
	"  -l, --load FILE.so       a connector of your own; may be repeated\n"
	"\n"
	"try\n"
	"      --bsn-file FILE      read the client number (BSN) from FILE (- is "
	"standard\n"
	"                           input); without it you are asked for it\n"
	"      --bekend-file FILE   what earlier sources found, for {bekend:...}: lines\n"
	"                           field=value; a field again is of the next item\n"
	"  -v, --velden A,B         only these sections or fields are permitted\n"
	"  -a, --answer FILE        read this answer instead of asking the partner\n"
	"      --status N           HTTP status of that answer (default 200)\n"
	"      --type TYPE          content type of that answer (default\n"
	"                           application/json; text/xml for connector soap)\n"
	"      --tabel NAME=FILE    read this code table (fetched_tables) instead of "
	"fetching\n"
	"                           it; may be repeated\n"
	"      --secret NAME=FILE   secret that the manifest refers to; may be repeated\n"
	"  -d, --doel DOEL, -z, --zaak KENMERK, --medewerker ID, --organisatie OIN,\n"
	"      --activiteit URI     what the question carries\n"
	"      --json               for programs\n"
	"\n"
	"exit status: 0 well, 1 something is wrong or the partner did not answer, 2 "
	"wrong\n"
	"use of this command.\n";

enum long_option {
	OPTION_BSN_FILE = 256,
	OPTION_KNOWN_FILE,
	OPTION_STATUS,
	OPTION_TYPE,
	OPTION_SECRET,
	OPTION_TABLE,
	OPTION_EMPLOYEE,
	OPTION_ORGANISATION,
	OPTION_ACTIVITY,
	OPTION_JSON,
};

static const struct option schema_options[] = {
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const struct option check_options[] = {
	{"catalogue", required_argument, NULL, 'c'},
	{"load", required_argument, NULL, 'l'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const struct option try_options[] = {
	{"catalogue", required_argument, NULL, 'c'},
	{"load", required_argument, NULL, 'l'},
	{"velden", required_argument, NULL, 'v'},
	{"answer", required_argument, NULL, 'a'},
	{"doel", required_argument, NULL, 'd'},
	{"zaak", required_argument, NULL, 'z'},
	{"help", no_argument, NULL, 'h'},
	{"bsn-file", required_argument, NULL, OPTION_BSN_FILE},
	{"bekend-file", required_argument, NULL, OPTION_KNOWN_FILE},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"type", required_argument, NULL, OPTION_TYPE},
	{"secret", required_argument, NULL, OPTION_SECRET},
	{"tabel", required_argument, NULL, OPTION_TABLE},
	{"medewerker", required_argument, NULL, OPTION_EMPLOYEE},
	{"organisatie", required_argument, NULL, OPTION_ORGANISATION},
	{"activiteit", required_argument, NULL, OPTION_ACTIVITY},
	{"json", no_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

struct command {
	struct kp_connector_load load;
	const char *tables[KP_CONNECTOR_TABLES_MAX]; /* "name=file" */
	size_t table_count;
	const char *known_file;
	const char *fields;
	const char *answer;
	const char *status;
	const char *type;
	const char *purpose;
	const char *case_id;
	const char *employee;
	const char *organisation;
	const char *activity;
	bool json;
};

static int
wrong_use(const char *message)
{
	fprintf(stderr, "ketenpoort connector: %s\n\n%s", message, usage);
	return EXIT_WRONG_USE;
}

static bool
take_option(struct command *command, int option)
{
	switch (option) {
	case 'c':
		command->load.catalogue = optarg;
		return true;
	case 'l':
		return kp_connector_add_plugin(&command->load, optarg);
	case 'v':
		command->fields = optarg;
		return true;
	case 'a':
		command->answer = optarg;
		return true;
	case 'd':
		command->purpose = optarg;
		return true;
	case 'z':
		command->case_id = optarg;
		return true;
	case OPTION_BSN_FILE:
		command->load.bsn_file = optarg;
		return true;
	case OPTION_STATUS:
		command->status = optarg;
		return true;
	case OPTION_TYPE:
		command->type = optarg;
		return true;
	case OPTION_KNOWN_FILE:
		command->known_file = optarg;
		return true;
	case OPTION_SECRET:
		return kp_connector_add_secret(&command->load, optarg);
	case OPTION_TABLE:
		if (command->table_count == KP_CONNECTOR_TABLES_MAX) {
			return false;
		}
		command->tables[command->table_count++] = optarg;
		return true;
	case OPTION_EMPLOYEE:
		command->employee = optarg;
		return true;
	case OPTION_ORGANISATION:
		command->organisation = optarg;
		return true;
	case OPTION_ACTIVITY:
		command->activity = optarg;
		return true;
	case OPTION_JSON:
		command->json = true;
		return true;
	default:
		return false;
	}
}

static int
run_check(struct command *command)
{
	command->load.any_secret = true;
	if (!kp_connector_load_sources(&command->load)) {
		kp_connector_print_findings(&command->load);
		return EXIT_FOUND_FAULTS;
	}
	for (size_t i = 0; i < kp_source_set_count(command->load.set); i++) {
		const struct kp_source *source = kp_source_set_get(command->load.set, i);
		size_t cells = 0;
		for (uint32_t j = 0; j < command->load.cells->cell_words; j++) {
			cells += (size_t)__builtin_popcountll(source->offers[j]);
		}
		struct kp_slice access = kp_connector_access_text(
			&command->load.arena, &source->private->manifest->access);
		bool named = source->private->subject_required;
		printf("%s: source %.*s of %.*s, %zu fields%s%s%.*s\n",
			command->load.files[i], KP_SLICE_ARG(source->name),
			KP_SLICE_ARG(source->organisation), cells,
			named ? "" : "; its answers name nobody",
			access.len > 0 ? "; shows " : "", KP_SLICE_ARG(access));
	}
	return 0;
}

/* The cells of --velden, or all that the source offers. */
static uint64_t *
permitted_cells(struct command *command, const struct kp_source *source)
{
	const struct kp_catalogue *catalogue = command->load.cells;
	uint64_t *cells =
		KP_ARENA_ARRAY(&command->load.arena, uint64_t, catalogue->cell_words + 1);
	uint64_t *fields = KP_ARENA_ARRAY(
		&command->load.arena, uint64_t, catalogue->field_words + 1);
	const char *at = command->fields;
	if (cells == NULL || fields == NULL) {
		return NULL;
	}
	if (at == NULL) {
		memcpy(cells, source->offers, catalogue->cell_words * sizeof(*cells));
		return cells;
	}
	while (*at != '\0') {
		struct kp_slice path = {at, strcspn(at, ",")};
		if (!kp_catalogue_select(catalogue, path, fields)) {
			struct kp_slice near = kp_catalogue_nearest(catalogue, path);
			fprintf(stderr,
				"ketenpoort connector: '%.*s' is not a field; nearest is "
				"'%.*s'\n",
				KP_SLICE_ARG(path), KP_SLICE_ARG(near));
			return NULL;
		}
		at += path.len + (at[path.len] == ',' ? 1 : 0);
	}
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		uint32_t field = catalogue->cells[i].field;
		bool offered = (source->offers[i / 64] >> (i % 64) & 1) != 0;
		if (offered && (fields[field / 64] >> (field % 64) & 1) != 0) {
			cells[i / 64] |= (uint64_t)1 << (i % 64);
		}
	}
	if (kp_bits_count(cells, catalogue->cell_words) == 0) {
		fprintf(stderr,
			"ketenpoort connector: source '%.*s' supplies nothing of '%s'\n",
			KP_SLICE_ARG(source->name), command->fields);
		return NULL;
	}
	return cells;
}

static bool
read_status(const char *text, unsigned *ret_status)
{
	char *end = NULL;
	unsigned long status = strtoul(text, &end, 10);
	*ret_status = (unsigned)status;
	return strlen(text) == 3 && *end == '\0' && status >= 100 && status <= 599;
}

static int
try_one(struct command *command)
{
	unsigned status = 0;
	if (!read_status(command->status, &status)) {
		return wrong_use("--status takes an HTTP status: 100 to 599");
	}
	if (!kp_connector_load_sources(&command->load)) {
		kp_connector_print_findings(&command->load);
		return EXIT_FOUND_FAULTS;
	}
	const struct kp_source *source = kp_source_set_get(command->load.set, 0);
	struct kp_connector_known known;
	if (!kp_connector_read_known(&command->load, command->known_file, &known)) {
		return EXIT_FOUND_FAULTS;
	}
	struct kp_connector_try attempt = {
		.known = &known,
		.catalogue = command->load.cells,
		.source = source,
		.permitted = permitted_cells(command, source),
		.purpose = kp_slice_from(command->purpose),
		.case_id = kp_slice_from(command->case_id),
		.employee = kp_slice_from(command->employee),
		.organisation = kp_slice_from(command->organisation),
		.activity = kp_slice_from(command->activity),
		.answer_given = command->answer != NULL,
		.answer_status = status,
		.answer_type = kp_slice_from(command->type == NULL ? "" : command->type),
		.json = command->json,
	};
	if (command->type == NULL) {
		attempt.answer_type =
			kp_slice_is(source->private->manifest->connector, "soap")
			? KP_SLICE("text/xml")
			: KP_SLICE("application/json");
	}
	if (attempt.permitted == NULL || !kp_connector_read_bsn(&command->load)) {
		return EXIT_FOUND_FAULTS;
	}
	attempt.bsn = kp_slice_from(command->load.bsn);
	if (command->answer != NULL &&
		!kp_connector_read_answer(
			&command->load, source, command->answer, &attempt.answer)) {
		return EXIT_FOUND_FAULTS;
	}
	return kp_connector_record_tables(
		       &command->load, source, command->tables, command->table_count)
		? kp_connector_try_run(&attempt)
		: EXIT_FOUND_FAULTS;
}

/* A partner's own program runs as long as its set of sources. */
static int
run_try(struct command *command)
{
	struct kp_connector_load *load = &command->load;
	if (load->file_count == 2) {
		char **words = load->files;
		load->file_count = 0;
		if (!kp_connector_use_config(load, words[0], words[1])) {
			kp_connector_print_findings(load);
			return EXIT_FOUND_FAULTS;
		}
	}
	return kp_connector_start_programs(load) ? try_one(command) : EXIT_FOUND_FAULTS;
}

static int
print_schema(struct command *command)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &command->load.arena, KP_CONNECTOR_FILE_BYTES_MAX);
	kp_manifest_schema_write(&buffer);
	printf("%.*s", (int)buffer.len, buffer.data);
	return buffer.failed ? EXIT_FOUND_FAULTS : 0;
}

/* A subcommand of this file, with the options and the arguments that it takes. */
struct verb {
	const char *name;
	int (*run)(struct command *command);
	const struct option *options;
	const char *letters;
	size_t files_min;
	size_t files_max;
	const char *otherwise; /* what is said when there are fewer or more */
};

static const struct verb verbs[] = {
	{"check", run_check, check_options, "c:l:h", 1, SIZE_MAX,
		"name at least one manifest"},
	{"try", run_try, try_options, "c:l:v:a:d:z:h", 1, 2,
		"name one manifest, or a configuration and a source"},
	{"schema", print_schema, schema_options, "h", 0, 0, "schema takes no arguments"},
};

static int
run(const struct verb *verb, int argc, char **argv)
{
	struct command command = {
		.load.catalogue = "catalogus.json",
		.status = "200",
		.purpose = "proefvraag",
		.case_id = "PROEF-1",
		.employee = "proef",
		.organisation = "00000000000000000000",
		.activity = "",
	};
	int option;
	optind = 1;
	while ((option = getopt_long(argc, argv, verb->letters, verb->options, NULL)) !=
		-1) {
		if (option == 'h') {
			printf("%s", usage);
			return 0;
		}
		if (!take_option(&command, option)) {
			return wrong_use("an option is not right");
		}
	}
	command.load.files = argv + optind;
	command.load.file_count = (size_t)(argc - optind);
	if (command.load.file_count < verb->files_min ||
		command.load.file_count > verb->files_max) {
		return wrong_use(verb->otherwise);
	}
	kp_connector_load_init(&command.load);
	int code = verb->run(&command);
	kp_connector_load_deinit(&command.load);
	return code;
}

int
kp_command_connector(int argc, char **argv)
{
	const char *name = argc < 2 ? "" : argv[1];
	if (strcmp(name, "doctor") == 0) {
		return kp_connector_doctor(argc - 1, argv + 1);
	}
	if (strcmp(name, "new") == 0) {
		return kp_connector_new(argc - 1, argv + 1);
	}
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
		printf("%s", usage);
		return 0;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(verbs); i++) {
		if (strcmp(name, verbs[i].name) == 0) {
			return run(&verbs[i], argc - 1, argv + 1);
		}
	}
	return wrong_use("the first word is check, try, doctor, new or schema");
}
