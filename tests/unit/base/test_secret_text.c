/* The printed form of passwords: it comes back whole, or not at all. */
#include "base/secret_text.h"
#include "helper/check.h"
#include <string.h>

static char text[SECRET_TEXT], back[81];

START_TEST(what_was_hidden_comes_back)
{
	static const char *const secrets[] = { "a", "penultimate", "x y", "\xc3\xa4\xff\x01", "%^00" };

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		secret_to_text(secrets[i], text);
		ck_assert_msg(strncmp(text, "%^", 2) == 0 && strspn(text + 2, "0123456789abcdef") == strlen(text) - 2,
		    "one word of a command: %s", text);
		ck_assert(secret_from_text(text, back, sizeof back));
		ck_assert_str_eq(back, secrets[i]);
	}
}
END_TEST

START_TEST(the_longest_one_fits)
{
	char longest[81];

	memset(longest, 'p', 80);
	longest[80] = '\0';
	secret_to_text(longest, text);
	ck_assert(secret_from_text(text, back, sizeof back));
	ck_assert_str_eq(back, longest);
	ck_assert(!secret_from_text(text, back, 80));
}
END_TEST

START_TEST(the_clear_one_is_not_in_it)
{
	secret_to_text("penultimate", text);
	ck_assert_ptr_null(strstr(text, "penult"));
}
END_TEST

START_TEST(a_damaged_one_is_refused)
{
	secret_to_text("penultimate", text);
	for (size_t i = 0; text[i]; i++) {
		char damaged[SECRET_TEXT];
		memcpy(damaged, text, sizeof damaged);
		damaged[i] = damaged[i] == '7' ? '8' : '7';
		ck_assert_msg(!secret_from_text(damaged, back, sizeof back), "changed at %zu", i);
		memcpy(damaged, text, sizeof damaged);
		damaged[i] = '\0';
		ck_assert_msg(!secret_from_text(damaged, back, sizeof back), "cut at %zu", i);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("secret text");
	TCase *c = tcase_create("cipher form");

	tcase_add_test(c, what_was_hidden_comes_back);
	tcase_add_test(c, the_longest_one_fits);
	tcase_add_test(c, the_clear_one_is_not_in_it);
	tcase_add_test(c, a_damaged_one_is_refused);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
