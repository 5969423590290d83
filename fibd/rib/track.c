/*
 * BFD sessions that static routes follow (`track bfd-session NAME`), as bfd.Session tells them.
 *
 * Only a session that is there and whose verdict is that the path is dead takes next hops away. One that does not exist,
 * whose other end is administratively down, or of which nothing is known says nothing (RFC 5882 section 4.3); what was
 * believed before a restart of bfdd is believed until it knows better.
 *
 * After our own restart the kernel may hold what a dead path has left. Until bfd.Session was read, or bfdd has been waited
 * for long enough, routes that are there and follow a session stay as they are; those that are not there are made at once.
 */
#include "fibd/rib/model.h"
#include "proto/bfd.pb-c.h"
#include <stdlib.h>
#include <string.h>

static struct track *
track_get(struct rib *rib, const char *name)
{
	uint32_t hash = hash_bytes(name, strlen(name), 0);

	for (struct hash_node *n = hash_first(&rib->tracks_by_name, hash); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct track, by_name)->name, name) == 0)
			return OBJECT(n, struct track, by_name);
	struct track *t = mem_zalloc(sizeof *t + strlen(name) + 1);
	memcpy(t->name, name, strlen(name) + 1);
	rib->tracks = mem_resize(rib->tracks, (rib->track_count + 1) * sizeof(struct track *));
	rib->tracks[rib->track_count++] = t;
	t->number = (uint32_t)rib->track_count;
	hash_add(&rib->tracks_by_name, &t->by_name, hash);
	return t;
}

uint32_t
track_number(struct rib *rib, const char *name)
{
	return track_get(rib, name)->number;
}

const struct track *
track_of(const struct rib *rib, uint32_t number)
{
	return number ? rib->tracks[number - 1] : NULL;
}

static void
review(struct rib *rib, const struct track *t)
{
	hash_each (n, &rib->fates) {
		struct fate *f = OBJECT(n, struct fate, by_key);
		for (uint16_t i = 0; i < f->spec_count; i++)
			if (f->specs[i].track == t->number) {
				fate_again(rib, f);
				break;
			}
	}
}

static void
set(struct rib *rib, struct track *t, bool present, bool heard, bool dead)
{
	if (t->present == present && t->heard == heard && t->dead == dead)
		return;
	bool matters = t->dead != dead || track_is_guess(rib, t);
	t->present = present;
	t->heard = heard;
	t->dead = dead;
	if (matters)
		review(rib, t);
}

bool
track_is_guess(const struct rib *rib, const struct track *t)
{
	return !t->heard && (t->present || !rib->tracks_known);
}

void
track_row(struct rib *rib, const Bfd__Session *row, bool gone, uint32_t round)
{
	struct track *t = track_get(rib, row->name);

	t->round = round;
	if (gone)
		set(rib, t, false, t->heard, false);
	else if (row->verdict == BFD__VERDICT__UNKNOWN)
		set(rib, t, true, t->heard, t->dead);
	else
		set(rib, t, true, true, row->verdict == BFD__VERDICT__DEAD);
}

void
track_synced(struct rib *rib, uint32_t round)
{
	tracks_are_known(rib);
	for (size_t i = 0; i < rib->track_count; i++)
		if (rib->tracks[i]->round != round)
			set(rib, rib->tracks[i], false, rib->tracks[i]->heard, false);
}

void
tracks_are_known(struct rib *rib)
{
	rib->tracks_until = USEC_NEVER;
	if (rib->tracks_known)
		return;
	rib->tracks_known = true;
	for (size_t i = 0; i < rib->track_count; i++)
		review(rib, rib->tracks[i]);
}

void
tracks_free(struct rib *rib)
{
	for (size_t i = 0; i < rib->track_count; i++)
		free(rib->tracks[i]);
	free(rib->tracks);
	hash_free(&rib->tracks_by_name);
}
