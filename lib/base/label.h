#ifndef BASE_LABEL_H
#define BASE_LABEL_H
#include "base/time.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MPLS label values, RFC 3032 section 2.1. */
enum {
	LABEL_IPV4_EXPLICIT_NULL = 0,
	LABEL_ROUTER_ALERT = 1,
	LABEL_IPV6_EXPLICIT_NULL = 2,
	LABEL_IMPLICIT_NULL = 3, /* signalled only, never on the wire */
	LABEL_FIRST_FREE = 16,   /* 0-15 are reserved */
	LABEL_MAX = 0xfffff,
	LABEL_NONE = -1, /* no label; as uint32_t 0xffffffff */
	LABEL_STACK_MAX = 15,
};
#define LABEL_UNSET UINT32_MAX

/* Labels to push, outermost first. */
struct label_stack {
	uint8_t n;
	uint32_t label[LABEL_STACK_MAX];
};
bool label_is_valid(uint32_t label); /* 0-LABEL_MAX, and not one of the unassigned reserved values 4-6, 8-12, 15 */
const char *label_text(uint32_t label, char out[24]); /* "imp-null", "exp-null", "NULL" when unset, else decimal */
bool label_stack_eq(const struct label_stack *, const struct label_stack *);

/*
 * Labels of one user, from one range. A label that was given back is handed out again only after
 * every other one and not before the reuse delay, so that a neighbour that still sends with the
 * old meaning for a moment does not reach a new FEC.
 */
struct label_pool;
struct label_pool *label_pool_new(uint32_t first, uint32_t last, usec_t reuse_delay);
void label_pool_free(struct label_pool *);
/* Where the first one comes from, before any is taken: somewhere else after each start, so that labels which a user
 * gave back or forgot in an earlier life do not get a new meaning while neighbours may still use them. */
void label_pool_start(struct label_pool *, uint32_t label);
uint32_t label_pool_take(struct label_pool *, usec_t now);  /* LABEL_UNSET when none is free */
bool label_pool_claim(struct label_pool *, uint32_t label); /* this very one; false when taken or out of range */
void label_pool_give(struct label_pool *, uint32_t label, usec_t now);
void label_pool_set_delay(struct label_pool *, usec_t reuse_delay); /* for those given back from now on */
size_t label_pool_used(const struct label_pool *);
#endif
