#ifndef HOST_LOG_H
#define HOST_LOG_H
#include <stdbool.h>
#include <stdint.h>

/* The only logger. Under systemd each line goes to the journal with PENULT_EVENT and PENULT_DAEMON
 * fields; otherwise to standard error as "time daemon level: text". Priorities as in syslog(3). */
enum { LOG_LINE_ERROR = 3, LOG_LINE_WARNING = 4, LOG_LINE_NOTICE = 5, LOG_LINE_INFO = 6, LOG_LINE_DEBUG = 7 };

struct effect;
void log_start(const char *daemon, bool debug);
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_event(int priority, uint32_t event, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_effect(const struct effect *); /* an EFFECT_LOG from an engine's outbox */
/* At most one line per second for one place in the code; says how many were left out. */
struct log_limit {
	uint64_t next_at, left_out;
};
void log_limited(struct log_limit *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));
#endif
