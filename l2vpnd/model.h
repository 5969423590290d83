#ifndef L2VPND_MODEL_H
#define L2VPND_MODEL_H
#include "base/hash.h"
#include "base/label.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/timers.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/l2vpn.h"
#include "l2vpnd/redundancy_fsm.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include <string.h>

/* The nouns of l2vpnd. Only files of the engine include this. */

/* Two values without pointers that were made of zeroes, so that what lies between their members is the same, too. */
static inline bool
is_same(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

/* Bits of a pseudowire's status, RFC 8077 5.4.2 and RFC 6870 4, 6.1. */
enum {
	PW_NOT_FORWARDING = 0x1,
	PW_AC_RECEIVE = 0x2,
	PW_AC_SEND = 0x4,
	PW_PSN_RECEIVE = 0x8,
	PW_PSN_SEND = 0x10,
	PW_FAULTS = 0x1f,
	PW_STANDBY = 0x20,
	PW_SWITCH_OVER = 0x40,
};
#define PW_RELEASE (5 * (usec_t)USEC_PER_SEC)  /* a circuit that we held down has so long to come up */
#define PW_RECOVERY (5 * (usec_t)USEC_PER_SEC) /* another end that hears our BFD again has so long to say so */

/* --- what others say (told.c) --- */

struct told_pw { /* a row of ldp.Pw */
	struct hash_node by_key;
	struct addr peer;
	uint32_t type, vc_id, round;
	struct pw_word { /* without pointers: two are compared by their bytes */
		uint32_t local_label, remote_label, remote_status, remote_group, remote_mtu, remote_vccv_cc,
		    remote_vccv_cv;
		bool session, control_word, remote_control_word, status_tlv;
		char trouble[160], description[81];
	} now, held;      /* held: said while ldpd is not done learning, and less than before */
	bool holds, gone; /* there is something in `held`; it says that the row is gone */
};
struct told_path { /* of a row of fib.Circuit */
	struct addr peer, next_hop;
	uint32_t vc_id, in_label, out_label, ifindex, mtu;
	uint32_t labels[LABEL_STACK_MAX];
	uint8_t label_count;
	bool usable; /* as we had said when fibd looked */
	bool lsp, alive, sends, receives, channel;
	char trouble[160];
};
struct told_circuit { /* a row of fib.Circuit */
	struct hash_node by_name;
	char name[L2VPN_IF];
	uint32_t round;
	struct circuit_word {
		uint32_t ifindex, mtu, active, turn; /* active: LABEL_UNSET none */
		bool joined;                         /* seen in the kernel: frames go to the other circuit */
		bool up, held;                       /* held: fibd holds its carrier down; `up` is what was so before */
		uint32_t dropped;                    /* protocols, 1 << enum l2vpn_protocol; seen in the kernel */
		usec_t moved_at;                     /* the last change of `active`; 0: fibd does not know */
		char moved_why[160], trouble[160];
		uint64_t switches; /* these three: as we have told them, in an earlier life or this one */
		usec_t switched;
		char switch_reason[200];
		uint8_t count;
		struct told_path path[L2VPN_ROLES];
	} now, held;
	uint32_t heard; /* the number of what is in `now`, of all circuits' */
	bool holds, gone;
};
struct told_interface { /* a row of fib.Interface: names, for displays */
	struct hash_node by_ifindex;
	uint32_t ifindex, round;
	char label[L2VPN_IF];
};

struct told_session { /* a row of bfd.Session: of one over a control channel, or over several hops */
	struct hash_node by_name, by_path;
	char *name;
	uint32_t label, round;          /* label 0: over several hops, */
	struct addr peer;               /* to this end */
	Bfd__Verdict verdict, believed; /* as told last; as far as that was more than UNKNOWN */
};

/* --- what we make of it --- */

struct watch { /* a row of bfd.Request (watch.c) */
	struct row row;
	struct watch_said { /* compared by its bytes; the first four are its key */
		struct addr peer, source;
		uint32_t ifindex, label; /* of a pseudowire; 0: of its other end */
		uint16_t tx_ms, rx_ms;
		uint8_t multiplier, encapsulation; /* encapsulation: a CV type; 0 of another end */
		bool control_word;
	} said;
};
struct far_end { /* another router, that BFD is to watch over several hops */
	struct hash_node by_peer;
	struct addr peer;
	struct watch_said wanted; /* multiplier 0: by nobody */
	struct watch watch;
};

struct pw_label { /* a label of ours and what it stands for (labels.c) */
	struct hash_node by_key;
	struct addr peer;
	uint32_t vc_id, label;
	bool used;
};
struct echo_counter {        /* a row of l2vpn.EchoCounters: what became of LSP pings that came with a label (echo.c) */
	struct row row;      /* in its table once there was one */
	const struct pw *of; /* NULL: the label is nobody's */
	uint64_t answered, refused, malformed, unanswered, limited;
};
struct pw { /* a pseudowire that is configured: a row of l2vpn.Vc, and once its MTU is known of l2vpn.PwRequest */
	struct hash_node by_key, by_label; /* by_label: if it has one */
	struct watch watch;                /* of its own, over its control channel */
	struct row row, request_row;
	struct echo_counter echoes;
	struct service *of;
	enum l2vpn_role role;
	struct l2vpn_settings settings;
	char peer[ADDR_TEXT];       /* its other end, written out: it is in most of what is said of it */
	uint32_t label;             /* ours; LABEL_UNSET: none is left */
	struct pw_state {           /* without pointers, as all that is compared by its bytes */
		bool fits;          /* both ends have spoken, and agree */
		bool forwards;      /* and both say that packets may go there */
		bool usable;        /* and BFD on its control channel does not say that it is dead */
		bool good;          /* and the data plane is there */
		bool up;            /* and the circuit is */
		bool active;        /* frames leave by it */
		bool standby, asks; /* the other end has it on standby; asks for a switch to it */
		bool answered;      /* fibd has */
		bool circuit_up;
		struct watch_said watch; /* what BFD is to do; encapsulation 0: nothing */
		bool channel_alive, channel_dead;
		bool outdated;   /* fibd's answer: it is to an earlier word of ours, that it cannot be used */
		bool disregards; /* the other end's fault of its tunnel: see pw.c */
		char why[200];   /* why it is not good, or not up */
		struct pw_word word;
		struct told_path path;
	} state;
	struct request_said { /* in l2vpn.PwRequest, as it is there */
		uint32_t label, group, mtu, status, vlan, cc, cv;
		bool control_word;
		char description[L2VPN_SERVICE];
	} asked;
	uint32_t mtu;                    /* of the circuit, as known last; 0: not yet */
	bool asking;                     /* we ask the other end to switch to it */
	bool asked_for;                  /* the other end asks us, and was heard */
	bool faulty;                     /* the other end says that it hears nothing of us */
	bool disregards, bfd_heard;      /* that; and the last time that we looked BFD here said something */
	struct timer recovery;           /* looks again whether it is to be disregarded */
	usec_t created_at, since, up_at; /* up_at 0: it is down */
	uint64_t ups;
};
struct service { /* an attachment circuit: a row of l2vpn.Circuit and of l2vpn.Service */
	struct list link;
	struct hash_node by_name;
	struct row row, circuit_row;
	struct l2vpn *of;
	char name[L2VPN_IF];
	char local[L2VPN_IF]; /* local switching: the other interface; "": pseudowires */
	char ccc[L2VPN_CCC];  /* its name */
	bool out_interface;   /* the second of the two */
	struct l2vpn_circuit_config config;
	struct pw *pws[L2VPN_ROLES]; /* by role; NULL: none */
	bool wanted;                 /* by the configuration that is being taken over */
	bool rearranged;             /* by it: others, or in another order */

	enum redundancy_state redundancy;
	enum l2vpn_role active;
	uint32_t turn;
	usec_t turn_at; /* when it began */
	struct timer timer, release;
	usec_t timer_since;
	uint32_t timer_s;
	usec_t switched_at;
	uint64_t switches;
	char switch_why[200];

	bool adopted;             /* what an earlier life left of it was taken over */
	bool placed;              /* its place in the state machine was found, by its rules as they are */
	bool held;                /* its carrier was held down */
	bool ac_up;               /* as others are told: what we do ourselves is no fault */
	struct circuit_word word; /* fibd's, as it was looked at last */
	struct service_state {
		bool up, carries;
		enum l2vpn_role active;
		uint32_t up_count;
		uint32_t heard; /* which word of fibd's stands in `word` */
		bool answered;  /* fibd has */
		enum redundancy_state redundancy;
		char why[L2VPN_IF + 168]; /* local switching: why it is down */
		usec_t since;             /* and when it last went up or down */
	} state;
	struct circuit_said { /* in l2vpn.Circuit, as it is there */
		uint32_t active, turn, dropped;
		bool tagged, carrier_follows;
		uint8_t count;
		char local[L2VPN_IF];
		struct path_said {
			struct addr peer;
			uint32_t vc_id, out_label, in_label, control_channel;
			bool control_word, usable, bfd, last_resort;
			struct addr bfd_source;
			char policy[L2VPN_POLICY];
		} path[L2VPN_ROLES];
	} said;
};
enum { TIMER_REDUNDANCY, TIMER_RELEASE, TIMER_ECHO, TIMER_RECOVERY };

struct l2vpn {
	usec_t now;
	bool busy, configured;
	bool begun;      /* fibd was heard: labels are known, requests are made */
	bool circuits;   /* ldpd too: circuits are told */
	uint32_t synced; /* bits of enum l2vpn_mirror */
	uint32_t away;   /* bits: their owner is not done learning */
	struct outbox *out;
	struct l2vpn_config config;
	struct hash told_pws, told_circuits, told_interfaces;
	uint32_t heard; /* words of fibd about circuits, that were not what it had said before */
	struct hash labels, pws, pws_by_label, services_by_name;
	struct list services;
	struct list echoes; /* that wait for a reply (echo.c) */
	uint32_t echo_count;
	uint32_t channel_ifindex; /* of vccv0; 0: it is not there */
	usec_t answers_since;     /* to echo requests of others, and how many since then */
	uint32_t answers;
	struct echo_counter strays;
	struct timers timers;
	struct rng rng;
	struct label_pool *pool; /* NULL: the range is not known */
	uint32_t first_label, last_label;
	bool labels_lacked;
	struct hash far_ends, sessions, sessions_by_path;
	struct table request_table, circuit_table, vc_table, service_table, watch_table, echo_table;
	struct table *served[7];
};

/* --- engine.c --- */
void l2vpn_note(struct l2vpn *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- told.c --- */
void told_init(struct l2vpn *);
void told_free(struct l2vpn *);
void told_pw_row(struct l2vpn *, const Ldp__Pw *, bool gone, uint32_t round);
void told_circuit_row(struct l2vpn *, const Fib__Circuit *, bool gone, uint32_t round);
void told_interface_row(struct l2vpn *, const Fib__Interface *, bool gone, uint32_t round);
void told_synced(struct l2vpn *, enum l2vpn_mirror, uint32_t round);
const struct told_pw *told_pw_find(const struct l2vpn *, const struct addr *peer, uint32_t type, uint32_t vc_id);
const struct told_circuit *told_circuit_find(const struct l2vpn *, const char *name);
const char *told_interface_name(const struct l2vpn *, uint32_t ifindex); /* "": not known */

/* --- labels.c --- */
void pw_labels_begin(struct l2vpn *); /* takes those of an earlier life over */
uint32_t pw_label_take(struct l2vpn *, const struct addr *peer, uint32_t vc_id);
void pw_label_give(struct l2vpn *, const struct addr *peer, uint32_t vc_id);
void pw_labels_sweep(struct l2vpn *); /* gives back what nobody has taken up again */
void pw_labels_free(struct l2vpn *);

/* --- service.c --- */
void services_init(struct l2vpn *);
void services_free(struct l2vpn *);
void services_configure(struct l2vpn *);
void services_review(struct l2vpn *);
void service_review(struct service *);
struct service *service_find(const struct l2vpn *, const char *name);
const char *service_text(const struct service *, char out[L2VPN_IF + L2VPN_SERVICE + 16]); /* "gold (GE0/1/0)" */

/* --- local_switching.c --- */
void local_switching_look(struct service *); /* of one of the two: both are up, or down with the same reason */

/* --- pw.c --- */
/* Those to this peer under this number, of any type. */
struct pw *pw_first(const struct l2vpn *, const struct addr *peer, uint32_t vc_id);
struct pw *pw_next(const struct pw *);
struct pw *pw_find(const struct l2vpn *, const struct addr *peer, uint32_t type, uint32_t vc_id);
struct pw *pw_new(struct service *, enum l2vpn_role, const struct l2vpn_settings *);
void pw_free(struct pw *);
void pw_look(struct pw *);                 /* what others say of it: its state, as far as it is not the circuit's */
void pw_publish(struct pw *);              /* with the circuit's: its rows */
bool pw_is_offered(const struct pw *);     /* to fibd, as one that it may go to by itself */
bool pw_is_last_resort(const struct pw *); /* or when there is nothing else, whatever BFD says */
void pw_recovery_timer(struct pw *);
const char *pw_text(const struct pw *, char out[96]); /* "secondary 3.3.3.3:200" */
struct pw *pw_of_label(const struct l2vpn *, uint32_t label);
enum control_channel pw_channel(const struct pw *); /* by which packets of VCCV go */

/* --- echo.c --- */
void echo_ask(struct l2vpn *, const struct l2vpn_echo *, uint64_t date_us);
void echo_unsent(struct l2vpn *, uint32_t number, const char *why);
void echo_frame(struct l2vpn *, const uint8_t *bytes, size_t size, uint64_t date_us);
void echo_datagram(struct l2vpn *, const struct addr *from, const uint8_t *bytes, size_t size);
void echo_timer(struct l2vpn *, struct timer *);
void echo_clear(struct l2vpn *); /* counters */
void echoes_free(struct l2vpn *);

/* --- watch.c --- */
void watches_init(struct l2vpn *);
void watches_free(struct l2vpn *);
void watch_far_ends(struct l2vpn *); /* after the configuration */
void watch_look(struct pw *);        /* whether BFD is to watch it, and what that says: in its state */
void watch_ask(struct pw *);         /* as its state says */
void watch_stop(struct pw *);
bool watch_is_silent(const struct pw *);              /* BFD is to watch it or its other end, and has nothing to say */
uint32_t watch_checks(const struct l2vpn_settings *); /* CV types that we take */
struct addr watch_source(const struct l2vpn *);       /* our LSR ID; none: not configured */
void watch_session_row(struct l2vpn *, const Bfd__Session *, bool gone, uint32_t round);
void watch_synced(struct l2vpn *, enum l2vpn_mirror, uint32_t round); /* after told_synced() */
void watch_device(struct l2vpn *, const Fib__Interface *, bool gone);

/* --- redundancy.c --- */
void redundancy_adopt(struct service *); /* finds its place anew, with what carries frames now */
void redundancy_run(struct service *);   /* after its pseudowires were looked at */
void redundancy_timer(struct service *);
bool redundancy_may(const struct service *, bool to_primary, char why[160]);
void redundancy_order(struct service *, bool to_primary, const char *because);

/* --- rows.c --- */
void rows_init(struct l2vpn *);
#endif
