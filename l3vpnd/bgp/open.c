/*
 * OPEN (RFC 4271 section 4.2) and the capabilities in it (RFC 5492). What is not known is passed over; a capability whose
 * value has another size than its RFC says makes the message malformed, for what the peer means by it cannot be told.
 */
#include "l3vpnd/bgp/message.h"
#include <string.h>

enum { PARAMETER_CAPABILITIES = 2, PARAMETERS_EXTENDED = 255 /* RFC 9072 */ };
enum capability {
	CAPABILITY_MULTIPROTOCOL = 1,
	CAPABILITY_REFRESH = 2,
	CAPABILITY_EXTENDED = 6,
	CAPABILITY_ROLE = 9,
	CAPABILITY_RESTART = 64,
	CAPABILITY_AS4 = 65,
	CAPABILITY_ADD_PATH = 69,
	CAPABILITY_ENHANCED_REFRESH = 70,
	CAPABILITY_LONG_LIVED = 71,
};
enum { RESTART_R = 0x8000, RESTART_N = 0x4000, RESTART_TIME = 0x0fff, FAMILY_F = 0x80 };

/* --- reading --- */

static void
read_restart(struct wire_reader *v, struct bgp_open *o)
{
	uint16_t head = wire_u16(v);
	enum bgp_family f;

	o->restart.said = true;
	o->restart.restarting = head & RESTART_R;
	o->restart.notifications = head & RESTART_N;
	o->restart.time_s = head & RESTART_TIME;
	while (wire_left(v)) {
		uint16_t afi = wire_u16(v);
		uint8_t safi = wire_u8(v);
		uint8_t flags = wire_u8(v);
		if (!wire_ok(v) || !bgp_family_of(afi, safi, &f))
			continue;
		o->restart.families |= BGP_FAMILY_BIT(f);
		if (flags & FAMILY_F)
			o->restart.preserved |= BGP_FAMILY_BIT(f);
	}
}

static void
read_long_lived(struct wire_reader *v, struct bgp_open *o)
{
	enum bgp_family f;

	o->long_lived.said = true;
	while (wire_left(v)) {
		uint16_t afi = wire_u16(v);
		uint8_t safi = wire_u8(v);
		uint8_t flags = wire_u8(v);
		uint32_t time_s = wire_u24(v);
		if (!wire_ok(v) || !bgp_family_of(afi, safi, &f))
			continue;
		o->long_lived.time_s[f] = time_s;
		if (flags & FAMILY_F)
			o->long_lived.preserved |= BGP_FAMILY_BIT(f);
	}
}

static void
read_add_path(struct wire_reader *v, struct bgp_open *o)
{
	enum bgp_family f;

	while (wire_left(v)) {
		uint16_t afi = wire_u16(v);
		uint8_t safi = wire_u8(v);
		uint8_t what = wire_u8(v);
		if (wire_ok(v) && bgp_family_of(afi, safi, &f) && what <= (BGP_ADD_PATH_RECEIVE | BGP_ADD_PATH_SEND))
			o->add_path[f] = what;
	}
}

struct said { /* of which a value counts only when all was read */
	bool multiprotocol;
	uint32_t families;
};

static bool
read_capability(uint8_t code, struct wire_reader v, struct bgp_open *o, struct said *said)
{
	enum bgp_family f;

	switch ((enum capability)code) {
	case CAPABILITY_MULTIPROTOCOL: {
		uint16_t afi = wire_u16(&v);
		wire_u8(&v);
		uint8_t safi = wire_u8(&v);
		said->multiprotocol = true;
		if (wire_ok(&v) && bgp_family_of(afi, safi, &f))
			said->families |= BGP_FAMILY_BIT(f);
		break;
	}
	case CAPABILITY_REFRESH: o->refresh = true; break;
	case CAPABILITY_ENHANCED_REFRESH: o->enhanced_refresh = true; break;
	case CAPABILITY_EXTENDED: o->extended = true; break;
	case CAPABILITY_AS4:
		o->as4 = true;
		o->as = wire_u32(&v);
		break;
	case CAPABILITY_ROLE: {
		uint8_t role = wire_u8(&v);
		o->roles_differ |= o->has_role && role != o->role;
		o->has_role = true;
		o->role = role;
		break;
	}
	case CAPABILITY_RESTART: read_restart(&v, o); break;
	case CAPABILITY_LONG_LIVED: read_long_lived(&v, o); break;
	case CAPABILITY_ADD_PATH: read_add_path(&v, o); break;
	default: return true;
	}
	return wire_done(&v);
}

static bool
read_capabilities(struct wire_reader v, struct bgp_open *o, struct said *said)
{
	while (wire_left(&v)) {
		uint8_t code = wire_u8(&v);
		uint8_t size = wire_u8(&v);
		struct wire_reader value = wire_sub(&v, size);
		if (!wire_ok(&v) || !read_capability(code, value, o, said))
			return false;
	}
	return true;
}

static bool
read_parameters(struct wire_reader r, bool extended, struct bgp_open *o, struct said *said, struct bgp_fault *why)
{
	while (wire_left(&r)) {
		uint8_t type = wire_u8(&r);
		uint16_t size;
		if (extended)
			size = wire_u16(&r);
		else
			size = wire_u8(&r);
		struct wire_reader value = wire_sub(&r, size);
		if (!wire_ok(&r)) {
			*why = bgp_fault(BGP_ERROR_OPEN, 0, NULL, 0);
			return false;
		}
		if (type != PARAMETER_CAPABILITIES) {
			*why = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_UNKNOWN_PARAMETER, NULL, 0);
			return false;
		}
		if (!read_capabilities(value, o, said)) {
			*why = bgp_fault(BGP_ERROR_OPEN, 0, NULL, 0);
			return false;
		}
	}
	return true;
}

bool
bgp_read_open(struct wire_reader body, struct bgp_open *ret, struct bgp_fault *why)
{
	static const uint8_t supported[2] = { 0, BGP_VERSION };
	struct said said = { 0 };
	bool extended = false;

	*ret = (struct bgp_open){ 0 };
	uint8_t version = wire_u8(&body);
	ret->as = wire_u16(&body);
	ret->hold_s = wire_u16(&body);
	ret->id = wire_u32(&body);
	size_t size = wire_u8(&body);
	if (wire_ok(&body) && version != BGP_VERSION) {
		*why = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_VERSION, supported, sizeof supported);
		return false;
	}
	if (size && wire_left(&body) && body.base[body.at] == PARAMETERS_EXTENDED) {
		extended = true;
		wire_u8(&body);
		size = wire_u16(&body);
	}
	struct wire_reader parameters = wire_sub(&body, size);
	if (!wire_done(&body)) {
		*why = bgp_fault(BGP_ERROR_OPEN, 0, NULL, 0);
		return false;
	}
	if (!read_parameters(parameters, extended, ret, &said, why))
		return false;
	ret->families = said.multiprotocol ? said.families : BGP_FAMILY_BIT(BGP_IPV4);
	if (ret->hold_s == 1 || ret->hold_s == 2)
		*why = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_HOLD_TIME, NULL, 0);
	else if (!ret->id)
		*why = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_ID, NULL, 0);
	else if (!ret->as)
		*why = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_AS, NULL, 0);
	else
		return true;
	return false;
}

/* --- writing --- */

/* A capability's length is one byte; all of ours are short. */
static size_t
begin_capability(struct wire_writer *w, enum capability code)
{
	wire_put_u8(w, (uint8_t)code);
	wire_put_u8(w, 0);
	return w->at;
}

static void
end_u8(struct wire_writer *w, size_t from)
{
	if (!w->full)
		w->base[from - 1] = (uint8_t)(w->at - from);
}

static void
put_family(struct wire_writer *w, unsigned f, uint8_t last)
{
	wire_put_u16(w, bgp_afi((enum bgp_family)f));
	wire_put_u8(w, bgp_safi((enum bgp_family)f));
	wire_put_u8(w, last);
}

static void
put_capabilities(struct wire_writer *w, const struct bgp_open *o)
{
	uint32_t adding = 0;

	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		adding |= o->add_path[f] ? BGP_FAMILY_BIT(f) : 0;
		if (!(o->families & BGP_FAMILY_BIT(f)))
			continue;
		size_t at = begin_capability(w, CAPABILITY_MULTIPROTOCOL);
		wire_put_u16(w, bgp_afi((enum bgp_family)f));
		wire_put_u8(w, 0);
		wire_put_u8(w, bgp_safi((enum bgp_family)f));
		end_u8(w, at);
	}
	if (o->refresh)
		begin_capability(w, CAPABILITY_REFRESH);
	if (o->enhanced_refresh)
		begin_capability(w, CAPABILITY_ENHANCED_REFRESH);
	if (o->extended)
		begin_capability(w, CAPABILITY_EXTENDED);
	if (o->as4) {
		size_t at = begin_capability(w, CAPABILITY_AS4);
		wire_put_u32(w, o->as);
		end_u8(w, at);
	}
	if (o->has_role) {
		size_t at = begin_capability(w, CAPABILITY_ROLE);
		wire_put_u8(w, o->role);
		end_u8(w, at);
	}
	if (o->restart.said) {
		size_t at = begin_capability(w, CAPABILITY_RESTART);
		wire_put_u16(
		    w, (uint16_t)((o->restart.restarting ? RESTART_R : 0) | (o->restart.notifications ? RESTART_N : 0) |
				  (o->restart.time_s & RESTART_TIME)));
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (o->restart.families & BGP_FAMILY_BIT(f))
				put_family(w, f, o->restart.preserved & BGP_FAMILY_BIT(f) ? FAMILY_F : 0);
		end_u8(w, at);
	}
	if (o->long_lived.said) {
		size_t at = begin_capability(w, CAPABILITY_LONG_LIVED);
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (o->long_lived.time_s[f]) {
				put_family(w, f, o->long_lived.preserved & BGP_FAMILY_BIT(f) ? FAMILY_F : 0);
				wire_put_u24(w, o->long_lived.time_s[f]);
			}
		end_u8(w, at);
	}
	if (adding) {
		size_t at = begin_capability(w, CAPABILITY_ADD_PATH);
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (o->add_path[f])
				put_family(w, f, o->add_path[f]);
		end_u8(w, at);
	}
}

void
bgp_write_open(struct wire_writer *w, const struct bgp_open *o)
{
	struct wire_mark m = bgp_begin(w, BGP_OPEN);

	wire_put_u8(w, BGP_VERSION);
	wire_put_u16(w, o->as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)o->as);
	wire_put_u16(w, o->hold_s);
	wire_put_u32(w, o->id);
	wire_put_u8(w, 0); /* of all parameters */
	size_t parameters = w->at;
	wire_put_u8(w, PARAMETER_CAPABILITIES);
	wire_put_u8(w, 0);
	size_t capabilities = w->at;
	put_capabilities(w, o);
	end_u8(w, capabilities);
	end_u8(w, parameters);
	bgp_end(w, m);
}
