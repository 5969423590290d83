/* Objects of one size. */
#include "base/pool.h"
#include "base/rng.h"
#include "tests/helper/check.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BYTES = 44 };

static bool
are_all(const uint8_t *object, uint8_t mark)
{
	for (int k = 0; k < BYTES; k++)
		if (object[k] != mark)
			return false;
	return true;
}

START_TEST(objects_are_zero_apart_and_taken_again)
{
	enum { OBJECTS = 3000 }; /* several chunks */
	static uint8_t *taken[OBJECTS];
	struct pool pool;
	struct rng rng;

	rng_seed(&rng, (uint64_t)_i + 1);
	pool_init(&pool, BYTES);
	memset(taken, 0, sizeof taken);
	for (int step = 0; step < 10000; step++) {
		uint32_t i = rng_below(&rng, OBJECTS);
		uint8_t mark = (uint8_t)(i * 7 + 1);
		if (!taken[i]) {
			taken[i] = pool_take(&pool);
			ck_assert_uint_eq((uintptr_t)taken[i] % 8, 0);
			ck_assert(are_all(taken[i], 0));
			memset(taken[i], mark, BYTES);
			continue;
		}
		ck_assert(are_all(taken[i], mark));
		pool_give(&pool, taken[i]);
		taken[i] = NULL;
	}
	for (int i = 0; i < OBJECTS; i++)
		pool_give(&pool, taken[i]);
	pool_free(&pool);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("taking and giving back");

	tcase_add_loop_test(t, objects_are_zero_apart_and_taken_again, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
