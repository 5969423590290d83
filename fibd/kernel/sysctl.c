/*
 * Settings below /proc/sys, kernel modules, and what this kernel can do.
 */
#include "fibd/kernel/kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MISSING_MAX = 4 };

int
sysctl_write(const char *path, const char *value)
{
	char full[256];
	int n = snprintf(full, sizeof full, "/proc/sys/%s", path);
	int fd = n < (int)sizeof full ? open(full, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return -errno;
	int r = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

long
sysctl_read(const char *path)
{
	char full[256], text[32] = "";
	int n = snprintf(full, sizeof full, "/proc/sys/%s", path);
	int fd = n < (int)sizeof full ? open(full, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return -1;
	ssize_t size = read(fd, text, sizeof text - 1);
	close(fd);
	return size > 0 ? strtol(text, NULL, 10) : -1;
}

/* Interface names may hold a dot, which is no separator here: the path is a path. */
bool
kernel_mpls_input(const char *ifname)
{
	char path[64];

	snprintf(path, sizeof path, "net/mpls/conf/%.15s/input", ifname);
	return sysctl_read(path) == 1;
}

static void
load_module(const char *name)
{
	char modprobe[] = "/usr/sbin/modprobe", quiet[] = "-q", path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin", copy[32];
	char *const argv[] = { modprobe, quiet, copy, NULL }, *const env[] = { path, NULL };
	pid_t child;

	snprintf(copy, sizeof copy, "%s", name);
	if (posix_spawn(&child, modprobe, NULL, NULL, argv, env) == 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
}

void
kernel_abilities(struct kernel *k, struct fib_abilities *ret)
{
	static const char *missing[MISSING_MAX];
	struct utsname u;

	(void)k;
	*ret = (struct fib_abilities){ .nexthop_objects = true, .vrf = true, .missing = missing };
	if (sysctl_read("net/mpls/platform_labels") < 0) {
		load_module("mpls_router");
		load_module("mpls_iptunnel");
	}
	long labels = sysctl_read("net/mpls/platform_labels");
	ret->mpls = labels >= 0;
	ret->platform_labels = labels > 0 ? (uint32_t)labels : 0;
	if (!ret->mpls)
		missing[ret->missing_count++] =
		    "this kernel has no MPLS routing (module mpls_router): labels are exchanged with neighbours but "
		    "not "
		    "programmed; boot a kernel that has it, such as Debian's linux-image-amd64";
	if ((missing[ret->missing_count] = kernel_missing_actions()))
		ret->missing_count++;
	ret->resilient_groups = kernel_has_resilient_groups();
	if (uname(&u) == 0)
		snprintf(ret->release, sizeof ret->release, "%s", u.release);
}
