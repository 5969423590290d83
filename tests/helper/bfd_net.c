/* Two BFD cores on a virtual clock. */
#include "tests/helper/bfd_net.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

struct addr
net_address(unsigned side)
{
	return addr_v4(UINT32_C(0x0a000001) + side);
}

struct bfd_net *
bfd_net_new(uint64_t seed)
{
	struct bfd_net *n = NEW(struct bfd_net);

	n->now = 1000000;
	n->delay_us = 100;
	n->local[0] = NET_LOCAL;
	n->local[1] = NET_LOCAL + 1;
	n->core[0] = bfd_core_new(seed);
	n->core[1] = bfd_core_new(seed + 1);
	return n;
}

void
bfd_net_free(struct bfd_net *n)
{
	bfd_core_free(n->core[0]);
	bfd_core_free(n->core[1]);
	free(n);
}

struct bfd_params
bfd_net_params(unsigned side)
{
	return (struct bfd_params){ .peer = net_address(!side),
		.local = net_address(side),
		.ifindex = NET_IFINDEX,
		.detect_mult = 3,
		.desired_min_tx_us = 10000,
		.required_min_rx_us = 10000 };
}

/* In the order of arrival: packets may overtake each other. */
static void
put_on_wire(struct bfd_net *n, const struct net_packet *p)
{
	size_t i = n->count++;

	for (; i && n->wire[(n->first + i - 1) % NET_HISTORY].at > p->at; i--)
		n->wire[(n->first + i) % NET_HISTORY] = n->wire[(n->first + i - 1) % NET_HISTORY];
	n->wire[(n->first + i) % NET_HISTORY] = *p;
}

void
bfd_net_restart(struct bfd_net *n, unsigned side, uint64_t seed)
{
	bfd_core_free(n->core[side]);
	n->core[side] = bfd_core_new(seed);
	n->local[side] += 2;
}

void
bfd_net_drain(struct bfd_net *n, unsigned side)
{
	size_t count;
	const struct bfd_send *sends = bfd_core_sends(n->core[side], &count);

	for (size_t i = 0; i < count; i++) {
		struct net_packet p = { .at = n->now + n->delay_us + (n->delays ? n->delays(n, side) : 0),
			.to = !side,
			.echo = sends[i].echo,
			.size = sends[i].size };
		memcpy(p.bytes, sends[i].bytes, p.size);
		if (!p.echo) {
			n->last[side] = p;
			n->sent_at[side][n->sends[side]++ % NET_HISTORY] = n->now;
		}
		n->sent[side]++;
		bool lost = n->cut[side] || (n->lose_every[side] && n->sent[side] % n->lose_every[side] == 0);
		lost |= n->loses && n->loses(n, side, p.echo);
		if (!lost && n->count < NET_HISTORY)
			put_on_wire(n, &p);
	}
	const struct bfd_change *changes = bfd_core_changes(n->core[side], &count);
	for (size_t i = 0; i < count; i++)
		n->history[side][n->history_count[side]++ % NET_HISTORY] = changes[i];
	bfd_core_drained(n->core[side]);
}

void
bfd_net_set(struct bfd_net *n, unsigned side, const struct bfd_params *p)
{
	bfd_core_set(n->core[side], n->local[side], p, n->now);
	bfd_net_drain(n, side);
}

/* Packed into a frame, and taken out of it again. */
static void
by_channel(const struct vccv_form *form, struct bfd_datagram *d, uint8_t *frame)
{
	struct envelope e = vccv_envelope(form);
	size_t size = envelope_fill(&e, d->bytes, d->size, frame);
	struct vccv_packet p;

	if (!vccv_decode(frame, size, &p))
		abort();
	d->bytes = p.payload;
	d->size = p.size;
	d->from = p.from;
	d->to = p.to;
	d->ttl = p.ttl;
	d->vccv_label = p.label;
	d->vccv_encapsulation = p.encapsulation;
}

enum bfd_verdict
bfd_net_give_bytes(struct bfd_net *n, unsigned side, const uint8_t *bytes, size_t size)
{
	struct bfd_datagram d = { .bytes = bytes,
		.size = size,
		.from = net_address(!side),
		.to = net_address(side),
		.ifindex = NET_IFINDEX,
		.ttl = 255 };
	uint8_t frame[ENVELOPE_HEAD + ENVELOPE_BYTES + BFD_PACKET_MAX];

	if (n->channel[side].label)
		by_channel(&n->channel[side], &d, frame);
	enum bfd_verdict v = bfd_core_packet(n->core[side], &d, n->received ? n->received(n, side) : n->now);

	bfd_net_drain(n, side);
	return v;
}

enum bfd_verdict
bfd_net_give(struct bfd_net *n, unsigned side, const struct bfd_packet *p)
{
	uint8_t bytes[BFD_BYTES];

	bfd_encode(p, bytes);
	return bfd_net_give_bytes(n, side, bytes, sizeof bytes);
}

static void
deliver(struct bfd_net *n)
{
	struct net_packet p = n->wire[n->first];

	n->first = (n->first + 1) % NET_HISTORY;
	n->count--;
	if (p.echo && !n->cut[p.to] && !n->echo_cut[!p.to] &&
	    n->core[!p.to]) { /* forwarded back by the other end's kernel */
		bfd_core_echo(n->core[!p.to], p.bytes, p.size, n->now);
		bfd_net_drain(n, !p.to);
	} else if (!p.echo && n->core[p.to]) {
		bfd_net_give_bytes(n, p.to, p.bytes, p.size);
	}
}

/* One step: to whatever comes next, packets before timers. False: nothing before `end`. */
static bool
step(struct bfd_net *n, usec_t end)
{
	usec_t next = n->count ? n->wire[n->first].at : USEC_NEVER;
	usec_t due[2];

	for (unsigned i = 0; i < 2; i++) {
		due[i] = n->core[i] ? bfd_core_due(n->core[i]) : USEC_NEVER;
		next = usec_min(next, due[i]);
	}
	if (next > end) {
		n->now = end;
		return false;
	}
	if (next > n->now)
		n->now = next;
	if (n->count && n->wire[n->first].at <= n->now) {
		deliver(n);
		return true;
	}
	for (unsigned i = 0; i < 2; i++)
		if (due[i] <= n->now) {
			bfd_core_timer(n->core[i], n->now);
			bfd_net_drain(n, i);
		}
	return true;
}

void
bfd_net_run(struct bfd_net *n, usec_t span)
{
	usec_t end = n->now + span;

	while (step(n, end))
		;
}

bool
bfd_net_until(struct bfd_net *n, unsigned side, enum bfd_state state, usec_t span)
{
	usec_t end = n->now + span;

	while (bfd_net_status(n, side).state != state)
		if (!step(n, end))
			return false;
	return true;
}

struct bfd_status
bfd_net_status(const struct bfd_net *n, unsigned side)
{
	struct bfd_status s = { .state = BFD_STATES };

	if (n->core[side])
		bfd_core_status(n->core[side], n->local[side], &s);
	return s;
}

struct bfd_packet
bfd_net_said(const struct bfd_net *n, unsigned side)
{
	struct bfd_packet p = { 0 };

	bfd_decode(n->last[side].bytes, n->last[side].size, &p);
	return p;
}
