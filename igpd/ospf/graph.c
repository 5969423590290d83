/*
 * The graph of an area: what router- and network-LSAs say of each other, as vertices and edges that igpd/spf.c finds the
 * shortest paths through (RFC 2328 16.1), and when it is to look for them (RFC 8405).
 *
 * A vertex is there as soon as anything names it; without an LSA of its own it has no edges. Edges of ours carry a *hop*:
 * the link and the neighbour's address, which a path that begins with that edge hands on to everything behind it.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

enum { SPF_LEARN_US = 500000, SPF_HOLD_DOWN_US = 1000000 };

/* --- when: RFC 8405. A run costs what has moved, so the first waits hardly longer than both ends of a lost link take to say so. --- */

void
graph_changed(struct ospf *o)
{
	static const struct ospf_spf_delays defaults = { true, OSPF_SPF_FIRST_MS, OSPF_SPF_AGAIN_MS, OSPF_SPF_MOST_MS };
	const struct ospf_spf_delays *d = o->config.spf.set ? &o->config.spf : &defaults;
	uint16_t wait_ms = d->most_ms;

	if (o->now >= o->spf_calm_at) {
		o->spf_learn_until = o->now + SPF_LEARN_US;
		wait_ms = d->first_ms;
	} else if (o->now < o->spf_learn_until) {
		wait_ms = d->again_ms;
	}
	o->spf_calm_at = o->now + SPF_HOLD_DOWN_US;
	if (o->spf_at_once)
		timer_set(&o->timers, &o->spf, o->now);
	else if (!timer_is_set(&o->spf))
		timer_set(&o->timers, &o->spf, o->now + (usec_t)wait_ms * USEC_PER_MSEC);
}

/* --- vertices --- */

static uint32_t
vertex_hash(bool is_network, uint32_t id)
{
	return id * UINT32_C(2654435761) + is_network;
}

struct vertex *
vertex_find(const struct area *a, bool is_network, uint32_t id)
{
	for (struct hash_node *n = hash_first(&a->vertices, vertex_hash(is_network, id)); n; n = hash_next(n)) {
		struct vertex *v = OBJECT(n, struct vertex, by_id);
		if (v->id == id && v->is_network == is_network)
			return v;
	}
	return NULL;
}

struct vertex *
vertex_get(struct area *a, bool is_network, uint32_t id)
{
	struct vertex *v = vertex_find(a, is_network, id);

	if (v)
		return v;
	v = NEW(struct vertex);
	v->area = a;
	v->is_network = is_network;
	v->id = id;
	v->number = ++a->vertex_count;
	list_init(&v->offers);
	hash_add(&a->vertices, &v->by_id, vertex_hash(is_network, id));
	if (v->number >= a->number_room) {
		a->number_room = a->number_room ? a->number_room * 2 : 64;
		a->by_number = mem_resize(a->by_number, a->number_room * sizeof *a->by_number);
	}
	a->by_number[v->number] = v;
	return v;
}

/* --- hops --- */

static uint32_t
hop_number(struct ospf *o, uint32_t ifindex, uint32_t gateway)
{
	uint32_t hash = gateway * UINT32_C(2654435761) ^ ifindex;

	for (struct hash_node *n = hash_first(&o->hops, hash); n; n = hash_next(n)) {
		const struct hop *h = OBJECT(n, struct hop, by_way);
		if (h->ifindex == ifindex && h->gateway == gateway)
			return h->number;
	}
	struct hop *h = NEW(struct hop);
	h->number = ++o->hop_count;
	h->ifindex = ifindex;
	h->gateway = gateway;
	hash_add(&o->hops, &h->by_way, hash);
	o->hop_by_number = mem_resize(o->hop_by_number, (o->hop_count + 1) * sizeof *o->hop_by_number);
	o->hop_by_number[h->number] = h;
	return h->number;
}

const struct iface *
graph_iface_on(const struct area *a, uint32_t network)
{
	for (const struct list *at = a->ifaces.next; at != &a->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_area);
		if (iface_is_multi_access(i) && i->state > IS_WAITING && i->dr == network)
			return i;
	}
	return NULL;
}

/* Where a neighbour of a point-to-point link is, by our own end of that link. */
static uint32_t
neighbor_hop(struct area *a, uint32_t own_address, uint32_t router)
{
	for (const struct list *at = a->ifaces.next; at != &a->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_area);
		if (i->address != own_address)
			continue;
		for (const struct list *k = i->neighbors.next; k != &i->neighbors; k = k->next) {
			const struct neighbor *n = CONST_OBJECT(k, struct neighbor, of_iface);
			if (n->router == router)
				return hop_number(
				    a->ospf, i->port->ifindex, i->is_virtual ? i->vlink.gateway : n->address);
		}
	}
	return 0;
}

/* --- edges --- */

struct edges {
	struct spf_edge *at;
	size_t count, room;
};

static void
add_edge(struct edges *e, uint32_t to, uint32_t cost, uint32_t hop)
{
	if (e->count == e->room) {
		e->room = e->room ? e->room * 2 : 16;
		e->at = mem_resize(e->at, e->room * sizeof *e->at);
	}
	e->at[e->count++] = (struct spf_edge){ to, cost, hop };
}

/* A router's address on a network, by its router-LSA; 0: it does not say that it is there. */
static uint32_t
address_on(const struct area *a, uint32_t router, uint32_t network)
{
	const struct vertex *v = vertex_find(a, false, router);
	struct lsa_link link;

	if (!v || !v->lsa)
		return 0;
	struct wire_reader r = lsa_links(v->lsa->bytes);
	while (lsa_next_link(&r, &link))
		if (link.type == LINK_TRANSIT && link.id == network)
			return link.data;
	return 0;
}

void
graph_network(struct vertex *v)
{
	struct area *a = v->area;
	struct edges e = { 0 };
	const struct iface *i = graph_iface_on(a, v->id);
	uint32_t router;

	if (v->lsa) {
		struct wire_reader r = lsa_attached(v->lsa->bytes);
		while (lsa_next_attached(&r, &router)) {
			uint32_t address = i && router != a->ospf->router_id ? address_on(a, router, v->id) : 0;
			add_edge(&e, vertex_get(a, false, router)->number, 0,
			    address ? hop_number(a->ospf, i->port->ifindex, address) : 0);
		}
	}
	spf_edges(a->spf, v->number, true, e.at, e.count);
	free(e.at);
}

void
graph_router(struct vertex *v)
{
	struct area *a = v->area;
	bool is_root = v->id == a->ospf->router_id;
	struct edges e = { 0 };
	struct lsa_link link;

	/* What happens to our own links counts at once; others may have to wait until we may say so again. */
	struct wire_reader r = is_root ? originate_links(a) : v->lsa ? lsa_links(v->lsa->bytes) : wire_reader(NULL, 0);
	while (lsa_next_link(&r, &link)) {
		if (link.type == LINK_STUB || link.type > LINK_VIRTUAL || link.type == 0)
			continue;
		bool is_network = link.type == LINK_TRANSIT;
		uint32_t hop = is_root && !is_network ? neighbor_hop(a, link.data, link.id) : 0;
		add_edge(&e, vertex_get(a, is_network, link.id)->number, link.metric, hop);
	}
	spf_edges(a->spf, v->number, false, e.at, e.count);
	free(e.at);
}

/* Networks of ours that a router is on: what it says of its address there is where packets go. */
void
graph_around(struct area *a, const struct lsa *l)
{
	struct wire_reader r = lsa_links(l->bytes);
	struct lsa_link link;

	while (lsa_next_link(&r, &link)) {
		struct vertex *n =
		    link.type == LINK_TRANSIT && graph_iface_on(a, link.id) ? vertex_find(a, true, link.id) : NULL;
		if (n)
			graph_network(n);
	}
}

void
routes_links(struct area *a)
{
	struct vertex *root = vertex_find(a, false, a->ospf->router_id);

	if (root)
		graph_router(root);
	list_each (at, &a->ifaces) {
		const struct iface *i = OBJECT(at, struct iface, of_area);
		struct vertex *n = i->dr ? vertex_find(a, true, i->dr) : NULL;
		if (n)
			graph_network(n);
	}
	spf_log_cause(a->ospf, "links of our own");
	graph_changed(a->ospf);
}

bool
routes_way(const struct area *a, uint32_t router, uint32_t *ret_cost, uint32_t *ret_ifindex, uint32_t *ret_gateway)
{
	const struct vertex *v = vertex_find(a, false, router);
	const struct spf_hops *hops = v && routes_reach(a, router) ? spf_hops_of(a->spf, v->number) : NULL;

	if (!hops || !hops->count)
		return false;
	*ret_cost = spf_distance(a->spf, v->number);
	*ret_ifindex = a->ospf->hop_by_number[hops->hop[0]]->ifindex;
	*ret_gateway = a->ospf->hop_by_number[hops->hop[0]]->gateway;
	return true;
}

bool
routes_reach(const struct area *a, uint32_t router)
{
	const struct vertex *v = vertex_find(a, false, router);

	return v && spf_distance(a->spf, v->number) != SPF_FAR;
}

void
graph_free(struct area *a)
{
	hash_each (n, &a->vertices) {
		free(OBJECT(n, struct vertex, by_id));
	}
	hash_free(&a->vertices);
	free(a->by_number);
	spf_free(a->spf);
}
