#ifndef UNIT_BFDD_FRONT_H
#define UNIT_BFDD_FRONT_H
#include "bfdd/bfd.h"
#include "proto/bfd.pb-c.h"

/* The front of bfdd with a core that does what the test says. Interfaces: 3 is eth0 (GE0/1/0), 4 is eth1 (GE0/2/0) in the
 * VPN instance red, whose device is 9. */
struct front {
	struct bfd *bfd;
	usec_t now;
	struct bfd_config config;
	struct bfd_order orders[64]; /* taken by the last front_take() */
	size_t order_count;
	uint32_t round;
	struct arena arena;
};

struct front *front_new(void); /* interfaces told, `bfd` on, no session */
void front_free(struct front *);
/* A line `bfd NAME bind peer-ip PEER interface INTERFACE auto`; interface NULL: multihop. Valid until the next one. */
struct bfd_session_config *front_session(struct front *, const char *name, const char *peer, const char *interface);
void front_configure(struct front *); /* tells front->config */
void front_port(struct front *, uint32_t ifindex, bool up, bool gone);
void front_request(
    struct front *, const char *daemon, const char *peer, uint32_t ifindex, uint32_t min_ms, uint32_t multiplier);
/* l2vpnd's: from 1.1.1.1 over the control channel of this label, on interface `ifindex`. */
struct front_channel {
	const char *peer;
	uint32_t ifindex, label, encapsulation, min_ms, multiplier;
	bool word, no_source;
};
void front_channel(struct front *, const char *daemon, const struct front_channel *, bool gone);
void front_request_gone(struct front *, const char *daemon, const char *peer, uint32_t ifindex);
void front_requests_synced(struct front *, const char *daemon, uint32_t round);
size_t front_take(struct front *);
const struct bfd_order *front_order(const struct front *, uint32_t local); /* of those taken last; NULL: none */
void front_say(struct front *, uint32_t local, enum bfd_state, enum bfd_state remote);
void front_gone(struct front *, uint32_t local); /* the core: its goodbye is said */
void front_pass(struct front *, usec_t span);
const Bfd__Session *front_row(struct front *, const char *name); /* NULL: there is none. Until the next call */
const Bfd__Counters *front_counters(struct front *, const char *name);
size_t front_rows(struct front *);
bool front_logged(struct front *, const char *part); /* since the last time; what was logged is forgotten */
#endif
