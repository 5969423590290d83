/* l2vpnctl: the command line of l2vpnd. */
#include "host/ctl.h"
#include "l2vpnd/commands.h"

int
main(int argc, char **argv)
{
	return ctl_main(argc, argv, "l2vpnd", l2vpn_commands);
}
