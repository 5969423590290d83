/* The test's kernel, traffic control; see world_tc.h. */
#include "tests/unit/fibd/world_tc.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROP(list, count, i) ((list)[i] = (list)[--(count)])
#define GROW(list, count) ((list) = mem_resize((list), ((count) + 1) * sizeof *(list)), &(list)[(count)++])

struct world_tc *
world_tc_new(void)
{
	return NEW(struct world_tc);
}

void
world_tc_free(struct world_tc *tc)
{
	free(tc->stations);
	free(tc->clsacts);
	free(tc->gates);
	free(tc->filters);
	free(tc);
}

/* --- telling --- */

static void
tell(struct world *w, const struct fib_object *o, bool gone)
{
	if (!w->deaf && w->rib)
		world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = o, .gone = gone });
}

static void
tell_station(struct world *w, const struct fib_station *s)
{
	struct fib_object o = { .kind = FIB_STATION };

	o.station = *s;
	tell(w, &o, false);
}

static void
tell_clsact(struct world *w, const struct fib_clsact *c, bool gone)
{
	struct fib_object o = { .kind = FIB_CLSACT };

	o.clsact = *c;
	tell(w, &o, gone);
}

static struct fib_gate *
gate_of(struct world_tc *tc, uint32_t index)
{
	for (size_t i = 0; i < tc->gate_count; i++)
		if (tc->gates[i].index == index)
			return &tc->gates[i];
	return NULL;
}

static void
tell_filter(struct world *w, const struct fib_filter *f, bool gone)
{
	const struct fib_gate *g = gate_of(w->tc, f->gate);
	struct fib_object o = { .kind = FIB_FILTER };

	o.filter = *f;
	o.filter.open = g && g->open;
	tell(w, &o, gone);
}

void
world_tc_tell_all(struct world *w)
{
	struct world_tc *tc = w->tc;

	for (size_t i = 0; i < tc->station_count; i++)
		tell_station(w, &tc->stations[i]);
	for (size_t i = 0; i < tc->clsact_count; i++)
		tell_clsact(w, &tc->clsacts[i], false);
	for (size_t i = 0; i < tc->filter_count; i++)
		tell_filter(w, &tc->filters[i], false);
}

/* --- its own doing --- */

static struct fib_clsact *
clsact_of(struct world_tc *tc, uint32_t ifindex)
{
	for (size_t i = 0; i < tc->clsact_count; i++)
		if (tc->clsacts[i].ifindex == ifindex)
			return &tc->clsacts[i];
	return NULL;
}

static bool
has_block(const struct world_tc *tc)
{
	for (size_t i = 0; i < tc->clsact_count; i++)
		if (tc->clsacts[i].block == FIB_BLOCK)
			return true;
	return false;
}

static void
drop_unused_gates(struct world_tc *tc)
{
	for (size_t i = 0; i < tc->gate_count;) {
		bool used = false;
		for (size_t k = 0; k < tc->filter_count; k++)
			used |= tc->filters[k].gate == tc->gates[i].index;
		if (used)
			i++;
		else
			DROP(tc->gates, tc->gate_count, i);
	}
}

static void
drop_filters_on(struct world_tc *tc, uint32_t ifindex)
{
	for (size_t i = 0; i < tc->filter_count;)
		if (tc->filters[i].ifindex == ifindex)
			DROP(tc->filters, tc->filter_count, i);
		else
			i++;
	drop_unused_gates(tc);
}

static int
remove_clsact(struct world *w, uint32_t ifindex, bool loud)
{
	struct world_tc *tc = w->tc;
	struct fib_clsact *c = clsact_of(tc, ifindex), gone;

	if (!c)
		return ENOENT;
	gone = *c;
	*c = tc->clsacts[--tc->clsact_count];
	if (!gone.block)
		drop_filters_on(tc, ifindex);
	else if (!has_block(tc))
		drop_filters_on(tc, 0);
	if (loud)
		tell_clsact(w, &gone, true);
	return 0;
}

void
world_tc_link_gone(struct world *w, uint32_t ifindex)
{
	remove_clsact(w, ifindex, false);
}

void
world_tc_flush(struct world *w, uint32_t ifindex)
{
	ck_assert_int_eq(remove_clsact(w, ifindex, true), 0);
}

void
world_tc_remove(struct world *w, uint32_t ifindex)
{
	remove_clsact(w, ifindex, true);
}

static int
do_clsact(struct world *w, const struct fib_clsact *c, bool delete, const char **text)
{
	if (delete)
		return remove_clsact(w, c->ifindex, true);
	if (clsact_of(w->tc, c->ifindex)) {
		*text = "Exclusivity flag on, cannot modify";
		return EEXIST;
	}
	if (!world_link_of(w, c->ifindex))
		return ENODEV;
	*GROW(w->tc->clsacts, w->tc->clsact_count) = *c;
	tell_clsact(w, c, false);
	return 0;
}

struct fib_filter *
world_filter_like(struct world_tc *tc, const struct fib_filter *like)
{
	for (size_t i = 0; i < tc->filter_count; i++) {
		struct fib_filter *f = &tc->filters[i];
		if (f->ifindex != like->ifindex || f->pref != like->pref)
			continue;
		bool by_label = !f->ifindex || f->form;
		if (!by_label || (f->label == like->label && f->explicit_null == like->explicit_null &&
				     (f->ifindex || f->form == like->form)))
			return f;
	}
	return NULL;
}

static int
do_filter(struct world *w, const struct fib_filter *f, bool delete, const char **text)
{
	struct world_tc *tc = w->tc;
	struct fib_filter *old = world_filter_like(tc, f);
	const struct fib_clsact *c = f->ifindex ? clsact_of(tc, f->ifindex) : NULL;

	tc->filter_ops++;
	if (f->ifindex ? !c || c->block : !has_block(tc)) {
		*text = "Parent Qdisc doesn't exists";
		return EINVAL;
	}
	if (delete) {
		if (!old)
			return ENOENT;
		struct fib_filter gone = *old;
		*old = tc->filters[--tc->filter_count];
		tell_filter(w, &gone, true);
		drop_unused_gates(tc);
		return 0;
	}
	if (tc->refuse) {
		int error = tc->refuse;
		tc->refuse = 0;
		*text = "No filters today";
		return error;
	}
	if (fib_is_sieve(f->pref) ? tc->no_u32 : tc->no_flower) {
		*text = "TC classifier not found";
		return ENOENT;
	}
	if (fib_is_sieve(f->pref) && old)
		return EEXIST;
	if (f->gate && !gate_of(tc, f->gate))
		*GROW(tc->gates, tc->gate_count) = (struct fib_gate){ f->gate, true };
	if (!old)
		old = GROW(tc->filters, tc->filter_count);
	*old = *f;
	tell_filter(w, f, false);
	drop_unused_gates(tc);
	return 0;
}

static int
do_gate(struct world *w, const struct fib_gate *in, bool delete)
{
	struct fib_gate *g = gate_of(w->tc, in->index);
	struct fib_object o = { .kind = FIB_A_GATE };

	if (delete) {
		for (size_t i = 0; g && i < w->tc->filter_count; i++)
			if (w->tc->filters[i].gate == in->index)
				return EPERM;
		if (!g)
			return ENOENT;
		*g = w->tc->gates[--w->tc->gate_count];
		w->tc->stray_gates--;
		return 0;
	}
	w->tc->gate_ops++;
	if (!g) {
		w->tc->stray_gates++;
		g = GROW(w->tc->gates, w->tc->gate_count);
	}
	*g = *in;
	o.gate = *in;
	tell(w, &o, false);
	return 0;
}

static int
do_station(struct world *w, const struct fib_station *s)
{
	w->tc->probes++;
	for (size_t i = 0; i < w->tc->station_count; i++)
		if (w->tc->stations[i].ifindex == s->ifindex && addr_eq(&w->tc->stations[i].addr, &s->addr))
			tell_station(w, &w->tc->stations[i]);
	return 0;
}

int
world_tc_do(struct world *w, const struct fib_object *o, bool delete, const char **text)
{
	switch (o->kind) {
	case FIB_STATION: return do_station(w, &o->station);
	case FIB_CLSACT: return do_clsact(w, &o->clsact, delete, text);
	case FIB_A_GATE: return do_gate(w, &o->gate, delete);
	case FIB_FILTER: return do_filter(w, &o->filter, delete, text);
	default: return EINVAL;
	}
}

void
world_station(struct world *w, uint32_t ifindex, const char *address, uint8_t last)
{
	struct fib_station s = {
		.ifindex = ifindex, .addr = world_addr(address), .mac = { 2, 0, 0, 0, 0, last }, .valid = last != 0
	};

	for (size_t i = 0; i < w->tc->station_count; i++)
		if (w->tc->stations[i].ifindex == ifindex && addr_eq(&w->tc->stations[i].addr, &s.addr))
			DROP(w->tc->stations, w->tc->station_count, i);
	*GROW(w->tc->stations, w->tc->station_count) = s;
	tell_station(w, &s);
}

/* --- where frames go --- */

static const char *
sent_by(struct world *w, const struct fib_filter *f)
{
	struct text t = { 0 };

	text_add(&t, "%u", f->out);
	for (uint8_t i = 0; i < f->label_count; i++)
		text_add(&t, "%s%u", i ? "/" : ": ", f->labels[i]);
	if (f->push_tag)
		text_add(&t, " tag %u", f->push_tag);
	if (f->label_count)
		text_add(&t, "%s mac %u", f->control_word ? " cw" : "", f->mac[5]);
	const char *kept = arena_text(&w->arena, text_chars(&t));
	text_free(&t);
	return kept;
}

const char *
world_frame(struct world *w, uint32_t ifindex)
{
	uint32_t pref = FIB_GUARD + FIB_GUARDS; /* none of the protocols that these drop */

	for (;;) {
		const struct fib_filter *next = NULL;
		for (size_t i = 0; i < w->tc->filter_count; i++) {
			const struct fib_filter *f = &w->tc->filters[i];
			if (f->ifindex == ifindex && f->pref > pref && (!next || f->pref < next->pref))
				next = f;
		}
		if (!next)
			return "stack";
		pref = next->pref;
		const struct fib_gate *g = gate_of(w->tc, next->gate);
		if (next->gate && !(g && g->open))
			continue;
		return next->out ? sent_by(w, next) : "dropped";
	}
}

uint32_t
world_guards(struct world *w, uint32_t ifindex)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < w->tc->filter_count; i++) {
		const struct fib_filter *f = &w->tc->filters[i];
		if (f->ifindex != ifindex || f->pref >= FIB_FRONT)
			continue;
		ck_assert(f->pref >= FIB_GUARD && f->pref < FIB_GUARD + FIB_GUARDS && !f->out && !f->gate);
		bits |= 1u << (f->pref - FIB_GUARD);
	}
	return bits;
}

const char *
world_packet(struct world *w, uint32_t ifindex, uint32_t label, bool explicit_null)
{
	const struct world_control frame = { .ifindex = ifindex, .label = label, .explicit_null = explicit_null };

	return world_control(w, &frame);
}

bool
world_has_block(struct world *w, uint32_t ifindex)
{
	const struct fib_clsact *c = clsact_of(w->tc, ifindex);

	return c && c->block == FIB_BLOCK;
}

bool
world_gate_is_open(struct world *w, uint32_t index)
{
	const struct fib_gate *g = gate_of(w->tc, index);

	return g && g->open;
}

const char *
world_received(struct world *w, const struct fib_filter *f)
{
	char text[64];

	if (!f)
		return "not ours";
	if (!f->out)
		return "dropped";
	snprintf(text, sizeof text, "%u%s%s", f->out, f->control_word ? " cw" : "", f->pop_tag ? " retag" : "");
	return arena_text(&w->arena, text);
}

void
world_tc_watch(struct world *w)
{
	struct world_tc *tc = w->tc;

	if (!tc->watched)
		return;
	const char *now = world_frame(w, tc->watched);
	if (strcmp(now, tc->last) == 0)
		return;
	size_t at = strlen(tc->ways);
	snprintf(tc->ways + at, sizeof tc->ways - at, "%s%s", at ? " > " : "", now);
	snprintf(tc->last, sizeof tc->last, "%s", now);
}

void
world_follow(struct world *w, uint32_t ifindex)
{
	struct world_tc *tc = w->tc;

	tc->watched = ifindex;
	*tc->ways = '\0';
	snprintf(tc->last, sizeof tc->last, "%s", world_frame(w, ifindex));
}

/* --- l2vpnd --- */

static void
read_paths(struct world *w, L2vpn__Circuit *row, const char *text)
{
	char *rest = arena_text(&w->arena, text), *one;

	row->paths = arena_take(&w->arena, 8 * sizeof *row->paths);
	while ((one = strsep(&rest, ",")) && *one) {
		L2vpn__CircuitPath *p = row->paths[row->n_paths++] = arena_take(&w->arena, sizeof *p);
		char peer[64], words[64] = "", *at;
		l2vpn__circuit_path__init(p);
		ck_assert_int_ge(
		    sscanf(one, " %63s %u %u %u %63[^,]", peer, &p->vc_id, &p->out_label, &p->in_label, words), 4);
		struct addr *a = arena_take(&w->arena, sizeof *a);
		*a = world_addr(peer);
		p->peer = (ProtobufCBinaryData){ addr_size(a), a->bytes };
		p->control_word = strstr(words, "cw") != NULL;
		const char *channel = strstr(words, "cc");
		p->control_channel = channel ? (uint32_t)channel[2] - '0' : 0;
		p->bfd = strstr(words, "bfd") != NULL;
		const char *from = strstr(words, "from ");
		char source[64];
		if (from && sscanf(from, "from %63s", source) == 1) {
			struct addr *b = arena_take(&w->arena, sizeof *b);
			*b = world_addr(source);
			p->bfd_source = (ProtobufCBinaryData){ addr_size(b), b->bytes };
		}
		p->usable = !strstr(words, "off");
		p->last_resort = strstr(words, "last") != NULL;
		if ((at = strstr(words, "by "))) {
			p->tunnel_policy = arena_text(&w->arena, at + strlen("by "));
			p->tunnel_policy[strcspn(p->tunnel_policy, " ")] = '\0';
		}
	}
}

void
world_circuit(struct world *w, const struct world_circuit *c, uint32_t round)
{
	L2vpn__Circuit row = L2VPN__CIRCUIT__INIT;

	row.interface = (char *)(uintptr_t)c->interface;
	row.local = (char *)(uintptr_t)(c->local ? c->local : "");
	row.active = c->active;
	row.turn = c->turn;
	row.tagged = c->tagged;
	row.carrier_follows = c->carrier_follows;
	row.switches = c->switches;
	row.switched = c->switched;
	row.switch_reason = (char *)(uintptr_t)(c->reason ? c->reason : "");
	row.dropped = c->dropped;
	if (c->paths)
		read_paths(w, &row, c->paths);
	world_input(
	    w, &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_L2VPN_CIRCUIT, .row = &row, .round = round });
}

void
world_circuit_gone(struct world *w, const char *interface)
{
	L2vpn__Circuit row = L2VPN__CIRCUIT__INIT;

	row.interface = (char *)(uintptr_t)interface;
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_L2VPN_CIRCUIT, .row = &row, .gone = true, .round = 1 });
}

const Fib__Circuit *
world_circuit_row(struct world *w, const char *interface)
{
	struct table *t = world_table(w, "fib.Circuit");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__Circuit *m = arena_take(&w->arena, sizeof *m);
		fib__circuit__init(m);
		t->fill(r, m, &w->arena);
		if (strcmp(m->interface, interface) == 0)
			return m;
	}
	return NULL;
}

const Fib__Circuit *
world_circuit_there(struct world *w, const char *interface)
{
	const Fib__Circuit *r = world_circuit_row(w, interface);

	ck_assert_ptr_nonnull(r);
	return r;
}

/* --- a PE --- */

struct world *
world_pw(void)
{
	struct world *w = world_pe();

	world_link(w, 7, "eth7", NULL);
	world_link(w, 8, "eth8", NULL);
	for (uint32_t i = 1; i <= 2; i++) {
		struct fib_link *l = world_link_of(w, i);
		l->mpls_input = true;
		l->mtu = 9000;
		l->mac[5] = (uint8_t)(0x10 + i);
	}
	world_station(w, 1, "10.0.1.2", 2);
	world_station(w, 2, "10.0.2.2", 3);
	return w;
}

void
world_pw_free(struct world *w)
{
	ck_assert_uint_eq(w->tc->stray_gates, 0);
	world_free(w);
}

void
world_pw_start(struct world *w)
{
	world_pe_start(w);
}
