/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * certificate_subject: which organisation a certificate names. Reads the DER of a Subject
 * (X.501 Name, RFC 5280 section 4.1.2.6) that whoever wants to get in may have written,
 * so it takes one way of writing only: definite and shortest lengths, no attribute that
 * says who it is twice, text that is text. Pure; any thread.
 */
#ifndef KP_CRYPTO_CERTIFICATE_SUBJECT_H
#define KP_CRYPTO_CERTIFICATE_SUBJECT_H

#include "core/attr.h"
#include "core/error.h"
#include "core/oin.h"
#include "core/slice.h"

#define KP_SUBJECT_BYTES_MAX ((size_t)4096)
#define KP_SUBJECT_TEXT_BYTES_MAX ((size_t)256)

/* Slices of the DER. */
struct kp_certificate_subject {
	/* serialNumber (2.5.4.5) when it is an OIN: 20 digits (OIN-stelsel; PKIoverheid
	 * programme of requirements). Empty when there is none, or one of another form.
	 */
	struct kp_slice oin;
	struct kp_slice organisation; /* organizationName (2.5.4.10), UTF-8; may be empty
				       */
	struct kp_slice common_name;  /* commonName (2.5.4.3); may be empty */
};

/* KP_E_INVALID for anything that could be read in two ways; nothing is set then. */
enum kp_status kp_certificate_subject_parse(
	struct kp_slice der, struct kp_certificate_subject *ret_subject) KP_MUST_USE;

#endif
