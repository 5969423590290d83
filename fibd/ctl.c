/* fibctl: the command line of fibd. */
#include "host/ctl.h"

extern const struct command fib_commands[];

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "fibd", fib_commands);
}
