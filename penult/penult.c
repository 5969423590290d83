/*
 * penult: one program over all daemons. Loads a configuration into them as one, and prints the one that runs.
 *
 *   penult check FILE                       asks every running daemon whether it would take the file
 *   penult load FILE                        has every running daemon take it, if all would
 *   penult display current-configuration    prints what runs, in the form in which it can be loaded
 *
 * Loading has two phases. In the first every daemon reads the whole text into a candidate and says what is wrong with it.
 * Only when none objects does the second begin: the file becomes router.conf (in one step, so that a daemon that starts
 * from now on reads the new one), then each daemon is told to apply its candidate. A daemon that started between the
 * phases may have read the old file: it is given the candidate again. A daemon opens its bus before it reads its file, so
 * one that cannot be reached once the file is there has yet to read it. So a load that was refused has changed nothing,
 * and one that went through is in force in every daemon, now or when it comes back.
 */
#include "base/arena.h"
#include "base/mem.h"
#include "base/wire.h"
#include "host/candidate.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT (60 * USEC_PER_SEC)
enum { OK, FAILED, USAGE };

static const char *const daemons[] = { "fibd", "ldpd" };
static const char *run_dir = "/run/penult", *config_path = "/etc/penult/router.conf";

struct member { /* a daemon and what it said */
	const char *name;
	struct bus_client *bus; /* NULL: it does not run */
	bool away;
};
static struct member members[COUNT(daemons)];
static struct arena arena;
static uint64_t number; /* of the candidate */

static int
complain(const char *format, const char *what, const char *why)
{
	fputs("penult: ", stderr);
	fprintf(stderr, format, what, why);
	fputc('\n', stderr);
	return FAILED;
}

static unsigned
connect_all(void)
{
	unsigned running = 0;
	char why[256];

	for (size_t i = 0; i < COUNT(members); i++) {
		members[i].name = daemons[i];
		members[i].bus = bus_client_open(run_dir, daemons[i], why);
		members[i].away = !members[i].bus;
		running += !members[i].away;
	}
	return running;
}

static int
ask(struct member *m, const char *verb, const void *bytes, size_t size, struct bus_answer *ret, char why[256])
{
	uint8_t *request = arena_take(&arena, size + 8);
	struct wire_writer w = wire_writer(request, size + 8);

	wire_put_u64(&w, number);
	wire_put_bytes(&w, bytes, size);
	return bus_client_request(m->bus, verb, request, size + 8, WAIT, &arena, ret, why);
}

/* --- reading --- */

static char *
read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	struct text all = { 0 };
	char piece[65536];
	size_t n;

	if (!f) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		all.chars = mem_resize(all.chars, all.size + n + 1);
		memcpy(all.chars + all.size, piece, n);
		all.size += n;
	}
	int error = ferror(f) ? errno : 0;
	fclose(f);
	if (error) {
		complain("%s: %s", path, strerror(error));
		text_free(&all);
		return NULL;
	}
	*ret_size = all.size;
	return all.chars ? all.chars : mem_zalloc(1);
}

/* --- the first phase --- */

/* What the daemons say, each sentence once: what is wrong for all of them is said by all of them. */
static char **said;
static size_t said_count;

static void
note_lines(const char *text)
{
	char *copy = mem_text(text), *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t i = 0;
		while (i < said_count && strcmp(said[i], line) != 0)
			i++;
		if (i < said_count)
			continue;
		said = mem_resize(said, (said_count + 1) * sizeof *said);
		said[said_count++] = mem_text(line);
	}
	free(copy);
}

static int
line_of(const char *s)
{
	const char *colon = strchr(s, ':');

	return colon ? atoi(colon + 1) : 0;
}

static int
by_line(const void *a, const void *b)
{
	return line_of(*(char *const *)a) - line_of(*(char *const *)b);
}

static void
say_lines(void)
{
	if (said_count)
		qsort(said, said_count, sizeof *said, by_line);
	for (size_t i = 0; i < said_count; i++) {
		fprintf(stderr, "%s\n", said[i]);
		free(said[i]);
	}
	free(said);
	said = NULL;
	said_count = 0;
}

/* 0, or a positive status when the daemon objects or cannot be asked; says what it has to say. */
static int
check_one(struct member *m, const char *path, const char *text, size_t size)
{
	struct bus_answer answer = { 0 };
	char why[256] = "";
	int r = ask(m, CANDIDATE_BEGIN, path, strlen(path), &answer, why);

	for (size_t at = 0; r == 0 && !answer.status && at < size; at += CANDIDATE_PIECE) {
		size_t n = size - at < CANDIDATE_PIECE ? size - at : CANDIDATE_PIECE;
		r = ask(m, CANDIDATE_ADD, text + at, n, &answer, why);
		if (r == 0 && answer.status)
			break;
	}
	if (r == 0 && !answer.status)
		r = ask(m, CANDIDATE_CHECK, NULL, 0, &answer, why);
	if (r < 0)
		return complain("%s: %s", m->name, why);
	if (answer.text && *answer.text)
		note_lines(answer.text);
	else if (answer.status)
		return complain("%s: %s", m->name, strerror(answer.status));
	return answer.status ? FAILED : OK;
}

static int
check_all(const char *path, const char *text, size_t size)
{
	int status = OK;

	for (size_t i = 0; i < COUNT(members); i++)
		if (!members[i].away && check_one(&members[i], path, text, size) != OK)
			status = FAILED;
	say_lines();
	for (size_t i = 0; i < COUNT(members) && status == OK; i++)
		if (members[i].away)
			fprintf(stderr,
			    "penult: %s does not run: its lines were only looked up; it reads them when it starts\n",
			    members[i].name);
	return status;
}

/* --- the second phase --- */

/* As the file before, so that the daemons, which are nobody special, can read this one too. */
static int
keep_owner(int fd, const struct stat *old)
{
	struct stat new;

	if (fstat(fd, &new) != 0)
		return -1;
	if ((new.st_uid != old->st_uid &&fchown(fd, old->st_uid, (gid_t)-1) != 0 && geteuid() == 0) ||
	    (new.st_gid != old->st_gid &&fchown(fd, (uid_t)-1, old->st_gid) != 0))
		return -1;
	return fchmod(fd, old->st_mode & 0777);
}

/* The file takes the other's place in one step, and is on the disk before anybody counts on it. */
static int
replace_file(const char *text, size_t size)
{
	char temporary[4096];
	struct stat old;
	int dir;

	if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", config_path) >= sizeof temporary)
		return complain("%s: %s", config_path, "the name is too long");
	bool there = stat(config_path, &old) == 0;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return complain("%s: %s", temporary, strerror(errno));
	if (there && keep_owner(fd, &old) != 0) {
		int error = errno;
		close(fd);
		unlink(temporary);
		return complain(
		    "%s cannot be given the group and mode of the file before: %s", config_path, strerror(error));
	}
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, text + at, size - at);
		if (n < 0 && errno != EINTR) {
			int error = errno;
			close(fd);
			unlink(temporary);
			return complain("%s: %s", temporary, strerror(error));
		}
		at += n > 0 ? (size_t)n : 0;
	}
	if (fsync(fd) != 0 || close(fd) != 0 || rename(temporary, config_path) != 0) {
		int error = errno;
		unlink(temporary);
		return complain("%s: %s", config_path, strerror(error));
	}
	char *slash = strrchr(temporary, '/');
	if (slash)
		*slash = '\0';
	dir = open(slash ? temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		fsync(dir);
		close(dir);
	}
	return OK;
}

static int
apply_one(struct member *m, const char *path, const char *text, size_t size)
{
	struct bus_answer answer = { 0 };
	char why[256] = "";
	int r = m->bus ? ask(m, CANDIDATE_APPLY, NULL, 0, &answer, why) : -ECONNREFUSED;

	if (r < 0 || answer.status == ESTALE) { /* it has started anew since it was asked */
		bus_client_close(m->bus);
		m->bus = bus_client_open(run_dir, m->name, why);
		if (!m->bus) {
			if (!m->away)
				fprintf(stderr,
				    "penult: %s has stopped: it reads the new configuration when it starts\n", m->name);
			return OK;
		}
		if (check_one(m, path, text, size) != OK) {
			say_lines();
			return FAILED;
		}
		r = ask(m, CANDIDATE_APPLY, NULL, 0, &answer, why);
	}
	if (r < 0)
		return complain("%s: %s", m->name, why);
	if (answer.status)
		return complain("%s: %s", m->name, answer.text ? answer.text : strerror(answer.status));
	if (answer.text && *answer.text)
		fputs(answer.text, stdout);
	return OK;
}

static int
load(const char *path, bool apply)
{
	size_t size;
	char *text = read_file(path, &size);
	int status = OK;

	if (!text)
		return FAILED;
	if (!connect_all()) {
		free(text);
		return complain("no daemon runs in %s%s", run_dir, "; nothing was checked, nothing changed");
	}
	status = check_all(path, text, size);
	if (status == OK && apply)
		status = replace_file(text, size);
	for (size_t i = 0; i < COUNT(members) && status == OK && apply; i++)
		status = apply_one(&members[i], path, text, size);
	if (status != OK && apply)
		fputs("penult: the configuration was not taken\n", stderr);
	free(text);
	return status;
}

/* --- display --- */

static int
display_configuration(void)
{
	struct conf_lines lines = { 0 };
	struct text out = { 0 };
	int status = OK;

	if (!connect_all())
		return complain("no daemon runs in %s%s", run_dir, "");
	for (size_t i = 0; i < COUNT(members); i++) {
		struct bus_answer answer = { 0 };
		char why[256] = "it does not run";
		int r = members[i].bus
			    ? bus_client_request(members[i].bus, CANDIDATE_PRINT, NULL, 0, WAIT, &arena, &answer, why)
			    : -ECONNREFUSED;
		if (r == 0 && !conf_lines_unpack(answer.bytes ? answer.bytes : "", answer.size, &lines)) {
			snprintf(why, sizeof why, "its answer cannot be read; is it of another version?");
			r = -EPROTO;
		}
		if (r < 0)
			status = complain("the lines of %s are missing: %s", members[i].name, why);
	}
	conf_lines_print(&lines, &out);
	fputs(text_chars(&out), stdout);
	conf_lines_free(&lines);
	text_free(&out);
	return status;
}

static int
usage(FILE *to)
{
	fputs("usage: penult [-r RUNDIR] [-c ROUTER.CONF] check FILE\n"
	      "       penult [-r RUNDIR] [-c ROUTER.CONF] load FILE\n"
	      "       penult [-r RUNDIR] display current-configuration\n",
	    to);
	return to == stdout ? OK : USAGE;
}

static bool
is(const char *word, const char *whole)
{
	size_t n = strlen(word);

	return n >= 3 && strncmp(word, whole, n) == 0;
}

int
main(int argc, char **argv)
{
	int option, status = USAGE;

	while ((option = getopt(argc, argv, "+r:c:h")) != -1)
		switch (option) {
		case 'r': run_dir = optarg; break;
		case 'c': config_path = optarg; break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	argv += optind;
	argc -= optind;
	if (getrandom(&number, sizeof number, 0) != sizeof number || !number)
		number = (uint64_t)getpid() + 1;
	if (argc == 2 && (strcmp(argv[0], "check") == 0 || strcmp(argv[0], "load") == 0))
		status = load(argv[1], strcmp(argv[0], "load") == 0);
	else if (argc == 2 && (is(argv[0], "display") || is(argv[0], "show")) && is(argv[1], "current-configuration"))
		status = display_configuration();
	else
		usage(stderr);
	for (size_t i = 0; i < COUNT(members); i++)
		bus_client_close(members[i].bus);
	arena_free(&arena);
	return status;
}
