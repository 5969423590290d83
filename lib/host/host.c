/*
 * What every daemon's main() stands on. Owns the event loop, the run directory's lock, signals, and
 * the one timer that an engine's deadline is turned into.
 *
 * The trap in sd-event timers: an accuracy of 0 means "250 ms will do". We ask for 1 µs.
 */
#include "host/host.h"
#include "base/mem.h"
#include "host/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

enum { LARGE_BLOCK = 128 * 1024 };

struct host {
	const char *name;
	char config[PATH_MAX], run_dir[PATH_MAX];
	int lock;
	bool check_only;
	uint64_t seed;
	sd_event *loop;
	sd_event_source *timer;
	usec_t timer_at;
	void (*due)(void *, usec_t);
	void *due_ctx;
	void (*reload)(void *);
	void *reload_ctx;
	void (*stop)(void *);
	void *stop_ctx;
};

static void
usage(FILE *to, const char *name)
{
	fprintf(to,
	    "usage: %s [-c FILE] [-r DIR] [-d] [-t]\n"
	    "  -c FILE  configuration (default /etc/penult/router.conf)\n"
	    "  -r DIR   run directory (default $PENULT_RUN or /run/penult)\n"
	    "  -d       log debug lines too\n"
	    "  -t       check the configuration and exit\n"
	    "  -V       print the version and exit\n"
	    "  -h       print this and exit\n",
	    name);
}

static void __attribute__((noreturn, format(printf, 2, 3))) die(const char *name, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void
read_options(struct host *h, int argc, char **argv, bool *ret_debug)
{
	const char *run = getenv("PENULT_RUN");
	int c;

	snprintf(h->config, sizeof h->config, "/etc/penult/router.conf");
	snprintf(h->run_dir, sizeof h->run_dir, "%s", run ? run : "/run/penult");
	while ((c = getopt(argc, argv, "c:r:dtVh")) != -1) {
		switch (c) {
		case 'c': snprintf(h->config, sizeof h->config, "%s", optarg); break;
		case 'r': snprintf(h->run_dir, sizeof h->run_dir, "%s", optarg); break;
		case 'd': *ret_debug = true; break;
		case 't': h->check_only = true; break;
		case 'V': printf("%s (Penult) 0.1\n", h->name); exit(0);
		case 'h': usage(stdout, h->name); exit(0);
		default: usage(stderr, h->name); exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: `%s` is not an option\n", h->name, argv[optind]);
		usage(stderr, h->name);
		exit(2);
	}
}

/* One running copy per run directory. The lock goes with the process, however it ends. */
static void
take_lock(struct host *h)
{
	char path[PATH_MAX + 64], owner[32] = "";

	if (mkdir(h->run_dir, 0755) != 0 && errno != EEXIST)
		die(h->name, "cannot make the run directory %s: %s; make it, or name another with -r", h->run_dir,
		    strerror(errno));
	snprintf(path, sizeof path, "%s/%s.pid", h->run_dir, h->name);
	h->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (h->lock < 0)
		die(h->name, "cannot open %s: %s", path, strerror(errno));
	if (flock(h->lock, LOCK_EX | LOCK_NB) != 0) {
		ssize_t n = pread(h->lock, owner, sizeof owner - 1, 0);
		owner[n > 0 ? strcspn(owner, "\n") : 0] = '\0';
		die(h->name, "already running in %s (process %s); stop it first, or name another run directory with -r",
		    h->run_dir, *owner ? owner : "unknown");
	}
	if (ftruncate(h->lock, 0) != 0 || dprintf(h->lock, "%ld\n", (long)getpid()) < 0)
		die(h->name, "cannot write %s: %s", path, strerror(errno));
}

static int
on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *ctx)
{
	struct host *h = ctx;

	(void)source;
	if (info->ssi_signo == SIGHUP) {
		/* The service manager is told when the reload began, and by READY=1 that it is over, whatever came of it. */
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)host_now(h));
		if (h->reload)
			h->reload(h->reload_ctx);
		sd_notify(0, "READY=1");
		return 0;
	}
	host_stop(h, 0);
	return 0;
}

static int
on_timer(sd_event_source *source, uint64_t at, void *ctx)
{
	struct host *h = ctx;

	(void)source;
	(void)at;
	h->timer_at = USEC_NEVER;
	if (h->due)
		h->due(h->due_ctx, host_now(h));
	return 0;
}

static void
start_loop(struct host *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int r = sd_event_new(&h->loop);
	for (int s = 0; r >= 0 && s < 3; s++)
		r = sd_event_add_signal(h->loop, NULL, (int[]){ SIGHUP, SIGTERM, SIGINT }[s], on_signal, h);
	if (r >= 0)
		r = sd_event_add_time(h->loop, &h->timer, CLOCK_MONOTONIC, 0, 1, on_timer, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(h->timer, HOST_TIMERS);
	if (r < 0)
		die(h->name, "cannot start the event loop: %s", strerror(-r));
	sd_event_set_watchdog(h->loop, 1);
}

struct host *
host_start(int argc, char **argv, const char *name)
{
	struct host *h = NEW(struct host);
	const char *seed = getenv("PENULT_SEED");
	bool debug = false;

	/* Large blocks stay apart from the many small ones, so that what a large file took goes back to the system. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	h->name = name;
	h->lock = -1;
	h->timer_at = USEC_NEVER;
	read_options(h, argc, argv, &debug);
	log_start(name, debug);
	if (!h->check_only)
		take_lock(h);
	if (seed)
		h->seed = strtoull(seed, NULL, 0);
	else if (getrandom(&h->seed, sizeof h->seed, 0) != sizeof h->seed)
		die(name, "cannot get random numbers from the kernel");
	start_loop(h);
	return h;
}

void
host_free(struct host *h)
{
	if (!h)
		return;
	sd_event_source_unref(h->timer);
	sd_event_unref(h->loop);
	if (h->lock >= 0)
		close(h->lock);
	free(h);
}

int
host_run(struct host *h)
{
	int status = sd_event_loop(h->loop);

	if (h->stop)
		h->stop(h->stop_ctx);
	return status < 0 ? 1 : status;
}

void
host_stop(struct host *h, int status)
{
	sd_notify(0, "STOPPING=1");
	sd_event_exit(h->loop, status);
}

sd_event *
host_loop(struct host *h)
{
	return h->loop;
}

usec_t
host_now(struct host *h)
{
	struct timespec t;

	(void)h;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

uint64_t
host_seed(struct host *h)
{
	return h->seed;
}

const char *
host_name(const struct host *h)
{
	return h->name;
}

const char *
host_config_path(const struct host *h)
{
	return h->config;
}

const char *
host_run_dir(const struct host *h)
{
	return h->run_dir;
}

bool
host_check_only(const struct host *h)
{
	return h->check_only;
}

void
host_on_timer(struct host *h, void (*due)(void *, usec_t), void *ctx)
{
	h->due = due;
	h->due_ctx = ctx;
}

void
host_timer_at(struct host *h, usec_t at)
{
	if (at == h->timer_at)
		return;
	h->timer_at = at;
	if (at == USEC_NEVER) {
		sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(h->timer, at);
	sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

void
host_on_reload(struct host *h, void (*reload)(void *), void *ctx)
{
	h->reload = reload;
	h->reload_ctx = ctx;
}

void
host_on_stop(struct host *h, void (*stop)(void *), void *ctx)
{
	h->stop = stop;
	h->stop_ctx = ctx;
}

void
host_ready(struct host *h, const char *status)
{
	(void)h;
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
host_status(struct host *h, const char *status)
{
	(void)h;
	sd_notifyf(0, "STATUS=%s", status);
}

bool
host_has_capability(int capability)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long effective = 0;
	char line[256];

	if (!f)
		return false;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	fclose(f);
	return effective >> capability & 1;
}
