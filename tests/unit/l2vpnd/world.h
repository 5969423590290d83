#ifndef UNIT_L2VPND_WORLD_H
#define UNIT_L2VPND_WORLD_H
#include "l2vpnd/l2vpn.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "base/text.h"

/*
 * l2vpnd's engine between an ldpd and a fibd of the test's own, which answer its rows as the real ones do. Other ends and
 * interfaces are as the test sets them; world_settle() lets all three talk until they are quiet, which other calls do too.
 */
struct end { /* the other end of a pseudowire */
	struct addr peer;
	uint32_t type, vc_id;
	uint32_t label; /* LABEL_UNSET: it has told none */
	uint32_t status, mtu, vccv_cc, vccv_cv;
	bool session, control_word, status_tlv;
	const char *trouble;
};
struct port { /* an interface */
	char name[64];
	uint32_t ifindex, mtu; /* ifindex 0: there is none of this name */
	bool up;
};
struct peer { /* another router, as the data plane has it */
	struct addr address;
	bool lsp, alive, no_channel;
};
struct kernel { /* a circuit of fibd's */
	char name[64];
	uint32_t turn, active;
	uint32_t shown; /* as seen in the kernel, which takes its time */
	usec_t moved_at;
	char why[64];
};
struct told { /* a row as it was told last */
	char key[96];
	uint8_t *bytes;
	size_t size;
	bool seen;
};
struct told_rows {
	struct told rows[64];
	size_t count;
};
struct world {
	struct l2vpn *l;
	usec_t now;
	struct l2vpn_config config;
	struct end ends[32];
	struct port ports[8];
	struct peer peers[8];
	struct kernel kernels[16];
	size_t end_count, port_count, peer_count, kernel_count;
	struct told_rows pws, circuits; /* told to the engine */
	uint32_t round[3];              /* of ldpd's tables, of fibd's, of bfdd's */
	bool ldp_learns, fib_learns;    /* it has just started: says less than it knows */
	bool no_range, no_guards, no_switching;
	uint32_t vccv; /* ifindex of vccv0; 0: there is none */
	uint64_t life;
	struct arena arena;
};

struct world *world_new(const char *conf); /* GigabitEthernet0/1/0 and 0/2/0 up, 2.2.2.2 to 4.4.4.4 reached by LSPs */
void world_free(struct world *);
void world_configure(struct world *, const char *conf);
/* Made when it is not there: with a session, a label, a status TLV and an MTU of 1500. */
struct end *world_end(struct world *, const char *peer, uint32_t type, uint32_t vc_id);
struct port *world_port(struct world *, const char *name);
struct peer *world_peer(struct world *, const char *address);
void world_settle(struct world *);
void world_pass(struct world *, usec_t span);
/* fibd leaves a path for this one and tells when all is good again. */
void world_leaves(struct world *, const char *interface, uint32_t path, const char *why);
void world_input(struct world *, struct l2vpn_input);                  /* of no other kind of those below */
void world_device(struct world *, uint32_t ifindex, const char *name); /* fibd tells of it; NULL: it is gone */
void world_switch(struct world *, const char *interface, bool to_primary);
void world_vccv(struct world *, uint32_t ifindex); /* vccv0 is this one from now on; 0: gone */
/* bfdd on the control channel of this pseudowire. */
void world_verdict(struct world *, const char *peer, uint32_t vc_id, Bfd__Verdict);
void world_session_gone(struct world *, const char *peer, uint32_t vc_id);
void world_far_end(
    struct world *, const char *peer, Bfd__Verdict); /* on the session with this router; fibd believes it */
void world_kill_bfdd(struct world *);
void world_bfdd_is_back(struct world *); /* and what it has not said since it was killed it does not know */
/* Killed and started again; the others go on. */
void world_restart_l2vpnd(struct world *);
void world_restart_after_move(
    struct world *, const char *interface, uint32_t path, const char *why); /* l2vpnd; meanwhile fibd leaves a path */
void world_restart_ldpd(struct world *);
void world_restart_fibd(struct world *);
void world_restart_both(struct world *); /* fibd and l2vpnd: then fibd tells what it has found in the kernel */
/* Until the next call; NULL: there is no such row. */
const L2vpn__PwRequest *world_request(struct world *, const char *peer, uint32_t vc_id);
const L2vpn__Circuit *world_circuit(struct world *, const char *interface);
const Bfd__Request *world_watch(struct world *, const char *peer, uint32_t label); /* label 0: of the peer itself */
size_t world_watches(struct world *);
const L2vpn__Vc *world_vc(struct world *, const char *peer, uint32_t vc_id);
const L2vpn__EchoCounters *world_echoes(struct world *, uint32_t vc_id); /* 0: of nobody's label */
const L2vpn__Service *world_service(struct world *, const char *interface);
struct table *world_table(struct world *, const char *name);
bool world_logged(struct world *, const char *part); /* since the last time; what was logged is forgotten */
/* Every row of these tables as one text, to compare two moments. */
struct text world_print(struct world *, const char *name);
#endif
