/*
 * What fibd and ldpd have said: rows of fib.Circuit, fib.Interface and ldp.Pw, kept under their keys whether anybody here
 * wants them yet or not, for they are not said again.
 *
 * A daemon that starts anew tells what it knows while it still learns, so at first it says less than before: no session yet,
 * no label, nothing read back. What says less is held until its snapshot has ended, and believed then; what says as much is
 * taken at once. So nothing moves because somebody was killed and has come back.
 */
#include "l2vpnd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
pw_hash(const struct addr *peer, uint32_t type, uint32_t vc_id)
{
	uint32_t numbers[] = { type, vc_id };

	return hash_bytes(numbers, sizeof numbers, hash_bytes(peer->bytes, sizeof peer->bytes, peer->family));
}

static uint32_t
name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

static struct told_pw *
find_pw(const struct l2vpn *l, const struct addr *peer, uint32_t type, uint32_t vc_id)
{
	for (struct hash_node *n = hash_first(&l->told_pws, pw_hash(peer, type, vc_id)); n; n = hash_next(n)) {
		struct told_pw *t = OBJECT(n, struct told_pw, by_key);
		if (t->type == type && t->vc_id == vc_id && addr_eq(&t->peer, peer))
			return t;
	}
	return NULL;
}

static struct told_circuit *
find_circuit(const struct l2vpn *l, const char *name)
{
	for (struct hash_node *n = hash_first(&l->told_circuits, name_hash(name)); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct told_circuit, by_name)->name, name) == 0)
			return OBJECT(n, struct told_circuit, by_name);
	return NULL;
}

const struct told_pw *
told_pw_find(const struct l2vpn *l, const struct addr *peer, uint32_t type, uint32_t vc_id)
{
	return find_pw(l, peer, type, vc_id);
}

const struct told_circuit *
told_circuit_find(const struct l2vpn *l, const char *name)
{
	return find_circuit(l, name);
}

static bool
is_away(const struct l2vpn *l, enum l2vpn_mirror table)
{
	return l->away & 1u << table;
}

/* --- pseudowires --- */

/* Those of all types: another one of this number is told to the operator. */
static void
review_pw(struct l2vpn *l, const struct addr *peer, uint32_t vc_id)
{
	for (struct pw *p = l->begun ? pw_first(l, peer, vc_id) : NULL; p; p = pw_next(p))
		service_review(p->of);
}

static struct pw_word
pw_word(const Ldp__Pw *row)
{
	struct pw_word w;

	memset(&w, 0, sizeof w);
	w.local_label = row->local_label;
	w.remote_label = row->remote_label;
	w.remote_status = row->remote_status;
	w.remote_group = row->remote_group;
	w.remote_mtu = row->remote_mtu;
	w.remote_vccv_cc = row->remote_vccv_cc;
	w.remote_vccv_cv = row->remote_vccv_cv;
	w.session = row->session;
	w.control_word = row->control_word;
	w.remote_control_word = row->remote_control_word;
	w.status_tlv = row->status_tlv;
	snprintf(w.trouble, sizeof w.trouble, "%s", row->trouble);
	snprintf(w.description, sizeof w.description, "%s", row->remote_description);
	return w;
}

static bool
says_less(const struct pw_word *new, const struct pw_word *before)
{
	return (before->session && !new->session) ||
	       (before->remote_label != LABEL_UNSET && new->remote_label == LABEL_UNSET);
}

static void
forget_pw(struct l2vpn *l, struct told_pw *t)
{
	struct addr peer = t->peer;
	uint32_t vc_id = t->vc_id;

	hash_remove(&l->told_pws, &t->by_key);
	free(t);
	review_pw(l, &peer, vc_id);
}

void
told_pw_row(struct l2vpn *l, const Ldp__Pw *row, bool gone, uint32_t round)
{
	struct addr peer;

	if (!addr_from_bytes(row->peer.data, row->peer.len, &peer))
		return;
	struct told_pw *t = find_pw(l, &peer, row->type, row->vc_id);
	if (!t && gone)
		return;
	if (!t) {
		t = NEW(struct told_pw);
		t->peer = peer;
		t->type = row->type;
		t->vc_id = row->vc_id;
		hash_add(&l->told_pws, &t->by_key, pw_hash(&peer, row->type, row->vc_id));
		t->now.local_label = t->now.remote_label = LABEL_UNSET;
	}
	t->round = round;
	struct pw_word w = t->now;
	if (!gone)
		w = pw_word(row);
	t->holds = is_away(l, L2VPN_LDP_PW) && (gone || says_less(&w, &t->now));
	t->gone = gone;
	if (t->holds) {
		t->held = w;
	} else if (gone) {
		forget_pw(l, t);
	} else {
		t->now = w;
		review_pw(l, &peer, row->vc_id);
	}
}

static void
pws_synced(struct l2vpn *l, uint32_t round)
{
	hash_each (n, &l->told_pws) {
		struct told_pw *t = OBJECT(n, struct told_pw, by_key);
		if (t->round != round || (t->holds && t->gone)) {
			forget_pw(l, t);
		} else if (t->holds) {
			t->holds = false;
			t->now = t->held;
			review_pw(l, &t->peer, t->vc_id);
		}
	}
}

/* --- circuits --- */

static struct told_path
told_path(const Fib__CircuitPath *row)
{
	struct told_path p;

	memset(&p, 0, sizeof p);
	addr_from_bytes(row->peer.data, row->peer.len, &p.peer);
	addr_from_bytes(row->next_hop.data, row->next_hop.len, &p.next_hop);
	p.vc_id = row->vc_id;
	p.in_label = row->in_label;
	p.out_label = row->out_label;
	p.ifindex = row->ifindex;
	p.mtu = row->mtu;
	p.label_count = (uint8_t)(row->n_labels < LABEL_STACK_MAX ? row->n_labels : LABEL_STACK_MAX);
	for (uint8_t i = 0; i < p.label_count; i++)
		p.labels[i] = row->labels[i];
	p.lsp = row->lsp;
	p.alive = row->alive;
	p.usable = row->usable;
	p.sends = row->sends;
	p.receives = row->receives;
	p.channel = row->channel;
	snprintf(p.trouble, sizeof p.trouble, "%s", row->trouble);
	return p;
}

static uint32_t
dropped(const Fib__Circuit *row)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < row->n_guards; i++)
		for (int p = 0; p < L2VPN_PROTOCOLS; p++)
			if (row->guards[i]->stands &&
			    strcmp(row->guards[i]->protocol, l2vpn_protocol_name((enum l2vpn_protocol)p)) == 0)
				bits |= 1u << p;
	return bits;
}

static struct circuit_word
circuit_word(const Fib__Circuit *row)
{
	struct circuit_word w;

	memset(&w, 0, sizeof w);
	w.ifindex = row->ifindex;
	w.mtu = row->mtu;
	w.active = row->active;
	w.turn = row->turn;
	w.up = row->up;
	w.held = row->held;
	w.joined = row->joined;
	w.dropped = dropped(row);
	w.moved_at = row->moved_at;
	snprintf(w.moved_why, sizeof w.moved_why, "%s", row->moved_why);
	w.switches = row->switches;
	w.switched = row->switched;
	snprintf(w.switch_reason, sizeof w.switch_reason, "%s", row->switch_reason);
	snprintf(w.trouble, sizeof w.trouble, "%s", row->trouble);
	for (size_t i = 0; i < row->n_paths && i < L2VPN_ROLES; i++)
		w.path[w.count++] = told_path(row->paths[i]);
	return w;
}

static const struct told_path *
path_of(const struct circuit_word *w, const struct told_path *like)
{
	for (uint8_t i = 0; i < w->count; i++)
		if (w->path[i].vc_id == like->vc_id && addr_eq(&w->path[i].peer, &like->peer))
			return &w->path[i];
	return NULL;
}

static bool
circuit_says_less(const struct circuit_word *new, const struct circuit_word *before)
{
	bool less = (before->up && !new->up) || (before->ifindex && !new->ifindex) ||
		    (before->joined && !new->joined) || (before->active != LABEL_UNSET && new->active == LABEL_UNSET);

	for (uint8_t i = 0; i < before->count && !less; i++) {
		const struct told_path *b = &before->path[i], *n = path_of(new, b);
		less = !n || (b->lsp && !n->lsp) || (b->alive && !n->alive) || (b->sends && !n->sends) ||
		       (b->receives && !n->receives) || (b->channel && !n->channel);
	}
	return less;
}

/* It is looked at by its number, which therefore stays while nothing new is said. */
static void
take_word(struct l2vpn *l, struct told_circuit *t, const struct circuit_word *w)
{
	if (t->heard && is_same(&t->now, w, sizeof *w))
		return;
	t->now = *w;
	t->heard = ++l->heard;
}

static void
review_circuit(struct l2vpn *l, const char *name)
{
	struct service *s = l->begun ? service_find(l, name) : NULL;

	if (s)
		service_review(s);
}

static void
forget_circuit(struct l2vpn *l, struct told_circuit *t)
{
	char name[L2VPN_IF];

	memcpy(name, t->name, sizeof name);
	hash_remove(&l->told_circuits, &t->by_name);
	free(t);
	review_circuit(l, name);
}

void
told_circuit_row(struct l2vpn *l, const Fib__Circuit *row, bool gone, uint32_t round)
{
	struct told_circuit *t = find_circuit(l, row->interface);

	if ((!t && gone) || strlen(row->interface) >= L2VPN_IF)
		return;
	bool new = !t;
	if (new) {
		t = NEW(struct told_circuit);
		memcpy(t->name, row->interface, strlen(row->interface) + 1);
		hash_add(&l->told_circuits, &t->by_name, name_hash(t->name));
	}
	t->round = round;
	struct circuit_word w = t->now;
	if (!gone)
		w = circuit_word(row);
	t->holds = !new &&is_away(l, L2VPN_FIB_CIRCUIT) && (gone || circuit_says_less(&w, &t->now));
	t->gone = gone;
	if (t->holds) {
		t->held = w;
	} else if (gone) {
		forget_circuit(l, t);
	} else {
		take_word(l, t, &w);
		review_circuit(l, t->name);
	}
}

static void
circuits_synced(struct l2vpn *l, uint32_t round)
{
	hash_each (n, &l->told_circuits) {
		struct told_circuit *t = OBJECT(n, struct told_circuit, by_name);
		if (t->round != round || (t->holds && t->gone)) {
			forget_circuit(l, t);
		} else if (t->holds) {
			t->holds = false;
			take_word(l, t, &t->held);
			review_circuit(l, t->name);
		}
	}
}

/* --- names of interfaces --- */

static struct told_interface *
find_interface(const struct l2vpn *l, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&l->told_interfaces, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct told_interface, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct told_interface, by_ifindex);
	return NULL;
}

const char *
told_interface_name(const struct l2vpn *l, uint32_t ifindex)
{
	const struct told_interface *t = find_interface(l, ifindex);

	return t ? t->label : "";
}

static void
forget_interface(struct l2vpn *l, struct told_interface *t)
{
	hash_remove(&l->told_interfaces, &t->by_ifindex);
	free(t);
}

void
told_interface_row(struct l2vpn *l, const Fib__Interface *row, bool gone, uint32_t round)
{
	struct told_interface *t = find_interface(l, row->ifindex);

	if (gone && t)
		forget_interface(l, t);
	if (gone)
		return;
	if (!t) {
		t = NEW(struct told_interface);
		t->ifindex = row->ifindex;
		hash_add(&l->told_interfaces, &t->by_ifindex, row->ifindex);
	}
	t->round = round;
	snprintf(t->label, sizeof t->label, "%s", *row->label ? row->label : row->name);
}

/* --- all --- */

void
told_synced(struct l2vpn *l, enum l2vpn_mirror table, uint32_t round)
{
	if (table == L2VPN_LDP_PW)
		pws_synced(l, round);
	else if (table == L2VPN_FIB_CIRCUIT)
		circuits_synced(l, round);
	else if (table == L2VPN_FIB_INTERFACE)
		hash_each (n, &l->told_interfaces) {
			struct told_interface *t = OBJECT(n, struct told_interface, by_ifindex);
			if (t->round != round)
				forget_interface(l, t);
		}
}

void
told_init(struct l2vpn *l)
{
	hash_init(&l->told_pws);
	hash_init(&l->told_circuits);
	hash_init(&l->told_interfaces);
}

void
told_free(struct l2vpn *l)
{
	hash_each (n, &l->told_pws) {
		free(OBJECT(n, struct told_pw, by_key));
	}
	hash_each (c, &l->told_circuits) {
		free(OBJECT(c, struct told_circuit, by_name));
	}
	hash_each (i, &l->told_interfaces) {
		free(OBJECT(i, struct told_interface, by_ifindex));
	}
	hash_free(&l->told_pws);
	hash_free(&l->told_circuits);
	hash_free(&l->told_interfaces);
}
