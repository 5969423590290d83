#ifndef FIBD_CIRCUITS_H
#define FIBD_CIRCUITS_H
#include "fibd/rib/model.h"

/* The nouns of pseudowires; circuits.c tells how they hang together. */

struct station { /* an entry of the kernel's neighbor table */
	struct hash_node by_key;
	uint32_t ifindex, seen;
	struct addr addr;
	uint8_t mac[6];
	bool has_mac; /* it had one at some time: it is used until there is another */
	bool valid;
	bool needed; /* some pseudowire leaves by it */
	bool asked;
};
struct gate { /* all pseudowires of a tunnel are looked at behind it. Once shut it is never opened again */
	struct hash_node by_index;
	uint32_t index;
	struct tunnel *tunnel; /* NULL: of before our restart, or no longer in use */
	bool open;             /* seen in the kernel */
	bool shut;             /* it shall not be */
	bool asked, refused;
	bool told;      /* the kernel was, by a message of its own */
	uint32_t users; /* filters in the kernel */
	struct list filters;
	struct list dirty;
};
struct tunnel_terms { /* how a pseudowire wants its way to the other end */
	bool bfd;
	struct addr bfd_source; /* of its session; none: any */
	uint32_t policy;        /* of rib->policies, index + 1; 0: none */
};
struct tunnel { /* the LSPs to a provider edge, for all pseudowires that go there on the same terms */
	struct hash_node by_key;
	struct addr peer;
	struct tunnel_terms terms;
	struct fate *fate;
	struct list wires;
	uint32_t usable;   /* so many of them, as l2vpnd says */
	struct gate *gate; /* NULL: there is none yet, or it was shut */
	struct gate *last; /* that was shut */
	bool guess;        /* as its fate was, when it was looked at last */
	bool moved;        /* its circuits are to be looked at */
	uint16_t way_count;
	struct tunnel_way {
		struct fib_path path;
		uint8_t mac[6], own_mac[6];
		uint32_t mtu; /* of the link */
		bool has_mac;
	} ways[FIB_PATHS_MAX];
};
struct filter {                           /* of ours: in the kernel, wanted there, or both */
	struct hash_node by_key, by_link; /* by_link: unless it is of the block */
	struct list of_gate;              /* that it has in the kernel */
	struct circuit *circuit;
	struct list of_circuit;
	struct fib_filter has, want;
	bool present, wanted, asked, refused;
	bool as_it_is; /* whatever is there stays */
	bool changed;  /* `want`, since it was asked for */
	uint32_t seen;
	char *trouble; /* why it was refused */
};
struct wire { /* a pseudowire of a circuit */
	struct circuit *circuit;
	struct addr peer;
	uint32_t vc_id, out_label, in_label;
	uint8_t channel; /* enum fib_form: how packets of its control channel are sent; 0: it has none */
	bool control_word, usable;
	bool last_resort;      /* it is one of circuit.unwatched */
	struct tunnel *tunnel; /* NULL: it names no peer */
	struct list of_tunnel;
};
struct circuit {                            /* a row of l2vpn.Circuit, or what the kernel has from before our restart */
	struct hash_node by_name, by_local; /* by_local: when it has one */
	struct rib *rib;
	char name[64];
	uint32_t ifindex; /* 0: there is no such interface */
	uint32_t round;
	uint64_t told_at; /* counts rows: of two that want one label the newer has it */
	bool told;        /* there is a row */
	bool tagged, carrier_follows, carrier_held;
	uint32_t dropped; /* protocols, 1 << enum fib_guard */
	char local[64];
	uint8_t wire_count;
	struct wire wires[FIB_CIRCUIT_PATHS];
	struct wire unwatched[FIB_CIRCUIT_PATHS]; /* the same but for BFD; `usable`: as a last resort */
	uint32_t active, turn;                    /* as told */
	bool begun;                               /* the turn that it is in is known, */
	bool arrived;                             /* and the path that it begins with could be taken at some time */
	uint32_t in_turn;
	uint8_t current;     /* of the wires, where frames shall leave first */
	struct list filters; /* of struct filter */
	uint32_t shown;      /* the wire by which they leave as the kernel has it; LABEL_UNSET: none */
	usec_t moved_at;     /* 0: before our restart */
	char moved_why[96];
	struct circuit_note { /* l2vpnd's, for its next life */
		uint64_t switches;
		usec_t switched;
		char reason[200];
	} note;
	bool carrier_tried;
	bool by_interface; /* its carrier cannot be switched: the interface is taken down instead */
	bool found;        /* the kernel had it when we started */
	char carrier_trouble[96];
	struct list dirty;
	struct row row;
};

/* stations.c */
void stations_seen(struct rib *, const struct fib_station *, bool gone);
void stations_swept(struct rib *);
/* Its MAC address is needed from now on. */
struct station *station_need(struct rib *, uint32_t ifindex, const struct addr *);
struct station *station_find(struct rib *, uint32_t ifindex, const struct addr *);
void stations_free(struct rib *);
/* tunnels.c */
struct tunnel *tunnel_join(struct rib *, struct wire *, const struct tunnel_terms *);
void tunnel_leave(struct rib *, struct wire *);
void tunnels_settle(struct rib *);                       /* what their fates lead to; gates are shut */
void tunnels_tell(struct rib *);                         /* those who leave by one that has moved */
struct gate *tunnel_gate(struct rib *, struct tunnel *); /* an open one */
const struct tunnel_way *tunnel_way(
    const struct wire *);                         /* the one of several that it takes; NULL: none that can be taken */
bool tunnel_is_unsure(const struct tunnel *);     /* nobody knows yet whether it leads anywhere */
bool tunnel_leads_nowhere(const struct tunnel *); /* that is known */
bool tunnel_is_dead(const struct tunnel *);       /* so BFD says */
struct gate *gate_find(struct rib *, uint32_t index);
struct gate *gate_get(struct rib *, uint32_t index);
void gates_seen(struct rib *, const struct fib_gate *);
void gate_dirty(struct rib *, struct gate *);
void gate_shut(struct rib *, struct gate *);
void gates_swept(struct rib *);
void tunnels_free(struct rib *);
/* circuits.c */
void circuit_row(struct rib *, const L2vpn__Circuit *, bool gone, uint32_t round);
void circuits_synced(struct rib *, uint32_t round);
void circuit_dirty(struct rib *, struct circuit *);
void circuits_all_dirty(struct rib *);
void circuit_settle(struct rib *, struct circuit *); /* what it wants in the kernel */
struct circuit *circuit_of_port(struct rib *, uint32_t ifindex);
void circuit_release(struct rib *, struct circuit *);
bool circuit_filter_is_right(const struct filter *);
void circuit_show(struct rib *, struct circuit *); /* its row may be another */
uint32_t circuit_active(
    const struct circuit *); /* by which wire frames leave, as the kernel has it; LABEL_UNSET: none */
struct filter *circuit_filter(const struct circuit *, uint16_t pref, uint32_t handle); /* NULL: none */
uint32_t filter_handle(const struct fib_filter *);
bool filters_same(const struct fib_filter *, const struct fib_filter *);
bool label_is_free(uint32_t label);      /* it may be a pseudowire's */
bool wire_would_do(const struct wire *); /* as l2vpnd says; wherever its tunnel leads */
bool wire_is_ready(const struct wire *);
const uint8_t *circuit_mac_of(const struct wire *,
    const struct fib_path *); /* of that next hop, as a filter in the kernel has it; NULL: none has */
bool circuit_can_leave(const struct circuit *, const struct wire *); /* whatever else it has is in the kernel already */
bool wire_is_unsure(const struct wire *);                            /* nobody knows yet whether there is an LSP */
/* Parts of circuit_settle(): that filter is wanted; it leads where the pseudowire's tunnel does. */
void circuit_want(struct rib *, struct circuit *, const struct fib_filter *like);
void circuit_fill_way(const struct wire *, struct fib_filter *);
void circuits_free(struct rib *);
/* channel.c */
void channels_settle(struct rib *); /* the pair of interfaces */
void channel_answer(struct rib *, int error, const char *text);
void channel_want(struct rib *, struct circuit *, const struct wire *);
bool channel_stands(const struct circuit *, const struct wire *);
const char *channel_trouble(const struct circuit *, const struct wire *); /* "": none */
uint64_t channel_packets(const struct circuit *, const struct wire *);
bool channels_have(const struct rib *, const struct port *); /* it is to have filters of control channels */
void sieve_seen(struct rib *, const struct fib_filter *, bool gone);
void sieves_lost(struct rib *);
void sieves_swept(struct rib *);
void channels_retry(struct rib *);
void sieve_answer(struct rib *, uint32_t handle, int error, const char *text);
void sieves_take(struct batch *);
/* circuits_guard.c */
void guards_want(struct rib *, struct circuit *);
void guard_counted(struct rib *, const struct fib_count *);
void fill_guards(Fib__Circuit *, const struct circuit *, struct arena *);
/* circuits_ports.c */
void circuit_place(struct rib *, struct circuit *, uint32_t ifindex); /* 0: nowhere */
void circuit_find_port(struct rib *, struct circuit *);
void circuit_settle_promiscuous(struct rib *, const struct circuit *, struct port *);
void circuit_settle_carrier(struct rib *, struct circuit *, struct port *);
void circuit_carrier_refused(struct rib *, struct circuit *, struct port *, const char *text);
bool circuit_holds_down(const struct circuit *); /* the interface, because no pseudowire can be used */
bool circuit_keeps_down(const struct rib *, const struct port *);
void circuits_link_changed(struct rib *, struct port *, bool gone);
/* circuits_diff.c */
void circuits_take_gates(struct batch *);
void circuits_take(struct batch *);
void circuits_answer(struct rib *, const struct pending *, int error, const char *text);
void circuits_retry(struct rib *);
/* circuits_seen.c */
void filters_seen(struct rib *, const struct fib_filter *, bool gone);
void counts_seen(struct rib *, const struct fib_count *);
void clsacts_seen(struct rib *, const struct fib_clsact *, bool gone);
void clsact_lost(struct rib *, struct port *);
void circuits_swept(struct rib *);
struct filter *filter_get(struct rib *, struct circuit *, const struct fib_filter *like);
struct filter *filter_find(const struct rib *, uint32_t ifindex, uint16_t pref, uint32_t handle);
struct filter *filter_of_label(
    const struct rib *, uint32_t label); /* what receives it, behind a penultimate hop; NULL: none */
void filter_release(struct rib *, struct filter *);
/* circuits_rows.c */
void fill_circuit(const struct row *, void *message, struct arena *);
#endif
