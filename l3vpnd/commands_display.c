/* What l3vpnctl shows, and its operations. */
#include "l3vpnd/commands.h"
#include "l3vpnd/display.h"

#define PEERS "l3vpn.Peer l3vpn.Process l3vpn.Instance"
#define ROUTES "l3vpn.Destination l3vpn.Process l3vpn.Instance"
#define DESTINATION "[ <prefix>:destination [ <mask>:mask ] ]"

#define PEERS_ROW(line, what, from)                                                                                    \
	{                                                                                                              \
		.view = VIEW_EXEC, .words = line, .tables = PEERS, .keep = l3vpn_keep_peer, .show = l3vpn_show_peers,  \
		.help =                                                                                                \
		    what ": a line each, where OutQ counts bytes, or with `verbose` everything that is known of them", \
		.ref = from                                                                                            \
	}
#define PEERS_VERBOSE_ROW(line, what)                                                                \
	{                                                                                            \
		.view = VIEW_EXEC, .words = line, .tables = PEERS, .keep = l3vpn_keep_peer,          \
		.show = l3vpn_show_peers_verbose, .help = what ": everything that is known of them", \
		.ref = "RFC 4271 8"                                                                  \
	}
#define ROUTES_ROW(line, what)                                                                                      \
	{                                                                                                           \
		.view = VIEW_EXEC, .words = line " " DESTINATION, .tables = ROUTES, .keep = l3vpn_keep_destination, \
		.show = l3vpn_show_routes,                                                                          \
		.help = what ": a line for each path; of one destination everything, and why a path is not used",   \
		.ref = "RFC 4271 3.2"                                                                               \
	}
#define SCOPE(words, what)                                                                                \
	PEERS_ROW("display bgp " words "peer [ <ip>:peer ] [ verbose ]", "Peers " what, "reference 002"), \
	    ROUTES_ROW("display bgp " words "routing-table", "Routes " what)
#define DIALECT(words, what)                                                                \
	PEERS_ROW("show bgp " words " summary", "Peers " what, "RFC 4271 8"),               \
	    PEERS_VERBOSE_ROW("show bgp " words " neighbors [ <ip>:peer ]", "Peers " what), \
	    ROUTES_ROW("show bgp " words, "Routes " what)

const struct command l3vpn_display_commands[] = {
	{ .view = VIEW_EXEC,
	    .words = "display ip vpn-instance [ verbose ] [ <word>:vrf ]",
	    .tables = "l3vpn.Instance",
	    .keep = l3vpn_keep_instance,
	    .show = l3vpn_show_instances,
	    .help = "VPN instances: a line for each of their families, or everything that is known of them",
	    .ref = "reference 002" },
	SCOPE("", "of the public network (IPv4)"),
	SCOPE("ipv6 ", "of the public network (IPv6)"),
	SCOPE("vpnv4 all ", "of all VPNs (IPv4)"),
	SCOPE("vpnv6 all ", "of all VPNs (IPv6)"),
	SCOPE("vpnv4 vpn-instance <word>:vrf ", "of a VPN instance (IPv4)"),
	SCOPE("vpnv6 vpn-instance <word>:vrf ", "of a VPN instance (IPv6)"),
	PEERS_ROW("show bgp summary", "Peers of the public network (IPv4)", "RFC 4271 8"),
	DIALECT("ipv4", "of the public network (IPv4)"),
	DIALECT("ipv6", "of the public network (IPv6)"),
	DIALECT("vpnv4 all", "of all VPNs (IPv4)"),
	DIALECT("vpnv6 all", "of all VPNs (IPv6)"),
	DIALECT("vpnv4 vrf <word>:vrf", "of a VPN instance (IPv4)"),
	DIALECT("vpnv6 vrf <word>:vrf", "of a VPN instance (IPv6)"),
	{ .view = VIEW_EXEC,
	    .words = "reset bgp [ vpn-instance <word>:vrf ] { all | <ip>:peer }",
	    .request = "reset",
	    .help = "Ends sessions, of the public network or of an instance; they come up again at once",
	    .ref = "RFC 4486 4" },
	{ .view = VIEW_EXEC,
	    .words = "refresh bgp [ vpn-instance <word>:vrf ] { all | <ip>:peer } import",
	    .request = "refresh",
	    .help = "Asks peers for all their routes once more; sessions stay",
	    .ref = "RFC 2918" },
	{ .more = l3vpn_policy_commands },
};
