/*
 * Stands where l2vpnd does on the bus, for tests of fibd alone: rows of l2vpn.Circuit as they are said on standard input.
 *
 *   circuit_feed RUN
 *
 * A line is a row, and replaces the one before of the same interface:
 *   INTERFACE ACTIVE TURN [tagged] [follows] [local=NAME] [drop=BITS] [, PEER VC-ID OUT-LABEL IN-LABEL [cw] [ccN] [bfd] [off]]…
 *   gone INTERFACE
 * Each is answered by a line `done`, when it is on its way. `off`: a path that is not usable. `ccN`: its control
 * channel is of form N (RFC 5085 5.1): 1 associated channel, 2 router alert, 3 TTL.
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

enum { CIRCUITS = 2048, PATHS = 4 };

struct circuit {
	struct row row;
	char interface[64], local[64];
	uint32_t active, turn, dropped;
	bool tagged, follows;
	size_t path_count;
	struct path {
		struct addr peer;
		uint32_t vc_id, out_label, in_label, channel;
		bool cw, bfd, off;
	} paths[PATHS];
};
static struct circuit *circuits[CIRCUITS];
static size_t circuit_count;
static struct host *host;
static struct bus *bus;
static struct table table;

static void
fill(const struct row *row, void *message, struct arena *arena)
{
	const struct circuit *c = CONST_OBJECT(row, struct circuit, row);
	L2vpn__Circuit *m = message;

	m->interface = (char *)(uintptr_t)c->interface;
	m->local = (char *)(uintptr_t)c->local;
	m->active = c->active;
	m->turn = c->turn;
	m->tagged = c->tagged;
	m->carrier_follows = c->follows;
	m->dropped = c->dropped;
	m->paths = arena_take(arena, PATHS * sizeof *m->paths);
	for (; m->n_paths < c->path_count; m->n_paths++) {
		const struct path *from = &c->paths[m->n_paths];
		L2vpn__CircuitPath *p = m->paths[m->n_paths] = arena_take(arena, sizeof *p);
		l2vpn__circuit_path__init(p);
		p->peer = (ProtobufCBinaryData){ addr_size(&from->peer), (uint8_t *)(uintptr_t)from->peer.bytes };
		p->vc_id = from->vc_id;
		p->out_label = from->out_label;
		p->in_label = from->in_label;
		p->control_word = from->cw;
		p->bfd = from->bfd;
		p->usable = !from->off;
		p->control_channel = from->channel;
	}
}

static struct circuit *
find(const char *interface)
{
	for (size_t i = 0; i < circuit_count; i++)
		if (strcmp(circuits[i]->interface, interface) == 0)
			return circuits[i];
	if (circuit_count == CIRCUITS)
		exit(1);
	struct circuit *c = circuits[circuit_count++] = NEW(struct circuit);
	snprintf(c->interface, sizeof c->interface, "%s", interface);
	return c;
}

static void
read_path(struct path *p, char *text)
{
	char peer[64], words[4][16] = { "", "", "", "" };

	if (sscanf(text, " %63s %u %u %u %15s %15s %15s %15s", peer, &p->vc_id, &p->out_label, &p->in_label, words[0],
		words[1], words[2], words[3]) < 4 ||
	    !addr_parse(peer, &p->peer)) {
		fprintf(stderr, "circuit_feed: not a path:%s\n", text);
		exit(1);
	}
	for (int i = 0; i < 4; i++) {
		p->cw |= strcmp(words[i], "cw") == 0;
		if (strncmp(words[i], "cc", 2) == 0)
			p->channel = (uint32_t)strtoul(words[i] + 2, NULL, 10);
		p->bfd |= strcmp(words[i], "bfd") == 0;
		p->off |= strcmp(words[i], "off") == 0;
	}
}

static void
read_row(char *line)
{
	char *part = strsep(&line, ","), *word = strsep(&part, " ");

	if (strcmp(word, "gone") == 0) {
		table_gone(&table, &find(part)->row);
		return;
	}
	struct circuit *c = find(word);
	c->path_count = 0;
	c->tagged = c->follows = false;
	*c->local = '\0';
	c->dropped = 0;
	for (int i = 0; (word = strsep(&part, " ")); i++) {
		if (i < 2)
			*(i ? &c->turn : &c->active) = (uint32_t)strtoul(word, NULL, 10);
		else if (strncmp(word, "local=", 6) == 0)
			snprintf(c->local, sizeof c->local, "%s", word + 6);
		if (strncmp(word, "drop=", 5) == 0)
			c->dropped = (uint32_t)strtoul(word + 5, NULL, 10);
		c->tagged |= strcmp(word, "tagged") == 0;
		c->follows |= strcmp(word, "follows") == 0;
	}
	while ((part = strsep(&line, ",")) && c->path_count < PATHS) {
		struct path *p = &c->paths[c->path_count++];
		*p = (struct path){ .vc_id = 0 };
		read_path(p, part);
	}
	table_changed(&table, &c->row);
}

static void
one_line(char *line)
{
	read_row(line);
	bus_publish(bus);
	printf("done\n");
}

int
main(int argc, char **argv)
{
	char *options[] = { argv[0], (char *)(uintptr_t) "-r", argc > 1 ? argv[1] : NULL, NULL };

	if (argc != 2) {
		fprintf(stderr, "usage: circuit_feed RUN\n");
		return 2;
	}
	host = host_start(3, options, "circuit_feed");
	table_init(&table, "l2vpn.Circuit", fill);
	if (!(bus = bus_open(host, "l2vpnd")))
		return 1;
	bus_serve(bus, &table);
	if (feed_lines(host, one_line) < 0)
		return 1;
	host_ready(host, "it says which circuits there are");
	return host_run(host);
}
