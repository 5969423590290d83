/*
 * The only logger. Under systemd (JOURNAL_STREAM is set and standard error is that stream) lines go to
 * the journal with fields; otherwise to standard error.
 */
#include "host/log.h"
#include "base/outbox.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

static struct {
	const char *daemon;
	bool debug, journal;
} the_log = { .daemon = "penult" };

static bool
stderr_is_the_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof own, "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	return strcmp(own, stream) == 0;
}

void
log_start(const char *daemon, bool debug)
{
	the_log.daemon = daemon;
	the_log.debug = debug;
	the_log.journal = stderr_is_the_journal();
}

static const char *
level_name(int priority)
{
	static const char *const names[] = { "emergency", "alert", "critical", "error", "warning", "notice", "info",
		"debug" };

	return names[priority & 7];
}

static void
write_line(int priority, uint32_t event, const char *line)
{
	if (priority >= LOG_LINE_DEBUG && !the_log.debug)
		return;
	if (the_log.journal) {
		sd_journal_send("MESSAGE=%s", line, "PRIORITY=%i", priority, "PENULT_DAEMON=%s", the_log.daemon,
		    "PENULT_EVENT=%u", event, NULL);
		return;
	}
	struct timespec now;
	struct tm local;
	char clock[32];
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	strftime(clock, sizeof clock, "%b %d %H:%M:%S", &local);
	fprintf(
	    stderr, "%s.%03ld %s %s: %s\n", clock, now.tv_nsec / 1000000, the_log.daemon, level_name(priority), line);
}

void
log_line(int priority, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	write_line(priority, 0, line.chars);
	text_free(&line);
}

void
log_event(int priority, uint32_t event, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	write_line(priority, event, line.chars);
	text_free(&line);
}

void
log_effect(const struct effect *e)
{
	write_line((int)e->where, e->code, (const char *)e->bytes);
}

void
log_limited(struct log_limit *limit, int priority, const char *format, ...)
{
	struct timespec now;
	struct text line = { 0 };
	va_list args;

	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (now_us < limit->next_at) {
		limit->left_out++;
		return;
	}
	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	if (limit->left_out)
		text_add(&line, " (and %llu more like it)", (unsigned long long)limit->left_out);
	write_line(priority, 0, line.chars);
	text_free(&line);
	limit->left_out = 0;
	limit->next_at = now_us + 1000000;
}
