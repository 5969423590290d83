/* What a network card says of itself. */
#include "fibd/kernel/kernel.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

uint32_t
kernel_speed_mbps(const char *name)
{
	struct ethtool_cmd command = { .cmd = ETHTOOL_GSET };
	struct ifreq request = { .ifr_data = (char *)&command };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	memcpy(request.ifr_name, name, strnlen(name, sizeof request.ifr_name - 1));
	int r = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	uint32_t speed = r == 0 ? ethtool_cmd_speed(&command) : 0;
	return speed == (uint32_t)SPEED_UNKNOWN ? 0 : speed;
}
