/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_load: see connector_load.h. */
#include "commands/connector_load.h"

#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "core/heap.h"
#include "io/file.h"

#define FINDINGS_MAX 200

void
kp_connector_load_init(struct kp_connector_load *load)
{
	kp_arena_init(&load->arena, KP_CONNECTOR_ANSWER_BYTES_MAX * 2, NULL);
	kp_findings_init(&load->findings, FINDINGS_MAX);
}

void
kp_connector_load_deinit(struct kp_connector_load *load)
{
	kp_source_set_destroy(&load->set);
	kp_attendant_stop(&load->attendant);
	if (load->sockets[0] != '\0') {
		(void)rmdir(load->sockets);
	}
	kp_config_unref(&load->config);
	kp_findings_deinit(&load->findings);
	kp_arena_deinit(&load->arena);
	kp_wipe(load->bsn, sizeof(load->bsn));
}

bool
kp_connector_add_plugin(struct kp_connector_load *load, const char *path)
{
	if (load->plugin_count == KP_CONNECTOR_PLUGINS_MAX) {
		return false;
	}
	load->plugins[load->plugin_count++] = path;
	return true;
}

bool
kp_connector_add_secret(struct kp_connector_load *load, const char *name_and_file)
{
	if (load->secret_count == KP_CONNECTOR_SECRETS_MAX ||
		strchr(name_and_file, '=') == NULL) {
		return false;
	}
	load->secrets[load->secret_count++] = name_and_file;
	return true;
}

/* Files. */

KP_PRINTF(2, 3)
static void
say(struct kp_connector_load *load, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(load->fault, sizeof(load->fault), format, args);
	va_end(args);
	fprintf(stderr, "ketenpoort connector: %s\n", load->fault);
}

bool
kp_connector_read_file(struct kp_connector_load *load, const char *path, size_t bytes_max,
	struct kp_slice *ret_text)
{
	struct kp_error err;
	char text[512];
	if (kp_file_read_all(path, &load->arena, bytes_max, ret_text, &err) == KP_OK) {
		return true;
	}
	say(load, "'%s': %s", path, kp_error_text(&err, text, sizeof(text)));
	return false;
}

static struct kp_slice
first_line(struct kp_slice text)
{
	struct kp_slice line = kp_slice_cut(&text, '\n');
	while (line.len > 0 &&
		(line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' ')) {
		line.len--;
	}
	return line;
}

static struct kp_slice
find_secret(void *context, struct kp_slice name)
{
	struct kp_connector_load *load = context;
	struct kp_slice text;
	if (load->any_secret) {
		/* Reads as user:password too. */
		return KP_SLICE("not:looked-at");
	}
	for (size_t i = 0; i < load->secret_count; i++) {
		const char *equals = strchr(load->secrets[i], '=');
		struct kp_slice own = {
			load->secrets[i], (size_t)(equals - load->secrets[i])};
		if (kp_slice_equal(own, name) &&
			kp_connector_read_file(load, equals + 1, 65536, &text)) {
			return first_line(text);
		}
	}
	load->missing_secret = kp_arena_copy(&load->arena, name);
	return (struct kp_slice){0};
}

void
kp_connector_print_findings(const struct kp_connector_load *load)
{
	char text[1024];
	for (size_t i = 0; i < load->findings.count; i++) {
		fprintf(stderr, "%s\n",
			kp_error_text(&load->findings.items[i], text, sizeof(text)));
	}
	if (load->findings.dropped > 0) {
		fprintf(stderr, "and %zu more\n", load->findings.dropped);
	}
	if (load->missing_secret.len > 0) {
		fprintf(stderr, "name the secret with --secret %.*s=FILE\n",
			KP_SLICE_ARG(load->missing_secret));
	}
}

bool
kp_connector_load_catalogue(struct kp_connector_load *load)
{
	struct kp_slice text;
	if (!kp_connector_read_file(
		    load, load->catalogue, KP_CONNECTOR_FILE_BYTES_MAX, &text)) {
		fprintf(stderr, "name the catalogue with --catalogue FILE\n");
		return false;
	}
	return kp_catalogue_load(&load->arena, load->catalogue, text, &load->findings,
		       &load->cells) == KP_OK;
}

const char *
kp_connector_folder(struct kp_connector_load *load)
{
	char *copy = load->folder != NULL ? NULL
					  : kp_arena_strdup(&load->arena, load->files[0]);
	return load->folder != NULL ? load->folder : copy == NULL ? "." : dirname(copy);
}

/* Is it the manifest of that source? */
static bool
describes(struct kp_connector_load *load, struct kp_slice text, const char *source)
{
	struct kp_findings ignored;
	struct kp_manifest *manifest = NULL;
	kp_findings_init(&ignored, 1);
	enum kp_status status =
		kp_manifest_read(&load->arena, "", text, &ignored, &manifest);
	kp_findings_deinit(&ignored);
	return (status == KP_OK || status == KP_E_CONFIG) && manifest != NULL &&
		kp_slice_is(manifest->source, source);
}

/* Which sources there are, when the one that was named is not. */
static void
say_sources(struct kp_connector_load *load, const struct kp_config_file *files,
	size_t count, const char *source)
{
	struct kp_findings ignored;
	const char *names = "";
	kp_findings_init(&ignored, 1);
	for (size_t i = 0; i < count && names != NULL; i++) {
		struct kp_manifest *manifest = NULL;
		(void)!kp_manifest_read(
			&load->arena, "", files[i].text, &ignored, &manifest);
		if (manifest != NULL && manifest->source.len > 0) {
			names = kp_arena_printf(&load->arena, "%s%s'%.*s'", names,
				names[0] == '\0' ? "" : ", ",
				KP_SLICE_ARG(manifest->source));
		}
	}
	kp_findings_deinit(&ignored);
	say(load, "no manifest in '%s' is of source '%s'; there are %s",
		load->config->sources_folder, source,
		names == NULL || names[0] == '\0' ? "none" : names);
}

bool
kp_connector_use_config(
	struct kp_connector_load *load, const char *config, const char *source)
{
	struct kp_config_file *files = NULL;
	size_t count = 0;
	if (kp_config_load(config, &load->findings, &load->config) != KP_OK ||
		kp_config_read_secrets(load->config, &load->findings) != KP_OK ||
		kp_config_read_manifests(load->config, &load->arena, &load->findings,
			&files, &count) != KP_OK) {
		return false;
	}
	load->folder = load->config->folder;
	load->catalogue = kp_arena_printf(
		&load->arena, "%s/catalogus.json", load->config->policies_folder);
	load->files = KP_ARENA_ARRAY(&load->arena, char *, 2);
	for (size_t i = 0; i < count && load->file_count == 0 && load->files != NULL;
		i++) {
		if (describes(load, files[i].text, source)) {
			load->files[load->file_count++] = kp_arena_printf(&load->arena,
				"%s/%s", load->config->sources_folder, files[i].name);
		}
	}
	if (load->file_count == 0) {
		say_sources(load, files, count, source);
	}
	bool room = true;
	for (size_t i = 0; room && i < load->config->plugin_count; i++) {
		room = kp_connector_add_plugin(load, load->config->plugins[i]);
	}
	if (!room) {
		say(load,
			"with the plugins of '%s' there are more than %d connectors to "
			"load",
			config, KP_CONNECTOR_PLUGINS_MAX);
	}
	return room && load->file_count > 0;
}

/* Opens every manifest; what is wrong is in the findings. */
bool
kp_connector_load_sources(struct kp_connector_load *load)
{
	struct kp_manifest_file *files = KP_ARENA_ARRAY(
		&load->arena, struct kp_manifest_file, load->file_count + 1);
	bool fine = files != NULL && kp_connector_load_catalogue(load);
	for (size_t i = 0; fine && i < load->file_count; i++) {
		files[i].name = load->files[i];
		fine = kp_connector_read_file(
			load, load->files[i], KP_MANIFEST_BYTES_MAX, &files[i].text);
	}
	const char *const *private_paths = NULL;
	if (fine && load->config != NULL) {
		fine = kp_config_private_paths(
			       load->config, &load->arena, &private_paths) == KP_OK;
	}
	if (!fine) {
		return false;
	}
	struct kp_source_set_options options = {
		.catalogue = load->cells,
		.files = files,
		.file_count = load->file_count,
		.folder = kp_connector_folder(load),
		.private_paths = private_paths,
		.secret = load->config == NULL ? find_secret : kp_config_secret,
		.secret_context =
			load->config == NULL ? (void *)load : (void *)load->config,
		.plugins = load->plugins,
		.plugin_count = load->plugin_count,
		/* Without one of our own they are only checked. */
		.socket_folder = load->sockets[0] == '\0' ? "." : load->sockets,
		.attendant = load->attendant,
		.bsn_in_url = load->config == NULL || load->config->sources_bsn_in_url,
		.show_errors = true,
	};
	return kp_source_set_create(&options, &load->findings, &load->set) == KP_OK;
}

bool
kp_connector_read_bsn(struct kp_connector_load *load)
{
	return kp_client_number_read("ketenpoort connector", load->bsn_file, load->bsn);
}

bool
kp_connector_start_programs(struct kp_connector_load *load)
{
	static const char pattern[] = "/tmp/ketenpoort-try-XXXXXX";
	struct kp_error err;
	char text[512];
	memcpy(load->sockets, pattern, sizeof(pattern));
	if (mkdtemp(load->sockets) == NULL) {
		load->sockets[0] = '\0';
		perror("ketenpoort connector: /tmp");
		return false;
	}
	if (kp_attendant_start(&load->attendant, &err) != KP_OK) {
		fprintf(stderr, "ketenpoort connector: %s\n",
			kp_error_text(&err, text, sizeof(text)));
		return false;
	}
	return true;
}
