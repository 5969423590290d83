/*
 * A stand-in for l2vpnd on the bus, for tests of ldpd beside other stacks: owns l2vpn.PwRequest and says what its lines say.
 *
 *   pw_feed -r RUN
 *
 *	want PEER TYPE VC-ID LABEL [cw] [mtu N] [status N] [group N] [vlan N] [cc N] [cv N] [text WORD]
 *	unwant PEER TYPE VC-ID
 *
 * Each line is answered by "done", when it is on the bus.
 */
#include "base/addr.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/feed_lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WANTS_MAX = 4096, LINE_SIZE = 256 };
struct want {
	struct row row;
	struct addr peer;
	uint32_t type, vc_id, label, group, mtu, vlan, cc, cv, status;
	bool control_word;
	char text[96];
};
static struct want wants[WANTS_MAX];
static size_t want_count;
static struct host *host;
static struct bus *bus;
static struct table requests;

static void
fill(const struct row *row, void *message, struct arena *arena)
{
	const struct want *w = CONST_OBJECT(row, struct want, row);
	L2vpn__PwRequest *m = message;

	(void)arena;
	m->peer = (ProtobufCBinaryData){ addr_size(&w->peer), (uint8_t *)(uintptr_t)w->peer.bytes };
	m->type = w->type;
	m->vc_id = w->vc_id;
	m->label = w->label;
	m->group = w->group;
	m->control_word = w->control_word;
	m->mtu = w->mtu;
	m->description = (char *)(uintptr_t)w->text;
	m->vlan = w->vlan;
	m->vccv_cc = w->cc;
	m->vccv_cv = w->cv;
	m->status = w->status;
}

static struct want *
find(const struct addr *peer, uint32_t type, uint32_t vc_id)
{
	for (size_t i = 0; i < want_count; i++)
		if (addr_eq(&wants[i].peer, peer) && wants[i].type == type && wants[i].vc_id == vc_id)
			return &wants[i];
	if (want_count == WANTS_MAX)
		exit(1);
	struct want *w = &wants[want_count++];
	w->peer = *peer;
	w->type = type;
	w->vc_id = vc_id;
	return w;
}

static uint32_t
number(char **rest)
{
	const char *word = strsep(rest, " ");

	return word ? (uint32_t)strtoul(word, NULL, 0) : 0;
}

static void
option(struct want *w, const char *name, char **rest)
{
	const struct {
		const char *name;
		uint32_t *into;
	} numbers[] = { { "mtu", &w->mtu }, { "status", &w->status }, { "group", &w->group }, { "vlan", &w->vlan },
		{ "cc", &w->cc }, { "cv", &w->cv } };

	if (strcmp(name, "cw") == 0)
		w->control_word = true;
	else if (strcmp(name, "text") == 0)
		snprintf(w->text, sizeof w->text, "%s", *rest ? strsep(rest, " ") : "");
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0)
			*numbers[i].into = number(rest);
}

static void
one_line(char *line)
{
	char *rest = line, *verb = strsep(&rest, " "), *peer = strsep(&rest, " "), *word;
	struct addr a;

	if (!verb || !peer || !addr_parse(peer, &a)) {
		printf("what is \"%s\"?\n", line);
		return;
	}
	uint32_t type = number(&rest), vc_id = number(&rest);
	struct want *w = find(&a, type, vc_id);
	if (strcmp(verb, "unwant") == 0) {
		table_gone(&requests, &w->row);
	} else {
		w->label = number(&rest);
		w->control_word = false;
		w->mtu = w->status = w->group = w->vlan = w->cc = w->cv = 0;
		w->text[0] = '\0';
		while ((word = strsep(&rest, " ")))
			option(w, word, &rest);
		table_changed(&requests, &w->row);
	}
	bus_publish(bus);
	printf("done\n");
}

int
main(int argc, char **argv)
{
	host = host_start(argc, argv, "pw_feed");
	table_init(&requests, "l2vpn.PwRequest", fill);
	if (!(bus = bus_open(host, "l2vpnd")))
		return 1;
	bus_serve(bus, &requests);
	if (feed_lines(host, one_line) < 0)
		return 1;
	host_ready(host, "it says which pseudowires are wanted");
	return host_run(host);
}
