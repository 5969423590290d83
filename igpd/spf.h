#ifndef IGPD_SPF_H
#define IGPD_SPF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Shortest paths from one root through a directed graph, kept up to date as the graph changes. It knows no protocol: its
 * vertices are small numbers that the caller gives out, routers and networks (pseudonodes) alike.
 *
 * Two vertices are joined only where each has an edge to the other (RFC 2328 16.1 step 2b, ISO 10589 7.2.6). Of several
 * edges between two vertices all of the least cost count.
 *
 * A *hop* is a way out of the root, numbered by the caller. Edges from the root to routers carry one, and so do edges from
 * networks to routers, where they count if the root itself is on that network.
 */
enum { SPF_HOPS_MAX = 32 };
#define SPF_FAR UINT32_MAX /* the distance of what cannot be reached */

struct spf_edge {
	uint32_t to;
	uint32_t cost;
	uint32_t hop; /* 0: none */
};
struct spf_hops {
	uint16_t count;
	uint32_t hop[SPF_HOPS_MAX]; /* ascending; the lowest of more */
};

struct spf;
struct spf *spf_new(void);
void spf_free(struct spf *);
/* Replaces all edges that leave `from`; none takes the vertex out of the graph. Takes effect with spf_run(). */
void spf_edges(struct spf *, uint32_t from, bool is_network, const struct spf_edge *, size_t count);
void spf_root(struct spf *, uint32_t root);
/* Brings paths up to date. `whole`: from nothing, else only what the changes since the last run may have touched. */
void spf_run(struct spf *, bool whole);

uint32_t spf_distance(const struct spf *, uint32_t vertex); /* SPF_FAR: not reached */
/* Is the vertex a neighbour network of the root, by a shortest path? Then it has no hop on that way. */
bool spf_is_direct(const struct spf *, uint32_t vertex);
const struct spf_hops *spf_hops_of(
    const struct spf *, uint32_t vertex); /* empty for the root and what is not reached */
/* Vertices whose distance or hops the last run has changed; valid until the next call that changes the graph. */
const uint32_t *spf_changed(const struct spf *, size_t *ret_count);
/* How many vertices the last run had to settle: what it cost. */
size_t spf_settled(const struct spf *);
#endif
