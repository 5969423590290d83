/*
 * The designated router and its backup, RFC 2328 section 9.4. Computes only; interface.c keeps what it finds.
 *
 * A candidate says of itself whom it takes for what. The computation is made once, and once more if we ourselves became or
 * ceased to be one of the two by it, for our own word counts in it.
 */
#include "igpd/ospf/model.h"

struct candidate {
	uint32_t address, router;
	uint8_t priority;
	uint32_t dr, bdr;
};

/* The next to say something: ourselves first, then neighbours that hear us. */
static bool
next_candidate(const struct iface *i, const struct candidate *self, const struct list **at, struct candidate *ret)
{
	if (!*at) {
		*at = &i->neighbors;
		*ret = *self;
		return true;
	}
	while ((*at = (*at)->next) != &i->neighbors) {
		const struct neighbor *n = CONST_OBJECT(*at, struct neighbor, of_iface);
		if (n->state < NS_TWO_WAY)
			continue;
		*ret = (struct candidate){ n->address, n->router, n->priority, n->dr, n->bdr };
		return true;
	}
	return false;
}

static bool
is_better(const struct candidate *a, const struct candidate *b)
{
	if (!b->address)
		return true;
	return a->priority != b->priority ? a->priority > b->priority : a->router > b->router;
}

/* 9.4 (2) and (3) */
static void
round_of(const struct iface *i, const struct candidate *self, uint32_t *ret_dr, uint32_t *ret_bdr)
{
	struct candidate dr = { 0 }, bdr = { 0 }, any = { 0 }, c;
	const struct list *at = NULL;

	while (next_candidate(i, self, &at, &c)) {
		if (!c.priority)
			continue;
		if (c.dr == c.address) {
			if (is_better(&c, &dr))
				dr = c;
			continue; /* who takes itself for the DR is not for the BDR */
		}
		if (c.bdr == c.address && is_better(&c, &bdr))
			bdr = c;
		if (is_better(&c, &any))
			any = c;
	}
	*ret_bdr = bdr.address ? bdr.address : any.address;
	*ret_dr = dr.address ? dr.address : *ret_bdr;
}

void
elect(const struct iface *i, uint32_t *ret_dr, uint32_t *ret_bdr)
{
	struct candidate self = { i->address, i->ospf->router_id, i->priority, i->dr, i->bdr };
	bool was_dr = i->dr == i->address, was_bdr = i->bdr == i->address;

	round_of(i, &self, ret_dr, ret_bdr);
	bool is_dr = *ret_dr == i->address, is_bdr = *ret_bdr == i->address;
	if (is_dr != was_dr || is_bdr != was_bdr) {
		self.dr = *ret_dr;
		self.bdr = *ret_bdr;
		round_of(i, &self, ret_dr, ret_bdr);
	}
	if (*ret_bdr == *ret_dr)
		*ret_bdr = 0; /* one is both until it has said so itself; then another is elected */
}
