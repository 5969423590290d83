/*
 * The frame of messages, NOTIFICATION and ROUTE-REFRESH; what families and errors are called. OPEN is in open.c.
 */
#include "l3vpnd/bgp/message.h"
#include <stdio.h>
#include <string.h>

static const struct {
	uint16_t afi;
	uint8_t safi;
	const char *name;
} families[BGP_FAMILIES] = {
	[BGP_IPV4] = { 1, 1, "ipv4" },
	[BGP_IPV6] = { 2, 1, "ipv6" },
	[BGP_VPNV4] = { 1, 128, "vpnv4" },
	[BGP_VPNV6] = { 2, 128, "vpnv6" },
	[BGP_LABELED_IPV4] = { 1, 4, "labeled ipv4" },
	[BGP_LABELED_IPV6] = { 2, 4, "labeled ipv6" },
	[BGP_RT_CONSTRAINT] = { 1, 132, "rt-constraint" },
};

bool
bgp_family_of(uint16_t afi, uint8_t safi, enum bgp_family *ret)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (families[f].afi == afi && families[f].safi == safi) {
			*ret = (enum bgp_family)f;
			return true;
		}
	return false;
}

uint16_t
bgp_afi(enum bgp_family f)
{
	return families[f].afi;
}

uint8_t
bgp_safi(enum bgp_family f)
{
	return families[f].safi;
}

const char *
bgp_family_name(enum bgp_family f)
{
	return families[f].name;
}

/* --- what is wrong --- */

struct bgp_fault
bgp_fault(enum bgp_error code, uint8_t subcode, const void *data, size_t size)
{
	struct bgp_fault f = { .code = (uint8_t)code, .subcode = subcode };

	if (size > sizeof f.data)
		size = sizeof f.data;
	if (size)
		memcpy(f.data, data, size);
	f.size = (uint8_t)size;
	return f;
}

const char *
bgp_fault_text(uint8_t code, uint8_t subcode, char out[96])
{
	static const char *const codes[BGP_ERRORS] = { "no error", "message header", "Open", "Update",
		"hold timer expired", "finite state machine", "Cease", "Route-Refresh" };
	static const char *const texts[BGP_ERRORS][12] = {
		[BGP_ERROR_HEADER] = { NULL, "connection not synchronized", "bad message length", "bad message type" },
		[BGP_ERROR_OPEN] = { NULL, "unsupported version number", "bad peer AS", "bad BGP identifier",
		    "unsupported optional parameter", NULL, "unacceptable hold time", "unsupported capability", NULL,
		    NULL, NULL, "role mismatch" },
		[BGP_ERROR_UPDATE] = { NULL, "malformed attribute list", "unrecognized well-known attribute",
		    "missing well-known attribute", "attribute flags error", "attribute length error",
		    "invalid ORIGIN attribute", NULL, "invalid NEXT_HOP attribute", "optional attribute error",
		    "invalid network field", "malformed AS_PATH" },
		[BGP_ERROR_FSM] = { NULL, "unexpected message in OpenSent", "unexpected message in OpenConfirm",
		    "unexpected message in Established" },
		[BGP_ERROR_CEASE] = { NULL, "maximum number of prefixes reached", "administrative shutdown",
		    "peer de-configured", "administrative reset", "connection rejected", "other configuration change",
		    "connection collision resolution", "out of resources", "hard reset", "BFD down" },
		[BGP_ERROR_REFRESH] = { NULL, "invalid message length" },
	};
	const char *text = code < BGP_ERRORS && subcode < 12 ? texts[code][subcode] : NULL;

	if (text)
		snprintf(out, 96, "%s: %s", codes[code], text);
	else if (code < BGP_ERRORS && !subcode)
		snprintf(out, 96, "%s", codes[code]);
	else
		snprintf(out, 96, "error %u/%u", code, subcode);
	return out;
}

/* --- the frame --- */

static const uint8_t marker[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };

/* How long a message of a type is at least, 6.1. */
static size_t
least(enum bgp_message_type type)
{
	switch (type) {
	case BGP_OPEN: return 29;
	case BGP_UPDATE: return 23;
	case BGP_NOTIFICATION: return 21;
	default: return BGP_HEADER_BYTES; /* a ROUTE-REFRESH has an error of its own */
	}
}

static size_t
at_most(enum bgp_message_type type, size_t most)
{
	if (type == BGP_KEEPALIVE)
		return BGP_HEADER_BYTES;
	return type == BGP_OPEN ? BGP_MESSAGE_MAX : most;
}

enum bgp_frame
bgp_read_frame(const uint8_t *bytes, size_t size, size_t most, enum bgp_message_type *ret_type,
    struct wire_reader *ret_body, size_t *ret_size, struct bgp_fault *why)
{
	struct wire_reader r = wire_reader(bytes, size);

	if (size < BGP_HEADER_BYTES)
		return BGP_FRAME_SHORT;
	if (memcmp(wire_bytes(&r, sizeof marker), marker, sizeof marker) != 0) {
		*why = bgp_fault(BGP_ERROR_HEADER, BGP_HEADER_NOT_SYNCHRONIZED, NULL, 0);
		return BGP_FRAME_BAD;
	}
	uint16_t length = wire_u16(&r);
	uint8_t type = wire_u8(&r);
	if (type == 0 || type >= BGP_MESSAGE_TYPES) {
		*why = bgp_fault(BGP_ERROR_HEADER, BGP_HEADER_BAD_TYPE, bytes + 18, 1);
		return BGP_FRAME_BAD;
	}
	*ret_type = (enum bgp_message_type)type;
	if (length < least(*ret_type) || length > at_most(*ret_type, most)) {
		*why = bgp_fault(BGP_ERROR_HEADER, BGP_HEADER_BAD_LENGTH, bytes + 16, 2);
		return BGP_FRAME_BAD;
	}
	if (size < length)
		return BGP_FRAME_SHORT;
	*ret_size = length;
	*ret_body = wire_sub(&r, (size_t)length - BGP_HEADER_BYTES);
	return BGP_FRAME_WHOLE;
}

struct wire_mark
bgp_begin(struct wire_writer *w, enum bgp_message_type type)
{
	wire_put_bytes(w, marker, sizeof marker);
	struct wire_mark m = wire_hold_u16(w);
	wire_put_u8(w, (uint8_t)type);
	return m;
}

void
bgp_end(struct wire_writer *w, struct wire_mark m)
{
	wire_fill_total(w, m, sizeof marker);
}

/* --- the others --- */

void
bgp_write_keepalive(struct wire_writer *w)
{
	bgp_end(w, bgp_begin(w, BGP_KEEPALIVE));
}

void
bgp_write_notification(struct wire_writer *w, const struct bgp_fault *f)
{
	struct wire_mark m = bgp_begin(w, BGP_NOTIFICATION);

	wire_put_u8(w, f->code);
	wire_put_u8(w, f->subcode);
	wire_put_bytes(w, f->data, f->size);
	bgp_end(w, m);
}

struct bgp_fault
bgp_read_notification(struct wire_reader body)
{
	uint8_t code = wire_u8(&body);
	uint8_t subcode = wire_u8(&body);
	size_t size = wire_left(&body);

	return bgp_fault((enum bgp_error)code, subcode, wire_bytes(&body, size), size);
}

bool
bgp_read_refresh(
    struct wire_reader body, enum bgp_family *ret_family, enum bgp_refresh *ret_kind, struct bgp_fault *why)
{
	uint16_t afi = wire_u16(&body);
	uint8_t kind = wire_u8(&body);
	uint8_t safi = wire_u8(&body);

	*why = (struct bgp_fault){ 0 };
	if (!wire_ok(&body) || (kind != BGP_REFRESH_NORMAL && !wire_done(&body))) {
		*why = bgp_fault(BGP_ERROR_REFRESH, 1, body.base, body.size);
		return false;
	}
	*ret_kind = (enum bgp_refresh)kind;
	return kind <= BGP_REFRESH_END && bgp_family_of(afi, safi, ret_family);
}

void
bgp_write_refresh(struct wire_writer *w, enum bgp_family family, enum bgp_refresh kind)
{
	struct wire_mark m = bgp_begin(w, BGP_REFRESH);

	wire_put_u16(w, bgp_afi(family));
	wire_put_u8(w, (uint8_t)kind);
	wire_put_u8(w, bgp_safi(family));
	bgp_end(w, m);
}
