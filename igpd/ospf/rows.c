/* What operators see of a process: rows of igp.Process, igp.Area, igp.Interface, igp.Neighbor, igp.Lsa. */
#include "igpd/ospf/model.h"
#include "proto/fill.h"
#include "proto/igp.pb-c.h"

static void
fill_process(const struct row *row, void *message, struct arena *arena)
{
	const struct ospf *o = CONST_OBJECT(row, struct ospf, row);
	Igp__Process *m = message;

	(void)arena;
	m->id = o->world.process;
	m->router = o->router_id;
	m->vrf = fill_text(o->world.vrf);
	m->border = o->border;
	m->boundary = external_is_boundary(o);
	m->externals = o->db.count;
	m->restarting = o->graceful.on;
	m->trouble = fill_text(
	    o->router_id
		? ""
		: "no interface has an IPv4 address to take a router ID from; set one with `ospf … router-id`");
}

static uint32_t
full_neighbors(const struct area *a)
{
	uint32_t count = 0;

	for (const struct list *l = a->ifaces.next; l != &a->ifaces; l = l->next)
		count += iface_full_count(CONST_OBJECT(l, struct iface, of_area));
	return count;
}

static void
fill_area(const struct row *row, void *message, struct arena *arena)
{
	const struct area *a = CONST_OBJECT(row, struct area, row);
	Igp__Area *m = message;

	(void)arena;
	m->process = a->ospf->world.process;
	m->id = a->id;
	m->stub = a->stub;
	m->nssa = a->nssa;
	m->no_summary = a->no_summary;
	for (const struct list *l = a->ifaces.next; l != &a->ifaces; l = l->next)
		m->interfaces++;
	m->neighbors = full_neighbors(a);
	m->lsas = a->db.count;
	m->spf_runs = a->spf_runs;
}

static const char *
key_kind(const struct ospf_keys *k)
{
	static const char *const names[] = { "", "simple", "md5", "hmac-sha1", "hmac-sha256", "hmac-sha384",
		"hmac-sha512" };

	return k->count ? names[k->key[0].kind] : "";
}

static Igp__Sync *
sync_of(const struct iface *i, struct arena *arena)
{
	Igp__Sync *m = arena_take(arena, sizeof *m);

	igp__sync__init(m);
	m->state = (Igp__SyncState)i->sync.state;
	m->reason = fill_text(i->sync.state == SS_OFF ? "the link is down" : sync_reason(i));
	m->since = i->sync.since;
	m->until = timer_is_set(&i->sync.timer) ? i->sync.timer.at : 0;
	m->hold_down_s = i->sync.hold_down_s;
	m->hold_max_cost_s = i->sync.hold_max_s;
	m->withheld = i->sync.withheld;
	return m;
}

static void
fill_iface(const struct row *row, void *message, struct arena *arena)
{
	const struct iface *i = CONST_OBJECT(row, struct iface, row);
	Igp__Interface *m = message;
	uint8_t *prefix = arena_take(arena, PREFIX_BYTES);

	m->process = i->ospf->world.process;
	m->ifindex = i->is_virtual ? 0 : i->port->ifindex;
	m->address = (ProtobufCBinaryData){ prefix_to_bytes(&i->prefix, prefix), prefix };
	m->name = fill_text(i->port->name);
	m->area = i->area->id;
	m->type = (Igp__NetworkType)i->type;
	m->state = (Igp__InterfaceState)i->state;
	m->cost = i->cost;
	m->priority = i->priority;
	m->dr = fill_v4(i->dr, arena);
	m->bdr = fill_v4(i->bdr, arena);
	m->hello_s = i->hello_s;
	m->dead_s = i->dead_s;
	m->retransmit_s = i->retransmit_s;
	m->delay_s = i->delay_s;
	m->silent = i->passive;
	m->hidden = i->hidden;
	m->mtu = i->port->mtu;
	for (const struct list *l = i->neighbors.next; l != &i->neighbors; l = l->next)
		m->neighbors++;
	m->full = iface_full_count(i);
	m->authentication = fill_text(key_kind(&i->keys));
	m->sync = i->sync.on ? sync_of(i, arena) : NULL;
	m->refused = arena_take(arena, OSPF_VERDICTS * sizeof *m->refused);
	for (int v = 1; v < OSPF_VERDICTS; v++) {
		if (!i->refused[v])
			continue;
		Igp__Refusal *r = arena_take(arena, sizeof *r);
		igp__refusal__init(r);
		r->reason = fill_text(ospf_verdict_text((enum ospf_verdict)v));
		r->count = i->refused[v];
		m->refused[m->n_refused++] = r;
	}
}

static void
fill_neighbor(const struct row *row, void *message, struct arena *arena)
{
	const struct neighbor *n = CONST_OBJECT(row, struct neighbor, row);
	const struct iface *i = n->iface;
	Igp__Neighbor *m = message;

	m->process = i->ospf->world.process;
	m->ifindex = i->is_virtual ? 0 : i->port->ifindex;
	m->address = fill_v4(n->address, arena);
	m->router = n->router;
	m->interface = fill_text(i->port->name);
	m->local = fill_v4(i->address, arena);
	m->area = i->area->id;
	m->state = (Igp__NeighborState)n->state;
	m->master = !n->master;
	m->priority = n->priority;
	m->dr = fill_v4(n->dr, arena);
	m->bdr = fill_v4(n->bdr, arena);
	m->mtu = n->mtu;
	m->bfd = fill_text(watch_text(n));
	m->helped_until = n->helped ? n->help.at : 0;
	m->dead_at = timer_is_set(&n->inactive) ? n->inactive.at : 0;
	m->since = n->changed_at;
	m->requests = (uint32_t)n->requests.count;
	m->unacknowledged = n->debt_count;
	m->adjacencies = n->adjacencies;
}

static void
fill_lsa(const struct row *row, void *message, struct arena *arena)
{
	const struct lsa *l = CONST_OBJECT(row, struct lsa, row);
	Igp__Lsa *m = message;

	m->process = l->ospf->world.process;
	m->area = l->area ? l->area->id : 0;
	m->type = l->head.type;
	m->id = l->head.id;
	m->router = l->head.router;
	m->born = l->born_at;
	m->sequence = (uint32_t)l->head.sequence;
	m->checksum = l->head.checksum;
	m->length = l->head.length;
	m->options = l->head.options;
	m->flushed = l->flushed;
	size_t size = l->head.length - (size_t)LSA_HEADER_BYTES;
	m->body = (ProtobufCBinaryData){ size, size ? arena_copy(arena, l->bytes + LSA_HEADER_BYTES, size) : NULL };
}

void
ospf_tables_init(struct ospf_tables *t)
{
	table_init(&t->process, "igp.Process", fill_process);
	table_init(&t->area, "igp.Area", fill_area);
	table_init(&t->interface, "igp.Interface", fill_iface);
	table_init(&t->neighbor, "igp.Neighbor", fill_neighbor);
	table_init(&t->lsa, "igp.Lsa", fill_lsa);
	table_init(&t->spf_run, "igp.SpfRun", spf_log_fill);
	table_init(&t->request, "bfd.Request", watch_fill);
}

void
row_process(struct ospf *o)
{
	if (o->world.tables)
		table_changed(&o->world.tables->process, &o->row);
}

void
row_process_gone(struct ospf *o)
{
	if (o->world.tables)
		table_gone(&o->world.tables->process, &o->row);
}

void
row_area(struct area *a)
{
	if (a->ospf->world.tables)
		table_changed(&a->ospf->world.tables->area, &a->row);
}

void
row_area_gone(struct area *a)
{
	if (a->ospf->world.tables)
		table_gone(&a->ospf->world.tables->area, &a->row);
}

void
row_iface(struct iface *i)
{
	if (i->ospf->world.tables)
		table_changed(&i->ospf->world.tables->interface, &i->row);
}

void
row_iface_gone(struct iface *i)
{
	if (i->ospf->world.tables)
		table_gone(&i->ospf->world.tables->interface, &i->row);
}

void
row_neighbor(struct neighbor *n)
{
	if (n->iface->ospf->world.tables)
		table_changed(&n->iface->ospf->world.tables->neighbor, &n->row);
}

void
row_neighbor_gone(struct neighbor *n)
{
	if (n->iface->ospf->world.tables)
		table_gone(&n->iface->ospf->world.tables->neighbor, &n->row);
}

void
row_lsa(struct lsa *l)
{
	if (l->ospf->world.tables)
		table_changed(&l->ospf->world.tables->lsa, &l->row);
}

void
row_lsa_gone(struct lsa *l)
{
	if (l->ospf->world.tables)
		table_gone(&l->ospf->world.tables->lsa, &l->row);
}
