#ifndef HOST_COMMAND_INTERNAL_H
#define HOST_COMMAND_INTERNAL_H
#include "base/arena.h"
#include "host/conf.h"

/* What template.c, args.c, conf.c and ctl.c share. */

/* A template as a tree. */
enum node_kind { NODE_WORD, NODE_PARAM, NODE_OPTION, NODE_CHOICE };
struct node {
	enum node_kind kind;
	bool star;          /* a group: its alternatives in any order, each once */
	const char *word;   /* NODE_WORD; NODE_PARAM: its type */
	const char *name;   /* NODE_PARAM */
	uint32_t low, high; /* a number's range; 0, 0 when it is none */
	struct node **alternatives;
	size_t alternative_count;
	struct node *next;
};
/* NULL and `why` when the template is not well-formed. */
struct node *template_parse(const char *template, struct arena *, char why[160]);

struct arg {
	const char *name;
	const char *type; /* of a parameter; NULL: a word of the template */
	const char *text; /* as written */
	uint32_t number;
	struct prefix prefix; /* an address as a host's, a prefix, or a mask with the address before it */
	bool masked;          /* the next one is this address's mask */
};
struct args {
	const struct args *outer;
	struct arena arena;
	struct arg *list;
	size_t count, room;
	bool undo;
	int line;
	enum view view;
};
void args_add(struct args *, struct arg);
void args_cut(struct args *, size_t count); /* keeps the first ones */
/* The line with every word written out. */
void args_spell(const struct args *, struct text *out);
/* Adds one of several expectations, each once: "A or B". */
void expected_add(struct text *expected, const char *what);

/* One word, or two for an interface name, as a parameter of this node's type. Returns how many words it takes, 0: none fit. */
size_t param_read(
    const struct node *, char *const *words, size_t count, const struct args *so_far, struct arena *, struct arg *ret);
void param_describe(const struct node *, struct text *out);     /* "A.B.C.D", "<1-255>", … */
void template_describe(const char *template, struct text *out); /* for people: `ip address A.B.C.D LENGTH|MASK` */

enum match_mode {
	MATCH_EXACT,
	MATCH_ABBREVIATED,
	MATCH_SHORT /* exact, but parameters at the end may be missing; words may not */
};
enum match_result template_match(const char *template, char *const *words, size_t count, enum match_mode,
    struct args *into, size_t *ret_far, struct text *expected);

struct conf_error {
	struct conf_errors *errors;
	const char *file;
	int line;
	bool refused;
};
/* Splits at blanks, in place. Returns the number of words. */
size_t line_split(char *line, char **words, size_t room);
#endif
