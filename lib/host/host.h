#ifndef HOST_HOST_H
#define HOST_HOST_H
#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/*
 * What every daemon's main() stands on: options, the log, the run directory, one running copy,
 * signals, the event loop, readiness and watchdog towards systemd, and the engine's one timer.
 *
 * Options of every daemon: -c FILE (default /etc/penult/router.conf), -r DIR (run directory, default
 * /run/penult, or $PENULT_RUN), -d (debug lines too), -t (check the configuration and exit), -V, -h.
 */
struct host;

/* How things are ordered when several are due at once: packets before timers before bulk work. */
enum host_priority { HOST_PACKETS = -10, HOST_TIMERS = 0, HOST_BULK = 10 };

/* Does all of the above, or ends the process with one line that says what is wrong and the remedy
 * (exit status 2 for usage, 1 otherwise). A second copy in the same run directory ends here. */
struct host *host_start(int argc, char **argv, const char *name);
void host_free(struct host *);
int host_run(struct host *); /* until SIGTERM or SIGINT or host_stop(); returns the exit status */
void host_stop(struct host *, int status);

sd_event *host_loop(struct host *);
usec_t host_now(struct host *);    /* CLOCK_MONOTONIC, fresh */
uint64_t host_seed(struct host *); /* from the kernel; fixed by $PENULT_SEED for tests */
const char *host_name(const struct host *);
const char *host_config_path(const struct host *);
const char *host_run_dir(const struct host *);
bool host_check_only(const struct host *); /* -t */

/* The engine's one timer. USEC_NEVER disarms. Never fires early; late by scheduling only (accuracy 1 µs). */
void host_on_timer(struct host *, void (*due)(void *ctx, usec_t now), void *ctx);
void host_timer_at(struct host *, usec_t at);

void host_on_reload(struct host *, void (*reload)(void *ctx), void *ctx); /* SIGHUP */
void host_on_stop(struct host *, void (*stop)(void *ctx), void *ctx);     /* once, before the loop ends */
void host_ready(struct host *, const char *status); /* tells systemd; call when the daemon serves */
void host_status(struct host *, const char *status);
/* False when this process lacks the capability (CAP_NET_ADMIN, …; see linux/capability.h). */
bool host_has_capability(int capability);
#endif
