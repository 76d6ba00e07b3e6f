/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_query: ask a running gateway for a dossier. The client number comes from a
 * prompt, from standard input or from a file, never from the command line, where others
 * would see it.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "commands/client_number.h"
#include "commands/json_spelled.h"
#include "commands/query_print.h"
#include "commands/query_token.h"
#include "core/arena.h"
#include "core/buffer.h"
#include "core/heap.h"
#include "core/json_write.h"
#include "http/http_parse.h"
#include "io/runtime.h"
#include "io/upstream.h"

#define ANSWER_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define TIMEOUT_MS_DEFAULT 60000
#define TARGET "/v1/dossiers/_zoek"

/* How the command ends; documented in ketenpoort-query(1). */
enum exit_code {
	EXIT_COMPLETE = 0,
	EXIT_USAGE = 2,
	EXIT_INCOMPLETE = 3,  /* a dossier, but a source is missing from it */
	EXIT_INVALID = 4,     /* 400 and its like: the question is wrong */
	EXIT_REFUSED = 5,     /* 401, 403: not allowed */
	EXIT_UNAVAILABLE = 6, /* no gateway, or it could not answer */
};

enum form {
	FORM_TABLE,
	FORM_JSON,
	FORM_NDJSON,
};

struct question {
	const char *gateway;
	const char *purpose;
	const char *case_id;
	const char *profile;
	const char *fields;
	const char *reason;
	const char *budget_ms;
	const char *bsn_file;
	const char *organisation;
	const char *employee;
	const char *roles;
	const char *token_file;
	const char *proof_key_file;
	const char *proof_url;
	const char *anchors;
	const char *certificate;
	const char *key;
	enum form form;
	bool dry_run;
	bool english;
	char bsn[KP_CLIENT_NUMBER_ROOM];
};

struct conversation {
	const struct question *question;
	struct kp_loop *loop;
	struct kp_arena arena;
	struct kp_buffer answer;
	uint32_t status;
	enum kp_status end;
	struct kp_error err;
	struct kp_upstream_target *target;
	struct kp_upstream_request request;
	struct kp_upstream_header headers[10];
	struct kp_task start;
	struct query_token token;
	struct kp_slice nonce; /* the gateway wants it in the proof */
	bool said_again;       /* with it */
};

static const char usage[] =
	"usage: ketenpoort query --doel DOEL [options]\n"
	"\n"
	"Asks a gateway for the virtual dossier of one client. The client number (BSN) "
	"is asked for,\n"
	"or read from standard input or a file.\n"
	"\n"
	"question\n"
	"  -d, --doel DOEL          purpose of the question (required)\n"
	"  -z, --zaak KENMERK       case the question belongs to\n"
	"  -p, --profiel PROFIEL    named selection of fields\n"
	"  -v, --velden A,B         sections or fields; only ever narrows what the "
	"purpose allows\n"
	"  -r, --reden TEXT         why a client outside the own caseload is asked for\n"
	"  -b, --budget MS          time the gateway may take\n"
	"      --dry-run            which sources and fields would be asked; asks "
	"nobody\n"
	"      --bsn-file FILE      read the client number from FILE (- is standard "
	"input)\n"
	"\n"
	"who asks\n"
	"      --token-file FILE    an access token, which says who asks\n"
	"      --dpop-key-file FILE the private key the token is bound to, PEM; proofs "
	"(DPoP) are made with it\n"
	"      --dpop-url URL       how proofs name the gateway; default what -g says\n"
	"  in place of it, with a gateway in development mode:\n"
	"      --organisatie OIN    asking organisation\n"
	"      --medewerker ID      asking employee\n"
	"      --rollen A,B         roles of the employee\n"
	"\n"
	"the gateway's and our own certificate (https)\n"
	"      --cacert FILE        authorities whose gateway is believed, PEM; needed "
	"for "
	"https\n"
	"      --cert FILE          our client certificate, PEM\n"
	"      --key FILE           its key, PEM; default: in the certificate's file\n"
	"\n"
	"answer\n"
	"      --json               as the gateway gave it\n"
	"      --ndjson             in pieces, each as soon as it is there\n"
	"      --en                 English headings\n"
	"  -g, --gateway URL        default http://127.0.0.1:8080, or "
	"$KETENPOORT_GATEWAY\n"
	"  -h, --help               this text\n"
	"\n"
	"exit status: 0 complete, 3 a source is missing, 4 the question is wrong, 5 "
	"refused,\n"
	"6 no answer, 2 wrong use of this command.\n";

enum long_option {
	OPTION_BSN_FILE = 256,
	OPTION_ORGANISATION,
	OPTION_EMPLOYEE,
	OPTION_ROLES,
	OPTION_TOKEN_FILE,
	OPTION_PROOF_KEY,
	OPTION_PROOF_URL,
	OPTION_ANCHORS,
	OPTION_CERTIFICATE,
	OPTION_KEY,
	OPTION_JSON,
	OPTION_NDJSON,
	OPTION_DRY_RUN,
	OPTION_ENGLISH,
};

static const struct option options[] = {
	{"doel", required_argument, NULL, 'd'},
	{"zaak", required_argument, NULL, 'z'},
	{"profiel", required_argument, NULL, 'p'},
	{"velden", required_argument, NULL, 'v'},
	{"reden", required_argument, NULL, 'r'},
	{"budget", required_argument, NULL, 'b'},
	{"gateway", required_argument, NULL, 'g'},
	{"bsn-file", required_argument, NULL, OPTION_BSN_FILE},
	{"organisatie", required_argument, NULL, OPTION_ORGANISATION},
	{"medewerker", required_argument, NULL, OPTION_EMPLOYEE},
	{"rollen", required_argument, NULL, OPTION_ROLES},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"dpop-key-file", required_argument, NULL, OPTION_PROOF_KEY},
	{"dpop-url", required_argument, NULL, OPTION_PROOF_URL},
	{"cacert", required_argument, NULL, OPTION_ANCHORS},
	{"cert", required_argument, NULL, OPTION_CERTIFICATE},
	{"key", required_argument, NULL, OPTION_KEY},
	{"json", no_argument, NULL, OPTION_JSON},
	{"ndjson", no_argument, NULL, OPTION_NDJSON},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"en", no_argument, NULL, OPTION_ENGLISH},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* --- arguments --- */

/* Where the text of an option goes; NULL when it has none. */
static const char **
text_option(struct question *question, int option)
{
	switch (option) {
	case 'd':
		return &question->purpose;
	case 'z':
		return &question->case_id;
	case 'p':
		return &question->profile;
	case 'v':
		return &question->fields;
	case 'r':
		return &question->reason;
	case 'b':
		return &question->budget_ms;
	case 'g':
		return &question->gateway;
	case OPTION_BSN_FILE:
		return &question->bsn_file;
	case OPTION_ORGANISATION:
		return &question->organisation;
	case OPTION_EMPLOYEE:
		return &question->employee;
	case OPTION_ROLES:
		return &question->roles;
	case OPTION_TOKEN_FILE:
		return &question->token_file;
	case OPTION_PROOF_KEY:
		return &question->proof_key_file;
	case OPTION_PROOF_URL:
		return &question->proof_url;
	case OPTION_ANCHORS:
		return &question->anchors;
	case OPTION_CERTIFICATE:
		return &question->certificate;
	case OPTION_KEY:
		return &question->key;
	default:
		return NULL;
	}
}

static bool
take_option(struct question *question, int option)
{
	const char **text = text_option(question, option);
	if (text != NULL) {
		*text = optarg;
		return true;
	}
	switch (option) {
	case OPTION_JSON:
		question->form = FORM_JSON;
		return true;
	case OPTION_NDJSON:
		question->form = FORM_NDJSON;
		return true;
	case OPTION_DRY_RUN:
		question->dry_run = true;
		return true;
	case OPTION_ENGLISH:
		question->english = true;
		return true;
	default:
		return false;
	}
}

static bool
check_question(const struct question *question, int argc)
{
	if (optind < argc) {
		(void)fputs(
			"ketenpoort query: arguments without an option are not taken; a "
			"client "
			"number does not belong on the command line (see --bsn-file)\n",
			stderr);
		return false;
	}
	if (question->purpose == NULL) {
		(void)fprintf(stderr,
			"ketenpoort query: --doel is required: for which purpose is "
			"this asked?\n");
		return false;
	}
	if (question->proof_key_file != NULL && question->token_file == NULL) {
		(void)fputs("ketenpoort query: --dpop-key-file needs --token-file: it is "
			    "the token that is bound to the key\n",
			stderr);
		return false;
	}
	if (question->budget_ms != NULL &&
		strspn(question->budget_ms, "0123456789") !=
			strlen(question->budget_ms)) {
		(void)fprintf(stderr,
			"ketenpoort query: --budget: '%s' is no number of "
			"milliseconds\n",
			question->budget_ms);
		return false;
	}
	return true;
}

/* --- the request --- */

static void
write_member(struct kp_json_writer *writer, const char *name, const char *value)
{
	if (value != NULL) {
		kp_json_write_name(writer, kp_slice_from(name));
		kp_json_write_string(writer, kp_slice_from(value));
	}
}

static void
write_fields(struct kp_json_writer *writer, const char *fields)
{
	if (fields == NULL) {
		return;
	}
	kp_json_write_name(writer, KP_SLICE("velden"));
	kp_json_write_array_begin(writer);
	while (*fields != '\0') {
		size_t len = strcspn(fields, ",");
		kp_json_write_string(writer, (struct kp_slice){fields, len});
		fields += len + (fields[len] == ',' ? 1 : 0);
	}
	kp_json_write_array_end(writer);
}

static struct kp_slice
write_body(const struct question *question, struct kp_arena *arena)
{
	struct kp_buffer buffer;
	struct kp_json_writer writer;
	kp_buffer_init(&buffer, arena, 64UL * 1024);
	kp_json_writer_init(&writer, &buffer);
	kp_json_write_object_begin(&writer);
	write_member(&writer, "burgerservicenummer", question->bsn);
	write_member(&writer, "doel", question->purpose);
	write_member(&writer, "zaakkenmerk", question->case_id);
	write_member(&writer, "profiel", question->profile);
	write_member(&writer, "reden", question->reason);
	write_fields(&writer, question->fields);
	if (question->budget_ms != NULL) {
		kp_json_write_name(&writer, KP_SLICE("budgetMs"));
		kp_json_write_raw(&writer, kp_slice_from(question->budget_ms));
	}
	kp_json_write_object_end(&writer);
	return buffer.failed ? (struct kp_slice){NULL, 0} : kp_buffer_slice(&buffer);
}

static void
add_header(struct conversation *conversation, const char *name, const char *value)
{
	if (value != NULL) {
		struct kp_upstream_header *header =
			&conversation->headers[conversation->request.header_count++];
		header->name = kp_slice_from(name);
		header->value = kp_slice_from(value);
	}
}

static void
fill_request(struct conversation *conversation, struct kp_slice body)
{
	const struct question *question = conversation->question;
	bool streamed = question->form == FORM_NDJSON;
	conversation->request = (struct kp_upstream_request){.method = KP_SLICE("POST"),
		.target = KP_SLICE(TARGET),
		.headers = conversation->headers,
		.body = body,
		.timeout_ms = TIMEOUT_MS_DEFAULT,
		.body_bytes_max = ANSWER_BYTES_MAX};
	add_header(conversation, "Content-Type", "application/json");
	add_header(conversation, "Accept",
		streamed ? "application/x-ndjson, application/problem+json"
			 : "application/json, application/problem+json");
	add_header(conversation, "Prefer", question->dry_run ? "handling=dry-run" : NULL);
	add_header(conversation, "x-origin-oin", question->organisation);
	add_header(conversation, "x-gebruiker", question->employee);
	add_header(conversation, "x-rollen", question->roles);
}

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t header_count)
{
	struct conversation *conversation = owner;
	conversation->status = status;
	conversation->nonce.len = 0;
	for (size_t i = 0; i < header_count && status == 401; i++) {
		if (kp_http_name_equal(headers[i].name, KP_SLICE("dpop-nonce"))) {
			conversation->nonce =
				kp_arena_copy(&conversation->arena, headers[i].value);
		}
	}
	return KP_OK;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct conversation *conversation = owner;
	if (conversation->question->form == FORM_NDJSON && conversation->status == 200) {
		(void)fwrite(bytes.data, 1, bytes.len, stdout);
		(void)fflush(stdout);
		return KP_OK;
	}
	kp_buffer_add_slice(&conversation->answer, bytes);
	return conversation->answer.failed ? KP_E_LIMIT : KP_OK;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct conversation *conversation = owner;
	(void)timing;
	conversation->end = status;
	if (err != NULL) {
		conversation->err = *err;
	}
	if (status == KP_OK && conversation->token.key != NULL &&
		conversation->nonce.len > 0 && !conversation->said_again) {
		conversation->said_again = true;
		conversation->answer.len = 0;
		kp_loop_defer(conversation->loop, &conversation->start);
		return;
	}
	kp_upstream_target_close(&conversation->target);
	kp_loop_stop(conversation->loop);
}

static const struct kp_upstream_handler handler = {on_head, on_body, on_done};

/* Each time we ask; it is the last of the fields. */
static enum kp_status
add_proof(struct conversation *conversation)
{
	const char *proof = query_token_proof(
		&conversation->token, conversation->nonce, &conversation->arena);
	if (proof == NULL) {
		return kp_error_set(&conversation->err, KP_E_INTERNAL,
			"no proof can be made with the key of --dpop-key-file");
	}
	conversation->request.header_count -= conversation->said_again ? 1u : 0u;
	add_header(conversation, "DPoP", proof);
	return KP_OK;
}

static void
start(struct kp_task *task)
{
	struct conversation *conversation =
		KP_CONTAINER_OF(task, struct conversation, start);
	struct kp_upstream_call *call = NULL;
	enum kp_status status = KP_OK;
	if (conversation->token.key != NULL) {
		status = add_proof(conversation);
	}
	if (status == KP_OK) {
		status = kp_upstream_start(conversation->target, &conversation->request,
			&handler, conversation, &call);
	}
	if (status != KP_OK) {
		on_done(conversation, status, NULL, NULL);
	}
}

static struct kp_slice
given(const char *file)
{
	return file == NULL ? (struct kp_slice){NULL, 0} : kp_slice_from(file);
}

static enum kp_status
converse(struct conversation *conversation)
{
	struct kp_upstream *upstream = NULL;
	struct kp_error *err = &conversation->err;
	struct kp_upstream_target_options target = {.name = KP_SLICE("gateway"),
		.endpoint = kp_slice_from(conversation->question->gateway),
		.anchor_file = given(conversation->question->anchors),
		.certificate_file = given(conversation->question->certificate),
		.key_file = given(conversation->question->key),
		.connections_max = 1,
		.waiting_max = 1,
		.connect_timeout_ms = 5000,
		.idle_ms = 1000,
		.head_bytes_max = 65536};
	enum kp_status status = kp_loop_create(0, &conversation->loop, err);
	if (status == KP_OK) {
		status = kp_upstream_create(conversation->loop, &upstream, err);
	}
	if (status == KP_OK) {
		status = kp_upstream_target_open(
			upstream, &target, &conversation->target, err);
	}
	if (status == KP_OK) {
		conversation->start.run = start;
		kp_loop_defer(conversation->loop, &conversation->start);
		kp_loop_run(conversation->loop);
		status = conversation->end;
	}
	kp_upstream_destroy(&upstream);
	kp_loop_destroy(&conversation->loop);
	return status;
}

/* --- the answer --- */

static int
exit_code_of(uint32_t status)
{
	if (status == 200) {
		return EXIT_COMPLETE;
	}
	if (status == 401 || status == 403) {
		return EXIT_REFUSED;
	}
	return status >= 400 && status < 500 ? EXIT_INVALID : EXIT_UNAVAILABLE;
}

/* What would say who asks. */
static void
hint(const struct question *question)
{
	if (question->token_file != NULL || question->certificate != NULL) {
		return;
	}
	(void)fputs(question->organisation != NULL
			? "--organisatie is believed in development mode only "
			  "(ketenpoort "
			  "init --development); elsewhere --token-file or --cert says "
			  "who asks\n"
			: "say who asks with --token-file or --cert, or in development "
			  "mode with --organisatie, --medewerker and --rollen\n",
		stderr);
}

static int
show(struct conversation *conversation)
{
	const struct question *question = conversation->question;
	int code = exit_code_of(conversation->status);
	FILE *out = code == EXIT_COMPLETE ? stdout : stderr;
	if (question->form == FORM_JSON) {
		(void)fwrite(
			conversation->answer.data, 1, conversation->answer.len, stdout);
		(void)fputc('\n', stdout);
	}
	json_t *answer = NULL;
	struct kp_error err;
	if (conversation->answer.len > 0 &&
		kp_json_spelled(kp_buffer_slice(&conversation->answer),
			&conversation->arena, &answer, &err) != KP_OK) {
		char text[512];
		(void)fprintf(stderr,
			"ketenpoort query: the answer (status %u) is no JSON: %s\n",
			conversation->status, kp_error_text(&err, text, sizeof(text)));
		return EXIT_UNAVAILABLE;
	}
	struct query_print_options print = {.out = out,
		.colour = isatty(fileno(out)) && getenv("NO_COLOR") == NULL,
		.english = question->english};
	if (question->form != FORM_JSON && code != EXIT_COMPLETE) {
		kp_query_print_problem(answer, &print);
		if (conversation->status == 401) {
			hint(question);
		}
	} else if (question->form == FORM_TABLE) {
		kp_query_print_dossier(answer, &print);
	}
	if (code == EXIT_COMPLETE && json_is_false(json_object_get(answer, "volledig"))) {
		code = EXIT_INCOMPLETE;
	}
	json_decref(answer);
	return code;
}

/* Never on the command line, where others would see it. */
static enum kp_status
add_token(struct conversation *conversation)
{
	const struct question *question = conversation->question;
	if (question->token_file == NULL) {
		return KP_OK;
	}
	const char *address =
		question->proof_url == NULL ? question->gateway : question->proof_url;
	enum kp_status status = query_token_read(&conversation->token,
		question->token_file, question->proof_key_file, address, TARGET,
		&conversation->arena, &conversation->err);
	if (status == KP_OK) {
		add_header(conversation, "Authorization",
			query_token_authorization(
				&conversation->token, &conversation->arena));
	}
	return status;
}

/* Before anything of OpenSSL is used. */
static bool
prepare(struct conversation *conversation)
{
	char text[512];
	enum kp_status status = kp_runtime_prepare(&conversation->err);
	if (status == KP_OK) {
		status = add_token(conversation);
	}
	if (status != KP_OK) {
		(void)fprintf(stderr, "ketenpoort query: %s\n",
			kp_error_text(&conversation->err, text, sizeof(text)));
	}
	return status == KP_OK;
}

static int
ask(const struct question *question)
{
	struct conversation conversation = {.question = question};
	kp_arena_init(&conversation.arena, 2 * ANSWER_BYTES_MAX, NULL);
	kp_buffer_init(&conversation.answer, &conversation.arena, ANSWER_BYTES_MAX);
	struct kp_slice body = write_body(question, &conversation.arena);
	fill_request(&conversation, body);
	int code = EXIT_UNAVAILABLE;
	if (!prepare(&conversation)) {
		query_token_deinit(&conversation.token);
		kp_arena_deinit(&conversation.arena);
		return EXIT_USAGE;
	}
	enum kp_status status = body.data == NULL ? KP_E_MEMORY : converse(&conversation);
	if (status == KP_OK) {
		code = show(&conversation);
	} else {
		char text[512];
		(void)fprintf(stderr, "ketenpoort query: no answer from %s: %s\n",
			question->gateway,
			conversation.err.message[0] != '\0'
				? kp_error_text(&conversation.err, text, sizeof(text))
				: kp_status_info(status)->title);
	}
	query_token_deinit(&conversation.token);
	kp_arena_deinit(&conversation.arena);
	return code;
}

int
kp_command_query(int argc, char **argv)
{
	struct question question = {.gateway = getenv("KETENPOORT_GATEWAY")};
	if (question.gateway == NULL) {
		question.gateway = "http://127.0.0.1:8080";
	}
	int option;
	while ((option = getopt_long(argc, argv, "d:z:p:v:r:b:g:h", options, NULL)) !=
		-1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			return EXIT_COMPLETE;
		}
		if (!take_option(&question, option)) {
			(void)fputs("try 'ketenpoort query --help'\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (!check_question(&question, argc)) {
		return EXIT_USAGE;
	}
	int code = EXIT_USAGE;
	if (kp_client_number_read("ketenpoort query", question.bsn_file, question.bsn)) {
		code = ask(&question);
	}
	kp_wipe(question.bsn, sizeof(question.bsn));
	return code;
}
