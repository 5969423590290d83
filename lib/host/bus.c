/* The bus as a whole: one ZeroMQ context per daemon, its owner's side and its mirrors. */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PING_MS = 5000 };

struct bus *
bus_open(struct host *host, const char *daemon)
{
	struct bus *b = NEW(struct bus);

	b->host = host;
	b->zmq = zmq_ctx_new();
	snprintf(b->daemon, sizeof b->daemon, "%s", daemon);
	/* The seed may be fixed for tests; two starts still differ. */
	b->epoch = host_seed(host) ^ host_now(host) * UINT64_C(0x9e3779b97f4a7c15);
	b->ping_ms = PING_MS;
	list_init(&b->tables);
	list_init(&b->subscriptions);
	list_init(&b->handlers);
	list_init(&b->held);
	list_init(&b->mirrors);
	arena_init(&b->arena);
	int r = b->zmq ? bus_owner_start(b) : -errno;
	if (r < 0) {
		log_line(LOG_LINE_ERROR, "cannot serve %s/%s.bus: %s", host_run_dir(host), daemon, strerror(-r));
		bus_close(b);
		return NULL;
	}
	return b;
}

void
bus_close(struct bus *b)
{
	if (!b)
		return;
	while (!list_is_empty(&b->mirrors))
		mirror_close((struct mirror *)(void *)b->mirrors.next); /* the link is its first member */
	bus_owner_stop(b);
	if (b->zmq)
		zmq_ctx_term(b->zmq);
	arena_free(&b->arena);
	free(b->batch);
	free(b);
}
