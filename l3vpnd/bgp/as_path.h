#ifndef BGP_AS_PATH_H
#define BGP_AS_PATH_H
#include "base/text.h"
#include "base/wire.h"

/* AS paths, RFC 4271 4.3 and RFC 5065: segments of AS numbers. Inside the engine an AS has always four bytes. */
enum as_segment { AS_SET = 1, AS_SEQUENCE = 2, AS_CONFED_SEQUENCE = 3, AS_CONFED_SET = 4 };
enum { AS_PATH_MAX = 4096 }; /* bytes; more never fits a message with it */

/* RFC 7606 7.2: every segment known, none empty, none cut. `as_bytes` 2 or 4. */
bool as_path_is_good(struct wire_reader, unsigned as_bytes);
/* Of two bytes each, with what AS4_PATH says of those that have no room (RFC 6793 4.2.3); `as4` may be empty. */
void as_path_widen(struct wire_reader path, struct wire_reader as4, struct wire_writer *out);
/* For a peer that knows only two bytes: AS_TRANS where there is no room. True: an AS4_PATH is to go with it. */
bool as_path_narrow(struct wire_reader, struct wire_writer *out);

unsigned as_path_length(struct wire_reader); /* for the decision: a set counts one, confederations count nothing */
uint32_t as_path_first(struct wire_reader);  /* the neighbour that told it; 0: empty, or it begins with a set */
uint32_t as_path_origin(struct wire_reader); /* the last; 0: empty, or it ends with a set */
unsigned as_path_count(struct wire_reader, uint32_t as); /* how often an AS stands there, sets included */
bool as_path_has_set(struct wire_reader);
/* `times` in front, in the sequence that is there where it has room. */
void as_path_prepend(struct wire_reader, uint32_t as, unsigned times, struct wire_writer *out);
/* With one AS in place of another everywhere: `peer … substitute-as`. */
void as_path_replace(struct wire_reader, uint32_t what, uint32_t with, struct wire_writer *out);
void as_path_text(struct wire_reader, struct text *out); /* "100 200 {300 400}" */
#endif
