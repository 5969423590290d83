/* ldpctl: the command line of ldpd. */
#include "host/ctl.h"

extern const struct command ldp_commands[];

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "ldpd", ldp_commands);
}
