/*
 * `ping vc`: LSP ping through a pseudowire's control channel. l2vpnd sends each echo when it is asked to, and answers when the
 * reply is there or its time is over; what is counted and written is here.
 */
#include "base/text.h"
#include "host/bus.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/lsp_ping.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COUNT = 5, BYTES = 100, WAIT_MS = 2000, INTERVAL_MS = 500, FAILED = 1 };
#define PATIENCE (2 * USEC_PER_SEC) /* with a daemon that is busy, longer than the reply is waited for */

struct pings {
	const char *name; /* of the program, for messages */
	struct bus_client *daemon;
	struct arena arena;
	unsigned sent, received, refused;
	uint64_t least_us, most_us, all_us;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static uint32_t
value(const struct args *a, const char *option, const char *name, uint32_t otherwise)
{
	return arg_given(a, option) ? arg_u32(a, name) : otherwise;
}

static uint32_t
type_of(const struct args *a)
{
	return arg_given(a, "vlan")   ? L2VPN_TAGGED
	       : arg_given(a, "hdlc") ? L2VPN_HDLC
	       : arg_given(a, "ppp")  ? L2VPN_PPP
				      : L2VPN_RAW;
}

static uint32_t
channel_of(const struct args *a)
{
	return arg_given(a, "control-word")  ? CHANNEL_WORD
	       : arg_given(a, "label-alert") ? CHANNEL_ALERT
	       : arg_given(a, "normal")      ? CHANNEL_TTL
					     : CHANNEL_NONE;
}

/* Whole milliseconds; below the first there is no more to say. */
static const char *
time_text(uint64_t us, char out[24])
{
	if (us < 1000)
		snprintf(out, 24, "<1");
	else
		snprintf(out, 24, "%llu", (unsigned long long)(us + 500) / 1000);
	return out;
}

/* --- one echo --- */

static void
count_reply(struct pings *p, const char *text)
{
	unsigned bytes, code, subcode;
	unsigned long long us;
	char from[ADDR_TEXT], time[24];

	if (sscanf(text, "%45s %u %u %u %llu", from, &bytes, &code, &subcode, &us) != 5)
		return;
	if (code != LSP_PING_EGRESS) {
		p->refused++;
		printf("    Reply from %s: Sequence=%u time=%s ms, return code %u: %s\n", from, p->sent,
		    time_text(us, time), code, lsp_ping_code_text(code));
		return;
	}
	printf("    Reply from %s: bytes=%u Sequence=%u time=%s ms\n", from, bytes, p->sent, time_text(us, time));
	p->least_us = !p->received || us < p->least_us ? us : p->least_us;
	p->most_us = us > p->most_us ? us : p->most_us;
	p->all_us += us;
	p->received++;
}

/* False: there will be no more, and it was said why. */
static bool
one_echo(struct pings *p, const struct args *a)
{
	struct addr peer = arg_addr(a, "peer");
	uint32_t wait_ms = value(a, "-t", "wait", WAIT_MS);
	char line[160], text[ADDR_TEXT], why[256];
	struct bus_answer answer;

	int size = snprintf(line, sizeof line, "%u %u %s %u %u %u %u %u", type_of(a), arg_u32(a, "vcid"),
	    addr_text(&peer, text), channel_of(a), value(a, "reply-mode", "mode", LSP_PING_BY_UDP),
	    value(a, "-s", "bytes", BYTES), p->sent + 1, wait_ms);
	int r = bus_client_request(
	    p->daemon, "echo", line, (size_t)size, wait_ms * USEC_PER_MSEC + PATIENCE, &p->arena, &answer, why);
	if (r < 0 || (answer.status && answer.status != ETIMEDOUT)) {
		fflush(stdout);
		fprintf(stderr, "%s: %s\n", p->name, r < 0 ? why : answer.text);
		return false;
	}
	p->sent++;
	if (answer.status)
		printf("    Request time out\n");
	else
		count_reply(p, answer.text);
	fflush(stdout);
	arena_reset(&p->arena);
	return true;
}

/* --- all of them --- */

static usec_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* So long from the one to the next; an interrupt ends it. */
static void
pause_from(usec_t begun, uint32_t interval_ms)
{
	usec_t gone = clock_us() - begun, interval = interval_ms * USEC_PER_MSEC;

	if (gone < interval && !interrupted)
		poll(NULL, 0, (int)((interval - gone + 999) / 1000));
}

static int
print_end(const struct pings *p, const char *fec)
{
	char text[3][24];

	printf("\n  --- %s ping statistics ---\n    %u packet(s) transmitted\n    %u packet(s) received\n", fec,
	    p->sent, p->received + p->refused);
	if (p->refused)
		printf("    %u of them refused\n", p->refused);
	printf("    %.2f%% packet loss\n", (p->sent - p->received - p->refused) * 100.0 / p->sent);
	if (p->received)
		printf("round-trip min/avg/max = %s/%s/%s ms\n", time_text(p->least_us, text[0]),
		    time_text(p->all_us / p->received, text[1]), time_text(p->most_us, text[2]));
	putchar('\n');
	return p->received && !p->refused ? 0 : FAILED;
}

static int
run_ping(const struct args *a, const char *name, const char *run_dir)
{
	struct sigaction handler = { .sa_handler = on_signal };
	uint32_t count = value(a, "-c", "count", COUNT), interval_ms = value(a, "-m", "interval", INTERVAL_MS);
	struct pings p = { .name = name };
	char why[256], fec[80];
	bool good = true;

	if (!(p.daemon = bus_client_open(run_dir, "l2vpnd", why))) {
		fprintf(stderr, "%s: %s\n", name, why);
		return FAILED;
	}
	interrupted = 0;
	sigaction(SIGINT, &handler, NULL);
	sigaction(SIGTERM, &handler, NULL);
	arena_init(&p.arena);
	snprintf(
	    fec, sizeof fec, "FEC 128 PSEUDOWIRE. Type = %s, ID = %u", l2vpn_type_name(type_of(a)), arg_u32(a, "vcid"));
	printf("PW Ping %s: %u  data bytes, press CTRL_C to break\n", fec, value(a, "-s", "bytes", BYTES));
	fflush(stdout);
	for (usec_t begun = 0; good && p.sent < count && !interrupted;) {
		if (p.sent)
			pause_from(begun, interval_ms);
		begun = clock_us();
		good = !interrupted && one_echo(&p, a);
	}
	int status = p.sent ? print_end(&p, fec) : FAILED;
	arena_free(&p.arena);
	bus_client_close(p.daemon);
	return good || interrupted ? status : FAILED;
}

const struct command l2vpn_ping_commands[] = {
	{ .view = VIEW_EXEC,
	    .words = "ping vc { ethernet | vlan | hdlc | ppp } <1-4294967295>:vcid [ -c <1-4294967295>:count | -m "
		     "<1-10000>:interval | -s <65-8100>:bytes | -t <1-65535>:wait | reply-mode <2-4>:mode | { "
		     "control-word | label-alert | normal } | remote <address>:peer ]*",
	    .run = run_ping,
	    .help =
		"Does the other end of a pseudowire answer on its control channel, and take the label for this "
		"pseudowire's? So many echoes (default 5), so many ms from one to the next (default 500), of so many "
		"bytes (default 100), each waited for so many ms (default 2000); replies by UDP (2, the default), by "
		"UDP with router alert (3) or by the control channel (4); `control-word`, `label-alert` and "
		"`normal` (TTL expiry) only if that is the channel in use",
	    .ref = "RFC 8029 4, RFC 5085" },
	{ 0 },
};
