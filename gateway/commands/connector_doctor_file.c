/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_doctor_file: a partner's export: is it there, may the gateway read it, how
 * old is it, does every row read, and is it in the character set that was agreed? */
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/connector_doctor.h"
#include "config/config.h"
#include "core/json_write.h"
#include "source/delivery_changes.h"
#include "source/delivery_rows.h"
#include "source/delivery_verify.h"

#define BEGINNING_BYTES ((size_t)256 * 1024)
#define HOUR_MS ((int64_t)3600000)

/* Could somebody else read it? In a process of its own, since it becomes that user. */
static bool
readable_by(const struct passwd *user, const char *path)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		bool became = initgroups(user->pw_name, user->pw_gid) == 0 &&
			setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
		_exit(became && access(path, R_OK) == 0 ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		WEXITSTATUS(status) == 0;
}

/* Only root can look with another's eyes. */
static void
judge_user(struct kp_doctor *doctor, const char *path)
{
	const struct kp_config *config = doctor->load.config;
	if (config == NULL || config->process_user.len == 0 || geteuid() != 0) {
		return;
	}
	const char *name =
		kp_doctor_text(doctor, "%.*s", KP_SLICE_ARG(config->process_user));
	const struct passwd *user = getpwnam(name);
	if (user == NULL) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file.user",
			"make the user, or name another in 'process.user'",
			"the gateway runs as '%s', and there is no such user", name);
	} else if (!readable_by(user, path)) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file.user",
			kp_doctor_text(doctor,
				"let '%s' read the file and enter its folders (chgrp, "
				"chmod g+r)",
				name),
			"the gateway runs as '%s', who may not read '%s'", name, path);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "file.user", NULL, "'%s' may read it",
			name);
	}
}

static void
judge_age(struct kp_doctor *doctor, const struct kp_delivery *delivery)
{
	uint32_t hours_max = doctor->manifest->file.max_age_hours;
	if (delivery->dated_ms == 0) {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "file.age", NULL,
			"no day of the delivery is agreed ('file.dated_by'), so its age "
			"is not judged");
		return;
	}
	int64_t hours = (doctor->now_s * 1000 - delivery->dated_ms) / HOUR_MS;
	if (hours_max > 0 && hours > hours_max) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file.age",
			"ask the partner why nothing newer was delivered; until then the "
			"source is nietBereikt",
			"the delivery of %s is %lld hours old, and %u are agreed",
			delivery->dated, (long long)hours, (unsigned)hours_max);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_OK, "file.age", NULL,
			"the delivery is of %s", delivery->dated);
	}
}

/* Text that is valid UTF-8 beyond ASCII is hardly ever anything else. */
static bool
looks_like_utf8(struct kp_slice text)
{
	bool beyond = false;
	/* A character may be cut at the end of what was read. */
	while (text.len > 0 && ((unsigned char)text.data[text.len - 1] & 0x80) != 0) {
		text.len--;
	}
	for (size_t i = 0; i < text.len; i++) {
		beyond = beyond || ((unsigned char)text.data[i] & 0x80) != 0;
	}
	return beyond && kp_utf8_valid(text);
}

/* From 0x80 to 0x9f Latin-1 has what nobody writes, and Windows-1252 quotation marks. */
static bool
has_controls(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)bytes[i] >= 0x80 && (unsigned char)bytes[i] <= 0x9f) {
			return true;
		}
	}
	return false;
}

static void
judge_charset(struct kp_doctor *doctor, const struct kp_export *export)
{
	struct kp_slice charset = doctor->manifest->file.charset;
	char *bytes = kp_arena_bytes(&doctor->load.arena, BEGINNING_BYTES);
	size_t len = 0;
	if (bytes == NULL || charset.len == 0 || kp_slice_is(charset, "utf-8") ||
		kp_file_read_at(export->file, 0, bytes, BEGINNING_BYTES, &len) != KP_OK) {
		return;
	}
	if (looks_like_utf8((struct kp_slice){bytes, len})) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "file.charset",
			"say utf-8 in 'file.charset', and look at a name with an accent",
			"the manifest says %.*s, and the file looks like UTF-8",
			KP_SLICE_ARG(charset));
	} else if (kp_slice_is(charset, "latin-1") && has_controls(bytes, len)) {
		kp_doctor_say(doctor, KP_DOCTOR_WARN, "file.charset",
			"say windows-1252 in 'file.charset', and look at a name with an "
			"apostrophe",
			"the manifest says latin-1, and the file holds bytes that are no "
			"letters there");
	}
}

static void
say_unopened(
	struct kp_doctor *doctor, enum kp_status status, const struct kp_fault *fault)
{
	const char *path = doctor->source->private->path;
	if (fault->message[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file.rows",
			"compare the file with 'file' and the columns the manifest "
			"names; "
			"ask the partner since when it differs",
			"'%s' does not read as agreed: %s%s%s", path, fault->place,
			fault->place[0] == '\0' ? "" : ": ", fault->message);
	} else if (status == KP_E_NOT_FOUND) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file",
			"look where the delivery is put, and at the path and pattern in "
			"'file.path'",
			"there is no file '%s'", path);
	} else if (status == KP_E_BUSY) {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file",
			"let the partner write beside it and rename when it is whole",
			"'%s' is being written while it is read", path);
	} else {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file",
			"look at the rights of the file and its folders (namei -l)",
			"'%s' cannot be read by this user: %s", path,
			kp_status_info(status)->title);
	}
}

/* The latest delivery, when it is not taken for another reason than its form. */
static void
judge_verified(struct kp_doctor *doctor, const struct kp_delivery_making *making)
{
	if (making->refusal == KP_DELIVERY_REFUSAL_NONE) {
		if (making->delivery != NULL && kp_delivery_verified(making->private)) {
			kp_doctor_say(doctor, KP_DOCTOR_OK, "file.verify", NULL,
				"the delivery is verified, as 'file.verify' asks");
		}
		return;
	}
	kp_doctor_say(doctor, making->delivery == NULL ? KP_DOCTOR_FAIL : KP_DOCTOR_WARN,
		"file.verify",
		"ask the partner to deliver anew, with what 'file.verify' names",
		"the latest delivery is refused: %s (%s)%s",
		kp_delivery_refusal_name(making->refusal),
		kp_delivery_refusal_reason(making->refusal),
		making->delivery == NULL ? "" : "; the one before it is in force");
}

/* Change files that are not taken are told of as they are met. */
struct refusals {
	struct kp_doctor *doctor;
	const char *names;
};

static void
on_delivery(void *context, const struct kp_delivery_event *event)
{
	struct refusals *refusals = context;
	bool form = event->fault != NULL && event->fault[0] != '\0';
	if (event->kind == KP_DELIVERY_REFUSED) {
		refusals->names = kp_doctor_text(refusals->doctor, "%s%s'%.*s' (%s%s%s)",
			refusals->names, refusals->names[0] == '\0' ? "" : ", ",
			KP_SLICE_ARG(event->file),
			kp_delivery_refusal_name(event->refusal), form ? ": " : "",
			form ? event->fault : "");
	}
}

static void
judge_changes(
	struct kp_doctor *doctor, const struct kp_changes *changes, const char *refused)
{
	if (doctor->manifest->file.series.path.len == 0) {
		return;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "file.series", NULL,
		"change files that follow it: %zu, with %llu rows",
		changes == NULL ? 0 : changes->count,
		changes == NULL ? 0ULL : (unsigned long long)changes->rows);
	if (refused[0] != '\0') {
		kp_doctor_say(doctor, KP_DOCTOR_FAIL, "file.series",
			"look at that file, and at 'file.series'; what changed since is "
			"not seen until it is mended or a whole delivery comes",
			"the series ends before %s", refused);
	}
}

bool
kp_doctor_export(struct kp_doctor *doctor)
{
	struct kp_source_private *private = doctor->source->private;
	struct kp_delivery_state state = {.source = doctor->source};
	struct kp_delivery_making making = {.private = private,
		.state = &state,
		.anew = true,
		.now_ms = doctor->now_s * 1000};
	if (private->connector->transport != KP_TRANSPORT_FILE) {
		return true;
	}
	struct refusals refusals = {.doctor = doctor, .names = ""};
	doctor->load.set->tell = on_delivery;
	doctor->load.set->tell_context = &refusals;
	/* An index of ours would lie in the gateway's way. */
	private->index_path = NULL;
	kp_delivery_make(&making);
	bool form = making.refusal == KP_DELIVERY_REFUSAL_FORM;
	if (!form) {
		judge_verified(doctor, &making);
	}
	if (form ||
		(making.delivery == NULL && making.refusal == KP_DELIVERY_REFUSAL_NONE)) {
		say_unopened(doctor, making.status, &making.fault);
	}
	doctor->load.set->tell = NULL;
	if (making.delivery == NULL) {
		return false;
	}
	kp_doctor_say(doctor, KP_DOCTOR_OK, "file", NULL,
		"'%s' reads from begin to end (%llu bytes), with every column the "
		"manifest names",
		private->path, (unsigned long long)making.delivery->base->stamp.size);
	judge_user(doctor, private->path);
	judge_charset(doctor, making.delivery->base);
	judge_age(doctor, making.delivery);
	/* Else it is the whole delivery that was refused. */
	judge_changes(doctor, making.delivery->changes,
		making.refusal == KP_DELIVERY_REFUSAL_NONE ? refusals.names : "");
	kp_delivery_unref(making.delivery);
	return true;
}
