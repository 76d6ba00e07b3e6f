/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_answer: one question about the test client, as the gateway asks it:
 * are we let in, and what does the partner say? */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "commands/connector_access.h"
#include "commands/connector_ask.h"
#include "commands/connector_doctor.h"
#include "commands/connector_known.h"
#include "connectors/outcome.h"
#include "core/encode.h"
#include "source/source_private.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)
#define TOKEN_BYTES_MAX ((size_t)8192)

/* What is kept of an answer for its explanation. */
struct hearing {
	struct kp_doctor *doctor;
	uint32_t status;
	struct kp_slice challenge;
	struct kp_slice kind;  /* its content type */
	struct kp_buffer body; /* its beginning */
};

static struct kp_slice
kept_header(struct hearing *hearing, const struct kp_head *head, const char *name)
{
	struct kp_text value = head->header(head, (struct kp_text){name, strlen(name)});
	return kp_arena_copy(
		&hearing->doctor->load.arena, (struct kp_slice){value.data, value.len});
}

static void
on_head(void *owner, const struct kp_head *head)
{
	struct hearing *hearing = owner;
	hearing->status = head->status;
	hearing->body.len = 0;
	if (head->header != NULL) {
		hearing->challenge = kept_header(hearing, head, "www-authenticate");
		hearing->kind = kept_header(hearing, head, "content-type");
	}
}

static void
on_bytes(void *owner, struct kp_slice bytes)
{
	struct hearing *hearing = owner;
	size_t room = BODY_BYTES_MAX - hearing->body.len;
	bytes.len = bytes.len < room ? bytes.len : room;
	kp_buffer_add_slice(&hearing->body, bytes);
}

/* Access. */

/* When does a token that is a JWT (RFC 7519) end? 0: it does not say. */
static int64_t
token_end(struct kp_slice token)
{
	unsigned char text[TOKEN_BYTES_MAX];
	size_t len = 0;
	(void)kp_slice_cut(&token, '.');
	struct kp_slice payload = kp_slice_cut(&token, '.');
	if (token.data == NULL || !kp_base64url_read(payload, text, sizeof(text), &len)) {
		return 0;
	}
	json_t *claims = json_loadb((const char *)text, len, 0, NULL);
	int64_t end = (int64_t)json_integer_value(json_object_get(claims, "exp"));
	json_decref(claims);
	return end;
}

static bool
asks_for(struct kp_slice challenge, const char *scheme)
{
	return challenge.len >= strlen(scheme) &&
		strncasecmp(challenge.data, scheme, strlen(scheme)) == 0;
}

static void
judge_refused(struct kp_doctor *doctor, struct kp_slice challenge)
{
	const struct kp_manifest_credentials *access = &doctor->manifest->access;
	int64_t end = token_end(doctor->source->private->access.secret);
	bool other = (asks_for(challenge, "Bearer") && access->kind != KP_ACCESS_BEARER &&
			     access->kind != KP_ACCESS_OAUTH2 &&
			     access->kind != KP_ACCESS_ZGW) ||
		(asks_for(challenge, "Basic") && access->kind != KP_ACCESS_BASIC);
	if (end > 0 && end <= doctor->now_s) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"get a new token from the partner's issuer",
			"the partner does not let us in (401): the token in secret "
			"'%.*s' "
			"expired on %s",
			KP_SLICE_ARG(access->secret), kp_doctor_day(doctor, end));
	} else if (other) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"change 'access.kind' to what it asks for, with a secret of that "
			"kind",
			"the partner does not let us in (401): it asks for '%.*s' and is "
			"shown %s",
			KP_SLICE_ARG(challenge), kp_connector_access_word(access->kind));
	} else if (access->kind == KP_ACCESS_OAUTH2) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"compare 'access.token.scope', '.resource' and '.audience' with "
			"what the partner expects, and the certificate a token is bound "
			"to",
			"the partner does not take the token that its issuer gave us "
			"(401)%s%.*s",
			challenge.len > 0 ? ": " : "", KP_SLICE_ARG(challenge));
	} else if (access->kind == KP_ACCESS_NONE) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"ask the partner for a key or token and describe it in 'access'",
			"the partner wants to know who asks (401), and the manifest "
			"shows no secret");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"compare the secret with what the partner gave out, and ask "
			"whether it was withdrawn or is for another environment",
			"the partner does not know the secret '%.*s' (401)%s%.*s",
			KP_SLICE_ARG(access->secret), challenge.len > 0 ? ": " : "",
			KP_SLICE_ARG(challenge));
	}
}

/* A status that no manifest maps, and what it usually means. */
static const struct meaning {
	uint32_t status;
	const char *text;
	const char *remedy;
} meanings[] = {
	{403, "the partner knows who asks and does not allow it (403)",
		"ask the partner which scope, purpose or OIN it expects of us, and "
		"whether "
		"its side grants it already"},
	{404, "there is nothing at this address (404)",
		"compare 'endpoint' and 'request.target' with the partner's description; "
		"when 404 is its word for nobody, map it in 'response.status'"},
	{405, "the partner does not take this method here (405)",
		"compare 'request.method' with the partner's description"},
	{406, "the partner cannot give the kind of answer asked for (406)",
		"look at the header 'Accept' in 'request.headers'"},
	{415, "the partner does not take this kind of body (415)",
		"look at the header 'Content-Type' in 'request.headers'"},
	{400, "the partner finds the question wrong (400)",
		"compare 'request.body' and 'request.headers' with its description"},
	{422, "the partner finds the question wrong (422)",
		"compare 'request.body' and 'request.headers' with its description"},
	{429, "we ask more often than the partner allows (429)",
		"lower 'limits.rate_per_second' to what was agreed"},
};

bool
kp_doctor_judge_status(
	struct kp_doctor *doctor, uint32_t status, struct kp_slice challenge)
{
	if (status == 401 || status == 407) {
		judge_refused(doctor, challenge);
		return true;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(meanings); i++) {
		if (meanings[i].status == status) {
			kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
				meanings[i].remedy, "%s", meanings[i].text);
			return true;
		}
	}
	if (status >= 500) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer",
			"ask the partner to look in its log at this time",
			"the partner has a fault of its own (%u)", (unsigned)status);
	} else if (status >= 300 && status < 400) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer",
			"name the address it is sent to in 'endpoint'; the gateway "
			"follows no redirect",
			"the question is sent on to elsewhere (%u)", (unsigned)status);
	}
	return status >= 300;
}

/* The partner's own words. */

/* The text of the first of an element's spellings; prefixes differ. */
static struct kp_slice
element_text(struct kp_slice xml, const char *name)
{
	struct kp_slice rest = xml;
	size_t len = strlen(name);
	const char *at;
	while (rest.len > 0 && (at = memmem(rest.data, rest.len, name, len)) != NULL) {
		rest.len -= (size_t)(at + len - rest.data);
		rest.data = at + len;
		bool opens = at > xml.data && (at[-1] == '<' || at[-1] == ':') &&
			rest.len > 0 && (*rest.data == '>' || *rest.data == ' ');
		const char *close = opens ? memchr(rest.data, '>', rest.len) : NULL;
		if (close != NULL) {
			struct kp_slice text = {
				close + 1, rest.len - (size_t)(close + 1 - rest.data)};
			const char *end =
				text.len == 0 ? NULL : memchr(text.data, '<', text.len);
			if (end != NULL && end > text.data) {
				return (struct kp_slice){
					text.data, (size_t)(end - text.data)};
			}
		}
	}
	return (struct kp_slice){0};
}

static const char *
problem_text(struct kp_doctor *doctor, struct kp_slice body)
{
	json_t *problem = json_loadb(body.data, body.len, 0, NULL);
	static const char *const names[] = {
		"detail", "title", "error_description", "message", "error"};
	const char *text = NULL;
	for (size_t i = 0; i < KP_ARRAY_LEN(names) && text == NULL; i++) {
		text = json_string_value(json_object_get(problem, names[i]));
	}
	text = text == NULL ? "" : kp_doctor_text(doctor, "%.300s", text);
	json_decref(problem);
	return text;
}

/* A fault in SOAP (SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4) about the signature? */
static bool
is_about_security(const char *text)
{
	static const char *const words[] = {"FailedAuthentication", "FailedCheck",
		"InvalidSecurity", "MessageExpired", "SecurityTokenUnavailable",
		"InvalidSecurityToken", "UnsupportedSecurityToken"};
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (strstr(text, words[i]) != NULL) {
			return true;
		}
	}
	return false;
}

static void
say_words(struct hearing *hearing)
{
	struct kp_doctor *doctor = hearing->doctor;
	struct kp_slice body = kp_buffer_slice(&hearing->body);
	struct kp_slice code = element_text(body, "faultcode");
	struct kp_slice reason = element_text(body, "faultstring");
	if (code.len == 0) {
		code = element_text(body, "Value");
		reason = element_text(body, "Text");
	}
	bool soap = kp_slice_is(doctor->manifest->connector, "soap");
	const char *words = soap && code.len > 0
		? kp_doctor_text(doctor, "%.*s: %.*s",
			  (int)(code.len > 80 ? 80 : code.len), code.data,
			  (int)(reason.len > 300 ? 300 : reason.len),
			  reason.data == NULL ? "" : reason.data)
		: problem_text(doctor, body);
	if (words[0] != '\0' && soap && is_about_security(words)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "soap.signature",
			"compare the certificate in 'soap.sign' with the one the partner "
			"has of us, and both clocks (above)",
			"the partner does not accept the signature of the message: %s",
			words);
	} else if (words[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL,
			soap ? "soap.fault" : "answer.words",
			"the words are the partner's; its description says what they "
			"mean",
			"the partner says: %s", words);
	}
}

/* The answer from outside, for who has to find out what came. */
static const char *
answer_text(struct hearing *hearing)
{
	return hearing->status == 0 || hearing->kind.data == NULL
		? ""
		: kp_doctor_text(hearing->doctor, " (status %u, %.*s, %zu%s bytes read)",
			  (unsigned)hearing->status, KP_SLICE_ARG(hearing->kind),
			  hearing->body.len,
			  hearing->body.len == BODY_BYTES_MAX ? " or more" : "");
}

/* The whole. */

static struct kp_text
text_of(const char *text)
{
	return (struct kp_text){text, strlen(text)};
}

static void
judge_outcome(struct hearing *hearing, const struct kp_connector_ask *ask,
	struct kp_doctor_shape *shape)
{
	struct kp_doctor *doctor = hearing->doctor;
	if (ask->outcome == KP_FOUND) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "answer", NULL,
			"the partner knows the test client; it took %u ms of %u",
			(unsigned)(ask->duration_us / 1000),
			(unsigned)doctor->source->timeout_ms);
		kp_doctor_judge_shape(shape);
		return;
	}
	if (ask->outcome == KP_NOTHING_FOUND || ask->outcome == KP_NOT_APPLICABLE) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "answer",
			"choose a test client the partner knows",
			"the partner answers, and has nothing about this test client "
			"(%.*s); so the shape of an answer was not seen",
			KP_SLICE_ARG(kp_outcome_name(ask->outcome)));
		return;
	}
	if (hearing->status == 0 && doctor->manifest->access.kind == KP_ACCESS_OAUTH2 &&
		strstr(ask->fault.message, "token") != NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "access",
			"compare 'access.token' with what the issuer knows of us: "
			"client_id, authentication, its secret or key, and scope",
			"there is no token, so the partner was not asked: %s",
			ask->fault.message);
		return;
	}
	if (strcmp(ask->fault.place, "soap/verify") == 0) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "soap.signature",
			"the partner has to sign body and timestamp, and "
			"'soap.verify.anchor_file' to hold every issuer that does not "
			"come along",
			"%s", ask->fault.message);
		return;
	}
	bool explained = hearing->status != 0 &&
		kp_doctor_judge_status(doctor, hearing->status, hearing->challenge);
	say_words(hearing);
	if (!explained || ask->fault.message[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer",
			ask->outcome == KP_NOT_ASKED
				? "add a row to that table, or ask for another --doel"
				: "'ketenpoort connector try' shows the question, and "
				  "what was read of the answer",
			"%.*s: %.*s%s%s%s%s%s",
			KP_SLICE_ARG(kp_outcome_name(ask->outcome)),
			KP_SLICE_ARG(ask->reason),
			ask->fault.message[0] == '\0' ? "" : "; ", ask->fault.place,
			ask->fault.place[0] == '\0' ? "" : ": ", ask->fault.message,
			answer_text(hearing));
	}
}

void
kp_doctor_question(struct kp_doctor *doctor)
{
	struct hearing hearing = {.doctor = doctor};
	struct kp_doctor_shape shape;
	char now[32] = "";
	struct tm parts;
	time_t seconds = (time_t)doctor->now_s;
	if (gmtime_r(&seconds, &parts) != NULL) {
		(void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &parts);
	}
	kp_buffer_init(&hearing.body, &doctor->load.arena, BODY_BYTES_MAX + 1);
	if (!kp_doctor_shape_init(&shape, doctor)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer",
			"free memory on this machine and run it again",
			"not looked at, since memory ran out");
		return;
	}
	struct kp_sink sink = kp_doctor_shape_sink(&shape);
	struct kp_need need = {
		.size = sizeof(need),
		.bsn = {doctor->load.bsn, strlen(doctor->load.bsn)},
		.purpose = text_of(doctor->purpose),
		.case_id = text_of(doctor->case_id),
		.employee = text_of(doctor->employee),
		.organisation = text_of(doctor->organisation),
		.activity_uri = text_of(doctor->activity),
		.trace_id = {"0af7651916cd43dd8448eb211c80319c", 32},
		.now = {now, strlen(now)},
		.cells = doctor->source->offers,
		.cell_words = doctor->load.cells->cell_words,
	};
	struct kp_connector_known known;
	if (!kp_connector_read_known(&doctor->load, doctor->known_file, &known)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "answer", "mend that file",
			"not asked, since what earlier sources found cannot be read");
		return;
	}
	kp_connector_offer_known(&known, &need);
	struct kp_connector_ask ask = {.source = doctor->source,
		.need = &need,
		.sink = &sink,
		.arena = &doctor->load.arena,
		.on_head = on_head,
		.on_bytes = on_bytes,
		.owner = &hearing};
	kp_connector_ask_live(&ask);
	judge_outcome(&hearing, &ask, &shape);
}

void
kp_doctor_program(struct kp_doctor *doctor, bool answered)
{
	const struct kp_manifest_program *program = &doctor->manifest->program;
	uint64_t starts = kp_source_program_starts(doctor->source);
	if (program->command_count == 0) {
		return;
	}
	if (starts == 1 && answered) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "program", NULL,
			"'%.*s' was started once and still runs, confined: %llu MiB, %u "
			"files, %s network, nothing readable but its folder and the "
			"system's programs",
			KP_SLICE_ARG(program->command[0]),
			(unsigned long long)(program->memory_bytes >> 20),
			(unsigned)program->files, program->network ? "the" : "no");
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "program",
			"look at what it wrote (above): a library it may not read, a "
			"crash, or a return before it serves descriptor 3",
			"'%.*s' was started %llu times for one question, and gave no "
			"good "
			"answer",
			KP_SLICE_ARG(program->command[0]), (unsigned long long)starts);
	}
}
