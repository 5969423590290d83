/*
 * What circuits cost when there are thousands of them: eight times as many take about eight times as long. If each row or notice
 * were a look at all interfaces, circuits or filters it would be sixty-four times.
 */
#include "fibd/rib/circuits.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FEW = 1500, MANY = 8 * FEW, MOST_TIMES = 24, TRIES = 3, FIRST_LINK = 100, PW_LABEL = 100000 };

static struct rib *rib;

static void
see(const struct fib_object *o, bool gone)
{
	rib_input(rib, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = o, .gone = gone }, 1);
}

static void
link(uint32_t i)
{
	struct fib_object o = { .kind = FIB_LINK,
		.link = { .ifindex = FIRST_LINK + i, .admin_up = true, .carrier = true } };

	snprintf(o.link.name, sizeof o.link.name, "ac%u", i);
	snprintf(o.link.alias, sizeof o.link.alias, "GigabitEthernet0/3/0.%u", i);
	see(&o, false);
}

static void
row(uint32_t i)
{
	L2vpn__Circuit m = L2VPN__CIRCUIT__INIT;
	char name[64], local[64];

	snprintf(name, sizeof name, "gigabitethernet0/3/0.%u", i);
	snprintf(local, sizeof local, "GigabitEthernet0/3/0.%u", i ^ 1);
	m.interface = name;
	m.local = local;
	rib_input(rib, &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_L2VPN_CIRCUIT, .row = &m, .round = 1 }, 1);
}

static void
clsact(uint32_t i, bool gone)
{
	see(&(struct fib_object){ .kind = FIB_CLSACT, .clsact = { .ifindex = FIRST_LINK + i } }, gone);
}

/* Of a pseudowire, each with a gate of its own. */
static void
filter(uint32_t i)
{
	struct fib_filter f = { .ifindex = FIRST_LINK + i,
		.pref = FIB_PLACE,
		.label = PW_LABEL + i,
		.gate = FIB_GATE + 1 + i,
		.open = true,
		.out = 1 };

	see(&(struct fib_object){ .kind = FIB_FILTER, .filter = f }, false);
}

static struct circuit *
circuit(uint32_t i)
{
	struct port *p = port_find(rib, FIRST_LINK + i);

	ck_assert_ptr_nonnull(p);
	return p->circuit;
}

/* Seconds of CPU, the least of some tries: whoever else is on the machine only adds to it. The first dump has not ended. */
static double
cost(void (*act)(uint32_t), uint32_t count)
{
	double least = 0;

	for (int try = 0; try < TRIES; try++) {
		rib = rib_new(1);
		for (uint32_t i = 0; i < count; i++)
			link(i);
		clock_t start = clock();
		act(count);
		double took = (double)(clock() - start) / CLOCKS_PER_SEC;
		least = !try || took < least ? took : least;
		rib_free(rib);
	}
	return least;
}

static void
rows(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		row(i);
	ck_assert_uint_eq(rib->circuits.count, count);
}

static void
links_change(uint32_t count)
{
	rows(count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t hash = port_name_hash(port_find(rib, FIRST_LINK + i)->link.alias);
		circuit_find_port(rib, OBJECT(hash_first(&rib->circuits, hash), struct circuit, by_name));
	}
	rib->dumped = true;
	hash_each (n, &rib->circuits) {
		list_remove(&OBJECT(n, struct circuit, by_name)->dirty);
	}
	for (uint32_t i = 0; i < count; i += 2) {
		circuits_link_changed(rib, port_find(rib, FIRST_LINK + i), false);
		ck_assert(!list_is_empty(&circuit(i)->dirty));
		ck_assert(!list_is_empty(&circuit(i + 1)->dirty)); /* it is switched to the first */
	}
}

static void
gates_shut(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		filter(i);
	for (uint32_t i = 0; i < count; i++) {
		struct circuit *c = circuit(i);
		list_remove(&c->dirty);
		see(&(struct fib_object){ .kind = FIB_A_GATE, .gate = { .index = FIB_GATE + 1 + i, .open = false } },
		    false);
		ck_assert(!list_is_empty(&c->dirty));
	}
}

static void
qdiscs_go(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		clsact(i, false);
		filter(i);
	}
	for (uint32_t i = 0; i < count; i++) {
		clsact(i, true);
		ck_assert(!circuit_filter(circuit(i), FIB_PLACE, 1)->present);
		ck_assert(i + 1 == count || circuit_filter(circuit(i + 1), FIB_PLACE, 1)->present);
	}
}

START_TEST(eight_times_as_many_do_not_take_much_longer_than_eight_times)
{
	static void (*const acts[])(uint32_t) = { rows, links_change, gates_shut, qdiscs_go };
	double few = cost(acts[_i], FEW), many = cost(acts[_i], MANY);

	ck_assert_msg(many < MOST_TIMES * few, "%u take %.4f s, %u take %.4f s", FEW, few, MANY, many);
}
END_TEST

START_TEST(the_gate_is_shut_before_any_circuit_is_looked_at)
{
	struct world *w = world_pw();
	struct fib_op ops[8];

	world_pw_start(w);
	for (uint32_t i = 7; i <= 8; i++) {
		char name[16], path[64];
		snprintf(name, sizeof name, "eth%u", i);
		snprintf(path, sizeof path, "2.2.2.2 %u %u %u", i, PW_LABEL + i, 2 * PW_LABEL + i);
		world_circuit(w, &(struct world_circuit){ name, .paths = path, .turn = 1 }, 1);
	}
	world_run(w);
	ck_assert(list_is_empty(&w->rib->dirty_circuits));
	world_lsp_gone(w, "2.2.2.2/32");
	ck_assert(list_is_empty(&w->rib->dirty_circuits));
	ck_assert_uint_eq(rib_take_ops(w->rib, ops, COUNT(ops), w->now), 1);
	ck_assert_int_eq(ops[0].object.kind, FIB_A_GATE);
	ck_assert(list_is_empty(&w->rib->dirty_circuits));
	rib_take_ops(w->rib, ops, COUNT(ops), w->now);
	ck_assert_uint_eq(w->rib->circuits.count, 2);
	ck_assert(!w->rib->tunnels_moved);
	world_free(w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("fibd thousands of circuits");
	TCase *c = tcase_create("cost");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, the_gate_is_shut_before_any_circuit_is_looked_at);
	tcase_add_loop_test(c, eight_times_as_many_do_not_take_much_longer_than_eight_times, 0, 4);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
