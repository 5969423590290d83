#ifndef L3VPND_DISPLAY_H
#define L3VPND_DISPLAY_H
#include "base/prefix.h"
#include "host/command.h"
#include "proto/l3vpn.pb-c.h"

/* What a display of BGP is about: one family of the public network or of one VPN instance, or (all) a VPN family between
 * provider edges with the plain one of each instance. */
struct l3vpn_scope {
	L3vpn__Family family;
	const char *vrf; /* "": the public network */
	bool all;
	L3vpn__Family inside; /* with all: of the instances */
};
struct l3vpn_scope l3vpn_scope(const struct args *);
bool l3vpn_scope_has(const struct l3vpn_scope *, const char *vrf, L3vpn__Family);

const struct row_set *l3vpn_table(const struct show *, const char *name);
const L3vpn__Process *l3vpn_process(const struct show *); /* NULL: BGP is not configured, which was said */
/* False: the instance that was asked for does not exist, which was said. */
bool l3vpn_instance_exists(const struct show *, const struct l3vpn_scope *);
const char *l3vpn_address(const ProtobufCBinaryData *, char out[ADDR_TEXT]);

/* display.c */
bool l3vpn_keep_instance(const ProtobufCMessage *, const struct args *);
int l3vpn_show_instances(const struct show *);
bool l3vpn_keep_peer(const ProtobufCMessage *, const struct args *);
int l3vpn_show_peers(const struct show *);
int l3vpn_show_peers_verbose(const struct show *);

/* display_routes.c */
bool l3vpn_keep_destination(const ProtobufCMessage *, const struct args *);
int l3vpn_show_routes(const struct show *);
#endif
