/*
 * The cursor over bytes from and to the wire: the only place that does arithmetic on them.
 */
#include "base/wire.h"
#include <string.h>

struct wire_reader
wire_reader(const void *bytes, size_t size)
{
	return (struct wire_reader){ .base = bytes, .size = size, .short_at = WIRE_OK };
}

size_t
wire_left(const struct wire_reader *r)
{
	return wire_ok(r) ? r->size - r->at : 0;
}

const uint8_t *
wire_bytes(struct wire_reader *r, size_t n)
{
	if (!wire_ok(r))
		return NULL;
	if (r->size - r->at < n) {
		r->short_at = r->at;
		return NULL;
	}
	const uint8_t *p = r->base + r->at;
	r->at += n;
	return p;
}

static uint64_t
number(struct wire_reader *r, size_t n)
{
	const uint8_t *p = wire_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
wire_u8(struct wire_reader *r)
{
	return (uint8_t)number(r, 1);
}

uint16_t
wire_u16(struct wire_reader *r)
{
	return (uint16_t)number(r, 2);
}

uint32_t
wire_u24(struct wire_reader *r)
{
	return (uint32_t)number(r, 3);
}

uint32_t
wire_u32(struct wire_reader *r)
{
	return (uint32_t)number(r, 4);
}

uint64_t
wire_u64(struct wire_reader *r)
{
	return number(r, 8);
}

struct wire_reader
wire_sub(struct wire_reader *r, size_t n)
{
	const uint8_t *p = wire_bytes(r, n);
	struct wire_reader sub = wire_reader(p, p ? n : 0);

	if (!p)
		sub.short_at = 0;
	return sub;
}

struct wire_writer
wire_writer(void *bytes, size_t size)
{
	return (struct wire_writer){ .base = bytes, .size = size };
}

void
wire_put_bytes(struct wire_writer *w, const void *p, size_t n)
{
	if (w->full || w->size - w->at < n) {
		w->full = true;
		return;
	}
	if (n)
		memcpy(w->base + w->at, p, n);
	w->at += n;
}

static void
put_number(struct wire_writer *w, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	for (size_t i = n; i > 0; i--) {
		bytes[i - 1] = (uint8_t)v;
		v >>= 8;
	}
	wire_put_bytes(w, bytes, n);
}

void
wire_put_u8(struct wire_writer *w, uint8_t v)
{
	put_number(w, v, 1);
}

void
wire_put_u16(struct wire_writer *w, uint16_t v)
{
	put_number(w, v, 2);
}

void
wire_put_u24(struct wire_writer *w, uint32_t v)
{
	put_number(w, v, 3);
}

void
wire_put_u32(struct wire_writer *w, uint32_t v)
{
	put_number(w, v, 4);
}

void
wire_put_u64(struct wire_writer *w, uint64_t v)
{
	put_number(w, v, 8);
}

struct wire_mark
wire_hold_u16(struct wire_writer *w)
{
	struct wire_mark m = { w->at };

	wire_put_u16(w, 0);
	return m;
}

static void
fill(struct wire_writer *w, struct wire_mark m, size_t n)
{
	if (w->full)
		return;
	w->base[m.at] = (uint8_t)(n >> 8);
	w->base[m.at + 1] = (uint8_t)n;
}

void
wire_fill_length(struct wire_writer *w, struct wire_mark m)
{
	fill(w, m, w->at - m.at - 2);
}

void
wire_fill_total(struct wire_writer *w, struct wire_mark m, size_t before)
{
	fill(w, m, w->at - m.at + before);
}
