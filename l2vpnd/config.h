#ifndef L2VPND_CONFIG_H
#define L2VPND_CONFIG_H
#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * What an operator may set of pseudowires and circuits, as plain data. What a pseudowire itself does not say comes from its
 * template, and what that does not say either is as it usually is: l2vpn_settings() puts the three together.
 */
enum {
	L2VPN_IF = 64,
	L2VPN_TEMPLATE = 32,
	L2VPN_POLICY = 40,
	L2VPN_SERVICE = 101,
	L2VPN_CCC = 32,

	L2VPN_DELAY_S = 30, /* `reroute delay` */
	L2VPN_RESUME_S = 10,
	L2VPN_BFD_MS = 10, /* as bfdd's own sessions */
	L2VPN_BFD_MULTIPLIER = 3,

	L2VPN_TAGGED = 4, /* RFC 4446 3.2 */
	L2VPN_RAW = 5,
	L2VPN_HDLC = 6,
	L2VPN_PPP = 7,

	/* RFC 5085 5.1: by which channels we take VCCV packets, and what they may be. */
	L2VPN_CC_WORD = 1, /* with a control word */
	L2VPN_CC_ALERT = 2,
	L2VPN_CC_TTL = 4,
	L2VPN_CV_LSP_PING = 2,
	L2VPN_CV_BFD_IP = 4, /* RFC 5885 3.3; without signalling of status */
	L2VPN_CV_BFD_ACH = 16,
};

enum l2vpn_said { L2VPN_UNSAID, L2VPN_NO, L2VPN_YES };
enum l2vpn_role { L2VPN_PRIMARY, L2VPN_SECONDARY, L2VPN_BYPASS, L2VPN_ROLES };
enum l2vpn_mode { L2VPN_FRR, L2VPN_MASTER, L2VPN_SLAVE, L2VPN_INDEPENDENT, L2VPN_MODES };
enum l2vpn_revert { L2VPN_DELAY, L2VPN_IMMEDIATELY, L2VPN_NEVER, L2VPN_REVERTS };
/* Of the link between the customer's switch and ours: bits of l2vpn.Circuit, and the names of fib.CircuitGuard. */
enum l2vpn_protocol { L2VPN_CDP, L2VPN_DOT1X, L2VPN_LACP, L2VPN_LLDP, L2VPN_STP, L2VPN_PROTOCOLS };
enum { L2VPN_ALL_PROTOCOLS = (1 << L2VPN_PROTOCOLS) - 1 };
enum l2vpn_link { L2VPN_ETHERNET, L2VPN_LINK_PPP, L2VPN_LINK_HDLC };

struct l2vpn_bfd { /* whether BFD watches something; of the timers 0 is bfdd's default */
	bool on;
	uint8_t multiplier;
	uint16_t min_tx_ms, min_rx_ms;
};
struct l2vpn_template { /* `pw-template` */
	char name[L2VPN_TEMPLATE];
	struct addr peer; /* none: not said */
	bool control_word, no_vccv;
	struct l2vpn_bfd bfd, vccv_bfd; /* of the other end, over several hops; of the pseudowire, over VCCV */
	uint16_t mtu;                   /* 0: the circuit's own */
	char policy[L2VPN_POLICY];
};
struct l2vpn_policy { /* `tunnel-policy`, which is fibd's */
	char name[L2VPN_POLICY];
};
struct l2vpn_pw_config {  /* `mpls l2vc` */
	int line;         /* 0: there is none of this role */
	struct addr peer; /* none: its template's */
	char template[L2VPN_TEMPLATE];
	uint32_t vc_id;
	bool access_port, ignore_standby;
	uint8_t control_word; /* enum l2vpn_said */
	uint8_t type;         /* L2VPN_RAW, L2VPN_TAGGED as said; 0: not said */
	char policy[L2VPN_POLICY];
	struct addr endpoint; /* of the policy: which SR policy, by its colour */
	bool has_color;
	uint32_t color;
};
struct l2vpn_circuit_config { /* an interface, of which anything is said that concerns us */
	char name[L2VPN_IF];  /* canonical spelling */
	uint16_t vlan;        /* `vlan-type dot1q`; 0: none */
	uint8_t link;         /* enum l2vpn_link */
	int suppress_line;    /* `ppp peer hostroute-suppress`; 0: not said */
	struct l2vpn_pw_config pw[L2VPN_ROLES];
	char service[L2VPN_SERVICE];
	int service_line;
	bool no_vccv;
	struct l2vpn_bfd bfd, vccv_bfd;
	bool carrier_follows; /* `mpls l2vpn trigger if-down` */
	int carrier_line;
	uint8_t dropped; /* `l2protocol-tunnel … drop`: bits, 1 << enum l2vpn_protocol */
	int dropped_line;
	uint8_t mode;   /* enum l2vpn_mode */
	int mode_line;  /* 0: not said */
	uint8_t revert; /* enum l2vpn_revert */
	int revert_line;
	uint16_t delay_s, resume_s; /* of L2VPN_DELAY; after it and after L2VPN_IMMEDIATELY */
	bool has_resume;
	uint8_t hold_s; /* `mpls l2vpn holdoff`; 0: none */
	int hold_line;
};
struct l2vpn_ccc { /* `ccc`: frames of one interface go out of the other */
	char name[L2VPN_CCC];
	char interface[2][L2VPN_IF];
	int line;
};
struct l2vpn_config {
	bool enabled;    /* `mpls l2vpn` */
	uint32_t lsr_id; /* `mpls lsr-id`, which is ldpd's line; 0: none */
	struct l2vpn_circuit_config *circuits;
	size_t circuit_count;
	uint32_t *circuit_places; /* by name: place in `circuits` + 1; 0: empty */
	size_t circuit_place_count;
	struct l2vpn_template *templates;
	size_t template_count;
	struct l2vpn_policy *policies;
	size_t policy_count;
	struct l2vpn_ccc *cccs;
	size_t ccc_count;
};

void l2vpn_config_free(struct l2vpn_config *);
void l2vpn_config_copy(struct l2vpn_config *to, const struct l2vpn_config *from); /* frees what *to had */
/* The one of this name, made when it is not there yet. */
struct l2vpn_circuit_config *l2vpn_config_circuit(struct l2vpn_config *, const char *interface);
struct l2vpn_template *l2vpn_config_template(struct l2vpn_config *, const char *name);
struct l2vpn_policy *l2vpn_config_policy(struct l2vpn_config *, const char *name);
/* NULL: there is none. */
const struct l2vpn_circuit_config *l2vpn_config_find(const struct l2vpn_config *, const char *interface);
const struct l2vpn_template *l2vpn_config_find_template(const struct l2vpn_config *, const char *name);
const struct l2vpn_policy *l2vpn_config_find_policy(const struct l2vpn_config *, const char *name);
void l2vpn_config_remove(struct l2vpn_config *, const char *interface);
void l2vpn_config_remove_template(struct l2vpn_config *, const char *name);
void l2vpn_config_remove_policy(struct l2vpn_config *, const char *name);
void l2vpn_config_ccc(struct l2vpn_config *, const struct l2vpn_ccc *); /* replaces one of this name */
void l2vpn_config_remove_ccc(struct l2vpn_config *, const char *name);

/* What a pseudowire does, with what its template and the circuit say. */
struct l2vpn_settings {
	struct addr peer; /* none: neither says one */
	uint32_t vc_id;
	uint8_t type;
	bool control_word, ignore_standby, vccv;
	struct l2vpn_bfd bfd, vccv_bfd;
	uint16_t mtu, vlan; /* 0: the circuit's own; none */
	char policy[L2VPN_POLICY];
	char template[L2VPN_TEMPLATE];
};
struct l2vpn_settings l2vpn_settings(const struct l2vpn_config *, const struct l2vpn_circuit_config *, enum l2vpn_role);
bool l2vpn_is_subinterface(const char *interface);
enum l2vpn_link l2vpn_usual_link(const char *interface); /* of its kind */
const char *l2vpn_role_name(enum l2vpn_role);            /* "primary" */
const char *l2vpn_mode_name(enum l2vpn_mode);            /* "frr" */
const char *l2vpn_protocol_name(enum l2vpn_protocol);    /* "lldp" */
const char *l2vpn_type_name(uint32_t type);              /* "ethernet", "vlan", as VRP calls them */
#endif
