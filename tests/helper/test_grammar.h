#ifndef HELPER_TEST_GRAMMAR_H
#define HELPER_TEST_GRAMMAR_H
#include "host/command.h"

/*
 * A router.conf language small enough to be known by heart, for the tests of lib/host: two daemons, "here" and
 * "there". What "here" reads is written down as lines of text in the order in which its handlers were called.
 */
extern const struct command here_commands[];

/* The candidate of "here". */
struct here_config {
	struct text said; /* "[undo ]WHAT VALUE\n" for each call */
	unsigned max_mtu; /* a larger one is refused; 0: any is taken */
};
#endif
