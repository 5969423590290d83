/* What BGP tells others in tables: routes with their backups, labels, next hops it asks about, peers, destinations. */
#include "proto/l3vpn.pb-c.h"
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_sites.h"
#include <string.h>

static struct arena arena;

static void
setup(void)
{
	sites_new();
	arena_init(&arena);
}

static void
teardown(void)
{
	arena_free(&arena);
	sites_free();
}

static const struct table *
table_of(size_t node, const char *name)
{
	struct table *const *t = bgp_tables(sites->nodes[node]->b);

	while (strcmp((*t)->name, name) != 0)
		t++;
	return *t;
}

static bool
is_prefix(const ProtobufCBinaryData *bytes, const char *text)
{
	struct prefix p, want;

	ck_assert(prefix_from_bytes(bytes->data, bytes->len, &p) && prefix_parse(text, &want));
	return prefix_eq(&p, &want);
}

static const char *
address(const ProtobufCBinaryData *bytes)
{
	struct addr a = addr_none();

	addr_from_bytes(bytes->data, bytes->len, &a);
	return addr_text(&a, arena_take(&arena, ADDR_TEXT));
}

static const L3vpn__Route *
route(size_t node, const char *vrf, const char *prefix)
{
	const struct table *t = table_of(node, "l3vpn.Route");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		L3vpn__Route *m = arena_take(&arena, sizeof *m);
		l3vpn__route__init(m);
		t->fill(r, m, &arena);
		if (!strcmp(m->vrf, vrf) && is_prefix(&m->prefix, prefix))
			return m;
	}
	return NULL;
}

static const L3vpn__Destination *
destination(size_t node, const char *vrf, const char *rd, const char *prefix)
{
	const struct table *t = table_of(node, "l3vpn.Destination");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		L3vpn__Destination *m = arena_take(&arena, sizeof *m);
		l3vpn__destination__init(m);
		t->fill(r, m, &arena);
		if (!strcmp(m->vrf, vrf) && !strcmp(m->rd, rd) && is_prefix(&m->prefix, prefix))
			return m;
	}
	return NULL;
}

static const L3vpn__Label *
label(size_t node, uint32_t value)
{
	const struct table *t = table_of(node, "l3vpn.Label");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		L3vpn__Label *m = arena_take(&arena, sizeof *m);
		l3vpn__label__init(m);
		t->fill(r, m, &arena);
		if (m->label == value)
			return m;
	}
	return NULL;
}

static const L3vpn__Peer *
peer(size_t node, const char *who)
{
	const struct table *t = table_of(node, "l3vpn.Peer");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		L3vpn__Peer *m = arena_take(&arena, sizeof *m);
		l3vpn__peer__init(m);
		t->fill(r, m, &arena);
		if (!strcmp(address(&m->address), who))
			return m;
	}
	return NULL;
}

static void
own_route(size_t pe, const char *prefix, bool gone)
{
	struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE };

	ck_assert(prefix_parse(prefix, &r.prefix));
	vpn_net_give(
	    sites, pe, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r, .gone = gone });
	vpn_net_run(sites, SECONDS(2));
}

/* --- routes --- */

START_TEST(a_remote_route_goes_over_an_lsp_with_the_label_of_its_pe)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	vpn_net_run(sites, SECONDS(2));
	const L3vpn__Route *m = route(PE2, "VPNA", SITE_PREFIX);
	ck_assert(m && m->internal && m->pipe);
	ck_assert_uint_eq(m->preference, 255);
	ck_assert_uint_eq(m->n_next_hops, 1);
	ck_assert_uint_eq(m->n_backups, 0);
	ck_assert_str_eq(address(&m->next_hops[0]->address), "10.0.0.1");
	ck_assert(m->next_hops[0]->lsp);
	ck_assert_str_eq(m->next_hops[0]->through, "");
	ck_assert_uint_eq(m->next_hops[0]->label, sites->nodes[PE1]->config.instances[1].vpn[0].label);
	/* And at the PE of the site: over the customer's own link. */
	m = route(PE1, "VPNA", SITE_PREFIX);
	ck_assert(m && !m->internal);
	ck_assert_str_eq(address(&m->next_hops[0]->address), "10.0.0.4");
	ck_assert(!m->next_hops[0]->lsp);
	ck_assert_str_eq(m->next_hops[0]->through, "VPNA");
	vpn_net_route(sites, CE1, SITE_PREFIX, true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(route(PE2, "VPNA", SITE_PREFIX));
	ck_assert_ptr_null(route(PE1, "VPNA", SITE_PREFIX));
	ck_assert_uint_eq(table_of(PE2, "l3vpn.Route")->count, 0);
}
END_TEST

START_TEST(two_pes_of_a_site_are_two_next_hops_and_where_one_is_used_the_other_stands_by)
{
	sites_dual_homed();
	const L3vpn__Route *m = route(PE3, "VPNA", "1.1.1.1/32");
	ck_assert(m);
	ck_assert_uint_eq(m->n_next_hops, 2);
	ck_assert_uint_eq(m->n_backups, 0);
	sites->nodes[PE3]->config.instances[1].paths = 1;
	vpn_net_configure(sites, PE3);
	m = route(PE3, "VPNA", "1.1.1.1/32");
	ck_assert_uint_eq(m->n_next_hops, 1);
	ck_assert_uint_eq(m->n_backups, 1);
	ck_assert_str_ne(address(&m->next_hops[0]->address), address(&m->backups[0]->address));
	ck_assert(m->backups[0]->lsp);
	vpn_net_next_hop(sites, PE3, address(&m->backups[0]->address), false, 0);
	ck_assert_uint_eq(route(PE3, "VPNA", "1.1.1.1/32")->n_backups, 0);
}
END_TEST

START_TEST(behind_a_route_of_our_own_the_best_of_others_is_ready)
{
	sites_dual_homed();
	const struct path *best = site_best(PE1, "VPNA", "1.1.1.1/32");
	ck_assert(best && !best->origin); /* the static route is what others are told */
	const L3vpn__Route *m = route(PE1, "VPNA", "1.1.1.1/32");
	ck_assert(m);
	ck_assert_uint_eq(m->n_next_hops, 1);
	ck_assert_str_eq(address(&m->next_hops[0]->address), "10.0.0.2");
	own_route(PE1, "1.1.1.1/32", true);
	m = route(PE1, "VPNA", "1.1.1.1/32");
	ck_assert_str_eq(address(&m->next_hops[0]->address), "10.0.0.2");
	own_route(PE2, "1.1.1.1/32", true);
	ck_assert_ptr_null(route(PE1, "VPNA", "1.1.1.1/32"));
}
END_TEST

START_TEST(a_leaked_route_leads_through_the_instance_that_it_comes_from)
{
	site_customer(PE1, site_instance(PE1, "VPNA", "100:1", "111:2", "111:1"), CE1);
	site_customer(PE1, site_instance(PE1, "VPNB", "100:2", "111:1", "111:2"), CE2);
	sites_begin();
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	vpn_net_run(sites, SECONDS(2));
	const L3vpn__Route *m = route(PE1, "VPNB", SITE_PREFIX);
	ck_assert(m);
	ck_assert_uint_eq(m->next_hops[0]->address.len, 0);
	ck_assert_str_eq(m->next_hops[0]->through, "VPNA");
	ck_assert(!m->next_hops[0]->lsp);
}
END_TEST

START_TEST(what_bfd_watches_for_the_session_it_watches_for_the_routes)
{
	sites_dual_homed();
	ck_assert(!route(PE3, "VPNA", "1.1.1.1/32")->next_hops[0]->bfd);
	struct cursor reader;
	const struct row *row;
	const uint8_t *key;
	size_t size;
	unsigned again = 0;
	cursor_open(&reader, &sites->nodes[PE3]->b->route_table);
	while (cursor_read(&reader, &row, &key, &size) != CURSOR_END) {
	}
	vpn_net_peer_config(sites, PE3, PE1)->bfd = vpn_net_peer_config(sites, PE3, PE2)->bfd = true;
	vpn_net_configure(sites, PE3);
	ck_assert(route(PE3, "VPNA", "1.1.1.1/32")->next_hops[0]->bfd);
	while (cursor_read(&reader, &row, &key, &size) == CURSOR_ROW)
		again++;
	ck_assert_uint_eq(again, 1); /* and readers are told */
	vpn_net_configure(sites, PE3);
	ck_assert_int_eq(cursor_read(&reader, &row, &key, &size), CURSOR_END);
	cursor_close(&reader);
}
END_TEST

/* --- next hops --- */

START_TEST(a_next_hop_is_asked_about_as_long_as_a_path_goes_over_it)
{
	sites_two("111:1", "111:1");
	sites_begin();
	ck_assert_uint_eq(table_of(PE2, "l3vpn.NextHop")->count, 0);
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	vpn_net_run(sites, SECONDS(2));
	const struct table *t = table_of(PE2, "l3vpn.NextHop");
	ck_assert_uint_eq(t->count, 1);
	L3vpn__NextHop m = L3VPN__NEXT_HOP__INIT;
	t->fill(t->oldest, &m, &arena);
	ck_assert_str_eq(address(&m.address), "10.0.0.1");
	ck_assert_str_eq(m.vrf, "");
	vpn_net_route(sites, CE1, SITE_PREFIX, true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(t->count, 0);
}
END_TEST

static unsigned
asked_under(const char *policy)
{
	const struct table *t = table_of(PE3, "l3vpn.NextHop");
	unsigned n = 0;

	for (const struct row *r = t->oldest; r; r = r->newer) {
		L3vpn__NextHop m = L3VPN__NEXT_HOP__INIT;
		t->fill(r, &m, &arena);
		n += !strcmp(m.policy, policy);
	}
	return n;
}

START_TEST(next_hops_of_an_instance_are_asked_about_under_its_tunnel_policy)
{
	sites_dual_homed();
	struct bgp_vpn_config *v = &sites->nodes[PE3]->config.instances[1].vpn[0];
	ck_assert_uint_eq(asked_under(""), 2);
	strcpy(v->tunnel_policy, "te");
	vpn_net_configure(sites, PE3);
	ck_assert_uint_eq(asked_under("te"), 2);
	ck_assert_uint_eq(asked_under(""), 2); /* of the VPN table, where no instance says anything */
	struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE };
	ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
	for (int gone = 1; gone >= 0; gone--) {
		vpn_net_give(sites, PE1,
		    &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r, .gone = gone });
		vpn_net_run(sites, SECONDS(2));
		ck_assert_uint_eq(asked_under("te"), gone ? 1 : 2);
	}
	*v->tunnel_policy = '\0';
	vpn_net_configure(sites, PE3);
	ck_assert_uint_eq(asked_under("te"), 0);
}
END_TEST

START_TEST(of_a_next_hop_whose_answer_is_taken_back_nothing_is_known)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001) };

	sites_dual_homed();
	vpn_net_give(sites, PE3, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop, .gone = true });
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 1);
	ck_assert_uint_eq(table_of(PE3, "l3vpn.NextHop")->count, 2); /* still asked */
}
END_TEST

/* --- labels --- */

static void
labels_from_the_range(size_t pe, enum vpn_label_mode mode)
{
	struct bgp_vpn_config *v = &sites->nodes[pe]->config.instances[1].vpn[0];

	v->label = 0;
	v->label_mode = (uint8_t)mode;
}

static void
give_range(size_t pe)
{
	vpn_net_give(sites, pe, &(struct bgp_input){ .kind = BGP_IN_LABELS, .first = 5000, .last = 5099 });
}

static uint32_t
label_heard(size_t pe, const char *prefix)
{
	const struct path *p = site_best(pe, "VPNA", prefix);

	return p ? p->label : LABEL_UNSET;
}

START_TEST(an_instance_has_one_label_that_outlives_its_routes)
{
	sites_two("111:1", "111:1");
	labels_from_the_range(PE1, VPN_LABEL_PER_INSTANCE);
	sites_begin();
	give_range(PE1);
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	own_route(PE1, "10.2.0.0/16", false);
	uint32_t l = label_heard(PE2, SITE_PREFIX);
	ck_assert(l >= 5000 && l <= 5099);
	ck_assert_uint_eq(label_heard(PE2, "10.2.0.0/16"), l);
	ck_assert_str_eq(label(PE1, l)->vrf, "VPNA");
	ck_assert_uint_eq(label(PE1, l)->next_hop.len, 0);
	ck_assert(label(PE1, l)->pipe);
	vpn_net_route(sites, CE1, SITE_PREFIX, true);
	own_route(PE1, "10.2.0.0/16", true);
	ck_assert(label(PE1, l));
	own_route(PE1, "10.2.0.0/16", false);
	ck_assert_uint_eq(label_heard(PE2, "10.2.0.0/16"), l);
	struct bgp_config *c = &sites->nodes[PE1]->config;
	free(c->instances[1].peers);
	c->instance_count = 1;
	vpn_net_configure(sites, PE1);
	ck_assert_uint_eq(table_of(PE1, "l3vpn.Label")->count, 0);
}
END_TEST

START_TEST(each_route_or_each_next_hop_may_have_its_own)
{
	enum vpn_label_mode mode = _i;

	sites_two("111:1", "111:1");
	labels_from_the_range(PE1, mode);
	sites_begin();
	give_range(PE1);
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	vpn_net_route(sites, CE1, "10.7.0.0/16", false);
	own_route(PE1, "10.2.0.0/16", false);
	uint32_t one = label_heard(PE2, SITE_PREFIX), two = label_heard(PE2, "10.7.0.0/16"),
		 own = label_heard(PE2, "10.2.0.0/16");
	ck_assert_int_eq(one == two, mode == VPN_LABEL_PER_NEXT_HOP);
	ck_assert_uint_ne(one, own);
	ck_assert_str_eq(address(&label(PE1, one)->next_hop), "10.0.0.4"); /* sent there, not looked up */
	ck_assert_uint_eq(label(PE1, own)->next_hop.len, 0);
	ck_assert_int_eq(label(PE1, one)->prefix.len > 1, mode == VPN_LABEL_PER_ROUTE);
	vpn_net_route(sites, CE1, SITE_PREFIX, true);
	vpn_net_route(sites, CE1, "10.7.0.0/16", true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(label(PE1, one));
	ck_assert(label(PE1, own));
}
END_TEST

START_TEST(another_mode_gives_other_labels_and_takes_the_old_ones_back)
{
	sites_two("111:1", "111:1");
	labels_from_the_range(PE1, VPN_LABEL_PER_ROUTE);
	sites_begin();
	give_range(PE1);
	own_route(PE1, "10.2.0.0/16", false);
	own_route(PE1, "10.3.0.0/16", false);
	ck_assert_uint_eq(table_of(PE1, "l3vpn.Label")->count, 2);
	labels_from_the_range(PE1, VPN_LABEL_PER_INSTANCE);
	vpn_net_configure(sites, PE1);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(table_of(PE1, "l3vpn.Label")->count, 1);
	ck_assert_uint_eq(label_heard(PE2, "10.2.0.0/16"), label_heard(PE2, "10.3.0.0/16"));
}
END_TEST

START_TEST(a_label_of_an_earlier_life_keeps_its_meaning_and_what_nobody_takes_up_goes)
{
	struct bgp_old_label old = { .label = 5077, .instance = "VPNA", .kind = VPN_LABEL_INSTANCE },
			     other = { .label = 5078, .instance = "VPNZ", .kind = VPN_LABEL_INSTANCE };

	sites_two("111:1", "111:1");
	labels_from_the_range(PE1, VPN_LABEL_PER_INSTANCE);
	sites->nodes[PE1]->restarted = true;
	sim_start(&sites->nodes[PE1]->sim);
	give_range(PE1);
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_OLD_LABEL, .old_label = &old });
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_OLD_LABEL, .old_label = &other });
	vpn_net_configure(sites, PE1);
	ck_assert(label(PE1, 5077));
	ck_assert(!table_of(PE1, "l3vpn.Label")->complete); /* the kernel's others stay until all is told again */
	ck_assert(!table_of(PE1, "l3vpn.Route")->complete);
	vpn_net_run(sites, SECONDS(BGP_RESTART_S + 5));
	ck_assert(table_of(PE1, "l3vpn.Label")->complete && table_of(PE1, "l3vpn.Route")->complete);
	ck_assert(label(PE1, 5077));
	ck_assert_ptr_null(label(PE1, 5078));
}
END_TEST

START_TEST(a_restart_is_not_over_before_next_hops_are_known)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001), .reachable = true, .lsp = true };

	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, SITE_PREFIX, false);
	vpn_net_run(sites, SECONDS(2));
	vpn_net_kill(sites, PE2);
	vpn_net_run(sites, SECONDS(5));
	sites->nodes[PE2]->restarted = true;
	sim_start(&sites->nodes[PE2]->sim);
	vpn_net_configure(sites, PE2);
	vpn_net_run(sites, SECONDS(30));
	ck_assert(site_dest(PE2, "VPNA", SITE_PREFIX)); /* all have told what they have, PE1's next hop among it */
	ck_assert(!table_of(PE2, "l3vpn.Route")->complete);
	vpn_net_give(sites, PE2, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
	ck_assert(route(PE2, "VPNA", SITE_PREFIX));
	ck_assert(table_of(PE2, "l3vpn.Route")->complete);
}
END_TEST

START_TEST(without_a_label_left_a_route_is_not_told_and_it_is_said_once)
{
	sites_two("111:1", "111:1");
	labels_from_the_range(PE1, VPN_LABEL_PER_ROUTE);
	sites_begin();
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_LABELS, .first = 5000, .last = 5000 });
	own_route(PE1, "10.2.0.0/16", false);
	own_route(PE1, "10.3.0.0/16", false);
	own_route(PE1, "10.4.0.0/16", false);
	ck_assert_uint_eq(site_vpn_paths(PE2), 1);
	const char *said = strstr(vpn_net_log(sites, PE1), "no label is left for routes of vpn-instance VPNA");
	ck_assert(said && !strstr(said + 1, "no label is left"));
}
END_TEST

/* --- limits --- */

START_TEST(more_routes_than_an_instance_may_have_wait_and_say_so)
{
	bool warns = _i;

	sites_two("111:1", "111:1");
	struct bgp_vpn_config *v = &sites->nodes[PE2]->config.instances[1].vpn[0];
	v->limit = 2;
	v->limit_warns = warns;
	sites_begin();
	vpn_net_route(sites, CE1, "10.1.0.0/16", false);
	vpn_net_route(sites, CE1, "10.2.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	vpn_net_route(sites, CE1, "10.3.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_int_eq(route(PE2, "VPNA", "10.3.0.0/16") != NULL, warns);
	ck_assert(strstr(vpn_net_log(sites, PE2), "has 2 routes of peers, as many as `routing-table limit` allows"));
	if (warns)
		return;
	const L3vpn__Destination *d = destination(PE2, "VPNA", "", "10.3.0.0/16");
	ck_assert_uint_eq(d->n_paths, 1);
	ck_assert(strstr(d->paths[0]->unused, "routing-table limit"));
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, "10.3.0.0/16"));
	vpn_net_route(sites, CE1, "10.1.0.0/16", true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert(route(PE2, "VPNA", "10.3.0.0/16"));
	v->limit = 1; /* who is in stays */
	vpn_net_configure(sites, PE2);
	ck_assert(route(PE2, "VPNA", "10.3.0.0/16") && route(PE2, "VPNA", "10.2.0.0/16"));
	vpn_net_route(sites, CE1, "10.1.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(route(PE2, "VPNA", "10.1.0.0/16"));
	v->limit = 0;
	vpn_net_configure(sites, PE2);
	ck_assert(route(PE2, "VPNA", "10.1.0.0/16"));
}
END_TEST

static unsigned
times_said(const char *what)
{
	unsigned times = 0;

	for (const char *at = vpn_net_log(sites, PE2); (at = strstr(at, what)); at++)
		times++;
	return times;
}

START_TEST(a_warning_comes_once_when_most_of_the_limit_is_used)
{
	static const char *const said = "has 3 routes of peers, 75 % of the 4 that `routing-table limit` allows";

	sites_two("111:1", "111:1");
	struct bgp_vpn_config *v = &sites->nodes[PE2]->config.instances[1].vpn[0];
	v->limit = 4;
	v->limit_percent = 75;
	sites_begin();
	vpn_net_route(sites, CE1, "10.1.0.0/16", false);
	vpn_net_route(sites, CE1, "10.2.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(strstr(vpn_net_log(sites, PE2), "routing-table limit"));
	vpn_net_route(sites, CE1, "10.3.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(times_said(said), 1);
	vpn_net_route(sites, CE1, "10.4.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(times_said(said), 1);
	ck_assert_uint_eq(times_said("has 4 routes of peers, as many as"), 1);
	vpn_net_route(sites, CE1, "10.4.0.0/16", true);
	vpn_net_route(sites, CE1, "10.3.0.0/16", true);
	vpn_net_run(sites, SECONDS(2));
	vpn_net_route(sites, CE1, "10.5.0.0/16", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(times_said(said), 2); /* there were fewer in between */
}
END_TEST

/* --- for people --- */

static uint32_t
origin(size_t node, const char *instance, const char *address)
{
	struct addr a;

	ck_assert(addr_parse(address, &a));
	return bgp_origin(sites->nodes[node]->b, instance, &a);
}

START_TEST(an_address_has_the_as_of_the_longest_route_that_covers_it)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, "10.0.0.0/8", false);
	vpn_net_route(sites, CE2, "10.2.0.0/16", false);
	own_route(PE2, "10.2.3.0/24", false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(origin(PE2, "VPNA", "10.1.1.1"), 65001);
	ck_assert_uint_eq(origin(PE2, "VPNA", "10.2.1.1"), 65002);
	ck_assert_uint_eq(origin(PE2, "VPNA", "10.2.3.1"), 0); /* our own */
	ck_assert_uint_eq(origin(PE2, "VPNA", "11.1.1.1"), 0);
	ck_assert_uint_eq(origin(PE2, "VPNA", "2001:db8::1"), 0);
	ck_assert_uint_eq(origin(PE2, "", "10.1.1.1"), 0);
	ck_assert_uint_eq(origin(PE2, "nowhere", "10.1.1.1"), 0);
}
END_TEST

START_TEST(a_destination_says_of_each_path_why_it_is_not_the_one)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001), .reachable = true, .lsp = false, .metric = 10 };

	sites_dual_homed();
	sites->nodes[PE3]->config.instances[1].paths = 1;
	vpn_net_configure(sites, PE3);
	const L3vpn__Destination *d = destination(PE3, "VPNA", "", "1.1.1.1/32");
	ck_assert_uint_eq(d->n_paths, 3); /* the customer tells it back */
	ck_assert_str_eq(d->paths[2]->unused, "our AS stands in its AS path");
	ck_assert(d->paths[0]->best && !d->paths[1]->best && d->paths[1]->backup);
	ck_assert_str_eq(d->paths[0]->lost, "");
	ck_assert_str_eq(d->paths[1]->lost, "the router ID");
	ck_assert_str_eq(d->paths[0]->imported_from, "100:1");
	ck_assert_str_eq(d->paths[0]->extended_communities, "RT:111:1");
	ck_assert_str_eq(d->paths[0]->origin, "?");
	vpn_net_give(sites, PE3, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
	d = destination(PE3, "VPNA", "", "1.1.1.1/32");
	ck_assert_str_eq(d->paths[1]->unused, "no LSP leads to its next hop");
	ck_assert_str_eq(destination(PE3, "", "100:1", "1.1.1.1/32")->paths[0]->unused, "no LSP leads to its next hop");
	ck_assert_uint_eq(destination(PE3, "", "100:1", "1.1.1.1/32")->family, L3VPN__FAMILY__VPNV4);
}
END_TEST

START_TEST(a_peer_tells_its_state_its_messages_and_why_it_went_down)
{
	sites_dual_homed();
	const L3vpn__Peer *p = peer(PE3, "10.0.0.1");
	ck_assert_uint_eq(p->state, L3VPN__PEER_STATE__ESTABLISHED);
	ck_assert_uint_eq(p->router_id, 0x0a000001);
	ck_assert_uint_eq(p->ups, 1);
	ck_assert(p->sent->open >= 1);
	ck_assert(p->received->update && p->received->keepalive);
	ck_assert_uint_eq(p->n_families, 1);
	ck_assert(p->families[0]->agreed);
	ck_assert_uint_eq(p->families[0]->received, 1);
	ck_assert_str_eq(p->last_error, "");
	ck_assert_str_eq(peer(PE3, "10.0.0.6")->vrf, "VPNA");
	ck_assert_uint_eq(peer(PE3, "10.0.0.6")->families[0]->told, 1);
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_RESET });
	vpn_net_run(sites, SECONDS(30));
	p = peer(PE3, "10.0.0.1");
	ck_assert_uint_eq(p->ups, 2);
	ck_assert(strstr(p->last_error, "administrative reset") && !p->last_error_sent);
}
END_TEST

START_TEST(a_table_is_complete_once_it_is_configured)
{
	vpn_net_peer(sites, PE1, PE2, BGP_FAMILY_BIT(BGP_VPNV4));
	sim_start(&sites->nodes[PE1]->sim);
	ck_assert(!table_of(PE1, "l3vpn.Route")->complete);
	vpn_net_configure(sites, PE1);
	ck_assert(table_of(PE1, "l3vpn.Route")->complete && table_of(PE1, "l3vpn.NextHop")->complete);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp tables");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_remote_route_goes_over_an_lsp_with_the_label_of_its_pe);
	tcase_add_test(t, two_pes_of_a_site_are_two_next_hops_and_where_one_is_used_the_other_stands_by);
	tcase_add_test(t, behind_a_route_of_our_own_the_best_of_others_is_ready);
	tcase_add_test(t, a_leaked_route_leads_through_the_instance_that_it_comes_from);
	tcase_add_test(t, what_bfd_watches_for_the_session_it_watches_for_the_routes);
	tcase_add_test(t, a_next_hop_is_asked_about_as_long_as_a_path_goes_over_it);
	tcase_add_test(t, next_hops_of_an_instance_are_asked_about_under_its_tunnel_policy);
	tcase_add_test(t, of_a_next_hop_whose_answer_is_taken_back_nothing_is_known);
	tcase_add_test(t, an_instance_has_one_label_that_outlives_its_routes);
	tcase_add_loop_test(
	    t, each_route_or_each_next_hop_may_have_its_own, VPN_LABEL_PER_ROUTE, VPN_LABEL_PER_NEXT_HOP + 1);
	tcase_add_test(t, another_mode_gives_other_labels_and_takes_the_old_ones_back);
	tcase_add_test(t, a_label_of_an_earlier_life_keeps_its_meaning_and_what_nobody_takes_up_goes);
	tcase_add_test(t, a_restart_is_not_over_before_next_hops_are_known);
	tcase_add_test(t, without_a_label_left_a_route_is_not_told_and_it_is_said_once);
	tcase_add_loop_test(t, more_routes_than_an_instance_may_have_wait_and_say_so, 0, 2);
	tcase_add_test(t, a_warning_comes_once_when_most_of_the_limit_is_used);
	tcase_add_test(t, an_address_has_the_as_of_the_longest_route_that_covers_it);
	tcase_add_test(t, a_destination_says_of_each_path_why_it_is_not_the_one);
	tcase_add_test(t, a_peer_tells_its_state_its_messages_and_why_it_went_down);
	tcase_add_test(t, a_table_is_complete_once_it_is_configured);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
