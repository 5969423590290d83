/*
 * Static routes: what the lines of the configuration become. Lines of one prefix and preference are one entry with several
 * next hops. Those of a VPN instance are in the table of the VRF device of its name, as long as there is one.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

/* By VPN instance and prefix, then what goes into one entry: the preference, and NULL0 apart. */
static int
compare_entries(const struct fib_config *c, const struct fib_static *a, const struct fib_static *b)
{
	const struct fib_via_key *x = fib_config_via(c, a), *y = fib_config_via(c, b);
	int order = x->vrf != y->vrf ? (x->vrf < y->vrf ? -1 : 1) : prefix_cmp(&a->prefix, &b->prefix);

	if (!order)
		order = (int)x->preference - (int)y->preference;
	return order ? order : (int)x->black_hole - (int)y->black_hole;
}

static int
compare_statics(const void *x, const void *y, void *config)
{
	return compare_entries(config, x, y);
}

static struct entry *
static_entry(struct route *r, uint8_t preference, bool black_hole)
{
	for (struct entry *e = r->entries; e; e = e->next)
		if (!e->foreign && !e->direct && !e->learned && e->preference == preference &&
		    e->fate->black_hole == black_hole)
			return e;
	return NULL;
}

/* Lines of one prefix and preference are one entry with several next hops; NULL0 beside them is one of its own. */
static void
configure_one(struct rib *rib, const struct fib_static *s, size_t count)
{
	struct spec specs[FIB_PATHS_MAX];
	const struct fib_config *c = &rib->config;
	const struct fib_via_key *first = fib_config_via(c, s);
	struct rib_table *t = first->vrf ? table_of_vrf(rib, c->notes[first->vrf - 1]->text) : table_get(rib, 254);
	size_t n = 0;

	if (!t) /* configured again when there is such a VRF */
		return;
	struct route *r = route_get(t, &s->prefix);

	for (size_t i = 0; i < count && n < FIB_PATHS_MAX && !first->black_hole; i++) {
		const struct fib_via_key *v = fib_config_via(c, &s[i]);
		specs[n++] = (struct spec){ .addr = v->next_hop,
			.name = v->name ? port_name_number(rib, c->names[v->name - 1]) : 0,
			.track = v->track ? track_session(rib, c->notes[v->track - 1]->text) : 0 };
		if (v->bfd)
			specs[n - 1].track = track_hop(
			    rib, &(struct hop_key){ .table = t, .peer = v->next_hop, .interface = specs[n - 1].name });
	}
	struct fate *fate = fate_get(rib, &(struct fate){ .table = t,
					      .family = s->prefix.addr.family,
					      .black_hole = first->black_hole,
					      .specs = specs,
					      .spec_count = (uint16_t)n });
	struct entry *old = static_entry(r, first->preference, first->black_hole);
	if (old && old->fate == fate) {
		old->seen = rib->config_round;
		fate_unref(rib, fate);
		return;
	}
	if (old)
		route_drop_entry(rib, old);
	route_add_entry(rib, r,
	    &(struct entry){ .protocol = FIB__PROTOCOL__STATIC,
		.preference = first->preference,
		.fate = fate,
		.seen = rib->config_round });
}

static void
drop_unconfigured(struct rib *rib, struct route *r)
{
	for (struct entry *e = r->entries, *next; e; e = next) {
		next = e->next;
		if (!e->direct && !e->foreign && !e->learned && e->seen != rib->config_round)
			route_drop_entry(rib, e);
	}
}

static bool
has_vrfs(const struct fib_config *c)
{
	for (size_t i = 0; i < c->via_count; i++)
		if (c->vias[i]->v.vrf)
			return true;
	return false;
}

void
statics_note_vrfs(struct rib *rib)
{
	const struct fib_config *c = &rib->config;
	bool *used = mem_zalloc(c->note_count + 1);

	for (size_t i = 0; i < c->via_count; i++)
		used[c->vias[i]->v.vrf] = true;
	for (size_t i = 0; i < c->note_count; i++)
		if (used[i + 1] && !table_of_vrf(rib, c->notes[i]->text))
			rib_note(rib, 4, "static routes of vpn-instance %s wait: there is no VRF device of that name",
			    c->notes[i]->text);
	free(used);
}

void
statics_vrfs_changed(struct rib *rib)
{
	if (!has_vrfs(&rib->config))
		return;
	rib->config_round++;
	statics_configure(rib);
}

void
statics_configure(struct rib *rib)
{
	struct fib_config *c = &rib->config;

	if (c->static_count)
		qsort_r(c->statics, c->static_count, sizeof *c->statics, compare_statics, c);
	for (size_t i = 0, n; i < c->static_count; i += n) {
		for (n = 1; i + n < c->static_count; n++)
			if (compare_entries(c, &c->statics[i], &c->statics[i + n]))
				break;
		configure_one(rib, &c->statics[i], n);
	}
	routes_each(rib, drop_unconfigured);
	/* What they said is in the routes now. */
	c->statics = mem_resize(c->statics, c->static_count * sizeof *c->statics + 1); /* kept to be printed */
	c->static_room = c->static_count;
}
