/* igpctl: the command line of igpd. */
#include "host/ctl.h"

#include "igpd/commands.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "igpd", igp_commands);
}
