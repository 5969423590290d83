/* Addresses, prefixes and the trie that finds them. */
#include "base/mem.h"
#include "base/prefix.h"
#include "base/rng.h"
#include "base/trie.h"
#include "helper/check.h"
#include <string.h>

static struct prefix
parse(const char *text)
{
	struct prefix p;

	ck_assert_msg(prefix_parse(text, &p), "%s is a prefix", text);
	return p;
}

START_TEST(text_goes_both_ways)
{
	static const char *const good[] = { "10.0.0.0/8", "0.0.0.0/0", "255.255.255.255/32", "2001:db8::/32", "::/0",
		"fe80::1/128" };
	char out[PREFIX_TEXT];

	for (size_t i = 0; i < COUNT(good); i++) {
		struct prefix p = parse(good[i]), q;
		uint8_t bytes[PREFIX_BYTES];
		ck_assert_str_eq(prefix_text(&p, out), good[i]);
		ck_assert(prefix_from_bytes(bytes, prefix_to_bytes(&p, bytes), &q));
		ck_assert(prefix_eq(&p, &q));
	}
}
END_TEST

START_TEST(what_is_no_prefix_is_refused)
{
	static const char *const bad[] = { "", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
		"::/129", "x", "10.0.0.0//8" };
	struct prefix p;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!prefix_parse(bad[i], &p), "`%s` was taken", bad[i]);
}
END_TEST

START_TEST(masks_are_lengths_or_dotted_and_have_no_holes)
{
	uint8_t len = 99;

	ck_assert(prefix_mask_parse("24", 4, &len) && len == 24);
	ck_assert(prefix_mask_parse("255.255.255.252", 4, &len) && len == 30);
	ck_assert(prefix_mask_parse("0.0.0.0", 4, &len) && len == 0);
	ck_assert(prefix_mask_parse("255.255.255.255", 4, &len) && len == 32);
	ck_assert(!prefix_mask_parse("255.0.255.0", 4, &len));
	ck_assert(!prefix_mask_parse("33", 4, &len));
	ck_assert(prefix_mask_parse("128", 6, &len) && len == 128);
}
END_TEST

START_TEST(network_and_broadcast_are_the_ends_of_a_prefix)
{
	struct prefix p = parse("10.1.2.77/26"), net = prefix_network(p);
	struct addr last = prefix_broadcast(p);
	char text[PREFIX_TEXT];

	ck_assert_str_eq(prefix_text(&net, text), "10.1.2.64/26");
	ck_assert_str_eq(addr_text(&last, text), "10.1.2.127");
	ck_assert(prefix_covers(&net, &last));
	ck_assert(!prefix_covers(&net, &(struct addr){ 4, { 10, 1, 2, 128 } }));
}
END_TEST

struct item {
	struct trie_node node;
	struct prefix prefix;
	bool in;
};

static int
by_order(const void *a, const void *b)
{
	return prefix_cmp(&(*(struct item *const *)a)->prefix, &(*(struct item *const *)b)->prefix);
}

/* Against a plain list: add and remove at random, then compare order, exact and longest match. */
START_TEST(the_trie_finds_what_a_list_would)
{
	enum { ITEMS = 600 };
	static struct item items[ITEMS];
	struct item *sorted[ITEMS];
	struct rng rng;
	struct trie trie;

	rng_seed(&rng, (uint64_t)_i + 7);
	trie_init(&trie);
	memset(items, 0, sizeof items);
	for (int i = 0; i < ITEMS; i++) {
		/* Few distinct bits, so that prefixes nest and collide. */
		uint32_t bits = (uint32_t)rng_next(&rng) & 0xf0f0c003;
		items[i].prefix = prefix_network(prefix_make(addr_v4(bits), (uint8_t)rng_below(&rng, 33)));
	}
	for (int step = 0; step < 6000; step++) {
		struct item *x = &items[rng_below(&rng, ITEMS)];
		if (x->in) {
			trie_remove(&trie, &x->node);
			x->in = false;
		} else {
			x->in = trie_add(&trie, &x->node, &x->prefix);
			ck_assert(x->in || trie_find(&trie, &x->prefix));
		}
	}
	size_t count = 0;
	for (int i = 0; i < ITEMS; i++)
		if (items[i].in)
			sorted[count++] = &items[i];
	ck_assert_uint_eq(trie.count, count);
	qsort(sorted, count, sizeof *sorted, by_order);
	size_t at = 0;
	trie_each (n, &trie) {
		ck_assert_msg(at < count && n == &sorted[at]->node, "seed %d: place %zu of the order", _i + 7, at);
		at++;
	}
	ck_assert_uint_eq(at, count);
	for (int k = 0; k < 2000; k++) {
		struct addr a = addr_v4((uint32_t)rng_next(&rng) & 0xf0f0c003);
		const struct item *best = NULL;
		for (size_t i = 0; i < count; i++)
			if (prefix_covers(&sorted[i]->prefix, &a) &&
			    (!best || sorted[i]->prefix.len > best->prefix.len))
				best = sorted[i];
		ck_assert_ptr_eq(trie_match(&trie, &a), best ? &best->node : NULL);
	}
	trie_free(&trie);
	ck_assert_ptr_null(trie.root);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prefix");
	TCase *c = tcase_create("addresses and prefixes"), *t = tcase_create("trie");

	tcase_add_test(c, text_goes_both_ways);
	tcase_add_test(c, what_is_no_prefix_is_refused);
	tcase_add_test(c, masks_are_lengths_or_dotted_and_have_no_holes);
	tcase_add_test(c, network_and_broadcast_are_the_ends_of_a_prefix);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_trie_finds_what_a_list_would, 0, 6);
	suite_add_tcase(s, c);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
