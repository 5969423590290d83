/* What an operator can say about which FECs get labels, and who is told. */
#include "ldpd/commands.h"
#include "ldpd/config.h"

const struct command ldp_label_commands[] = {
	{ 0 },
};
