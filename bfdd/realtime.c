/*
 * The thread that keeps time. It runs under SCHED_FIFO where that is permitted, with its memory locked, and does four
 * things in a fixed order each time it wakes: read what was received, take orders, let the core look at the clock, send.
 * So nobody is declared down before everything that had come by then was read; and when more came than can be read at
 * once, the core's clock stops at the last packet that was.
 *
 * Between this thread and the rest of bfdd lie two rings of one writer and one reader each. Neither side ever waits for
 * the other: a change that finds no room stays here until there is some.
 */
#include "bfdd/realtime.h"
#include "base/mem.h"
#include "bfdd/realtime_ears.h"
#include "bfdd/realtime_sockets.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	ORDERS = 256,
	NEWS = 4096,
	PRIORITY = 50,
	STACK_BYTES = 256 * 1024,
	ROOM_US = 1000,    /* for news that had none, asked again after this */
	LATE_US = 1000,    /* a wake that comes later than that is counted */
	TELL_US = 1000000, /* counters are told so often */
	TELL_STEP = 32,    /* of so many sessions each time it wakes */
	LONGEST_US = 1000000,
	SOON = 4, /* packets before it is its turn a session's socket is fetched from memory */
};

struct news { /* out */
	enum { NEWS_CHANGE, NEWS_COUNTERS, NEWS_PROCESS, NEWS_QUESTION } kind;
	union {
		struct bfd_change change;
		struct bfd_process process;
		struct hop_question question;
	};
};

struct realtime {
	pthread_t thread;
	bool running;
	atomic_bool stop;
	int in_event, out_event;
	struct sockets *sockets;
	struct bfd_core *core;

	struct bfd_order orders[ORDERS];
	_Atomic uint32_t order_head, order_tail; /* written at head, read at tail */
	struct news *news;
	_Atomic uint32_t news_head, news_tail;

	/* the thread's own */
	struct bfd_change *kept; /* changes that found no room */
	size_t kept_count, kept_room;
	bool told_something;
	usec_t tell_at;
	uint32_t tell_next; /* session whose counters come after; 0: none of this round is left */
	bool telling;
	struct bfd_process process;
};

static usec_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static void
ring(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof one);

	(void)n; /* it is rung already */
}

static void
silence(int fd)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof count);

	(void)n; /* nobody rang */
}

/* --- news --- */

static uint32_t
news_room(const struct realtime *r)
{
	return NEWS - (atomic_load_explicit(&r->news_head, memory_order_relaxed) -
			  atomic_load_explicit(&r->news_tail, memory_order_acquire));
}

/* The next free place; the caller has looked for room. */
static struct news *
news_place(struct realtime *r)
{
	return &r->news[atomic_load_explicit(&r->news_head, memory_order_relaxed) % NEWS];
}

static void
news_done(struct realtime *r)
{
	atomic_fetch_add_explicit(&r->news_head, 1, memory_order_release);
	r->told_something = true;
}

static bool
tell_change(struct realtime *r, const struct bfd_change *c)
{
	if (!news_room(r))
		return false;
	struct news *n = news_place(r);
	n->kind = NEWS_CHANGE;
	n->change = *c;
	news_done(r);
	return true;
}

static void
keep(struct realtime *r, const struct bfd_change *c)
{
	if (r->kept_count == r->kept_room) {
		r->kept_room = r->kept_room ? r->kept_room * 2 : 256;
		r->kept = mem_resize(r->kept, r->kept_room * sizeof *r->kept);
	}
	r->kept[r->kept_count++] = *c;
}

static void
tell_kept(struct realtime *r)
{
	size_t told = 0;

	while (told < r->kept_count && tell_change(r, &r->kept[told]))
		told++;
	if (!told)
		return;
	r->kept_count -= told;
	memmove(r->kept, r->kept + told, r->kept_count * sizeof *r->kept);
}

static void
tell_process(struct realtime *r)
{
	struct news *n = news_place(r);

	sockets_tell(r->sockets, &r->process);
	for (int v = 0; v < BFD_VERDICTS; v++)
		r->process.refused[v] = bfd_core_refused(r->core, (enum bfd_verdict)v);
	n->kind = NEWS_PROCESS;
	n->process = r->process;
	news_done(r);
}

/* Counters once a second, a few sessions at a time; never where a change could need the room. */
static void
tell_counters(struct realtime *r, usec_t now)
{
	if (!r->telling && now >= r->tell_at && news_room(r) > NEWS / 2) {
		r->telling = true;
		r->tell_next = bfd_core_next(r->core, 0);
		r->tell_at = now + TELL_US;
		tell_process(r);
	}
	for (int i = 0; i < TELL_STEP && r->tell_next && news_room(r) > NEWS / 2; i++) {
		struct news *n = news_place(r);
		n->kind = NEWS_COUNTERS;
		if (bfd_core_status(r->core, r->tell_next, &n->change.status))
			news_done(r);
		r->tell_next = bfd_core_next(r->core, r->tell_next);
	}
	r->telling = r->tell_next != 0;
}

/* What the kernel has to be asked may make it wait for its own locks: so the other side asks. */
static void
tell_questions(struct realtime *r)
{
	struct hop_question q;

	while (news_room(r) > NEWS / 2 && sockets_question(r->sockets, &q)) {
		struct news *n = news_place(r);
		n->kind = NEWS_QUESTION;
		n->question = q;
		news_done(r);
	}
}

/* --- the thread --- */

static void
take_orders(struct realtime *r, usec_t now)
{
	uint32_t tail = atomic_load_explicit(&r->order_tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->order_head, memory_order_acquire);

	if (tail == head)
		return;
	for (; tail != head; tail++) {
		const struct bfd_order *o = &r->orders[tail % ORDERS];
		if (o->remove) {
			bfd_core_remove(r->core, o->local, now);
		} else {
			sockets_order(r->sockets, o);
			bfd_core_set(r->core, o->local, &o->params, now);
		}
	}
	atomic_store_explicit(&r->order_tail, tail, memory_order_release);
	r->told_something = true; /* there is room for more */
}

/* Does what the core says. */
static void
drain(struct realtime *r, usec_t now)
{
	size_t count;
	const struct bfd_send *sends = bfd_core_sends(r->core, &count);

	for (size_t i = 0; i < count + SOON; i++) {
		if (i < count)
			sockets_send_soon(r->sockets, sends[i].local);
		if (i >= SOON)
			sockets_send(r->sockets, &sends[i - SOON], now);
	}
	sockets_flush(r->sockets, now);
	tell_kept(r);
	const struct bfd_change *changes = bfd_core_changes(r->core, &count);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].gone)
			sockets_forget(r->sockets, changes[i].status.local);
		if (r->kept_count || !tell_change(r, &changes[i]))
			keep(r, &changes[i]);
	}
	bfd_core_drained(r->core);
}

static void
on_packet(void *ctx, const struct bfd_datagram *d, usec_t when)
{
	struct realtime *r = ctx;

	bfd_core_packet(r->core, d, when);
}

static void
on_soon(void *ctx, const uint8_t *bytes, size_t size)
{
	struct realtime *r = ctx;

	bfd_core_expect(r->core, bytes, size);
}

static void
on_echo(void *ctx, const uint8_t *bytes, size_t size, usec_t when)
{
	struct realtime *r = ctx;

	bfd_core_echo(r->core, bytes, size, when);
}

static void
sleep_until(struct realtime *r, usec_t due)
{
	usec_t now = now_us();
	struct epoll_event event;

	if (due <= now)
		return;
	if (due - now <= bfd_core_patience(r->core)) { /* packets do not end so short a sleep: many are read at once */
		struct timespec until = { (time_t)(due / USEC_PER_SEC), (long)(due % USEC_PER_SEC * 1000) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		return;
	}
	usec_t span = usec_min(due - now, LONGEST_US);
	struct timespec wait = { (time_t)(span / USEC_PER_SEC), (long)(span % USEC_PER_SEC * 1000) };
	epoll_pwait2(ears_epoll(sockets_ears(r->sockets)), &event, 1, &wait, NULL);
}

static void
count_wake(struct realtime *r, usec_t due, usec_t now)
{
	r->process.wakes++;
	if (due == USEC_NEVER || now <= due + LATE_US)
		return;
	r->process.late_wakes++;
	if (now - due > r->process.late_max_us)
		r->process.late_max_us = (uint32_t)usec_min(now - due, UINT32_MAX);
}

static void
one_turn(struct realtime *r)
{
	const struct ears_reader reader = { on_packet, on_echo, on_soon, r };
	struct ears *ears = sockets_ears(r->sockets);
	usec_t due = bfd_core_due(r->core);
	usec_t wish = usec_min(due, r->telling ? 0 : r->tell_at);

	sleep_until(r, r->kept_count ? usec_min(wish, now_us() + ROOM_US) : wish);
	usec_t now = now_us();
	count_wake(r, due, now);
	usec_t until = ears_read(ears, &reader, now);
	if (ears_rung(ears))
		silence(r->in_event);
	if (ears_lost(ears))
		bfd_core_blind(r->core, now);
	if (due < now && now - due > LATE_US)
		bfd_core_stalled(r->core, now - due, now);
	take_orders(r, now);
	bfd_core_timer(r->core, until);
	drain(r, now);
	tell_counters(r, now);
	tell_questions(r);
	if (r->told_something)
		ring(r->out_event);
	r->told_something = false;
}

static void
get_priority(struct realtime *r)
{
	struct sched_param p = { .sched_priority = PRIORITY };
	int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p);

	prctl(PR_SET_TIMERSLACK, 1UL);
	pthread_setname_np(pthread_self(), "bfd-realtime");
	if (error == 0) {
		snprintf(r->process.scheduling, sizeof r->process.scheduling, "SCHED_FIFO %d", PRIORITY);
		return;
	}
	snprintf(r->process.scheduling, sizeof r->process.scheduling, "normal, SCHED_FIFO is not permitted%s",
	    setpriority(PRIO_PROCESS, 0, -20) == 0 ? "; nice -20" : "");
}

static void *
run(void *arg)
{
	struct realtime *r = arg;

	get_priority(r);
	while (!atomic_load_explicit(&r->stop, memory_order_relaxed))
		one_turn(r);
	/* Everybody is told that this is no failure. */
	for (uint32_t local = bfd_core_next(r->core, 0); local; local = bfd_core_next(r->core, local))
		bfd_core_remove(r->core, local, now_us());
	drain(r, now_us());
	return NULL;
}

/* --- the other side --- */

/* Pages stay once they were touched. Only without a limit: with one, the first allocation beyond it would fail. */
static bool
lock_memory(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (limit.rlim_cur != RLIM_INFINITY && geteuid() != 0))
		return false;
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

/* Every session has sockets of its own. */
static void
raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int
start_thread(struct realtime *r)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	int error = pthread_create(&r->thread, &attr, run, r);
	pthread_attr_destroy(&attr);
	r->running = error == 0;
	return error;
}

struct realtime *
realtime_start(uint64_t seed, char why[256])
{
	struct realtime *r = NEW(struct realtime);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int error;

	r->in_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->out_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->news = mem_zalloc(NEWS * sizeof *r->news);
	r->core = bfd_core_new(seed);
	r->process.memory_locked = lock_memory();
	raise_files();
	if (!(r->sockets = sockets_open(why))) {
		realtime_stop(r);
		return NULL;
	}
	if (r->in_event < 0 || r->out_event < 0 ||
	    epoll_ctl(ears_epoll(sockets_ears(r->sockets)), EPOLL_CTL_ADD, r->in_event, &event) != 0)
		error = errno;
	else
		error = start_thread(r);
	if (error == 0)
		return r;
	snprintf(why, 256, "cannot start the thread that keeps time: %s", strerror(error));
	realtime_stop(r);
	return NULL;
}

void
realtime_stop(struct realtime *r)
{
	if (!r)
		return;
	if (r->running) {
		atomic_store(&r->stop, true);
		ring(r->in_event);
		pthread_join(r->thread, NULL);
	}
	sockets_close(r->sockets);
	bfd_core_free(r->core);
	if (r->in_event >= 0)
		close(r->in_event);
	if (r->out_event >= 0)
		close(r->out_event);
	free(r->news);
	free(r->kept);
	free(r);
}

size_t
realtime_order(struct realtime *r, const struct bfd_order *orders, size_t count)
{
	uint32_t head = atomic_load_explicit(&r->order_head, memory_order_relaxed);
	uint32_t used = head - atomic_load_explicit(&r->order_tail, memory_order_acquire);
	size_t taken = count < ORDERS - used ? count : ORDERS - used;

	for (size_t i = 0; i < taken; i++)
		r->orders[(head + i) % ORDERS] = orders[i];
	atomic_store_explicit(&r->order_head, head + (uint32_t)taken, memory_order_release);
	if (taken)
		ring(r->in_event);
	return taken;
}

int
realtime_events(const struct realtime *r)
{
	return r->out_event;
}

void
realtime_read(struct realtime *r, const struct realtime_ops *ops, void *ctx)
{
	silence(r->out_event);
	uint32_t tail = atomic_load_explicit(&r->news_tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->news_head, memory_order_acquire);

	for (; tail != head; tail++) {
		struct news *n = &r->news[tail % NEWS];
		switch (n->kind) {
		case NEWS_CHANGE: ops->change(ctx, &n->change); break;
		case NEWS_COUNTERS: ops->counters(ctx, &n->change.status); break;
		case NEWS_PROCESS: ops->process(ctx, &n->process); break;
		case NEWS_QUESTION: sockets_ask(r->sockets, &n->question); break;
		}
		atomic_store_explicit(&r->news_tail, tail + 1, memory_order_release);
	}
}
