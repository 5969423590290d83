/*
 * Synchronization with LDP, RFC 5443 and RFC 6138: a link carries labelled traffic only when the labels of the neighbours on
 * it are known. sync_fsm.c has the states, doc/ldp-igp-sync.md what they are for.
 *
 * A link is in step when each neighbour that OSPF has there (2-Way and above) is one whose labels LDP has; by its address on
 * the link, or by a router ID that is its LSR id. As long as OSPF has none, all neighbours that LDP has there count.
 *
 * Which of the two ways is taken while it is not. A link that comes up forms no adjacency for a while (hold-down): nobody
 * else hears of it. After that, and on a link that loses its labels, the adjacency is there and costs most. On a link of
 * many routers that cost would be that of the traffic to all of them, and would not keep others from coming to us over it;
 * so a router that comes onto such a link says nothing of it to others until it is in step (RFC 6138), unless it is the only
 * way to one of the routers there (a cut-edge).
 *
 * Waiting for a session which needs this very link to come up would be waiting in vain. If LDP hears a neighbour there whose
 * transport address no route of ours leads to, and which is not on the link itself, the hold-down ends at once.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

bool
sync_is_holding(const struct iface *i)
{
	return i->sync.state == SS_HOLD_DOWN;
}

bool
sync_is_withheld(const struct iface *i)
{
	return i->sync.withheld;
}

bool
sync_is_max(const struct iface *i)
{
	return i->sync.state == SS_HOLD_MAX_COST;
}

/* --- is it in step? --- */

static const struct ospf_ldp_neighbor *
ldp_neighbor(const struct port *p, const struct neighbor *n)
{
	for (size_t k = 0; k < p->ldp_count; k++)
		if (p->ldp[k].address == n->address)
			return &p->ldp[k];
	for (size_t k = 0; k < p->ldp_count; k++)
		if (p->ldp[k].lsr == n->router)
			return &p->ldp[k];
	return NULL;
}

static const char *
not_yet(const struct ospf_ldp_neighbor *l)
{
	return l->state == OSPF_LDP_EXCHANGED    ? NULL
	       : l->state == OSPF_LDP_EXCHANGING ? "the labels of a neighbour are not complete"
						 : "there is no LDP session with a neighbour";
}

/* On a link of many routers a new one is no reason to lead all traffic elsewhere; it keeps itself back (RFC 6138). */
static bool
is_newcomer(const struct neighbor *n)
{
	return n->iface->sync.state == SS_ACHIEVED && iface_is_multi_access(n->iface) && !n->was_in_step;
}

const char *
sync_reason(const struct iface *i)
{
	const struct port *p = i->port;
	const char *why = NULL;
	bool any = false;

	for (const struct list *at = i->neighbors.next; at != &i->neighbors && !why; at = at->next) {
		const struct neighbor *n = CONST_OBJECT(at, struct neighbor, of_iface);
		if (n->state < NS_TWO_WAY)
			continue;
		const struct ospf_ldp_neighbor *l = ldp_neighbor(p, n);
		if (is_newcomer(n))
			continue;
		why = !l ? "LDP has not heard a neighbour of OSPF" : not_yet(l);
		any = true;
	}
	for (size_t k = 0; !any && !why && k < p->ldp_count; k++)
		why = not_yet(&p->ldp[k]);
	if (any || p->ldp_count)
		return why;
	return !p->ldp_known ? "ldpd has told nothing of this link; is it running, and `mpls ldp` on the interface?"
	       : !p->ldp_on  ? "`mpls ldp` is not on the interface"
			     : "LDP has no neighbour there";
}

/* Could a session come up over other links? */
static bool
is_hopeless(const struct iface *i)
{
	const struct port *p = i->port;
	struct ospf_route route;

	for (size_t k = 0; k < p->ldp_count; k++) {
		const struct ospf_ldp_neighbor *l = &p->ldp[k];
		struct prefix host = prefix_host(addr_v4(l->transport));
		if (l->state == OSPF_LDP_NO_SESSION && l->transport && (l->transport ^ i->address) & i->mask &&
		    !ospf_longest(i->ospf, &host, &route))
			return true;
	}
	return false;
}

/* RFC 6138: is there another way to each router on the link? Paths were found without it. */
static bool
is_cut_edge(const struct iface *i)
{
	for (const struct list *at = i->neighbors.next; at != &i->neighbors; at = at->next) {
		const struct neighbor *n = CONST_OBJECT(at, struct neighbor, of_iface);
		if (n->state >= NS_TWO_WAY && !routes_reach(i->area, n->router))
			return true;
	}
	return false;
}

/* --- events --- */

static void
withhold(struct iface *i)
{
	bool may = i->sync.coming && i->sync.state == SS_HOLD_MAX_COST && iface_is_multi_access(i);
	bool now = may && !is_cut_edge(i);

	if (may && !now && iface_full_count(i))
		i->sync.coming = false; /* told of once, it stays told of */
	if (now == i->sync.withheld)
		return;
	i->sync.withheld = now;
	originate_router(i->area);
	row_iface(i);
}

static void
arm(struct iface *i)
{
	struct ospf *o = i->ospf;
	uint32_t wait_s = i->sync.state == SS_HOLD_DOWN       ? i->sync.hold_down_s
			  : i->sync.state == SS_HOLD_MAX_COST ? i->sync.hold_max_s
							      : 0;

	if (wait_s)
		timer_set(&o->timers, &i->sync.timer, o->now + (usec_t)wait_s * USEC_PER_SEC);
	else
		timer_clear(&o->timers, &i->sync.timer);
}

void
sync_event(struct iface *i, enum sync_event on)
{
	struct ospf *o = i->ospf;
	enum sync_state before = i->sync.state;
	struct sync_move move = sync_decide(before, on);

	if (move.next == before)
		return;
	i->sync.state = move.next;
	i->sync.coming = move.acts & SA_COMING;
	i->sync.since = o->now;
	if (move.acts & SA_TIMER)
		arm(i);
	ospf_note(o, move.next == SS_HOLD_MAX_COST || move.next == SS_HOLD_NORMAL ? 4 : 5,
	    "%s and LDP: %s to %s (%s%s%s)", i->port->name, sync_state_name(before), sync_state_name(move.next),
	    sync_event_name(on), sync_reason(i) ? ": " : "", sync_reason(i) ? sync_reason(i) : "");
	if (move.acts & SA_ADJACENCY && i->port->up && i->state == IS_DOWN)
		iface_event(i, IE_UP);
	withhold(i);
	/* A router that moves to the link after others have done so would send their packets back for a moment. */
	o->spf_at_once |= move.next == SS_ACHIEVED;
	if (move.acts & SA_COST)
		originate_router(i->area);
	row_iface(i);
	if (move.next == SS_HOLD_DOWN && !i->sync.hold_down_s)
		sync_event(i, SE_EXPIRED);
}

void
sync_review(struct iface *i)
{
	if (!i->sync.on || i->sync.state == SS_OFF)
		return;
	list_each (at, &i->neighbors) {
		struct neighbor *n = OBJECT(at, struct neighbor, of_iface);
		const struct ospf_ldp_neighbor *l = ldp_neighbor(i->port, n);
		n->was_in_step |= l && l->state == OSPF_LDP_EXCHANGED;
	}
	sync_event(i, sync_reason(i) ? SE_LOST : SE_SYNCED);
	if (i->sync.state == SS_HOLD_DOWN && is_hopeless(i))
		sync_event(i, SE_HOPELESS);
	withhold(i);
	row_iface(i);
}

void
sync_paths_moved(struct ospf *o)
{
	list_each (at, &o->ifaces) {
		struct iface *i = OBJECT(at, struct iface, of_ospf);
		if (i->sync.withheld)
			withhold(i);
	}
}

void
sync_link(struct iface *i)
{
	bool up = i->port->up && !i->passive && i->type != OSPF_LOOPBACK;

	if (!up || !i->sync.on) {
		sync_event(i, SE_STOP);
		return;
	}
	if (i->sync.state == SS_OFF)
		sync_event(i, i->state > IS_LOOPBACK ? SE_ENABLED : SE_LINK_UP);
	sync_review(i);
}

void
sync_configure(struct iface *i, const struct ospf_interface_config *c)
{
	const struct ospf_config *all = &i->ospf->config;
	const struct ospf_area_config *area = ospf_config_area(all, i->area->id);
	uint32_t down = i->sync.hold_down_s, max = i->sync.hold_max_s;

	enum ospf_sync own = c ? c->sync : OSPF_SYNC_UNSET;
	for (uint8_t k = 0; i->multi && c && k < c->multi_count; k++)
		if (c->multi[k].area == i->area->id)
			own = c->multi[k].sync;
	i->sync.on = own ? own == OSPF_SYNC_ON : all->sync || (area && area->sync);
	i->sync.on &= i->type != OSPF_LOOPBACK && !i->passive;
	i->sync.hold_down_s = c && c->sync_hold_down.given ? c->sync_hold_down.seconds
			      : all->sync_hold_down.given  ? all->sync_hold_down.seconds
							   : OSPF_SYNC_HOLD_DOWN_S;
	i->sync.hold_max_s = c && c->sync_hold_max.given ? c->sync_hold_max.seconds : all->sync_hold_max.seconds;
	if (down != i->sync.hold_down_s || max != i->sync.hold_max_s)
		arm(i);
}

void
sync_port(struct ospf *o, struct port *p, const struct ospf_ldp *in)
{
	free(p->ldp);
	p->ldp = in && in->count ? mem_copy(in->neighbors, in->count * sizeof *in->neighbors) : NULL;
	p->ldp_count = in ? in->count : 0;
	p->ldp_known = in;
	p->ldp_on = in && in->enabled;
	list_each (at, &o->ifaces) {
		struct iface *i = OBJECT(at, struct iface, of_ospf);
		if (i->port == p)
			sync_review(i);
	}
}
