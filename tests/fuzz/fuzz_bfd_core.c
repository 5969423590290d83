/*
 * The BFD core with sessions of every kind: any bytes as packets, to either port, from on and off the path, with time
 * passing in between. Whatever comes, nothing is read beyond its end and no session changes by a packet that was refused.
 *
 * The input: a byte that says what follows (time, an echo, or a packet and how it arrives), then, for the latter two, a
 * length and so many bytes.
 */
#include "bfdd/core/core.h"
#include <stdlib.h>
#include <string.h>

enum { SESSIONS = 6, PASSES = 1, ECHO = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct addr
address(unsigned i)
{
	return addr_v4(UINT32_C(0x0a000001) + i);
}

/* One without a key and one with each kind. */
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
			.key_count = i ? 1 : 0,
			.keys = { { .id = 1, .type = (enum bfd_auth_type)i, .size = 5, .secret = "apple" } } };
		bfd_core_set(c, i + 1u, &p, 1000000);
	}
	return c;
}

static void
give(struct bfd_core *c, uint8_t how, const uint8_t *bytes, size_t size, usec_t now)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct bfd_status before[SESSIONS], after;
	struct bfd_datagram d = { .bytes = exact,
		.size = size,
		.from = address(1 + (how >> 2) % SESSIONS),
		.to = address(0),
		.ifindex = how & 0x20 ? 4 : 3,
		.ttl = how & 0x40 ? 200 : 255,
		.multihop = how & 0x80 };

	if (size)
		memcpy(exact, bytes, size);
	for (uint32_t i = 0; i < SESSIONS; i++)
		bfd_core_status(c, i + 1, &before[i]);
	enum bfd_verdict v = bfd_core_packet(c, &d, now);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		bfd_core_status(c, i + 1, &after);
		if (v != BFD_ACCEPTED && v != BFD_IS_ADMIN_DOWN &&
		    (after.state != before[i].state || after.remote != before[i].remote))
			abort();
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
			if (how & ECHO)
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
