/* Echoes as packets, and the two sockets that they need: realtime_echo.h says why. */
#include "bfdd/realtime_echo.h"
#include "base/mem.h"
#include "bfdd/core/core.h"
#include "bfdd/core/envelope.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { V4_HEADER = 20, V6_HEADER = 40, UDP_HEADER = 8, ROOM = ENVELOPE_BYTES + BFD_ECHO_BYTES, UDP = 17 };

int
echo_open(unsigned family, const char *device)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1) != 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){ 7 }, sizeof(int)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){ 6 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 0 }, sizeof(int)); /* nothing is read here */
	return fd;
}

int
echo_send(int fd, const struct addr *own, const struct addr *peer, uint32_t ifindex, uint8_t tos_exp,
    const uint8_t *bytes, size_t size)
{
	uint8_t packet[ROOM];
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_scope_id = addr_is_link_local(peer) ? ifindex : 0 };

	if (size > BFD_ECHO_BYTES || peer->family != own->family)
		return -EINVAL;
	struct envelope e = envelope_of(own, own, BFD_ECHO_PORT, BFD_ECHO_PORT, tos_exp);
	size_t total = envelope_fill(&e, bytes, size, packet);
	memcpy(&to4.sin_addr, peer->bytes, 4);
	memcpy(&to6.sin6_addr, peer->bytes, 16);
	const void *to = peer->family == 4 ? (const void *)&to4 : &to6;
	socklen_t room = peer->family == 4 ? sizeof to4 : sizeof to6;
	return sendto(fd, packet, total, MSG_DONTWAIT, to, room) < 0 ? -errno : 0;
}

/* Unfragmented UDP to the port of echoes; offsets are from the IP header on. */
static int
filter(int fd, unsigned family)
{
	static struct sock_filter four[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP, 0, 6), BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BFD_ECHO_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX), BPF_STMT(BPF_RET | BPF_K, 0) };
	static struct sock_filter six[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP, 0, 3), BPF_STMT(BPF_LD | BPF_H | BPF_ABS, V6_HEADER + 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BFD_ECHO_PORT, 0, 1), BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog p = { .len = family == 4 ? COUNT(four) : COUNT(six), .filter = family == 4 ? four : six };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) == 0 ? 0 : -errno;
}

int
echo_listen(unsigned family, uint32_t ifindex)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
		.sll_protocol = htons(family == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = (int)ifindex };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	/* Before it is bound: nothing is received without a protocol. */
	if ((r = filter(fd, family)) == 0 && bind(fd, (void *)&link, sizeof link) != 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

const uint8_t *
echo_payload(unsigned family, const uint8_t *packet, size_t size, size_t *ret_size)
{
	size_t head = family == 6 ? V6_HEADER : size ? (packet[0] & 15u) * 4u : 0;

	if (head < V4_HEADER || size < head + UDP_HEADER)
		return NULL;
	size_t udp = (size_t)packet[head + 4] << 8 | packet[head + 5];
	if (udp < UDP_HEADER || udp > size - head)
		return NULL;
	*ret_size = udp - UDP_HEADER;
	return packet + head + UDP_HEADER;
}
