/* Lines on standard input for those who stand in for a daemon: feed_lines.h. */
#include "tests/helper/feed_lines.h"
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct host *host;
static void (*give)(char *line);
static char pending[1 << 16]; /* its last line may not be whole yet */
static size_t pending_size;

static int
on_input(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	ssize_t n = read(fd, pending + pending_size, sizeof pending - pending_size - 1);
	char *line = pending, *end;

	(void)source;
	(void)events;
	(void)ctx;
	if (n <= 0) {
		host_stop(host, 0);
		return 0;
	}
	pending_size += (size_t)n;
	pending[pending_size] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		give(line);
	}
	pending_size = strlen(line);
	memmove(pending, line, pending_size);
	fflush(stdout);
	return 0;
}

int
feed_lines(struct host *of, void (*one)(char *line))
{
	host = of;
	give = one;
	return sd_event_add_io(host_loop(host), NULL, STDIN_FILENO, EPOLLIN, on_input, NULL);
}
