/* bfdctl: the command line of bfdd. */
#include "host/ctl.h"

#include "bfdd/commands.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "bfdd", bfd_commands);
}
