#ifndef HOST_CONF_PRINT_H
#define HOST_CONF_PRINT_H
#include "base/prefix_list.h"
#include "base/text.h"

/*
 * The running configuration, printed back in the references' form. Each daemon says its own lines; lines of several
 * daemons about one view (an interface) come together in one section. A section is a line of the system view with the
 * lines of its view beneath, or a group of lines that stand alone.
 */
enum conf_section { /* in the order of reference 002 */
	CONF_SYSNAME,
	CONF_ROUTER_ID,
	CONF_VPN_INSTANCES,
	CONF_BFD,
	CONF_PREFIX_LISTS,
	CONF_LSR_ID,
	CONF_MPLS,
	CONF_MPLS_LDP,
	CONF_LDP_SETTINGS,
	CONF_REMOTE_PEERS,
	CONF_L2VPN,
	CONF_PW_TEMPLATES,
	CONF_INTERFACES,
	CONF_LOAD_BALANCE,
	CONF_BGP,
	CONF_OSPF,
	CONF_POLICY_FILTERS,
	CONF_POLICIES,
	CONF_STATIC_ROUTES,
	CONF_TUNNEL_POLICIES,
	CONF_CCC,
	CONF_BFD_SESSIONS,
	CONF_SECTIONS
};
struct conf_lines { /* zero is empty */
	struct conf_line *lines;
	size_t count, room;
};
void conf_lines_free(struct conf_lines *);
/* One line. `head`: the line that opens its view, NULL when it stands in the system view itself. `rank` orders the lines
 * of one view (equal ranks stay as said). A head alone is said with an empty line. */
void conf_say(struct conf_lines *, enum conf_section, const char *head, unsigned rank, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* How many of the lines from `first` on stand nowhere before it. */
size_t conf_lines_new(const struct conf_lines *, size_t first);
/* As bytes between daemon and program, and back; false: these bytes are none. */
void conf_lines_pack(const struct conf_lines *, struct text *out);
bool conf_lines_unpack(const char *bytes, size_t size, struct conf_lines *add_to);
/* The whole, from `#` to `return`. Sorts. */
void conf_lines_print(struct conf_lines *, struct text *out);

/* Prefix lists, each line led in by these words. Daemons that use them all say them; they are printed once. */
void conf_prefix_lists(struct conf_lines *, const char *words, const struct prefix_lists *);
/* The order in which views of one kind are printed, by their names: as a person counts. */
int conf_name_cmp(const char *, const char *);

/* The timers that a daemon asks bfdd for, as words of a line, each with a blank before it; those that are 0 are left out. */
enum { CONF_BFD_TIMERS = 96 };
const char *conf_bfd_timers(uint32_t min_tx_ms, uint32_t min_rx_ms, uint32_t multiplier, char out[CONF_BFD_TIMERS]);
#endif
