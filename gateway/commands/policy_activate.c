/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_activate: `ketenpoort policy activate`, `rollback` and `log`. Each version that
 * was ever active stays in CONFIGDIR/policies.versions; CONFIGDIR/policies is a link to
 * one of them, replaced in one step; CONFIGDIR/policies.log says when, and is only ever
 * added to.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/policy_commands.h"
#include "commands/policy_matrix.h"
#include "commands/policy_options.h"
#include "commands/policy_release.h"

#define REQUIRED_DEFAULT 2u

static const char activate_usage[] =
	"gebruik: ketenpoort policy activate BESTAND --into MAP [KEUZE…]\n"
	"\n"
	"Toont wat de nieuwe regels openen en sluiten, en maakt ze de geldende van de\n"
	"poort in MAP, als ze zijn ingediend en goedgekeurd. De poort neemt ze over bij\n"
	"herladen.\n"
	"\n"
	"  --signers BESTAND  wie mogen tekenen, in plaats van MAP/signers.json\n"
	"  --nood REDEN       een handtekening is genoeg; het staat in het logboek, en\n"
	"                     activate met alle handtekeningen legt de goedkeuring vast\n"
	"  --toon             alleen tonen\n";
static const char activate_usage_en[] =
	"usage: ketenpoort policy activate FILE --into DIR [CHOICE…]\n"
	"\n"
	"Shows what the new rules open and close, and makes them the ones in force of "
	"the\n"
	"gateway in DIR, if they were proposed and approved. The gateway takes them "
	"over\n"
	"when it reloads.\n"
	"\n"
	"  --signers FILE  who may sign, in place of DIR/signers.json\n"
	"  --nood REASON   one signature is enough; the log says so, and activate with\n"
	"                  all signatures records the approval afterwards\n"
	"  --toon          only show\n";
static const char log_usage[] =
	"gebruik: ketenpoort policy rollback|log --into MAP\n"
	"\n"
	"rollback maakt de regels van voor de laatste activering weer de geldende; log\n"
	"toont wanneer welke versie geldend werd.\n";
static const char log_usage_en[] =
	"usage: ketenpoort policy rollback|log --into DIR\n"
	"\n"
	"rollback puts the rules from before the latest activation in force again; log\n"
	"shows when which version came in force.\n";

/* Lifetime: the subcommand. */
struct activation {
	struct kp_policy_set set;
	const char *into;
	const char *signers;
	const char *emergency; /* reason; NULL when it is none */
	bool show_only;
	bool english;
};

static const char *
path_in(struct activation *activation, const char *name)
{
	const char *path =
		kp_arena_printf(&activation->set.arena, "%s/%s", activation->into, name);
	return path == NULL ? "" : path;
}

static bool
complain(const char *path)
{
	(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

/* The link's text: "policies.versions/…"; empty when the rules are no link. */
static const char *
current_target(struct activation *activation)
{
	char target[512];
	ssize_t len =
		readlink(path_in(activation, "policies"), target, sizeof(target) - 1);
	if (len <= 0) {
		return "";
	}
	target[len] = '\0';
	const char *copy = kp_arena_strdup(&activation->set.arena, target);
	return copy == NULL ? "" : copy;
}

static bool
add_to_log(struct activation *activation, const char *event, const char *version,
	const char *target, const char *before)
{
	const char *path = path_in(activation, "policies.log");
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "tijdMs",
		(json_int_t)kp_policy_now_ms(), "gebeurtenis", event, "versie", version,
		"map", target, "vorige", before, "nood",
		activation->emergency == NULL ? "" : activation->emergency);
	char *text =
		line == NULL ? NULL : json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(line);
	int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	bool added = text != NULL && file >= 0 && dprintf(file, "%s\n", text) > 0 &&
		fsync(file) == 0;
	if (!added) {
		(void)complain(path);
	}
	if (file >= 0) {
		(void)close(file);
	}
	free(text);
	return added;
}

/* In one step: who looks sees the old rules or the new. A folder that is no link yet is
 * exchanged with it and kept. */
static bool
point_to(struct activation *activation, const char *target)
{
	const char *link = path_in(activation, "policies");
	const char *beside = path_in(activation, "policies.new");
	struct stat found;
	(void)unlink(beside);
	if (symlink(target, beside) != 0) {
		return complain(beside);
	}
	bool folder = lstat(link, &found) == 0 && S_ISDIR(found.st_mode);
	if (!folder) {
		return rename(beside, link) == 0 || complain(link);
	}
	const char *kept = path_in(activation, "policies.versions/start");
	return (renameat2(AT_FDCWD, beside, AT_FDCWD, link, RENAME_EXCHANGE) == 0 &&
		       rename(beside, kept) == 0) ||
		complain(link);
}

static bool
make_folder(const char *path)
{
	return mkdir(path, 0755) == 0 || errno == EEXIST || complain(path);
}

/* All files of the set and its signatures in a folder of their own. */
static bool
unpack(struct activation *activation, const char *folder, struct kp_slice approvals)
{
	struct kp_arena *arena = &activation->set.arena;
	const char *rules = kp_arena_printf(arena, "%s/regels", folder);
	const char *partners = kp_arena_printf(arena, "%s/partners", folder);
	if (rules == NULL || partners == NULL ||
		!make_folder(path_in(activation, "policies.versions")) ||
		!make_folder(folder) || !make_folder(rules) || !make_folder(partners)) {
		return false;
	}
	for (size_t i = 0; i < activation->set.file_count; i++) {
		const struct kp_policy_file *file = &activation->set.files[i];
		const char *path = kp_arena_printf(arena, "%s/%s", folder, file->name);
		if (path == NULL ||
			!kp_release_write(path, file->text.data, file->text.len, 0644)) {
			return false;
		}
	}
	const char *path = kp_arena_printf(arena, "%s/%s", folder, KP_APPROVALS_FILE);
	return path != NULL &&
		kp_release_write(path, approvals.data, approvals.len, 0644);
}

static bool
is_approved(
	struct activation *activation, const char *operand, struct kp_slice *approvals)
{
	struct kp_arena *arena = &activation->set.arena;
	struct kp_slice signers;
	const char *path = kp_release_approvals_path(arena, operand);
	const char *known = activation->signers != NULL
		? activation->signers
		: path_in(activation, "signers.json");
	if (path == NULL || !kp_release_read(arena, path, approvals) ||
		!kp_release_read(arena, known, &signers)) {
		return false;
	}
	struct kp_error err = {0};
	uint32_t required = activation->emergency == NULL ? REQUIRED_DEFAULT : 1;
	enum kp_status status = kp_approvals_check(*approvals, signers,
		kp_bundle_version(activation->set.bundle), required, kp_policy_now_ms(),
		&err);
	if (status != KP_OK) {
		char text[700];
		(void)fprintf(stderr, "%s\n", kp_error_text(&err, text, sizeof(text)));
	}
	return status == KP_OK;
}

/* What is in force now is shown against what comes; not when there is nothing sound. */
static void
show(struct activation *activation, const char *folder)
{
	char *arguments[] = {kp_arena_strdup(&activation->set.arena, "diff"),
		kp_arena_strdup(&activation->set.arena, path_in(activation, "policies")),
		kp_arena_strdup(&activation->set.arena, folder), NULL, NULL};
	int count = 3;
	if (activation->english) {
		arguments[count++] = kp_arena_strdup(&activation->set.arena, "--en");
	}
	if (access(arguments[1], F_OK) == 0) {
		(void)kp_policy_diff(count, arguments);
	}
}

static int
activate(struct activation *activation, const char *operand)
{
	struct kp_slice approvals;
	if (!kp_release_load(&activation->set, operand, activation->english) ||
		!is_approved(activation, operand, &approvals)) {
		return KP_POLICY_FOUND;
	}
	const char *version = kp_arena_printf(&activation->set.arena, "%.*s",
		KP_SLICE_ARG(kp_bundle_version(activation->set.bundle)));
	const char *target = version == NULL
		? NULL
		: kp_arena_printf(&activation->set.arena, "policies.versions/%s",
			  version + strlen("sha256:"));
	if (target == NULL) {
		return KP_POLICY_FOUND;
	}
	const char *folder = path_in(activation, target);
	const char *before = current_target(activation);
	bool again = strcmp(before, target) == 0;
	if (!unpack(activation, folder, approvals)) {
		return KP_POLICY_FOUND;
	}
	show(activation, folder);
	if (activation->show_only) {
		return KP_POLICY_GOOD;
	}
	const char *event = again               ? "goedgekeurd"
		: activation->emergency != NULL ? "nood"
						: "geactiveerd";
	bool done = add_to_log(activation, event, version, target,
			    before[0] == '\0' ? "policies.versions/start" : before) &&
		(again || point_to(activation, target));
	if (done) {
		(void)printf("%s %s\n", event, version);
	}
	return done ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

int
kp_policy_activate(int argc, char **argv)
{
	struct activation activation = {.into = NULL};
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {{"--into", .text = &activation.into},
		{"--signers", .text = &activation.signers},
		{"--nood", .text = &activation.emergency},
		{"--toon", .flag = &activation.show_only}};
	const struct kp_options options = {.command = "activate",
		.usage = activate_usage,
		.usage_en = activate_usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(
		    &options, argc, argv, &activation.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (activation.into == NULL) {
		(void)fputs(KP_SAY(activation.english, activate_usage, activate_usage_en),
			stderr);
		return KP_POLICY_WRONG_USE;
	}
	kp_policy_set_begin(&activation.set);
	exit_code = activate(&activation, argv[1]);
	kp_policy_set_end(&activation.set);
	return exit_code;
}

/* What was in force before what is now, as the log has it; NULL when it does not say. */
static const char *
find_previous(struct activation *activation, char *text, const char *target)
{
	const char *previous = NULL;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *to = json_string_value(json_object_get(record, "map"));
		const char *from = json_string_value(json_object_get(record, "vorige"));
		if (to != NULL && from != NULL && strcmp(to, target) == 0 &&
			strcmp(from, target) != 0) {
			previous = kp_arena_strdup(&activation->set.arena, from);
		}
		json_decref(record);
	}
	return previous;
}

static int
roll_back(struct activation *activation, char *text)
{
	const char *target = current_target(activation);
	const char *previous = find_previous(activation, text, target);
	if (previous == NULL || access(path_in(activation, previous), F_OK) != 0) {
		(void)fprintf(stderr, "ketenpoort policy rollback: %s\n",
			KP_SAY(activation->english, "er is niets om naar terug te gaan",
				"there is nothing to go back to"));
		return KP_POLICY_FOUND;
	}
	struct kp_policy_set *set = &activation->set;
	if (!kp_policy_set_load(set, path_in(activation, previous), kp_policy_now_ms(),
		    activation->english)) {
		return KP_POLICY_FOUND;
	}
	const char *version = kp_arena_printf(
		&set->arena, "%.*s", KP_SLICE_ARG(kp_bundle_version(set->bundle)));
	bool done = version != NULL &&
		add_to_log(activation, "teruggezet", version, previous, target) &&
		point_to(activation, previous);
	if (done) {
		(void)printf("teruggezet %s\n", version);
	}
	return done ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

static const char *
member(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));
	return text == NULL ? "" : text;
}

static int
show_log(struct activation *activation, char *text)
{
	char *rest = NULL;
	int exit_code = KP_POLICY_GOOD;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		if (record == NULL) {
			exit_code = KP_POLICY_FOUND;
		}
		int64_t time_ms = json_integer_value(json_object_get(record, "tijdMs"));
		(void)printf("%s  %-12s %s %s\n",
			kp_matrix_day(&activation->set.arena, time_ms),
			member(record, "gebeurtenis"), member(record, "versie"),
			member(record, "nood"));
		json_decref(record);
	}
	return exit_code;
}

static int
with_log(const char *command, int argc, char **argv,
	int (*run)(struct activation *activation, char *text))
{
	struct activation activation = {.into = NULL};
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	const struct kp_option items[] = {{"--into", .text = &activation.into}};
	const struct kp_options options = {.command = command,
		.usage = log_usage,
		.usage_en = log_usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items)};
	if (!kp_options_read(
		    &options, argc, argv, &activation.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (activation.into == NULL) {
		(void)fputs(KP_SAY(activation.english, log_usage, log_usage_en), stderr);
		return KP_POLICY_WRONG_USE;
	}
	kp_policy_set_begin(&activation.set);
	struct kp_slice text;
	bool read = kp_release_read(
		&activation.set.arena, path_in(&activation, "policies.log"), &text);
	char *copy = !read
		? NULL
		: kp_arena_printf(&activation.set.arena, "%.*s", KP_SLICE_ARG(text));
	exit_code = copy == NULL ? (int)KP_POLICY_FOUND : run(&activation, copy);
	kp_policy_set_end(&activation.set);
	return exit_code;
}

int
kp_policy_rollback(int argc, char **argv)
{
	return with_log("rollback", argc, argv, roll_back);
}

int
kp_policy_log(int argc, char **argv)
{
	return with_log("log", argc, argv, show_log);
}
