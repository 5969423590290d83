/*
 * Keyed rows in order of last change, and cursors on them. See table.h for the idea.
 *
 * Tombstones stand on the same list as live rows, at the moment of their deletion, and on a list of their
 * own, so that the oldest is found without walking over the living.
 */
#include "base/table.h"
#include "base/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 512 };

struct tombstone {
	struct row row;                  /* on the table's list */
	struct tombstone *newer, *older; /* among graves */
	size_t key_size;
	uint8_t key[];
};

/* The table needs to tell graves from rows: a grave's serial has the lowest bit set, a row's has not. */
static bool
is_grave(const struct row *r)
{
	return r->serial & 1;
}

void
table_init(struct table *t, const char *name, table_fill *fill)
{
	*t = (struct table){ .name = name, .fill = fill, .complete = true };
}

static void
unlink_row(struct table *t, struct row *r)
{
	for (struct cursor *c = t->cursors; c; c = c->next)
		if (c->at == r)
			c->at = r->newer;
	if (r->newer)
		r->newer->older = r->older;
	else
		t->newest = r->older;
	if (r->older)
		r->older->newer = r->newer;
	else
		t->oldest = r->newer;
}

static void
append_row(struct table *t, struct row *r, bool grave)
{
	t->serial += 2;
	*r = (struct row){ .older = t->newest, .serial = t->serial + grave };
	if (t->newest)
		t->newest->newer = r;
	else
		t->oldest = r;
	t->newest = r;
	for (struct cursor *c = t->cursors; c; c = c->next)
		if (!c->at && !c->restart)
			c->at = r;
	t->dirty = true;
}

static void
bury(struct table *t, const uint8_t *key, size_t size)
{
	struct tombstone *g = mem_zalloc(sizeof *g + size);

	g->key_size = size;
	memcpy(g->key, key, size);
	append_row(t, &g->row, true);
	g->older = t->newest_grave;
	if (t->newest_grave)
		t->newest_grave->newer = g;
	else
		t->oldest_grave = g;
	t->newest_grave = g;
	t->tombstones++;
}

static void
drop_grave(struct table *t, struct tombstone *g)
{
	unlink_row(t, &g->row);
	if (g->newer)
		g->newer->older = g->older;
	else
		t->newest_grave = g->older;
	if (g->older)
		g->older->newer = g->newer;
	else
		t->oldest_grave = g->newer;
	t->tombstones--;
	free(g);
}

/* Where the cursor stands, as a serial; everything older was read. */
static uint64_t
position(const struct cursor *c)
{
	return c->restart || !c->at ? UINT64_MAX : c->at->serial;
}

/* Drops the graves that every cursor has passed, and the oldest while there are too many. */
static void
trim(struct table *t)
{
	uint64_t slowest = UINT64_MAX;

	if (!t->oldest_grave)
		return;
	for (const struct cursor *c = t->cursors; c; c = c->next)
		if (position(c) < slowest)
			slowest = position(c);
	while (t->oldest_grave && t->oldest_grave->row.serial < slowest)
		drop_grave(t, t->oldest_grave);
	while (t->tombstones > t->count + TABLE_TOMBSTONES) {
		struct tombstone *g = t->oldest_grave;
		for (struct cursor *c = t->cursors; c; c = c->next)
			if (position(c) <= g->row.serial) {
				c->restart = true; /* it will never hear of this deletion */
				c->at = NULL;
			}
		drop_grave(t, g);
	}
}

void
table_free(struct table *t)
{
	assert(!t->cursors);
	while (t->oldest_grave)
		drop_grave(t, t->oldest_grave);
}

void
table_changed(struct table *t, struct row *r)
{
	if (row_is_in_table(r))
		unlink_row(t, r);
	else
		t->count++;
	append_row(t, r, false);
}

void
table_gone(struct table *t, struct row *r)
{
	uint8_t key[KEY_MAX];

	if (!row_is_in_table(r))
		return;
	/* A reader that stands before the row has not seen this version, but perhaps an earlier one. */
	if (t->pack_key && t->cursors) {
		size_t size = t->pack_key(t->pack_ctx, r, key, sizeof key);
		assert(size <= sizeof key);
		bury(t, key, size);
	}
	unlink_row(t, r);
	t->count--;
	*r = (struct row){ 0 };
	t->dirty = true;
	trim(t);
}

void
table_complete(struct table *t)
{
	if (!t->complete)
		t->dirty = true;
	t->complete = true;
}

void
cursor_open(struct cursor *c, struct table *t)
{
	*c = (struct cursor){ .table = t, .next = t->cursors, .at = t->oldest };
	t->cursors = c;
}

void
cursor_close(struct cursor *c)
{
	struct table *t = c->table;

	if (!t)
		return;
	for (struct cursor **at = &t->cursors; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	c->table = NULL;
	trim(t);
}

/* The key of a grave that was read must outlive it until the next call: it stays until the cursor moves on. */
enum cursor_result
cursor_read(struct cursor *c, const struct row **row, const uint8_t **key, size_t *key_size)
{
	struct table *t = c->table;

	if (c->restart) {
		c->restart = false;
		c->at = t->oldest;
		return CURSOR_RESTART;
	}
	trim(t);
	if (!c->at)
		return CURSOR_END;
	struct row *r = c->at;
	c->at = r->newer;
	if (!is_grave(r)) {
		*row = r;
		return CURSOR_ROW;
	}
	struct tombstone *g = OBJECT(r, struct tombstone, row);
	*key = g->key;
	*key_size = g->key_size;
	return CURSOR_GONE;
}
