#ifndef BASE_LIST_H
#define BASE_LIST_H
#include <stdbool.h>
#include <stddef.h>

/* A doubly linked ring of embedded links; the head is a link too. */
struct list {
	struct list *next, *prev;
};

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}
static inline void
list_insert_before(struct list *where, struct list *l)
{
	l->prev = where->prev;
	l->next = where;
	where->prev->next = l;
	where->prev = l;
}
static inline void
list_append(struct list *head, struct list *l)
{
	list_insert_before(head, l);
}
static inline void
list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}
/* Moves all of `from` behind what is in `head`; `from` is empty then. */
static inline void
list_splice(struct list *head, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
	list_init(from);
}
#define list_each(l, head) for (struct list *l = (head)->next; l != (head); l = l->next)
/* The current element may be removed. */
#define list_each_safe(l, head) \
	for (struct list *l = (head)->next, *l##_next = l->next; l != (head); l = l##_next, l##_next = l->next)
#endif
