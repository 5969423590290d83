/* A world around l2vpnd's engine: see world.h. */
#include "tests/unit/l2vpnd/world.h"
#include "base/label.h"
#include "base/mem.h"
#include "base/text.h"
#include "l2vpnd/commands.h"
#include "tests/helper/check.h"
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
feed(struct world *w, struct l2vpn_input in)
{
	l2vpn_input(w->l, &in, w->now);
}

/* --- what there is --- */

static struct addr
address(const char *text)
{
	struct addr a = addr_none();

	ck_assert(addr_parse(text, &a));
	return a;
}

struct end *
world_end(struct world *w, const char *peer, uint32_t type, uint32_t vc_id)
{
	struct addr a = address(peer);

	for (size_t i = 0; i < w->end_count; i++)
		if (addr_eq(&w->ends[i].peer, &a) && w->ends[i].type == type && w->ends[i].vc_id == vc_id)
			return &w->ends[i];
	ck_assert(w->end_count < COUNT(w->ends));
	w->ends[w->end_count] = (struct end){ .peer = a,
		.type = type,
		.vc_id = vc_id,
		.label = 2000 + (uint32_t)w->end_count,
		.mtu = 1500,
		.session = true,
		.status_tlv = true };
	return &w->ends[w->end_count++];
}

struct port *
world_port(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->port_count; i++)
		if (strcmp(w->ports[i].name, name) == 0)
			return &w->ports[i];
	ck_assert(w->port_count < COUNT(w->ports));
	struct port *p = &w->ports[w->port_count++];
	*p = (struct port){ .ifindex = 10 + (uint32_t)w->port_count, .mtu = 1500, .up = true };
	snprintf(p->name, sizeof p->name, "%s", name);
	return p;
}

struct peer *
world_peer(struct world *w, const char *text)
{
	struct addr a = address(text);

	for (size_t i = 0; i < w->peer_count; i++)
		if (addr_eq(&w->peers[i].address, &a))
			return &w->peers[i];
	ck_assert(w->peer_count < COUNT(w->peers));
	w->peers[w->peer_count] = (struct peer){ .address = a, .lsp = true, .alive = true };
	return &w->peers[w->peer_count++];
}

/* --- telling --- */

/* True when it is other than what was told before. */
static bool
is_news(struct told_rows *t, const char *key, const ProtobufCMessage *m)
{
	size_t i = 0, size = protobuf_c_message_get_packed_size(m);
	uint8_t *bytes = mem_zalloc(size + 1);

	protobuf_c_message_pack(m, bytes);
	while (i < t->count && strcmp(t->rows[i].key, key) != 0)
		i++;
	ck_assert(i < COUNT(t->rows));
	struct told *r = &t->rows[i];
	bool news = i == t->count || r->size != size || memcmp(r->bytes, bytes, size) != 0;
	if (i == t->count) {
		t->count++;
		*r = (struct told){ .size = 0 };
		snprintf(r->key, sizeof r->key, "%s", key);
	}
	free(r->bytes);
	r->bytes = bytes;
	r->size = size;
	r->seen = true;
	return news;
}

static void
forget(struct told_rows *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->rows[i].bytes);
	t->count = 0;
}

#define each_row(row, table) for (const struct row *row = (table)->oldest; row; row = row->newer)

/* --- ldpd --- */

static void
fill_answer(struct world *w, const L2vpn__PwRequest *r, Ldp__Pw *m)
{
	struct addr peer;

	ck_assert(addr_from_bytes(r->peer.data, r->peer.len, &peer));
	ldp__pw__init(m);
	m->peer = r->peer;
	m->type = r->type;
	m->vc_id = r->vc_id;
	m->requested = true;
	m->local_label = m->remote_label = LABEL_UNSET;
	for (size_t i = 0; i < w->end_count && !w->ldp_learns; i++) {
		const struct end *e = &w->ends[i];
		if (!addr_eq(&e->peer, &peer) || e->vc_id != r->vc_id || e->type != r->type)
			continue;
		m->session = e->session;
		m->status_tlv = e->status_tlv;
		m->local_label = e->session && (e->status_tlv || !(r->status & 0x1f)) ? r->label : LABEL_UNSET;
		m->remote_label = e->session ? e->label : LABEL_UNSET;
		m->remote_status = e->status;
		m->remote_mtu = e->mtu;
		m->remote_control_word = e->control_word;
		m->control_word = e->control_word && r->control_word;
		m->remote_vccv_cc = e->vccv_cc;
		m->remote_vccv_cv = e->vccv_cv;
		m->trouble = (char *)(uintptr_t)(e->trouble ? e->trouble : "");
	}
}

static const char *
pw_key(const Ldp__Pw *m)
{
	static char key[96];
	struct addr a;
	char text[ADDR_TEXT];

	addr_from_bytes(m->peer.data, m->peer.len, &a);
	snprintf(key, sizeof key, "%s %u %u", addr_text(&a, text), m->type, m->vc_id);
	return key;
}

static bool
ldp_speaks(struct world *w)
{
	struct table *t = world_table(w, "l2vpn.PwRequest");
	bool news = false;

	for (size_t i = 0; i < w->pws.count; i++)
		w->pws.rows[i].seen = false;
	each_row(row, t)
	{
		L2vpn__PwRequest r;
		Ldp__Pw m;
		l2vpn__pw_request__init(&r);
		t->fill(row, &r, &w->arena);
		fill_answer(w, &r, &m);
		if (!is_news(&w->pws, pw_key(&m), &m.base))
			continue;
		feed(w, (struct l2vpn_input){
			    .kind = L2VPN_IN_ROW, .table = L2VPN_LDP_PW, .row = &m, .round = w->round[0] });
		return true; /* it may have changed the table */
	}
	for (size_t i = 0; i < w->pws.count && !news; i++)
		if (!w->pws.rows[i].seen) {
			Ldp__Pw *m = ldp__pw__unpack(NULL, w->pws.rows[i].size, w->pws.rows[i].bytes);
			free(w->pws.rows[i].bytes);
			w->pws.rows[i] = w->pws.rows[--w->pws.count];
			feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_ROW,
				    .table = L2VPN_LDP_PW,
				    .row = m,
				    .gone = true,
				    .round = w->round[0] });
			ldp__pw__free_unpacked(m, NULL);
			news = true;
		}
	return news;
}

/* --- fibd --- */

static struct kernel *
kernel_of(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->kernel_count; i++)
		if (strcmp(w->kernels[i].name, name) == 0)
			return &w->kernels[i];
	ck_assert(w->kernel_count < COUNT(w->kernels));
	struct kernel *k = &w->kernels[w->kernel_count++];
	*k = (struct kernel){ .turn = 0 };
	snprintf(k->name, sizeof k->name, "%s", name);
	return k;
}

static Fib__CircuitPath *
path_of(struct world *w, const L2vpn__CircuitPath *p, const struct port *port)
{
	Fib__CircuitPath *m = arena_take(&w->arena, sizeof *m);
	struct addr peer;
	char text[ADDR_TEXT];

	ck_assert(addr_from_bytes(p->peer.data, p->peer.len, &peer));
	const struct peer *there = world_peer(w, addr_text(&peer, text));
	fib__circuit_path__init(m);
	m->peer = p->peer;
	m->vc_id = p->vc_id;
	m->in_label = p->in_label;
	m->out_label = p->out_label;
	m->lsp = there->lsp && !w->fib_learns;
	m->alive = !p->bfd || there->alive;
	m->usable = p->usable;
	m->sends = m->lsp && m->alive && p->usable && p->out_label != LABEL_UNSET && port->ifindex;
	m->receives = port->ifindex && !w->fib_learns;
	m->channel = p->control_channel && m->receives && m->lsp && p->out_label != LABEL_UNSET && !there->no_channel;
	return m;
}

/* Within a turn a dead path is left for the next usable one, and never gone back to. */
static void
move(const L2vpn__Circuit *c, Fib__CircuitPath *const *paths, struct kernel *k, usec_t now)
{
	if (k->turn != c->turn || k->active >= c->n_paths) {
		k->turn = c->turn;
		if (k->active != c->active)
			k->moved_at = now;
		k->active = c->active;
		snprintf(k->why, sizeof k->why, "decided by l2vpnd");
	}
	if (!c->n_paths || (c->paths[k->active]->usable && paths[k->active]->lsp && paths[k->active]->alive))
		return;
	for (uint32_t i = 0; i < c->n_paths; i++)
		if (i != k->active && c->paths[i]->usable && paths[i]->sends && paths[i]->alive) {
			snprintf(k->why, sizeof k->why, "%s",
			    !c->paths[k->active]->usable ? "it cannot be used"
			    : !paths[k->active]->lsp     ? "the LSP is gone"
							 : "BFD says that it is dead");
			k->active = i;
			k->moved_at = now;
			return;
		}
}

/* The one that l2vpnd and the data plane have arrived at; with none that can be used the first that is a last resort. */
static uint32_t
leaves_by(const L2vpn__Circuit *c, const Fib__Circuit *m, uint32_t shown)
{
	if (shown < c->n_paths && m->paths[shown]->sends)
		return shown;
	for (uint32_t i = 0; i < c->n_paths; i++)
		if (m->paths[i]->sends)
			return LABEL_UNSET; /* on its way there */
	for (uint32_t i = 0; i < c->n_paths; i++)
		if (c->paths[i]->last_resort && m->paths[i]->lsp)
			return i;
	return LABEL_UNSET;
}

static void
fill_circuit(struct world *w, const L2vpn__Circuit *c, Fib__Circuit *m)
{
	const struct port *port = world_port(w, c->interface);
	struct kernel *k = kernel_of(w, c->interface);

	fib__circuit__init(m);
	m->interface = c->interface;
	m->ifindex = port->ifindex;
	m->mtu = port->ifindex ? port->mtu : 0;
	m->n_paths = c->n_paths;
	m->paths = arena_take(&w->arena, (c->n_paths + 1) * sizeof *m->paths);
	for (size_t i = 0; i < c->n_paths; i++)
		m->paths[i] = path_of(w, c->paths[i], port);
	m->held = c->carrier_follows && c->n_paths;
	for (size_t i = 0; i < c->n_paths; i++)
		m->held &= !m->paths[i]->sends;
	m->up = port->ifindex && (port->up || m->held);
	if (!w->fib_learns)
		move(c, m->paths, k, w->now);
	m->guards = arena_take(&w->arena, L2VPN_PROTOCOLS * sizeof *m->guards);
	for (int p = 0; p < L2VPN_PROTOCOLS && port->ifindex; p++) {
		Fib__CircuitGuard *g = m->guards[m->n_guards] = arena_take(&w->arena, sizeof *g);
		fib__circuit_guard__init(g);
		g->protocol = (char *)(uintptr_t)l2vpn_protocol_name((enum l2vpn_protocol)p);
		g->stands = !w->fib_learns && !w->no_guards;
		m->n_guards += c->dropped >> p & 1;
	}
	m->joined =
	    *c->local && port->ifindex && world_port(w, c->local)->ifindex && !w->fib_learns && !w->no_switching;
	m->turn = k->turn;
	m->active = leaves_by(c, m, k->shown);
	m->moved_at = k->moved_at;
	m->moved_why = k->why;
	if (!w->fib_learns) {
		m->switches = c->switches;
		m->switched = c->switched;
		m->switch_reason = c->switch_reason;
	}
	k->shown = k->active;
}

static bool
fib_speaks(struct world *w)
{
	struct table *t = world_table(w, "l2vpn.Circuit");

	for (size_t i = 0; i < w->circuits.count; i++)
		w->circuits.rows[i].seen = false;
	each_row(row, t)
	{
		L2vpn__Circuit c;
		Fib__Circuit m;
		l2vpn__circuit__init(&c);
		t->fill(row, &c, &w->arena);
		fill_circuit(w, &c, &m);
		if (!is_news(&w->circuits, m.interface, &m.base))
			continue;
		feed(w, (struct l2vpn_input){
			    .kind = L2VPN_IN_ROW, .table = L2VPN_FIB_CIRCUIT, .row = &m, .round = w->round[1] });
		return true;
	}
	for (size_t i = 0; i < w->circuits.count && t->complete; i++)
		if (!w->circuits.rows[i].seen) {
			Fib__Circuit *m =
			    fib__circuit__unpack(NULL, w->circuits.rows[i].size, w->circuits.rows[i].bytes);
			free(w->circuits.rows[i].bytes);
			w->circuits.rows[i] = w->circuits.rows[--w->circuits.count];
			feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_ROW,
				    .table = L2VPN_FIB_CIRCUIT,
				    .row = m,
				    .gone = true,
				    .round = w->round[1] });
			fib__circuit__free_unpacked(m, NULL);
			return true;
		}
	return false;
}

void
world_settle(struct world *w)
{
	int talk = 0;

	while (ldp_speaks(w) || fib_speaks(w)) {
		w->now++; /* what comes after something happens after it */
		arena_reset(&w->arena);
		ck_assert_msg(++talk < 1000, "they never come to an end");
	}
	arena_reset(&w->arena);
}

void
world_pass(struct world *w, usec_t span)
{
	usec_t until = w->now + span;

	world_settle(w);
	while (l2vpn_due(w->l) <= until) {
		w->now = l2vpn_due(w->l);
		feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_TIMER });
		world_settle(w);
	}
	w->now = until;
}

void
world_leaves(struct world *w, const char *interface, uint32_t path, const char *why)
{
	struct kernel *k = kernel_of(w, interface);

	k->active = k->shown = path;
	k->moved_at = ++w->now;
	snprintf(k->why, sizeof k->why, "%s", why);
	world_settle(w);
}

void
world_input(struct world *w, struct l2vpn_input in)
{
	feed(w, in);
	world_settle(w);
}

void
world_device(struct world *w, uint32_t ifindex, const char *name)
{
	Fib__Interface m;

	fib__interface__init(&m);
	m.ifindex = ifindex;
	m.name = m.label = (char *)(uintptr_t)(name ? name : "");
	feed(w,
	    (struct l2vpn_input){
		.kind = L2VPN_IN_ROW, .table = L2VPN_FIB_INTERFACE, .row = &m, .gone = !name, .round = w->round[1] });
}

void
world_switch(struct world *w, const char *interface, bool to_primary)
{
	char why[160];

	ck_assert_msg(l2vpn_may_switch(w->l, interface, to_primary, why), "%s", why);
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_SWITCH, .interface = interface, .to_primary = to_primary });
	world_settle(w);
}

/* --- BFD over VCCV --- */

void
world_vccv(struct world *w, uint32_t ifindex)
{
	if (w->vccv)
		world_device(w, w->vccv, NULL);
	w->vccv = ifindex;
	if (ifindex)
		world_device(w, ifindex, "vccv0");
	world_settle(w);
}

static void
tell_session(struct world *w, const char *peer, uint32_t vc_id, Bfd__Verdict verdict, bool gone)
{
	Bfd__Session row = BFD__SESSION__INIT;
	char name[96];

	snprintf(name, sizeof name, "dynamic %s %u", peer, vc_id);
	row.name = name;
	row.verdict = verdict;
	row.vccv_label = gone ? 0 : world_vc(w, peer, vc_id)->local_label;
	feed(
	    w, (struct l2vpn_input){
		   .kind = L2VPN_IN_ROW, .table = L2VPN_BFD_SESSION, .row = &row, .gone = gone, .round = w->round[2] });
	world_settle(w);
}

void
world_verdict(struct world *w, const char *peer, uint32_t vc_id, Bfd__Verdict verdict)
{
	tell_session(w, peer, vc_id, verdict, false);
}

void
world_session_gone(struct world *w, const char *peer, uint32_t vc_id)
{
	tell_session(w, peer, vc_id, BFD__VERDICT__UNKNOWN, true);
}

void
world_far_end(struct world *w, const char *peer, Bfd__Verdict verdict)
{
	Bfd__Session row = BFD__SESSION__INIT;
	struct peer *there = world_peer(w, peer);
	char name[96];

	snprintf(name, sizeof name, "dynamic %s", peer);
	row.name = name;
	row.verdict = verdict;
	row.multihop = true;
	row.peer = (ProtobufCBinaryData){ addr_size(&there->address), there->address.bytes };
	if (verdict != BFD__VERDICT__UNKNOWN)
		there->alive = verdict != BFD__VERDICT__DEAD;
	feed(w, (struct l2vpn_input){
		    .kind = L2VPN_IN_ROW, .table = L2VPN_BFD_SESSION, .row = &row, .round = w->round[2] });
	world_settle(w);
}

void
world_kill_bfdd(struct world *w)
{
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_BFD_SESSION });
	w->round[2]++;
	world_settle(w);
}

void
world_bfdd_is_back(struct world *w)
{
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_BFD_SESSION, .round = w->round[2] });
	world_settle(w);
}

/* --- lives --- */

static void
synced(struct world *w, enum l2vpn_mirror table, uint32_t round)
{
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = table, .round = round });
}

/* What mirrors bring an engine that has just started. */
static void
begin(struct world *w)
{
	Fib__LabelRange range;

	w->l = l2vpn_new(++w->life);
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = &w->config });
	fib__label_range__init(&range);
	range.user = (char *)(uintptr_t) "l2vpnd";
	range.first = 524288;
	range.last = 786431;
	if (!w->no_range)
		feed(w,
		    (struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_FIB_RANGE, .row = &range, .round = 1 });
	synced(w, L2VPN_FIB_RANGE, 1);
	for (size_t i = 0; i < w->circuits.count; i++) {
		Fib__Circuit *m = fib__circuit__unpack(NULL, w->circuits.rows[i].size, w->circuits.rows[i].bytes);
		feed(w, (struct l2vpn_input){
			    .kind = L2VPN_IN_ROW, .table = L2VPN_FIB_CIRCUIT, .row = m, .round = w->round[1] });
		fib__circuit__free_unpacked(m, NULL);
	}
	synced(w, L2VPN_FIB_CIRCUIT, w->round[1]);
	for (size_t i = 0; i < w->pws.count; i++) {
		Ldp__Pw *m = ldp__pw__unpack(NULL, w->pws.rows[i].size, w->pws.rows[i].bytes);
		feed(w, (struct l2vpn_input){
			    .kind = L2VPN_IN_ROW, .table = L2VPN_LDP_PW, .row = m, .round = w->round[0] });
		ldp__pw__free_unpacked(m, NULL);
	}
	synced(w, L2VPN_LDP_PW, w->round[0]);
	world_settle(w);
	if (w->vccv)
		world_device(w, w->vccv, "vccv0");
	synced(w, L2VPN_FIB_INTERFACE, 1);
	world_settle(w);
}

static void
take(struct world *w, const char *conf)
{
	struct conf_errors errors = { 0 };

	l2vpn_config_free(&w->config);
	int r = conf_read_text("world.conf", conf, l2vpn_commands, &w->config, &errors);
	ck_assert_msg(
	    r == 0 && conf_check(&l2vpn_conf, "world.conf", &w->config, &errors) == 0, "%s", text_chars(&errors.text));
	conf_errors_free(&errors);
}

struct world *
world_new(const char *conf)
{
	struct world *w = NEW(struct world);

	arena_init(&w->arena);
	w->now = 1000 * USEC_PER_SEC;
	w->round[0] = w->round[1] = w->round[2] = 1;
	take(w, conf);
	world_port(w, "GigabitEthernet0/1/0");
	world_port(w, "GigabitEthernet0/2/0");
	world_peer(w, "2.2.2.2");
	world_peer(w, "3.3.3.3");
	world_peer(w, "4.4.4.4");
	begin(w);
	return w;
}

void
world_free(struct world *w)
{
	if (!w)
		return;
	l2vpn_free(w->l);
	l2vpn_config_free(&w->config);
	forget(&w->pws);
	forget(&w->circuits);
	arena_free(&w->arena);
	free(w);
}

void
world_configure(struct world *w, const char *conf)
{
	take(w, conf);
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = &w->config });
	world_settle(w);
}

void
world_restart_l2vpnd(struct world *w)
{
	l2vpn_free(w->l);
	begin(w);
}

void
world_restart_after_move(struct world *w, const char *interface, uint32_t path, const char *why)
{
	struct kernel *k = kernel_of(w, interface);

	l2vpn_free(w->l);
	k->active = k->shown = path;
	k->moved_at = ++w->now;
	snprintf(k->why, sizeof k->why, "%s", why);
	for (size_t i = 0; i < w->circuits.count; i++) {
		if (strcmp(w->circuits.rows[i].key, interface) != 0)
			continue;
		Fib__Circuit *m = fib__circuit__unpack(NULL, w->circuits.rows[i].size, w->circuits.rows[i].bytes);
		char *told = m->moved_why;
		m->active = path;
		m->moved_at = k->moved_at;
		m->moved_why = k->why;
		is_news(&w->circuits, interface, &m->base);
		m->moved_why = told;
		fib__circuit__free_unpacked(m, NULL);
	}
	begin(w);
}

void
world_restart_ldpd(struct world *w)
{
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_LDP_PW });
	w->round[0]++;
	forget(&w->pws);
	w->ldp_learns = true;
	world_settle(w); /* it has requests, and no sessions yet */
	w->ldp_learns = false;
	forget(&w->pws);
	world_settle(w);
	synced(w, L2VPN_LDP_PW, w->round[0]);
	world_settle(w);
}

void
world_restart_fibd(struct world *w)
{
	feed(w, (struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_FIB_CIRCUIT });
	w->round[1]++;
	forget(&w->circuits);
	w->fib_learns = true;
	world_settle(w); /* it has circuits, and has not looked into the kernel yet */
	w->fib_learns = false;
	forget(&w->circuits);
	world_settle(w);
	synced(w, L2VPN_FIB_CIRCUIT, w->round[1]);
	world_settle(w);
}

/* Labels and whose they are is all that filters of the kernel tell. */
static void
tell_found(struct world *w)
{
	struct told_rows before = w->circuits;

	w->circuits = (struct told_rows){ .count = 0 };
	for (size_t i = 0; i < before.count; i++) {
		Fib__Circuit *m = fib__circuit__unpack(NULL, before.rows[i].size, before.rows[i].bytes);
		for (size_t k = 0; k < m->n_paths; k++) {
			m->paths[k]->out_label = LABEL_UNSET;
			m->paths[k]->lsp = m->paths[k]->alive = m->paths[k]->sends = false;
		}
		m->active = LABEL_UNSET;
		m->moved_at = m->switches = m->switched = 0;
		if (*m->switch_reason)
			*m->switch_reason = '\0';
		is_news(&w->circuits, m->interface, &m->base);
		fib__circuit__free_unpacked(m, NULL);
	}
	forget(&before);
}

void
world_restart_both(struct world *w)
{
	l2vpn_free(w->l);
	w->kernel_count = 0;
	w->round[1]++;
	tell_found(w);
	begin(w);
}

/* --- what is said --- */

struct table *
world_table(struct world *w, const char *name)
{
	for (struct table *const *t = l2vpn_tables(w->l); *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	ck_abort_msg("there is no table %s", name);
	return NULL;
}

static bool
is_of(const ProtobufCBinaryData *bytes, const char *peer)
{
	struct addr a = address(peer), own;

	return addr_from_bytes(bytes->data, bytes->len, &own) && addr_eq(&own, &a);
}

#define READER(function, type, init, table_name, parameters, fits) \
	const type *function parameters                            \
	{                                                          \
		static type m;                                     \
		struct table *t = world_table(w, table_name);      \
		arena_reset(&w->arena);                            \
		each_row(row, t)                                   \
		{                                                  \
			init(&m);                                  \
			t->fill(row, &m, &w->arena);               \
			if (fits)                                  \
				return &m;                         \
		}                                                  \
		return NULL;                                       \
	}
READER(world_request, L2vpn__PwRequest, l2vpn__pw_request__init, "l2vpn.PwRequest",
    (struct world * w, const char *peer, uint32_t vc_id), is_of(&m.peer, peer) && m.vc_id == vc_id)
READER(world_vc, L2vpn__Vc, l2vpn__vc__init, "l2vpn.Vc", (struct world * w, const char *peer, uint32_t vc_id),
    is_of(&m.peer, peer) && m.vc_id == vc_id)
READER(world_circuit, L2vpn__Circuit, l2vpn__circuit__init, "l2vpn.Circuit", (struct world * w, const char *interface),
    strcmp(m.interface, interface) == 0)
READER(world_watch, Bfd__Request, bfd__request__init, "bfd.Request",
    (struct world * w, const char *peer, uint32_t label), is_of(&m.peer, peer) && m.vccv_label == label)
READER(world_echoes, L2vpn__EchoCounters, l2vpn__echo_counters__init, "l2vpn.EchoCounters",
    (struct world * w, uint32_t vc_id), m.vc_id == vc_id)
READER(world_service, L2vpn__Service, l2vpn__service__init, "l2vpn.Service", (struct world * w, const char *interface),
    strcmp(m.interface, interface) == 0)

size_t
world_watches(struct world *w)
{
	return world_table(w, "bfd.Request")->count;
}

static int
line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct text
world_print(struct world *w, const char *name)
{
	bool circuits = strcmp(name, "l2vpn.Circuit") == 0;
	struct table *t = world_table(w, name);
	struct text out = { 0 };
	char *lines[32];
	size_t count = 0;
	uint8_t bytes[2048];

	each_row(row, t)
	{
		union {
			L2vpn__Circuit circuit;
			L2vpn__PwRequest request;
		} m;
		struct text line = { 0 };
		if (circuits)
			l2vpn__circuit__init(&m.circuit);
		else
			l2vpn__pw_request__init(&m.request);
		t->fill(row, &m, &w->arena);
		size_t size = protobuf_c_message_pack((const ProtobufCMessage *)&m, bytes);
		for (size_t i = 0; i < size; i++)
			text_add(&line, "%02x", bytes[i]);
		ck_assert(count < COUNT(lines));
		lines[count++] = line.chars;
	}
	qsort(lines, count, sizeof *lines, line_cmp); /* they were told in another order */
	for (size_t i = 0; i < count; i++) {
		text_line(&out, "%s", lines[i]);
		free(lines[i]);
	}
	return out;
}

bool
world_logged(struct world *w, const char *part)
{
	struct outbox *out = l2vpn_outbox(w->l);
	bool found = false;

	for (size_t i = 0; i < outbox_count(out); i++)
		found |= strstr((const char *)outbox_at(out, i).bytes, part) != NULL;
	outbox_clear(out);
	return found;
}
