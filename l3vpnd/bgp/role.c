/*
 * Who is whose provider, RFC 9234: both sides of an external session say what they are, and routes carry the mark (Only To
 * Customer) of the first who told them downwards or sideways; one that comes back up is a leak.
 */
#include "l3vpnd/bgp/model.h"

bool
role_agrees(const struct peer *p, const struct bgp_open *o)
{
	static const uint8_t fits[BGP_ROLES] = { [BGP_ROLE_PROVIDER] = BGP_ROLE_CUSTOMER,
		[BGP_ROLE_CUSTOMER] = BGP_ROLE_PROVIDER,
		[BGP_ROLE_RS] = BGP_ROLE_RS_CLIENT,
		[BGP_ROLE_RS_CLIENT] = BGP_ROLE_RS,
		[BGP_ROLE_PEER] = BGP_ROLE_PEER };

	if (p->internal || !p->config.role || p->config.role >= BGP_ROLES)
		return true;
	if (!o->has_role)
		return !p->config.role_strict;
	return !o->roles_differ && o->role + 1 == fits[p->config.role];
}

/* 5: of unicast routes alone. */
static bool
is_marked_family(enum bgp_family f)
{
	return f == BGP_IPV4 || f == BGP_IPV6;
}

bool
role_is_leak(const struct peer *p, enum bgp_family f, const struct attr_set *a)
{
	if (p->internal || !is_marked_family(f) || !a->has_otc)
		return false;
	switch (p->config.role) {
	case BGP_ROLE_PROVIDER:
	case BGP_ROLE_RS: return true;
	case BGP_ROLE_PEER: return a->otc != p->config.as;
	default: return false;
	}
}

const struct attr_set *
role_marked(const struct peer *p, enum bgp_family f, const struct attr_set *a)
{
	uint8_t role = p->config.role;

	if (p->internal || !is_marked_family(f) || a->has_otc ||
	    (role != BGP_ROLE_CUSTOMER && role != BGP_ROLE_PEER && role != BGP_ROLE_RS_CLIENT))
		return a;
	const struct attr_set *with =
	    attr_changed(&p->bgp->attrs, a, &(struct attr_change){ .otc_set = true, .otc = p->config.as });
	attr_drop(&p->bgp->attrs, a);
	return with;
}

bool
role_may_tell(uint8_t role, enum bgp_family f, const struct attr_set *a)
{
	return !is_marked_family(f) || !a->has_otc ||
	       (role != BGP_ROLE_CUSTOMER && role != BGP_ROLE_PEER && role != BGP_ROLE_RS_CLIENT);
}

bool
role_marks(uint8_t role, enum bgp_family f, const struct attr_set *a)
{
	return is_marked_family(f) && !a->has_otc &&
	       (role == BGP_ROLE_PROVIDER || role == BGP_ROLE_PEER || role == BGP_ROLE_RS);
}
