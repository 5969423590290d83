/*
 * ping and tracert, thin over the system's ping and traceroute, which are told the device of the VPN instance. They are run
 * by fibctl itself: what they send comes from whoever asks, and no daemon waits for it. Their lines are read as they come and
 * written in the form of reference 002.
 */
#include "base/text.h"
#include "fibd/commands.h"
#include "fibd/config.h"
#include "host/bus.h"
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 32, FAILED = 1, PACKET4 = 40, PACKET6 = 80, HOPS_MAX = 30 };

/* --- another program --- */

struct program {
	const char *name; /* ours, for messages */
	const char *package;
	const char *words[ARGUMENTS]; /* NULL at the end */
	size_t count;
	void (*line)(void *ctx, char *line); /* without its end */
	void *ctx;
};

static void
add(struct program *p, const char *word)
{
	if (p->count + 1 < ARGUMENTS)
		p->words[p->count++] = word;
}

static void
add_pair(struct program *p, const char *option, const char *value)
{
	if (!value)
		return;
	add(p, option);
	add(p, value);
}

static volatile sig_atomic_t running; /* its process ID; 0: none */

/* Ctrl-C reaches both; a signal to us alone is handed on. It ends, and says how it went until then. */
static void
hand_on(int signal)
{
	if (running)
		kill(running, signal);
}

static void
become(const struct program *p, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	setenv("LC_ALL", "C", 1);
	if (dup2(out, STDOUT_FILENO) >= 0)
		execvp(p->words[0], (char *const *)(uintptr_t)p->words);
	fprintf(stderr, "%s: %s cannot be run: %s; it comes with the package %s\n", p->name, p->words[0],
	    strerror(errno), p->package);
	_exit(127);
}

static void
read_lines(const struct program *p, FILE *from)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, from)) > 0) {
		line[n - (line[n - 1] == '\n')] = '\0';
		p->line(p->ctx, line);
		fflush(stdout);
	}
	free(line);
}

/* Its exit status; 128 and the number when a signal ended it. */
static int
run(const struct program *p)
{
	struct sigaction handler = { .sa_handler = hand_on, .sa_flags = SA_RESTART };
	int ends[2], status = 0;

	fflush(stdout);
	if (pipe(ends) != 0 || sigaction(SIGINT, &handler, NULL) != 0 || sigaction(SIGTERM, &handler, NULL) != 0) {
		fprintf(stderr, "%s: %s\n", p->name, strerror(errno));
		return FAILED;
	}
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		become(p, ends[1]);
	}
	close(ends[1]);
	running = child > 0 ? child : 0;
	FILE *from = fdopen(ends[0], "r");
	if (from && child > 0)
		read_lines(p, from);
	if (from)
		fclose(from);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	running = 0;
	if (child < 0) {
		fprintf(stderr, "%s: %s\n", p->name, strerror(errno));
		return FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Adds where it starts: the device of the instance, and the source. False: there is no such thing, which was said. */
static bool
add_origin(struct program *p, const struct args *a, const char *device, const char *source)
{
	const char *vrf = arg_text(a, "vrf");
	struct addr from = arg_addr(a, "source"), to = arg_addr(a, "host");

	if (vrf && (strlen(vrf) >= FIB_VRF_NAME || !if_nametoindex(vrf))) {
		fprintf(stderr, "%s: there is no VPN instance %s here\n", p->name, vrf);
		return false;
	}
	if (addr_is_set(&from) && from.family != to.family) {
		fprintf(stderr, "%s: source and destination are of two families\n", p->name);
		return false;
	}
	add_pair(p, device, vrf);
	add_pair(p, source, arg_text(a, "source"));
	return true;
}

/* Whole milliseconds; below the first there is no more to say. */
static const char *
time_text(double ms, char out[24])
{
	if (ms < 1)
		snprintf(out, 24, "<1");
	else
		snprintf(out, 24, "%.0f", ms);
	return out;
}

/* --- ping --- */

struct ping {
	const char *host;
	unsigned bytes, told; /* `told`: packets of which a line says what became of them */
};

static void
ping_line(void *ctx, char *line)
{
	struct ping *p = ctx;
	unsigned bytes, sequence, ttl, sent, received;
	double ms, least, mean, most;
	char from[64], text[3][24];

	if (sscanf(line, "%u bytes from %63[^ ] icmp_seq=%u ttl=%u time=%lf", &bytes, from, &sequence, &ttl, &ms) ==
	    5) {
		from[strlen(from) - (from[strlen(from) - 1] == ':')] = '\0';
		printf("    Reply from %s: bytes=%u Sequence=%u ttl=%u time=%s ms\n", from, p->bytes, sequence, ttl,
		    time_text(ms, text[0]));
		p->told++;
	} else if (sscanf(line, "no answer yet for icmp_seq=%u", &sequence) == 1) {
		printf("    Request time out\n");
		p->told++;
	} else if (sscanf(line, "From %63[^ ] icmp_seq=%u", from, &sequence) == 2) {
		const char *what = strstr(line, "icmp_seq=") + strcspn(strstr(line, "icmp_seq="), " ");
		printf("    From %s: Sequence=%u%s\n", from, sequence, what);
		p->told++;
	} else if (sscanf(line, "%u packets transmitted, %u received", &sent, &received) == 2) {
		for (; p->told < sent; p->told++)
			printf("    Request time out\n");
		printf("\n  --- %s ping statistics ---\n    %u packet(s) transmitted\n    %u packet(s) received\n"
		       "    %.2f%% packet loss\n",
		    p->host, sent, received, sent ? (sent - received) * 100.0 / sent : 0);
	} else if (sscanf(line, "rtt min/avg/max/mdev = %lf/%lf/%lf", &least, &mean, &most) == 3) {
		printf("round-trip min/avg/max = %s/%s/%s ms\n", time_text(least, text[0]), time_text(mean, text[1]),
		    time_text(most, text[2]));
	}
}

static int
run_ping(const struct args *a, const char *name, const char *run_dir)
{
	struct ping ping = { .host = arg_text(a, "host"), .bytes = arg_given(a, "-s") ? arg_u32(a, "bytes") : 56 };
	struct program p = { .name = name, .package = "iputils-ping", .line = ping_line, .ctx = &ping };
	char bytes[16], wait[24];
	uint32_t ms = arg_given(a, "-t") ? arg_u32(a, "wait") : 2000;

	(void)run_dir;
	snprintf(bytes, sizeof bytes, "%u", ping.bytes);
	snprintf(wait, sizeof wait, "%u.%03u", ms / 1000, ms % 1000);
	add(&p, "ping");
	add(&p, "-nO");
	add_pair(&p, "-c", arg_given(a, "-c") ? arg_text(a, "count") : "5");
	add_pair(&p, "-s", bytes);
	add_pair(&p, "-i", "0.5");
	add_pair(&p, "-W", wait);
	if (!add_origin(&p, a, "-I", "-I"))
		return FAILED;
	add(&p, "--");
	add(&p, ping.host);
	printf("PING %s: %u  data bytes, press CTRL_C to break\n", ping.host, ping.bytes);
	int status = run(&p);
	putchar('\n');
	return status;
}

/* --- tracert --- */

#define ORIGIN_WAIT (500 * USEC_PER_MSEC)

struct trace {
	struct bus_client *bgp; /* NULL: l3vpnd does not run, or has not answered */
	const char *vrf;
	struct arena arena;
};

/* From which AS BGP has the route to a hop; without BGP nothing is said of it. */
static void
print_origin(struct trace *t, const char *address)
{
	struct bus_answer answer;
	char why[256], question[128];

	if (!t->bgp)
		return;
	int size = snprintf(question, sizeof question, "%s%s%s", address, t->vrf ? " " : "", t->vrf ? t->vrf : "");
	if (bus_client_request(t->bgp, "origin", question, (size_t)size, ORIGIN_WAIT, &t->arena, &answer, why) < 0) {
		bus_client_close(t->bgp);
		t->bgp = NULL;
	} else if (!answer.status && answer.text && *answer.text) {
		printf(" < AS=%s >", answer.text);
	}
	arena_reset(&t->arena);
}

/* " 1  10.1.1.2  0.052 ms 10.2.1.2  0.043 ms  0.03 ms *" */
static void
tracert_line(void *ctx, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " ", &rest), *after, text[24];
	bool counted = false; /* a time of this address stands there already */
	struct addr a;

	if (!word || strspn(word, "0123456789") != strlen(word))
		return; /* the head, in whose place stands ours */
	printf(" %s", word);
	while ((word = strtok_r(NULL, " ", &rest))) {
		double ms = strtod(word, &after);
		if (addr_parse(word, &a)) {
			printf(" %s", word);
			print_origin(ctx, word);
			counted = false;
		} else if (!*after && after != word) {
			printf("%s %s ms", counted ? " " : "", time_text(ms, text));
			counted = true;
		} else if (strcmp(word, "ms") != 0) {
			printf(" %s", word); /* `*`, `!H` */
		}
	}
	putchar('\n');
}

static int
run_tracert(const struct args *a, const char *name, const char *run_dir)
{
	char why[256];
	struct trace trace = { .bgp = bus_client_open(run_dir, "l3vpnd", why), .vrf = arg_text(a, "vrf") };
	struct program p = { .name = name, .package = "traceroute", .line = tracert_line, .ctx = &trace };
	const char *host = arg_text(a, "host");
	char hops[16], bytes[16];
	uint32_t most = arg_given(a, "-m") ? arg_u32(a, "hops") : HOPS_MAX;
	uint32_t size = arg_addr(a, "host").family == 6 ? PACKET6 : PACKET4;

	snprintf(hops, sizeof hops, "%u", most);
	snprintf(bytes, sizeof bytes, "%u", size);
	add(&p, "traceroute");
	add(&p, "-n");
	add_pair(&p, "-m", hops);
	add_pair(&p, "-q", arg_given(a, "-q") ? arg_text(a, "probes") : "3");
	int status = FAILED;
	if (add_origin(&p, a, "-i", "-s")) {
		add(&p, "--");
		add(&p, host);
		add(&p, bytes);
		printf(" traceroute to  %s(%s), max hops: %u ,packet length: %u\n", host, host, most, size);
		status = run(&p);
	}
	bus_client_close(trace.bgp);
	arena_free(&trace.arena);
	return status;
}

const struct command fib_probe_commands[] = {
	{ .view = VIEW_EXEC,
	    .words =
		"ping [ -vpn-instance <word>:vrf | -a <ip>:source | -c <1-1000000>:count | -s <20-9600>:bytes | -t "
		"<1-65535>:wait ]* <ip>:host",
	    .run = run_ping,
	    .help = "Does somebody answer? In a VPN instance, from an address, so many packets (default 5) of so many "
		    "bytes "
		    "(default 56), waiting so many ms (default 2000)",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "tracert [ -vpn-instance <word>:vrf | -a <ip>:source | -m <1-255>:hops | -q <1-10>:probes ]* "
		     "<ip>:host",
	    .run = run_tracert,
	    .help =
		"Which routers are on the way? In a VPN instance, from an address, so many hops at most (default 30), "
		"with so many packets for each (default 3)",
	    .ref = "reference 002" },
	{ 0 },
};
