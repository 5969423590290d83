#ifndef BGP_ATTR_H
#define BGP_ATTR_H
#include "base/hash.h"
#include "l3vpnd/bgp/update.h"

/*
 * Path attributes as the engine keeps them: one object for all paths that say the same, counted. AS numbers have four bytes,
 * lists are sorted where their order says nothing, and what cannot be told apart by anybody is kept alike, so that as many
 * paths as possible share.
 */
enum attr_list { LIST_AS_PATH, LIST_COMMUNITIES, LIST_EXT, LIST_LARGE, LIST_CLUSTERS, LIST_UNKNOWN, ATTR_LISTS };
struct attr_set {
	struct hash_node by_content;
	uint32_t uses;
	/* From here on it is compared as a whole. */
	uint8_t origin;
	bool has_med : 1, has_local_pref : 1, atomic : 1, has_aggregator : 1, has_originator : 1, has_otc : 1;
	uint16_t preferred; /* preferred-value of a policy: for us alone, never told */
	uint32_t med, local_pref, originator, aggregator_as, aggregator, otc;
	struct addr next_hop, link_local;
	uint16_t size[ATTR_LISTS]; /* of each list in `bytes`, in their order */
	uint8_t bytes[];
};
struct attr_store {
	struct hash sets;
	struct attr_set *draft; /* room for the largest; what may become one is written there first */
};

void attr_store_init(struct attr_store *);
void attr_store_free(struct attr_store *); /* every set is given back by then */
/* The set that says what an update says, used once more; `as4`: how its AS_PATH came. NULL: more than can be kept. */
const struct attr_set *attr_of_update(struct attr_store *, const struct bgp_attrs *, bool as4);
const struct attr_set *attr_use(const struct attr_set *);     /* once more */
void attr_drop(struct attr_store *, const struct attr_set *); /* NULL is fine */
struct wire_reader attr_list(const struct attr_set *, enum attr_list);

/* What is to be said otherwise than it was heard. */
struct attr_change {
	bool as_path_set, next_hop_set, med_set, med_none, local_pref_set, local_pref_none, originator_set,
	    clusters_set, communities_set, ext_set, origin_set, otc_set, preferred_set;
	struct wire_reader as_path, clusters, communities, ext;
	struct addr next_hop;
	uint32_t med, local_pref, originator, otc;
	uint16_t preferred;
	uint8_t origin;
};
/* One that differs, used once. NULL: more than can be kept. */
const struct attr_set *attr_changed(struct attr_store *, const struct attr_set *, const struct attr_change *);
/* Of a route of our own, used once. */
const struct attr_set *attr_of_own(struct attr_store *, uint8_t origin, const struct addr *next_hop, uint32_t med,
    bool has_med, struct wire_reader ext);

bool attr_lists_are_same(const struct attr_set *, const struct attr_set *, enum attr_list);
bool attr_has_community(const struct attr_set *, uint32_t community);
bool attr_has_ext(const struct attr_set *, uint64_t community);
enum {
	COMMUNITY_NO_EXPORT = 0xffffff01,
	COMMUNITY_NO_ADVERTISE = 0xffffff02,
	COMMUNITY_NO_EXPORT_SUBCONFED = 0xffffff03,
	COMMUNITY_GRACEFUL_SHUTDOWN = 0xffff0000,
	COMMUNITY_LLGR_STALE = 0xffff0006,
	COMMUNITY_NO_LLGR = 0xffff0007
};

/* --- the wire --- */

struct attr_writing {
	bool as4, internal;     /* the peer; to an external one LOCAL_PREF and what is of reflection are not said */
	enum bgp_family family; /* NEXT_HOP is written for IPV4 alone; the others begin MP_REACH_NLRI */
};
/* All attributes but MP_REACH_NLRI's, in ascending order of type. */
void attr_write(struct wire_writer *, const struct attr_set *, const struct attr_writing *);
/* MP_REACH_NLRI up to its prefixes; attr_end_list() writes its length. */
struct wire_mark attr_begin_reach(struct wire_writer *, enum bgp_family, const struct attr_set *);
struct wire_mark attr_begin_unreach(struct wire_writer *, enum bgp_family);
#endif
