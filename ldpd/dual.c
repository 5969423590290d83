/*
 * IPv4 and IPv6 side by side, RFC 7552.
 *
 * There is one session with a neighbour, whatever families its Hellos come by. With one that speaks both, as we do, it
 * goes over the family that both prefer, and carries the addresses and FECs of both; with any other it goes over, and
 * carries, the family that it is heard by. One that says nothing of speaking both but does, cannot be told from two
 * configurations that do not fit, and gets no session (6.1.1).
 *
 * Link-local addresses are never told (7): a next hop that is one belongs to the neighbour whose Hellos come from it.
 */
#include "ldpd/model.h"
#include <stdlib.h>

/* Targeted Hellos go over IPv4; and it is what is spoken where nothing is said. */
unsigned
dual_families(const struct ldp *ldp)
{
	const struct ldp_config *c = &ldp->config;
	bool v6 = ldp_config_uses(c, 6), v4 = ldp_config_uses(c, 4) || !v6 || c->accept_targeted;

	for (size_t i = 0; i < c->peer_count; i++)
		v4 |= c->peers[i].targeted;
	return (v4 ? V4 : 0) | (v6 ? V6 : 0);
}

uint8_t
dual_preference(const struct ldp *ldp)
{
	return dual_families(ldp) != (V4 | V6) ? 0 : ldp->config.prefer_v4 ? 4 : 6;
}

#define SAY_AGAIN (60 * USEC_PER_SEC) /* what is wrong with a neighbour's Hellos */

static bool
is_news(struct ldp *ldp, uint32_t lsr)
{
	if (ldp->unfit_lsr == lsr && ldp->now < ldp->unfit_said_at + SAY_AGAIN)
		return false;
	ldp->unfit_lsr = lsr;
	ldp->unfit_said_at = ldp->now;
	return true;
}

bool
dual_hello_fits(struct ldp *ldp, const struct ldp_pdu *pdu, const struct ldp_msg *m, const struct adjacency *known)
{
	uint8_t ours = dual_preference(ldp);

	if (!ours || !m->hello.prefers || m->hello.prefers == ours)
		return true;
	if (is_news(ldp, pdu->lsr))
		ldp_note(ldp, 4,
		    "%u.%u.%u.%u prefers sessions over IPv%c, we over IPv%u: no session; see transport-preference",
		    pdu->lsr >> 24, pdu->lsr >> 16 & 255, pdu->lsr >> 8 & 255, pdu->lsr & 255,
		    m->hello.prefers == 4   ? '4'
		    : m->hello.prefers == 6 ? '6'
					    : '?',
		    ours);
	/* A stranger that uses the neighbour's identifier ends nothing: only the neighbour itself, from where it is heard. */
	if (known && known->peer->lsr == pdu->lsr && known->space == pdu->space) {
		known->peer->heard_transport = addr_none();
		session_stop(ldp, known->peer, LDP_TRANSPORT_MISMATCH, "Transport preferences do not match");
	}
	return false;
}

/* The families it is heard by, and whether it says that it speaks both. */
static unsigned
heard(const struct peer *p, bool *ret_dual)
{
	unsigned families = 0;

	*ret_dual = false;
	list_each (l, (struct list *)(uintptr_t)&p->adjacencies) {
		const struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
		families |= family_bit(&a->source);
		*ret_dual |= a->prefers != 0;
	}
	return families;
}

/* The transport address of the latest adjacency of a family. */
static struct addr
transport_of(const struct peer *p, unsigned family)
{
	struct addr found = addr_none();

	list_each (l, (struct list *)(uintptr_t)&p->adjacencies) {
		const struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
		if (family_bit(&a->source) == family && (!addr_is_set(&found) || a->latest))
			found = a->transport;
	}
	return found;
}

void
dual_neighbour(struct ldp *ldp, const struct adjacency *a, bool here)
{
	if (!a->ifindex || a->source.family != 6 || !addr_is_link_local(&a->source))
		return;
	struct via *v = via_get(ldp, &a->source, a->ifindex);
	if (here)
		via_assign(ldp, v, a->peer);
	else if (v->peer == a->peer)
		via_assign(ldp, v, NULL);
	via_release(ldp, v);
}

void
dual_choose(struct ldp *ldp, struct peer *p)
{
	uint8_t ours = dual_preference(ldp);
	bool dual;
	unsigned families = heard(p, &dual);

	if (ours && !dual && families == (V4 | V6)) {
		if (is_news(ldp, p->lsr))
			ldp_note(ldp, 4,
			    "%u.%u.%u.%u is heard by IPv4 and IPv6 but does not say that it speaks both: no session",
			    p->lsr >> 24, p->lsr >> 16 & 255, p->lsr >> 8 & 255, p->lsr & 255);
		session_stop(ldp, p, LDP_NOT_DUAL_STACK, "Dual-Stack Noncompliance");
		p->heard_transport = addr_none();
		return;
	}
	unsigned family = families;
	if (ours && dual)
		family = ours == 4 ? V4 : V6; /* perhaps still to be heard */
	else if (families == (V4 | V6))
		family = V4; /* we speak one of them only, or did when the other was heard */
	p->heard_transport = transport_of(p, family);
	if (p->state == S_OPERATIONAL &&
	    dual_session(ldp, p) & ~p->families) { /* both speak more than at its beginning */
		p->families |= dual_session(ldp, p);
		dual_neighbours(ldp, p);
		distribute_all(ldp, p);
	}
}

void
dual_neighbours(struct ldp *ldp, struct peer *p)
{
	list_each (l, &p->adjacencies) {
		dual_neighbour(ldp, OBJECT(l, struct adjacency, of_peer), true);
	}
}

void
dual_configured(struct ldp *ldp)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (p->state == S_OPERATIONAL && p->families & ~dual_families(ldp)) {
			session_stop(ldp, p, LDP_SHUTDOWN, "an address family was switched off");
			transport_again(ldp, p, true);
		}
		dual_choose(ldp, p);
	}
}

unsigned
dual_session(const struct ldp *ldp, const struct peer *p)
{
	bool dual;

	heard(p, &dual);
	return dual_preference(ldp) && dual ? V4 | V6 : family_bit(&p->transport);
}
