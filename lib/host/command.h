#ifndef HOST_COMMAND_H
#define HOST_COMMAND_H
#include "base/addr.h"
#include "base/prefix.h"
#include "base/text.h"
#include "host/schema.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * One command is one row. The parser, `?`, completion, `undo`, the printed configuration and the
 * command reference all come from the rows.
 *
 * Template language of `words`:
 *   word                  itself; may be abbreviated on the command line, not in a file; case does not count
 *   <type>:name           a parameter; types below
 *   <N-M>:name            an unsigned number in that range
 *   [ … ]                 optional
 *   { a | b | … }         exactly one of
 *   [ a | b | … ]*        any of them, each at most once, in any order
 *   { a | b | … }*        the same, at least one
 * Types: address (IPv4), address6, ip (either), mask (length or dotted, right behind its address), prefix (A/LEN, or a
 * host; prefix4 and prefix6 of one family only), ifname ("GigabitEthernet0/1/0", "gigabitethernet 0/1/0" or any Linux
 * name), word, lsr-id, text (rest of line).
 */
enum view {
	VIEW_NONE,
	VIEW_EXEC, /* display, show, clear, …: not in a file */
	VIEW_SYSTEM,
	VIEW_INTERFACE, /* args of the entering line: interface */
	VIEW_MPLS,
	VIEW_MPLS_LDP,
	VIEW_REMOTE_PEER, /* mpls ldp remote-peer; args of the entering line: name */
	VIEW_BFD,
	VIEW_BFD_SESSION, /* args of the entering line: name */
	VIEW_VPN,         /* ip vpn-instance; args of the entering line: vrf */
	VIEW_VPN_IPV4,    /* its families */
	VIEW_VPN_IPV6,
	VIEW_OSPF,      /* args of the entering line: process (0: the default) */
	VIEW_OSPF_AREA, /* args of the entering lines: process, number or area */
	VIEW_BGP,
	VIEW_BGP_IPV4, /* families of the public network */
	VIEW_BGP_IPV6,
	VIEW_BGP_VPNV4,
	VIEW_BGP_VPNV6,
	VIEW_BGP_TARGETS,   /* ipv4-family vpn-target */
	VIEW_BGP_INSTANCE4, /* and of a VPN instance; args of the entering line: vrf */
	VIEW_BGP_INSTANCE6,
	VIEW_ROUTE_POLICY, /* args of the entering line: policy, node */
	VIEW_MPLS_L2VPN,
	VIEW_PW_TEMPLATE,   /* args of the entering line: template */
	VIEW_TUNNEL_POLICY, /* args of the entering line: policy */
	VIEW_COUNT
};
const char *view_name(enum view); /* "system", "interface", … */

struct args;
struct conf_error; /* where a handler puts its refusal */
struct row_set {   /* rows of one table, as a display gets them */
	const struct row_schema *schema;
	ProtobufCMessage **rows;
	size_t count;
	bool complete;
};
struct show {
	const struct row_set *tables; /* in the order the command names them */
	size_t table_count;
	const struct args *args;
	uint64_t now_us;
	uint64_t date_s; /* of now_us, as seconds since 1970 */
	struct text *out;
};

struct command {
	enum view view;
	const char *words;
	const char *help, *ref; /* both required; `ref`: RFC section or reference */
	enum view enters;       /* a line that opens a view */
	/* Configuration: writes into the candidate, never into what runs. 0, or conf_refuse(). With args_undo()
	 * true the line was `undo …`; then parameters at the end may be missing (words may not). */
	int (*set)(void *conf, const struct args *, struct conf_error *);
	const char *undo; /* template of the undo form when it is not `words`; "" when there is none */
	/* Display: `tables` names what to read ("ldp.Session fib.Interface"), `keep` filters the rows of the first
	 * one for text and JSON alike (NULL keeps all), `show` prints text. */
	const char *tables;
	bool (*keep)(const ProtobufCMessage *row, const struct args *);
	/* Returns 0, or a positive exit status when what was asked for does not exist (and says so in *out). */
	int (*show)(const struct show *);
	/* An operation: this verb is requested of the daemon with the line, every word written out, as its bytes; the
	 * answer's text is printed. With tables: a display that has the daemon look first, so that its rows are of now. */
	const char *request;
	/* The same, but carried out by the program itself: `name` is the program's, for messages; daemons are found in
	 * `run_dir`. Returns its exit status. */
	int (*run)(const struct args *, const char *name, const char *run_dir);
	/* The last row of a table has no words; here it may name the table that goes on. */
	const struct command *more;
};
/* Walks the rows of a daemon over all its tables. */
static inline const struct command *
command_or_more(const struct command *c)
{
	while (c && !c->words)
		c = c->more;
	return c;
}
#define command_each(c, rows) for (const struct command *c = command_or_more(rows); c; c = command_or_more((c) + 1))

/* Parameters by name. A parameter that was not given: false, NULL, 0, none; see arg_given(). Those of the
 * lines that opened the enclosing views are found too. Strings live as long as the args. */
bool arg_given(
    const struct args *, const char *name); /* on this very line; also a plain word: arg_given(a, "verbose") */
uint32_t arg_u32(const struct args *, const char *name);
const char *arg_text(const struct args *, const char *name); /* ifname: as written, spaces removed */
/* Its text into `out`, "" when it was not given. More than room-1 bytes are refused, and -1 returned. */
int arg_copy(const struct args *, const char *name, char *out, size_t room, struct conf_error *);
struct addr arg_addr(const struct args *, const char *name);
struct prefix arg_prefix(
    const struct args *, const char *name);              /* an address: with the mask behind it, else a host's */
uint8_t arg_mask(const struct args *, const char *name); /* a length */
bool args_undo(const struct args *);
int args_line(const struct args *);       /* number of the line in its file */
enum view args_view(const struct args *); /* in which the line was found: one handler may serve several views */
/* What is said next is about this line; 0: about the file. */
void conf_about(struct conf_error *, int line);
int conf_refuse(struct conf_error *, const char *format, ...) __attribute__((format(printf, 2, 3))); /* returns -1 */
/* Accepted, but the operator should know. */
void conf_warn(struct conf_error *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Interface names compare without case and spaces: "gigabitethernet 0/1/0" is "GigabitEthernet0/1/0". */
bool ifname_eq(const char *, const char *);
/* Canonical spelling of the known kinds (GigabitEthernet…, LoopBack…); others as they are. */
void ifname_canonical(const char *text, char out[64]);

/* --- all daemons' commands, generated at build time from every commands.c: a line nobody owns is an error --- */
struct grammar_row {
	const char *daemon;
	enum view view, enters;
	const char *words, *undo, *help;
};
extern const struct grammar_row grammar[]; /* daemon NULL at the end */

/* --- matching one line; used by conf, ctl and the tests --- */
enum match_result { MATCH_NO, MATCH_YES, MATCH_INCOMPLETE };
/* Matches words against a template. On MATCH_NO *ret_far is how many words fitted; `why` says what was expected there. */
enum match_result command_match(const char *template, char *const *words, size_t count, bool abbreviate,
    struct args *into, size_t *ret_far, char why[160]);
struct args *args_new(const struct args *outer); /* outer: of the enclosing view's line, or NULL */
void args_free(struct args *);
bool template_is_valid(const char *template, char why[160]);
/* The template nearest to a line that matched nothing (edit distance over words, then letters); NULL when nothing is near.
 * Of the command line's rows, or without rows of the lines of all daemons in this view: for one that begins with `undo` it
 * is the template of an undo form, without that word. *ret_apart (NULL allowed): how far away it is. */
const char *command_nearest(
    enum view, char *const *words, size_t count, const struct command *rows, unsigned *ret_apart);
#endif
