/*
 * What pseudowires cost when there are thousands of them: eight times as many take about eight times as long to read, to check and
 * to be told of. If each were compared with all others it would be sixty-four times.
 */
#include "base/label.h"
#include "base/mem.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/l2vpn.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FEW = 1000, MANY = 8 * FEW, MOST_TIMES = 24, TRIES = 3, TAGS = 4000, FIRST_LABEL = 100000 };

static struct l2vpn_config config;
static struct conf_errors errors;
static struct l2vpn *l;

static void
input(struct l2vpn_input in)
{
	l2vpn_input(l, &in, 1);
	outbox_clear(l2vpn_outbox(l));
}

static void
read_and_check(const char *text)
{
	ck_assert_int_eq(conf_read_text("router.conf", text, l2vpn_commands, &config, &errors), 0);
	ck_assert_msg(!conf_check(&l2vpn_conf, "router.conf", &config, &errors), "%s", text_chars(&errors.text));
}

static char *
text_of(uint32_t count)
{
	struct text out = { 0 };

	text_add(&out, "mpls l2vpn\n#\n");
	for (uint32_t i = 0; i < count; i++)
		text_add(&out,
		    "interface GigabitEthernet0/%u/0.%u\n vlan-type dot1q %u\n mpls l2vc 2.2.2.2 %u\n mpls l2vpn "
		    "service-name "
		    "s%u\n#\n",
		    i / TAGS, i % TAGS + 1, i % TAGS + 1, i + 1, i);
	char *text = mem_text(text_chars(&out));
	text_free(&out);
	return text;
}

/* In the order of the daemon's life. */
static void
begin(void)
{
	char user[] = "l2vpnd";
	Fib__LabelRange range = FIB__LABEL_RANGE__INIT;

	range.user = user;
	range.first = FIRST_LABEL;
	range.last = FIRST_LABEL + 2 * MANY;
	input((struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = &config });
	input((struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_FIB_RANGE, .row = &range, .round = 1 });
	input((struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_FIB_RANGE, .round = 1 });
	input((struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_FIB_CIRCUIT, .round = 1 });
	input((struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_LDP_PW, .round = 1 });
}

static void
tell(uint32_t i)
{
	Fib__Circuit circuit = FIB__CIRCUIT__INIT;
	Ldp__Pw pw = LDP__PW__INIT;
	uint8_t peer[] = { 2, 2, 2, 2 };
	char name[64];

	snprintf(name, sizeof name, "GigabitEthernet0/%u/0.%u", i / TAGS, i % TAGS + 1);
	circuit.interface = name;
	circuit.ifindex = i + 1;
	circuit.mtu = 1500;
	circuit.up = true;
	circuit.active = LABEL_UNSET;
	input((struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_FIB_CIRCUIT, .row = &circuit, .round = 1 });
	pw.peer = (ProtobufCBinaryData){ sizeof peer, peer };
	pw.type = L2VPN_TAGGED;
	pw.vc_id = i + 1;
	pw.session = true;
	pw.local_label = FIRST_LABEL + i;
	pw.remote_label = FIRST_LABEL + i;
	input((struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_LDP_PW, .row = &pw, .round = 1 });
}

static const struct table *
table(const char *name)
{
	for (struct table *const *t = l2vpn_tables(l); *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	ck_abort_msg("no table %s", name);
}

static size_t
rows(const char *name)
{
	size_t count = 0;

	for (const struct row *r = table(name)->oldest; r; r = r->newer)
		count++;
	return count;
}

/* Seconds of CPU, the least of some tries: whoever else is on the machine only adds to it. */
static double
cost(uint32_t count)
{
	double least = 0;

	for (int try = 0; try < TRIES; try++) {
		char *text = text_of(count);
		clock_t start = clock();
		l = l2vpn_new(1);
		read_and_check(text);
		begin();
		for (uint32_t i = 0; i < count; i++)
			tell(i);
		double took = (double)(clock() - start) / CLOCKS_PER_SEC;
		ck_assert_uint_eq(rows("l2vpn.Circuit"), count);
		ck_assert_uint_eq(rows("l2vpn.PwRequest"), count);
		least = !try || took < least ? took : least;
		l2vpn_free(l);
		l2vpn_config_free(&config);
		conf_errors_free(&errors);
		free(text);
	}
	return least;
}

START_TEST(eight_times_as_many_do_not_take_much_longer_than_eight_times)
{
	double few = cost(FEW), many = cost(MANY);

	ck_assert_msg(many < MOST_TIMES * few, "%u take %.4f s, %u take %.4f s", FEW, few, MANY, many);
}
END_TEST

/* The table of places follows the list: whoever is behind one that was taken out is still found. */
START_TEST(a_circuit_is_found_whatever_its_case_and_whoever_was_removed)
{
	char name[64];

	for (uint32_t i = 0; i < FEW; i++) {
		snprintf(name, sizeof name, "GigabitEthernet0/0/%u", i);
		l2vpn_config_circuit(&config, name)->vlan = (uint16_t)(i + 1);
	}
	for (uint32_t i = 0; i < FEW; i += 3) {
		snprintf(name, sizeof name, "gigabitethernet0/0/%u", i);
		l2vpn_config_remove(&config, name);
		ck_assert_ptr_null(l2vpn_config_find(&config, name));
	}
	struct l2vpn_config copy = { 0 };
	l2vpn_config_copy(&copy, &config);
	l2vpn_config_free(&config);
	for (uint32_t i = 0; i < FEW; i++) {
		snprintf(name, sizeof name, "GIGABITETHERNET0/0/%u", i);
		const struct l2vpn_circuit_config *c = l2vpn_config_find(&copy, name);
		ck_assert_msg(i % 3 ? c && c->vlan == i + 1 : !c, "%s", name);
	}
	l2vpn_config_free(&copy);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("l2vpnd thousands of pseudowires");
	TCase *c = tcase_create("cost");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, eight_times_as_many_do_not_take_much_longer_than_eight_times);
	tcase_add_test(c, a_circuit_is_found_whatever_its_case_and_whoever_was_removed);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
