/*
 * A stand-in for l2vpnd on the bus, for tests of bfdd over pseudowires' control channels: owns bfd.Request and says what its
 * lines say.
 *
 *   watch_feed -r RUN
 *
 *	want PEER SOURCE IFINDEX LABEL ENCAPSULATION MIN-MS MULTIPLIER [cw]
 *	unwant PEER SOURCE IFINDEX LABEL
 */
#include "base/addr.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/bfd.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/feed_lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WANTS_MAX = 64, LINE_SIZE = 256 };
struct want {
	struct row row;
	struct addr peer, source;
	uint32_t ifindex, label, encapsulation, min_ms, multiplier;
	bool control_word;
};
static struct want wants[WANTS_MAX];
static size_t want_count;
static struct host *host;
static struct bus *bus;
static struct table requests, circuits; /* circuits: none, but fibd asks for them */

static ProtobufCBinaryData
bytes_of(const struct addr *a)
{
	return (ProtobufCBinaryData){ addr_size(a), (uint8_t *)(uintptr_t)a->bytes };
}

static void
fill(const struct row *row, void *message, struct arena *arena)
{
	const struct want *w = CONST_OBJECT(row, struct want, row);
	Bfd__Request *m = message;

	(void)arena;
	m->client = (char *)(uintptr_t) "l2vpn";
	m->peer = bytes_of(&w->peer);
	m->source = bytes_of(&w->source);
	m->ifindex = w->ifindex;
	m->min_tx_us = m->min_rx_us = w->min_ms * 1000;
	m->multiplier = w->multiplier;
	m->vccv_label = w->label;
	m->vccv_encapsulation = w->encapsulation;
	m->vccv_control_word = w->control_word;
}

static struct want *
find(const struct want *like)
{
	for (size_t i = 0; i < want_count; i++)
		if (addr_eq(&wants[i].peer, &like->peer) && addr_eq(&wants[i].source, &like->source) &&
		    wants[i].ifindex == like->ifindex && wants[i].label == like->label)
			return &wants[i];
	if (want_count == WANTS_MAX)
		exit(1);
	wants[want_count] = *like;
	return &wants[want_count++];
}

static void
one_line(char *line)
{
	char verb[16], peer[64], source[64], word[8] = "";
	struct want in = { .min_ms = 0 };

	if (sscanf(line, "%15s %63s %63s %u %u %i %u %u %7s", verb, peer, source, &in.ifindex, &in.label,
		(int *)&in.encapsulation, &in.min_ms, &in.multiplier, word) < 5 ||
	    !addr_parse(peer, &in.peer) || !addr_parse(source, &in.source)) {
		fprintf(stderr, "what is \"%s\"?\n", line);
		exit(1);
	}
	struct want *w = find(&in);
	if (strcmp(verb, "unwant") == 0) {
		table_gone(&requests, &w->row);
	} else {
		w->encapsulation = in.encapsulation;
		w->min_ms = in.min_ms;
		w->multiplier = in.multiplier;
		w->control_word = strcmp(word, "cw") == 0;
		table_changed(&requests, &w->row);
	}
	bus_publish(bus);
}

int
main(int argc, char **argv)
{
	host = host_start(argc, argv, "watch_feed");
	table_init(&requests, "bfd.Request", fill);
	table_init(&circuits, "l2vpn.Circuit", fill);
	if (!(bus = bus_open(host, "l2vpnd")))
		return 1;
	bus_serve(bus, &requests);
	bus_serve(bus, &circuits);
	if (feed_lines(host, one_line) < 0)
		return 1;
	host_ready(host, "it says what is to be watched");
	return host_run(host);
}
