/*
 * A BGP speaker's feed that is the same each time: VPNv4 routes of as many VPNs as asked for, in UPDATEs as a PE or a reflector
 * sends them, about ten prefixes to a set of attributes.
 *
 *   bgp_feed measure ROUTES VPNS SESSIONS [import]
 *
 * Into an engine in memory, from each of so many peers: seconds until it has chosen, bytes of memory for each path, seconds to
 * withdraw all of the last peer's. With `import` there is an instance for each VPN, which imports its routes.
 *
 *   bgp_feed speak AS PEER ROUTES VPNS LOCAL…
 *
 * Over TCP to any speaker of BGP, a session from each local address, with all of the routes on each. Says `sent SECONDS` when
 * the last byte has been taken, and keeps the sessions until it is ended.
 *
 *   bgp_feed listen AS PEER ROUTES LOCAL…
 *
 * Sessions that say nothing and hear. Says `heard SECONDS BYTES` when each of them has heard of so many routes since its start,
 * and keeps the sessions until it is ended.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "bench/clock.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PER_SET = 10, AS = 100, PEERS_MAX = 8, CHUNK = 1 << 16 };

/* One UPDATE: ten prefixes from `first` on, of one VPN. */
static void
put_update(struct wire_writer *w, uint32_t first, uint32_t count, uint32_t vpns, uint32_t peer, bool withdraw)
{
	uint32_t vpn = first / PER_SET % vpns;
	struct rng rng;
	uint8_t path[64], ext[8];
	struct wire_writer p = wire_writer(path, sizeof path), e = wire_writer(ext, sizeof ext);

	rng_seed(&rng, first);
	uint8_t hops = (uint8_t)(1 + rng_below(&rng, 5));
	wire_put_u8(&p, AS_SEQUENCE);
	wire_put_u8(&p, hops);
	for (uint8_t i = 0; i < hops; i++)
		wire_put_u32(&p, 1000 + (uint32_t)rng_below(&rng, 50000));
	wire_put_u64(&e, UINT64_C(0x0002) << 48 | UINT64_C(100) << 32 | vpn);
	struct attr_set *a = mem_zalloc(sizeof *a + p.at + e.at);
	a->origin = ORIGIN_IGP;
	a->has_med = a->has_local_pref = true;
	a->med = (uint32_t)rng_below(&rng, 3);
	a->local_pref = 100;
	a->next_hop = addr_v4(0x0a000001 + peer);
	a->size[LIST_AS_PATH] = (uint16_t)p.at;
	a->size[LIST_EXT] = (uint16_t)e.at;
	memcpy(a->bytes, path, p.at);
	memcpy(a->bytes + p.at, ext, e.at);
	struct wire_mark message = bgp_begin(w, BGP_UPDATE);
	wire_put_u16(w, 0);
	struct wire_mark attrs = wire_hold_u16(w);
	struct wire_mark list = withdraw ? attr_begin_unreach(w, BGP_VPNV4) : attr_begin_reach(w, BGP_VPNV4, a);
	for (uint32_t i = first; i < first + count; i++) {
		struct nlri n = { .label = 16 + vpn,
			.rd = UINT64_C(100) << 32 | vpn,
			.prefix = prefix_make(addr_v4(0x14000000 + (i << 8)), 24) };
		nlri_put(w, BGP_VPNV4, false, withdraw, &n);
	}
	wire_fill_length(w, list);
	if (!withdraw)
		attr_write(w, a, &(struct attr_writing){ .as4 = true, .internal = true, .family = BGP_VPNV4 });
	wire_fill_length(w, attrs);
	bgp_end(w, message);
	free(a);
}

/* --- an engine that listens --- */

static struct bgp *
listener(uint32_t peers, uint32_t vpns, bool import)
{
	struct bgp_peer_config p[PEERS_MAX] = { 0 };
	struct bgp_instance_config *instances = mem_zalloc((vpns + 1) * sizeof *instances);
	struct bgp_config c = { .as = AS,
		.router_id = 0x0afe0001,
		.no_target_policy = !import,
		.instances = instances,
		.instance_count = import ? vpns + 1 : 1 };
	struct bgp *b = bgp_new(1, false);

	instances[0].peers = p;
	instances[0].peer_count = peers;
	for (uint32_t i = 0; i < vpns; i++) {
		struct bgp_vpn_config *v = &instances[i + 1].vpn[0];
		snprintf(instances[i + 1].name, BGP_NAME, "VPN%u", i);
		v->on = true;
		v->rd = UINT64_C(999) << 32 | i;
		v->import[v->import_count++] = UINT64_C(0x0002) << 48 | UINT64_C(100) << 32 | i;
	}
	for (uint32_t i = 0; i < peers; i++) {
		p[i].address = addr_v4(0x0a000001 + i);
		p[i].as = AS;
		p[i].passive = true;
		p[i].family[BGP_VPNV4].enabled = true;
	}
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &c }, 0);
	free(instances);
	for (uint32_t i = 0; i < peers; i++) {
		struct bgp_next_hop hop = { .address = p[i].address, .reachable = true, .lsp = true, .metric = 10 };
		bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop }, 0);
	}
	return b;
}

static void
hear(struct bgp *b, uint32_t peer, const uint8_t *bytes, size_t size)
{
	bgp_input(b,
	    &(struct bgp_input){ .kind = BGP_IN_STREAM, .conn = BGP_ACCEPTED + peer, .bytes = bytes, .size = size }, 1);
	outbox_clear(bgp_outbox(b));
	while (b->more) {
		bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, 1);
		outbox_clear(bgp_outbox(b));
	}
}

static void
greet(struct bgp *b, uint32_t peer)
{
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	const struct bgp_open o = { .as = AS,
		.id = 0x0a000001 + peer,
		.families = BGP_FAMILY_BIT(BGP_VPNV4),
		.as4 = true,
		.refresh = true,
		.extended = true };

	bgp_write_open(&w, &o);
	bgp_write_keepalive(&w);
	bgp_input(b,
	    &(struct bgp_input){ .kind = BGP_IN_STREAM_UP,
		.conn = BGP_ACCEPTED + peer,
		.peer = addr_v4(0x0a000001 + peer),
		.local = addr_v4(0x0afe0001) },
	    0);
	hear(b, peer, bytes, w.at);
}

struct feed {
	uint8_t *bytes;
	size_t size;
};

static struct feed
feed_make(uint32_t routes, uint32_t vpns, uint32_t peer, bool withdraw)
{
	struct feed f = { .bytes = mem_zalloc((size_t)routes * 40 + CHUNK) };
	struct wire_writer w = wire_writer(f.bytes, (size_t)routes * 40 + CHUNK);

	for (uint32_t i = 0; i < routes; i += PER_SET)
		put_update(&w, i, routes - i < PER_SET ? routes - i : PER_SET, vpns, peer, withdraw);
	if (w.full)
		abort();
	f.size = w.at;
	return f;
}

static void
tell(struct bgp *b, uint32_t peer, const struct feed *f)
{
	for (size_t at = 0; at < f->size; at += CHUNK)
		hear(b, peer, f->bytes + at, f->size - at < CHUNK ? f->size - at : CHUNK);
}

static size_t
in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static int
measure(uint32_t routes, uint32_t vpns, uint32_t peers, bool import)
{
	struct feed feeds[PEERS_MAX], last = feed_make(routes, vpns, peers - 1, true);

	for (uint32_t i = 0; i < peers; i++)
		feeds[i] = feed_make(routes, vpns, i, false);
	struct bgp *b = listener(peers, vpns, import);
	for (uint32_t i = 0; i < peers; i++)
		greet(b, i);
	size_t before = in_use();
	double at = seconds();
	for (uint32_t i = 0; i < peers; i++)
		tell(b, i, &feeds[i]);
	double chosen = seconds() - at;
	const struct rib *r = instance_find(b, "")->ribs[BGP_VPNV4];
	size_t paths = r->path_count, memory = in_use() - before;
	at = seconds();
	tell(b, peers - 1, &last);
	double withdrawn = seconds() - at;
	if (paths != (size_t)routes * peers || r->path_count != (size_t)routes * (peers - 1)) {
		fprintf(stderr, "bgp_feed: %zu paths, then %zu\n", paths, r->path_count);
		return 1;
	}
	printf("%.3f %.1f %.3f\n", chosen, (double)memory / (double)paths, withdrawn);
	for (uint32_t i = 0; i < peers; i++)
		free(feeds[i].bytes);
	free(last.bytes);
	bgp_free(b);
	return 0;
}

/* --- over TCP --- */

enum { SESSIONS_MAX = 64, HOLD_S = 180, ALIVE_S = 30, INPUT = 1 << 20 };
struct session {
	int fd;
	uint8_t *input;
	size_t have;
	const uint8_t *output; /* left to be written */
	size_t left;
	uint64_t bytes, routes; /* of UPDATEs; told in them */
	uint64_t wanted;        /* routes that are waited for */
	bool open, alive;
};

static void
die(const char *what)
{
	fprintf(stderr, "bgp_feed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in
inet(const char *text, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fprintf(stderr, "bgp_feed: `%s` is no address\n", text);
		exit(2);
	}
	return a;
}

/* The peer may not listen yet. */
static void
call(struct session *s, const char *local, const char *peer, uint32_t as)
{
	struct sockaddr_in from = inet(local, 0), to = inet(peer, BGP_PORT);
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	const struct bgp_open o = { .as = as,
		.hold_s = HOLD_S,
		.id = ntohl(from.sin_addr.s_addr),
		.families = BGP_FAMILY_BIT(BGP_VPNV4),
		.as4 = true,
		.refresh = true };

	for (int tries = 0;; tries++) {
		s->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&from, sizeof from) < 0)
			die(local);
		if (connect(s->fd, (struct sockaddr *)&to, sizeof to) == 0)
			break;
		if (tries == 600)
			die(peer);
		close(s->fd);
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	bgp_write_open(&w, &o);
	if (write(s->fd, bytes, w.at) != (ssize_t)w.at)
		die("write");
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	s->input = mem_zalloc(INPUT);
}

static void
keep_alive(struct session *s)
{
	uint8_t bytes[BGP_HEADER_BYTES];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_write_keepalive(&w);
	if (!s->left && write(s->fd, bytes, w.at) < 0 && errno != EAGAIN)
		die("write");
}

static uint64_t
routes_in(const uint8_t *message, size_t length)
{
	const struct bgp_reading how = { .as4 = true, .families = BGP_FAMILY_BIT(BGP_VPNV4) };
	struct bgp_update u;
	struct nlri n;
	uint64_t count = 0;

	bgp_read_update(wire_reader(message + BGP_HEADER_BYTES, length - BGP_HEADER_BYTES), &how, &u);
	while (u.has_reach && nlri_next(&u.reach, BGP_VPNV4, false, false, &n))
		count++;
	return count;
}

static void
read_messages(struct session *s)
{
	size_t at = 0;

	while (s->have - at >= BGP_HEADER_BYTES) {
		const uint8_t *m = s->input + at;
		size_t length = (size_t)m[16] << 8 | m[17];
		if (s->have - at < length)
			break;
		if (m[18] == BGP_OPEN)
			s->open = true;
		if (m[18] == BGP_KEEPALIVE)
			s->alive = true;
		if (m[18] == BGP_NOTIFICATION) {
			fprintf(stderr, "bgp_feed: the peer says %u/%u\n", m[19], m[20]);
			exit(1);
		}
		if (m[18] == BGP_UPDATE) {
			s->bytes += length;
			s->routes += routes_in(m, length);
		}
		at += length;
	}
	s->have -= at;
	memmove(s->input, s->input + at, s->have);
}

static void
serve(struct session *s, const struct pollfd *p)
{
	if (p->revents & (POLLIN | POLLHUP | POLLERR)) {
		ssize_t n = read(s->fd, s->input + s->have, INPUT - s->have);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			die("the peer has closed the session");
		s->have += n > 0 ? (size_t)n : 0;
		bool was = s->open;
		read_messages(s);
		if (s->open && !was)
			keep_alive(s);
	}
	if (p->revents & POLLOUT && s->left) {
		ssize_t n = write(s->fd, s->output, s->left);
		if (n < 0 && errno != EAGAIN)
			die("write");
		s->output += n > 0 ? n : 0;
		s->left -= n > 0 ? (size_t)n : 0;
	}
}

/* Serves all sessions until `done` holds for all of them; NULL: for ever. */
static void
serve_all(struct session *s, size_t count, bool (*done)(const struct session *))
{
	static time_t alive_at;
	struct pollfd p[SESSIONS_MAX];

	for (;;) {
		bool all = done != NULL;
		for (size_t i = 0; i < count; i++) {
			all = all && done(&s[i]);
			p[i] = (struct pollfd){ .fd = s[i].fd, .events = POLLIN | (s[i].left ? POLLOUT : 0) };
		}
		if (all)
			return;
		if (time(NULL) >= alive_at) {
			alive_at = time(NULL) + ALIVE_S;
			for (size_t i = 0; i < count; i++)
				if (s[i].open)
					keep_alive(&s[i]);
		}
		if (poll(p, count, 1000) > 0)
			for (size_t i = 0; i < count; i++)
				serve(&s[i], &p[i]);
	}
}

static bool
is_up(const struct session *s)
{
	return s->alive;
}

static bool
is_sent(const struct session *s)
{
	return !s->left;
}

static bool
has_heard(const struct session *s)
{
	return s->routes >= s->wanted;
}

static int
speak(uint32_t as, const char *peer, uint32_t routes, uint32_t vpns, char *const *locals, size_t count)
{
	struct session s[SESSIONS_MAX] = { 0 };

	for (size_t i = 0; i < count; i++)
		call(&s[i], locals[i], peer, as);
	serve_all(s, count, is_up);
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_in from = inet(locals[i], 0);
		struct feed f = feed_make(routes, vpns, ntohl(from.sin_addr.s_addr) - 0x0a000001, false);
		struct wire_writer end = wire_writer(f.bytes + f.size, BGP_HEADER_BYTES + 64);
		struct wire_mark message = bgp_begin(&end, BGP_UPDATE);
		wire_put_u16(&end, 0);
		struct wire_mark attrs = wire_hold_u16(&end);
		struct wire_mark list = attr_begin_unreach(&end, BGP_VPNV4);
		wire_fill_length(&end, list);
		wire_fill_length(&end, attrs);
		bgp_end(&end, message);
		s[i].output = f.bytes;
		s[i].left = f.size + end.at;
	}
	double at = seconds();
	serve_all(s, count, is_sent);
	printf("sent %.3f\n", seconds() - at);
	fflush(stdout);
	serve_all(s, count, NULL);
	return 0;
}

static int
listen_only(uint32_t as, const char *peer, uint32_t routes, char *const *locals, size_t count)
{
	struct session s[SESSIONS_MAX] = { 0 };
	uint64_t bytes = 0;
	double at = seconds();

	for (size_t i = 0; i < count; i++) {
		call(&s[i], locals[i], peer, as);
		s[i].wanted = routes;
	}
	serve_all(s, count, has_heard);
	for (size_t i = 0; i < count; i++)
		bytes += s[i].bytes;
	printf("heard %.3f %llu\n", seconds() - at, (unsigned long long)bytes);
	fflush(stdout);
	serve_all(s, count, NULL);
	return 0;
}

int
main(int argc, char **argv)
{
	bool import = argc == 6 && !strcmp(argv[5], "import"), good = argc == 5 || import;

	if (argc > 6 && argc <= 6 + SESSIONS_MAX && !strcmp(argv[1], "speak"))
		return speak((uint32_t)atoi(argv[2]), argv[3], (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]),
		    argv + 6, (size_t)argc - 6);
	if (argc > 5 && argc <= 5 + SESSIONS_MAX && !strcmp(argv[1], "listen"))
		return listen_only(
		    (uint32_t)atoi(argv[2]), argv[3], (uint32_t)atoi(argv[4]), argv + 5, (size_t)argc - 5);
	uint32_t routes = good ? (uint32_t)atoi(argv[2]) : 0, vpns = good ? (uint32_t)atoi(argv[3]) : 0;
	uint32_t peers = good ? (uint32_t)atoi(argv[4]) : 0;
	if (routes && vpns && peers && peers <= PEERS_MAX && !strcmp(argv[1], "measure"))
		return measure(routes, vpns, peers, import);
	fprintf(stderr, "usage: bgp_feed measure ROUTES VPNS SESSIONS [import]\n"
			"       bgp_feed speak AS PEER ROUTES VPNS LOCAL...\n"
			"       bgp_feed listen AS PEER ROUTES LOCAL...\n");
	return 2;
}
