#ifndef BGP_OUT_H
#define BGP_OUT_H
#include "l3vpnd/bgp/model.h"

/*
 * The parts of telling, among themselves: out.c, who shares what is told; out_path.c, what is said of a path; out_batch.c, as
 * messages; out_walk.c, of which destinations, and when.
 */

/* --- out.c --- */
struct told_path {
	uint16_t number;
	bool stays; /* while it is found out what is to be told */
	uint32_t label;
	const struct attr_set *attrs; /* used once */
};
struct told { /* what an out with add-path has told of a destination */
	struct hash_node by_dest;
	const struct dest *dest;
	struct told_path *paths;
	size_t count;
};
struct told *told_find(const struct out *, const struct dest *);
struct told *told_get(struct out *, const struct dest *);
void told_free(struct out *, struct told *);

/* --- out_path.c --- */
/* What is said of a path, used once; NULL: nothing is to be said. */
const struct attr_set *out_attrs(const struct out *, const struct path *);
/* The one that is told of where one is; NULL: none. */
const struct path *out_choice(const struct out *, const struct dest *);

/* --- out_batch.c --- */
/* One UPDATE in the making for all who are to have it: as many prefixes as say the same, or as many withdrawals. */
enum audience { TO_ALL, TO_DUMP, TO_REVIEW };
struct batch {
	const struct out *out;
	enum audience audience;
	const struct list *peers;     /* links of peer_family, by audience */
	const struct attr_set *attrs; /* told of */
	struct wire_writer reach, unreach;
	struct wire_mark reach_message, reach_attrs, reach_list, unreach_message, unreach_attrs, unreach_list;
	bool has_reach, has_unreach;
	uint8_t *room;
	size_t size; /* of each half of the room */
};
struct batch batch_begin(const struct out *, const struct list *peers, enum audience);
void batch_end(struct batch *);
void batch_reach(struct batch *, const struct dest *, uint16_t number, uint32_t label, const struct attr_set *);
void batch_unreach(struct batch *, const struct dest *, uint16_t number);
/* It was told, with other targets perhaps: who does not want it as it is now is to forget it. */
void batch_unwant(struct batch *, const struct dest *, uint16_t number, const struct attr_set *);
struct peer *batch_peer(const struct batch *, struct list *);
void end_of_rib(struct peer *, enum bgp_family);
#endif
