#ifndef BASE_WIRE_H
#define BASE_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reading: a borrowed view of bytes plus a cursor. The first read past the end
 * sets `short_at` to the offset that was missing; from then on every read
 * returns zero and moves nothing. Test once, with wire_ok(), at the end. */
struct wire_reader {
	const uint8_t *base;
	size_t size, at;
	size_t short_at; /* WIRE_OK or the offset of the first failed read */
};
#define WIRE_OK SIZE_MAX

struct wire_reader wire_reader(const void *bytes, size_t size);
uint8_t wire_u8(struct wire_reader *);
uint16_t wire_u16(struct wire_reader *);
uint32_t wire_u24(struct wire_reader *);
uint32_t wire_u32(struct wire_reader *);
uint64_t wire_u64(struct wire_reader *);
const uint8_t *wire_bytes(struct wire_reader *, size_t n);   /* NULL when short */
struct wire_reader wire_sub(struct wire_reader *, size_t n); /* born failed when short */
size_t wire_left(const struct wire_reader *);
static inline bool
wire_ok(const struct wire_reader *r)
{
	return r->short_at == WIRE_OK;
}
/* True when everything was read and nothing was missing. */
static inline bool
wire_done(const struct wire_reader *r)
{
	return wire_ok(r) && r->at == r->size;
}

/* Writing: a separate type, so a reader can never be written through. Sticky
 * too: the first write without room sets `full`, and nothing is written any more. */
struct wire_writer {
	uint8_t *base;
	size_t size, at;
	bool full;
};
/* A length field left open by wire_hold_u16(), closed by wire_fill_length(). */
struct wire_mark {
	size_t at;
};

struct wire_writer wire_writer(void *bytes, size_t size);
void wire_put_u8(struct wire_writer *, uint8_t);
void wire_put_u16(struct wire_writer *, uint16_t);
void wire_put_u24(struct wire_writer *, uint32_t);
void wire_put_u32(struct wire_writer *, uint32_t);
void wire_put_u64(struct wire_writer *, uint64_t);
void wire_put_bytes(struct wire_writer *, const void *, size_t);
struct wire_mark wire_hold_u16(struct wire_writer *);
void wire_fill_length(struct wire_writer *, struct wire_mark); /* bytes written since the mark */
/* The same where the length counts the mark itself and what stands before it, too. */
void wire_fill_total(struct wire_writer *, struct wire_mark, size_t before);
#endif
