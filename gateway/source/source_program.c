/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_program: a source whose partner is a program on this machine. The gateway's
 * attendant starts it, keeps it going and confines it (io/attendant.h); it is asked over
 * HTTP on its socket, with the same manifest and the same suspicion as any partner. A
 * crash, a leak or an endless loop in it costs its own section.
 *
 * The program belongs to the set of sources: a reload starts the new one beside the old
 * one, which ends when the last question of its snapshot is answered.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "source/source_private.h"

#define SOCKET_RANDOM_BYTES 6u

struct kp_source_program {
	const char *const *command;
	const char *folder;
	const char *socket;
	struct kp_attendant *attendant;
	unsigned number;
	bool open;
};

static const char *
name_socket(struct kp_source_opening *opening)
{
	unsigned char random[SOCKET_RANDOM_BYTES];
	if (kp_random_bytes(random, sizeof(random)) != KP_OK) {
		return NULL;
	}
	return kp_arena_printf(&opening->set->arena, "%s/%.*s-%02x%02x%02x%02x%02x%02x",
		opening->options->socket_folder,
		KP_SLICE_ARG(opening->private->manifest->source), random[0], random[1],
		random[2], random[3], random[4], random[5]);
}

static const char *const *
copy_command(struct kp_source_opening *opening)
{
	const struct kp_manifest_program *program = &opening->private->manifest->program;
	struct kp_arena *arena = &opening->set->arena;
	const char **command =
		KP_ARENA_ARRAY(arena, const char *, program->command_count + 1);
	for (size_t i = 0; command != NULL && i < program->command_count; i++) {
		command[i] =
			kp_arena_printf(arena, "%.*s", KP_SLICE_ARG(program->command[i]));
		if (command[i] == NULL) {
			return NULL;
		}
	}
	return command;
}

static bool
is_inside(const char *inner, const char *outer)
{
	char in[PATH_MAX];
	char out[PATH_MAX];
	if (realpath(inner, in) == NULL || realpath(outer, out) == NULL) {
		return false;
	}
	size_t len = strlen(out);
	return strncmp(in, out, len) == 0 &&
		(in[len] == '\0' || in[len] == '/' || len == 1);
}

static void
check_private(struct kp_source_opening *opening, const char *folder)
{
	const char *const *paths = opening->options->private_paths;
	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++) {
		if (is_inside(paths[i], folder)) {
			kp_source_finding(opening,
				&opening->private->manifest->program.place,
				"'%.200s' holds '%.200s', which the program could read: "
				"give it a folder of its own",
				folder, paths[i]);
			return;
		}
	}
}

enum kp_status
kp_source_program_check(struct kp_source_opening *opening)
{
	const struct kp_source_set_options *options = opening->options;
	const struct kp_manifest_program *manifest = &opening->private->manifest->program;
	if (manifest->command_count == 0) {
		return KP_OK;
	}
	if (options->socket_folder == NULL) {
		kp_source_finding(opening, &manifest->place,
			"programs of partners are not started: sources.programs is off, "
			"or was "
			"when the gateway started");
		return KP_OK;
	}
	struct kp_source_program *program =
		KP_ARENA_NEW(&opening->set->arena, struct kp_source_program);
	struct kp_slice folder = kp_source_path(opening, manifest->folder);
	if (program == NULL || folder.data == NULL) {
		return program == NULL || manifest->folder.len > 0 ? KP_E_MEMORY : KP_OK;
	}
	program->folder = folder.data;
	program->command = copy_command(opening);
	program->socket = name_socket(opening);
	program->attendant = options->attendant;
	if (program->command == NULL || program->socket == NULL) {
		return KP_E_MEMORY;
	}
	if (access(program->folder, R_OK | X_OK) != 0) {
		kp_source_finding(opening, &manifest->place,
			"'%.*s' is not a folder that can be read", KP_SLICE_ARG(folder));
	} else {
		check_private(opening, program->folder);
	}
	opening->private->program = program;
	return KP_OK;
}

static enum kp_status
open_one(struct kp_source_private *private, bool show_errors, struct kp_error *err)
{
	struct kp_source_program *program = private->program;
	const struct kp_manifest_program *manifest = &private->manifest->program;
	const struct kp_program_options options = {
		.command = program->command,
		.folder = program->folder,
		.socket = program->socket,
		.memory_bytes_max = manifest->memory_bytes,
		.files_max = manifest->files,
		.network = manifest->network,
		.show_errors = show_errors,
	};
	enum kp_status status =
		kp_attendant_open(program->attendant, &options, &program->number, err);
	program->open = status == KP_OK;
	return status;
}

enum kp_status
kp_source_programs_open(struct kp_source_set *set,
	const struct kp_source_set_options *options, struct kp_findings *findings)
{
	enum kp_status worst = KP_OK;
	for (size_t i = 0; i < set->count && options->attendant != NULL; i++) {
		struct kp_source_private *private = set->sources[i].private;
		struct kp_error err;
		if (private->program == NULL ||
			open_one(private, options->show_errors, &err) == KP_OK) {
			continue;
		}
		kp_error_at(&err, private->file, private->manifest->program.place.line,
			private->manifest->program.place.column, "/program");
		kp_findings_add(findings, &err);
		worst = KP_E_CONFIG;
	}
	return worst;
}

void
kp_source_program_close(struct kp_source_private *private)
{
	struct kp_source_program *program = private->program;
	if (program != NULL && program->open) {
		program->open = false;
		kp_attendant_close(program->attendant, program->number);
	}
}

struct kp_slice
kp_source_program_socket(const struct kp_source_private *private)
{
	return private->program == NULL ? (struct kp_slice){0}
					: kp_slice_from(private->program->socket);
}

uint64_t
kp_source_program_starts(const struct kp_source *source)
{
	const struct kp_source_program *program = source->private->program;
	return program == NULL || !program->open
		? 0
		: kp_attendant_starts(program->attendant, program->number);
}
