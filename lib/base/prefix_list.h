#ifndef BASE_PREFIX_LIST_H
#define BASE_PREFIX_LIST_H
#include "base/prefix.h"

/*
 * Named prefix lists (`ip ip-prefix NAME index N permit A LEN greater-equal G less-equal L`), as policies of every
 * daemon use them. Entries are kept by index; the first that matches decides; a list that matches nothing denies,
 * a list without entries (or of no such name) permits everything, so that a policy may be written before its list.
 */
struct prefix_rule {
	uint32_t index; /* 1 and up, unique in its list; order of evaluation */
	bool permit;
	struct prefix prefix;              /* its network */
	uint8_t greater_equal, less_equal; /* lengths that match, both included; equal to the prefix's length: exact */
};
struct prefix_list {
	char name[64];
	struct prefix_rule *rules;
	size_t count;
};
struct prefix_lists { /* zero is an empty one */
	struct prefix_list *lists;
	size_t count;
};

enum { PREFIX_INDEX_STEP = 10 }; /* a rule without an index goes behind the last one, this far */

void prefix_lists_free(struct prefix_lists *);                                      /* and leaves it empty */
void prefix_lists_copy(struct prefix_lists *into, const struct prefix_lists *from); /* frees what *into had */
bool prefix_lists_equal(const struct prefix_lists *, const struct prefix_lists *);
const struct prefix_list *prefix_lists_find(const struct prefix_lists *, const char *name); /* NULL: none */
bool prefix_list_equal(const struct prefix_list *, const struct prefix_list *);             /* NULL is the empty one */
/* Adds a rule, or replaces the one of its index; index 0: behind the last one. False: no index is left there. */
bool prefix_lists_set(struct prefix_lists *, const char *name, struct prefix_rule);
/* Takes away a rule, or with index 0 the whole list. False: there was none. */
bool prefix_lists_remove(struct prefix_lists *, const char *name, uint32_t index);
/* NULL or an empty list permits. */
bool prefix_list_permits(const struct prefix_list *, const struct prefix *);
#endif
