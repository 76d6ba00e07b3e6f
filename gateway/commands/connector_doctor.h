/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor: what the files connector_doctor*.c share. `connector doctor` looks at
 * one live partner from the outside in and says, step by step, what is wrong, what that
 * means and what to do. */
#ifndef KP_COMMANDS_CONNECTOR_DOCTOR_H
#define KP_COMMANDS_CONNECTOR_DOCTOR_H

#include "commands/connector_load.h"
#include "core/buffer.h"
#include "core/json_write.h"
#include "io/probe.h"

#define KP_DOCTOR_EXPIRY_WARN_DAYS 30

enum kp_doctor_level {
	KP_DOCTOR_OK,
	KP_DOCTOR_WARN,
	KP_DOCTOR_FAIL,
};

/* Lifetime: one run. */
struct kp_doctor {
	struct kp_connector_load load;
	const struct kp_manifest *manifest;
	const struct kp_source *source; /* NULL: the manifest does not load */
	struct kp_tls_client *tls;      /* owned; what we show and believe; may be NULL */
	const char *about; /* before each text: what is looked at beside the partner */
	bool json;
	bool ask; /* a test client was named; and what the question carries: */
	const char *known_file;
	const char *purpose;
	const char *case_id;
	const char *employee;
	const char *organisation;
	const char *activity;
	int64_t now_s;
	unsigned counts[3]; /* of each level */
	bool cut;           /* memory ran out: something was seen and cannot be told */
	struct kp_buffer steps;
	struct kp_json_writer writer; /* into steps, with --json */
};

/* Says one step. `remedy`: what to do, or NULL. In neither is client data. */
void kp_doctor_say(struct kp_doctor *doctor, enum kp_doctor_level level, const char *step,
	const char *remedy, const char *format, ...) KP_PRINTF(5, 6);
/* A text in the run's arena; never NULL. */
const char *kp_doctor_text(struct kp_doctor *doctor, const char *format, ...)
	KP_PRINTF(2, 3);
/* "2027-01-31". */
const char *kp_doctor_day(struct kp_doctor *doctor, int64_t time_s);
/* Ends the report; the exit status. */
int kp_doctor_end(struct kp_doctor *doctor);

/* Names, addresses, TLS, HTTP and clocks. True: what comes after it makes sense. */
bool kp_doctor_network(struct kp_doctor *doctor);
/* Everything that one handshake showed. `asks_anybody`: that a certificate is asked for
 * says nothing, as of a PostgreSQL. */
void kp_doctor_judge_tls(struct kp_doctor *doctor, const struct kp_probe_tls *tls,
	const char *host, const char *address, bool asks_anybody);
/* Reads what TLS needs, as far as it is good. */
void kp_doctor_open_tls(struct kp_doctor *doctor);
/* Our own certificate. */
void kp_doctor_own_certificate(struct kp_doctor *doctor);
/* A database: login, rights, statements, columns. False: something is wrong there. */
bool kp_doctor_database(struct kp_doctor *doctor);
/* An export: there, readable, whole, of the agreed age. */
bool kp_doctor_export(struct kp_doctor *doctor);
/* Code tables that are fetched. */
void kp_doctor_tables(struct kp_doctor *doctor);
/* A partner's own program: was it started, and what may it do? After the question. */
void kp_doctor_program(struct kp_doctor *doctor, bool answered);
/* The question: access, and the shape of the answer. */
void kp_doctor_question(struct kp_doctor *doctor);
/* What a refusal means: an HTTP status, with its WWW-Authenticate. False: it is none. */
bool kp_doctor_judge_status(
	struct kp_doctor *doctor, uint32_t status, struct kp_slice challenge);

/* What came of the answer, held against what was agreed. */
struct kp_doctor_shape {
	struct kp_doctor *doctor;
	uint64_t *seen; /* cells that had a value */
	struct kp_slice *unmapped;
	size_t unmapped_count;
	struct kp_slice *told; /* notes of the answer */
	size_t told_count;
	struct kp_fault doubt; /* of the manifest; no message: none */
	uint32_t items;
};

/* A sink that keeps what a shape needs, and no value. False without memory. */
bool kp_doctor_shape_init(struct kp_doctor_shape *shape, struct kp_doctor *doctor);
struct kp_sink kp_doctor_shape_sink(struct kp_doctor_shape *shape);
/* When the partner found the test client. */
void kp_doctor_judge_shape(struct kp_doctor_shape *shape);

#endif
