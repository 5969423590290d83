/* l3vpnctl: the command line of l3vpnd. */
#include "host/ctl.h"
#include "l3vpnd/commands.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "l3vpnd", l3vpn_commands);
}
