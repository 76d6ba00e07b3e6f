/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_net: from the name in the endpoint to the first answer: look-up, each
 * address, TLS, HTTP and the partner's clock. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "commands/connector_doctor.h"
#include "http/http_answer.h"
#include "http/http_date.h"
#include "source/source_token.h"

#define HOST_BYTES 256
#define HEADERS_MAX 100
/* Beyond this nobody's clock is right; messages that are signed bear less. */
#define SKEW_WARN_S 60
#define SKEW_FAIL_S 300

struct endpoint {
	char host[HOST_BYTES]; /* without brackets */
	uint16_t port;
	struct kp_slice path;
	bool tls;
	bool postgres;
};

/* "scheme://host:port/path"; an IPv6 address in brackets. */
static bool
read_endpoint(struct kp_slice text, struct endpoint *ret)
{
	static const struct {
		struct kp_slice scheme;
		uint16_t port;
		bool tls;
		bool postgres;
	} rows[] = {
		{KP_SLICE_INIT("https://"), 443, true, false},
		{KP_SLICE_INIT("http://"), 80, false, false},
		{KP_SLICE_INIT("postgresql://"), 5432, false, true},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		if (!kp_slice_starts(text, rows[i].scheme)) {
			continue;
		}
		char rest[1024];
		size_t at = rows[i].scheme.len;
		*ret = (struct endpoint){.port = rows[i].port,
			.tls = rows[i].tls,
			.postgres = rows[i].postgres};
		if (text.len - at >= sizeof(rest)) {
			return false;
		}
		memcpy(rest, text.data + at, text.len - at);
		rest[text.len - at] = '\0';
		size_t len = strcspn(rest, "/");
		ret->path = (struct kp_slice){text.data + at + len, text.len - at - len};
		rest[len] = '\0';
		char *host = rest;
		char *end = host[0] == '[' ? strchr(host, ']') : NULL;
		char *colon = strrchr(end == NULL ? host : end, ':');
		if (colon != NULL) {
			unsigned long port = strtoul(colon + 1, NULL, 10);
			ret->port = port > UINT16_MAX ? 0 : (uint16_t)port;
			*colon = '\0';
		}
		if (end != NULL) {
			host++;
			*end = '\0';
		}
		if (host[0] == '\0' || strlen(host) >= HOST_BYTES || ret->port == 0) {
			return false;
		}
		memcpy(ret->host, host, strlen(host) + 1);
		return true;
	}
	return false;
}

/* HTTP. */

/* How far clocks may part before signed messages are refused. */
static int64_t
skew_max(const struct kp_doctor *doctor)
{
	const struct kp_manifest_soap *soap = &doctor->manifest->soap;
	if (soap->sign && soap->sign_valid_s < SKEW_FAIL_S) {
		return soap->sign_valid_s;
	}
	return SKEW_FAIL_S;
}

static void
judge_clock(struct kp_doctor *doctor, struct kp_slice date)
{
	const struct kp_manifest_soap *soap = &doctor->manifest->soap;
	int64_t theirs = 0;
	if (date.len == 0 || !kp_http_date_parse(date, &theirs)) {
		kp_doctor_say(doctor,
			soap->sign || soap->verify ? KP_DOCTOR_WARN : KP_DOCTOR_OK,
			"clock", NULL,
			"the partner does not say what time it has (no Date header)");
		return;
	}
	int64_t skew = theirs - (int64_t)time(NULL);
	int64_t apart = skew < 0 ? -skew : skew;
	const char *way = skew < 0 ? "behind" : "ahead of";
	if (apart <= SKEW_WARN_S && apart < skew_max(doctor)) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "clock", NULL,
			"the partner's clock is within %d s of ours", SKEW_WARN_S);
		return;
	}
	bool fails = apart >= skew_max(doctor);
	kp_doctor_say(doctor, fails ? KP_DOCTOR_FAIL : KP_DOCTOR_WARN, "clock",
		"look at the time service of this machine (timedatectl); when that is "
		"right, tell the partner",
		"the partner's clock is %lld s %s ours%s", (long long)apart, way,
		soap->sign ? ", so it will find our signed messages out of date"
			: soap->verify ? ", so its signed messages are out of date here"
				       : ", so tokens and dates may be refused");
}

static struct kp_slice
header_of(const struct kp_http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (headers[i].name.len == strlen(name) &&
			strncasecmp(headers[i].name.data, name, strlen(name)) == 0) {
			return headers[i].value;
		}
	}
	return (struct kp_slice){0};
}

/* What became of our certificate in the handshake. */
enum shown { NOT_ASKED, ASKED_AND_SHOWN, ASKED_NOT_SHOWN };

static void
say_no_answer(struct kp_doctor *doctor, enum shown shown, const char *why)
{
	bool named = doctor->manifest->access.certificate_file.len > 0;
	if (shown == NOT_ASKED) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "http",
			"ask the partner what listens there; an https address needs "
			"https:// in 'endpoint'",
			"no answer over HTTP: %s", why);
	} else if (shown == ASKED_AND_SHOWN) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.client",
			"ask the partner whether it knows our certificate and trusts its "
			"issuers, and what its log says",
			"no answer over HTTP after our certificate was shown: %s", why);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.client",
			named ? "mend the manifest first (above)"
			      : "get a client certificate from the partner's authority "
				"and name it in 'access.certificate_file' and "
				"'access.key_file'",
			"no answer over HTTP without the client certificate that was "
			"asked for: %s",
			why);
	}
}

/* One HEAD without credentials and about nobody: any answer shows that HTTP is spoken.
 */
static bool
ask_head(struct kp_doctor *doctor, struct kp_probe *probe,
	const struct endpoint *endpoint, enum shown shown)
{
	char head[KP_PROBE_HEAD_BYTES_MAX];
	size_t len = 0;
	struct kp_error err = {0};
	bool bracket = strchr(endpoint->host, ':') != NULL;
	const char *request = kp_doctor_text(doctor,
		"HEAD %s%.*s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: "
		"ketenpoort-doctor\r\nConnection: close\r\n\r\n",
		endpoint->path.len == 0 ? "/" : "", KP_SLICE_ARG(endpoint->path),
		bracket ? "[" : "", endpoint->host, bracket ? "]" : "",
		(unsigned)endpoint->port);
	if (kp_probe_ask(probe, kp_slice_from(request), head, &len, &err) != KP_OK) {
		say_no_answer(doctor, shown, err.message);
		return false;
	}
	struct kp_http_answer answer = {.head_request = true};
	struct kp_http_header headers[HEADERS_MAX];
	const char *fault = "";
	if (kp_http_answer_read_head(&answer, (struct kp_slice){head, len}, headers,
		    HEADERS_MAX, &fault) != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "http",
			"send the partner this line; the gateway takes no such answers",
			"the answer is not good HTTP/1.1: %s", fault);
		return false;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "http", NULL,
		"it answers: status %u to HEAD without credentials", answer.status);
	if (answer.status >= 300 && answer.status < 400) {
		struct kp_slice to = header_of(headers, answer.header_count, "location");
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "http.redirect",
			"name the right address in 'endpoint'; the gateway follows no "
			"redirect",
			"it sends whoever comes on to '%.*s'", KP_SLICE_ARG(to));
	}
	judge_clock(doctor, header_of(headers, answer.header_count, "date"));
	return true;
}

/* TLS. */

/* What would the partner have spoken? */
static const char *
spoken_otherwise(struct kp_doctor *doctor, const struct endpoint *endpoint,
	const struct kp_probe_address *address)
{
	struct kp_probe *probe = NULL;
	struct kp_probe_tls tls;
	struct kp_error err = {0};
	const char *text = "it does not speak TLS at all, or wants a certificate first";
	if (kp_probe_open(address, endpoint->port, doctor->manifest->limits.connect_ms,
		    &probe, &err) != KP_OK) {
		return "";
	}
	if (!endpoint->postgres || kp_probe_postgres_tls(probe)) {
		kp_probe_shake(probe, NULL, endpoint->host, &tls);
		if (tls.done) {
			text = kp_doctor_text(doctor,
				"with fewer demands it speaks %s with %s and a key of %d "
				"bits; the gateway takes TLS 1.2 or 1.3 with forward "
				"secrecy and RSA from 2048 bits",
				tls.version, tls.suite, tls.chain[0].bits);
		}
	}
	kp_probe_close(&probe);
	return text;
}

static bool
shake(struct kp_doctor *doctor, struct kp_probe *probe, const struct endpoint *endpoint,
	const struct kp_probe_address *address, enum shown *ret_shown)
{
	struct kp_probe_tls tls;
	if (endpoint->postgres && !kp_probe_postgres_tls(probe)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls",
			"ask the partner to turn TLS on (ssl = on), or check the port",
			"%s does not offer TLS to PostgreSQL's clients", address->text);
		return false;
	}
	kp_probe_shake(probe, doctor->tls, endpoint->host, &tls);
	if (!tls.done) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls",
			"compare with the partner what both sides speak and show",
			"%s: no TLS connection: %s; %s", address->text, tls.fault,
			spoken_otherwise(doctor, endpoint, address));
	}
	kp_doctor_judge_tls(
		doctor, &tls, endpoint->host, address->text, endpoint->postgres);
	*ret_shown = !tls.certificate_asked ? NOT_ASKED
		: tls.certificate_shown     ? ASKED_AND_SHOWN
					    : ASKED_NOT_SHOWN;
	return tls.done;
}

/* Addresses. */

static bool
look_at(struct kp_doctor *doctor, const struct endpoint *endpoint,
	const struct kp_probe_address *address)
{
	struct kp_probe *probe = NULL;
	struct kp_error err = {0};
	unsigned fails = doctor->counts[KP_DOCTOR_FAIL];
	bool tls = endpoint->tls ||
		(endpoint->postgres && doctor->manifest->access.anchor_file.len > 0);
	if (kp_probe_open(address, endpoint->port, doctor->manifest->limits.connect_ms,
		    &probe, &err) != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tcp",
			err.status == KP_E_TIMEOUT
				? "ask your network people and the partner's whether a "
				  "firewall lets this machine through"
				: "check the port in 'endpoint', and whether the partner "
				  "is up",
			"%s port %u: %s", address->text, (unsigned)endpoint->port,
			err.message);
		return false;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "tcp", NULL, "%s port %u answers",
		address->text, (unsigned)endpoint->port);
	enum shown shown = NOT_ASKED;
	bool fine = !tls || shake(doctor, probe, endpoint, address, &shown);
	if (fine && !endpoint->postgres) {
		fine = ask_head(doctor, probe, endpoint, shown);
	}
	kp_probe_close(&probe);
	return fine && doctor->counts[KP_DOCTOR_FAIL] == fails;
}

static const char *
list_of(struct kp_doctor *doctor, const struct kp_probe_address *addresses, size_t count)
{
	const char *text = "";
	for (size_t i = 0; i < count; i++) {
		text = kp_doctor_text(
			doctor, "%s%s%s", text, i > 0 ? ", " : "", addresses[i].text);
	}
	return text;
}

/* True: at least one of its addresses is all right, or it has none to look at. */
static bool
look_up(struct kp_doctor *doctor, struct kp_slice url)
{
	struct endpoint endpoint;
	struct kp_probe_address addresses[KP_PROBE_ADDRESSES_MAX];
	size_t count = 0;
	size_t good = 0;
	struct kp_error err = {0};
	if (!read_endpoint(url, &endpoint)) {
		return true; /* a program, a file or ODBC */
	}
	if (kp_probe_resolve(endpoint.host, addresses, &count, &err) != KP_OK) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "dns",
			"check the name in 'endpoint', and whether this machine asks the "
			"right name server (resolvectl query NAME)",
			"'%s' has no address: %s", endpoint.host, err.message);
		return false;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "dns", NULL, "%s: %s", endpoint.host,
		list_of(doctor, addresses, count));
	for (size_t i = 0; i < count; i++) {
		good += look_at(doctor, &endpoint, &addresses[i]) ? 1 : 0;
	}
	return good > 0;
}

/* The issuer that gives us tokens for the partner (RFC 6749). */
static bool
look_at_issuer(struct kp_doctor *doctor)
{
	struct kp_tls_client *partners = doctor->tls;
	const struct kp_source_issuer *issuer =
		doctor->source == NULL ? NULL : doctor->source->private->issuer;
	if (doctor->manifest->access.kind != KP_ACCESS_OAUTH2 || issuer == NULL) {
		return true;
	}
	doctor->about = "token endpoint: ";
	doctor->tls = issuer->access.tls;
	bool fine = look_up(doctor, doctor->manifest->access.token.endpoint);
	doctor->tls = partners;
	doctor->about = NULL;
	return fine;
}

bool
kp_doctor_network(struct kp_doctor *doctor)
{
	bool partner = look_up(doctor, doctor->manifest->endpoint);
	return look_at_issuer(doctor) && partner;
}
