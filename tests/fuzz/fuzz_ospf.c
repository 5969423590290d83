/*
 * What arbitrary bytes may do to an OSPF router: two engines that are full neighbours, one of which is given packets as if
 * the other had sent them. The first byte of the input says how the head is mended, so that what lies behind it is reached:
 * bit 0 checksum and length are made right, bit 1 router and area too, bit 2 it comes from the link's other address.
 * Whatever happens, both go on, and when the stranger is silent they agree again.
 */
#include "igpd/ospf/packet.h"
#include "tests/helper/igp_net.h"
#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct igp_net *
pair(void)
{
	struct igp_net *n = igp_net_new(1);
	size_t s;

	igp_add(n, 0x01010101);
	igp_add(n, 0x01010102);
	s = igp_segment(n, OSPF_POINT_TO_POINT);
	igp_join(n, s, n->nodes[0], 1);
	igp_join(n, s, n->nodes[1], 1);
	igp_start_all(n);
	igp_run(n, SECONDS(5));
	return n;
}

static void
mend(uint8_t *bytes, size_t size, uint8_t how)
{
	static const uint8_t from[] = { 1, 1, 1, 2, 0, 0, 0, 0 };

	if (size < OSPF_HEADER_BYTES)
		return;
	if (how & 2)
		memcpy(bytes + 4, from, sizeof from);
	if (!(how & 1))
		return;
	bytes[0] = OSPF_VERSION;
	bytes[2] = (uint8_t)(size >> 8);
	bytes[3] = (uint8_t)size;
	memset(bytes + 12, 0, 12);
	uint16_t sum = ospf_checksum(bytes, size);
	bytes[12] = (uint8_t)(sum >> 8);
	bytes[13] = (uint8_t)sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 1400)
		return 0;
	struct igp_net *n = pair();
	uint8_t *bytes = mem_copy(data + 1, size - 1);
	struct igp_node *node = n->nodes[0];
	struct ospf_input in = { .kind = OSPF_IN_PACKET,
		.ifindex = 2,
		.from = addr_v4(data[0] & 4 ? 0x0a000002 : 0x0a000007),
		.to = addr_v4(OSPF_ALL_ROUTERS),
		.bytes = bytes,
		.size = size - 1 };

	mend(bytes, size - 1, data[0]);
	ospf_input(node->o, &in, n->now);
	free(bytes);
	igp_run(n, SECONDS(60));
	const struct neighbor *other = igp_neighbor(n->nodes[1], 1, n->nodes[0]);
	if (!other || other->state != NS_FULL)
		abort();
	igp_net_free(n);
	return 0;
}
