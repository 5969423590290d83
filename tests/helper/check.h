#ifndef HELPER_CHECK_H
#define HELPER_CHECK_H
#include <check.h>
#include <stdlib.h>

/* The main() of a Check program: one suite, run, exit status by failures.
 * CHECK_MAIN(suite_function) where Suite *suite_function(void). */
#define CHECK_MAIN(suite)                                    \
	int main(void)                                       \
	{                                                    \
		SRunner *runner = srunner_create(suite());   \
		srunner_run_all(runner, CK_NORMAL);          \
		int failed = srunner_ntests_failed(runner);  \
		srunner_free(runner);                        \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}
#endif
