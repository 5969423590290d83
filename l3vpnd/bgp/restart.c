/*
 * Our own graceful restart, RFC 4724 section 4.1.
 *
 * Others go on by what we told them before, until we say that we have told them all of it again (End-of-RIB). What we have to
 * tell depends on what others tell us; so nobody is told anything before every peer has said its End-of-RIB. Those that know no
 * graceful restart are not waited for once they are there; and nobody beyond the time for which others keep our routes. Nor can
 * it be over before it is known how the next hops of what they have told are reached: until then their paths cannot be used, and
 * the kernel would lose routes that are as good as before.
 *
 * Those that restart themselves may wait for us, so the RFC has nobody wait for them. But they may as well know everything, and
 * need a moment to say it: FRR says for two minutes after its start that it restarts, and sends its routes a second after the
 * session is up. So they are given some seconds.
 */
#include "l3vpnd/bgp/model.h"

enum { PATIENCE_S = 10 };

void
restart_begin(struct bgp *b)
{
	uint32_t wait_s = b->config.restart_s ? b->config.restart_s : BGP_RESTART_S;

	if (!b->restarted || timer_is_set(&b->defer))
		return;
	if (b->config.graceful_off)
		restart_end(b, "graceful restart is switched off");
	else
		timer_set(&b->timers, &b->defer, b->now + (usec_t)wait_s * USEC_PER_SEC);
}

static bool
has_told_all(const struct peer *p)
{
	if (p->config.ignored)
		return true;
	if (!p->up)
		return false;
	if (!p->up->open.restart.said)
		return true;
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (p->families & BGP_FAMILY_BIT(f) && !p->family[f].ended)
			return false;
	return true;
}

static bool
knows_next_hops(const struct instance *n)
{
	hash_each (k, &n->next_hops) {
		const struct next_hop *h = OBJECT(k, struct next_hop, by_address);
		if (!h->known && !list_is_empty(&h->paths))
			return false;
	}
	return true;
}

void
restart_review(struct bgp *b)
{
	bool all = true;

	if (!b->restarted || !b->configured)
		return;
	list_each (l, &b->instances) {
		if (!knows_next_hops(OBJECT(l, struct instance, of_bgp)))
			return;
		hash_each (k, &OBJECT(l, struct instance, of_bgp)->peers) {
			const struct peer *p = OBJECT(k, struct peer, by_address);
			if (has_told_all(p))
				continue;
			if (!p->up || !p->up->open.restart.restarting)
				return;
			all = false;
		}
	}
	if (all || b->impatient)
		restart_end(
		    b, all ? "all peers have told what they have" : "peers that restart as well had their time");
	else if (!timer_is_set(&b->patience))
		timer_set(&b->timers, &b->patience, b->now + (usec_t)PATIENCE_S * USEC_PER_SEC);
}

void
restart_end(struct bgp *b, const char *why)
{
	if (!b->restarted)
		return;
	b->restarted = false;
	b->more = b->members_asked = true;
	timer_clear(&b->timers, &b->defer);
	timer_clear(&b->timers, &b->patience);
	table_changed(&b->process_table, &b->process_row);
	bgp_note(b, 5, "the restart is over: %s", why);
}
