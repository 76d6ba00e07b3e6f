/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_load: what the subcommands of `connector` share: manifests and the catalogue
 * become sources, a secret is found by its name, a test client's number is read. */
#ifndef KP_COMMANDS_CONNECTOR_LOAD_H
#define KP_COMMANDS_CONNECTOR_LOAD_H

#include <stdbool.h>

#include "commands/client_number.h"
#include "connectors/manifest.h"
#include "source/source.h"

#define KP_CONNECTOR_PLUGINS_MAX 64 /* as many as gateway.json may name */
#define KP_CONNECTOR_SECRETS_MAX 16
#define KP_CONNECTOR_FILE_BYTES_MAX ((size_t)16 << 20)
#define KP_CONNECTOR_ANSWER_BYTES_MAX ((size_t)64 << 20)

/* Lifetime: one run of a command. Faults are said on standard error. */
struct kp_connector_load {
	const char *catalogue;
	const char *plugins[KP_CONNECTOR_PLUGINS_MAX];
	size_t plugin_count;
	const char *secrets[KP_CONNECTOR_SECRETS_MAX]; /* "name=file" */
	size_t secret_count;
	bool any_secret; /* every secret is taken to be there */
	char **files;    /* manifests */
	size_t file_count;
	const char *folder; /* where relative file names start; NULL: the first one's */
	struct kp_config *config; /* where secrets are; NULL: in `secrets` */
	const char *bsn_file;     /* NULL or "-": typed without echo, or standard input */
	char bsn[KP_CLIENT_NUMBER_ROOM]; /* wiped at the end */

	char fault[512];                /* what was said last of a file, or empty */
	struct kp_slice missing_secret; /* no `secrets` name it */
	char sockets[64]; /* folder of the sockets of partners' own programs */
	struct kp_attendant *attendant;
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_catalogue *cells;
	struct kp_source_set *set;
};

/* Sets the arena up; what the caller has set stays. */
void kp_connector_load_init(struct kp_connector_load *load);
/* Ends what was started, and wipes. */
void kp_connector_load_deinit(struct kp_connector_load *load);

/* False when there are too many, or one is not "name=file". The texts are borrowed. */
bool kp_connector_add_plugin(struct kp_connector_load *load, const char *path);
bool kp_connector_add_secret(struct kp_connector_load *load, const char *name_and_file);

/* The text is in the arena. False after saying why. */
bool kp_connector_read_file(struct kp_connector_load *load, const char *path,
	size_t bytes_max, struct kp_slice *ret_text);
/* The manifest of one source, the catalogue and the secrets of a configuration. */
bool kp_connector_use_config(
	struct kp_connector_load *load, const char *config, const char *source);
/* The findings say what is wrong. */
bool kp_connector_load_catalogue(struct kp_connector_load *load);
bool kp_connector_load_sources(struct kp_connector_load *load);
/* Where relative names of files in manifests start. */
const char *kp_connector_folder(struct kp_connector_load *load);
void kp_connector_print_findings(const struct kp_connector_load *load);
/* See client_number.h. */
bool kp_connector_read_bsn(struct kp_connector_load *load);
/* A partner's own program can be started while this is true. */
bool kp_connector_start_programs(struct kp_connector_load *load);

#endif
