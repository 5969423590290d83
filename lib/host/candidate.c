/* A daemon's side of loading a configuration: see candidate.h. */
#include "host/candidate.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/wire.h"
#include "host/host.h"
#include "host/log.h"
#include <errno.h>
#include <malloc.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
	const struct candidate_ops *ops;
	void *ctx;
	uint64_t number;
	char *name, *text;
	size_t size, room;
	void *conf; /* read and accepted, not applied yet */
	const char *path;
};

struct candidate *
candidate_new(const struct candidate_ops *ops, void *ctx)
{
	struct candidate *c = NEW(struct candidate);

	c->ops = ops;
	c->ctx = ctx;
	return c;
}

static void
forget(struct candidate *c)
{
	c->ops->kind->drop(c->conf);
	free(c->text);
	free(c->name);
	c->conf = NULL;
	c->text = c->name = NULL;
	c->size = c->room = 0;
	c->number = 0;
}

void
candidate_free(struct candidate *c)
{
	if (!c)
		return;
	forget(c);
	free(c);
}

bool
candidate_load(struct candidate *c, const char *path, bool apply)
{
	struct conf_errors errors = { 0 };
	struct text notes = { 0 };
	void *conf = c->ops->kind->fresh();
	bool good = conf_read_file(path, c->ops->kind->rows, conf, &errors) == 0 &&
		    conf_check(c->ops->kind, path, conf, &errors) == 0;

	conf_errors_log(&errors);
	conf_errors_free(&errors);
	if (good && apply)
		c->ops->apply(c->ctx, conf, &notes);
	text_free(&notes);
	c->ops->kind->drop(conf);
	malloc_trim(0); /* reading a large file took a multiple of what is kept of it */
	return good;
}

void
candidate_reload(struct candidate *c, struct host *host, const char *serves)
{
	if (candidate_load(c, c->path, true)) {
		log_line(LOG_LINE_NOTICE, "configuration read again");
		host_status(host, serves);
	} else {
		log_line(LOG_LINE_ERROR, "the configuration has errors: nothing was changed");
		host_status(host, "the configuration has errors: the one before is in force");
	}
}

/* --- requests --- */

/* The number at the front; false with an answer when it is not that of the candidate at hand. */
static bool
is_at_hand(struct candidate *c, struct wire_reader *r, struct bus_answer *answer)
{
	uint64_t number = wire_u64(r);

	if (wire_ok(r) && c->number && number == c->number)
		return true;
	answer->status = ESTALE;
	answer->text = "this candidate is not known any more: another one has come, or the daemon has started again";
	return false;
}

static void
on_begin(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct candidate *c = ctx;
	struct wire_reader r = wire_reader(bytes, size);
	uint64_t number = wire_u64(&r);

	(void)verb;
	(void)arena;
	if (!wire_ok(&r) || !number) {
		answer->status = EINVAL;
		answer->text = "no number";
		return;
	}
	forget(c);
	c->number = number;
	size_t n = wire_left(&r);
	c->name = mem_zalloc(n + 1);
	memcpy(c->name, wire_bytes(&r, n), n);
}

static void
on_add(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct candidate *c = ctx;
	struct wire_reader r = wire_reader(bytes, size);

	(void)verb;
	(void)arena;
	if (!is_at_hand(c, &r, answer))
		return;
	size_t n = wire_left(&r);
	if (c->size + n > CONF_MAX_BYTES) {
		answer->status = EFBIG;
		answer->text = "the configuration is larger than 64 MB";
		return;
	}
	if (c->size + n + 1 > c->room) {
		c->room = (c->size + n + 1) * 2;
		c->text = mem_resize(c->text, c->room);
	}
	memcpy(c->text + c->size, wire_bytes(&r, n), n);
	c->size += n;
}

static void
answer_path(const struct candidate *c, struct bus_answer *answer, struct arena *arena)
{
	char path[PATH_MAX];
	const char *real = realpath(c->path, path) ? path : c->path;

	answer->size = strlen(real);
	answer->bytes = arena_copy(arena, real, answer->size + 1);
}

static void
on_file(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	(void)verb;
	(void)bytes;
	(void)size;
	answer_path(ctx, answer, arena);
}

static void
on_check(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct candidate *c = ctx;
	struct wire_reader r = wire_reader(bytes, size);
	struct conf_errors errors = { 0 };

	(void)verb;
	if (!is_at_hand(c, &r, answer))
		return;
	c->ops->kind->drop(c->conf);
	c->conf = c->ops->kind->fresh();
	if (conf_read_bytes(c->name, c->text ? c->text : "", c->size, c->ops->kind->rows, c->conf, &errors) != 0 ||
	    conf_check(c->ops->kind, c->name, c->conf, &errors) != 0)
		answer->status = EINVAL;
	if (errors.text.size)
		answer->text = arena_copy(arena, text_chars(&errors.text), errors.text.size + 1);
	conf_errors_free(&errors);
	answer_path(c, answer, arena);
	log_line(LOG_LINE_INFO, "%s was offered as configuration: it would %s", c->name,
	    answer->status ? "not be taken" : "be taken");
	if (answer->status)
		forget(c);
}

static void
on_apply(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct candidate *c = ctx;
	struct wire_reader r = wire_reader(bytes, size);
	struct text notes = { 0 };

	(void)verb;
	if (!is_at_hand(c, &r, answer))
		return;
	if (!c->conf) {
		answer->status = ESTALE;
		answer->text = "this candidate was not checked";
		return;
	}
	log_line(LOG_LINE_NOTICE, "configuration loaded from %s", c->name);
	c->ops->apply(c->ctx, c->conf, &notes);
	if (notes.size)
		answer->text = arena_copy(arena, notes.chars, notes.size + 1);
	text_free(&notes);
	forget(c);
	malloc_trim(0);
}

static void
on_print(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct candidate *c = ctx;
	struct conf_lines lines = { 0 };
	struct text packed = { 0 };

	struct wire_reader r = wire_reader(bytes, size);
	uint64_t from = wire_u64(&r);

	(void)verb;
	c->ops->print(c->ctx, &lines);
	conf_lines_pack(&lines, &packed);
	from = wire_ok(&r) && from < packed.size ? from : packed.size;
	size_t n = packed.size - from < CANDIDATE_PIECE ? packed.size - from : CANDIDATE_PIECE;
	uint8_t *piece = arena_take(arena, CANDIDATE_PRINT_HEAD + n);
	struct wire_writer w = wire_writer(piece, CANDIDATE_PRINT_HEAD + n);
	wire_put_u32(&w, hash_bytes(text_chars(&packed), packed.size, 0));
	wire_put_u64(&w, packed.size);
	wire_put_bytes(&w, text_chars(&packed) + from, n);
	answer->bytes = piece;
	answer->size = CANDIDATE_PRINT_HEAD + n;
	conf_lines_free(&lines);
	text_free(&packed);
}

void
candidate_serve(struct candidate *c, struct bus *bus, const char *path)
{
	c->path = path;
	bus_on_request(bus, CANDIDATE_BEGIN, on_begin, c);
	bus_on_request(bus, CANDIDATE_ADD, on_add, c);
	bus_on_request(bus, CANDIDATE_CHECK, on_check, c);
	bus_on_request(bus, CANDIDATE_APPLY, on_apply, c);
	bus_on_request(bus, CANDIDATE_PRINT, on_print, c);
	bus_on_request(bus, CANDIDATE_FILE, on_file, c);
}
