/* Authentication: RFC 2328 appendix D, RFC 5709; and the change of a key while neighbours stay full. */
#include "base/digest.h"
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

static void
setup(void)
{
	net = igp_net_new(1);
	size_t s = igp_segment(net, OSPF_POINT_TO_POINT);
	for (unsigned i = 1; i <= 2; i++)
		igp_join(net, s, igp_add(net, 0x01010100 + i), 1);
}

static void
teardown(void)
{
	igp_net_free(net);
}

static void
add_key(unsigned node, enum ospf_key_kind kind, uint8_t id, const char *secret)
{
	struct ospf_keys *keys = &igp_config(net->nodes[node], 1)->keys;

	memmove(&keys->key[1], &keys->key[0], (OSPF_KEYS_MAX - 1) * sizeof *keys->key);
	keys->key[0] = (struct ospf_key){ .kind = kind, .id = id };
	snprintf(keys->key[0].secret, sizeof keys->key[0].secret, "%s", secret);
	keys->count++;
}

static const char *
state(unsigned node)
{
	const struct neighbor *n = igp_neighbor(net->nodes[node], 1, net->nodes[!node]);

	return n ? neighbor_state_name(n->state) : "none";
}

static const enum ospf_key_kind kinds[] = { OSPF_KEY_NONE, OSPF_KEY_SIMPLE, OSPF_KEY_MD5, OSPF_KEY_SHA1,
	OSPF_KEY_SHA256, OSPF_KEY_SHA384, OSPF_KEY_SHA512 };

START_TEST(whoever_has_the_same_key_becomes_full)
{
	add_key(0, kinds[_i], 7, "a secret of some length, which is longer than any digest that there is: 64");
	add_key(1, kinds[_i], 7, "a secret of some length, which is longer than any digest that there is: 64");
	igp_start_all(net);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(0), "Full");
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(whoever_has_another_secret_number_or_kind_is_refused_and_told_so)
{
	static const struct {
		enum ospf_key_kind kind;
		uint8_t id;
		const char *secret;
		enum ospf_verdict why;
	} other[] = { { OSPF_KEY_SHA256, 7, "wrong", OSPF_BAD_AUTH }, { OSPF_KEY_SHA256, 8, "right", OSPF_BAD_AUTH },
		{ OSPF_KEY_SHA1, 7, "right", OSPF_BAD_AUTH }, { OSPF_KEY_MD5, 7, "right", OSPF_BAD_AUTH },
		{ OSPF_KEY_SIMPLE, 0, "right", OSPF_BAD_AUTH_TYPE }, { OSPF_KEY_NONE, 0, "", OSPF_BAD_AUTH_TYPE } };

	add_key(0, OSPF_KEY_SHA256, 7, "right");
	add_key(1, other[_i].kind, other[_i].id, other[_i].secret);
	igp_start_all(net);
	igp_run(net, SECONDS(30));
	ck_assert_str_eq(state(0), "none");
	ck_assert_uint_gt(igp_iface(net->nodes[0], 1)->refused[other[_i].why], 0);
	ck_assert_msg(strstr(text_chars(&net->nodes[0]->log), ospf_verdict_text(other[_i].why)), "the log says: %s",
	    text_chars(&net->nodes[0]->log));
}
END_TEST

START_TEST(a_key_is_changed_while_the_neighbors_stay_full)
{
	add_key(0, OSPF_KEY_MD5, 1, "old");
	add_key(1, OSPF_KEY_MD5, 1, "old");
	igp_start_all(net);
	igp_run(net, SECONDS(5));
	for (unsigned node = 0; node < 2; node++) { /* one after the other, with a minute between */
		igp_config(net->nodes[node], 1)->keys.count = 0;
		add_key(node, OSPF_KEY_MD5, 1, "old");
		add_key(node, OSPF_KEY_SHA512, 2, "new");
		if (node == 0) { /* knows the new one, and still sends with the old */
			struct ospf_keys *k = &igp_config(net->nodes[0], 1)->keys;
			struct ospf_key first = k->key[0];
			k->key[0] = k->key[1];
			k->key[1] = first;
		}
		igp_configure(net, net->nodes[node]);
		igp_run(net, SECONDS(60));
		ck_assert_str_eq(state(0), "Full");
		ck_assert_str_eq(state(1), "Full");
	}
	for (unsigned node = 0; node < 2; node++) {
		igp_config(net->nodes[node], 1)->keys.count = 0;
		add_key(node, OSPF_KEY_SHA512, 2, "new");
		igp_configure(net, net->nodes[node]);
	}
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(state(0), "Full");
	ck_assert_uint_eq(igp_neighbor(net->nodes[0], 1, net->nodes[1])->adjacencies, 1);
}
END_TEST

struct tape {
	size_t size;
	uint8_t bytes[2048];
};

static bool
record(struct igp_net *n, size_t from, size_t segment, const struct effect *e)
{
	struct tape *t = n->tap_ctx;

	(void)segment;
	if (from == 1 && !t->size && e->bytes[1] == OSPF_HELLO) {
		t->size = e->size;
		memcpy(t->bytes, e->bytes, e->size);
	}
	return true;
}

START_TEST(an_old_packet_that_is_played_again_changes_nothing)
{
	struct tape tape = { 0 };

	add_key(0, OSPF_KEY_SHA256, 7, "right");
	add_key(1, OSPF_KEY_SHA256, 7, "right");
	net->tap = record;
	net->tap_ctx = &tape;
	igp_start_all(net); /* the first Hello of the other knows nobody: one-way */
	igp_run(net, SECONDS(15));
	ck_assert_uint_gt(tape.size, 0);
	ospf_input(net->nodes[0]->o,
	    &(struct ospf_input){ .kind = OSPF_IN_PACKET,
		.ifindex = 2,
		.from = addr_v4(0x0a000002),
		.to = addr_v4(OSPF_ALL_ROUTERS),
		.bytes = tape.bytes,
		.size = tape.size },
	    net->now);
	ck_assert_uint_eq(igp_iface(net->nodes[0], 1)->refused[OSPF_REPLAYED], 1);
	ck_assert_str_eq(state(0), "Full");
}
END_TEST

/* RFC 2202 test case 2, RFC 4231 test case 2: "Jefe". */
START_TEST(hmac_is_that_of_the_rfcs)
{
	static const uint8_t md5[] = { 0x75, 0x0c, 0x78, 0x3e, 0x6a, 0xb0, 0xb5, 0x03 },
			     sha1[] = { 0xef, 0xfc, 0xdf, 0x6a }, sha256[] = { 0x5b, 0xdc, 0xc1, 0x46 },
			     sha384[] = { 0xaf, 0x45, 0xd2, 0xe3 }, sha512[] = { 0x16, 0x4b, 0x7a, 0x7b };
	static const uint8_t *const begin[] = { md5, sha1, sha256, sha384, sha512 };
	const char *first = "what do ya want ", *second = "for nothing?";
	uint8_t out[DIGEST_BYTES_MAX];

	for (int k = 0; k < DIGEST_KINDS; k++) {
		digest_hmac((enum digest_kind)k, "Jefe", 4, first, strlen(first), second, strlen(second), out);
		ck_assert_msg(memcmp(out, begin[k], 4) == 0, "kind %d", k);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd auth");
	TCase *t = tcase_create("appendix D, RFC 5709");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, whoever_has_the_same_key_becomes_full, 0, COUNT(kinds));
	tcase_add_loop_test(t, whoever_has_another_secret_number_or_kind_is_refused_and_told_so, 0, 6);
	tcase_add_test(t, a_key_is_changed_while_the_neighbors_stay_full);
	tcase_add_test(t, an_old_packet_that_is_played_again_changes_nothing);
	tcase_add_test(t, hmac_is_that_of_the_rfcs);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
