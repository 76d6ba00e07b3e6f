/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_tls: what a handshake showed, in words: each thing that can be wrong
 * with a certificate is a step of its own. */
#include <string.h>

#include "commands/connector_doctor.h"

#define DAY_S ((int64_t)86400)

static void
judge_trust(struct kp_doctor *doctor, const struct kp_probe_tls *tls)
{
	const struct kp_probe_certificate *own = &tls->chain[0];
	const struct kp_probe_certificate *last = &tls->chain[tls->chain_len - 1];
	if (doctor->tls == NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "tls.trust",
			"mend the manifest first (above)",
			"who issued the certificate could not be held against "
			"'access.anchor_file'; it says: %s",
			own->issuer);
	} else if (tls->anchored) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "tls.trust", NULL,
			"the certificate of '%s' leads to an anchor", own->subject);
	} else if (own->self_issued) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.trust",
			"ask the partner for a certificate of an authority both trust "
			"(PKIoverheid); for a test only, its own certificate can be the "
			"anchor_file",
			"the partner's certificate is signed by itself ('%s')",
			own->subject);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.trust",
			kp_doctor_text(doctor,
				"put the certificate of '%s' in 'access.anchor_file', "
				"if that is the authority agreed on; or let the partner "
				"send the issuers in between (it sends %zu "
				"certificates)",
				last->issuer, tls->chain_len),
			"the partner's certificate does not lead to an anchor of ours "
			"(%s); it is issued by '%s'",
			tls->trust_fault, own->issuer);
	}
	if (!tls->pinned) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.pin",
			"ask the partner whether it changed its key, and then put the "
			"new one in 'access.pin'",
			"the partner's key is another than 'access.pin' says");
	}
}

static void
judge_host(struct kp_doctor *doctor, const struct kp_probe_tls *tls, const char *host)
{
	const struct kp_probe_certificate *own = &tls->chain[0];
	if (tls->host_matches) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "tls.host", NULL,
			"the certificate is for %s", host);
		return;
	}
	kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.host",
		"put the name the certificate is for in 'endpoint', or ask the partner "
		"for a certificate with this name",
		"the certificate is not for '%s'; it names: %s", host,
		own->names[0] == '\0' ? own->subject : own->names);
}

static void
judge_dates(struct kp_doctor *doctor, const struct kp_probe_tls *tls)
{
	const struct kp_probe_certificate *first = &tls->chain[0];
	for (size_t i = 0; i < tls->chain_len; i++) {
		const struct kp_probe_certificate *one = &tls->chain[i];
		if (one->not_before_s > doctor->now_s) {
			kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.dates",
				"look at the clock of this machine, then ask the partner",
				"the certificate of '%s' is not valid before %s",
				one->subject, kp_doctor_day(doctor, one->not_before_s));
			return;
		}
		first = one->not_after_s < first->not_after_s ? one : first;
	}
	int64_t left = first->not_after_s - doctor->now_s;
	const char *day = kp_doctor_day(doctor, first->not_after_s);
	if (left <= 0) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.dates",
			"ask the partner to renew it; nothing on our side helps",
			"the certificate of '%s' expired on %s", first->subject, day);
	} else if (left < KP_DOCTOR_EXPIRY_WARN_DAYS * DAY_S) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "tls.dates",
			"ask the partner when it renews it",
			"the certificate of '%s' expires on %s, in %d days",
			first->subject, day, (int)(left / DAY_S));
	} else {
		kp_doctor_say(
			doctor, KP_DOCTOR_OK, "tls.dates", NULL, "valid until %s", day);
	}
}

static void
judge_purpose(struct kp_doctor *doctor, const struct kp_probe_tls *tls)
{
	if (!tls->chain[0].for_servers) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "tls.purpose",
			"ask the partner for a certificate with extended key usage "
			"serverAuth",
			"the partner serves with a certificate that is not meant for "
			"servers (%s)",
			tls->chain[0].for_clients ? "only for clients"
						  : "its key usage forbids it");
	}
}

/* Do both sides agree on who shows what? */
static void
judge_client(struct kp_doctor *doctor, const struct kp_probe_tls *tls)
{
	bool configured = doctor->manifest->access.certificate_file.len > 0;
	if (tls->certificate_asked && !configured) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "tls.client",
			"when the question is refused: get a client certificate and "
			"name it in 'access.certificate_file' and 'access.key_file'",
			"the partner asks for a client certificate, and the manifest "
			"names none");
	} else if (tls->certificate_asked && !tls->issuer_wanted) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "tls.client",
			"ask which authorities it takes, and whether ours is one",
			"the partner names the authorities whose certificates it takes, "
			"and the one of ours is not among them");
	} else if (tls->certificate_asked && tls->certificate_shown) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "tls.client", NULL,
			"the partner asked for our certificate and was shown it");
	} else if (configured && tls->done && !tls->certificate_asked) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "tls.client",
			"ask the partner whether this is the address for connections "
			"with a certificate",
			"the manifest has a client certificate, and the partner does "
			"not ask for it");
	}
}

void
kp_doctor_judge_tls(struct kp_doctor *doctor, const struct kp_probe_tls *tls,
	const char *host, const char *address, bool asks_anybody)
{
	if (tls->done) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "tls", NULL, "%s: %s, %s", address,
			tls->version, tls->suite);
	}
	if (tls->chain_len > 0) {
		judge_trust(doctor, tls);
		judge_host(doctor, tls, host);
		judge_dates(doctor, tls);
		judge_purpose(doctor, tls);
	}
	if (!asks_anybody || tls->certificate_shown) {
		judge_client(doctor, tls);
	}
}

/* A file of the manifest; NULL when it names none. */
static const char *
path_of(struct kp_doctor *doctor, struct kp_slice file)
{
	return file.len == 0 ? NULL
		: file.data[0] == '/'
		? kp_doctor_text(doctor, "%.*s", KP_SLICE_ARG(file))
		: kp_doctor_text(doctor, "%s/%.*s", kp_connector_folder(&doctor->load),
			  KP_SLICE_ARG(file));
}

void
kp_doctor_open_tls(struct kp_doctor *doctor)
{
	const struct kp_manifest_credentials *access = &doctor->manifest->access;
	struct kp_findings said_already;
	struct kp_tls_client_options options = {
		.certificate.path = path_of(doctor, access->certificate_file),
		.key.path = path_of(doctor, access->key_file),
		.anchors.path = path_of(doctor, access->anchor_file),
		.pin = access->pin};
	if (options.anchors.path == NULL) {
		return;
	}
	kp_findings_init(&said_already, 1);
	/* With a certificate of ours that is no good the rest can still be seen. */
	if (kp_tls_client_create(&options, &said_already, &doctor->tls) != KP_OK) {
		options.certificate.path = NULL;
		options.key.path = NULL;
		(void)!kp_tls_client_create(&options, &said_already, &doctor->tls);
	}
	kp_findings_deinit(&said_already);
}

static void
judge_own(struct kp_doctor *doctor, struct kp_slice file, const char *key, bool shown)
{
	static const char step[] = "certificate";
	struct kp_probe_certificate chain[KP_PROBE_CHAIN_MAX];
	size_t len = 0;
	if (file.len == 0) {
		return;
	}
	const char *path = path_of(doctor, file);
	if (!kp_probe_read_certificates(path, chain, &len) || len == 0) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, step,
			kp_doctor_text(doctor,
				"name a PEM file that this user may read in '%s'", key),
			"our own certificate '%s' does not read", path);
		return;
	}
	int64_t left = chain[0].not_after_s - doctor->now_s;
	const char *day = kp_doctor_day(doctor, chain[0].not_after_s);
	bool meant = chain[0].for_clients || !shown;
	if (!meant) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, step,
			"ask the authority for a certificate with extended key usage "
			"clientAuth",
			"our own certificate '%s' is not meant for clients, so partners "
			"refuse it",
			chain[0].subject);
	}
	if (left <= 0) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, step, "renew it",
			"our own certificate '%s' expired on %s", chain[0].subject, day);
	} else if (left < KP_DOCTOR_EXPIRY_WARN_DAYS * DAY_S) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, step, "renew it in time",
			"our own certificate '%s' expires on %s, in %d days",
			chain[0].subject, day, (int)(left / DAY_S));
	} else if (meant) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, step, NULL,
			"our own certificate '%s' is valid until %s", chain[0].subject,
			day);
	}
}

void
kp_doctor_own_certificate(struct kp_doctor *doctor)
{
	const struct kp_manifest *manifest = doctor->manifest;
	struct kp_slice shown = manifest->access.certificate_file;
	struct kp_slice signs = manifest->soap.sign_certificate_file;
	judge_own(doctor, shown, "access.certificate_file", true);
	/* One of a signature only need not be for clients. */
	if (!kp_slice_equal(shown, signs)) {
		judge_own(doctor, signs, "soap.sign.certificate_file", false);
	}
}
