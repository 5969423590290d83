/*
 * A thread that does nothing but send(). For a netlink request the kernel does the whole work inside that call, so while
 * it programs one batch here, the engine prepares the next one on another processor.
 *
 * Batches are sent in the order they were given, and even the smallest by the thread: the kernel may take seconds for it
 * when somebody else holds its lock of all routing. The thread touches no state but what the lock guards.
 */
#include "base/mem.h"
#include "fibd/kernel/kernel.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCHES = 8 };

struct writer {
	struct quiet *quiet;
	int fd, failed; /* failed: an eventfd, readable when a batch could not be sent */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t given, taken;
	struct {
		uint8_t *bytes;
		size_t size;
		bool quiet;
	} ring[BATCHES];
	unsigned first, count; /* the first is being sent */
	int error;
	bool stop;
};

static int
send_one(int fd, const uint8_t *bytes, size_t size)
{
	ssize_t n;

	do
		n = send(fd, bytes, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static int
send_quietly(struct quiet *q, int fd, const uint8_t *bytes, size_t size)
{
	bool quiet = quiet_begin(q);
	int error = send_one(fd, bytes, size);

	if (quiet)
		quiet_end(q);
	return error;
}

static void *
work(void *ctx)
{
	struct writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->count && !w->stop)
			pthread_cond_wait(&w->given, &w->lock);
		if (!w->count)
			break;
		uint8_t *bytes = w->ring[w->first].bytes;
		size_t size = w->ring[w->first].size;
		bool quiet = w->ring[w->first].quiet;
		pthread_mutex_unlock(&w->lock);
		int error = quiet ? send_quietly(w->quiet, w->fd, bytes, size) : send_one(w->fd, bytes, size);
		free(bytes);
		pthread_mutex_lock(&w->lock);
		w->first = (w->first + 1) % BATCHES;
		w->count--;
		pthread_cond_signal(&w->taken);
		if (error) {
			w->error = error;
			eventfd_write(w->failed, 1);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *
writer_start(int fd, struct quiet *quiet)
{
	struct writer *w = NEW(struct writer);
	sigset_t all, before;

	w->fd = fd;
	w->quiet = quiet;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given, NULL);
	pthread_cond_init(&w->taken, NULL);
	w->failed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w->running = w->failed >= 0 && pthread_create(&w->thread, NULL, work, w) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (w->running)
		return w;
	writer_stop(w);
	return NULL;
}

void
writer_stop(struct writer *w)
{
	if (!w)
		return;
	if (w->running) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_signal(&w->given);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	if (w->failed >= 0)
		close(w->failed);
	pthread_cond_destroy(&w->given);
	pthread_cond_destroy(&w->taken);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int
writer_failed_fd(const struct writer *w)
{
	return w->failed;
}

bool
writer_is_idle(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	bool idle = !w->count;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

int
writer_error(struct writer *w)
{
	eventfd_t n;

	eventfd_read(w->failed, &n);
	pthread_mutex_lock(&w->lock);
	int error = w->error;
	w->error = 0;
	pthread_mutex_unlock(&w->lock);
	return error;
}

void
writer_send(struct writer *w, const uint8_t *bytes, size_t size, bool quiet)
{
	pthread_mutex_lock(&w->lock);
	while (w->count == BATCHES)
		pthread_cond_wait(&w->taken, &w->lock);
	unsigned at = (w->first + w->count) % BATCHES;
	w->ring[at].bytes = mem_copy(bytes, size);
	w->ring[at].size = size;
	w->ring[at].quiet = quiet;
	w->count++;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->lock);
}
