#ifndef BASE_TABLE_H
#define BASE_TABLE_H
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A table: keyed rows in order of last change, with cursors. What the bus serves and what tests read.
 *
 * A table is a view, not a copy: the owner embeds a `struct row` in its own object and supplies a
 * function that fills in a message from it when somebody wants to read. Changing a row moves it to
 * the end of the list; a cursor is a place on that list. So a slow reader costs nothing: it finds
 * only the newest version of each row, however often that changed meanwhile.
 *
 * A row that is gone leaves a tombstone with its key for cursors that have not come past it. There
 * are never more of them than live rows plus TABLE_TOMBSTONES: beyond that the oldest is dropped and
 * the cursors that missed it are told to start over (CURSOR_RESTART). Memory is bounded by the table,
 * never by the reader.
 */
enum { TABLE_TOMBSTONES = 1024 };

struct row {
	struct row *newer, *older; /* NULL, NULL and serial 0 when not in a table */
	uint64_t serial;           /* of the last change */
};

/* Fills `message` (already initialised to its type's defaults) from the owner's object. Variable
 * parts come from the arena or from the object itself; they need to live until the arena is reset. */
typedef void table_fill(const struct row *, void *message, struct arena *);
/* Packs the key fields of a filled row into `out` (set by whoever serves the table; see host/bus.h). Returns the size. */
typedef size_t table_pack_key(const void *ctx, const struct row *, uint8_t *out, size_t room);

struct table {
	const char *name; /* "ldp.Lsp": names the schema */
	table_fill *fill;
	table_pack_key *pack_key; /* NULL: nobody serves it, no tombstones are kept */
	void *pack_ctx;
	struct row *oldest, *newest; /* live rows and tombstones, by last change */
	struct tombstone *oldest_grave, *newest_grave;
	struct cursor *cursors;
	size_t count, tombstones;
	uint64_t serial; /* of the last change in the table */
	bool complete; /* false: the owner is still recovering; no end-of-snapshot is sent, so mirrors sweep nothing */
	bool dirty;    /* changed since the server last looked */
};

/* A complete, empty table. Set `complete` to false right after to hold end-of-snapshot back. */
void table_init(struct table *, const char *name, table_fill *);
void table_free(struct table *); /* tombstones; the rows are their owners'. There must be no cursors. */
void table_changed(struct table *, struct row *); /* put or replace */
void table_gone(struct table *, struct row *);    /* call while the object can still be filled; harmless when not in */
void table_complete(struct table *);
static inline bool
row_is_in_table(const struct row *r)
{
	return r->serial != 0;
}

enum cursor_result {
	CURSOR_END,     /* nothing newer for now */
	CURSOR_ROW,     /* *row is a live row: fill it now */
	CURSOR_GONE,    /* *key, *key_size: the packed key of a row that is gone */
	CURSOR_RESTART, /* too slow: deletions were missed; the cursor now stands at the beginning again */
};
struct cursor {
	struct table *table;
	struct cursor *next; /* list of the table */
	struct row *at;      /* the next to read, NULL at the end */
	bool restart;
};
void cursor_open(struct cursor *, struct table *); /* stands at the oldest row */
void cursor_close(struct cursor *);
/* Results are valid until the next call on this table. */
enum cursor_result cursor_read(struct cursor *, const struct row **row, const uint8_t **key, size_t *key_size);
static inline bool
cursor_at_end(const struct cursor *c)
{
	return !c->at && !c->restart;
}
#endif
