/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_connector: for who connects a partner. `check` reads manifests and says
 * everything that is wrong with them, `try` asks one source one question and shows what
 * happens, `schema` prints the JSON schema of a manifest.
 */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "commands.h"
#include "commands/connector_try.h"
#include "connectors/manifest.h"
#include "core/heap.h"
#include "io/file.h"
#include "source/source_private.h"

#define FINDINGS_MAX 200
#define FILE_BYTES_MAX ((size_t)16 << 20)
#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define PLUGINS_MAX 16
#define SECRETS_MAX 16
#define BSN_DIGITS 9

enum { EXIT_FOUND_FAULTS = 1, EXIT_WRONG_USE = 2 };

static const char usage[] =
	"usage: ketenpoort connector check [options] MANIFEST...\n"
	"       ketenpoort connector try [options] MANIFEST\n"
	"       ketenpoort connector schema\n"
	"\n"
	"check says everything that is wrong with manifests, without asking anybody.\n"
	"try asks one source about one client, or reads a recorded answer.\n"
	"\n"
	"  -c, --catalogue FILE     catalogue of the dossier (default: catalogus.json)\n"
	"  -l, --load FILE.so       a connector of your own; may be repeated\n"
	"\n"
	"try\n"
	"      --bsn-file FILE      read the client number (BSN) from FILE (- is "
	"standard\n"
	"                           input); without it you are asked for it\n"
	"  -v, --velden A,B         only these sections or fields are permitted\n"
	"  -a, --answer FILE        read this answer instead of asking the partner\n"
	"      --status N           HTTP status of that answer (default 200)\n"
	"      --type TYPE          content type of that answer (default\n"
	"                           application/json; text/xml for connector soap)\n"
	"      --secret NAME=FILE   secret that the manifest refers to; may be repeated\n"
	"  -d, --doel DOEL, -z, --zaak KENMERK, --medewerker ID, --organisatie OIN\n"
	"      --json               for programs\n"
	"\n"
	"exit status: 0 well, 1 something is wrong or the partner did not answer, 2 "
	"wrong\n"
	"use of this command.\n";

enum long_option {
	OPTION_BSN_FILE = 256,
	OPTION_STATUS,
	OPTION_TYPE,
	OPTION_SECRET,
	OPTION_EMPLOYEE,
	OPTION_ORGANISATION,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{"catalogue", required_argument, NULL, 'c'},
	{"load", required_argument, NULL, 'l'},
	{"velden", required_argument, NULL, 'v'},
	{"answer", required_argument, NULL, 'a'},
	{"doel", required_argument, NULL, 'd'},
	{"zaak", required_argument, NULL, 'z'},
	{"help", no_argument, NULL, 'h'},
	{"bsn-file", required_argument, NULL, OPTION_BSN_FILE},
	{"status", required_argument, NULL, OPTION_STATUS},
	{"type", required_argument, NULL, OPTION_TYPE},
	{"secret", required_argument, NULL, OPTION_SECRET},
	{"medewerker", required_argument, NULL, OPTION_EMPLOYEE},
	{"organisatie", required_argument, NULL, OPTION_ORGANISATION},
	{"json", no_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

struct command {
	const char *catalogue;
	const char *plugins[PLUGINS_MAX];
	size_t plugin_count;
	const char *secrets[SECRETS_MAX]; /* "name=file" */
	size_t secret_count;
	const char *bsn_file;
	const char *fields;
	const char *answer;
	const char *status;
	const char *type;
	const char *purpose;
	const char *case_id;
	const char *employee;
	const char *organisation;
	bool json;
	char sockets[64]; /* folder of the sockets of partners' own programs */
	struct kp_attendant *attendant;
	bool any_secret; /* check: every secret is taken to be there */
	char **files;
	size_t file_count;
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_catalogue *cells;
	struct kp_source_set *set;
	char bsn[BSN_DIGITS + 1];
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
		command->catalogue = optarg;
		return true;
	case 'l':
		if (command->plugin_count == PLUGINS_MAX) {
			return false;
		}
		command->plugins[command->plugin_count++] = optarg;
		return true;
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
		command->bsn_file = optarg;
		return true;
	case OPTION_STATUS:
		command->status = optarg;
		return true;
	case OPTION_TYPE:
		command->type = optarg;
		return true;
	case OPTION_SECRET:
		if (command->secret_count == SECRETS_MAX || strchr(optarg, '=') == NULL) {
			return false;
		}
		command->secrets[command->secret_count++] = optarg;
		return true;
	case OPTION_EMPLOYEE:
		command->employee = optarg;
		return true;
	case OPTION_ORGANISATION:
		command->organisation = optarg;
		return true;
	case OPTION_JSON:
		command->json = true;
		return true;
	default:
		return false;
	}
}

/* Files. */

static bool
read_file(struct command *command, const char *path, size_t bytes_max,
	struct kp_slice *ret_text)
{
	struct kp_error err;
	char text[512];
	if (kp_file_read_all(path, &command->arena, bytes_max, ret_text, &err) == KP_OK) {
		return true;
	}
	fprintf(stderr, "ketenpoort connector: %s\n",
		kp_error_text(&err, text, sizeof(text)));
	return false;
}

static struct kp_slice
first_line(struct kp_slice text)
{
	const char *end = text.len == 0 ? NULL : memchr(text.data, '\n', text.len);
	size_t len = end == NULL ? text.len : (size_t)(end - text.data);
	while (len > 0 && (text.data[len - 1] == '\r' || text.data[len - 1] == ' ')) {
		len--;
	}
	return (struct kp_slice){text.data, len};
}

static struct kp_slice
find_secret(void *context, struct kp_slice name)
{
	struct command *command = context;
	struct kp_slice text;
	if (command->any_secret) {
		return KP_SLICE("not-looked-at");
	}
	for (size_t i = 0; i < command->secret_count; i++) {
		const char *equals = strchr(command->secrets[i], '=');
		struct kp_slice own = {
			command->secrets[i], (size_t)(equals - command->secrets[i])};
		if (kp_slice_equal(own, name) &&
			read_file(command, equals + 1, 65536, &text)) {
			return first_line(text);
		}
	}
	return (struct kp_slice){0};
}

static void
print_findings(const struct command *command)
{
	char text[1024];
	for (size_t i = 0; i < command->findings.count; i++) {
		fprintf(stderr, "%s\n",
			kp_error_text(&command->findings.items[i], text, sizeof(text)));
	}
	if (command->findings.dropped > 0) {
		fprintf(stderr, "and %zu more\n", command->findings.dropped);
	}
}

static bool
load_catalogue(struct command *command)
{
	struct kp_slice text;
	if (!read_file(command, command->catalogue, FILE_BYTES_MAX, &text)) {
		fprintf(stderr, "name the catalogue with --catalogue FILE\n");
		return false;
	}
	return kp_catalogue_load(&command->arena, command->catalogue, text,
		       &command->findings, &command->cells) == KP_OK;
}

/* Opens every manifest; what is wrong is in the findings. */
static bool
load_sources(struct command *command)
{
	struct kp_manifest_file *files = KP_ARENA_ARRAY(
		&command->arena, struct kp_manifest_file, command->file_count + 1);
	bool fine = files != NULL && load_catalogue(command);
	for (size_t i = 0; fine && i < command->file_count; i++) {
		files[i].name = command->files[i];
		fine = read_file(command, command->files[i], KP_MANIFEST_BYTES_MAX,
			&files[i].text);
	}
	if (!fine) {
		return false;
	}
	char *copy = kp_arena_strdup(&command->arena, command->files[0]);
	struct kp_source_set_options options = {
		.catalogue = command->cells,
		.files = files,
		.file_count = command->file_count,
		.folder = copy == NULL ? "." : dirname(copy),
		.secret = find_secret,
		.secret_context = command,
		.plugins = command->plugins,
		.plugin_count = command->plugin_count,
		.socket_folder = command->sockets,
		.attendant = command->attendant,
		.show_errors = true,
	};
	return kp_source_set_create(&options, &command->findings, &command->set) == KP_OK;
}

static int
run_check(struct command *command)
{
	command->any_secret = true;
	if (!load_sources(command)) {
		print_findings(command);
		return EXIT_FOUND_FAULTS;
	}
	for (size_t i = 0; i < kp_source_set_count(command->set); i++) {
		const struct kp_source *source = kp_source_set_get(command->set, i);
		size_t cells = 0;
		for (uint32_t j = 0; j < command->cells->cell_words; j++) {
			cells += (size_t)__builtin_popcountll(source->offers[j]);
		}
		printf("%s: source %.*s of %.*s, %zu fields\n", command->files[i],
			KP_SLICE_ARG(source->name), KP_SLICE_ARG(source->organisation),
			cells);
	}
	return 0;
}

/* The client's number: from a file or typed without echo, never an argument. */

static bool
take_digits(struct command *command, const char *line)
{
	size_t len = strcspn(line, "\r\n");
	if (len != BSN_DIGITS || strspn(line, "0123456789") < BSN_DIGITS) {
		fprintf(stderr, "ketenpoort connector: a BSN has nine digits\n");
		return false;
	}
	memcpy(command->bsn, line, BSN_DIGITS);
	return true;
}

static bool
read_bsn_from(struct command *command, FILE *file)
{
	char line[64] = "";
	bool fine = fgets(line, sizeof(line), file) != NULL && take_digits(command, line);
	kp_wipe(line, sizeof(line));
	return fine;
}

static bool
prompt_bsn(struct command *command)
{
	struct termios before;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	if (terminal) {
		struct termios silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
		fprintf(stderr, "BSN: ");
	}
	bool fine = read_bsn_from(command, stdin);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return fine;
}

static bool
read_bsn(struct command *command)
{
	if (command->bsn_file == NULL || strcmp(command->bsn_file, "-") == 0) {
		return prompt_bsn(command);
	}
	FILE *file = fopen(command->bsn_file, "r");
	if (file == NULL) {
		perror(command->bsn_file);
		return false;
	}
	bool fine = read_bsn_from(command, file);
	(void)fclose(file);
	return fine;
}

/* The cells of --velden, or all that the source offers. */
static uint64_t *
permitted_cells(struct command *command, const struct kp_source *source)
{
	const struct kp_catalogue *catalogue = command->cells;
	uint64_t *cells =
		KP_ARENA_ARRAY(&command->arena, uint64_t, catalogue->cell_words + 1);
	uint64_t *fields =
		KP_ARENA_ARRAY(&command->arena, uint64_t, catalogue->field_words + 1);
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
	return cells;
}

static int
try_one(struct command *command)
{
	if (!load_sources(command)) {
		print_findings(command);
		return EXIT_FOUND_FAULTS;
	}
	const struct kp_source *source = kp_source_set_get(command->set, 0);
	struct kp_connector_try attempt = {
		.catalogue = command->cells,
		.source = source,
		.permitted = permitted_cells(command, source),
		.purpose = kp_slice_from(command->purpose),
		.case_id = kp_slice_from(command->case_id),
		.employee = kp_slice_from(command->employee),
		.organisation = kp_slice_from(command->organisation),
		.answer_given = command->answer != NULL,
		.answer_status = (unsigned)strtoul(command->status, NULL, 10),
		.answer_type = kp_slice_from(command->type == NULL ? "" : command->type),
		.json = command->json,
	};
	if (command->type == NULL) {
		attempt.answer_type =
			kp_slice_is(source->private->manifest->connector, "soap")
			? KP_SLICE("text/xml")
			: KP_SLICE("application/json");
	}
	if (attempt.permitted == NULL || !read_bsn(command)) {
		return EXIT_FOUND_FAULTS;
	}
	attempt.bsn = kp_slice_from(command->bsn);
	if (command->answer != NULL &&
		!read_file(command, command->answer, ANSWER_BYTES_MAX, &attempt.answer)) {
		return EXIT_FOUND_FAULTS;
	}
	int code = kp_connector_try_run(&attempt);
	kp_wipe(command->bsn, sizeof(command->bsn));
	return code;
}

/* A partner's own program runs as long as its set of sources. */
static int
run_try(struct command *command)
{
	static const char pattern[] = "/tmp/ketenpoort-try-XXXXXX";
	struct kp_error err;
	char text[512];
	memcpy(command->sockets, pattern, sizeof(pattern));
	if (mkdtemp(command->sockets) == NULL) {
		perror("ketenpoort connector: /tmp");
		return EXIT_FOUND_FAULTS;
	}
	int code = EXIT_FOUND_FAULTS;
	if (kp_attendant_start(&command->attendant, &err) != KP_OK) {
		fprintf(stderr, "ketenpoort connector: %s\n",
			kp_error_text(&err, text, sizeof(text)));
	} else {
		code = try_one(command);
	}
	kp_source_set_destroy(&command->set);
	kp_attendant_stop(&command->attendant);
	(void)rmdir(command->sockets);
	return code;
}

static int
print_schema(struct command *command)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &command->arena, FILE_BYTES_MAX);
	kp_manifest_schema_write(&buffer);
	printf("%.*s", (int)buffer.len, buffer.data);
	return buffer.failed ? EXIT_FOUND_FAULTS : 0;
}

static int
run(struct command *command, const char *verb)
{
	bool check = strcmp(verb, "check") == 0;
	if (strcmp(verb, "schema") == 0) {
		return print_schema(command);
	}
	if (!check && strcmp(verb, "try") != 0) {
		return wrong_use("the first word is check, try or schema");
	}
	if (command->file_count == 0 || (!check && command->file_count > 1)) {
		return wrong_use(
			check ? "name at least one manifest" : "name one manifest");
	}
	return check ? run_check(command) : run_try(command);
}

int
kp_command_connector(int argc, char **argv)
{
	struct command command = {
		.catalogue = "catalogus.json",
		.status = "200",
		.purpose = "proefvraag",
		.case_id = "PROEF-1",
		.employee = "proef",
		.organisation = "00000000000000000000",
	};
	if (argc < 2) {
		return wrong_use("say what to do");
	}
	const char *verb = argv[1];
	int option;
	optind = 2;
	while ((option = getopt_long(argc, argv, "c:l:v:a:d:z:h", long_options, NULL)) !=
		-1) {
		if (option == 'h') {
			printf("%s", usage);
			return 0;
		}
		if (!take_option(&command, option)) {
			return wrong_use("an option is not right");
		}
	}
	if (strcmp(verb, "-h") == 0 || strcmp(verb, "--help") == 0) {
		printf("%s", usage);
		return 0;
	}
	command.files = argv + optind;
	command.file_count = (size_t)(argc - optind);
	kp_arena_init(&command.arena, ANSWER_BYTES_MAX * 2, NULL);
	kp_findings_init(&command.findings, FINDINGS_MAX);
	int code = run(&command, verb);
	kp_source_set_destroy(&command.set);
	kp_findings_deinit(&command.findings);
	kp_arena_deinit(&command.arena);
	return code;
}
