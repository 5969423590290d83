/*
 * Pseudowires by what they have in common: those of a peer, those of a group as we told it or as the peer did, the one whose
 * Label Request has a number. A message may be about any of these, and a peer may send one for each of thousands of groups:
 * so each costs as much as it means, however many pseudowires there are.
 *
 * Which sets a pseudowire is in follows from what it is; pw_sets_join() finds that anew whenever it is settled (pw.c).
 */
#include "ldpd/pw.h"
#include <stdlib.h>

struct pw_set {
	struct hash_node by_key;
	struct pw_set_key key;
	struct list members; /* of struct pw, by `in` of this kind */
	size_t count;
};

static uint32_t
key_hash(const struct pw_set_key *k)
{
	const uint32_t words[] = { k->kind, k->lsr, k->type, k->number };

	return hash_bytes(words, sizeof words, 0);
}

static bool
key_eq(const struct pw_set_key *a, const struct pw_set_key *b)
{
	return a->kind == b->kind && a->lsr == b->lsr && a->type == b->type && a->number == b->number;
}

static struct pw_set *
find(const struct ldp *ldp, const struct pw_set_key *k)
{
	for (struct hash_node *n = hash_first(&ldp->pw_sets, key_hash(k)); n; n = hash_next(n))
		if (key_eq(&OBJECT(n, struct pw_set, by_key)->key, k))
			return OBJECT(n, struct pw_set, by_key);
	return NULL;
}

static struct pw_set *
get(struct ldp *ldp, const struct pw_set_key *k)
{
	struct pw_set *s = find(ldp, k);

	if (s)
		return s;
	s = NEW(struct pw_set);
	s->key = *k;
	list_init(&s->members);
	hash_add(&ldp->pw_sets, &s->by_key, key_hash(k));
	return s;
}

static void
leave(struct ldp *ldp, struct pw *w, enum pw_set_kind kind)
{
	struct pw_set *s = w->set[kind];

	if (!s)
		return;
	w->set[kind] = NULL;
	list_remove(&w->in[kind]);
	if (--s->count)
		return;
	hash_remove(&ldp->pw_sets, &s->by_key);
	free(s);
}

static void
be_in(struct ldp *ldp, struct pw *w, const struct pw_set_key *k)
{
	if (w->set[k->kind] && key_eq(&w->set[k->kind]->key, k))
		return;
	leave(ldp, w, k->kind);
	struct pw_set *s = get(ldp, k);
	list_append(&s->members, &w->in[k->kind]);
	s->count++;
	w->set[k->kind] = s;
}

void
pw_sets_join(struct ldp *ldp, struct pw *w)
{
	be_in(ldp, w, &(struct pw_set_key){ PW_OF_PEER, w->lsr, 0, 0 });
	be_in(ldp, w, &(struct pw_set_key){ PW_OF_OUR_GROUP, w->lsr, w->type, w->told.group });
	if (pw_is_heard(w))
		be_in(ldp, w, &(struct pw_set_key){ PW_OF_THEIR_GROUP, w->lsr, w->type, w->heard.group });
	else
		leave(ldp, w, PW_OF_THEIR_GROUP);
	if (w->asked)
		be_in(ldp, w, &(struct pw_set_key){ PW_ASKED, w->lsr, 0, w->asked });
	else
		leave(ldp, w, PW_ASKED);
}

void
pw_sets_leave(struct ldp *ldp, struct pw *w)
{
	for (int kind = 0; kind < PW_SET_KINDS; kind++)
		leave(ldp, w, (enum pw_set_kind)kind);
}

struct pw **
pw_set(const struct ldp *ldp, enum pw_set_kind kind, uint32_t lsr, uint16_t type, uint32_t number, size_t *ret_count)
{
	const struct pw_set *s = find(ldp, &(struct pw_set_key){ kind, lsr, type, number });
	struct pw **all = mem_zalloc(((s ? s->count : 0) + 1) * sizeof *all);

	*ret_count = 0;
	for (struct list *l = s ? s->members.next : NULL; s && l != &s->members; l = l->next)
		all[(*ret_count)++] = OBJECT(l, struct pw, in[kind]);
	return all;
}
