/* The front of bfdd in a test's hands. */
#include "tests/unit/bfdd/front.h"
#include "base/mem.h"
#include "proto/fib.pb-c.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct addr
address(const char *text)
{
	struct addr a = addr_none();
	bool ok = addr_parse(text, &a);

	assert(ok);
	(void)ok;
	return a;
}

static void
input(struct front *f, const struct bfd_input *in)
{
	bfd_input(f->bfd, in, f->now);
}

void
front_port(struct front *f, uint32_t ifindex, bool up, bool gone)
{
	static const struct {
		uint32_t ifindex, vrf_ifindex;
		const char *name, *label, *vrf;
	} ports[] = { { 3, 0, "eth0", "GE0/1/0", "" }, { 4, 9, "eth1", "GE0/2/0", "red" }, { 9, 0, "red", "red", "" },
		{ 70, 0, "vccv0", "vccv0", "" } };
	Fib__Interface row = FIB__INTERFACE__INIT;

	for (size_t i = 0; i < COUNT(ports); i++)
		if (ports[i].ifindex == ifindex) {
			row.name = (char *)(uintptr_t)ports[i].name;
			row.label = (char *)(uintptr_t)ports[i].label;
			row.vrf = (char *)(uintptr_t)ports[i].vrf;
			row.vrf_ifindex = ports[i].vrf_ifindex;
		}
	row.ifindex = ifindex;
	row.admin_up = row.carrier = up;
	input(f, &(struct bfd_input){
		     .kind = BFD_IN_ROW, .table = BFD_FIB_INTERFACE, .row = &row, .gone = gone, .round = f->round });
}

struct front *
front_new(void)
{
	struct front *f = NEW(struct front);

	f->now = 100 * USEC_PER_SEC;
	f->bfd = bfd_new();
	f->round = 1;
	arena_init(&f->arena);
	for (uint32_t i = 3; i <= 4; i++)
		front_port(f, i, true, false);
	front_port(f, 9, true, false);
	input(f, &(struct bfd_input){ .kind = BFD_IN_SYNCED, .table = BFD_FIB_INTERFACE, .round = 1 });
	f->config.enabled = true;
	front_configure(f);
	return f;
}

void
front_free(struct front *f)
{
	bfd_free(f->bfd);
	bfd_config_free(&f->config);
	arena_free(&f->arena);
	free(f);
}

struct bfd_session_config *
front_session(struct front *f, const char *name, const char *peer, const char *interface)
{
	struct bfd_session_config *s = bfd_config_session_add(&f->config, name);

	s->peer = address(peer);
	s->automatic = true;
	if (interface)
		strncpy(s->interface, interface, sizeof s->interface - 1);
	return s;
}

void
front_configure(struct front *f)
{
	input(f, &(struct bfd_input){ .kind = BFD_IN_CONFIG, .config = &f->config });
}

static void
request(struct front *f, const char *daemon, const char *peer, uint32_t ifindex, uint32_t min_ms, uint32_t multiplier,
    bool gone)
{
	Bfd__Request row = BFD__REQUEST__INIT;
	struct addr a = address(peer);

	row.client = (char *)(uintptr_t) "static";
	row.peer = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.ifindex = ifindex;
	row.min_tx_us = row.min_rx_us = min_ms * 1000;
	row.multiplier = multiplier;
	input(f, &(struct bfd_input){ .kind = BFD_IN_ROW,
		     .table = BFD_REQUEST,
		     .daemon = daemon,
		     .row = &row,
		     .gone = gone,
		     .round = f->round });
}

void
front_request(
    struct front *f, const char *daemon, const char *peer, uint32_t ifindex, uint32_t min_ms, uint32_t multiplier)
{
	request(f, daemon, peer, ifindex, min_ms, multiplier, false);
}

void
front_channel(struct front *f, const char *daemon, const struct front_channel *c, bool gone)
{
	Bfd__Request row = BFD__REQUEST__INIT;
	struct addr peer = address(c->peer), source = c->no_source ? addr_none() : address("1.1.1.1");

	row.client = (char *)(uintptr_t) "l2vpn";
	row.peer = (ProtobufCBinaryData){ addr_size(&peer), peer.bytes };
	row.source = (ProtobufCBinaryData){ addr_is_set(&source) ? addr_size(&source) : 0, source.bytes };
	row.ifindex = c->ifindex;
	row.vccv_label = c->label;
	row.vccv_encapsulation = c->encapsulation;
	row.vccv_control_word = c->word;
	row.min_tx_us = row.min_rx_us = c->min_ms * 1000;
	row.multiplier = c->multiplier;
	input(f, &(struct bfd_input){ .kind = BFD_IN_ROW,
		     .table = BFD_REQUEST,
		     .daemon = daemon,
		     .row = &row,
		     .gone = gone,
		     .round = f->round });
}

void
front_request_gone(struct front *f, const char *daemon, const char *peer, uint32_t ifindex)
{
	request(f, daemon, peer, ifindex, 0, 0, true);
}

void
front_requests_synced(struct front *f, const char *daemon, uint32_t round)
{
	input(f, &(struct bfd_input){ .kind = BFD_IN_SYNCED, .table = BFD_REQUEST, .daemon = daemon, .round = round });
}

size_t
front_take(struct front *f)
{
	f->order_count = bfd_take_orders(f->bfd, f->orders, COUNT(f->orders));
	return f->order_count;
}

const struct bfd_order *
front_order(const struct front *f, uint32_t local)
{
	for (size_t i = 0; i < f->order_count; i++)
		if (f->orders[i].local == local)
			return &f->orders[i];
	return NULL;
}

void
front_say(struct front *f, uint32_t local, enum bfd_state state, enum bfd_state remote)
{
	struct bfd_change c = { .status = { .local = local,
				    .remote = 77,
				    .state = state,
				    .remote_state = remote,
				    .changed_at = f->now,
				    .count.sent = 10 } };

	input(f, &(struct bfd_input){ .kind = BFD_IN_CHANGE, .change = &c });
}

void
front_gone(struct front *f, uint32_t local)
{
	input(f, &(struct bfd_input){
		     .kind = BFD_IN_CHANGE, .change = &(struct bfd_change){ .status.local = local, .gone = true } });
}

void
front_pass(struct front *f, usec_t span)
{
	usec_t until = f->now + span;

	for (usec_t due; (due = bfd_due(f->bfd)) <= until;) {
		f->now = due;
		input(f, &(struct bfd_input){ .kind = BFD_IN_TIMER });
	}
	f->now = until;
}

static struct table *
table(struct front *f, const char *name)
{
	struct table *const *t = bfd_tables(f->bfd);

	while (strcmp((*t)->name, name) != 0)
		t++;
	return *t;
}

const Bfd__Session *
front_row(struct front *f, const char *name)
{
	const struct table *t = table(f, "bfd.Session");

	arena_reset(&f->arena);
	for (const struct row *r = t->oldest; r; r = r->newer) {
		Bfd__Session *m = arena_take(&f->arena, sizeof *m);
		bfd__session__init(m);
		t->fill(r, m, &f->arena);
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

const Bfd__Counters *
front_counters(struct front *f, const char *name)
{
	const struct table *t = table(f, "bfd.Counters");

	arena_reset(&f->arena);
	for (const struct row *r = t->oldest; r; r = r->newer) {
		Bfd__Counters *m = arena_take(&f->arena, sizeof *m);
		bfd__counters__init(m);
		t->fill(r, m, &f->arena);
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

size_t
front_rows(struct front *f)
{
	return table(f, "bfd.Session")->count;
}

bool
front_logged(struct front *f, const char *part)
{
	struct outbox *out = bfd_outbox(f->bfd);
	bool found = false;

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		found |= e.kind == EFFECT_LOG && strstr((const char *)e.bytes, part);
	}
	outbox_clear(out);
	return found;
}
