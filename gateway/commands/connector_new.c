/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new: options, and the frame of the manifest; see connector_new.h. */
#include "commands/connector_new.h"

#include <getopt.h>
#include <libxml/xmlmemory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/connector_commands.h"
#include "commands/connector_load.h"
#include "commands/terminal_text.h"
#include "core/heap.h"
#include "io/file.h"

enum { EXIT_FOUND_FAULTS = 1, EXIT_WRONG_USE = 2 };

static const char usage[] =
	"usage: ketenpoort connector new [options] --source NAME FROM\n"
	"\n"
	"Writes a first manifest for the source NAME of the catalogue, with a field of\n"
	"the catalogue proposed for what the partner describes. A \"//\" beside each\n"
	"proposal says what it is based on, what was not mapped, and what is still to\n"
	"be done. Look at all of it: names resemble each other that mean other things.\n"
	"\n"
	"FROM is one of\n"
	"      --openapi FILE       OpenAPI 3.0 or 3.1, as JSON or YAML\n"
	"      --wsdl FILE          WSDL 1.1, with its schemas beside it\n"
	"      --database CONNINFO --table [SCHEMA.]TABLE\n"
	"                           a table or view of a PostgreSQL; CONNINFO as libpq\n"
	"                           has it (a password is better in ~/.pgpass)\n"
	"      --odbc FILE --table [SCHEMA.]TABLE\n"
	"                           the same of any database with an ODBC driver; FILE\n"
	"                           has the connection string\n"
	"      --csv FILE, --ndjson FILE, --xlsx FILE\n"
	"                           an export; the first megabyte is looked at. What is\n"
	"                           in it is not kept; its columns are\n"
	"\n"
	"  -c, --catalogue FILE     catalogue of the dossier (default: catalogus.json)\n"
	"      --operation NAME     openapi: operationId or path; wsdl: name or action\n"
	"                           (default: the one with the most proposals)\n"
	"  -o, --output FILE        default: standard output\n"
	"\n"
	"  ketenpoort connector new -c catalogus.json --source brp \\\n"
	"      --openapi openapi.json -o sources/brp.json\n"
	"  ketenpoort connector new --source gemeente-inkomen --csv uitkeringen.csv\n"
	"  ketenpoort connector new --source brp --table lo3_pl_persoon \\\n"
	"      --database 'host=db.example.nl dbname=gbav user=lezer'\n"
	"\n"
	"exit status: 0 written, 1 the description cannot be read, 2 wrong use.\n";

static const struct option long_options[] = {
	{"openapi", required_argument, NULL, 'a'},
	{"wsdl", required_argument, NULL, 'w'},
	{"database", required_argument, NULL, 'd'},
	{"odbc", required_argument, NULL, 'b'},
	{"table", required_argument, NULL, 't'},
	{"csv", required_argument, NULL, 'v'},
	{"ndjson", required_argument, NULL, 'n'},
	{"xlsx", required_argument, NULL, 'x'},
	{"source", required_argument, NULL, 's'},
	{"catalogue", required_argument, NULL, 'c'},
	{"operation", required_argument, NULL, 'p'},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct command {
	struct kp_connector_load load;
	struct kp_new new;
	const char *openapi;
	const char *wsdl;
	const char *database;
	const char *odbc;
	const char *table;
	const char *csv;
	const char *ndjson;
	const char *xlsx;
	const char *source;
	const char *operation;
	const char *output;
};

static int
wrong_use(const char *message)
{
	fprintf(stderr, "ketenpoort connector new: %s\n\n%s", message, usage);
	return EXIT_WRONG_USE;
}

static bool
take_option(struct command *command, int option)
{
	const struct {
		int option;
		const char **to;
	} rows[] = {{'a', &command->openapi}, {'w', &command->wsdl},
		{'d', &command->database}, {'b', &command->odbc}, {'t', &command->table},
		{'v', &command->csv}, {'n', &command->ndjson}, {'x', &command->xlsx},
		{'s', &command->source}, {'c', &command->load.catalogue},
		{'p', &command->operation}, {'o', &command->output}};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (rows[i].option == option) {
			*rows[i].to = optarg;
			return true;
		}
	}
	return false;
}

static bool
find_source(struct command *command)
{
	const struct kp_catalogue *catalogue = command->load.cells;
	struct kp_slice name = kp_slice_from(command->source);
	command->new.source = kp_catalogue_find_source(catalogue, name);
	if (command->new.source != KP_NO_ID) {
		return true;
	}
	fprintf(stderr,
		"ketenpoort connector new: '%s' is not a source of the catalogue; they "
		"are:",
		command->source);
	for (uint32_t i = 0; i < catalogue->source_count; i++) {
		fprintf(stderr, " %.*s", KP_SLICE_ARG(catalogue->sources[i].name));
	}
	fputc('\n', stderr);
	return false;
}

static bool
begin_manifest(struct kp_new *new)
{
	const struct kp_catalogue_source *source = &new->catalogue->sources[new->source];
	json_t *organisation = json_object();
	new->todo = json_array();
	new->manifest = json_object();
	/* The frame comes first; what reading finds follows. */
	kp_new_set(new, new->manifest, "//", json_incref(new->todo));
	kp_new_set(new, new->manifest, "source", kp_new_text(source->name));
	kp_new_set(new, new->manifest, "title", kp_new_text(source->title));
	if (source->oin.len > 0) {
		kp_new_set(new, organisation, "oin", kp_new_text(source->oin));
	}
	kp_new_set(new, organisation, "name", kp_new_text(source->title));
	kp_new_set(new, new->manifest, "organisation", organisation);
	return !kp_new_failed(new);
}

/* The beginning of a file is enough to know its columns. */
static enum kp_status
read_beginning(struct command *command, const char *path, struct kp_error *err)
{
	struct kp_file *file = NULL;
	struct kp_slice text = {0};
	char *bytes = kp_arena_bytes(command->new.arena, KP_NEW_CSV_BYTES);
	enum kp_status status = bytes == NULL
		? kp_error_set(err, KP_E_MEMORY, "no memory is left")
		: kp_file_open(path, &file, err);
	if (status != KP_OK) {
		return status;
	}
	status = kp_file_read_at(file, 0, bytes, KP_NEW_CSV_BYTES, &text.len);
	kp_file_close(&file);
	text.data = bytes;
	if (status != KP_OK) {
		return kp_error_set(err, status, "cannot be read");
	}
	return path == command->ndjson
		? kp_new_read_ndjson(&command->new, path, text, err)
		: kp_new_read_csv(&command->new, path, NULL, text,
			  text.len < KP_NEW_CSV_BYTES, err);
}

static enum kp_status
read_description(struct command *command, struct kp_error *err)
{
	struct kp_new *new = &command->new;
	const char *path = command->openapi != NULL ? command->openapi : command->wsdl;
	struct kp_slice text = {0};
	if (command->csv != NULL || command->ndjson != NULL) {
		return read_beginning(command,
			command->csv != NULL ? command->csv : command->ndjson, err);
	}
	if (command->xlsx != NULL) {
		return kp_new_read_xlsx(new, command->xlsx, err);
	}
	if (command->odbc != NULL) {
		return kp_new_read_odbc(new, command->odbc, command->table, err);
	}
	if (path == NULL) {
		return kp_new_read_table(new, command->database, command->table, err);
	}
	enum kp_status status =
		kp_file_read_all(path, new->arena, KP_NEW_DOCUMENT_BYTES_MAX, &text, err);
	if (status != KP_OK) {
		return status;
	}
	return command->openapi != NULL
		? kp_new_read_openapi(new, path, text, command->operation, err)
		: kp_new_read_wsdl(new, path, text, true, command->operation, err);
}

static bool
write_manifest(struct command *command)
{
	struct kp_error err = {0};
	char text[512];
	char *bytes =
		json_dumps(command->new.manifest, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	const char *lines =
		bytes == NULL ? NULL : kp_arena_printf(command->new.arena, "%s\n", bytes);
	kp_heap_free(bytes);
	/* jansson goes on when there was no room for the name of a member. */
	if (lines == NULL || kp_new_failed(&command->new)) {
		fputs("ketenpoort connector new: no memory is left\n", stderr);
		return false;
	}
	if (command->output == NULL) {
		(void)fputs(lines, stdout);
		return true;
	}
	if (kp_file_place(command->output, kp_slice_from(lines), 0644, &err) == KP_OK) {
		return true;
	}
	(void)fprintf(stderr, "ketenpoort connector new: '%s': %s\n", command->output,
		kp_error_text(&err, text, sizeof(text)));
	return false;
}

static void
tell(const struct command *command)
{
	const struct kp_new *new = &command->new;
	fprintf(stderr,
		"%zu of %zu values got a proposal; look at each, and at %zu thing%s to "
		"do:\n",
		new->proposed, new->leaf_count, json_array_size(new->todo),
		json_array_size(new->todo) == 1 ? "" : "s");
	for (size_t i = 0; i < json_array_size(new->todo); i++) {
		fputs("  ", stderr);
		(void)kp_terminal_print(stderr,
			kp_slice_from(json_string_value(json_array_get(new->todo, i))));
		fputc('\n', stderr);
	}
}

static int
say_failed(const struct kp_new *new)
{
	bool memory = new->arena->failed || kp_heap_failures() != new->failures_before;
	fprintf(stderr, "ketenpoort connector new: %s\n",
		memory ? "no memory is left" : "a name or text in it is no UTF-8");
	return EXIT_FOUND_FAULTS;
}

static const char *
name_of(const struct command *command)
{
	return command->openapi != NULL   ? command->openapi
		: command->wsdl != NULL   ? command->wsdl
		: command->csv != NULL    ? command->csv
		: command->ndjson != NULL ? command->ndjson
					  : command->xlsx;
}

static int
run(struct command *command)
{
	struct kp_error err = {0};
	char text[512];
	if (!kp_connector_load_catalogue(&command->load)) {
		kp_connector_print_findings(&command->load);
		return EXIT_FOUND_FAULTS;
	}
	command->new.arena = &command->load.arena;
	command->new.failures_before = kp_heap_failures();
	command->new.catalogue = command->load.cells;
	if (!find_source(command)) {
		return EXIT_WRONG_USE;
	}
	struct kp_new *new = &command->new;
	bool fine = begin_manifest(new);
	if (fine && read_description(command, &err) != KP_OK && !kp_new_failed(new)) {
		if (err.file[0] == '\0' && command->database == NULL &&
			command->odbc == NULL) {
			(void)kp_error_wrap(&err, "'%s'", name_of(command));
		}
		fputs("ketenpoort connector new: ", stderr);
		(void)kp_terminal_print(
			stderr, kp_slice_from(kp_error_text(&err, text, sizeof(text))));
		fputc('\n', stderr);
		return EXIT_FOUND_FAULTS;
	}
	if (!fine || !kp_new_propose(new) || !kp_new_write_response(new)) {
		return say_failed(new);
	}
	if (!write_manifest(command)) {
		return EXIT_FOUND_FAULTS;
	}
	tell(command);
	return 0;
}

int
kp_connector_new(int argc, char **argv)
{
	struct command command = {.load.catalogue = "catalogus.json"};
	int option;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:o:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			printf("%s", usage);
			return 0;
		}
		if (!take_option(&command, option)) {
			return wrong_use("an option is not right");
		}
	}
	int origins = (command.openapi != NULL) + (command.wsdl != NULL) +
		(command.csv != NULL) + (command.ndjson != NULL) +
		(command.xlsx != NULL) + (command.database != NULL) +
		(command.odbc != NULL);
	if (optind != argc || origins != 1) {
		return wrong_use(
			"say what to read: one of --openapi, --wsdl, --database, --odbc, "
			"--csv, --ndjson and --xlsx");
	}
	if (command.operation != NULL && command.openapi == NULL &&
		command.wsdl == NULL) {
		return wrong_use("--operation belongs to --openapi and --wsdl");
	}
	if (command.source == NULL) {
		return wrong_use("name the source of the catalogue with --source");
	}
	if ((command.database != NULL || command.odbc != NULL) !=
		(command.table != NULL)) {
		return wrong_use(
			"--table belongs to --database or --odbc, and they to it");
	}
	/* Where it is seen that they failed. */
	json_set_alloc_funcs(kp_heap_alloc, kp_heap_free);
	(void)xmlMemSetup(kp_heap_free, kp_heap_alloc, kp_heap_realloc, kp_heap_strdup);
	kp_connector_load_init(&command.load);
	int code = run(&command);
	json_decref(command.new.manifest);
	json_decref(command.new.todo);
	kp_connector_load_deinit(&command.load);
	return code;
}
