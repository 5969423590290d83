#ifndef PENULT_PENULT_H
#define PENULT_PENULT_H
#include "base/arena.h"
#include "host/bus.h"
#include "host/conf.h"
#include "host/conf_print.h"
#include <stdbool.h>
#include <stddef.h>

/* What the files of this program share. */
enum { OK, FAILED, USAGE }; /* exit statuses */

int complain(const char *format, ...) __attribute__((format(printf, 1, 2))); /* on standard error; returns FAILED */

/* --- daemons.c: who there is, and asking them --- */
struct daemon_face {
	const char *name;
	const struct conf_kind *conf;
	void (*print)(const void *conf, struct conf_lines *);
};
enum { DAEMONS = 6 };
extern const struct daemon_face daemons[DAEMONS];

struct member { /* a daemon, running or not */
	const struct daemon_face *face;
	struct bus_client *bus; /* NULL: it does not run, or has stopped */
	bool away;              /* it did not run when we began */
	bool meant;             /* load: away, and the new configuration has lines for it */
};
struct group {
	struct member members[DAEMONS];
	const char *run_dir;
	unsigned running;
	struct arena arena; /* of the answers */
};
int group_open(struct group *, const char *run_dir); /* a status: one that cannot be reached is no group */
void group_close(struct group *);
/* 0, or negative errno and a sentence, as bus_client_request(). */
int member_ask(
    struct group *, struct member *, const char *verb, const void *, size_t, struct bus_answer *ret, char why[256]);
int member_again(struct group *, struct member *, char why[256]); /* connects anew; 0 or negative errno */

/* --- file.c: router.conf --- */
char *file_read(const char *path, size_t *ret_size); /* NULL: it has complained */
/* The new text takes the old one's place in one step, with its owner and mode. A status. */
int file_replace(const char *path, const char *text, size_t size);

/* --- load.c, display.c --- */
int load(const char *run_dir, const char *config_path, const char *file, bool apply); /* config_path may be NULL */
int display_configuration(const char *run_dir);
#endif
