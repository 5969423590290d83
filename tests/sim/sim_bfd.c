/*
 * Pairs of BFD cores on a clock of their own, through whatever a network, a machine and an operator may do to them.
 *
 * A pair gets timers, multipliers, keys, echoes and demand mode by chance, of either end, or stands at a pseudowire's ends. Then
 * one thing after another happens to it, each followed by what must hold:
 *
 *   loss       never as many packets in a row as the multiplier, late and overtaking: nobody falls
 *   clocks     the real-time clock leaps by seconds and hours while packets wait to be read: nobody falls
 *   timers     both ends are given others, while packets are lost: nobody falls, and in the end they agree
 *   stall      the whole machine of one end stands still for longer than the detection time: it does not fall by that
 *   cut        in one direction or both: both ends are down within their detection time, and up again after it
 *   restart    kill -9 of one end: the other falls at most once, and both are up again
 *
 * All of it follows from one number: failures print it.
 */
#include "base/rng.h"
#include "bfdd/realtime_clock.h"
#include "tests/helper/bfd_net.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SECOND = 1000000 };

static struct bfd_net *net;
static struct rng rng;
static struct bfd_params params[2];
static uint64_t seed, pair_seed;
static unsigned pairs = 200, in_a_row[2][2], lost;
static usec_t real_offset, slack; /* slack: what a packet may be late by, on its way and read */
static const char *doing;

static void __attribute__((noreturn, format(printf, 1, 2))) broken(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "sim_bfd: %s: ", doing);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n  ends: %s, %s; once more: sim_bfd --pairs 1 --seed %llu\n",
	    bfd_state_name(bfd_net_status(net, 0).state), bfd_state_name(bfd_net_status(net, 1).state),
	    (unsigned long long)pair_seed);
	exit(1);
}

static uint64_t
chance(uint64_t limit)
{
	return rng_below(&rng, limit);
}

/* --- a pair --- */

static void
draw_timers(struct bfd_params *p)
{
	static const uint32_t intervals[] = { 3300, 10000, 20000, 50000, 100000, 300000 };

	p->desired_min_tx_us = intervals[chance(6)];
	p->required_min_rx_us = intervals[chance(6)];
	p->detect_mult = (uint8_t)(2 + chance(5));
}

/* One of three pairs is of the ends of a pseudowire, each with a label of its own, and has neither echoes nor demand mode. */
static void
draw_channel(struct bfd_params *p, unsigned side, bool bare)
{
	struct vccv_form f = { .label = 524288 + side * 1000,
		.encapsulation = bare ? VCCV_ACH : VCCV_IP,
		.control_word = bare || chance(2),
		.own = net_address(!side),
		.port = 49152 };

	net->channel[side] = f;
	p->vccv_label = f.label;
	p->vccv_encapsulation = f.encapsulation;
	p->demand = false;
	p->demand_poll_us = 0;
}

static void
draw_pair(void)
{
	uint8_t kind = (uint8_t)chance(BFD_AUTH_MET_SHA1 + 1);
	bool channel = chance(3) == 0, bare = chance(2), echo = !channel && chance(4) == 0;

	for (unsigned i = 0; i < 2; i++) {
		params[i] = bfd_net_params(i);
		draw_timers(&params[i]);
		params[i].demand = chance(5) == 0;
		params[i].demand_poll_us = params[i].demand ? 200000 : 0;
		if (echo) {
			params[i].echo_us = i ? 0 : 50000;
			params[i].required_min_echo_us = 20000;
		}
		if (channel)
			draw_channel(&params[i], i, bare);
		if (kind) {
			params[i].key_count = 1;
			params[i].keys[0] = (struct bfd_key){ .id = 1, .type = (enum bfd_auth_type)kind, .size = 5 };
			memcpy(params[i].keys[0].secret, "apple", 5);
		}
		bfd_net_set(net, i, &params[i]);
	}
}

static unsigned
falls(void)
{
	return (unsigned)(bfd_net_status(net, 0).count.downs + bfd_net_status(net, 1).count.downs);
}

static void
both_up(usec_t within)
{
	for (unsigned i = 0; i < 2; i++)
		if (!bfd_net_until(net, i, BFD_UP, within))
			broken("end %u is not up after %llu ms", i, (unsigned long long)(within / 1000));
	bfd_net_run(net, 5 * SECOND); /* their own timers are in force */
	for (unsigned i = 0; i < 2; i++)
		if (bfd_net_status(net, i).state != BFD_UP)
			broken("end %u came up and did not stay", i);
}

/* The longest that either end takes to notice. */
static usec_t
detection(void)
{
	usec_t longest = 0;

	for (unsigned i = 0; i < 2; i++) {
		usec_t us = bfd_net_status(net, i).detect_us;
		/* With echoes control packets are slow, and quick to notice are the echoes alone; a demanding end notices
		 * when its poll is not answered. */
		if (params[i].demand)
			us += params[i].demand_poll_us + SECOND;
		longest = us > longest ? us : longest;
	}
	return longest;
}

/* --- what happens --- */

/*
 * One of three, and never as many in a row as the other end waits for. In demand mode the question and its answer may be
 * lost, which is more than the multiplier speaks of.
 */
static bool
loses(struct bfd_net *n, unsigned side, bool echo)
{
	unsigned most = params[0].detect_mult < params[1].detect_mult ? params[0].detect_mult : params[1].detect_mult;
	unsigned *row = &in_a_row[side][echo];
	bool gone = !params[0].demand && !params[1].demand && *row + 1 < most && chance(3) == 0;

	(void)n;
	*row = gone ? *row + 1 : 0;
	lost += gone;
	return gone;
}

static usec_t
delays(struct bfd_net *n, unsigned side)
{
	(void)n;
	(void)side;
	return chance(slack + 1);
}

static void
loss(void)
{
	unsigned before = falls();

	net->loses = loses;
	net->delays = delays;
	bfd_net_run(net, 20 * SECOND);
	net->loses = NULL;
	net->delays = NULL;
	bfd_net_run(net, SECOND); /* what was just lost is no start for a lower multiplier */
	if (falls() != before)
		broken("somebody fell");
}

/* The stamp is of before the step, the reading of after it, and the packet has waited. */
static usec_t
received(struct bfd_net *n, unsigned side)
{
	usec_t waited = chance(slack + 1), stamp = n->now + real_offset - waited;

	(void)side;
	if (chance(20) == 0)
		real_offset = (usec_t)10000 * SECOND + chance(2) * 3600 * SECOND + chance(5 * SECOND);
	return received_at(n->now, n->now + real_offset, stamp, n->now - waited);
}

static void
clocks(void)
{
	unsigned before = falls();

	net->received = received;
	bfd_net_run(net, 20 * SECOND);
	net->received = NULL;
	if (falls() != before)
		broken("somebody fell by a clock's leap");
}

static void
timers(void)
{
	unsigned before = falls();

	for (int round = 0; round < 5; round++) {
		unsigned side = (unsigned)chance(2);
		draw_timers(&params[side]);
		bfd_net_set(net, side, &params[side]);
		bfd_net_run(net, chance(500000));
	}
	bfd_net_run(net, 10 * SECOND);
	struct bfd_status a = bfd_net_status(net, 0), b = bfd_net_status(net, 1);
	if (falls() != before)
		broken("somebody fell over new timers");
	if (a.tx_us != b.rx_us || b.tx_us != a.rx_us)
		broken("they do not agree: %u/%u and %u/%u us", a.tx_us, a.rx_us, b.tx_us, b.rx_us);
	if (a.remote_mult != params[1].detect_mult || b.remote_mult != params[0].detect_mult)
		broken("a multiplier was not told");
	if ((a.polling && !params[0].demand) || (b.polling && !params[1].demand))
		broken("a Poll Sequence without an end");
}

/* Both ends are in the machine that stands still: what had been sent comes late, and neither had a chance to hear. */
static void
stall(void)
{
	unsigned before = falls();
	usec_t span = detection() + chance(100000);

	net->now += span;
	for (size_t i = 0; i < net->count; i++)
		net->wire[(net->first + i) % NET_HISTORY].at += span;
	for (unsigned i = 0; i < 2; i++)
		bfd_core_stalled(net->core[i], span, net->now);
	bfd_net_run(net, 5 * SECOND);
	if (falls() != before)
		broken("somebody fell over %llu ms in which nothing ran", (unsigned long long)(span / 1000));
}

static void
cut(void)
{
	usec_t within = 2 * detection() + SECOND; /* one end may have to tell the other */
	unsigned ways = 1 + (unsigned)chance(3);

	net->cut[0] = ways & 1;
	net->cut[1] = ways & 2;
	for (unsigned i = 0; i < 2; i++) {
		/* The end whose packets are lost hears of it from the other one. */
		if (!bfd_net_until(net, i, BFD_DOWN, within) && bfd_net_status(net, i).state == BFD_UP)
			broken("end %u is up %llu ms after the cut of %s", i, (unsigned long long)(within / 1000),
			    ways == 3   ? "both directions"
			    : ways == 1 ? "what end 0 sends"
					: "what end 1 sends");
	}
	bfd_net_run(net, chance(10 * SECOND));
	for (unsigned i = 0; i < 2; i++)
		if (bfd_net_status(net, i).state == BFD_UP)
			broken("end %u is up over a path that is cut", i);
	net->cut[0] = net->cut[1] = false;
	both_up(10 * SECOND);
}

static void
restart(void)
{
	unsigned side = (unsigned)chance(2);
	uint64_t before = bfd_net_status(net, !side).count.downs;

	bfd_net_restart(net, side, chance(UINT32_MAX));
	if (chance(2))
		bfd_net_run(net, chance(2 * SECOND));
	bfd_net_set(net, side, &params[side]);
	both_up(15 * SECOND);
	if (bfd_net_status(net, !side).count.downs > before + 1)
		broken("the end that stayed fell more than once");
	if (bfd_net_status(net, !side).remote != net->local[side])
		broken("the end that stayed knows a discriminator of before");
}

static void
one_pair(void)
{
	static const struct {
		const char *name;
		void (*happens)(void);
	} what[] = { { "loss", loss }, { "clocks", clocks }, { "timers", timers }, { "stall", stall }, { "cut", cut },
		{ "restart", restart } };

	rng_seed(&rng, pair_seed);
	real_offset = (usec_t)10000 * SECOND;
	net = bfd_net_new(pair_seed);
	draw_pair();
	doing = "start";
	both_up(10 * SECOND);
	for (int i = 0; i < 12; i++) {
		/* What is late takes a part of the smallest interval: 2 % of it, as transmissions end at 98 %. */
		slack = 3300 / 50;
		size_t n = chance(6);
		doing = what[n].name;
		what[n].happens();
	}
	bfd_net_free(net);
}

int
main(int argc, char **argv)
{
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		seed = 1;
	seed &= UINT32_MAX;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--pairs") == 0)
			pairs = (unsigned)strtoul(argv[i + 1], NULL, 0);
	}
	for (unsigned i = 0; i < pairs; i++) {
		pair_seed = seed + i;
		one_pair();
	}
	printf("sim_bfd: %u pairs, 12 troubles each, %u packets lost without a fall (seed %llu): all is well\n", pairs,
	    lost, (unsigned long long)seed);
	return 0;
}
