/*
 * The BFD core with sessions of every kind: any bytes as packets, to either port, from on and off the path, with time
 * passing in between. Whatever comes, nothing is read beyond its end and no session changes by a packet that was refused.
 *
 * The input: a byte that says what follows (time, an echo, a frame of a pseudowire's control channel, or a packet and how it
 * arrives), then, but for the first, a length and so many bytes.
 */
#include "bfdd/core/core.h"
#include "bfdd/core/vccv.h"
#include <stdlib.h>
#include <string.h>

enum { PLAIN = 6, SESSIONS = 8, PASSES = 1, ECHO = 2, CHANNEL = 4, LABEL = 524288 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct addr
address(unsigned i)
{
	return addr_v4(UINT32_C(0x0a000001) + i);
}

/* One without a key and one with each kind; then one of each form over a pseudowire. */
static struct bfd_core *
world(void)
{
	struct bfd_core *c = bfd_core_new(1);

	for (uint8_t i = 0; i < SESSIONS; i++) {
		struct bfd_params p = { .peer = address(i + 1u),
			.local = address(0),
			.ifindex = 3,
			.detect_mult = 3,
			.desired_min_tx_us = 10000,
			.required_min_rx_us = 10000,
			.echo_us = 10000,
			.multihop = i == 1,
			.min_ttl = 250,
			.demand = i == 2,
			.demand_poll_us = 50000,
			.vccv_label = i < PLAIN ? 0 : LABEL + i,
			.vccv_encapsulation = i < PLAIN    ? 0
					      : i == PLAIN ? VCCV_ACH
							   : VCCV_IP,
			.key_count = i && i < PLAIN ? 1 : 0,
			.keys = { { .id = 1,
			    .type = (enum bfd_auth_type)(i < PLAIN ? i : 0),
			    .size = 5,
			    .secret = "apple" } } };
		bfd_core_set(c, i + 1u, &p, 1000000);
	}
	return c;
}

static void
judge(struct bfd_core *c, const struct bfd_datagram *d, usec_t now)
{
	struct bfd_status before[SESSIONS], after;

	for (uint32_t i = 0; i < SESSIONS; i++)
		bfd_core_status(c, i + 1, &before[i]);
	enum bfd_verdict v = bfd_core_packet(c, d, now);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		bfd_core_status(c, i + 1, &after);
		if (v != BFD_ACCEPTED && v != BFD_IS_ADMIN_DOWN &&
		    (after.state != before[i].state || after.remote != before[i].remote))
			abort();
	}
}

/* In room of their own, so that nothing is read beyond them. */
static uint8_t *
exactly(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (size)
		memcpy(exact, bytes, size);
	return exact;
}

static void
give(struct bfd_core *c, uint8_t how, const uint8_t *bytes, size_t size, usec_t now)
{
	uint8_t *exact = exactly(bytes, size);
	struct bfd_datagram d = { .bytes = exact,
		.size = size,
		.from = address(1 + (how >> 2) % PLAIN),
		.to = address(0),
		.ifindex = how & 0x20 ? 4 : 3,
		.ttl = how & 0x40 ? 200 : 255,
		.multihop = how & 0x80 };

	judge(c, &d, now);
	free(exact);
}

static void
give_frame(struct bfd_core *c, const uint8_t *bytes, size_t size, usec_t now)
{
	uint8_t *exact = exactly(bytes, size);
	struct vccv_packet p;

	if (vccv_decode(exact, size, &p)) {
		if (p.payload < exact || p.payload + p.size > exact + size)
			abort();
		struct bfd_datagram d = { .bytes = p.payload,
			.size = p.size,
			.from = p.from,
			.to = p.to,
			.ifindex = 3,
			.ttl = p.ttl,
			.vccv_label = p.label,
			.vccv_encapsulation = p.encapsulation };
		judge(c, &d, now);
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct bfd_core *c = world();
	usec_t now = 1000000;

	for (size_t at = 0; at < size;) {
		uint8_t how = bytes[at++];
		if (how & PASSES) {
			now += (usec_t)(how >> 1) * 1000;
			bfd_core_timer(c, now);
		} else {
			size_t n = at < size ? bytes[at++] : 0;
			n = n < size - at ? n : size - at;
			if ((how & (ECHO | CHANNEL)) == (ECHO | CHANNEL))
				give_frame(c, bytes + at, n, now);
			else if (how & ECHO)
				bfd_core_echo(c, bytes + at, n, now);
			else
				give(c, how, bytes + at, n, now);
			at += n;
		}
		bfd_core_drained(c);
	}
	bfd_core_free(c);
	return 0;
}
