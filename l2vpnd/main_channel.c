/* The sockets of LSP ping: see main_channel.h. */
#include "l2vpnd/main_channel.h"
#include "base/mem.h"
#include "host/log.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/lsp_ping.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READS_PER_WAKE = 64, PACKET_MAX = 65536, CONTROL_MAX = 256, REPLY_TTL = 255, TOS_CS6 = 0xc0, OPTION_SIZE = 4 };

struct channel {
	struct host *host;
	const struct channel_ops *ops;
	void *ctx;
	uint32_t ifindex; /* of the device; 0: none */
	int frames, datagrams;
	sd_event_source *on_frames, *on_datagrams;
	uint8_t bytes[PACKET_MAX];
};

/* --- receiving --- */

static usec_t
received_at(const struct channel *c, struct msghdr *m)
{
	usec_t now = host_now(c->host);

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp, real;
			memcpy(&stamp, CMSG_DATA(h), sizeof stamp);
			clock_gettime(CLOCK_REALTIME, &real);
			int64_t age =
			    (int64_t)(real.tv_sec - stamp.tv_sec) * 1000000 + (real.tv_nsec - stamp.tv_nsec) / 1000;
			/* A step of the real-time clock is no age. */
			return age > 0 && age < 1000000 ? now - (usec_t)age : now;
		}
	return now;
}

/* The size of one packet; -1: there is none. */
static ssize_t
receive(struct channel *c, int fd, struct sockaddr_in *from, usec_t *received)
{
	uint8_t control[CONTROL_MAX];
	struct iovec part = { c->bytes, sizeof c->bytes };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_name = from,
		.msg_namelen = from ? sizeof *from : 0,
		.msg_control = control,
		.msg_controllen = sizeof control };
	ssize_t size = recvmsg(fd, &m, MSG_DONTWAIT);

	if (size >= 0)
		*received = received_at(c, &m);
	return size;
}

static int
on_frames(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct channel *c = ctx;
	usec_t received;
	ssize_t size;

	(void)source;
	(void)events;
	for (int i = 0; i < READS_PER_WAKE && (size = receive(c, fd, NULL, &received)) >= 0; i++)
		c->ops->frame(c->ctx, c->bytes, (size_t)size, received);
	c->ops->settled(c->ctx);
	return 0;
}

static int
on_datagrams(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct channel *c = ctx;
	struct sockaddr_in from;
	usec_t received;
	ssize_t size;

	(void)source;
	(void)events;
	for (int i = 0; i < READS_PER_WAKE && (size = receive(c, fd, &from, &received)) >= 0; i++) {
		struct addr a = addr_v4(ntohl(from.sin_addr.s_addr));
		c->ops->datagram(c->ctx, &a, c->bytes, (size_t)size, received);
	}
	c->ops->settled(c->ctx);
	return 0;
}

static int
listen_to(struct channel *c, int fd, sd_event_source **source, sd_event_io_handler_t handler)
{
	int r;

	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 }, sizeof(int));
	r = sd_event_add_io(host_loop(c->host), source, fd, EPOLLIN, handler, c);
	if (r >= 0)
		r = sd_event_source_set_priority(*source, HOST_PACKETS);
	return r;
}

/* --- the device --- */

/* BFD goes through the same device, a hundred times a second for each of its sessions: that wakes us not. Offsets are from the
 * label; IP lies behind it, or behind the associated channel header. */
static int
take_lsp_ping_only(int fd)
{
	static struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 4),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x10, 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0021, 0, 14),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 8),
		BPF_STMT(BPF_JMP | BPF_JA, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 11),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 4),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 9), /* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0f),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), /* destination port */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LSP_PING_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog p = { .len = COUNT(program), .filter = program };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p);
}

static void
leave_device(struct channel *c)
{
	c->on_frames = sd_event_source_disable_unref(c->on_frames);
	if (c->frames >= 0)
		close(c->frames);
	c->frames = -1;
}

/* Without a protocol until the filter is there: nothing comes in before. */
static int
enter_device(struct channel *c)
{
	struct sockaddr_ll device = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_MPLS_UC), .sll_ifindex = (int)c->ifindex
	};

	c->frames = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->frames < 0 || take_lsp_ping_only(c->frames) != 0 || bind(c->frames, (void *)&device, sizeof device) != 0)
		return -errno;
	return listen_to(c, c->frames, &c->on_frames, on_frames);
}

void
channel_follow(struct channel *c, uint32_t ifindex)
{
	if (c->ifindex == ifindex)
		return;
	leave_device(c);
	c->ifindex = ifindex;
	int r = ifindex ? enter_device(c) : 0;
	if (r >= 0)
		return;
	leave_device(c);
	log_line(LOG_LINE_WARNING,
	    "no packets of control channels (VCCV): a packet socket on " CONTROL_CHANNEL_DEVICE ": %s%s", strerror(-r),
	    r == -EPERM ? "; it takes CAP_NET_RAW" : "");
}

/* fibd's filters look at nothing of the link's header. */
int
channel_send_frame(struct channel *c, uint32_t ifindex, const uint8_t *bytes, size_t size)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_MPLS_UC),
		.sll_ifindex = (int)ifindex,
		.sll_halen = ETH_ALEN,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

	if (c->frames < 0 || ifindex != c->ifindex)
		return -ENODEV;
	return sendto(c->frames, bytes, size, MSG_DONTWAIT, (void *)&to, sizeof to) < 0 ? -errno : 0;
}

/* --- UDP --- */

static int
open_port(struct channel *c)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(LSP_PING_PORT) };

	c->datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->datagrams < 0)
		return -errno;
	setsockopt(c->datagrams, IPPROTO_IP, IP_TTL, &(int){ REPLY_TTL }, sizeof(int));
	setsockopt(c->datagrams, IPPROTO_IP, IP_TOS, &(int){ TOS_CS6 }, sizeof(int));
	if (bind(c->datagrams, (void *)&any, sizeof any) != 0)
		return -errno;
	return listen_to(c, c->datagrams, &c->on_datagrams, on_datagrams);
}

int
channel_send_datagram(struct channel *c, const struct addr *from, const struct addr *to, uint16_t port,
    bool router_alert, const uint8_t *bytes, size_t size)
{
	static const uint8_t alert[OPTION_SIZE] = { 0x94, 4, 0, 0 }; /* RFC 2113 */
	_Alignas(struct cmsghdr)
	    uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(OPTION_SIZE)] = { 0 };
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr_to_v4(to))
	};
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(addr_to_v4(from)) };
	struct iovec part = { (void *)(uintptr_t)bytes, size };
	struct msghdr m = { .msg_name = &address,
		.msg_namelen = sizeof address,
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof info) + (router_alert ? CMSG_SPACE(OPTION_SIZE) : 0) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	*h = (struct cmsghdr){ .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof info) };
	memcpy(CMSG_DATA(h), &info, sizeof info);
	if (router_alert) {
		h = CMSG_NXTHDR(&m, h);
		*h = (struct cmsghdr){
			.cmsg_level = IPPROTO_IP, .cmsg_type = IP_RETOPTS, .cmsg_len = CMSG_LEN(OPTION_SIZE)
		};
		memcpy(CMSG_DATA(h), alert, OPTION_SIZE);
	}
	if (c->datagrams < 0)
		return -ENOTCONN;
	return sendmsg(c->datagrams, &m, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* --- */

struct channel *
channel_open(struct host *host, const struct channel_ops *ops, void *ctx)
{
	struct channel *c = NEW(struct channel);

	*c = (struct channel){ .host = host, .ops = ops, .ctx = ctx, .frames = -1, .datagrams = -1 };
	int r = open_port(c);
	if (r < 0) {
		log_line(LOG_LINE_WARNING, "no LSP ping with replies by UDP: port %d: %s", LSP_PING_PORT, strerror(-r));
		c->on_datagrams = sd_event_source_disable_unref(c->on_datagrams);
		if (c->datagrams >= 0)
			close(c->datagrams);
		c->datagrams = -1;
	}
	return c;
}

void
channel_close(struct channel *c)
{
	if (!c)
		return;
	leave_device(c);
	c->on_datagrams = sd_event_source_disable_unref(c->on_datagrams);
	if (c->datagrams >= 0)
		close(c->datagrams);
	free(c);
}
