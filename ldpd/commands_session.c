/* What an operator can say about discovery, transport and sessions. */
#include "ldpd/commands.h"
#include "ldpd/config.h"

const struct command ldp_session_commands[] = {
	{ .more = ldp_label_commands },
};
