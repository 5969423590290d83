/* Frames of control channels, and which of them are BFD's: realtime_channel.h says why. */
#include "bfdd/realtime_channel.h"
#include "base/mem.h"
#include "bfdd/core/core.h"
#include "bfdd/core/vccv.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LABEL = 4, HEADER = 4, V6_HEADER = 40, UDP = 17 };

/* Offsets are from the label on; `at` is where the IP header is. Jumps count from the instruction behind. */
#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, at)
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define V4(at, yes, no)                                                                       \
	LOAD(BPF_B, (at) + 9), IS(UDP, 0, (no) + 3), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, at), \
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, (at) + 2), IS(BFD_SINGLE_PORT, yes, no)
#define V6(at, yes, no) \
	LOAD(BPF_B, (at) + 6), IS(UDP, 0, (no) + 2), LOAD(BPF_H, (at) + V6_HEADER + 2), IS(BFD_SINGLE_PORT, yes, no)

static int
filter(int fd)
{
	static struct sock_filter code[] = {
		/* 0 */ LOAD(BPF_B, 2),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 27), /* one label alone */
		LOAD(BPF_B, LABEL),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		IS(4, 6, 0),
		IS(6, 10, 0),
		/* 6 */ IS(1, 0, 22),
		LOAD(BPF_H, LABEL + 2),
		IS(VCCV_ACH_BFD, 21, 0),
		IS(VCCV_ACH_V4, 10, 0),
		/* 10 */ IS(VCCV_ACH_V6, 14, 18),
		/* 11 */ V4(LABEL, 14, 13),
		/* 16 */ V6(LABEL, 10, 9),
		/* 20 */ V4(LABEL + HEADER, 5, 4),
		/* 25 */ V6(LABEL + HEADER, 1, 0),
		/* 29 */ BPF_STMT(BPF_RET | BPF_K, 0),
		/* 30 */ BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
	};
	struct sock_fprog p = { .len = COUNT(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) == 0 ? 0 : -errno;
}

int
channel_listen(uint32_t ifindex, int queue_bytes)
{
	struct sockaddr_ll device = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_MPLS_UC), .sll_ifindex = (int)ifindex
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof queue_bytes) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue_bytes, sizeof queue_bytes);
	/* Before it is bound: nothing is received without a protocol. */
	if ((r = filter(fd)) == 0 && bind(fd, (void *)&device, sizeof device) != 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}
