/*
 * Reachability information on the wire, and the text of what distinguishes and targets it.
 */
#include "l3vpnd/bgp/nlri.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_BITS = 24, RD_BITS = 64, LABEL_BOTTOM = 1 };

static bool
has_label(enum bgp_family f)
{
	return f == BGP_VPNV4 || f == BGP_VPNV6 || f == BGP_LABELED_IPV4 || f == BGP_LABELED_IPV6;
}

static bool
has_rd(enum bgp_family f)
{
	return f == BGP_VPNV4 || f == BGP_VPNV6;
}

static bool
refuse(struct wire_reader *r)
{
	r->short_at = r->at;
	return false;
}

struct prefix
nlri_of_membership(uint32_t as, uint64_t target, uint8_t bits)
{
	struct addr a = { .family = 6 };
	struct wire_writer w = wire_writer(a.bytes, sizeof a.bytes);

	wire_put_u32(&w, as);
	wire_put_u64(&w, target);
	return prefix_network(prefix_make(a, bits));
}

/* RFC 4684 4: nothing at all, or the AS and as much of a route target as counts. */
static bool
next_membership(struct wire_reader *r, struct nlri *ret)
{
	struct addr a = { .family = 6 };
	uint8_t bits = wire_u8(r);

	if (!wire_ok(r) || bits > 96 || (bits && bits < 32))
		return refuse(r);
	size_t size = (size_t)(bits + 7) / 8;
	const uint8_t *from = wire_bytes(r, size);
	if (!wire_ok(r))
		return false;
	if (size)
		memcpy(a.bytes, from, size);
	ret->prefix = prefix_network(prefix_make(a, bits));
	return true;
}

bool
nlri_next(struct wire_reader *r, enum bgp_family f, bool add_path, bool withdrawn, struct nlri *ret)
{
	bool v6 = bgp_afi(f) == 2;
	unsigned most = v6 ? 128 : 32;

	if (!wire_left(r))
		return false;
	*ret = (struct nlri){ .path = add_path ? wire_u32(r) : 0, .label = NLRI_NO_LABEL };
	if (f == BGP_RT_CONSTRAINT)
		return next_membership(r, ret);
	unsigned bits = wire_u8(r);
	if (has_label(f)) {
		uint32_t label = wire_u24(r);
		if (bits < LABEL_BITS)
			return refuse(r);
		bits -= LABEL_BITS;
		/* One label, whatever a withdrawal says in its place: RFC 8277 2.2, 2.4. */
		if (!withdrawn && !(label & LABEL_BOTTOM))
			return refuse(r);
		if (!withdrawn)
			ret->label = label >> 4;
	}
	if (has_rd(f)) {
		ret->rd = wire_u64(r);
		if (bits < RD_BITS)
			return refuse(r);
		bits -= RD_BITS;
	}
	if (bits > most)
		return refuse(r);
	uint8_t address[16] = { 0 };
	size_t size = (bits + 7) / 8;
	const uint8_t *from = wire_bytes(r, size);
	if (!wire_ok(r))
		return false;
	if (size)
		memcpy(address, from, size);
	struct addr a;
	addr_from_bytes(address, v6 ? 16 : 4, &a);
	ret->prefix = prefix_network(prefix_make(a, (uint8_t)bits));
	return true;
}

void
nlri_put(struct wire_writer *w, enum bgp_family f, bool add_path, bool withdrawn, const struct nlri *n)
{
	if (add_path)
		wire_put_u32(w, n->path);
	wire_put_u8(w, (uint8_t)(n->prefix.len + (has_label(f) ? LABEL_BITS : 0) + (has_rd(f) ? RD_BITS : 0)));
	if (has_label(f))
		wire_put_u24(w, withdrawn ? 0x800000 : n->label << 4 | LABEL_BOTTOM);
	if (has_rd(f))
		wire_put_u64(w, n->rd);
	wire_put_bytes(w, n->prefix.addr.bytes, (size_t)(n->prefix.len + 7) / 8);
}

/* --- distinguishers and targets: an administrator and a number, in three forms of eight bytes --- */

enum form { FORM_AS2, FORM_ADDRESS, FORM_AS4 };

static void
form_text(enum form form, uint64_t v, char *out, size_t room)
{
	char id[ADDR_TEXT];

	if (form == FORM_AS2)
		snprintf(out, room, "%u:%u", (unsigned)(v >> 32 & 0xffff), (unsigned)(v & 0xffffffff));
	else if (form == FORM_ADDRESS)
		snprintf(out, room, "%s:%u", id_text((uint32_t)(v >> 16), id), (unsigned)(v & 0xffff));
	else
		snprintf(out, room, "%u:%u", (unsigned)(v >> 16 & 0xffffffff), (unsigned)(v & 0xffff));
}

static bool
number(const char *text, size_t size, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;

	if (!size || size > 10)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = v;
	return v <= most;
}

/* The form, and the six bytes behind it. */
static bool
form_parse(const char *text, enum form *ret_form, uint64_t *ret)
{
	const char *colon = strrchr(text, ':');
	char before[ADDR_TEXT];
	struct addr a;
	uint64_t admin, rest;

	if (!colon || (size_t)(colon - text) >= sizeof before)
		return false;
	memcpy(before, text, (size_t)(colon - text));
	before[colon - text] = 0;
	size_t size = strlen(colon + 1);
	if (strchr(before, '.')) {
		*ret_form = FORM_ADDRESS;
		if (!addr_parse(before, &a) || a.family != 4 || !number(colon + 1, size, UINT16_MAX, &rest))
			return false;
		*ret = (uint64_t)addr_to_v4(&a) << 16 | rest;
		return true;
	}
	if (!number(before, strlen(before), UINT32_MAX, &admin))
		return false;
	*ret_form = admin > UINT16_MAX ? FORM_AS4 : FORM_AS2;
	if (!number(colon + 1, size, *ret_form == FORM_AS4 ? UINT16_MAX : UINT32_MAX, &rest))
		return false;
	*ret = admin << (*ret_form == FORM_AS4 ? 16 : 32) | rest;
	return true;
}

const char *
rd_text(uint64_t rd, char out[RD_TEXT])
{
	unsigned type = (unsigned)(rd >> 48);

	if (type <= FORM_AS4)
		form_text((enum form)type, rd & UINT64_C(0xffffffffffff), out, RD_TEXT);
	else
		snprintf(out, RD_TEXT, "0x%016llx", (unsigned long long)rd);
	return out;
}

bool
rd_parse(const char *text, uint64_t *ret)
{
	enum form form;
	uint64_t v;

	if (!form_parse(text, &form, &v))
		return false;
	*ret = (uint64_t)form << 48 | v;
	return true;
}

enum { EXT_NON_TRANSITIVE = 0x40, EXT_TARGET = 2, EXT_ORIGIN = 3 };

bool
ext_is_transitive(uint64_t community)
{
	return !(community >> 56 & EXT_NON_TRANSITIVE);
}

static bool
ext_is_known(uint64_t community, unsigned subtype)
{
	return (community >> 56) <= FORM_AS4 && (community >> 48 & 0xff) == subtype;
}

bool
ext_is_target(uint64_t community)
{
	return ext_is_known(community, EXT_TARGET);
}

const char *
ext_text(uint64_t community, char out[EXT_TEXT])
{
	char text[RD_TEXT + 8];

	if (!ext_is_known(community, EXT_TARGET) && !ext_is_known(community, EXT_ORIGIN)) {
		snprintf(out, EXT_TEXT, "0x%016llx", (unsigned long long)community);
		return out;
	}
	form_text((enum form)(community >> 56), community & UINT64_C(0xffffffffffff), text, sizeof text);
	snprintf(out, EXT_TEXT, "%s:%s", ext_is_target(community) ? "RT" : "SoO", text);
	return out;
}

bool
rt_parse(const char *text, uint64_t *ret)
{
	enum form form;
	uint64_t v;

	if (!form_parse(text, &form, &v))
		return false;
	*ret = (uint64_t)form << 56 | (uint64_t)EXT_TARGET << 48 | v;
	return true;
}
