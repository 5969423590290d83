/* What runs, printed in the form in which it can be loaded: each daemon says its lines, here they come together. */
#include "base/wire.h"
#include "host/candidate.h"
#include "penult/penult.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { ATTEMPTS = 10 }; /* at a configuration that is changed while it is read */

/* One text from pieces. 0; -EAGAIN when it has changed in between; negative errno and a sentence. */
static int
read_pieces(struct group *g, struct member *m, struct text *out, char why[256])
{
	struct bus_answer answer;
	uint32_t version = 0;
	uint64_t total = 1;

	text_clear(out);
	while (out->size < total) {
		uint8_t from[8];
		struct wire_writer w = wire_writer(from, sizeof from);
		wire_put_u64(&w, out->size);
		int r = member_ask(g, m, CANDIDATE_PRINT, from, sizeof from, &answer, why);
		if (r < 0)
			return r;
		struct wire_reader answered = wire_reader(answer.bytes, answer.size);
		uint32_t of = wire_u32(&answered);
		total = wire_u64(&answered);
		size_t n = wire_left(&answered);
		if (answer.status || !wire_ok(&answered) || (!n && out->size < total) || out->size + n > total) {
			snprintf(why, 256, "its answer cannot be read; is it of another version?");
			return -EPROTO;
		}
		if (out->size && of != version)
			return -EAGAIN;
		version = of;
		text_add(out, "%.*s", (int)n, (const char *)wire_bytes(&answered, n));
	}
	return 0;
}

static int
read_lines(struct group *g, struct member *m, struct conf_lines *lines, char why[256])
{
	struct text packed = { 0 };
	int r = -EAGAIN;

	snprintf(why, 256, "it changes all the time; try again");
	for (int i = 0; i < ATTEMPTS && r == -EAGAIN; i++)
		r = read_pieces(g, m, &packed, why);
	if (r == 0 && !conf_lines_unpack(text_chars(&packed), packed.size, lines)) {
		snprintf(why, 256, "its lines cannot be read; is it of another version?");
		r = -EPROTO;
	}
	text_free(&packed);
	return r;
}

/* The file that those read who run; "" when none of them says. */
static void
find_file(struct group *g, char out[PATH_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < DAEMONS && !*out; i++) {
		struct member *m = &g->members[i];
		struct bus_answer answer;
		char why[256];
		if (m->bus && member_ask(g, m, CANDIDATE_FILE, NULL, 0, &answer, why) == 0 && !answer.status &&
		    answer.size < PATH_MAX)
			snprintf(out, PATH_MAX, "%.*s", (int)answer.size, (const char *)answer.bytes);
	}
}

/*
 * What one that does not run would read when it starts: nobody runs by these lines, but they are part of this router's
 * configuration all the same. Many routers have no use for each of the daemons; then there are none.
 */
static int
read_away(const struct member *m, const char *path, struct conf_lines *lines)
{
	struct conf_errors errors = { 0 };
	void *conf = m->face->conf->fresh();
	size_t before = lines->count;
	int status = OK;

	if (!*path || conf_read_file(path, m->face->conf->rows, conf, &errors) != 0)
		status = complain("the lines of %s are missing: it does not run%s", m->face->name,
		    *path ? ", and the file it would read has errors" : "");
	else
		m->face->print(conf, lines);
	if (conf_lines_new(lines, before)) /* what another says too, that one runs by */
		status = complain("%s does not run: its lines are those of %s", m->face->name, path);
	conf_errors_free(&errors);
	m->face->conf->drop(conf);
	return status;
}

int
display_configuration(const char *run_dir)
{
	struct conf_lines lines = { 0 };
	struct text out = { 0 };
	char path[PATH_MAX];
	struct group g;
	int status = group_open(&g, run_dir);

	if (status == OK && !g.running)
		status = complain("no daemon runs in %s; name their run directory with -r", run_dir);
	if (status != OK) {
		group_close(&g);
		return status;
	}
	find_file(&g, path);
	for (size_t i = 0; i < DAEMONS; i++) {
		struct member *m = &g.members[i];
		char why[256];
		if (!m->away && read_lines(&g, m, &lines, why) < 0)
			status = complain("the lines of %s are missing: %s", m->face->name, why);
	}
	for (size_t i = 0; i < DAEMONS; i++)
		if (g.members[i].away && read_away(&g.members[i], path, &lines) != OK)
			status = FAILED;
	conf_lines_print(&lines, &out);
	fputs(text_chars(&out), stdout);
	if (fflush(stdout) != 0)
		status = complain("the output could not be written");
	conf_lines_free(&lines);
	text_free(&out);
	group_close(&g);
	return status;
}
