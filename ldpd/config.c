/* Defaults of the settings. */
#include "ldpd/config.h"

void
ldp_config_defaults(struct ldp_config *c)
{
	*c = (struct ldp_config){ .session_hold_s = LDP_SESSION_HOLD_S,
		.hello_hold_s = LDP_HELLO_HOLD_S,
		.hello_interval_s = LDP_HELLO_INTERVAL_S };
}

uint32_t
ldp_keepalive_s(const struct ldp_config *c)
{
	return c->session_hold_s / 3;
}
