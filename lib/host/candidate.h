#ifndef HOST_CANDIDATE_H
#define HOST_CANDIDATE_H
#include "host/bus.h"
#include "host/conf.h"
#include "host/conf_print.h"

/*
 * How a daemon gets its configuration: from its file at the start and on a reload, or in two phases over the bus. In the
 * first, `penult` hands over the whole text and the daemon reads it into a candidate; in the second it applies that very
 * candidate. Nothing that runs is touched before. A candidate is named by a number that its sender chose, so that an
 * answer is never about somebody else's; a newer one takes the place of an older one.
 */
struct candidate_ops {
	const struct command *rows;
	void *(*fresh)(void);     /* a configuration with all defaults */
	void (*drop)(void *conf); /* frees one, NULL allowed */
	void (*apply)(
	    void *ctx, void *conf, struct text *notes); /* only the difference; what the operator should know */
	void (*print)(void *ctx, struct conf_lines *);  /* the one that runs */
};
struct candidate;
struct candidate *candidate_new(const struct candidate_ops *, void *ctx);
void candidate_free(struct candidate *);
void candidate_serve(struct candidate *, struct bus *); /* answers the program's requests */
/* Reads a file; with `apply` it takes effect. False: it has errors, which were logged; nothing was changed. */
bool candidate_load(struct candidate *, const char *path, bool apply);

/* The verbs. Each request begins with the candidate's number (eight bytes, big-endian), but for PRINT, which has none. */
#define CANDIDATE_BEGIN "candidate-begin" /* then the name of the file, for messages */
#define CANDIDATE_ADD "candidate-add"     /* then the next piece of the text */
#define CANDIDATE_CHECK "candidate-check" /* answers with errors and warnings as text; status EINVAL: it is refused */
#define CANDIDATE_APPLY \
	"candidate-apply" /* answers with notes; status ESTALE: there is no such candidate that was accepted */
#define CANDIDATE_PRINT "configuration" /* answers with packed lines as bytes */
enum { CANDIDATE_PIECE = 1 << 20 };
#endif
