/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* log: where lines go, and the contexts they inherit from; see log.h. */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/log_line.h"

#define LOG_FILE_MODE 0640

/* Process lifetime. */
struct kp_logger {
	_Atomic unsigned level;
	atomic_uint_fast64_t lost;
	enum kp_log_format format;
	void (*write)(void *context, struct kp_slice line);
	int64_t (*wall_ms)(void *context);
	void *context;
	pthread_mutex_t mutex; /* one line at a time; guards fd */
	int fd;
	char *path; /* NULL: standard error */
};

static const struct {
	const char *name;
	enum kp_log_kind kind;
	const char *help;
} keys[KP_LOG_KEY_COUNT] = {
#define KP_LOG_FIELD(code_, name_, kind_, help_)                                         \
	[code_] = {.name = name_, .kind = KP_LOG_KIND_##kind_, .help = help_},
#include "core/log_fields.def"
#undef KP_LOG_FIELD
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const area_names[] = {
	"process", "config", "server", "request", "source", "policy", "audit"};

const char *
kp_log_key_name(enum kp_log_key key)
{
	KP_REQUIRE((unsigned)key < KP_LOG_KEY_COUNT);
	return keys[key].name;
}

enum kp_log_kind
kp_log_key_kind(enum kp_log_key key)
{
	KP_REQUIRE((unsigned)key < KP_LOG_KEY_COUNT);
	return keys[key].kind;
}

const char *
kp_log_key_help(enum kp_log_key key)
{
	KP_REQUIRE((unsigned)key < KP_LOG_KEY_COUNT);
	return keys[key].help;
}

const char *
kp_log_level_name(enum kp_log_level level)
{
	return level_names[level];
}

static int
open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		LOG_FILE_MODE);
}

static enum kp_status
set_open_error(const char *path, struct kp_error *err)
{
	int cause = errno;
	(void)kp_error_set(err, KP_E_IO, "the log file '%s' cannot be opened: %s", path,
		strerror(cause));
	if (err != NULL) {
		err->cause = cause;
	}
	return KP_E_IO;
}

enum kp_status
kp_logger_open(const struct kp_logger_options *options, struct kp_logger **ret_logger,
	struct kp_error *err)
{
	struct kp_logger *logger = calloc(1, sizeof(*logger));
	char *path = options->path == NULL ? NULL : strdup(options->path);
	if (logger == NULL || (path == NULL && options->path != NULL)) {
		free(logger);
		free(path);
		return kp_error_set(err, KP_E_MEMORY, "no memory for the log");
	}
	logger->fd = STDERR_FILENO;
	if (path != NULL && options->write == NULL) {
		logger->fd = open_file(path);
		if (logger->fd < 0) {
			enum kp_status status = set_open_error(path, err);
			free(logger);
			free(path);
			return status;
		}
	}
	logger->path = path;
	logger->format = options->format;
	logger->write = options->write;
	logger->wall_ms = options->wall_ms;
	logger->context = options->context;
	atomic_init(&logger->level, (unsigned)options->level);
	atomic_init(&logger->lost, 0);
	(void)pthread_mutex_init(&logger->mutex, NULL);
	*ret_logger = logger;
	return KP_OK;
}

void
kp_logger_close(struct kp_logger **logger)
{
	struct kp_logger *gone = *logger;
	if (gone == NULL) {
		return;
	}
	if (gone->fd != STDERR_FILENO) {
		(void)close(gone->fd);
	}
	(void)pthread_mutex_destroy(&gone->mutex);
	free(gone->path);
	free(gone);
	*logger = NULL;
}

enum kp_status
kp_logger_reopen(struct kp_logger *logger, struct kp_error *err)
{
	if (logger->path == NULL || logger->write != NULL) {
		return KP_OK;
	}
	int fd = open_file(logger->path);
	if (fd < 0) {
		return set_open_error(logger->path, err);
	}
	(void)pthread_mutex_lock(&logger->mutex);
	int old = logger->fd;
	logger->fd = fd;
	(void)pthread_mutex_unlock(&logger->mutex);
	(void)close(old);
	return KP_OK;
}

void
kp_logger_set_level(struct kp_logger *logger, enum kp_log_level level)
{
	atomic_store_explicit(&logger->level, (unsigned)level, memory_order_relaxed);
}

uint64_t
kp_logger_lost(const struct kp_logger *logger)
{
	return atomic_load_explicit(&logger->lost, memory_order_relaxed);
}

static void
emit(struct kp_logger *logger, struct kp_slice line)
{
	(void)pthread_mutex_lock(&logger->mutex);
	bool written = true;
	if (logger->write != NULL) {
		logger->write(logger->context, line);
	} else {
		written = kp_descriptor_write(logger->fd, line.data, line.len);
	}
	(void)pthread_mutex_unlock(&logger->mutex);
	if (!written) {
		atomic_fetch_add_explicit(&logger->lost, 1, memory_order_relaxed);
	}
}

void
kp_log_init(struct kp_log *log, struct kp_logger *logger)
{
	log->logger = logger;
	log->len = 0;
}

void
kp_log_child(struct kp_log *log, const struct kp_log *parent)
{
	log->logger = parent->logger;
	log->len = parent->len;
	memcpy(log->text, parent->text, parent->len);
}

void
kp_log_bind(struct kp_log *log, struct kp_log_field field)
{
	if (log->logger == NULL) {
		return;
	}
	struct kp_log_line line = {.text = log->text,
		.size = sizeof(log->text),
		.len = log->len,
		.format = log->logger->format};
	kp_log_line_field(&line, field);
	log->len = (uint16_t)line.len;
}

struct kp_log_field
kp_log_text(enum kp_log_key key, struct kp_slice text)
{
	KP_REQUIRE(kp_log_key_kind(key) <= KP_LOG_KIND_ID);
	return (struct kp_log_field){.key = key, .is_text = true, .text = text};
}

struct kp_log_field
kp_log_cstr(enum kp_log_key key, const char *text)
{
	return kp_log_text(key, kp_slice_from(text));
}

struct kp_log_field
kp_log_number(enum kp_log_key key, int64_t number)
{
	KP_REQUIRE(kp_log_key_kind(key) == KP_LOG_KIND_NUMBER);
	return (struct kp_log_field){.key = key, .number = number};
}

struct kp_log_field
kp_log_flag(enum kp_log_key key, bool flag)
{
	KP_REQUIRE(kp_log_key_kind(key) == KP_LOG_KIND_FLAG);
	return (struct kp_log_field){.key = key, .number = flag};
}

bool
kp_log_wants(const struct kp_log *log, enum kp_log_level level)
{
	return log->logger != NULL &&
		(unsigned)level <=
		atomic_load_explicit(&log->logger->level, memory_order_relaxed);
}

static int64_t
wall_ms(const struct kp_logger *logger)
{
	if (logger->wall_ms != NULL) {
		return logger->wall_ms(logger->context);
	}
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
begin_line(struct kp_log_line *line, const struct kp_logger *logger,
	enum kp_log_level level, enum kp_log_area area, const char *message)
{
	char time_text[32];
	kp_log_time(wall_ms(logger), time_text);
	kp_log_line_own(line, "time", time_text);
	/* The first name has no comma or space before it. */
	line->text[0] = '{';
	kp_log_line_own(line, "level", level_names[level]);
	kp_log_line_own(line, "area", area_names[area]);
	kp_log_line_own(line, "message", message);
}

void
kp_log_write(const struct kp_log *log, enum kp_log_level level, enum kp_log_area area,
	const char *message, const struct kp_log_field *fields, size_t count)
{
	if (!kp_log_wants(log, level)) {
		return;
	}
	static const char json_end[] = ",\"cut\":true}\n";
	static const char text_end[] = " cut=true\n";
	bool json = log->logger->format == KP_LOG_FORMAT_JSON;
	char text[KP_LOG_LINE_BYTES_MAX];
	struct kp_log_line line = {.text = text,
		.size = sizeof(text) - sizeof(json_end),
		.format = log->logger->format};
	begin_line(&line, log->logger, level, area, message);
	kp_log_line_raw(&line, log->text, log->len);
	for (size_t i = 0; i < count; i++) {
		kp_log_line_field(&line, fields[i]);
	}
	line.size = sizeof(text);
	const char *end = json ? json_end : text_end;
	if (!line.cut) {
		end = json ? "}\n" : "\n";
	}
	kp_log_line_raw(&line, end, strlen(end));
	size_t skipped = json ? 0 : 1;
	emit(log->logger, (struct kp_slice){text + skipped, line.len - skipped});
}

void
kp_log_error(const struct kp_log *log, enum kp_log_level level, enum kp_log_area area,
	const char *message, const struct kp_error *err)
{
	struct kp_log_field fields[7];
	size_t count = 0;
	fields[count++] = kp_log_cstr(KP_LOG_CODE, kp_status_info(err->status)->name);
	if (err->message[0] != '\0') {
		fields[count++] = kp_log_cstr(KP_LOG_ERROR, err->message);
	}
	if (err->file[0] != '\0') {
		fields[count++] = kp_log_cstr(KP_LOG_FILE, err->file);
	}
	if (err->line != 0) {
		fields[count++] = kp_log_number(KP_LOG_LINE, err->line);
		fields[count++] = kp_log_number(KP_LOG_COLUMN, err->column);
	}
	if (err->place[0] != '\0') {
		fields[count++] = kp_log_cstr(KP_LOG_PLACE, err->place);
	}
	if (err->cause != 0) {
		fields[count++] = kp_log_number(KP_LOG_CAUSE, err->cause);
	}
	kp_log_write(log, level, area, message, fields, count);
}
