#ifndef HELPER_LDP_PW_SCRIPT_H
#define HELPER_LDP_PW_SCRIPT_H
#include "tests/helper/ldp_script.h"

/*
 * A neighbour (ldp_script.h) that speaks of pseudowires, and what the engine said of them as one line of words:
 *
 *	map:C map:- map:-!0x1      a Mapping, with control word or without; its status when that is not 0
 *	withdraw withdraw:Wrong C-Bit withdraw:group 5 release:77 ask
 *	status:0x1 status:group 5:0x1
 *	notify:No Route            any other Notification but an End-of-LIB of prefixes; "end" is that of pseudowires
 */
enum { PW_OURS = 600000, PW_THEIRS = 77, PW_NUMBER = 100 };

struct script *pw_script_up(struct net_pw *ret_wanted); /* a session with it, and nothing said of pseudowires yet */
void pw_script_free(struct script *);
void pw_script_put(struct script *, enum ldp_type, const struct ldp_label_fields *);
/* What a Mapping of the neighbour's usually is: number 100, Ethernet raw, label 77, MTU 1500, a PW status TLV. */
struct ldp_label_fields pw_script_mapping(void);
void pw_script_status(struct script *, const struct ldp_pw_fec *, uint32_t status);
void pw_script_end(struct script *); /* End-of-LIB of pseudowires */
/* What the engine's stand-in for l2vpnd usually wants: the same with label 600000. */
struct net_pw pw_script_want(const struct script *);
const char *pw_script_said(const struct script *, size_t from); /* valid until the next call */
const Ldp__Pw *pw_script_row(struct script *);                  /* of number 100, Ethernet raw; NULL: none */
#endif
