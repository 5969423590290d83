/*
 * When a group of next hops is changed, the kernel tells everybody who listens for routes of each route that follows it
 * (net.ipv4.nexthop_compat_mode). With a hundred thousand of them that is a tenth of a second for which it holds both its
 * lock of all routing and the processor it runs on, where nothing else is run in that time: not even a thread that has to
 * say hello to a BFD neighbour. Nobody can read that many notices so fast either; a listener's queue overflows.
 *
 * So a change that moves many routes is made while the setting is off, for the time of that one message. The group's own
 * notice is sent as always. A file in the run directory stands for the setting being off: whoever finds it at the start
 * turns it on again, for then we ended in between.
 */
#include "base/mem.h"
#include "fibd/kernel/kernel.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTING "net/ipv4/nexthop_compat_mode"

struct quiet {
	char mark[256];
};

struct quiet *
quiet_new(const char *run_dir)
{
	struct quiet *q = NEW(struct quiet);

	snprintf(q->mark, sizeof q->mark, "%s/fibd.quiet", run_dir);
	if (access(q->mark, F_OK) == 0)
		quiet_end(q);
	return q;
}

void
quiet_free(struct quiet *q)
{
	free(q);
}

bool
quiet_begin(struct quiet *q)
{
	if (sysctl_read(SETTING) != 1) /* not there, or off for good */
		return false;
	int fd = open(q->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false; /* it takes longer, that is all */
	close(fd);
	if (sysctl_write(SETTING, "0") == 0)
		return true;
	unlink(q->mark);
	return false;
}

void
quiet_end(struct quiet *q)
{
	if (sysctl_write(SETTING, "1") == 0)
		unlink(q->mark);
}
