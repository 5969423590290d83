/*
 * AS paths. Every function walks segments with the cursor; none allocates.
 */
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/message.h"

enum { SEGMENT_MOST = 255 };

struct segment {
	uint8_t type, count;
	struct wire_reader numbers;
};

static bool
next_segment(struct wire_reader *r, unsigned as_bytes, struct segment *ret)
{
	if (!wire_left(r))
		return false;
	ret->type = wire_u8(r);
	ret->count = wire_u8(r);
	ret->numbers = wire_sub(r, (size_t)ret->count * as_bytes);
	return wire_ok(r);
}

static uint32_t
next_as(struct wire_reader *r, unsigned as_bytes)
{
	if (as_bytes == 2)
		return wire_u16(r);
	return wire_u32(r);
}

bool
as_path_is_good(struct wire_reader r, unsigned as_bytes)
{
	struct segment s;

	while (next_segment(&r, as_bytes, &s))
		if (s.type < AS_SET || s.type > AS_CONFED_SET || !s.count)
			return false;
	return wire_done(&r);
}

/* Numbers for the comparison of lengths in RFC 6793 4.2.3: as as_path_length(). */
static unsigned
length(struct wire_reader r, unsigned as_bytes)
{
	struct segment s;
	unsigned n = 0;

	while (next_segment(&r, as_bytes, &s))
		n += s.type == AS_SEQUENCE ? s.count : s.type == AS_SET ? 1 : 0;
	return n;
}

unsigned
as_path_length(struct wire_reader r)
{
	return length(r, 4);
}

static void
put_segment(struct wire_writer *out, const struct segment *s, unsigned count, unsigned from_bytes)
{
	struct wire_reader numbers = s->numbers;

	if (!count)
		return;
	wire_put_u8(out, s->type);
	wire_put_u8(out, (uint8_t)count);
	for (unsigned i = 0; i < count; i++)
		wire_put_u32(out, next_as(&numbers, from_bytes));
}

void
as_path_widen(struct wire_reader path, struct wire_reader as4, struct wire_writer *out)
{
	unsigned all = length(path, 2), known = length(as4, 4);
	unsigned keep = known && known <= all ? all - known : all; /* from the front: what AS4_PATH does not say */
	struct segment s;

	while (next_segment(&path, 2, &s)) {
		unsigned worth = s.type == AS_SEQUENCE ? s.count : s.type == AS_SET ? 1 : 0;
		if (worth && !keep)
			break;
		unsigned count = s.type == AS_SEQUENCE && s.count > keep ? keep : s.count;
		put_segment(out, &s, count, 2);
		keep -= worth > keep ? keep : worth;
	}
	if (known && known <= all)
		while (next_segment(&as4, 4, &s))
			if (s.type == AS_SEQUENCE || s.type == AS_SET) /* confederations have no place there */
				put_segment(out, &s, s.count, 4);
}

bool
as_path_narrow(struct wire_reader r, struct wire_writer *out)
{
	struct segment s;
	bool large = false;

	while (next_segment(&r, 4, &s)) {
		wire_put_u8(out, s.type);
		wire_put_u8(out, s.count);
		for (unsigned i = 0; i < s.count; i++) {
			uint32_t as = wire_u32(&s.numbers);
			large |= as > UINT16_MAX;
			wire_put_u16(out, as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)as);
		}
	}
	return large;
}

uint32_t
as_path_first(struct wire_reader r)
{
	struct segment s;

	while (next_segment(&r, 4, &s)) {
		if (s.type == AS_SEQUENCE)
			return wire_u32(&s.numbers);
		if (s.type == AS_SET)
			return 0;
	}
	return 0;
}

uint32_t
as_path_origin(struct wire_reader r)
{
	struct segment s;
	uint32_t last = 0;

	while (next_segment(&r, 4, &s)) {
		if (s.type == AS_SET)
			last = 0;
		while (s.type == AS_SEQUENCE && wire_left(&s.numbers))
			last = wire_u32(&s.numbers);
	}
	return last;
}

unsigned
as_path_count(struct wire_reader r, uint32_t as)
{
	struct segment s;
	unsigned n = 0;

	while (next_segment(&r, 4, &s))
		while (wire_left(&s.numbers))
			n += wire_u32(&s.numbers) == as;
	return n;
}

bool
as_path_has_set(struct wire_reader r)
{
	struct segment s;

	while (next_segment(&r, 4, &s))
		if (s.type == AS_SET || s.type == AS_CONFED_SET)
			return true;
	return false;
}

void
as_path_prepend(struct wire_reader r, uint32_t as, unsigned times, struct wire_writer *out)
{
	struct wire_reader first = r;
	struct segment s = { 0 };
	bool joins = next_segment(&first, 4, &s) && s.type == AS_SEQUENCE && s.count + times <= SEGMENT_MOST;

	if (!times || times > SEGMENT_MOST) {
		wire_put_bytes(out, r.base, r.size);
		return;
	}
	wire_put_u8(out, AS_SEQUENCE);
	wire_put_u8(out, (uint8_t)(times + (joins ? s.count : 0)));
	for (unsigned i = 0; i < times; i++)
		wire_put_u32(out, as);
	if (joins)
		wire_put_bytes(out, s.numbers.base, s.numbers.size);
	if (joins)
		wire_put_bytes(out, first.base + first.at, wire_left(&first));
	else
		wire_put_bytes(out, r.base, r.size);
}

void
as_path_replace(struct wire_reader r, uint32_t what, uint32_t with, struct wire_writer *out)
{
	struct segment s;

	while (next_segment(&r, 4, &s)) {
		wire_put_u8(out, s.type);
		wire_put_u8(out, s.count);
		while (wire_left(&s.numbers)) {
			uint32_t as = wire_u32(&s.numbers);
			wire_put_u32(out, as == what ? with : as);
		}
	}
}

void
as_path_text(struct wire_reader r, struct text *out)
{
	static const char *const open[] = { "", "{", "", "(", "[" }, *const close[] = { "", "}", "", ")", "]" };
	const char *gap = "";
	struct segment s;

	while (next_segment(&r, 4, &s)) {
		text_add(out, "%s%s", gap, s.type <= AS_CONFED_SET ? open[s.type] : "");
		gap = "";
		while (wire_left(&s.numbers)) {
			text_add(out, "%s%u", gap, wire_u32(&s.numbers));
			gap = " ";
		}
		text_add(out, "%s", s.type <= AS_CONFED_SET ? close[s.type] : "");
		gap = " ";
	}
}
