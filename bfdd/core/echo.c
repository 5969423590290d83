/*
 * The echo function, RFC 5880 sections 6.4, 6.8.5, 6.8.8, 6.8.9, as the sender: packets to ourselves by way of the other
 * end, which only forwards them. What is in them is nobody else's business: our discriminator and a number.
 */
#include "base/wire.h"
#include "bfdd/core/model.h"

#define ECHO_MAGIC UINT32_C(0x50654563)

/* 6.8.9: Up, the other end takes them, and both ends are on one link. */
bool
echo_wanted(const struct session *s)
{
	return s->params.echo_us && !s->params.multihop && s->status.state == BFD_UP && s->status.remote_min_echo_us &&
	       !s->params.path_down;
}

static uint32_t
interval_us(const struct session *s)
{
	return s->params.echo_us > s->status.remote_min_echo_us ? s->params.echo_us : s->status.remote_min_echo_us;
}

void
echo_review(struct bfd_core *c, struct session *s)
{
	bool wanted = echo_wanted(s);

	if (wanted == s->status.echoing)
		return;
	s->status.echoing = wanted;
	s->echo_heard_at = c->now;
	wheel_set(&c->wheel, &s->echo, wanted ? c->now : USEC_NEVER);
}

void
echo_due(struct bfd_core *c, struct session *s)
{
	uint32_t interval = interval_us(s);

	if (!s->status.echoing)
		return;
	if (c->now - s->echo_heard_at > (uint64_t)s->params.detect_mult * interval) {
		session_event(c, s, BFD_ECHO_LOST, s->echo_heard_at + (uint64_t)s->params.detect_mult * interval);
		return;
	}
	struct bfd_send *out = core_send(c, s);
	struct wire_writer w = wire_writer(out->bytes, BFD_ECHO_BYTES);

	wire_put_u32(&w, ECHO_MAGIC);
	wire_put_u32(&w, s->status.local);
	wire_put_u32(&w, ++s->echo_sequence);
	wire_put_u32(&w, 0);
	out->echo = true;
	out->size = BFD_ECHO_BYTES;
	s->status.count.echo_sent++;
	wheel_set(&c->wheel, &s->echo, c->now + interval * UINT64_C(3) / 4 + rng_below(&c->rng, interval / 4 + 1));
}

void
bfd_core_echo(struct bfd_core *c, const uint8_t *bytes, size_t size, usec_t when)
{
	struct wire_reader r = wire_reader(bytes, size);
	uint32_t magic = wire_u32(&r);
	uint32_t local = wire_u32(&r);
	uint32_t sequence = wire_u32(&r);
	struct session *s = wire_ok(&r) && magic == ECHO_MAGIC ? session_find(c, local) : NULL;

	/* Not one of the last few: somebody repeats old ones. */
	if (!s || !s->status.echoing || s->echo_sequence - sequence > s->params.detect_mult)
		return;
	s->status.count.echo_received++;
	if (when > s->echo_heard_at)
		s->echo_heard_at = when;
}
