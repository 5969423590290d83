/*
 * The echo function, RFC 5880 sections 6.4, 6.8.5, 6.8.8, 6.8.9, as the sender: packets to ourselves by way of the other
 * end, which only forwards them. What is in them is nobody else's business: our discriminator, a number, and a secret, so
 * that nobody who has not seen the last ones can answer in place of the path.
 *
 * That the other end says it takes echoes does not mean that they come back: it may filter them, or forward nothing. So
 * the function is tried first, and detects failures only once an echo has come back: a neighbour that never sent one
 * back has not failed. One that did and does no more has, also when its control packets go on.
 */
#include "base/wire.h"
#include "bfdd/core/model.h"

#define ECHO_MAGIC UINT32_C(0x50654563)

enum { TRY_SLOWLY_US = 1000000 }; /* when the first few stay away */

/* 6.8.9: Up, the other end takes them, and both ends are on one link. */
static bool
is_wanted(const struct session *s)
{
	return s->params.echo_us && !s->params.multihop && s->status.state == BFD_UP && s->status.remote_min_echo_us &&
	       !s->params.path_down;
}

static uint32_t
interval_us(const struct session *s)
{
	uint32_t us =
	    s->params.echo_us > s->status.remote_min_echo_us ? s->params.echo_us : s->status.remote_min_echo_us;

	return !s->echo_proven && s->echo_tries > s->params.detect_mult && us < TRY_SLOWLY_US ? TRY_SLOWLY_US : us;
}

static usec_t
deadline(const struct session *s)
{
	return s->echo_proven ? s->echo_heard_at + (uint64_t)s->params.detect_mult * interval_us(s) : USEC_NEVER;
}

void
echo_review(struct bfd_core *c, struct session *s)
{
	bool wanted = is_wanted(s);

	if (wanted == s->echo_sending)
		return;
	s->echo_sending = wanted;
	s->status.echoing = wanted && s->echo_proven;
	s->echo_heard_at = s->echo_send_at = c->now;
	s->echo_tries = 0;
	wheel_set(&c->wheel, &s->echo, wanted ? c->now : USEC_NEVER);
}

static void
send_echo(struct bfd_core *c, struct session *s)
{
	struct bfd_send *out = core_send(c, s);
	struct wire_writer w = wire_writer(out->bytes, BFD_ECHO_BYTES);

	wire_put_u32(&w, ECHO_MAGIC);
	wire_put_u32(&w, s->status.local);
	wire_put_u32(&w, ++s->echo_sequence);
	wire_put_u32(&w, s->echo_secret);
	out->echo = true;
	out->size = BFD_ECHO_BYTES;
	s->status.count.echo_sent++;
	s->echo_tries += s->echo_tries <= s->params.detect_mult;
}

void
echo_due(struct bfd_core *c, struct session *s)
{
	uint32_t interval = interval_us(s);

	if (!s->echo_sending)
		return;
	if (c->now >= deadline(s)) {
		session_event(c, s, BFD_ECHO_LOST, deadline(s));
		return;
	}
	if (c->now >= s->echo_send_at) {
		send_echo(c, s);
		s->echo_send_at = c->now + interval * UINT64_C(3) / 4 + rng_below(&c->rng, interval / 4 + 1);
	}
	wheel_set(&c->wheel, &s->echo, usec_min(s->echo_send_at, deadline(s)));
}

void
bfd_core_echo(struct bfd_core *c, const uint8_t *bytes, size_t size, usec_t when)
{
	struct wire_reader r = wire_reader(bytes, size);
	uint32_t magic = wire_u32(&r);
	uint32_t local = wire_u32(&r);
	uint32_t sequence = wire_u32(&r);
	uint32_t secret = wire_u32(&r);
	struct session *s = wire_ok(&r) && magic == ECHO_MAGIC ? session_find(c, local) : NULL;

	/* Not one of the last few: somebody repeats old ones. */
	if (!s || !s->echo_sending || secret != s->echo_secret || s->echo_sequence - sequence > s->params.detect_mult)
		return;
	if (when > c->now)
		c->now = when;
	s->status.count.echo_received++;
	if (when > s->echo_heard_at)
		s->echo_heard_at = when;
	if (s->status.echoing)
		return;
	s->echo_proven = s->status.echoing = true;
	s->echo_send_at = c->now; /* from now on the pace is the real one */
	wheel_set(&c->wheel, &s->echo, c->now);
	session_retune(c, s, false);
}
