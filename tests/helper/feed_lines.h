#ifndef FEED_LINES_H
#define FEED_LINES_H
#include "host/host.h"

/* What stands in for a daemon does what its standard input says: each line, without its end, is given to `one`. What that prints is on
 * its way when all lines that had come were worked off; the end of the input stops the host. Negative when it cannot be heard. */
int feed_lines(struct host *, void (*one)(char *line));
#endif
