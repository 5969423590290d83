#ifndef LDPD_CONFIG_H
#define LDPD_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an operator may set, with the defaults of reference 001. Plain data: the engine copies it. */
enum {
	LDP_SESSION_HOLD_S = 180,
	LDP_HELLO_HOLD_S = 15,
	LDP_HELLO_INTERVAL_S = 5,
	LDP_TARGETED_HOLD_S = 90,
	LDP_TARGETED_INTERVAL_S = 10,
	LDP_BACKOFF_FIRST_S = 15, /* after a refused Initialization, RFC 5036 2.5.3 */
	LDP_BACKOFF_LAST_S = 120,
	LDP_RECONNECT_S = 120, /* RFC 3478: how long neighbours keep our labels while we are away */
	LDP_RECOVERY_S = 120,  /* and how long we have to learn everything again */
	LDP_INTERFACES_MAX = 256,
};

struct ldp_config {
	uint32_t lsr_id; /* host order; 0: not set, nothing runs */
	bool enabled;    /* `mpls ldp` in the system view */
	uint16_t session_hold_s, hello_hold_s, hello_interval_s;
	struct {
		char name[64];            /* as the operator wrote it, canonical spelling */
	} interfaces[LDP_INTERFACES_MAX]; /* with `mpls ldp` */
	size_t interface_count;
};

void ldp_config_defaults(struct ldp_config *);
/* KeepAlive interval: a third of the hold time (reference 001). */
uint32_t ldp_keepalive_s(const struct ldp_config *);
#endif
