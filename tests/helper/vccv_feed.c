/*
 * A stand-in for fibd and ldpd on the bus, for tests of l2vpnd's control channels: whatever is asked for is forwarded and
 * signalled, and the device vccv0 is told as the kernel has it.
 *
 *   vccv_feed -r RUN
 *
 *	end LABEL CC CV [cw]	what the other end of every pseudowire has told
 *	device			vccv0 was made, made anew, or removed
 *	channel on|off		whether channels are seen in the kernel
 *
 * Each line is answered by "done", when it is on the bus.
 */
#include "base/label.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/fib.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/feed_lines.h"
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 8, LINE_SIZE = 256 };
struct pw {
	struct row row;
	uint8_t peer[16];
	size_t peer_size;
	uint32_t type, vc_id, label;
	bool used, control_word;
};
struct circuit {
	struct row row;
	char name[64];
	L2vpn__Circuit *said;
};
static struct pw pws[ROWS];
static struct circuit circuits[ROWS];
static struct row device_row, range_row;
static uint32_t device, remote_label = LABEL_UNSET, remote_cc, remote_cv;
static bool remote_word, channels = true;
static struct host *host;
static struct bus *fib, *ldp;
static struct table fib_circuits, interfaces, ranges, ldp_pws;

/* --- rows --- */

static void
fill_pw(const struct row *row, void *message, struct arena *arena)
{
	const struct pw *p = CONST_OBJECT(row, struct pw, row);
	Ldp__Pw *m = message;

	m->peer = (ProtobufCBinaryData){ p->peer_size, arena_copy(arena, p->peer, p->peer_size) };
	m->type = p->type;
	m->vc_id = p->vc_id;
	m->requested = m->session = m->status_tlv = true;
	m->local_label = p->label;
	m->remote_label = remote_label;
	m->remote_mtu = 1500;
	m->remote_control_word = remote_word;
	m->control_word = remote_word && p->control_word;
	m->remote_vccv_cc = remote_cc;
	m->remote_vccv_cv = remote_cv;
}

static void
fill_circuit(const struct row *row, void *message, struct arena *arena)
{
	const struct circuit *c = CONST_OBJECT(row, struct circuit, row);
	Fib__Circuit *m = message;

	m->interface = (char *)(uintptr_t)c->name;
	m->ifindex = 1;
	m->mtu = 1500;
	m->up = true;
	m->turn = c->said->turn;
	m->active = c->said->active;
	m->paths = arena_take(arena, (c->said->n_paths + 1) * sizeof *m->paths);
	for (; m->n_paths < c->said->n_paths; m->n_paths++) {
		const L2vpn__CircuitPath *from = c->said->paths[m->n_paths];
		Fib__CircuitPath *p = m->paths[m->n_paths] = arena_take(arena, sizeof *p);
		fib__circuit_path__init(p);
		p->peer = from->peer;
		p->vc_id = from->vc_id;
		p->in_label = from->in_label;
		p->out_label = from->out_label;
		p->lsp = p->alive = p->sends = p->receives = true;
		p->channel = channels && from->control_channel;
	}
}

static void
fill_interface(const struct row *row, void *message, struct arena *arena)
{
	Fib__Interface *m = message;

	(void)row;
	(void)arena;
	m->ifindex = device;
	m->name = m->label = "vccv0";
	m->admin_up = m->carrier = true;
}

static void
fill_range(const struct row *row, void *message, struct arena *arena)
{
	Fib__LabelRange *m = message;

	(void)row;
	(void)arena;
	m->user = "l2vpnd";
	m->first = 524288;
	m->last = 786431;
}

/* --- what l2vpnd asks for --- */

static void
on_circuit(const L2vpn__Circuit *m, bool gone)
{
	struct circuit *c = circuits;

	while (c->said && strcmp(c->name, m->interface) != 0)
		if (++c == circuits + ROWS)
			exit(1);
	if (gone) {
		table_gone(&fib_circuits, &c->row);
		return;
	}
	size_t size = l2vpn__circuit__get_packed_size(m);
	uint8_t *bytes = mem_zalloc(size + 1);
	l2vpn__circuit__pack(m, bytes);
	if (c->said)
		l2vpn__circuit__free_unpacked(c->said, NULL);
	c->said = l2vpn__circuit__unpack(NULL, size, bytes);
	free(bytes);
	snprintf(c->name, sizeof c->name, "%s", m->interface);
	table_changed(&fib_circuits, &c->row);
}

static void
on_request(const L2vpn__PwRequest *m, bool gone)
{
	struct pw *p = pws;

	while (p->used &&
	       (p->vc_id != m->vc_id || p->peer_size != m->peer.len || memcmp(p->peer, m->peer.data, m->peer.len) != 0))
		if (++p == pws + ROWS)
			exit(1);
	if (gone) {
		table_gone(&ldp_pws, &p->row);
		return;
	}
	p->used = true;
	p->peer_size = m->peer.len;
	memcpy(p->peer, m->peer.data, m->peer.len);
	p->type = m->type;
	p->vc_id = m->vc_id;
	p->label = m->label;
	p->control_word = m->control_word;
	table_changed(&ldp_pws, &p->row);
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	(void)ctx;
	(void)round;
	if (schema == &l2vpn_circuit_schema)
		on_circuit(row, gone);
	else
		on_request(row, gone);
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	(void)ctx;
	(void)schema;
	(void)round;
}

static void
on_settled(void *ctx)
{
	(void)ctx;
	bus_publish(fib);
	bus_publish(ldp);
}

/* --- lines --- */

static void
look_at_device(void)
{
	uint32_t ifindex = if_nametoindex("vccv0");

	if (device && device != ifindex)
		table_gone(&interfaces, &device_row);
	bus_publish(fib);
	device = ifindex;
	if (device)
		table_changed(&interfaces, &device_row);
}

static void
one_line(char *line)
{
	char word[16] = "";

	if (sscanf(line, "end %u %u %u %15s", &remote_label, &remote_cc, &remote_cv, word) >= 3)
		remote_word = strcmp(word, "cw") == 0;
	else if (strcmp(line, "device") == 0)
		look_at_device();
	else if (sscanf(line, "channel %15s", word) == 1)
		channels = strcmp(word, "on") == 0;
	else
		exit(1);
	for (int i = 0; i < ROWS; i++) {
		if (row_is_in_table(&pws[i].row))
			table_changed(&ldp_pws, &pws[i].row);
		if (row_is_in_table(&circuits[i].row))
			table_changed(&fib_circuits, &circuits[i].row);
	}
	on_settled(NULL);
	printf("done\n");
}

int
main(int argc, char **argv)
{
	static const struct mirror_ops ops = { .row = on_row, .synced = on_synced, .settled = on_settled };

	host = host_start(argc, argv, "vccv_feed");
	table_init(&fib_circuits, "fib.Circuit", fill_circuit);
	table_init(&interfaces, "fib.Interface", fill_interface);
	table_init(&ranges, "fib.LabelRange", fill_range);
	table_init(&ldp_pws, "ldp.Pw", fill_pw);
	if (!(fib = bus_open(host, "fibd")) || !(ldp = bus_open(host, "ldpd")))
		return 1;
	bus_serve(fib, &fib_circuits);
	bus_serve(fib, &interfaces);
	bus_serve(fib, &ranges);
	bus_serve(ldp, &ldp_pws);
	table_changed(&ranges, &range_row);
	look_at_device();
	if (!mirror_open(fib, &l2vpn_circuit_schema, &ops, NULL) ||
	    !mirror_open(ldp, &l2vpn_pw_request_schema, &ops, NULL) || feed_lines(host, one_line) < 0)
		return 1;
	on_settled(NULL);
	host_ready(host, "it forwards and signals whatever is asked for");
	return host_run(host);
}
