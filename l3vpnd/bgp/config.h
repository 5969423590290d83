#ifndef BGP_CONFIG_H
#define BGP_CONFIG_H
#include "base/prefix.h"
#include "l3vpnd/bgp/message.h"
#include "l3vpnd/bgp/policy.h"

/* What is said about BGP. Zero is "nothing is said" for every field that does not say otherwise; defaults stand beside. */
enum {
	BGP_HOLD_S = 180,
	BGP_LOCAL_PREF = 100,
	BGP_PREFERENCE = 255,
	BGP_RESTART_S = 150, /* graceful restart: how long others keep our routes */
	BGP_STALE_S = 300,   /* and how long we wait for a peer's End-of-RIB when it is back */
	BGP_RETRY_S = 5,     /* first; it doubles with each failure */
	BGP_RETRY_MOST_S = 60,
	BGP_LIMIT_IDLE_S = 60, /* after more prefixes than agreed */
	BGP_PATHS_MAX = 32,
	BGP_NAME = 64,
	BGP_SECRET_MAX = 80
};

/* What holds for a peer and a family: `peer … ` in a family's view. */
struct bgp_peer_family {
	bool enabled;
	bool next_hop_local; /* our own address as the next hop, also to internal peers */
	bool reflect_client; /* RFC 4456 */
	bool substitute_as;  /* the peer's AS in the path becomes ours (as-override) */
	bool receive_add_path;
	bool send_add_path;
	uint8_t add_paths;     /* with send_add_path: how many of a destination; 0: all that may be used */
	uint8_t allow_as_loop; /* how often our AS may stand in the path; 0: not at all */
	uint32_t limit;        /* prefixes; 0: any number */
	bool limit_warns;      /* instead of ending the session */
	uint64_t origin_site;  /* SoO (RFC 4364 7) as an extended community; 0: none */
	uint32_t preferred; /* preferred-value: higher wins before everything else; a policy's goes before this one */
	char import_policy[BGP_NAME], export_policy[BGP_NAME];     /* route-policy; empty: none */
	char import_prefixes[BGP_NAME], export_prefixes[BGP_NAME]; /* ip-prefix; asked before the policy */
};
/* What we are to an external neighbour, RFC 9234 section 3. On the wire it is one less. */
enum bgp_role {
	BGP_ROLE_NONE,
	BGP_ROLE_PROVIDER,
	BGP_ROLE_RS,
	BGP_ROLE_RS_CLIENT,
	BGP_ROLE_CUSTOMER,
	BGP_ROLE_PEER,
	BGP_ROLES
};
struct bgp_peer_config {
	struct addr address;
	uint32_t as;
	struct addr source_address;
	char source_interface[BGP_NAME]; /* connect-interface; with source_address unset: that interface's address */
	char description[BGP_NAME];
	uint8_t secret[BGP_SECRET_MAX];
	uint8_t secret_size;
	uint16_t hold_s;                       /* with has_hold; 0: none */
	uint16_t keepalive_s;                  /* 0: a third of the hold time */
	bool has_hold, passive, ignored, bfd;  /* ignored: `peer … ignore` */
	uint16_t bfd_min_tx_ms, bfd_min_rx_ms; /* 0: bfdd's default */
	uint8_t bfd_multiplier;
	uint8_t ttl_hops; /* valid-ttl-hops (GTSM, RFC 5082); 0: off */
	uint8_t max_hops; /* ebgp-max-hop; 0: 1 for an external peer, 255 for an internal one */
	uint32_t fake_as; /* of ours, towards this peer; 0: none */
	uint8_t role;     /* enum bgp_role */
	bool role_strict; /* it has to say its own */
	struct bgp_peer_family family[BGP_FAMILIES];
};
/* What a VPN instance exchanges with others, for one of its families (RFC 4364, 4659). */
enum { BGP_TARGETS_MAX = 32 };
enum vpn_label_mode { VPN_LABEL_PER_INSTANCE, VPN_LABEL_PER_ROUTE, VPN_LABEL_PER_NEXT_HOP }; /* apply-label */
struct bgp_vpn_config {
	bool on;                          /* `ipv4-family`, `ipv6-family` */
	uint64_t rd;                      /* route-distinguisher; 0: none yet, and nothing is told to others */
	uint64_t import[BGP_TARGETS_MAX]; /* vpn-target … import-extcommunity */
	uint64_t export[BGP_TARGETS_MAX];
	uint8_t import_count, export_count;
	uint8_t label_mode;    /* enum vpn_label_mode */
	bool uniform;          /* ttl-mode; the default is pipe */
	uint32_t label;        /* of packets for the instance, by hand; 0: one is taken from our range */
	uint32_t limit;        /* routing-table limit: so many routes of peers; 0: any number */
	bool limit_warns;      /* more of them are taken, and it is said */
	uint8_t limit_percent; /* of the limit: it is said from here on; 0: only at the limit */
	char import_policy[BGP_NAME], export_policy[BGP_NAME]; /* what a policy permits is brought in, told to others */
	char tunnel_policy[BGP_NAME]; /* tnl-policy: what others tell goes over LSPs that it permits; empty: any */
};
/* One for the public network and one for each VPN instance. */
struct bgp_instance_config {
	struct bgp_vpn_config vpn[2]; /* of IPv4 and of IPv6 */
	char name[BGP_NAME];          /* empty: the public network */
	uint32_t router_id;           /* 0: that of the process */
	struct bgp_peer_config *peers;
	size_t peer_count;
	uint16_t paths, external_paths;                /* maximum load-balancing; 0: 1 */
	uint8_t preference[2], external_preference[2]; /* in the router, of IPv4 and IPv6; 0: BGP_PREFERENCE */
	bool med_always;                               /* compare-different-as-med */
	bool med_missing_worst;                        /* bestroute med-none-as-maximum */
	bool ignore_path;                              /* bestroute as-path-ignore */
	bool router_id_ignored; /* bestroute router-id-ignore: the older of two external ones stays */
	uint32_t local_pref;    /* default local-preference; 0: BGP_LOCAL_PREF */
};
struct bgp_config {
	uint32_t as;                  /* 0: BGP is not configured */
	uint32_t router_id;           /* 0: the LSR ID, or an address of ours */
	uint32_t cluster_id;          /* reflector cluster-id; 0: the router ID */
	uint16_t hold_s, keepalive_s; /* with has_hold: of peers that say nothing themselves, as for one of them */
	bool has_hold;
	bool graceful_off;     /* undo graceful-restart: this implementation has it on */
	uint16_t restart_s;    /* 0: BGP_RESTART_S */
	uint32_t long_lived_s; /* 0: off */
	bool no_target_policy; /* undo policy vpn-target: routes that no instance imports are kept */
	struct bgp_policies policies;
	struct bgp_instance_config *instances; /* the public one first */
	size_t instance_count;
};

void bgp_config_copy(struct bgp_config *to, const struct bgp_config *from); /* `to` is empty or was a copy */
void bgp_config_free(struct bgp_config *);                                  /* what it points to */
const struct bgp_instance_config *bgp_config_instance(const struct bgp_config *, const char *name);
const struct bgp_peer_config *bgp_config_peer(const struct bgp_instance_config *, const struct addr *);
#endif
