/* What is between the processes and the rest of the host: what fibd and ldpd tell reaches those whom it concerns. */
#include "base/mem.h"
#include "host/conf.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include "igpd/igp.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "tests/helper/check.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct igp *g;
static struct text said;
static usec_t now;

static void
setup(void)
{
	g = igp_new(1, 1700000000);
	now = 1000 * USEC_PER_SEC;
}

static void
teardown(void)
{
	igp_free(g);
	text_free(&said);
}

static void
input(const struct igp_input *in)
{
	struct outbox *out = igp_outbox(g);

	igp_input(g, in, now);
	text_clear(&said);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		if (e.kind == EFFECT_LOG)
			text_line(&said, "%s", (const char *)e.bytes);
	}
	outbox_clear(out);
}

static void
configure(const char *text)
{
	struct igp_config c = { 0 };
	struct conf_errors errors = { 0 };

	ck_assert_msg(
	    conf_read_text("router.conf", text, igp_commands, &c, &errors) == 0, "%s", text_chars(&errors.text));
	input(&(struct igp_input){ .kind = IGP_IN_CONFIG, .config = &c });
	igp_config_free(&c);
	conf_errors_free(&errors);
}

static void
interface(uint32_t ifindex, char *name, uint32_t address, unsigned len)
{
	struct prefix p = prefix_make(addr_v4(address), (uint8_t)len);
	uint8_t bytes[PREFIX_BYTES];
	ProtobufCBinaryData list = { prefix_to_bytes(&p, bytes), bytes };
	Fib__Interface row = FIB__INTERFACE__INIT;

	row.ifindex = ifindex;
	row.name = row.label = name;
	row.admin_up = row.carrier = true;
	row.mtu = 1500;
	row.n_addresses = 1;
	row.addresses = &list;
	input(&(struct igp_input){ .kind = IGP_IN_ROW, .table = IGP_FIB_INTERFACE, .row = &row, .round = 1 });
}

static void
interfaces_are_known(void)
{
	input(&(struct igp_input){ .kind = IGP_IN_SYNCED, .table = IGP_FIB_ROUTE, .round = 1 });
	input(&(struct igp_input){ .kind = IGP_IN_SYNCED, .table = IGP_FIB_INTERFACE, .round = 1 });
}

static void
ldp(uint32_t ifindex, Ldp__SyncState state, uint32_t round)
{
	Ldp__Sync row = LDP__SYNC__INIT;
	Ldp__SyncNeighbor n = LDP__SYNC_NEIGHBOR__INIT, *list[] = { &n };

	n.peer = 0x02020202;
	n.state = state;
	row.ifindex = ifindex;
	row.enabled = true;
	row.n_neighbors = 1;
	row.neighbors = list;
	input(&(struct igp_input){ .kind = IGP_IN_ROW, .table = IGP_LDP_SYNC, .row = &row, .round = round });
}

START_TEST(one_gtsm_hop_on_a_synchronized_router_is_warned_of_once)
{
	configure("mpls ldp\n gtsm peer 2.2.2.2 valid-ttl-hops 1\n");
	ck_assert_str_eq(text_chars(&said), "");
	configure("mpls ldp\n gtsm peer 2.2.2.2 valid-ttl-hops 1\n#\nospf\n ldp-sync enable\n");
	ck_assert_msg(strstr(text_chars(&said), "gtsm peer 2.2.2.2 valid-ttl-hops 1"), "%s", text_chars(&said));
	configure("mpls ldp\n gtsm peer 2.2.2.2 valid-ttl-hops 1\n#\nospf\n ldp-sync enable\n area 0\n");
	ck_assert_str_eq(text_chars(&said), "");
	configure("mpls ldp\n gtsm peer 2.2.2.2 valid-ttl-hops 3\n#\nospf\n ldp-sync enable\n");
	ck_assert_str_eq(text_chars(&said), "");
}
END_TEST

/* What ldpd has told is known to a process that starts later, to a link that comes later, and is forgotten with ldpd. */
START_TEST(what_ldpd_tells_reaches_processes_and_links_that_come_later)
{
	char name[] = "eth1";

	ldp(7, LDP__SYNC_STATE__EXCHANGED, 1);
	interfaces_are_known();
	configure("ospf router-id 1.1.1.1\n ldp-sync enable\n area 0\n  network 10.0.0.0 0.255.255.255\n");
	interface(7, name, 0x0a000001, 24);
	ck_assert_msg(strstr(text_chars(&said), "HoldDown to Achieved"), "%s", text_chars(&said));
	input(&(struct igp_input){ .kind = IGP_IN_CLEAR });
	ck_assert_msg(strstr(text_chars(&said), "HoldDown to Achieved"), "%s", text_chars(&said));
	ldp(7, LDP__SYNC_STATE__NO_SESSION, 1);
	ck_assert_msg(strstr(text_chars(&said), "Achieved to HoldMaxCost"), "%s", text_chars(&said));
	ldp(7, LDP__SYNC_STATE__EXCHANGED, 1);
	ck_assert_msg(strstr(text_chars(&said), "HoldMaxCost to Achieved"), "%s", text_chars(&said));
	input(&(struct igp_input){ .kind = IGP_IN_SYNCED, .table = IGP_LDP_SYNC, .round = 1 });
	ck_assert_str_eq(text_chars(&said), "");
	input(&(struct igp_input){ .kind = IGP_IN_SYNCED, .table = IGP_LDP_SYNC, .round = 2 });
	ck_assert_msg(strstr(text_chars(&said), "Achieved to HoldMaxCost"), "%s", text_chars(&said));
	ldp(7, LDP__SYNC_STATE__EXCHANGED, 2);
	input(&(struct igp_input){ .kind = IGP_IN_LOST, .table = IGP_LDP_SYNC });
	ck_assert_msg(strstr(text_chars(&said), "Achieved to HoldMaxCost"), "%s", text_chars(&said));
}
END_TEST

static void
fib_route(struct prefix p, Fib__Protocol protocol, bool gone)
{
	uint8_t bytes[PREFIX_BYTES];
	Fib__Route row = FIB__ROUTE__INIT;
	Fib__RouteEntry e = FIB__ROUTE_ENTRY__INIT, *entries[] = { &e };

	row.prefix = (ProtobufCBinaryData){ prefix_to_bytes(&p, bytes), bytes };
	e.protocol = protocol;
	row.n_entries = 1;
	row.entries = entries;
	input(&(struct igp_input){ .kind = IGP_IN_ROW, .table = IGP_FIB_ROUTE, .row = &row, .gone = gone, .round = 1 });
}

static void
default_route(Fib__Protocol protocol, bool gone)
{
	fib_route(prefix_make(addr_v4(0), 0), protocol, gone);
}

/* Routes of ours in the kernel tell that we were here before: neighbours are asked to go on, once. */
START_TEST(a_restart_is_known_by_the_routes_that_are_there)
{
	static const Fib__Protocol protocols[] = { FIB__PROTOCOL__OSPF, FIB__PROTOCOL__STATIC };

	fib_route(prefix_host(addr_v4(0x02020202)), protocols[_i], false);
	configure("ospf router-id 1.1.1.1\n area 0\n  network 10.0.0.0 0.255.255.255\n");
	interfaces_are_known();
	ck_assert_int_eq(strstr(text_chars(&said), "neighbors are asked to go on") != NULL, !_i);
	input(&(struct igp_input){ .kind = IGP_IN_CLEAR }); /* the operator wants all of it anew */
	ck_assert_int_eq(strstr(text_chars(&said), "neighbors are asked to go on") != NULL, 0);
}
END_TEST

static const struct table *
table_of(const char *name)
{
	struct table *const *t = igp_tables(g);

	while (strcmp((*t)->name, name) != 0)
		t++;
	return *t;
}

/* LSAs of the whole AS in the database: a default route is told as one. */
static unsigned
boundary_lsas(void)
{
	struct cursor c;
	const struct row *row;
	const uint8_t *key;
	size_t size;
	enum cursor_result r;
	struct arena arena;
	unsigned count = 0;

	arena_init(&arena);
	cursor_open(&c, (struct table *)(uintptr_t)table_of("igp.Lsa"));
	while ((r = cursor_read(&c, &row, &key, &size)) != CURSOR_END) {
		Igp__Lsa m = IGP__LSA__INIT;
		if (r != CURSOR_ROW)
			continue;
		table_of("igp.Lsa")->fill(row, &m, &arena);
		count += m.type == 5 && m.id == 0 && !m.flushed;
	}
	cursor_close(&c);
	arena_free(&arena);
	return count;
}

START_TEST(a_default_route_is_told_while_there_is_one_or_always)
{
	char name[] = "eth1";

	interfaces_are_known();
	interface(7, name, 0x0a000001, 24);
	configure("ospf router-id 1.1.1.1\n default-route-advertise\n area 0\n  network 10.0.0.0 0.255.255.255\n");
	ck_assert_uint_eq(boundary_lsas(), 0);
	default_route(FIB__PROTOCOL__OSPF, false); /* others' own is not told back */
	ck_assert_uint_eq(boundary_lsas(), 0);
	default_route(FIB__PROTOCOL__STATIC, false);
	ck_assert_uint_eq(boundary_lsas(), 1);
	default_route(FIB__PROTOCOL__STATIC, true);
	ck_assert_uint_eq(boundary_lsas(), 0);
	configure(
	    "ospf router-id 1.1.1.1\n default-route-advertise always\n area 0\n  network 10.0.0.0 0.255.255.255\n");
	ck_assert_uint_eq(boundary_lsas(), 1);
	configure("ospf router-id 1.1.1.1\n area 0\n  network 10.0.0.0 0.255.255.255\n");
	ck_assert_uint_eq(boundary_lsas(), 0);
}
END_TEST

START_TEST(interfaces_are_vouched_for_when_processes_run_on_them)
{
	struct table *interfaces = NULL;

	for (struct table *const *t = igp_tables(g); *t; t++)
		if (strcmp((*t)->name, "igp.Interface") == 0)
			interfaces = *t;
	assert(interfaces);
	configure("ospf router-id 1.1.1.1\n area 0\n");
	ck_assert(!interfaces->complete); /* ldpd would take it that nobody waits for it */
	interfaces_are_known();
	ck_assert(interfaces->complete);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd engine");
	TCase *t = tcase_create("between processes and the host");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_gtsm_hop_on_a_synchronized_router_is_warned_of_once);
	tcase_add_test(t, what_ldpd_tells_reaches_processes_and_links_that_come_later);
	tcase_add_loop_test(t, a_restart_is_known_by_the_routes_that_are_there, 0, 2);
	tcase_add_test(t, a_default_route_is_told_while_there_is_one_or_always);
	tcase_add_test(t, interfaces_are_vouched_for_when_processes_run_on_them);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
