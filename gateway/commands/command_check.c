/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_check: `ketenpoort check CONFIG` does everything `serve` does before it opens
 * anything: configuration, secrets, rules, manifests, journal. All faults come out at
 * once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "assemble.h"
#include "audit/journal.h"
#include "commands.h"
#include "commands/serve_confine.h"
#include "config/config.h"

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAULTS = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort check [--json] CONFIG\n"
	"\n"
	"Runs every check that 'serve' does at start, and opens nothing: the\n"
	"configuration, its secrets, rules and manifests, and the journal. Reports all\n"
	"faults at once; exit code 1 when there are any.\n"
	"\n"
	"  --json   one JSON object in place of lines\n";

/* What is known of a configuration. */
struct verdict {
	struct kp_findings findings;
	struct kp_findings warnings; /* of what checks, and will not for ever */
	size_t sources;
	char policy[128];
};

/* Can a file be made or replaced beside this one? */
static void
check_folder(const char *path, const char *what, struct kp_findings *findings)
{
	char folder[4096] = ".";
	const char *slash = strrchr(path, '/');
	if (slash != NULL) {
		(void)snprintf(folder, sizeof(folder), "%.*s",
			slash == path ? 1 : (int)(slash - path), path);
	}
	if (access(folder, W_OK | X_OK) == 0) {
		return;
	}
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_CONFIG, "the %s's folder cannot be written: %s",
		what, strerror(errno));
	kp_error_at(&err, path, 0, 0, NULL);
	kp_findings_add(findings, &err);
}

/* Can lines be added to it? A pipe or a device will do. */
static void
check_log(const char *path, struct kp_findings *findings)
{
	struct stat info;
	struct kp_error err;
	check_folder(path, "log", findings);
	if (stat(path, &info) != 0) {
		return;
	}
	if (S_ISDIR(info.st_mode)) {
		(void)kp_error_set(&err, KP_E_CONFIG, "the log is a folder");
	} else if (access(path, W_OK) != 0) {
		(void)kp_error_set(&err, KP_E_CONFIG, "the log cannot be written: %s",
			strerror(errno));
	} else {
		return;
	}
	kp_error_at(&err, path, 0, 0, NULL);
	kp_findings_add(findings, &err);
}

static void
check_journal(const struct kp_config *config, struct kp_findings *findings)
{
	struct kp_journal_recovery found;
	struct kp_error err = {0};
	check_folder(config->journal_file, "journal", findings);
	if (access(config->journal_file, F_OK) == 0 &&
		kp_journal_check(config->journal_file, NULL, NULL, &found, &err) !=
			KP_OK) {
		kp_findings_add(findings, &err);
	}
}

/* Our own certificate at a partner, an anchor, a list: all of them end. */
static void
warn_of_term(void *context, const char *of, const struct kp_tls_term *term)
{
	struct verdict *verdict = context;
	int64_t left_s = term->not_after_s - (int64_t)time(NULL);
	struct kp_error err = {0};
	if (left_s >= KP_TLS_TERM_WARN_S) {
		return;
	}
	if (left_s <= 0) {
		(void)kp_error_set(&err, KP_OK, "%s of %s has ended", term->what, of);
	} else {
		(void)kp_error_set(&err, KP_OK, "%s of %s ends within %d days",
			term->what, of, (int)(left_s / 86400) + 1);
	}
	kp_error_at(&err, term->path, 0, 0, NULL);
	kp_findings_add(&verdict->warnings, &err);
}

static enum kp_status
check_all(const char *path, struct verdict *verdict)
{
	struct kp_config *config = NULL;
	struct kp_snapshot *snapshot = NULL;
	const struct kp_assemble_means means = {.loops = 1};
	enum kp_status status = kp_config_load(path, &verdict->findings, &config);
	if (status != KP_OK) {
		return status;
	}
	check_journal(config, &verdict->findings);
	if (config->log_file[0] != '\0') {
		check_log(config->log_file, &verdict->findings);
	}
	status = kp_assemble(config, &means, &verdict->findings, &snapshot);
	if (status == KP_OK) {
		struct kp_slice version = kp_bundle_version(snapshot->bundle);
		verdict->sources = kp_source_set_count(snapshot->sources);
		(void)snprintf(verdict->policy, sizeof(verdict->policy), "%.*s",
			KP_SLICE_ARG(version));
		kp_tls_visit_terms(snapshot, warn_of_term, verdict);
		kp_source_set_find_unmet(snapshot->sources, &verdict->warnings);
		kp_serve_find_unseen(config, snapshot->sources, &verdict->warnings);
		kp_snapshot_unref(&snapshot);
	}
	kp_config_unref(&config);
	return kp_findings_any(&verdict->findings) ? KP_E_CONFIG : status;
}

static void
print_lines(const struct verdict *verdict, enum kp_status status)
{
	char text[700];
	for (size_t i = 0; i < verdict->findings.count; i++) {
		(void)fprintf(stderr, "%s\n",
			kp_error_text(&verdict->findings.items[i], text, sizeof(text)));
	}
	for (size_t i = 0; i < verdict->warnings.count; i++) {
		(void)fprintf(stderr, "warning: %s\n",
			kp_error_text(&verdict->warnings.items[i], text, sizeof(text)));
	}
	if (verdict->findings.dropped > 0) {
		(void)fprintf(stderr, "and %zu more\n", verdict->findings.dropped);
	}
	if (status == KP_OK) {
		(void)printf("the configuration checks: %zu sources, rules %s\n",
			verdict->sources, verdict->policy);
	} else if (!kp_findings_any(&verdict->findings)) {
		(void)fprintf(stderr, "%s\n", kp_status_info(status)->title);
	}
}

static bool
print_json(const struct verdict *verdict, enum kp_status status)
{
	json_t *findings = json_array();
	for (size_t i = 0; i < verdict->findings.count; i++) {
		const struct kp_error *err = &verdict->findings.items[i];
		(void)json_array_append_new(findings,
			json_pack("{s:s, s:i, s:i, s:s, s:s}", "file", err->file, "line",
				(int)err->line, "column", (int)err->column, "place",
				err->place, "message", err->message));
	}
	json_t *warnings = json_array();
	for (size_t i = 0; i < verdict->warnings.count; i++) {
		const struct kp_error *err = &verdict->warnings.items[i];
		(void)json_array_append_new(warnings,
			json_pack("{s:s, s:s, s:s}", "file", err->file, "place",
				err->place, "message", err->message));
	}
	json_t *answer = json_pack("{s:b, s:o, s:o, s:I, s:I, s:s}", "ok",
		status == KP_OK, "findings", findings, "warnings", warnings, "dropped",
		(json_int_t)verdict->findings.dropped, "sources",
		(json_int_t)verdict->sources, "policyVersion", verdict->policy);
	bool printed = answer != NULL && json_dumpf(answer, stdout, JSON_INDENT(1)) == 0;
	(void)putchar('\n');
	json_decref(answer);
	return printed;
}

static bool
read_arguments(int argc, char **argv, const char **ret_path, bool *ret_json)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			*ret_json = true;
		} else if (argv[i][0] == '-' || *ret_path != NULL) {
			return false;
		} else {
			*ret_path = argv[i];
		}
	}
	return *ret_path != NULL;
}

int
kp_command_check(int argc, char **argv)
{
	const char *path = NULL;
	bool json = false;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage, stdout);
		return EXIT_GOOD;
	}
	if (!read_arguments(argc, argv, &path, &json)) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	struct verdict verdict = {0};
	kp_findings_init(&verdict.findings, KP_CONFIG_FINDINGS_MAX);
	kp_findings_init(&verdict.warnings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = check_all(path, &verdict);
	bool printed = true;
	if (json) {
		printed = print_json(&verdict, status);
	} else {
		print_lines(&verdict, status);
	}
	kp_findings_deinit(&verdict.findings);
	kp_findings_deinit(&verdict.warnings);
	return status == KP_OK && printed ? EXIT_GOOD : EXIT_FAULTS;
}
