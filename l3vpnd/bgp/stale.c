/*
 * Routes of a peer that is away: kept as they are for its restart time (RFC 4724 4.2), and then, where both know how, for much
 * longer as a last resort (RFC 9494): marked, behind every route that is not, and told only to those who know the mark.
 */
#include "l3vpnd/bgp/model.h"

void
peer_drop_stale(struct peer *p, uint32_t families)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (families & p->stale_families & BGP_FAMILY_BIT(f) && p->instance->ribs[f])
			rib_drop_peer(p->instance->ribs[f], p, true);
	p->stale_families &= ~families;
	p->old_families &= ~families;
	if (!p->stale_families)
		timer_clear(&p->bgp->timers, &p->stale);
}

void
peer_ended(struct peer *p, enum bgp_family f)
{
	peer_drop_stale(p, BGP_FAMILY_BIT(f));
}

/* With one community more; used once. NULL: it has too many. */
static const struct attr_set *
marked(struct attr_store *store, const struct attr_set *a)
{
	struct wire_reader communities = attr_list(a, LIST_COMMUNITIES);
	uint8_t bytes[4096];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	wire_put_bytes(&w, communities.base, communities.size);
	wire_put_u32(&w, COMMUNITY_LLGR_STALE);
	if (w.full)
		return NULL;
	return attr_changed(
	    store, a, &(struct attr_change){ .communities_set = true, .communities = wire_reader(bytes, w.at) });
}

/* RFC 9494 4.3 */
static void
mark_all(struct rib *r, const struct peer *peer)
{
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		for (struct path *p = d->paths, *next; p; p = next) {
			next = p->next;
			if (p->peer != peer || p->origin || p->generation == peer->family[r->family].generation)
				continue;
			const struct attr_set *a =
			    attr_has_community(p->attrs, COMMUNITY_NO_LLGR) ? NULL : marked(&r->bgp->attrs, p->attrs);
			if (a)
				path_restate(p, a);
			else
				path_drop(p);
		}
	}
}

void
peer_stale_over(struct peer *p)
{
	uint32_t on = p->up ? 0 : p->stale_families & p->long_families & ~p->old_families;
	char name[ADDR_TEXT + BGP_NAME + 8];

	peer_drop_stale(p, ~on);
	if (!on)
		return;
	bgp_note(p->bgp, 4, "peer %s is still away: its routes are kept as a last resort for %u s", peer_text(p, name),
	    p->long_lived_s);
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (on & BGP_FAMILY_BIT(f) && p->instance->ribs[f])
			mark_all(p->instance->ribs[f], p);
	p->old_families |= on;
	timer_set(&p->bgp->timers, &p->stale, p->bgp->now + (usec_t)p->long_lived_s * USEC_PER_SEC);
}
