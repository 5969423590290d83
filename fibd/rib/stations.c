/*
 * Who is on a link, and the MAC address: entries of the kernel's neighbor table. Routes do not need them, for the kernel finds out by
 * itself; frames of pseudowires get their header from us, so for the next hops of those the kernel is asked to keep the entry
 * alive, and whoever leaves by it is looked at again when the address is another.
 *
 * An address that was known once is used until there is another. That a neighbor does not answer for a while is for others
 * to judge: its LDP session, a BFD session, the IGP.
 */
#include "fibd/rib/circuits.h"
#include <stdlib.h>
#include <string.h>

static uint32_t
key_hash(uint32_t ifindex, const struct addr *a)
{
	return hash_bytes(a->bytes, sizeof a->bytes, ifindex);
}

struct station *
station_find(struct rib *rib, uint32_t ifindex, const struct addr *a)
{
	for (struct hash_node *n = hash_first(&rib->stations, key_hash(ifindex, a)); n; n = hash_next(n)) {
		struct station *s = OBJECT(n, struct station, by_key);
		if (s->ifindex == ifindex && addr_eq(&s->addr, a))
			return s;
	}
	return NULL;
}

static struct station *
get(struct rib *rib, uint32_t ifindex, const struct addr *a)
{
	struct station *s = station_find(rib, ifindex, a);

	if (s)
		return s;
	s = NEW(struct station);
	s->ifindex = ifindex;
	s->addr = *a;
	hash_add(&rib->stations, &s->by_key, key_hash(ifindex, a));
	return s;
}

static void
drop(struct rib *rib, struct station *s)
{
	hash_remove(&rib->stations, &s->by_key);
	free(s);
}

struct station *
station_need(struct rib *rib, uint32_t ifindex, const struct addr *a)
{
	struct station *s = get(rib, ifindex, a);

	if (!s->needed) {
		s->needed = true;
		s->asked = false;
		rib->stations_dirty = rib->work = true;
	}
	return s;
}

static void
lost(struct rib *rib, struct station *s)
{
	if (!s->needed) {
		drop(rib, s);
		return;
	}
	s->valid = s->asked = false; /* to be asked for again */
	rib->stations_dirty = rib->work = true;
}

void
stations_seen(struct rib *rib, const struct fib_station *in, bool gone)
{
	struct station *s = station_find(rib, in->ifindex, &in->addr);

	if (gone) {
		if (s)
			lost(rib, s);
		return;
	}
	if (!s)
		s = get(rib, in->ifindex, &in->addr);
	s->seen = rib->dump;
	s->valid = in->valid;
	if (!in->valid || (s->has_mac && memcmp(s->mac, in->mac, sizeof s->mac) == 0))
		return;
	s->has_mac = true;
	memcpy(s->mac, in->mac, sizeof s->mac);
	rib->tunnels_dirty |= s->needed;
}

void
stations_swept(struct rib *rib)
{
	hash_each (n, &rib->stations) {
		struct station *s = OBJECT(n, struct station, by_key);
		if (s->seen != rib->dump)
			lost(rib, s);
	}
}

void
stations_free(struct rib *rib)
{
	hash_each (n, &rib->stations) {
		drop(rib, OBJECT(n, struct station, by_key));
	}
	hash_free(&rib->stations);
}
