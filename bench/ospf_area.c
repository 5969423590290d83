/*
 * An area of OSPF with as many routers as asked for, none of which is there but in LSAs: a ring with a chord at each router,
 * so many host routes behind each. The engine of igpd is the one neighbour of whoever is measured; it holds these LSAs in
 * its database, floods them like any other, and takes the first of those routers for a neighbour of its own.
 *
 *   ospf_area measure N STUBS        in memory, beside a second engine: microseconds to find all paths and routes anew, and to
 *                                    follow one changed link; bytes that the second engine takes for each LSA
 *   ospf_area speak N STUBS DEV...   for others to measure, on links 10.9.I.2/24 with 10.9.I.1 at their other ends. Reads
 *                                    "stub I A" from its input: router I has one more network, A/32
 */
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "igpd/ospf/model.h"
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LINKS = 4, /* of a router: the ring and a chord, each both ways */
	LINKS_MAX = 64,
	STUBS_MAX = 32,
	DEVICES = 2,
	OSPF_IP_PROTOCOL = 89,
	SPEAKER = 0x0aff0001,
	MEASURED = 0x0aff0002,
	FIRST = 0x14000001,
	RUNS = 101
};

struct area_router {
	struct {
		uint32_t to;
		uint16_t cost;
	} links[LINKS_MAX];
	size_t link_count;
	uint32_t stubs[STUBS_MAX];
	size_t stub_count;
	int32_t sequence;
};
static struct area_router *routers;
static uint32_t count;

static usec_t
real_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static double
fine_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- the area --- */

static void
join(uint32_t a, uint32_t b, uint16_t cost)
{
	struct area_router *one = &routers[a], *two = &routers[b];

	if (a == b || one->link_count == LINKS_MAX - 1 || two->link_count == LINKS_MAX - 1)
		return;
	one->links[one->link_count].to = b;
	one->links[one->link_count++].cost = cost;
	two->links[two->link_count].to = a;
	two->links[two->link_count++].cost = cost;
}

static void
area_make(uint32_t n, uint32_t stubs)
{
	struct rng rng;

	rng_seed(&rng, 1);
	count = n;
	routers = mem_zalloc(n * sizeof *routers);
	for (uint32_t i = 0; i < n; i++) {
		routers[i].sequence = LSA_FIRST_SEQUENCE;
		join(i, (i + 1) % n, (uint16_t)(1 + rng_below(&rng, 100)));
		join(i, (uint32_t)rng_below(&rng, n), (uint16_t)(1 + rng_below(&rng, 100)));
		for (uint32_t k = 0; k < stubs && k < STUBS_MAX / 2; k++)
			routers[i].stubs[routers[i].stub_count++] = 0x64000000 + i * stubs + k;
	}
}

static void
put_link(struct wire_writer *w, uint32_t id, uint32_t data, enum lsa_link_type type, uint16_t metric)
{
	wire_put_u32(w, id);
	wire_put_u32(w, data);
	wire_put_u8(w, (uint8_t)type);
	wire_put_u8(w, 0);
	wire_put_u16(w, metric);
}

/* A new instance of a router's LSA, in a database; flooded when that is the speaker's and a neighbour is there. */
static struct lsa *
area_say(struct ospf *o, uint32_t i)
{
	static uint8_t bytes[LSA_HEADER_BYTES + 4 + 12 * (LINKS_MAX + STUBS_MAX)];
	struct area *a = OBJECT(o->areas.next, struct area, of_ospf);
	struct area_router *r = &routers[i];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	bool differs;

	lsa_write_header(&w,
	    &(struct lsa_header){
		.options = 2, .type = LSA_ROUTER, .id = FIRST + i, .router = FIRST + i, .sequence = r->sequence++ });
	wire_put_u16(&w, 0);
	wire_put_u16(&w, (uint16_t)(r->link_count + r->stub_count + !i));
	if (!i)
		put_link(&w, SPEAKER, 0x1e000000, LINK_POINT_TO_POINT, 1);
	for (size_t k = 0; k < r->link_count; k++)
		put_link(&w, FIRST + r->links[k].to, 0x1e000000 + i * LINKS_MAX + (uint32_t)k + 1, LINK_POINT_TO_POINT,
		    r->links[k].cost);
	for (size_t k = 0; k < r->stub_count; k++)
		put_link(&w, r->stubs[k], UINT32_MAX, LINK_STUB, 1);
	lsa_seal(bytes, w.at);
	struct lsa *l = lsdb_install(o, &a->db, a, NULL, bytes, w.at, 0, &differs);
	routes_lsa(o, l);
	return l;
}

/* --- engines --- */

static struct ospf *
engine(uint32_t router, size_t ports, uint32_t last_octet, usec_t now)
{
	struct ospf *o = ospf_new(router, 1700000000, &(struct ospf_world){ .process = 1, .vrf = "" });
	struct ospf_area_config area = { .id = 0 };
	struct ospf_interface_config interfaces[DEVICES + 1] = { 0 };
	struct ospf_config c = { .process = 1,
		.router_id = router,
		.areas = &area,
		.area_count = 1,
		.interfaces = interfaces,
		.interface_count = ports,
		.spf = { .set = true, .most_ms = 5000, .first_ms = 1000, .again_ms = 1000 } };

	for (size_t i = 0; i < ports; i++) {
		interfaces[i] = (struct ospf_interface_config){ .enabled = true,
			.priority = -1,
			.has_type = true,
			.type = OSPF_POINT_TO_POINT,
			.cost = 10 + 10 * (uint32_t)i,
			.hello_s = 1,
			.dead_s = 40 };
		snprintf(interfaces[i].name, sizeof interfaces[i].name, "port%zu", i);
		struct prefix address = prefix_make(addr_v4(0x0a090000 + ((uint32_t)i << 8) + last_octet), 24);
		struct ospf_port p = { .ifindex = (uint32_t)i + 1,
			.name = interfaces[i].name,
			.up = true,
			.mtu = 1500,
			.addresses = &address,
			.address_count = 1 };
		ospf_input(o, &(struct ospf_input){ .kind = OSPF_IN_PORT, .port = &p }, now);
	}
	ospf_input(o, &(struct ospf_input){ .kind = OSPF_IN_CONFIG, .config = &c }, now);
	return o;
}

/* One more port, behind which the first router of the area is: a neighbour that never says anything, and is never given up. */
static void
speaker_joins(struct ospf *o, usec_t now)
{
	static const uint8_t us[] = { SPEAKER >> 24, SPEAKER >> 16 & 255, SPEAKER >> 8 & 255, SPEAKER & 255 };
	struct iface *i = OBJECT(o->ifaces.prev, struct iface, of_ospf);
	struct ospf_hello hello = {
		.mask = 0xffffff00, .interval_s = 1, .options = 2, .dead_s = 40, .neighbors = wire_reader(us, sizeof us)
	};

	neighbor_hello(i, FIRST, i->address - 1, &hello);
	struct neighbor *n = neighbor_find(i, FIRST, i->address - 1);
	neighbor_event(n, NE_NEGOTIATED);
	neighbor_event(n, NE_EXCHANGED);
	struct timer *timers[] = { &n->inactive, &n->describe, &n->request, &n->retransmit };
	for (size_t k = 0; k < COUNT(timers); k++)
		timer_clear(&o->timers, timers[k]);
	ospf_input(o, &(struct ospf_input){ .kind = OSPF_IN_TIMER }, now);
}

/* --- measure --- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *at)
{
	qsort(at, RUNS, sizeof *at, by_value);
	return at[RUNS / 2];
}

/* What one engine wants sent arrives at the other. */
static size_t
carry(struct ospf *from, struct ospf *to, uint32_t address, usec_t now)
{
	struct outbox *box = ospf_outbox(from);
	size_t before = mallinfo2().uordblks;

	for (size_t i = 0; i < outbox_count(box); i++) {
		struct effect e = outbox_at(box, i);
		if (e.kind == EFFECT_DATAGRAM_SEND && e.where == 1)
			ospf_input(to,
			    &(struct ospf_input){ .kind = OSPF_IN_PACKET,
				.ifindex = 1,
				.from = addr_v4(address),
				.to = e.to,
				.bytes = e.bytes,
				.size = e.size },
			    now);
	}
	size_t after = mallinfo2().uordblks;
	outbox_clear(box);
	return after > before ? after - before : 0;
}

static int
measure(uint32_t n, uint32_t stubs)
{
	usec_t now = USEC_PER_SEC, end = now + 600 * (usec_t)USEC_PER_SEC;
	struct ospf *speaker = engine(SPEAKER, 2, 2, now), *measured = engine(MEASURED, 1, 1, now);
	struct area *a = OBJECT(measured->areas.next, struct area, of_ospf);
	double whole[RUNS], one[RUNS];
	struct rng rng;

	rng_seed(&rng, 2);
	speaker_joins(speaker, now);
	area_make(n, stubs);
	for (uint32_t i = 0; i < n; i++)
		area_say(speaker, i);
	size_t taken = 0, found = 0;
	while (now < end && found < (size_t)n * stubs) {
		usec_t next = ospf_due(speaker) < ospf_due(measured) ? ospf_due(speaker) : ospf_due(measured);
		now = next > now + 1000 ? next : now + 1000;
		ospf_input(speaker, &(struct ospf_input){ .kind = OSPF_IN_TIMER }, now);
		taken += carry(speaker, measured, 0x0a090002, now);
		size_t before = mallinfo2().uordblks;
		ospf_input(measured, &(struct ospf_input){ .kind = OSPF_IN_TIMER }, now);
		taken += mallinfo2().uordblks - before;
		struct ospf_route r;
		while (ospf_next_route(measured, &r))
			found += r.kind != OSPF_UNREACHABLE && r.prefix.len == 32;
		carry(measured, speaker, 0x0a090001, now);
	}
	if (found < (size_t)n * stubs) {
		fprintf(stderr, "ospf_area: only %zu routes of %zu\n", found, (size_t)n * stubs);
		return 1;
	}
	for (int k = 0; k < RUNS; k++) {
		double at = fine_now();
		spf_run(a->spf, true);
		routes_border(measured); /* looks at all destinations */
		routes_find(measured);
		whole[k] = fine_now() - at;
		struct area_router *r = &routers[rng_below(&rng, n)];
		r->links[rng_below(&rng, (uint32_t)r->link_count)].cost = (uint16_t)(1 + rng_below(&rng, 100));
		r->sequence += 10;
		at = fine_now();
		area_say(measured, (uint32_t)(r - routers));
		routes_find(measured);
		one[k] = fine_now() - at;
		struct ospf_route route;
		while (ospf_next_route(measured, &route)) {
		}
	}
	printf("%.1f %.1f %.0f\n", median(whole), median(one), (double)taken / n);
	ospf_free(speaker);
	ospf_free(measured);
	return 0;
}

/* --- speak --- */

static int
socket_on(const char *device)
{
	int fd = socket(AF_INET, SOCK_RAW, OSPF_IP_PROTOCOL);
	const int off = 0, buffer = 8 << 20;
	struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(OSPF_ALL_ROUTERS),
		.imr_ifindex = (int)if_nametoindex(device) };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) ||
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer)) {
		fprintf(stderr, "ospf_area: %s: %s\n", device, strerror(errno));
		exit(1);
	}
	return fd;
}

static void
send_all(struct ospf *o, const int *fds, size_t count_of_fds)
{
	struct outbox *box = ospf_outbox(o);

	for (size_t i = 0; i < outbox_count(box); i++) {
		struct effect e = outbox_at(box, i);
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr_to_v4(&e.to)) };
		if (e.kind == EFFECT_DATAGRAM_SEND && e.where <= count_of_fds)
			(void)!sendto(fds[e.where - 1], e.bytes, e.size, 0, (struct sockaddr *)&to, sizeof to);
		else if (e.kind == EFFECT_LOG)
			fprintf(stderr, "%s\n", (const char *)e.bytes);
	}
	outbox_clear(box);
}

static void
hear(struct ospf *o, int fd, uint32_t ifindex)
{
	static uint8_t bytes[65536];
	struct sockaddr_in from = { 0 };
	socklen_t size = sizeof from;
	ssize_t n;

	while ((n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) > 20) {
		size_t head = (size_t)(bytes[0] & 15) * 4;
		uint32_t to;
		memcpy(&to, bytes + 16, sizeof to);
		if ((size_t)n > head)
			ospf_input(o,
			    &(struct ospf_input){ .kind = OSPF_IN_PACKET,
				.ifindex = ifindex,
				.from = addr_v4(ntohl(from.sin_addr.s_addr)),
				.to = addr_v4(ntohl(to)),
				.bytes = bytes + head,
				.size = (size_t)n - head },
			    real_now());
	}
}

/* False: the input has ended. */
static bool
command(struct ospf *o)
{
	char line[128], address[64];
	unsigned router;
	struct in_addr a;

	if (!fgets(line, sizeof line, stdin))
		return false;
	if (sscanf(line, "stub %u %63s", &router, address) == 2 && router < count &&
	    inet_pton(AF_INET, address, &a) == 1 && routers[router].stub_count < STUBS_MAX) {
		struct area_router *r = &routers[router];
		r->stubs[r->stub_count++] = ntohl(a.s_addr);
		flood(o, area_say(o, router), NULL);
	} else {
		fprintf(stderr, "ospf_area: what is '%s'?\n", line);
	}
	return true;
}

static int
speak(uint32_t n, uint32_t stubs, char **devices, size_t device_count)
{
	int fds[DEVICES];
	struct pollfd polls[DEVICES + 1] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	struct ospf *o = engine(SPEAKER, device_count + 1, 2, real_now());
	bool go_on = true;

	setvbuf(stdin, NULL, _IONBF, 0);
	for (size_t i = 0; i < device_count; i++) {
		fds[i] = socket_on(devices[i]);
		polls[i + 1] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
	speaker_joins(o, real_now());
	area_make(n, stubs);
	for (uint32_t i = 0; i < n; i++)
		area_say(o, i);
	while (go_on) {
		usec_t now = real_now(), due = ospf_due(o);
		int wait = due <= now ? 0 : due - now > USEC_PER_SEC ? 1000 : (int)((due - now) / 1000) + 1;
		poll(polls, (nfds_t)device_count + 1, wait);
		for (size_t i = 0; i < device_count; i++)
			hear(o, fds[i], (uint32_t)i + 1);
		if (polls[0].revents)
			go_on = command(o);
		ospf_input(o, &(struct ospf_input){ .kind = OSPF_IN_TIMER }, real_now());
		send_all(o, fds, device_count);
		struct ospf_route r;
		while (ospf_next_route(o, &r)) {
		}
	}
	ospf_free(o);
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t n = argc > 3 ? (uint32_t)atoi(argv[2]) : 0, stubs = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;

	if (n >= 3 && argc == 4 && !strcmp(argv[1], "measure"))
		return measure(n, stubs);
	if (n >= 3 && argc > 4 && argc - 4 <= DEVICES && !strcmp(argv[1], "speak"))
		return speak(n, stubs, argv + 4, (size_t)argc - 4);
	fprintf(stderr, "usage: ospf_area measure N STUBS\n       ospf_area speak N STUBS DEVICE...\n");
	return 2;
}
