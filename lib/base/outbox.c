/* Effects in order: entries in one array, their bytes in one arena that keeps its room. */
#include "base/outbox.h"
#include "base/mem.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct entry {
	struct effect effect; /* `bytes` and `instance` are set when it is read: the arena moves as it grows */
	size_t at, instance_at;
};

struct outbox {
	struct entry *entries;
	size_t count, entry_room;
	uint8_t *bytes;
	size_t used, byte_room;
};

struct outbox *
outbox_new(void)
{
	return NEW(struct outbox);
}

void
outbox_free(struct outbox *o)
{
	if (!o)
		return;
	free(o->entries);
	free(o->bytes);
	free(o);
}

/* Returns where in the arena it is. */
static size_t
keep(struct outbox *o, const void *bytes, size_t size)
{
	size_t at = o->used;

	if (o->byte_room - o->used < size) {
		o->byte_room = (o->used + size) * 2;
		o->bytes = mem_resize(o->bytes, o->byte_room);
	}
	if (size)
		memcpy(o->bytes + o->used, bytes, size);
	o->used += size;
	return at;
}

void
outbox_add(struct outbox *o, const struct effect *e)
{
	bool placed = e->instance && *e->instance;

	if (o->count == o->entry_room) {
		o->entry_room = o->entry_room ? o->entry_room * 2 : 16;
		o->entries = mem_resize(o->entries, o->entry_room * sizeof *o->entries);
	}
	struct entry *n = &o->entries[o->count++];
	n->effect = *e;
	n->at = keep(o, e->bytes, e->size);
	n->instance_at = placed ? keep(o, e->instance, strlen(e->instance) + 1) : SIZE_MAX;
}

void
outbox_log(struct outbox *o, int priority, uint32_t event, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_add(o, &(struct effect){ .kind = EFFECT_LOG,
			  .where = (uint32_t)priority,
			  .code = event,
			  .bytes = (const uint8_t *)line.chars,
			  .size = line.size + 1 });
	text_free(&line);
}

size_t
outbox_count(const struct outbox *o)
{
	return o->count;
}

struct effect
outbox_at(const struct outbox *o, size_t i)
{
	struct effect e = o->entries[i].effect;

	size_t instance = o->entries[i].instance_at;

	e.bytes = e.size ? o->bytes + o->entries[i].at : NULL;
	e.instance = instance == SIZE_MAX ? NULL : (const char *)o->bytes + instance;
	return e;
}

void
outbox_clear(struct outbox *o)
{
	o->count = o->used = 0;
}
