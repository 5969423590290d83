/* What l2vpnctl shows, and its operations. */
#include "l2vpnd/commands.h"
#include "l2vpnd/display.h"

#define VCS "l2vpn.Vc l2vpn.Service"
#define SERVICES "l2vpn.Service l2vpn.Vc"
#define SWITCH(line, what)                                                                                             \
	{                                                                                                              \
		.view = VIEW_EXEC, .words = "switch mpls l2vpn " line " { primary | secondary }", .request = "switch", \
		.help = "Frames of " what " go to this pseudowire from now on; the secondary one keeps them until "    \
			"they are switched back or it fails",                                                          \
		.ref = "RFC 6718 3.2.2, RFC 6870 6.1"                                                                  \
	}

const struct command l2vpn_display_commands[] = {
	{ .view = VIEW_EXEC,
	    .words = "display mpls l2vc [ <1-4294967295>:vcid ] [ verbose | interface <ifname>:interface ]*",
	    .tables = VCS,
	    .keep = l2vpn_keep_vc,
	    .show = l2vpn_show_vcs,
	    .help = "Pseudowires: the state of both ends and why one is not up; with `verbose`, or of one interface, "
		    "everything",
	    .ref = "reference 003" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls l2vc brief",
	    .tables = VCS,
	    .show = l2vpn_show_vcs_brief,
	    .help = "Pseudowires, a line each",
	    .ref = "reference 003" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls l2vpn service-name [ <word>:name ]",
	    .tables = SERVICES,
	    .keep = l2vpn_keep_service,
	    .show = l2vpn_show_services,
	    .help = "Services by their names: which pseudowire carries the frames, when that last changed, and why",
	    .ref = "reference 003" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls l2vpn vccv statistics",
	    .tables = "l2vpn.EchoCounters",
	    .show = l2vpn_show_echo_counters,
	    .help = "LSP pings of other ends on control channels, by pseudowire, and what became of them, since l2vpnd "
		    "has started or `reset mpls l2vpn vccv statistics`",
	    .ref = "RFC 5085, RFC 8029 4.4" },
	{ .view = VIEW_EXEC,
	    .words = "reset mpls l2vpn vccv statistics",
	    .request = "clear",
	    .help = "Counters of LSP pings begin at 0 again",
	    .ref = "RFC 5085" },
	{ .view = VIEW_EXEC,
	    .words = "display ccc [ <word>:name ]",
	    .tables = "l2vpn.Service",
	    .keep = l2vpn_keep_ccc,
	    .show = l2vpn_show_cccs,
	    .help = "Local switching: its two interfaces, whether frames go from one to the other, and if not, why",
	    .ref = "RFC 4664 3.2" },
	SWITCH("service-name <word>:name", "a service"),
	SWITCH("interface <ifname>:interface", "an interface"),
	{ .more = l2vpn_ping_commands },
};
