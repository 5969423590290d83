/* One packet socket for all links, and what the kernel's neighbour table says: realtime_frames.h says why. */
#include "bfdd/realtime_frames.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	AT_ONCE = 128,
	READS_MAX = 64,    /* of news, per wake */
	NEWS_BYTES = 4096, /* a neighbour takes some hundred */
	QUEUE_BYTES = 1 << 20,
	ASK_US = 1000000, /* a hop nobody knows is asked for again after this, then after twice as long, … */
	ASK_MAX_US = 64000000,
	VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY,
};

struct hop {
	struct hash_node by_peer;
	struct list wondered; /* in `questions` while it is to be asked for */
	struct addr peer;     /* none: of a channel, which has no neighbours */
	uint32_t ifindex;
	uint16_t protocol; /* ETH_P_… */
	unsigned users;
	bool known;
	uint8_t mac[ETH_ALEN];
	uint32_t ask_us;
	usec_t ask_at;
};
struct waiting {
	void *owner;
	const struct bfd_send *send;
};
struct frames {
	int fd, news;
	struct hash hops;
	struct list questions;
	unsigned count; /* of what waits */
	struct waiting waiting[AT_ONCE];
	struct mmsghdr messages[AT_ONCE];
	struct iovec parts[AT_ONCE];
	struct sockaddr_ll to[AT_ONCE];
	uint8_t bytes[AT_ONCE][ENVELOPE_HEAD + ENVELOPE_BYTES + BFD_PACKET_MAX];
};

/* --- hops --- */

static uint32_t
hop_hash(const struct addr *peer, uint32_t ifindex)
{
	return hash_bytes(peer->bytes, sizeof peer->bytes, ifindex);
}

static struct hop *
hop_find(const struct frames *f, const struct addr *peer, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&f->hops, hop_hash(peer, ifindex)); n; n = hash_next(n)) {
		struct hop *h = OBJECT(n, struct hop, by_peer);
		if (h->ifindex == ifindex && addr_eq(&h->peer, peer))
			return h;
	}
	return NULL;
}

struct hop *
frames_hop(struct frames *f, const struct addr *peer, uint32_t ifindex)
{
	struct hop *h = hop_find(f, peer, ifindex);

	if (!h) {
		h = NEW(struct hop);
		h->peer = *peer;
		h->ifindex = ifindex;
		h->protocol = peer->family == 4 ? ETH_P_IP : ETH_P_IPV6;
		h->ask_us = ASK_US;
		list_init(&h->wondered);
		hash_add(&f->hops, &h->by_peer, hop_hash(peer, ifindex));
	}
	h->users++;
	return h;
}

struct hop *
frames_channel(struct frames *f, uint32_t ifindex)
{
	struct addr nobody = addr_none();
	struct hop *h = frames_hop(f, &nobody, ifindex);

	h->protocol = ETH_P_MPLS_UC;
	h->known = true;
	memset(h->mac, 0xff, sizeof h->mac);
	return h;
}

static void
hop_free(struct frames *f, struct hop *h)
{
	list_remove(&h->wondered);
	hash_remove(&f->hops, &h->by_peer);
	free(h);
}

void
frames_leave(struct frames *f, struct hop *h)
{
	if (--h->users == 0)
		hop_free(f, h);
}

bool
frames_knows(const struct hop *h)
{
	return h->known;
}

void
frames_wonder(struct frames *f, struct hop *h, usec_t now)
{
	if (h->known || now < h->ask_at || !list_is_empty(&h->wondered))
		return;
	h->ask_at = now + h->ask_us;
	h->ask_us = h->ask_us * 2 < ASK_MAX_US ? h->ask_us * 2 : ASK_MAX_US;
	list_append(&f->questions, &h->wondered);
}

bool
frames_question(struct frames *f, struct hop_question *ret)
{
	if (list_is_empty(&f->questions))
		return false;
	struct hop *h = OBJECT(f->questions.next, struct hop, wondered);
	list_remove(&h->wondered);
	*ret = (struct hop_question){ .peer = h->peer, .ifindex = h->ifindex };
	return true;
}

/* --- the kernel's neighbour table --- */

static void
learn(struct frames *f, const struct nlmsghdr *n)
{
	const struct ndmsg *m = NLMSG_DATA(n);
	const struct rtattr *at = (const void *)((const char *)m + NLMSG_ALIGN(sizeof *m));
	int left = (int)n->nlmsg_len - (int)NLMSG_SPACE(sizeof *m);
	struct addr peer = addr_none();
	const uint8_t *mac = NULL;

	if (left < 0 || (m->ndm_flags & NTF_PROXY))
		return;
	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if (at->rta_type == NDA_DST)
			addr_from_bytes(RTA_DATA(at), RTA_PAYLOAD(at), &peer);
		else if (at->rta_type == NDA_LLADDR && RTA_PAYLOAD(at) == ETH_ALEN)
			mac = RTA_DATA(at);
	struct hop *h = addr_is_set(&peer) ? hop_find(f, &peer, (uint32_t)m->ndm_ifindex) : NULL;
	if (!h)
		return;
	h->known = n->nlmsg_type == RTM_NEWNEIGH && mac && (m->ndm_state & VALID);
	if (!h->known)
		return;
	memcpy(h->mac, mac, ETH_ALEN);
	h->ask_us = ASK_US;
	h->ask_at = 0;
}

/* News were lost: what is not known is asked for again, and goes by its own socket until then. */
static void
forget_all(struct frames *f)
{
	hash_each (n, &f->hops) {
		struct hop *h = OBJECT(n, struct hop, by_peer);
		h->known = !addr_is_set(&h->peer);
	}
}

void
frames_read(struct frames *f)
{
	_Alignas(struct nlmsghdr) char bytes[NEWS_BYTES];

	for (int i = 0; i < READS_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t room = sizeof from;
		ssize_t size = recvfrom(f->news, bytes, sizeof bytes, MSG_DONTWAIT, (void *)&from, &room);
		if (size < 0 && errno == ENOBUFS)
			forget_all(f);
		else if (size < 0)
			return;
		if (size < 0 || from.nl_pid != 0)
			continue;
		int left = (int)size;
		for (const struct nlmsghdr *n = (void *)bytes; NLMSG_OK(n, left); n = NLMSG_NEXT(n, left))
			if (n->nlmsg_type == RTM_NEWNEIGH || n->nlmsg_type == RTM_DELNEIGH)
				learn(f, n);
	}
}

int
frames_events(const struct frames *f)
{
	return f->news;
}

void
frames_ask(const struct frames *f, const struct hop_question *q)
{
	struct {
		struct nlmsghdr head;
		struct ndmsg neighbour;
		struct rtattr dst;
		uint8_t address[16];
	} ask = { .head = { .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST },
		.neighbour = { .ndm_family = q->peer.family == 4 ? AF_INET : AF_INET6, .ndm_ifindex = (int)q->ifindex },
		.dst = { .rta_type = NDA_DST, .rta_len = (unsigned short)RTA_LENGTH(addr_size(&q->peer)) } };

	memcpy(ask.address, q->peer.bytes, sizeof ask.address);
	ask.head.nlmsg_len = (uint32_t)(offsetof(__typeof__(ask), address) + addr_size(&q->peer));
	/* Without an answer it is asked again. */
	send(f->news, &ask, ask.head.nlmsg_len, MSG_DONTWAIT);
}

/* The table tells of bridges too, and of thousands of stations that may be behind one: these wake nobody. */
static bool
listen_to_neighbours(int fd)
{
	static struct sock_filter families[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
						     NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog p = { .len = COUNT(families), .filter = families };
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH };

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ QUEUE_BYTES }, sizeof(int));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) == 0 &&
	       bind(fd, (void *)&own, sizeof own) == 0;
}

/* --- sending --- */

bool
frames_add(struct frames *f, const struct hop *h, const struct envelope *e, const struct bfd_send *out, void *owner)
{
	if (f->count == AT_ONCE)
		return false;
	unsigned i = f->count++;
	f->parts[i].iov_len = envelope_fill(e, out->bytes, out->size, f->bytes[i]);
	f->to[i].sll_protocol = htons(h->protocol);
	f->to[i].sll_ifindex = (int)h->ifindex;
	memcpy(f->to[i].sll_addr, h->mac, ETH_ALEN);
	f->waiting[i] = (struct waiting){ owner, out };
	return true;
}

void
frames_flush(struct frames *f, frames_refused *refused, void *ctx)
{
	unsigned at = 0;

	while (at < f->count) {
		int n = sendmmsg(f->fd, f->messages + at, f->count - at, MSG_DONTWAIT);
		if (n > 0) {
			at += (unsigned)n;
		} else if (n == 0 || errno != EINTR) { /* it is about the first of them */
			refused(ctx, f->waiting[at].owner, f->waiting[at].send);
			at++;
		}
	}
	f->count = 0;
}

/* --- */

/* What does not change from one packet to the next. */
static void
prepare(struct frames *f)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		f->to[i] = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
		f->parts[i].iov_base = f->bytes[i];
		f->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &f->to[i], .msg_namelen = sizeof f->to[i], .msg_iov = &f->parts[i], .msg_iovlen = 1
		};
	}
}

struct frames *
frames_open(void)
{
	struct frames *f = NEW(struct frames);

	hash_init(&f->hops);
	list_init(&f->questions);
	/* Without a protocol nothing is received. The link makes its own header: our address on it may change. */
	f->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	f->news = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (f->fd < 0 || f->news < 0 || !listen_to_neighbours(f->news)) {
		frames_close(f);
		return NULL;
	}
	if (setsockopt(f->fd, SOL_SOCKET, SO_PRIORITY, &(int){ 7 }, sizeof(int)) != 0)
		setsockopt(f->fd, SOL_SOCKET, SO_PRIORITY, &(int){ 6 }, sizeof(int));
	setsockopt(f->fd, SOL_SOCKET, SO_SNDBUF, &(int){ QUEUE_BYTES }, sizeof(int));
	prepare(f);
	return f;
}

void
frames_close(struct frames *f)
{
	if (!f)
		return;
	hash_each (n, &f->hops) {
		hop_free(f, OBJECT(n, struct hop, by_peer));
	}
	hash_free(&f->hops);
	if (f->fd >= 0)
		close(f->fd);
	if (f->news >= 0)
		close(f->news);
	free(f);
}
