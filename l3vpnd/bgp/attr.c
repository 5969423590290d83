/*
 * Sets of path attributes: kept once, counted, compared by their bytes.
 */
#include "l3vpnd/bgp/attr.h"
#include "base/mem.h"
#include "l3vpnd/bgp/as_path.h"
#include <stdlib.h>
#include <string.h>

enum { SET_MAX = 16384 }; /* bytes of its lists; an extended message could bring more, and nobody could be told of it */

/* --- the store --- */

void
attr_store_init(struct attr_store *s)
{
	hash_init(&s->sets);
	s->draft = mem_zalloc(sizeof *s->draft + SET_MAX);
}

void
attr_store_free(struct attr_store *s)
{
	hash_free(&s->sets);
	free(s->draft);
}

static size_t
content_size(const struct attr_set *a)
{
	size_t n = offsetof(struct attr_set, bytes) - offsetof(struct attr_set, origin);

	for (int i = 0; i < ATTR_LISTS; i++)
		n += a->size[i];
	return n;
}

/* A candidate: all of it zero but for what is set, so that it can be compared as bytes. */
struct draft {
	struct attr_set *set;
	size_t at;
	bool full;
};

static struct draft
draft_begin(const struct attr_store *s)
{
	struct draft d = { .set = s->draft };

	memset(d.set, 0, sizeof *d.set);
	return d;
}

static void
draft_list(struct draft *d, enum attr_list which, const void *bytes, size_t size)
{
	if (d->at + size > SET_MAX || size > UINT16_MAX) {
		d->full = true;
		return;
	}
	if (size)
		memcpy(d->set->bytes + d->at, bytes, size);
	d->at += size;
	d->set->size[which] = (uint16_t)size;
}

static const struct attr_set *
draft_end(struct attr_store *s, const struct draft *d)
{
	if (d->full)
		return NULL;
	size_t size = content_size(d->set);
	uint32_t hash = hash_bytes(&d->set->origin, size, 0);

	for (struct hash_node *n = hash_first(&s->sets, hash); n; n = hash_next(n)) {
		struct attr_set *a = OBJECT(n, struct attr_set, by_content);
		if (content_size(a) == size && memcmp(&a->origin, &d->set->origin, size) == 0) {
			a->uses++;
			return a;
		}
	}
	struct attr_set *a = mem_copy(d->set, offsetof(struct attr_set, bytes) + d->at);
	a->uses = 1;
	hash_add(&s->sets, &a->by_content, hash);
	return a;
}

const struct attr_set *
attr_use(const struct attr_set *a)
{
	((struct attr_set *)(uintptr_t)a)->uses++;
	return a;
}

void
attr_drop(struct attr_store *s, const struct attr_set *const_a)
{
	struct attr_set *a = (struct attr_set *)(uintptr_t)const_a;

	if (!a || --a->uses)
		return;
	hash_remove(&s->sets, &a->by_content);
	free(a);
}

struct wire_reader
attr_list(const struct attr_set *a, enum attr_list which)
{
	size_t at = 0;

	for (unsigned i = 0; i < which; i++)
		at += a->size[i];
	return wire_reader(a->bytes + at, a->size[which]);
}

/* --- lists --- */

static int
compare4(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static int
compare8(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static int
compare12(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

/* Communities are sets: sorted, each once. */
static void
draft_set(struct draft *d, enum attr_list which, struct wire_reader r, size_t entry,
    int (*compare)(const void *, const void *))
{
	size_t at = d->at, kept = 0;

	draft_list(d, which, r.base, r.size);
	if (d->full || !r.size)
		return;
	uint8_t *base = d->set->bytes + at;
	qsort(base, r.size / entry, entry, compare);
	for (size_t i = 0; i < r.size; i += entry)
		if (!kept || memcmp(base + kept - entry, base + i, entry) != 0) {
			memmove(base + kept, base + i, entry);
			kept += entry;
		}
	d->at = at + kept;
	d->set->size[which] = (uint16_t)kept;
}

static void
draft_unknown(struct draft *d, const struct bgp_attrs *u)
{
	uint8_t bytes[AS_PATH_MAX];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	for (unsigned i = 0; i < u->unknown_count; i++) {
		wire_put_u8(&w, (uint8_t)(u->unknown[i].flags | ATTR_EXTENDED));
		wire_put_u8(&w, u->unknown[i].type);
		wire_put_u16(&w, (uint16_t)u->unknown[i].value.size);
		wire_put_bytes(&w, u->unknown[i].value.base, u->unknown[i].value.size);
	}
	d->full |= w.full;
	draft_list(d, LIST_UNKNOWN, bytes, w.at);
}

const struct attr_set *
attr_of_update(struct attr_store *s, const struct bgp_attrs *u, bool as4)
{
	struct draft d = draft_begin(s);
	struct attr_set *a = d.set;
	uint8_t path[AS_PATH_MAX];
	struct wire_writer w = wire_writer(path, sizeof path);

	a->origin = u->origin;
	a->has_med = u->seen & ATTR_BIT(ATTR_MED);
	a->med = u->med;
	a->has_local_pref = u->seen & ATTR_BIT(ATTR_LOCAL_PREF);
	a->local_pref = u->local_pref;
	a->atomic = u->seen & ATTR_BIT(ATTR_ATOMIC_AGGREGATE);
	a->has_aggregator = u->seen & ATTR_BIT(ATTR_AGGREGATOR);
	a->aggregator_as = a->has_aggregator ? u->aggregator_as : 0;
	a->aggregator = a->has_aggregator ? u->aggregator : 0;
	a->has_originator = u->seen & ATTR_BIT(ATTR_ORIGINATOR_ID);
	a->originator = u->originator;
	a->has_otc = u->seen & ATTR_BIT(ATTR_OTC);
	a->otc = u->otc;
	a->next_hop = u->next_hop;
	a->link_local = u->link_local;
	if (as4)
		draft_list(&d, LIST_AS_PATH, u->as_path.base, u->as_path.size);
	else {
		as_path_widen(u->as_path, u->as4_path, &w);
		d.full |= w.full;
		draft_list(&d, LIST_AS_PATH, path, w.at);
	}
	draft_set(&d, LIST_COMMUNITIES, u->communities, 4, compare4);
	draft_set(&d, LIST_EXT, u->ext_communities, 8, compare8);
	draft_set(&d, LIST_LARGE, u->large_communities, 12, compare12);
	draft_list(&d, LIST_CLUSTERS, u->clusters.base, u->clusters.size);
	draft_unknown(&d, u);
	return draft_end(s, &d);
}

const struct attr_set *
attr_changed(struct attr_store *s, const struct attr_set *from, const struct attr_change *c)
{
	struct draft d = draft_begin(s);
	struct attr_set *a = d.set;

	memcpy(&a->origin, &from->origin, offsetof(struct attr_set, size) - offsetof(struct attr_set, origin));
	if (c->origin_set)
		a->origin = c->origin;
	if (c->next_hop_set) {
		a->next_hop = c->next_hop;
		a->link_local = addr_none();
	}
	if (c->med_set || c->med_none) {
		a->has_med = c->med_set;
		a->med = c->med_set ? c->med : 0;
	}
	if (c->local_pref_set || c->local_pref_none) {
		a->has_local_pref = c->local_pref_set;
		a->local_pref = c->local_pref_set ? c->local_pref : 0;
	}
	if (c->otc_set) {
		a->has_otc = true;
		a->otc = c->otc;
	}
	if (c->preferred_set)
		a->preferred = c->preferred;
	if (c->originator_set) {
		a->has_originator = true;
		a->originator = c->originator;
	}
	struct wire_reader path = c->as_path_set ? c->as_path : attr_list(from, LIST_AS_PATH);
	struct wire_reader communities = c->communities_set ? c->communities : attr_list(from, LIST_COMMUNITIES);
	struct wire_reader ext = c->ext_set ? c->ext : attr_list(from, LIST_EXT);
	struct wire_reader large = attr_list(from, LIST_LARGE), unknown = attr_list(from, LIST_UNKNOWN);
	struct wire_reader clusters = c->clusters_set ? c->clusters : attr_list(from, LIST_CLUSTERS);
	draft_list(&d, LIST_AS_PATH, path.base, path.size);
	draft_set(&d, LIST_COMMUNITIES, communities, 4, compare4);
	draft_set(&d, LIST_EXT, ext, 8, compare8);
	draft_list(&d, LIST_LARGE, large.base, large.size);
	draft_list(&d, LIST_CLUSTERS, clusters.base, clusters.size);
	draft_list(&d, LIST_UNKNOWN, unknown.base, unknown.size);
	return draft_end(s, &d);
}

const struct attr_set *
attr_of_own(struct attr_store *s, uint8_t origin, const struct addr *next_hop, uint32_t med, bool has_med,
    struct wire_reader ext)
{
	struct draft d = draft_begin(s);

	d.set->origin = origin;
	d.set->next_hop = *next_hop;
	d.set->has_med = has_med;
	d.set->med = has_med ? med : 0;
	draft_set(&d, LIST_EXT, ext, 8, compare8);
	return draft_end(s, &d);
}

bool
attr_lists_are_same(const struct attr_set *a, const struct attr_set *b, enum attr_list which)
{
	if (a == b || (!a->size[which] && !b->size[which]))
		return true;
	struct wire_reader x = attr_list(a, which), y = attr_list(b, which);
	return x.size == y.size && memcmp(x.base, y.base, x.size) == 0;
}

bool
attr_has_community(const struct attr_set *a, uint32_t community)
{
	struct wire_reader r = attr_list(a, LIST_COMMUNITIES);

	while (wire_left(&r))
		if (wire_u32(&r) == community)
			return true;
	return false;
}

bool
attr_has_ext(const struct attr_set *a, uint64_t community)
{
	struct wire_reader r = attr_list(a, LIST_EXT);

	while (wire_left(&r))
		if (wire_u64(&r) == community)
			return true;
	return false;
}

/* --- the wire --- */

static struct wire_mark
begin(struct wire_writer *w, uint8_t flags, uint8_t type)
{
	wire_put_u8(w, (uint8_t)(flags | ATTR_EXTENDED));
	wire_put_u8(w, type);
	return wire_hold_u16(w);
}

static void
put_u32(struct wire_writer *w, uint8_t flags, uint8_t type, uint32_t v)
{
	wire_put_u8(w, flags);
	wire_put_u8(w, type);
	wire_put_u8(w, 4);
	wire_put_u32(w, v);
}

static void
put_list(struct wire_writer *w, uint8_t flags, uint8_t type, struct wire_reader v)
{
	if (!v.size)
		return;
	if (v.size > UINT8_MAX) {
		struct wire_mark m = begin(w, flags, type);
		wire_put_bytes(w, v.base, v.size);
		wire_fill_length(w, m);
		return;
	}
	wire_put_u8(w, flags);
	wire_put_u8(w, type);
	wire_put_u8(w, (uint8_t)v.size);
	wire_put_bytes(w, v.base, v.size);
}

enum { WELL_KNOWN = ATTR_TRANSITIVE, OPTIONAL = ATTR_OPTIONAL, BOTH = ATTR_OPTIONAL | ATTR_TRANSITIVE };

static void
put_path(struct wire_writer *w, struct wire_reader path, bool as4)
{
	uint8_t narrow[AS_PATH_MAX];
	struct wire_writer n = wire_writer(narrow, sizeof narrow);

	if (as4 || !path.size) {
		wire_put_u8(w, WELL_KNOWN | ATTR_EXTENDED);
		wire_put_u8(w, ATTR_AS_PATH);
		wire_put_u16(w, (uint16_t)path.size);
		wire_put_bytes(w, path.base, path.size);
		return;
	}
	as_path_narrow(path, &n);
	put_list(w, WELL_KNOWN, ATTR_AS_PATH, wire_reader(narrow, n.at));
}

static bool
needs_as4_path(struct wire_reader path)
{
	uint8_t narrow[AS_PATH_MAX];
	struct wire_writer n = wire_writer(narrow, sizeof narrow);

	return as_path_narrow(path, &n);
}

static void
put_aggregator(struct wire_writer *w, const struct attr_set *a, bool as4)
{
	wire_put_u8(w, BOTH);
	wire_put_u8(w, ATTR_AGGREGATOR);
	wire_put_u8(w, as4 ? 8 : 6);
	if (as4)
		wire_put_u32(w, a->aggregator_as);
	else
		wire_put_u16(w, a->aggregator_as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)a->aggregator_as);
	wire_put_u32(w, a->aggregator);
}

/* To an external peer only what crosses borders. */
static void
put_ext(struct wire_writer *w, struct wire_reader ext, bool internal)
{
	uint8_t bytes[AS_PATH_MAX];
	struct wire_writer out = wire_writer(bytes, sizeof bytes);

	while (wire_left(&ext)) {
		uint64_t c = wire_u64(&ext);
		if (internal || ext_is_transitive(c))
			wire_put_u64(&out, c);
	}
	put_list(w, BOTH, ATTR_EXT_COMMUNITIES, wire_reader(bytes, out.at));
}

void
attr_write(struct wire_writer *w, const struct attr_set *a, const struct attr_writing *how)
{
	struct wire_reader path = attr_list(a, LIST_AS_PATH), unknown = attr_list(a, LIST_UNKNOWN);

	wire_put_u8(w, WELL_KNOWN);
	wire_put_u8(w, ATTR_ORIGIN);
	wire_put_u8(w, 1);
	wire_put_u8(w, a->origin);
	put_path(w, path, how->as4);
	if (how->family == BGP_IPV4)
		put_u32(w, WELL_KNOWN, ATTR_NEXT_HOP, addr_to_v4(&a->next_hop));
	if (a->has_med)
		put_u32(w, OPTIONAL, ATTR_MED, a->med);
	if (how->internal)
		put_u32(w, WELL_KNOWN, ATTR_LOCAL_PREF, a->has_local_pref ? a->local_pref : 100);
	if (a->atomic) {
		wire_put_u8(w, WELL_KNOWN);
		wire_put_u8(w, ATTR_ATOMIC_AGGREGATE);
		wire_put_u8(w, 0);
	}
	if (a->has_aggregator)
		put_aggregator(w, a, how->as4);
	put_list(w, BOTH, ATTR_COMMUNITIES, attr_list(a, LIST_COMMUNITIES));
	if (how->internal && a->has_originator)
		put_u32(w, OPTIONAL, ATTR_ORIGINATOR_ID, a->originator);
	if (how->internal)
		put_list(w, OPTIONAL, ATTR_CLUSTER_LIST, attr_list(a, LIST_CLUSTERS));
	put_ext(w, attr_list(a, LIST_EXT), how->internal);
	if (!how->as4 && needs_as4_path(path))
		put_list(w, BOTH, ATTR_AS4_PATH, path);
	if (!how->as4 && a->has_aggregator && a->aggregator_as > UINT16_MAX) {
		wire_put_u8(w, BOTH);
		wire_put_u8(w, ATTR_AS4_AGGREGATOR);
		wire_put_u8(w, 8);
		wire_put_u32(w, a->aggregator_as);
		wire_put_u32(w, a->aggregator);
	}
	put_list(w, BOTH, ATTR_LARGE_COMMUNITIES, attr_list(a, LIST_LARGE));
	if (a->has_otc)
		put_u32(w, BOTH, ATTR_OTC, a->otc);
	wire_put_bytes(w, unknown.base, unknown.size);
}

struct wire_mark
attr_begin_reach(struct wire_writer *w, enum bgp_family f, const struct attr_set *a)
{
	struct wire_mark m = begin(w, OPTIONAL, ATTR_MP_REACH);
	size_t rd = f == BGP_VPNV4 || f == BGP_VPNV6 ? 8 : 0, size = addr_size(&a->next_hop);
	bool two = f == BGP_IPV6 && addr_is_set(&a->link_local);
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

	wire_put_u16(w, bgp_afi(f));
	wire_put_u8(w, bgp_safi(f));
	if (size == 4 && bgp_afi(f) == 2) { /* RFC 4659 3.2.1.2: an IPv4 core carries it */
		memcpy(mapped + 12, a->next_hop.bytes, 4);
		wire_put_u8(w, (uint8_t)(16 + rd));
		wire_put_bytes(w, "\0\0\0\0\0\0\0", rd);
		wire_put_bytes(w, mapped, sizeof mapped);
	} else {
		wire_put_u8(w, (uint8_t)((size + rd) * (two ? 2 : 1)));
		wire_put_bytes(w, "\0\0\0\0\0\0\0", rd);
		wire_put_bytes(w, a->next_hop.bytes, size);
		if (two)
			wire_put_bytes(w, a->link_local.bytes, 16);
	}
	wire_put_u8(w, 0);
	return m;
}

struct wire_mark
attr_begin_unreach(struct wire_writer *w, enum bgp_family f)
{
	struct wire_mark m = begin(w, OPTIONAL, ATTR_MP_UNREACH);

	wire_put_u16(w, bgp_afi(f));
	wire_put_u8(w, bgp_safi(f));
	return m;
}
