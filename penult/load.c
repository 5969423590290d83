/*
 * A configuration is loaded in all daemons as in one, in two phases.
 *
 * In the first, every daemon reads the whole text into a candidate and says what is wrong with it; for one that does not
 * run its lines are read here, by its own rows. Only when nobody objects does the second begin: the file becomes router.conf, in one step,
 * and then each daemon is told to apply its candidate. What is guaranteed:
 *
 * - A load that is refused in the first phase has changed nothing. One that ends well is in force everywhere.
 * - From the moment the file is there it is the configuration; no daemon can come up with the old one for good. A daemon
 *   opens its bus before it reads its file, so one that cannot be reached now has yet to read the new file; one that has
 *   started since it was asked no longer knows the candidate, and is given it again. To be given it twice does no harm.
 * - A signal does not interrupt the second phase. If this program is killed in it, the daemons that were not told yet are
 *   still on the old configuration: the file is the new one, and a reload or another load completes it.
 *
 * Two loads in one run directory wait for each other.
 */
#include "base/mem.h"
#include "base/wire.h"
#include "host/candidate.h"
#include "penult/penult.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

struct load {
	struct group group;
	const char *file; /* as the operator named it */
	char *text;
	size_t size;
	char path[PATH_MAX]; /* of router.conf; "" when nobody has said */
	uint64_t number;     /* of the candidate */
	/* What the daemons say, each sentence once: what is wrong for all of them is said by all of them. */
	char **said;
	size_t said_count;
};

static int
ask(struct load *l, struct member *m, const char *verb, const void *bytes, size_t size, struct bus_answer *ret,
    char why[256])
{
	uint8_t *request = arena_take(&l->group.arena, size + 8);
	struct wire_writer w = wire_writer(request, size + 8);

	wire_put_u64(&w, l->number);
	wire_put_bytes(&w, bytes, size);
	return member_ask(&l->group, m, verb, request, size + 8, ret, why);
}

/* --- what they say --- */

static void
note_lines(struct load *l, const char *text)
{
	char *copy = mem_text(text), *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t i = 0;
		while (i < l->said_count && strcmp(l->said[i], line) != 0)
			i++;
		if (i < l->said_count)
			continue;
		l->said = mem_resize(l->said, (l->said_count + 1) * sizeof *l->said);
		l->said[l->said_count++] = mem_text(line);
	}
	free(copy);
}

/* FILE:LINE: …; the file's name may have a colon too. */
static int
by_line(const void *a, const void *b, void *ctx)
{
	const struct load *l = ctx;
	size_t name = strlen(l->file);
	int line[2];

	for (int i = 0; i < 2; i++) {
		const char *s = *(char *const *)(i ? b : a);
		line[i] = strncmp(s, l->file, name) == 0 && s[name] == ':' ? atoi(s + name + 1) : 0;
	}
	return (line[0] > line[1]) - (line[0] < line[1]);
}

static void
say_lines(struct load *l)
{
	if (l->said_count)
		qsort_r(l->said, l->said_count, sizeof *l->said, by_line, l);
	for (size_t i = 0; i < l->said_count; i++) {
		fprintf(stderr, "%s\n", l->said[i]);
		free(l->said[i]);
	}
	free(l->said);
	l->said = NULL;
	l->said_count = 0;
}

/* Goes with the process. Whoever may not even open the folder is refused soon enough. */
static void
take_turn(const char *run_dir)
{
	int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return;
	fputs("penult: another one is at it; waiting for it to end\n", stderr);
	flock(fd, LOCK_EX);
}

/* --- the first phase --- */

/* The file that the daemons read when they start, from themselves: to replace another one would be of no use. */
static int
note_path(struct load *l, const struct member *m, const struct bus_answer *a)
{
	size_t n = a->size;

	if (!n || n >= sizeof l->path)
		return complain("%s does not name its configuration file; is it of another version?", m->face->name);
	if (*l->path && (strlen(l->path) != n || memcmp(l->path, a->bytes, n) != 0))
		return complain("%s reads %.*s, another one reads %s: start them with the same file", m->face->name,
		    (int)n, (const char *)a->bytes, l->path);
	memcpy(l->path, a->bytes, n);
	l->path[n] = '\0';
	return OK;
}

static int
compare_path(const struct load *l, const char *given)
{
	char *real = given ? realpath(given, NULL) : NULL;
	bool same = !given || !*l->path || strcmp(real ? real : given, l->path) == 0;

	free(real);
	return same ? OK
		    : complain("the router reads %s, not %s: leave -c out, or start it with that file", l->path, given);
}

/* What a daemon that is there says; says itself why it cannot be asked. */
static int
check_running(struct load *l, struct member *m)
{
	struct bus_answer answer = { 0 };
	char why[256] = "";
	int r = ask(l, m, CANDIDATE_BEGIN, l->file, strlen(l->file), &answer, why);

	for (size_t at = 0; r == 0 && !answer.status && at < l->size; at += CANDIDATE_PIECE) {
		size_t n = l->size - at < CANDIDATE_PIECE ? l->size - at : CANDIDATE_PIECE;
		r = ask(l, m, CANDIDATE_ADD, l->text + at, n, &answer, why);
	}
	if (r == 0 && !answer.status)
		r = ask(l, m, CANDIDATE_CHECK, NULL, 0, &answer, why);
	if (r < 0)
		return complain("%s: %s", m->face->name, why);
	if (answer.text && *answer.text)
		note_lines(l, answer.text);
	else if (answer.status)
		return complain("%s: %s", m->face->name, strerror(answer.status));
	return answer.status ? FAILED : note_path(l, m, &answer);
}

/* In place of one that is not there: by its own rows. */
static int
check_away(struct load *l, struct member *m)
{
	struct conf_errors errors = { 0 };
	struct conf_lines lines = { 0 };
	void *conf = m->face->conf->fresh();
	int r = conf_read_bytes(l->file, l->text, l->size, m->face->conf->rows, conf, &errors);

	if (r == 0)
		r = conf_check(m->face->conf, l->file, conf, &errors);
	note_lines(l, text_chars(&errors.text));
	if (r == 0)
		m->face->print(conf, &lines);
	m->meant = lines.count;
	conf_lines_free(&lines);
	conf_errors_free(&errors);
	m->face->conf->drop(conf);
	return r == 0 ? OK : FAILED;
}

static int
check_all(struct load *l)
{
	int status = OK;

	for (size_t i = 0; i < DAEMONS; i++) {
		struct member *m = &l->group.members[i];
		if ((m->away ? check_away(l, m) : check_running(l, m)) != OK)
			status = FAILED;
	}
	say_lines(l);
	return status;
}

/* --- the second phase --- */

/* It has started anew since it was asked: once more from the beginning. 0, 1 when it does not run, -1 when it fails. */
static int
offer_again(struct load *l, struct member *m, struct bus_answer *ret, char why[256])
{
	int r = member_again(&l->group, m, why);

	if (r == -ECONNREFUSED)
		return 1;
	if (r == 0 && check_running(l, m) != OK) {
		say_lines(l);
		snprintf(why, 256, "it has started anew, and does not take the configuration now");
		return -1;
	}
	return r == 0 && ask(l, m, CANDIDATE_APPLY, NULL, 0, ret, why) == 0 && !ret->status ? 0 : -1;
}

static int
apply_one(struct load *l, struct member *m)
{
	struct bus_answer answer = { 0 };
	char why[256] = "";
	int r = m->away ? -ECONNREFUSED : ask(l, m, CANDIDATE_APPLY, NULL, 0, &answer, why);

	if (r == -ETIMEDOUT) /* what it was told waits in its socket */
		return complain("%s does not answer: it takes the new configuration when it does, or when it is "
				"started again",
		    m->face->name);
	if (r < 0 || answer.status == ESTALE)
		r = offer_again(l, m, &answer, why);
	if (r == 1) {
		if (m->meant || !m->away)
			fprintf(stderr, "penult: %s does not run: it reads the new configuration when it starts\n",
			    m->face->name);
		return OK;
	}
	if (r < 0 || answer.status)
		return complain("%s: %s", m->face->name,
		    r < 0         ? why
		    : answer.text ? answer.text
				  : strerror(answer.status));
	if (answer.text && *answer.text)
		fputs(answer.text, stdout);
	return OK;
}

static int
apply_all(struct load *l)
{
	int status = file_replace(l->path, l->text, l->size);

	if (status != OK)
		return complain("the configuration was not taken, nothing was changed");
	for (size_t i = 0; i < DAEMONS; i++)
		if (apply_one(l, &l->group.members[i]) != OK)
			status = FAILED;
	if (status != OK)
		complain("%s is the new one, but not in force everywhere; see above, then load it again", l->path);
	return status;
}

static void
block_signals(void)
{
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGHUP);
	sigaddset(&all, SIGPIPE);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static int
run(struct load *l, const char *run_dir, const char *config_path, bool apply)
{
	int status = group_open(&l->group, run_dir);

	if (status != OK)
		return status;
	if (apply && !l->group.running)
		return complain(
		    "no daemon runs in %s: nothing was changed; start them, or name their run directory with "
		    "-r",
		    run_dir);
	take_turn(run_dir);
	status = check_all(l);
	if (status == OK)
		status = compare_path(l, config_path);
	if (status != OK)
		return apply ? complain("the configuration was not taken, nothing was changed") : status;
	for (size_t i = 0; i < DAEMONS && !apply; i++)
		if (l->group.members[i].meant)
			fprintf(stderr, "penult: %s does not run: its lines were read here\n", daemons[i].name);
	if (!apply)
		return OK;
	block_signals();
	return apply_all(l);
}

int
load(const char *run_dir, const char *config_path, const char *file, bool apply)
{
	struct load l = { .file = file };

	if (getrandom(&l.number, sizeof l.number, 0) != sizeof l.number || !l.number)
		l.number = (uint64_t)getpid() + 1;
	if (!(l.text = file_read(file, &l.size)))
		return FAILED;
	int status = run(&l, run_dir, config_path, apply);
	group_close(&l.group);
	free(l.text);
	return status;
}
