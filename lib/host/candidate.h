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
	const struct conf_kind *kind;
	void (*apply)(
	    void *ctx, void *conf, struct text *notes); /* only the difference; what the operator should know */
	void (*print)(void *ctx, struct conf_lines *);  /* the one that runs */
};
struct candidate;
struct candidate *candidate_new(const struct candidate_ops *, void *ctx);
void candidate_free(struct candidate *);
/* Answers the program's requests. `path`: the file that this daemon reads when it starts. */
void candidate_serve(struct candidate *, struct bus *, const char *path);
/* Reads a file; with `apply` it takes effect. False: it has errors, which were logged; nothing was changed. */
bool candidate_load(struct candidate *, const char *path, bool apply);
/* A reload: the file of candidate_serve() again. Logged, and told to the service manager, with `serves` for what goes on. */
void candidate_reload(struct candidate *, struct host *, const char *serves);

/* The verbs. Each request begins with the candidate's number (eight bytes, big-endian), PRINT with an offset. */
/* Then the name of the file, for messages. */
#define CANDIDATE_BEGIN "candidate-begin"
/* Then the next piece of the text. */
#define CANDIDATE_ADD "candidate-add"
/* Answers with errors and warnings as text, and with the path of the file of its next start as bytes; status EINVAL: it is
 * refused. */
#define CANDIDATE_CHECK "candidate-check"
/* Answers with notes; status ESTALE: there is no such candidate that was accepted. */
#define CANDIDATE_APPLY "candidate-apply"
/* Answers with the packed lines from the offset on, one piece of them; before it four bytes that are the same for all
 * pieces of one text and eight bytes with the size of the whole. */
#define CANDIDATE_PRINT "configuration"
/* Answers with the path of the file of its next start, as bytes. */
#define CANDIDATE_FILE "configuration-file"
enum { CANDIDATE_PIECE = 1 << 20, CANDIDATE_PRINT_HEAD = 12 };
#endif
