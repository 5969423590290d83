/* ldpctl: the command line of ldpd. */
#include "host/ctl.h"

#include "ldpd/commands.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "ldpd", ldp_commands);
}
