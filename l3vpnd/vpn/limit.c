/*
 * `routing-table limit`: how many routes of peers a VPN instance takes. Those that came first stay; what comes after waits, and
 * says so in displays, until one of them goes. So a customer who sends too much harms nobody but himself.
 */
#include "l3vpnd/bgp/model.h"

static const struct bgp_vpn_config *
config_of(const struct rib *r)
{
	return &r->instance->config.vpn[r->family == BGP_IPV6];
}

static bool
is_limited(const struct rib *r)
{
	return *r->instance->name && (r->family == BGP_IPV4 || r->family == BGP_IPV6) && config_of(r)->limit;
}

/* So many are worth a warning before the limit itself is; SIZE_MAX: none is asked for. */
static size_t
warning_level(const struct rib *r)
{
	const struct bgp_vpn_config *c = config_of(r);

	return c->limit_percent && c->limit_percent < 100 ? ((size_t)c->limit * c->limit_percent + 99) / 100 : SIZE_MAX;
}

static void
warn_below_limit(struct rib *r)
{
	bool near = is_limited(r) && r->forwarded >= warning_level(r);

	if (near && !r->near_limit && r->forwarded < config_of(r)->limit)
		bgp_note(r->bgp, 4,
		    "vpn-instance %s has %zu routes of peers, %u %% of the %u that `routing-table limit` allows",
		    r->instance->name, r->forwarded, config_of(r)->limit_percent, config_of(r)->limit);
	r->near_limit = near;
}

bool
vpn_limit_is_reached(const struct dest *d)
{
	const struct rib *r = d->rib;

	return is_limited(r) && !config_of(r)->limit_warns && !d->counted && r->forwarded >= config_of(r)->limit;
}

void
vpn_limit_count(struct dest *d, bool forwards)
{
	struct rib *r = d->rib;

	if (d->counted == forwards)
		return;
	d->counted = forwards;
	r->forwarded += forwards ? 1 : (size_t)-1;
	if (!is_limited(r))
		return;
	warn_below_limit(r);
	if (!forwards) {
		r->has_room = r->over_limit;
	} else if (!r->over_limit && r->forwarded >= config_of(r)->limit) {
		r->over_limit = true;
		bgp_note(r->bgp, 4,
		    "vpn-instance %s has %zu routes of peers, as many as `routing-table limit` allows: %s",
		    r->instance->name, r->forwarded,
		    config_of(r)->limit_warns ? "more are taken all the same" : "others wait");
	}
}

void
vpn_limit_review(struct rib *r)
{
	uint32_t limit = is_limited(r) ? config_of(r)->limit : UINT32_MAX;
	size_t room = r->forwarded < limit ? limit - r->forwarded : 0;

	r->has_room = false;
	r->over_limit = room == 0;
	warn_below_limit(r);
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		bool waits = false;
		for (const struct path *p = d->paths; p; p = p->next)
			waits |= p->fault == PATH_LIMIT;
		if (!waits)
			continue;
		r->over_limit = true; /* it waits, or will have taken the room */
		if (!room--)
			return;
		dest_dirty(d);
	}
}
