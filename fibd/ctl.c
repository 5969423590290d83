/* fibctl: the command line of fibd. */
#include "fibd/commands.h"
#include "host/ctl.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "fibd", fib_commands);
}
