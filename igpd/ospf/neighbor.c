/*
 * Neighbours: who is heard on a link, and what becomes of them. RFC 2328 sections 9.5, 10.2 to 10.5.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

struct neighbor *
neighbor_find(const struct iface *i, uint32_t router, uint32_t address)
{
	/* On networks with a DR a neighbour is known by its address, elsewhere by its router ID (8.2). */
	bool by_address = iface_is_multi_access(i) || i->type == OSPF_POINT_TO_MULTIPOINT;

	for (const struct list *l = i->neighbors.next; l != &i->neighbors; l = l->next) {
		struct neighbor *n = OBJECT((struct list *)(uintptr_t)l, struct neighbor, of_iface);
		if (by_address ? n->address == address : n->router == router)
			return n;
	}
	return NULL;
}

static struct neighbor *
neighbor_new(struct iface *i, uint32_t router, uint32_t address)
{
	struct neighbor *n = NEW(struct neighbor);

	n->iface = i;
	n->router = router;
	n->address = address;
	list_init(&n->debts);
	hash_init(&n->requests);
	timer_init(&n->inactive, TIMER_INACTIVE);
	timer_init(&n->describe, TIMER_DESCRIBE);
	timer_init(&n->request, TIMER_REQUEST);
	timer_init(&n->retransmit, TIMER_RETRANSMIT);
	timer_init(&n->help, TIMER_HELP);
	n->dd_sequence = i->ospf->dd_seed++;
	list_append(&i->neighbors, &n->of_iface);
	hash_add(&i->ospf->neighbors, &n->by_address, address);
	return n;
}

void
neighbor_free(struct neighbor *n)
{
	struct ospf *o = n->iface->ospf;
	struct timer *timers[] = { &n->inactive, &n->describe, &n->request, &n->retransmit, &n->help };

	exchange_clear(n);
	for (size_t i = 0; i < COUNT(timers); i++)
		timer_clear(&o->timers, timers[i]);
	hash_free(&n->requests);
	row_neighbor_gone(n);
	hash_remove(&o->neighbors, &n->by_address);
	list_remove(&n->of_iface);
	free(n);
}

/* 10.4 */
static enum neighbor_wish
adjacency_wish(const struct neighbor *n)
{
	const struct iface *i = n->iface;

	if (!iface_is_multi_access(i))
		return NW_YES;
	bool ours = i->dr == i->address || i->bdr == i->address;
	bool theirs = i->dr == n->address || i->bdr == n->address;
	return i->state != IS_WAITING && (ours || theirs) ? NW_YES : NW_NO;
}

static void
tell_state(struct neighbor *n, enum neighbor_state before, enum neighbor_event on)
{
	struct ospf *o = n->iface->ospf;
	char id[ADDR_TEXT];

	n->changed_at = o->now;
	row_neighbor(n);
	row_iface(n->iface);
	row_area(n->iface->area);
	if (n->state == NS_FULL || before == NS_FULL)
		ospf_note(o, n->state == NS_FULL ? 5 : 4, "neighbor %s on %s: %s to %s (%s)", id_text(n->router, id),
		    n->iface->port->name, neighbor_state_name(before), neighbor_state_name(n->state),
		    neighbor_event_name(on));
}

/* The adjacency counts, or no longer: 12.4.1 and 12.4.2 list those that are full. */
static void
full_or_not(struct neighbor *n, enum neighbor_state before)
{
	if ((n->state == NS_FULL) == (before == NS_FULL) || n->helped)
		return;
	n->adjacencies += n->state == NS_FULL;
	list_each (at, &n->iface->ospf->areas) { /* the transit area is told of the V bit */
		if (n->iface->is_virtual)
			originate_router(OBJECT(at, struct area, of_ospf));
	}
	originate_router(n->iface->area);
	originate_network(n->iface);
}

/* The only place that changes a neighbour's state and the only one that acts on it. */
void
neighbor_event(struct neighbor *n, enum neighbor_event on)
{
	struct iface *i = n->iface;
	struct ospf *o = i->ospf;
	enum neighbor_state before = n->state;
	struct neighbor_move move = neighbor_decide(before, on, adjacency_wish(n));

	if (n->helped && on == NE_ONE_WAY) /* it has forgotten us, and will remember */
		return;
	if (n->helped && (on == NE_KILL || on == NE_LINK_DOWN))
		graceful_help_over(n, "the link is down");
	n->state = move.next;
	if (n->state != before)
		tell_state(n, before, on);
	if (move.acts & NA_CLEAR)
		exchange_clear(n);
	if (move.acts & NA_ALIVE)
		timer_set(&o->timers, &n->inactive, o->now + (usec_t)i->dead_s * USEC_PER_SEC);
	if (move.acts & NA_NEGOTIATE)
		exchange_begin(n);
	if (move.acts & NA_SUMMARIZE)
		exchange_summarize(n);
	if (move.acts & NA_STOP)
		timer_clear(&o->timers, &n->inactive);
	full_or_not(n, before);
	if ((before < NS_TWO_WAY) != (n->state < NS_TWO_WAY))
		iface_event(i, IE_NEIGHBORS);
	if (n->state != before)
		sync_review(i);
	if (move.acts & NA_CHECK && !n->requests.count)
		neighbor_event(n, NE_LOADED);
}

void
neighbors_adj_ok(struct iface *i)
{
	list_each_safe (l, &i->neighbors) {
		struct neighbor *n = OBJECT(l, struct neighbor, of_iface);
		if (n->state >= NS_TWO_WAY)
			neighbor_event(n, NE_ADJ_OK);
	}
}

void
neighbor_timer(struct neighbor *n, enum timer_kind kind)
{
	switch (kind) {
	case TIMER_INACTIVE:
		if (n->helped)
			break;
		neighbor_event(n, NE_INACTIVE);
		neighbor_free(n);
		break;
	case TIMER_DESCRIBE: exchange_again(n); break;
	case TIMER_REQUEST: exchange_ask(n); break;
	case TIMER_RETRANSMIT: flood_again(n); break;
	default: break;
	}
}

static bool
lists_us(const struct iface *i, const struct ospf_hello *h)
{
	struct wire_reader r = h->neighbors;
	uint32_t router;

	while (ospf_next_neighbor(&r, &router))
		if (router == i->ospf->router_id)
			return true;
	return false;
}

/* 10.5, from where the neighbour is known. */
void
neighbor_hello(struct iface *i, uint32_t router, uint32_t address, const struct ospf_hello *h)
{
	struct neighbor *n = neighbor_find(i, router, address);
	bool is_new = !n;

	if (n && n->router != router) { /* another router has this address now */
		neighbor_event(n, NE_KILL);
		neighbor_free(n);
		n = NULL;
	}
	if (!n)
		n = neighbor_new(i, router, address);
	if (n->address != address) { /* renumbered at the other end of a point-to-point link */
		row_neighbor_gone(n);
		hash_remove(&i->ospf->neighbors, &n->by_address);
		n->address = address;
		hash_add(&i->ospf->neighbors, &n->by_address, address);
		originate_router(i->area);
	}
	struct neighbor before = *n;
	n->options = h->options;
	if (!n->helped) { /* who restarts knows of no DR yet; it is taken for what it was */
		n->priority = h->priority;
		n->dr = h->dr;
		n->bdr = h->bdr;
	}
	row_neighbor(n);
	neighbor_event(n, NE_HELLO);
	if (!lists_us(i, h)) {
		neighbor_event(n, NE_ONE_WAY);
		if (is_new)
			iface_hello_due(i); /* it shall not wait for our next one */
		return;
	}
	neighbor_event(n, NE_TWO_WAY);
	if (!iface_is_multi_access(i))
		return;
	bool was_two_way = !is_new && before.state >= NS_TWO_WAY;
	bool changed = before.priority != n->priority || (before.dr == address) != (n->dr == address) ||
		       (before.bdr == address) != (n->bdr == address);
	if (i->state == IS_WAITING && graceful_is_on(i->ospf) && h->dr) { /* RFC 3623 2: all is as it was */
		i->dr = h->dr;
		i->bdr = h->bdr;
		iface_event(i, h->dr == i->address    ? IE_ELECTED_DR
			       : h->bdr == i->address ? IE_ELECTED_BACKUP
						      : IE_ELECTED_OTHER);
		return;
	}
	if (i->state == IS_WAITING && ((h->dr == address && !h->bdr) || h->bdr == address))
		iface_event(i, IE_BACKUP_SEEN);
	else if (was_two_way && changed)
		iface_event(i, IE_NEIGHBORS);
}
