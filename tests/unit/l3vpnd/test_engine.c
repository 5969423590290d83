/* l3vpnd in the midst of the router: what it waits for, what it brings in, what it tells BGP of interfaces, next hops, BFD. */
#include "base/text.h"
#include "l3vpnd/bgp/model.h"
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/model.h"
#include "tests/helper/check.h"
#include <string.h>

static struct l3vpn *g;
static struct l3vpn_config config;
static usec_t now;
static struct arena arena;
static struct text effects;

static void
note_effects(void)
{
	struct outbox *out = l3vpn_outbox(g);
	char to[ADDR_TEXT], from[ADDR_TEXT];

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		const char *where = e.instance ? e.instance : "public";
		if (e.kind == EFFECT_STREAM_LISTEN)
			text_line(&effects, "listen %s", where);
		else if (e.kind == EFFECT_STREAM_DEAF)
			text_line(&effects, "deaf %s", where);
		else if (e.kind == EFFECT_STREAM_CONNECT)
			text_line(&effects, "call %s from %s in %s ttl %u", addr_text(&e.to, to),
			    addr_text(&e.from, from), where, e.code >> 8);
	}
	outbox_clear(out);
}

static void
give(const struct l3vpn_input *in)
{
	l3vpn_input(g, in, now);
	note_effects();
}

static void
wait(unsigned seconds)
{
	now += seconds * USEC_PER_SEC;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_TIMER });
}

static ProtobufCBinaryData
prefix_bytes(const char *text)
{
	uint8_t *bytes = arena_take(&arena, PREFIX_BYTES);
	struct prefix p;
	const char *slash = strchr(text, '/');

	ck_assert(prefix_parse(text, &p) && slash);
	return (ProtobufCBinaryData){ prefix_to_bytes(&p, bytes), bytes };
}

static ProtobufCBinaryData
address_bytes(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return (ProtobufCBinaryData){ addr_size(&a), arena_copy(&arena, a.bytes, addr_size(&a)) };
}

static char *
lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
interface(uint32_t ifindex, const char *name, const char *vrf, const char *address, bool loopback)
{
	Fib__Interface row = FIB__INTERFACE__INIT;
	ProtobufCBinaryData bytes;

	row.ifindex = ifindex;
	row.name = row.label = lent(name);
	row.vrf = lent(vrf);
	row.admin_up = row.carrier = true;
	row.loopback = loopback;
	if (address) {
		uint8_t *room = arena_take(&arena, PREFIX_BYTES);
		char *text = arena_text(&arena, address), *slash = strchr(text, '/');
		struct prefix p = { .len = (uint8_t)atoi(slash + 1) };
		*slash = 0;
		ck_assert(addr_parse(text, &p.addr)); /* with its host bits */
		bytes = (ProtobufCBinaryData){ prefix_to_bytes(&p, room), room };
		row.n_addresses = 1;
		row.addresses = &bytes;
	}
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_INTERFACE, .row = &row, .round = 1 });
	if (l3vpn_due(g) <= now)
		give(&(struct l3vpn_input){ .kind = L3VPN_IN_TIMER });
}

static void
fib_route(const char *vrf, const char *prefix, Fib__Protocol protocol, uint32_t cost, uint32_t ifindex, bool gone)
{
	Fib__Route row = FIB__ROUTE__INIT;
	Fib__RouteEntry entry = FIB__ROUTE_ENTRY__INIT, *entries = &entry;
	Fib__NextHop hop = FIB__NEXT_HOP__INIT, *hops = &hop;

	row.vrf = lent(vrf);
	row.prefix = prefix_bytes(prefix);
	hop.ifindex = ifindex;
	entry.protocol = protocol;
	entry.cost = cost;
	entry.n_next_hops = 1;
	entry.next_hops = &hops;
	row.n_entries = !gone;
	row.entries = &entries;
	give(&(struct l3vpn_input){
	    .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_ROUTE, .row = &row, .gone = gone, .round = 1 });
}

static void
synced(enum l3vpn_mirror table)
{
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_SYNCED, .table = table, .round = 1 });
}

static void
label_range(void)
{
	Fib__LabelRange row = FIB__LABEL_RANGE__INIT;

	row.user = lent("l3vpnd");
	row.first = 7000;
	row.last = 7999;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_RANGE, .row = &row, .round = 1 });
	synced(L3VPN_FIB_RANGE);
}

static void
configure(void)
{
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_CONFIG, .config = &config });
}

/* PE1 of reference 002, with a customer who speaks BGP. */
static void
setup(void)
{
	struct addr pe = addr_v4(0x03030303), ce = addr_v4(0x0a010101);

	arena_init(&arena);
	text_clear(&effects);
	now = 1000 * USEC_PER_SEC;
	g = l3vpn_new(1);
	l3vpn_config_init(&config);
	config.bgp.as = 100;
	config.lsr_id = 0x02020202;
	struct bgp_peer_config *p = l3vpn_config_peer(&config, 0, &pe, true);
	p->as = 100;
	strcpy(p->source_interface, "LoopBack1");
	p->family[BGP_VPNV4].enabled = true;
	int at = l3vpn_config_add(&config, "VPNA");
	struct bgp_vpn_config *v = &config.bgp.instances[at].vpn[0];
	v->on = true;
	ck_assert(rd_parse("100:1", &v->rd) && rt_parse("111:1", &v->export[0]) && rt_parse("111:1", &v->import[0]));
	v->import_count = v->export_count = 1;
	p = l3vpn_config_peer(&config, at, &ce, true);
	p->as = 65001;
	p->family[BGP_IPV4].enabled = true;
	struct l3vpn_family_config *f = &config.instances[at].family[0];
	f->imports[0].protocol = FIB__PROTOCOL__DIRECT;
	f->imports[1].protocol = FIB__PROTOCOL__STATIC;
	f->import_count = 2;
}

static void
teardown(void)
{
	l3vpn_free(g);
	l3vpn_config_free(&config);
	arena_free(&arena);
	text_free(&effects);
}

static void
begin(void)
{
	interface(1, "lo", "", "127.0.0.1/8", true);
	interface(5, "LoopBack1", "", "2.2.2.2/32", true);
	interface(6, "VPNA", "", NULL, false);
	interface(7, "ge0-3-0", "VPNA", "10.1.1.2/24", false);
	fib_route("VPNA", "10.1.1.0/24", FIB__PROTOCOL__DIRECT, 0, 7, false);
	fib_route("VPNA", "10.1.1.2/32", FIB__PROTOCOL__DIRECT, 0, 7, false);
	fib_route("VPNA", "1.1.1.1/32", FIB__PROTOCOL__STATIC, 0, 7, false);
	fib_route("", "10.9.0.0/16", FIB__PROTOCOL__OSPF, 20, 7, false);
	synced(L3VPN_FIB_INTERFACE);
	synced(L3VPN_FIB_ROUTE);
	synced(L3VPN_FIB_ILM);
	label_range();
	configure();
}

static const struct path *
vpn_path(const char *prefix)
{
	const struct instance *n = instance_find(g->bgp, "");
	struct prefix p;
	uint64_t rd;

	ck_assert(prefix_parse(prefix, &p) && rd_parse("100:1", &rd));
	const struct dest *d = n && n->ribs[BGP_VPNV4] ? dest_find(n->ribs[BGP_VPNV4], rd, &p) : NULL;
	return d ? d->paths : NULL;
}

/* --- the beginning --- */

START_TEST(nobody_is_called_before_the_router_is_known)
{
	configure();
	interface(5, "LoopBack1", "", "2.2.2.2/32", true);
	synced(L3VPN_FIB_INTERFACE);
	wait(10);
	synced(L3VPN_FIB_ROUTE);
	synced(L3VPN_FIB_ILM);
	wait(10);
	ck_assert_str_eq(text_chars(&effects), "");
	label_range();
	wait(1);
	ck_assert(strstr(text_chars(&effects), "listen public\n"));
	ck_assert_ptr_null(strstr(text_chars(&effects), "listen VPNA\n")); /* there is no device yet */
	interface(6, "VPNA", "", NULL, false);
	ck_assert(strstr(text_chars(&effects), "listen VPNA\n"));
	ck_assert(strstr(text_chars(&effects), "call 3.3.3.3 from 2.2.2.2 in public ttl 0\n"));
	ck_assert(strstr(text_chars(&effects), "call 10.1.1.1 from - in VPNA ttl 1\n"));
}
END_TEST

START_TEST(routes_of_the_instance_are_told_with_its_label)
{
	begin();
	const struct path *net = vpn_path("10.1.1.0/24"), *host = vpn_path("1.1.1.1/32");
	ck_assert(net && host);
	ck_assert(net->label >= 7000 && net->label <= 7999);
	ck_assert_uint_eq(net->label, host->label);
	ck_assert_ptr_null(vpn_path("10.1.1.2/32")); /* our own address is nobody else's route */
	ck_assert_ptr_null(vpn_path("10.9.0.0/16")); /* of another table */
	fib_route("VPNA", "1.1.1.1/32", 0, 0, 0, true);
	ck_assert_ptr_null(vpn_path("1.1.1.1/32"));
	/* What BGP itself has found is not brought in again. */
	fib_route("VPNA", "1.1.1.1/32", FIB__PROTOCOL__IBGP, 0, 7, false);
	ck_assert_ptr_null(vpn_path("1.1.1.1/32"));
}
END_TEST

START_TEST(a_rule_that_comes_or_goes_brings_its_routes_or_takes_them_back)
{
	begin();
	struct l3vpn_family_config *f = &config.instances[1].family[0];
	f->import_count = 1;
	configure();
	ck_assert(vpn_path("10.1.1.0/24"));
	ck_assert_ptr_null(vpn_path("1.1.1.1/32"));
	f->import_count = 2;
	f->imports[1].has_med = true;
	f->imports[1].med = 77;
	configure();
	ck_assert(vpn_path("1.1.1.1/32"));
	ck_assert_uint_eq(vpn_path("1.1.1.1/32")->attrs->med, 77);
	f->import_count = 0;
	f->networks = mem_zalloc(sizeof *f->networks);
	ck_assert(prefix_parse("1.1.1.1/32", &f->networks[0].prefix));
	f->network_count = 1;
	configure();
	ck_assert(vpn_path("1.1.1.1/32"));
	ck_assert_uint_eq(vpn_path("1.1.1.1/32")->attrs->origin, ORIGIN_IGP);
	ck_assert_ptr_null(vpn_path("10.1.1.0/24"));
}
END_TEST

START_TEST(a_default_route_is_brought_in_only_where_it_is_said)
{
	begin();
	fib_route("VPNA", "0.0.0.0/0", FIB__PROTOCOL__STATIC, 0, 7, false);
	ck_assert_ptr_null(vpn_path("0.0.0.0/0"));
	config.instances[1].family[0].default_route = true;
	configure();
	ck_assert(vpn_path("0.0.0.0/0"));
}
END_TEST

START_TEST(a_loopback_interface_of_the_instance_is_a_route_for_others)
{
	begin();
	for (int order = 0; order < 2; order++) /* rows of two tables come in any order */
		if (order == _i)
			interface(8, "LoopBack7", "VPNA", "172.16.0.1/32", true);
		else
			fib_route("VPNA", "172.16.0.1/32", FIB__PROTOCOL__DIRECT, 0, 8, false);
	ck_assert(vpn_path("172.16.0.1/32"));
	fib_route("VPNA", "255.255.255.255/32", FIB__PROTOCOL__DIRECT, 0, 8, false);
	ck_assert_ptr_null(vpn_path("255.255.255.255/32"));
}
END_TEST

/* --- interfaces --- */

START_TEST(a_peer_waits_for_the_address_of_its_interface)
{
	strcpy(config.bgp.instances[0].peers[0].source_interface, "LoopBack9");
	begin();
	wait(30);
	ck_assert_ptr_null(strstr(text_chars(&effects), "call 3.3.3.3"));
	interface(9, "LoopBack9", "", "9.9.9.9/32", true);
	wait(30);
	ck_assert(strstr(text_chars(&effects), "call 3.3.3.3 from 9.9.9.9 in public"));
}
END_TEST

START_TEST(a_router_id_that_is_not_said_is_an_address_and_stays)
{
	config.lsr_id = 0;
	begin();
	ck_assert_uint_eq(instance_find(g->bgp, "")->router_id, 0x02020202);
	interface(9, "LoopBack9", "", "9.9.9.9/32", true);
	ck_assert_uint_eq(instance_find(g->bgp, "")->router_id, 0x02020202);
	config.bgp.router_id = 0x05050505;
	configure();
	ck_assert_uint_eq(instance_find(g->bgp, "")->router_id, 0x05050505);
}
END_TEST

static bool
has_source(void)
{
	const struct addr *pe = &config.bgp.instances[0].peers[0].address;

	return addr_is_set(&bgp_peer_find(instance_find(g->bgp, ""), pe)->config.source_address);
}

START_TEST(what_interfaces_say_is_looked_at_once_for_all_of_them)
{
	ProtobufCBinaryData address = prefix_bytes("9.9.9.9/32");
	Fib__Interface row = FIB__INTERFACE__INIT;

	strcpy(config.bgp.instances[0].peers[0].source_interface, "LoopBack9");
	begin();
	ck_assert(l3vpn_due(g) > now);
	row.ifindex = 9;
	row.name = row.label = lent("LoopBack9");
	row.vrf = lent("");
	row.admin_up = row.carrier = row.loopback = true;
	row.n_addresses = 1;
	row.addresses = &address;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_INTERFACE, .row = &row, .round = 1 });
	ck_assert(!has_source() && l3vpn_due(g) <= now); /* when all that is there was read */
	wait(0);
	ck_assert(has_source() && l3vpn_due(g) > now);
}
END_TEST

START_TEST(an_operator_may_ask_for_peers_that_are_configured)
{
	struct addr none = addr_none(), pe = addr_v4(0x03030303), ce = addr_v4(0x0a010101);

	begin();
	ck_assert(l3vpn_has_peer(g, NULL, &none) && l3vpn_has_peer(g, "", &pe) && l3vpn_has_peer(g, "VPNA", &ce));
	ck_assert(!l3vpn_has_peer(g, "VPNA", &pe) && !l3vpn_has_peer(g, NULL, &ce));
	ck_assert(!l3vpn_has_peer(g, "VPNB", &none));
}
END_TEST

/* --- next hops, labels, BFD --- */

START_TEST(what_fibd_says_of_a_next_hop_is_passed_on)
{
	Fib__Reach row = FIB__REACH__INIT;

	begin();
	row.vrf = lent("");
	row.address = address_bytes("3.3.3.3");
	row.reachable = row.lsp = true;
	row.metric = 2;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_REACH, .row = &row, .round = 1 });
	const struct hash *hops = &instance_find(g->bgp, "")->next_hops;
	ck_assert_uint_eq(hops->count, 1);
	const struct next_hop *h = OBJECT(hops->oldest, struct next_hop, by_address);
	ck_assert(h->known && h->reachable && h->lsp);
	ck_assert_uint_eq(h->metric, 2);
	give(&(struct l3vpn_input){
	    .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_REACH, .row = &row, .gone = true, .round = 1 });
	ck_assert_uint_eq(hops->count, 0);
}
END_TEST

START_TEST(bgp_hears_of_the_tunnel_policy_of_an_instance)
{
	strcpy(config.instances[l3vpn_config_find(&config, "VPNA")].family[0].tunnel_policy, "te");
	begin();
	ck_assert_str_eq(instance_find(g->bgp, "VPNA")->config.vpn[0].tunnel_policy, "te");
	ck_assert_str_eq(instance_find(g->bgp, "VPNA")->config.vpn[1].tunnel_policy, "");
}
END_TEST

/* After a restart of ours fibd goes on answering what we asked before, and says it once: before all else is known. */
START_TEST(what_fibd_says_before_we_begin_is_heard)
{
	Fib__Reach row = FIB__REACH__INIT;

	row.vrf = lent("");
	row.reachable = true;
	for (int i = 0; i < 3; i++) {
		row.address = address_bytes(i == 1 ? "4.4.4.4" : "3.3.3.3");
		row.metric = (uint32_t)i;
		give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_REACH, .row = &row, .round = 1 });
	}
	row.address = address_bytes("4.4.4.4");
	give(&(struct l3vpn_input){
	    .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_REACH, .row = &row, .gone = true, .round = 1 });
	row.address = address_bytes("3.3.3.3");
	row.policy = lent("te"); /* another question */
	row.metric = 7;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_REACH, .row = &row, .round = 1 });
	begin();
	const struct hash *hops = &instance_find(g->bgp, "")->next_hops;
	ck_assert_uint_eq(hops->count, 2);
	const struct next_hop *h = OBJECT(hops->oldest, struct next_hop, by_address);
	ck_assert(h->known && h->reachable);
	ck_assert_uint_eq(h->metric, 2);
}
END_TEST

START_TEST(labels_of_an_earlier_life_are_taken_over_and_it_counts_as_a_restart)
{
	Fib__Ilm row = FIB__ILM__INIT;
	Fib__NextHop hop = FIB__NEXT_HOP__INIT, *hops = &hop;

	row.label = 7345;
	row.owner = lent("l3vpnd");
	hop.ifindex = 6; /* the VRF device */
	row.n_next_hops = 1;
	row.next_hops = &hops;
	give(&(struct l3vpn_input){ .kind = L3VPN_IN_ROW, .table = L3VPN_FIB_ILM, .row = &row, .round = 1 });
	begin();
	ck_assert_uint_eq(vpn_path("1.1.1.1/32")->label, 7345);
	ck_assert(bgp_is_restarting(g->bgp));
}
END_TEST

START_TEST(routes_of_ours_in_the_kernel_tell_of_a_restart)
{
	fib_route("VPNA", "10.7.0.0/16", _i ? FIB__PROTOCOL__IBGP : FIB__PROTOCOL__OSPF, 0, 7, false);
	begin();
	ck_assert_int_eq(bgp_is_restarting(g->bgp), _i);
}
END_TEST

static size_t
requests(Bfd__Request *ret)
{
	struct table *const *t = l3vpn_tables(g);

	while (strcmp((*t)->name, "bfd.Request") != 0)
		t++;
	bfd__request__init(ret);
	if ((*t)->newest)
		(*t)->fill((*t)->newest, ret, &arena);
	return (*t)->count;
}

START_TEST(bfd_is_asked_to_watch_a_customer_on_its_link_and_a_pe_from_afar)
{
	Bfd__Request m;

	config.bgp.instances[1].peers[0].bfd = true;
	begin();
	ck_assert_uint_eq(requests(&m), 1);
	ck_assert_uint_eq(m.ifindex, 7);
	ck_assert_str_eq(m.vrf, "VPNA");
	config.bgp.instances[1].peers[0].bfd = false;
	config.bgp.instances[0].peers[0].bfd = true;
	config.bgp.instances[0].peers[0].bfd_min_tx_ms = 50;
	configure();
	ck_assert_uint_eq(requests(&m), 1);
	ck_assert_uint_eq(m.ifindex, 0);
	ck_assert_uint_eq(m.min_tx_us, 50000);
	ck_assert_uint_eq(m.source.len, 4);
	config.bgp.instances[0].peers[0].bfd = false;
	configure();
	ck_assert_uint_eq(requests(&m), 0);
}
END_TEST

/* --- instances as people see them --- */

START_TEST(an_instance_has_a_number_its_interfaces_and_its_label)
{
	L3vpn__Instance m = L3VPN__INSTANCE__INIT;

	begin();
	ck_assert_uint_eq(g->instance_table.count, 1);
	g->instance_table.fill(g->instance_table.newest, &m, &arena);
	ck_assert_str_eq(m.name, "VPNA");
	ck_assert_uint_eq(m.number, 1);
	ck_assert_uint_eq(m.n_interfaces, 1);
	ck_assert_str_eq(m.interfaces[0], "ge0-3-0");
	ck_assert_uint_eq(m.n_families, 1);
	ck_assert_str_eq(m.families[0]->rd, "100:1");
	ck_assert_str_eq(m.families[0]->export_targets[0], "111:1");
	ck_assert_str_eq(m.families[0]->trouble, "");
	ck_assert_uint_eq(m.families[0]->label, vpn_path("1.1.1.1/32")->label);
	ck_assert(m.families[0]->up_since);
	config.bgp.instances[1].vpn[0].rd = 0;
	configure();
	l3vpn__instance__init(&m);
	g->instance_table.fill(g->instance_table.newest, &m, &arena);
	ck_assert(strstr(m.families[0]->trouble, "no route-distinguisher"));
}
END_TEST

START_TEST(an_instance_without_its_device_is_down_and_says_so)
{
	L3vpn__Instance m = L3VPN__INSTANCE__INIT;

	l3vpn_config_add(&config, "VPNB");
	config.bgp.instances[2].vpn[0].on = true;
	begin();
	ck_assert_uint_eq(g->instance_table.count, 2);
	g->instance_table.fill(g->instance_table.newest, &m, &arena);
	ck_assert_str_eq(m.name, "VPNB");
	ck_assert_uint_eq(m.number, 2);
	ck_assert(!m.families[0]->up_since && strstr(m.families[0]->trouble, "there is no VRF device VPNB"));
	l3vpn_config_remove(&config, "VPNB");
	configure();
	ck_assert_uint_eq(g->instance_table.count, 1);
	ck_assert_ptr_null(strstr(text_chars(&effects), "VPNB")); /* nobody is there to call */
	l3vpn_config_remove(&config, "VPNA");
	text_clear(&effects);
	configure();
	ck_assert_str_eq(text_chars(&effects), "deaf VPNA\n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l3vpnd");
	TCase *t = tcase_create("in the router");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nobody_is_called_before_the_router_is_known);
	tcase_add_test(t, routes_of_the_instance_are_told_with_its_label);
	tcase_add_test(t, a_rule_that_comes_or_goes_brings_its_routes_or_takes_them_back);
	tcase_add_test(t, a_default_route_is_brought_in_only_where_it_is_said);
	tcase_add_loop_test(t, a_loopback_interface_of_the_instance_is_a_route_for_others, 0, 2);
	tcase_add_test(t, a_peer_waits_for_the_address_of_its_interface);
	tcase_add_test(t, a_router_id_that_is_not_said_is_an_address_and_stays);
	tcase_add_test(t, what_interfaces_say_is_looked_at_once_for_all_of_them);
	tcase_add_test(t, an_operator_may_ask_for_peers_that_are_configured);
	tcase_add_test(t, what_fibd_says_of_a_next_hop_is_passed_on);
	tcase_add_test(t, bgp_hears_of_the_tunnel_policy_of_an_instance);
	tcase_add_test(t, what_fibd_says_before_we_begin_is_heard);
	tcase_add_test(t, labels_of_an_earlier_life_are_taken_over_and_it_counts_as_a_restart);
	tcase_add_loop_test(t, routes_of_ours_in_the_kernel_tell_of_a_restart, 0, 2);
	tcase_add_test(t, bfd_is_asked_to_watch_a_customer_on_its_link_and_a_pe_from_afar);
	tcase_add_test(t, an_instance_has_a_number_its_interfaces_and_its_label);
	tcase_add_test(t, an_instance_without_its_device_is_down_and_says_so);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
