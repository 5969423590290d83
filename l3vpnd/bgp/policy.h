#ifndef BGP_POLICY_H
#define BGP_POLICY_H
#include "base/prefix_list.h"
#include "base/text.h"
#include "l3vpnd/bgp/attr.h"

/*
 * What an operator says about routes on their way in and out: route-policies, and the filters that they ask.
 *
 * A policy is a list of nodes in ascending order. A route meets a node when it meets every one of its if-match clauses; the
 * first node that it meets decides, and one that permits changes the route by its apply clauses. Who meets no node is denied.
 * A policy, a list or a filter that does not exist permits (whatever names it may be written before it).
 *
 * All of it is plain data. Only a regular expression is kept beside as it was compiled, counted, so that copies are cheap.
 */
#define POLICY_ALL UINT32_MAX /* in the place of a node */
enum {
	POLICY_NAME = 64,
	POLICY_COMMUNITIES = 16, /* in one rule, or of one apply clause */
	POLICY_PREPENDS = 10,
	POLICY_REGEX = 256,
	POLICY_STEP = 10, /* an entry without an index goes behind the last one, this far */
};

/* --- filters --- */

enum policy_filter_kind { FILTER_COMMUNITY, FILTER_EXT, FILTER_AS_PATH, FILTER_KINDS };
struct policy_regex;
struct policy_filter_rule {
	uint32_t index;
	bool permit;
	uint8_t count;                       /* of values; all of them have to be there. FILTER_AS_PATH: none */
	uint64_t values[POLICY_COMMUNITIES]; /* communities, or extended ones */
	struct policy_regex *regex;          /* of FILTER_AS_PATH: for the path's text */
};
struct policy_filter {
	enum policy_filter_kind kind;
	char name[POLICY_NAME];
	struct policy_filter_rule *rules; /* by index */
	size_t count;
};

/* --- policies --- */

enum policy_source { POLICY_OWN = 1 << 0, POLICY_INTERNAL = 1 << 1, POLICY_EXTERNAL = 1 << 2 };
struct policy_match { /* empty names: not asked */
	char prefixes4[POLICY_NAME], prefixes6[POLICY_NAME];
	char next_hop4[POLICY_NAME], next_hop6[POLICY_NAME];
	char filter[FILTER_KINDS][POLICY_NAME];
	bool has_cost;
	uint32_t cost;
	uint8_t sources; /* enum policy_source; 0: any */
};
enum policy_list_way { LIST_LEFT, LIST_SET, LIST_ADDED, LIST_EMPTIED };
enum policy_cost_way { COST_LEFT, COST_SET, COST_MORE, COST_LESS, COST_NONE };
struct policy_apply {
	bool has_local_pref, has_preferred, has_origin;
	uint8_t cost_way, communities_way, targets_way; /* enum policy_cost_way, policy_list_way */
	uint8_t origin;
	uint8_t community_count, target_count, prepend_count;
	uint16_t preferred;
	uint32_t local_pref, cost;
	uint32_t communities[POLICY_COMMUNITIES];
	uint64_t targets[POLICY_COMMUNITIES]; /* as extended communities */
	uint32_t prepends[POLICY_PREPENDS];   /* the first is put in front of the others */
	struct addr next_hop4, next_hop6;     /* none: left */
};
struct policy_node {
	uint32_t node;
	bool permit;
	struct policy_match match;
	struct policy_apply apply;
};
struct policy {
	char name[POLICY_NAME];
	struct policy_node *nodes; /* ascending */
	size_t count;
};
struct bgp_policies { /* zero is empty */
	struct prefix_lists prefixes4, prefixes6;
	struct policy_filter *filters;
	size_t filter_count;
	struct policy *policies;
	size_t policy_count;
};

void policies_free(struct bgp_policies *);
void policies_copy(struct bgp_policies *to, const struct bgp_policies *from); /* frees what *to had */
const struct policy *policy_find(const struct bgp_policies *, const char *name);
struct policy_node *policy_node(struct bgp_policies *, const char *name, uint32_t node); /* found, or made: permits */
bool policy_remove(struct bgp_policies *, const char *name, uint32_t node);              /* POLICY_ALL: every one */
const struct policy_filter *policy_filter_find(const struct bgp_policies *, enum policy_filter_kind, const char *name);
/* Adds a rule, or replaces the one of its index (0: behind the last one). `regex` of FILTER_AS_PATH, in the dialect of the
 * references: `_` is what parts AS numbers. False, with the reason: it is none. */
bool policy_filter_add(struct bgp_policies *, enum policy_filter_kind, const char *name, struct policy_filter_rule,
    const char *regex, char why[128]);
bool policy_filter_remove(
    struct bgp_policies *, enum policy_filter_kind, const char *name, uint32_t index); /* index 0: all */
const char *policy_regex_text(const struct policy_regex *);
bool policy_regex_matches(const struct policy_regex *, const char *text);

/* --- what they say --- */

struct policy_route {
	enum bgp_family family;
	const struct prefix *prefix;
	enum policy_source source;
};
enum { POLICY_SAID_MED = 1, POLICY_SAID_NEXT_HOP = 2 };
/*
 * The attributes that a route has behind a policy, used once; NULL: it is denied, or has become more than can be kept.
 * `prefixes` is a prefix list that it passes before. Empty names permit. *said (NULL allowed): what was set there.
 */
const struct attr_set *policy_pass(const struct bgp_policies *, const char *policy, const char *prefixes,
    const struct policy_route *, struct attr_store *, const struct attr_set *, unsigned *said);
/* Whether a policy, or a prefix list, says the same in both, with all that it names. */
bool policy_is_same(const struct bgp_policies *, const struct bgp_policies *, const char *name);
bool policy_prefixes_are_same(const struct bgp_policies *, const struct bgp_policies *, const char *name);
#endif
