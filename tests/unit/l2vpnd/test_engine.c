/* Pseudowires from the configuration to rows that are signalled and forwarded, and back: what makes one up, and who is told what. */
#include "base/label.h"
#include "base/mem.h"
#include "base/text.h"
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define ONE "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vpn service-name gold\n"
#define TWO ONE " mpls l2vc 3.3.3.3 200 secondary\n"

static struct world *w;

static void
start(const char *conf)
{
	w = world_new(conf);
}

static void
teardown(void)
{
	world_free(w);
	w = NULL;
}

static void
assert_down(const char *because)
{
	const L2vpn__Vc *v = world_vc(w, "2.2.2.2", 100);

	ck_assert_ptr_nonnull(v);
	ck_assert_msg(!v->up && strstr(v->trouble, because), "%s: %s", v->up ? "up" : "down", v->trouble);
}

/* --- the way up --- */

START_TEST(a_pseudowire_is_asked_for_with_its_circuits_mtu_and_a_label_of_the_range)
{
	start(ONE);
	const L2vpn__PwRequest *r = world_request(w, "2.2.2.2", 100);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->type, L2VPN_RAW);
	ck_assert_uint_eq(r->mtu, 1500);
	ck_assert(r->label >= 524288 && r->label <= 786431);
	ck_assert(!r->control_word);
	ck_assert_str_eq(r->description, "gold");
	ck_assert_uint_eq(r->vccv_cc, L2VPN_CC_ALERT | L2VPN_CC_TTL);
	ck_assert_uint_eq(r->vccv_cv, L2VPN_CV_LSP_PING);
	ck_assert_uint_eq(r->status, 0);
	assert_down("no LDP session with 2.2.2.2");
}
END_TEST

START_TEST(it_is_up_when_both_ends_agree_and_the_data_plane_was_read_back)
{
	start(ONE);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->label = LABEL_UNSET;
	world_settle(w);
	assert_down("2.2.2.2 has told no label");
	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->out_label, LABEL_UNSET);

	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->label = 77;
	world_settle(w);
	const L2vpn__Circuit *c = world_circuit(w, PORT);
	ck_assert_uint_eq(c->n_paths, 1);
	ck_assert_uint_eq(c->paths[0]->out_label, 77);
	ck_assert_uint_eq(c->paths[0]->in_label, world_request(w, "2.2.2.2", 100)->label);
	ck_assert(world_circuit(w, PORT)->paths[0]->usable);
	const L2vpn__Vc *v = world_vc(w, "2.2.2.2", 100);
	ck_assert_msg(v->up && v->active, "%s", v->trouble);
	ck_assert_uint_eq(v->ups, 1);
	ck_assert(world_service(w, PORT)->up);
	ck_assert(world_logged(w, "service gold (" PORT "): primary pseudowire to 2.2.2.2, VC ID 100 is up"));
}
END_TEST

#define SUB(n) "interface " PORT "." #n "\n vlan-type dot1q " #n "\n mpls l2vc 2.2.2.2 " #n "\n#\n"

START_TEST(all_circuits_of_a_port_share_a_group_and_other_ports_do_not)
{
	start("mpls l2vpn\n#\n" SUB(10) SUB(11) "interface GigabitEthernet0/2/0\n mpls l2vc 2.2.2.2 12\n");
	world_port(w, PORT ".10")->up = world_port(w, PORT ".11")->up = true;
	world_settle(w);
	uint32_t group = world_request(w, "2.2.2.2", 10)->group;
	ck_assert_uint_ne(group, 0);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 11)->group, group);
	ck_assert_uint_eq(world_vc(w, "2.2.2.2", 11)->local_group, group);
	ck_assert_uint_ne(world_request(w, "2.2.2.2", 12)->group, 0);
	ck_assert_uint_ne(world_request(w, "2.2.2.2", 12)->group, group);
	world_restart_l2vpnd(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 10)->group, group);
	world_configure(w, ONE); /* the port itself */
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->group, group);
}
END_TEST

static void
no_session(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->session = false;
}
static void
no_label(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->label = LABEL_UNSET;
}
static void
other_mtu(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->trouble = "MTU 1500 here, 1400 there";
}
static void
remote_circuit(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->status = 0x6;
}
static void
remote_tunnel(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->status = 0x10;
}
static void
remote_not_forwarding(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->status = 0x1;
}
static void
remote_standby(struct end *e, struct peer *p, struct port *port)
{
	(void)p, (void)port;
	e->status = 0x20;
}
static void
no_lsp(struct end *e, struct peer *p, struct port *port)
{
	(void)e, (void)port;
	p->lsp = false;
}
static void
circuit_down(struct end *e, struct peer *p, struct port *port)
{
	(void)e, (void)p;
	port->up = false;
}
static void
interface_gone(struct end *e, struct peer *p, struct port *port)
{
	(void)e, (void)p;
	port->ifindex = 0;
}

static const struct {
	void (*happens)(struct end *, struct peer *, struct port *);
	const char *because;
	uint32_t status; /* that we tell */
	bool usable;
} faults[] = {
	{ no_session, "there is no LDP session with 2.2.2.2", 0, false },
	{ no_label, "2.2.2.2 has told no label for VC ID 100", 0, false },
	{ other_mtu, "MTU 1500 here, 1400 there", 0, false },
	{ remote_circuit, "2.2.2.2 says: fault of its attachment circuit", 0, false },
	{ remote_tunnel, "2.2.2.2 says: fault of its tunnel", 0, false },
	{ remote_not_forwarding, "2.2.2.2 says: not forwarding", 0, false },
	{ remote_standby, "2.2.2.2 says: standby", 0, false },
	{ no_lsp, "no LSP leads to 2.2.2.2", 0x10, true },
	{ circuit_down, PORT " is down", 0x6, true },
	{ interface_gone, "its data plane was not seen", 0x6, true },
};

/* RFC 8077 5.4: what is wrong at this end is told to the other; and back. */
START_TEST(each_fault_takes_it_down_with_its_reason_and_ours_are_told)
{
	start(ONE);
	struct end *e = world_end(w, "2.2.2.2", L2VPN_RAW, 100), good = *e;
	struct peer *p = world_peer(w, "2.2.2.2"), there = *p;
	struct port *port = world_port(w, PORT), up = *port;
	world_settle(w);
	uint32_t label = world_request(w, "2.2.2.2", 100)->label;
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);

	faults[_i].happens(e, p, port);
	world_settle(w);
	assert_down(faults[_i].because);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, faults[_i].status);
	ck_assert_int_eq(world_circuit(w, PORT)->paths[0]->usable, faults[_i].usable);
	ck_assert(!world_service(w, PORT)->up);

	*e = good, *p = there, *port = up;
	world_settle(w);
	ck_assert_msg(world_vc(w, "2.2.2.2", 100)->up, "%s", world_vc(w, "2.2.2.2", 100)->trouble);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->label, label);
	ck_assert_uint_eq(world_vc(w, "2.2.2.2", 100)->ups, 2);
}
END_TEST

START_TEST(bfd_that_says_dead_takes_it_down_where_it_watches)
{
	start(ONE);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_peer(w, "2.2.2.2")->alive = false;
	world_settle(w);
	ck_assert(!world_circuit(w, PORT)->paths[0]->bfd);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	world_configure(w, ONE " mpls l2vpn pw bfd\n");
	ck_assert(world_circuit(w, PORT)->paths[0]->bfd);
	assert_down("BFD says that 2.2.2.2 is dead");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x18);
}
END_TEST

START_TEST(standby_may_be_ignored)
{
	start("mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100 ignore-standby-state\n");
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->status = 0x20;
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(a_peer_without_status_tlv_withdraws_and_gets_withdrawn)
{
	start(ONE);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->status_tlv = false;
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	world_port(w, PORT)->up = false;
	world_settle(w);
	assert_down(PORT " is down");
	ck_assert_uint_eq(world_vc(w, "2.2.2.2", 100)->local_label, LABEL_UNSET);
	world_port(w, PORT)->up = true;
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(another_type_at_the_other_end_is_told_and_not_taken_for_silence)
{
	start("mpls l2vpn\n#\ninterface " PORT
	      "\n mpls l2vc 2.2.2.2 100\n#\ninterface GigabitEthernet0/2/0\n mpls l2vc 3.3.3.3 100\n");
	Ldp__Pw m;
	uint8_t peer[] = { 2, 2, 2, 2 };
	ldp__pw__init(&m);
	m.peer = (ProtobufCBinaryData){ 4, peer };
	m.type = L2VPN_TAGGED;
	m.vc_id = 100;
	m.session = true;
	m.local_label = LABEL_UNSET;
	m.remote_label = 99;
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->label = LABEL_UNSET;
	world_settle(w);
	l2vpn_input(
	    w->l, &(struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_LDP_PW, .row = &m, .round = 1 }, w->now);
	assert_down("the types differ: ethernet here, vlan at 2.2.2.2");
}
END_TEST

/* --- what is configured --- */

START_TEST(a_tagged_subinterface_asks_for_its_tag_and_keeps_it)
{
	start("mpls l2vpn\n#\ninterface " PORT ".10\n vlan-type dot1q 10\n mpls l2vc 2.2.2.2 1 control-word\n");
	const L2vpn__PwRequest *r = world_request(w, "2.2.2.2", 1);
	ck_assert_uint_eq(r->type, L2VPN_TAGGED);
	ck_assert_uint_eq(r->vlan, 10);
	ck_assert(r->control_word);
	ck_assert_uint_eq(r->vccv_cc, L2VPN_CC_WORD | L2VPN_CC_ALERT | L2VPN_CC_TTL);
	ck_assert(world_circuit(w, PORT ".10")->tagged);
	world_configure(w, "mpls l2vpn\n#\ninterface " PORT ".10\n vlan-type dot1q 10\n mpls l2vc 2.2.2.2 1 raw\n"
			   " undo interface-parameter-type vccv\n");
	r = world_request(w, "2.2.2.2", 1);
	ck_assert_uint_eq(r->type, L2VPN_RAW);
	ck_assert_uint_eq(r->vlan, 0);
	ck_assert_uint_eq(r->vccv_cc | r->vccv_cv, 0);
	ck_assert(!world_circuit(w, PORT ".10")->tagged);
}
END_TEST

START_TEST(a_template_sets_the_mtu_and_the_tunnel_policy)
{
	start("mpls l2vpn\n#\npw-template T\n peer-address 2.2.2.2\n mtu 9000\n tnl-policy P\n#\ntunnel-policy "
	      "P\n#\ninterface " PORT "\n mpls l2vc pw-template T 100\n");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->mtu, 9000);
	ck_assert_str_eq(world_circuit(w, PORT)->paths[0]->tunnel_policy, "P");
}
END_TEST

START_TEST(frames_of_ppp_have_no_mtu_to_agree_on)
{
	start("mpls l2vpn\n#\ninterface Serial1/0/0\n mpls l2vc 2.2.2.2 1\n");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 1)->type, L2VPN_PPP);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 1)->mtu, 0);
}
END_TEST

/* It is signalled, and what the other end says of it can be seen; the kernel has no packets of PPP to give it. */
START_TEST(what_is_not_ethernet_is_never_up)
{
	start("mpls l2vpn\n#\ninterface Serial1/0/0\n mpls l2vc 2.2.2.2 1\n");
	world_port(w, "Serial1/0/0")->ifindex = 9;
	world_end(w, "2.2.2.2", L2VPN_PPP, 1);
	world_settle(w);
	ck_assert(!world_vc(w, "2.2.2.2", 1)->up);
	ck_assert_str_eq(world_vc(w, "2.2.2.2", 1)->trouble, "there is no attachment circuit of ppp here");
}
END_TEST

START_TEST(without_an_interface_nothing_is_asked_for)
{
	start(ONE);
	world_free(w);
	w = world_new("mpls l2vpn\n");
	world_port(w, "eth9")->ifindex = 0;
	world_configure(w, "mpls l2vpn\n#\ninterface eth9\n mpls l2vc 2.2.2.2 100\n");
	ck_assert_ptr_null(world_request(w, "2.2.2.2", 100));
	ck_assert_ptr_nonnull(world_circuit(w, "eth9"));
	assert_down("there is no such interface");
	world_port(w, "eth9")->ifindex = 9;
	world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(another_mtu_of_the_interface_is_told)
{
	start(ONE);
	world_port(w, PORT)->mtu = 9000;
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->mtu, 9000);
}
END_TEST

START_TEST(what_is_no_longer_configured_is_gone_with_its_label)
{
	start(TWO);
	uint32_t label = world_request(w, "3.3.3.3", 200)->label, primary = world_request(w, "2.2.2.2", 100)->label;
	world_configure(w, ONE);
	ck_assert_ptr_null(world_request(w, "3.3.3.3", 200));
	ck_assert_ptr_null(world_vc(w, "3.3.3.3", 200));
	ck_assert_uint_eq(world_circuit(w, PORT)->n_paths, 1);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->label, primary);
	world_configure(w, TWO); /* its label rests: what is on its way must not come out of another circuit */
	ck_assert_uint_ne(world_request(w, "3.3.3.3", 200)->label, label);
	world_configure(w, "mpls l2vpn\n");
	ck_assert_ptr_null(world_circuit(w, PORT));
	ck_assert_ptr_null(world_service(w, PORT));
	world_configure(w, "undo mpls l2vpn\n");
	ck_assert_uint_eq(world_table(w, "l2vpn.PwRequest")->count, 0);
}
END_TEST

START_TEST(a_change_that_is_none_says_nothing)
{
	start(TWO);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	world_settle(w);
	uint64_t circuits = world_table(w, "l2vpn.Circuit")->serial,
		 requests = world_table(w, "l2vpn.PwRequest")->serial;
	world_configure(w, TWO);
	ck_assert_uint_eq(world_table(w, "l2vpn.Circuit")->serial, circuits);
	ck_assert_uint_eq(world_table(w, "l2vpn.PwRequest")->serial, requests);
}
END_TEST

START_TEST(two_circuits_are_switched_to_each_other)
{
	start("mpls l2vpn\n#\nccc one interface " PORT " out-interface GigabitEthernet0/2/0\n");
	ck_assert_str_eq(world_circuit(w, PORT)->local, "GigabitEthernet0/2/0");
	ck_assert_uint_eq(world_circuit(w, PORT)->n_paths, 0);
	ck_assert_str_eq(world_circuit(w, "GigabitEthernet0/2/0")->local, PORT);
	ck_assert(world_service(w, PORT)->up && world_service(w, "GigabitEthernet0/2/0")->up);
	ck_assert_str_eq(world_service(w, PORT)->ccc, "one");
	ck_assert(!world_service(w, PORT)->out_interface && world_service(w, "GigabitEthernet0/2/0")->out_interface);
	world_port(w, "GigabitEthernet0/2/0")->up = false;
	world_settle(w);
	ck_assert(!world_service(w, "GigabitEthernet0/2/0")->up);
	world_configure(w, ONE);
	ck_assert_str_eq(world_circuit(w, PORT)->local, "");
	ck_assert_uint_eq(world_circuit(w, PORT)->n_paths, 1);
	ck_assert_ptr_null(world_circuit(w, "GigabitEthernet0/2/0"));
	ck_assert_str_eq(world_service(w, PORT)->ccc, "");
}
END_TEST

#define OUT "GigabitEthernet0/2/0"
#define CCC "mpls l2vpn\n#\nccc one interface " PORT " out-interface " OUT "\n"

static void
assert_switching(const char *because)
{
	static const char *const ends[] = { PORT, OUT };

	for (size_t i = 0; i < COUNT(ends); i++) {
		const L2vpn__Service *v = world_service(w, ends[i]);
		ck_assert_msg(v->up == !*because && strcmp(v->trouble, because) == 0, "%s: %s: %s", ends[i],
		    v->up ? "up" : "down", v->trouble);
	}
}

START_TEST(both_ends_of_local_switching_say_why_it_is_down_and_each_change_is_logged_once)
{
	start(CCC);
	assert_switching("");
	ck_assert(world_logged(w, PORT ": ccc one to " OUT " is up"));
	world_pass(w, 10 * (usec_t)USEC_PER_SEC);
	world_port(w, OUT)->up = false;
	world_settle(w);
	assert_switching(OUT ": it is down");
	uint64_t since = world_service(w, PORT)->since;
	ck_assert_uint_ge(since, 10 * (usec_t)USEC_PER_SEC);
	ck_assert(world_logged(w, PORT ": ccc one to " OUT " is down: " OUT ": it is down"));
	world_port(w, PORT)->up = false;
	world_settle(w);
	assert_switching(PORT ": it is down");
	ck_assert_uint_eq(world_service(w, OUT)->since, since);
	ck_assert_msg(!world_logged(w, "ccc one"), "it was down before");
	world_port(w, PORT)->up = world_port(w, OUT)->up = true;
	world_settle(w);
	assert_switching("");
	ck_assert_uint_gt(world_service(w, OUT)->since, since);
	ck_assert(world_logged(w, "ccc one to " OUT " is up"));
	world_port(w, OUT)->ifindex = 0;
	world_settle(w);
	assert_switching(PORT ": it was not seen in the kernel yet");
	world_port(w, PORT)->ifindex = 0;
	world_settle(w);
	assert_switching(PORT ": there is no such interface");
}
END_TEST

START_TEST(local_switching_that_is_not_in_the_kernel_is_not_up)
{
	start("mpls l2vpn\n");
	w->no_switching = true;
	world_configure(w, CCC "interface " OUT "\n mpls l2vpn service-name gold\n");
	assert_switching(PORT ": it was not seen in the kernel yet");
	ck_assert_str_eq(world_service(w, OUT)->name, "gold");
	w->no_switching = false;
	world_settle(w);
	assert_switching("");
	ck_assert(world_logged(w, PORT ": ccc one to service gold (" OUT ") is up"));
}
END_TEST

START_TEST(a_fibd_that_comes_back_takes_no_local_switching_down)
{
	start(CCC "interface " PORT "\n l2protocol-tunnel lldp drop\n");
	ck_assert(world_logged(w, "is up"));
	uint64_t since = world_service(w, PORT)->since, told = world_table(w, "l2vpn.Service")->serial;
	world_restart_fibd(w);
	assert_switching("");
	ck_assert_uint_eq(world_service(w, PORT)->since, since);
	ck_assert(!world_logged(w, "ccc one"));
	ck_assert_uint_eq(world_table(w, "l2vpn.Service")->serial, told);
}
END_TEST

/* --- what is not let through --- */

START_TEST(protocols_that_are_dropped_are_told_fibd_and_shown_as_the_kernel_has_them)
{
	start(ONE " l2protocol-tunnel lldp drop\n");
	ck_assert_uint_eq(world_circuit(w, PORT)->dropped, 1u << L2VPN_LLDP);
	ck_assert_str_eq(world_service(w, PORT)->dropped, "lldp");
	ck_assert_str_eq(world_service(w, PORT)->not_dropped, "");
	w->no_guards = true;
	world_configure(w, ONE " l2protocol-tunnel stp lldp drop\n");
	ck_assert_uint_eq(world_circuit(w, PORT)->dropped, 1u << L2VPN_LLDP | 1u << L2VPN_STP);
	ck_assert_str_eq(world_service(w, PORT)->dropped, "lldp stp");
	ck_assert_str_eq(world_service(w, PORT)->not_dropped, "lldp stp");
	world_configure(w, ONE);
	ck_assert_uint_eq(world_circuit(w, PORT)->dropped, 0);
	ck_assert_str_eq(world_service(w, PORT)->dropped, "");
	world_configure(w, CCC "interface " OUT "\n l2protocol-tunnel all drop\n");
	ck_assert_uint_eq(world_circuit(w, PORT)->dropped, 0);
	ck_assert_uint_eq(world_circuit(w, OUT)->dropped, L2VPN_ALL_PROTOCOLS);
}
END_TEST

/* --- the circuit's carrier --- */

/* RFC 6310: the customer sees the fault; and what we do ourselves is no fault that others are told, or both ends of two
 * routers would keep each other down for ever. */
START_TEST(a_carrier_that_we_hold_down_is_no_fault_of_the_circuit)
{
	start(ONE " mpls l2vpn trigger if-down\n");
	struct end *e = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_settle(w);
	ck_assert(world_circuit(w, PORT)->carrier_follows);
	e->status = 0x6;
	world_settle(w);
	world_port(w, PORT)->up = false; /* fibd has done it */
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	e->status = 0;
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	world_port(w, PORT)->up = true;
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	world_pass(w, 20 * USEC_PER_SEC);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
}
END_TEST

/* fibd holds it for want of an LSP as well, of which the ends' words say nothing. */
START_TEST(a_carrier_that_takes_a_while_to_come_back_is_no_fault_either)
{
	start(ONE " mpls l2vpn trigger if-down\n");
	world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_settle(w);
	world_peer(w, "2.2.2.2")->lsp = false;
	world_port(w, PORT)->up = false;
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x10);
	world_peer(w, "2.2.2.2")->lsp = true;
	world_pass(w, 4 * USEC_PER_SEC);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	world_port(w, PORT)->up = true;
	world_settle(w);
	world_port(w, PORT)->up = false; /* this is the line itself */
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x6);
}
END_TEST

START_TEST(a_circuit_that_does_not_come_up_when_it_may_is_a_fault)
{
	start(ONE " mpls l2vpn trigger if-down\n");
	struct end *e = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	e->status = 0x6;
	world_settle(w);
	world_port(w, PORT)->up = false;
	world_settle(w);
	e->status = 0;
	world_pass(w, 4 * USEC_PER_SEC);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	world_pass(w, 2 * USEC_PER_SEC);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x6);
}
END_TEST

/* --- lives --- */

START_TEST(without_a_label_range_it_says_so)
{
	w = world_new("mpls l2vpn\n");
	w->no_range = true;
	world_restart_l2vpnd(w);
	world_configure(w, ONE);
	ck_assert(world_logged(w, "fibd has told no label range"));
	assert_down("no label left");
	ck_assert_ptr_null(world_request(w, "2.2.2.2", 100));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd");
	TCase *up = tcase_create("the way up"), *conf = tcase_create("what is configured"),
	      *carrier = tcase_create("the carrier");

	tcase_add_checked_fixture(up, NULL, teardown);
	tcase_add_test(up, a_pseudowire_is_asked_for_with_its_circuits_mtu_and_a_label_of_the_range);
	tcase_add_test(up, it_is_up_when_both_ends_agree_and_the_data_plane_was_read_back);
	tcase_add_test(up, all_circuits_of_a_port_share_a_group_and_other_ports_do_not);
	tcase_add_loop_test(up, each_fault_takes_it_down_with_its_reason_and_ours_are_told, 0, COUNT(faults));
	tcase_add_test(up, bfd_that_says_dead_takes_it_down_where_it_watches);
	tcase_add_test(up, standby_may_be_ignored);
	tcase_add_test(up, a_peer_without_status_tlv_withdraws_and_gets_withdrawn);
	tcase_add_test(up, another_type_at_the_other_end_is_told_and_not_taken_for_silence);
	tcase_add_test(up, without_a_label_range_it_says_so);
	suite_add_tcase(s, up);
	tcase_add_checked_fixture(conf, NULL, teardown);
	tcase_add_test(conf, a_tagged_subinterface_asks_for_its_tag_and_keeps_it);
	tcase_add_test(conf, a_template_sets_the_mtu_and_the_tunnel_policy);
	tcase_add_test(conf, frames_of_ppp_have_no_mtu_to_agree_on);
	tcase_add_test(conf, what_is_not_ethernet_is_never_up);
	tcase_add_test(conf, without_an_interface_nothing_is_asked_for);
	tcase_add_test(conf, another_mtu_of_the_interface_is_told);
	tcase_add_test(conf, what_is_no_longer_configured_is_gone_with_its_label);
	tcase_add_test(conf, a_change_that_is_none_says_nothing);
	tcase_add_test(conf, two_circuits_are_switched_to_each_other);
	tcase_add_test(conf, both_ends_of_local_switching_say_why_it_is_down_and_each_change_is_logged_once);
	tcase_add_test(conf, local_switching_that_is_not_in_the_kernel_is_not_up);
	tcase_add_test(conf, a_fibd_that_comes_back_takes_no_local_switching_down);
	tcase_add_test(conf, protocols_that_are_dropped_are_told_fibd_and_shown_as_the_kernel_has_them);
	suite_add_tcase(s, conf);
	tcase_add_checked_fixture(carrier, NULL, teardown);
	tcase_add_test(carrier, a_carrier_that_we_hold_down_is_no_fault_of_the_circuit);
	tcase_add_test(carrier, a_carrier_that_takes_a_while_to_come_back_is_no_fault_either);
	tcase_add_test(carrier, a_circuit_that_does_not_come_up_when_it_may_is_a_fault);
	suite_add_tcase(s, carrier);
	return s;
}
CHECK_MAIN(suite)
