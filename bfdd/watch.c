/*
 * Watches: one session in the core for everybody who wants the same path. What the session is told is made of all wants
 * together; the core hears of it only when that differs from what it heard last.
 */
#include "bfdd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without the source: who leaves that open means whatever session there is. */
static uint32_t
path_hash(const struct path *p)
{
	return hash_bytes(p->peer.bytes, sizeof p->peer.bytes, p->ifindex ^ p->vrf << 1 ^ (p->alone + p->label) << 8);
}

static bool
same_but_for_source(const struct path *a, const struct path *b)
{
	return addr_eq(&a->peer, &b->peer) && a->ifindex == b->ifindex && a->vrf == b->vrf &&
	       a->multihop == b->multihop && a->label == b->label && a->alone == b->alone;
}

struct watch *
watch_find(struct bfd *b, const struct path *p)
{
	struct watch *open = NULL;

	for (struct hash_node *n = hash_first(&b->paths, path_hash(p)); n; n = hash_next(n)) {
		struct watch *w = OBJECT(n, struct watch, by_path);
		if (!same_but_for_source(&w->path, p))
			continue;
		if (addr_eq(&w->path.source, &p->source))
			return w;
		if (!open && (!addr_is_set(&w->path.source) || !addr_is_set(&p->source)))
			open = w;
	}
	return open;
}

bool
path_is_served(const struct path *want, const struct path *watched)
{
	return same_but_for_source(want, watched) &&
	       (!addr_is_set(&want->source) || addr_eq(&want->source, &watched->source));
}

/* Somebody says from where, to a session that was open about it. It goes on, if that is where it was sent from. */
static void
take_source(struct watch *w, const struct path *p)
{
	if (addr_is_set(&p->source) && !addr_is_set(&w->path.source))
		w->path.source = p->source;
}

struct watch *
watch_by_local(struct bfd *b, uint32_t local)
{
	for (struct hash_node *n = hash_first(&b->locals, local); n; n = hash_next(n))
		if (OBJECT(n, struct watch, by_local)->local == local)
			return OBJECT(n, struct watch, by_local);
	return NULL;
}

struct want *
watch_first(const struct watch *w)
{
	return OBJECT(w->wants.next, struct want, of_watch);
}

static const struct want *
configured(const struct watch *w)
{
	list_each (l, &w->wants) {
		const struct want *want = OBJECT(l, struct want, of_watch);
		if (want->config)
			return want;
	}
	return NULL;
}

const struct bfd_session_config *
watch_config(const struct watch *w)
{
	const struct want *want = configured(w);

	return want ? want->config : NULL;
}

/* --- discriminators --- */

static struct number *
number_find(struct bfd *b, uint32_t value)
{
	for (struct hash_node *n = hash_first(&b->numbers, value); n; n = hash_next(n))
		if (OBJECT(n, struct number, by_value)->value == value)
			return OBJECT(n, struct number, by_value);
	return NULL;
}

static void
number_take(struct bfd *b, struct watch *w, uint32_t wanted)
{
	uint32_t value = wanted;

	if (!value) {
		while (number_find(b, b->free_number))
			b->free_number++;
		value = b->free_number++;
	}
	if (!number_find(b, value)) {
		struct number *n = NEW(struct number);
		n->value = value;
		list_init(&n->to_order);
		hash_add(&b->numbers, &n->by_value, value);
	}
	w->local = value;
	hash_add(&b->locals, &w->by_local, value);
}

void
number_free(struct bfd *b, uint32_t value)
{
	struct number *n = number_find(b, value);
	struct watch *w = watch_by_local(b, value);

	if (w) { /* its next session gets a number of its own */
		hash_remove(&b->locals, &w->by_local);
		w->local = 0;
	}
	if (!n)
		return;
	list_remove(&n->to_order);
	hash_remove(&b->numbers, &n->by_value);
	free(n);
	if (value >= BFD_AUTO_FIRST && value < b->free_number)
		b->free_number = value;
}

/* --- orders --- */

static void
stop(struct bfd *b, struct watch *w)
{
	if (!w->running)
		return;
	w->running = false;
	timer_clear(&b->timers, &w->timer);
	w->waiting = false;
	list_remove(&w->to_order);
	if (!w->ordered) { /* the core never heard of it */
		number_free(b, w->local);
		return;
	}
	struct number *n = number_find(b, w->local);
	list_remove(&n->to_order);
	list_append(&b->removals, &n->to_order);
}

static void
merge_timers(const struct watch *w, struct bfd_params *p)
{
	p->desired_min_tx_us = p->required_min_rx_us = UINT32_MAX;
	p->detect_mult = UINT8_MAX;
	list_each (l, &w->wants) {
		const struct want *want = OBJECT(l, struct want, of_watch);
		if (want->min_tx_us < p->desired_min_tx_us)
			p->desired_min_tx_us = want->min_tx_us;
		if (want->min_rx_us < p->required_min_rx_us)
			p->required_min_rx_us = want->min_rx_us;
		if (want->multiplier < p->detect_mult)
			p->detect_mult = want->multiplier;
	}
}

static void
fill_params(struct bfd *b, const struct watch *w, struct bfd_params *p)
{
	static const struct bfd_session_config none = { .tos_exp = BFD_TOS_EXP, .min_ttl = BFD_MIN_TTL };
	const struct bfd_session_config *c = watch_config(w);
	const struct port *link = port_find(b, w->path.ifindex);

	c = c ? c : &none;
	p->peer = w->path.peer;
	p->local = w->path.source;
	p->ifindex = w->path.ifindex;
	p->vrf = w->path.vrf;
	p->multihop = w->path.multihop;
	p->vccv_label = w->path.label;
	p->vccv_encapsulation = watch_first(w)->encapsulation;
	p->vccv_control_word = watch_first(w)->control_word;
	p->passive = c->passive;
	p->demand = c->demand;
	p->demand_poll_us = c->demand_poll_ms * 1000u;
	p->shut = c->shut;
	p->path_down = link && !link->up;
	p->min_ttl = w->path.multihop ? c->min_ttl : 255;
	p->tos_exp = c->tos_exp;
	p->required_min_echo_us = c->echo_rx_ms * 1000u;
	p->echo_us = c->echo_ms * 1000u;
	p->remote = c->automatic ? 0 : c->remote;
	p->key_count = c->key_count;
	memcpy(p->keys, c->keys, sizeof p->keys);
	merge_timers(w, p);
}

static void
set_order(struct bfd *b, struct watch *w)
{
	struct bfd_order o;
	const struct port *link = port_find(b, w->path.ifindex);
	const struct port *vrf = w->path.vrf ? port_find(b, w->path.vrf) : NULL;

	memset(&o, 0, sizeof o); /* compared as bytes */
	o.local = w->local;
	fill_params(b, w, &o.params);
	if (vrf)
		snprintf(o.vrf_device, sizeof o.vrf_device, "%s", vrf->name);
	snprintf(o.device, sizeof o.device, "%s", link ? link->name : o.vrf_device);
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): both were cleared, and copied, as bytes */
	if (w->ordered && memcmp(&o, &w->order, sizeof o) == 0)
		return;
	memcpy(&w->order, &o, sizeof o);
	w->ordered = true;
	list_remove(&w->to_order);
	list_append(&b->orders, &w->to_order);
}

static void
start(struct bfd *b, struct watch *w)
{
	const struct bfd_session_config *c = watch_config(w);

	if (!w->local)
		number_take(b, w, c && !c->automatic ? c->local : 0);
	w->running = true;
	w->ordered = false;
	w->status = (struct bfd_status){ .local = w->local, .state = BFD_DOWN, .changed_at = b->now };
	w->cleared = (struct bfd_counters){ 0 };
	verdict_start(b, w);
}

/* --- names and rows --- */

static void
path_name(struct bfd *b, const struct watch *w, char out[WATCH_NAME])
{
	char peer[ADDR_TEXT], source[ADDR_TEXT];
	const struct port *link = port_find(b, w->path.ifindex);
	const struct want *want = watch_first(w);
	char label[16] = "";

	addr_text(&w->path.peer, peer);
	if (w->path.label)
		snprintf(label, sizeof label, "/%u", w->path.label);
	snprintf(out, WATCH_NAME, "dynamic %s%s%s%s%s%s%s%s", peer, w->path.multihop ? "" : "%",
	    link ? link->label : "", label, want->vrf[0] ? "@" : "", want->vrf, addr_is_set(&w->path.source) ? "<" : "",
	    addr_is_set(&w->path.source) ? addr_text(&w->path.source, source) : "");
}

static void
rename_watch(struct bfd *b, struct watch *w)
{
	const struct bfd_session_config *c = watch_config(w);
	char name[WATCH_NAME];

	if (c)
		snprintf(name, sizeof name, "%s", c->name);
	else
		path_name(b, w, name);
	if (strcmp(name, w->name) == 0)
		return;
	table_gone(&b->session_table, &w->row);
	table_gone(&b->counter_table, &w->counter_row);
	snprintf(w->name, sizeof w->name, "%s", name);
}

void
watch_review(struct bfd *b, struct watch *w)
{
	const struct bfd_session_config *c = watch_config(w);

	if (w->local && c && !c->automatic && w->local != c->local) { /* the operator's number, now that there is one */
		stop(b, w);
		if (w->local)
			hash_remove(&b->locals, &w->by_local);
		w->local = 0;
	}
	rename_watch(b, w);
	if (w->trouble[0]) {
		stop(b, w);
		w->verdict = BFD__VERDICT__UNKNOWN;
	} else {
		if (!w->running)
			start(b, w);
		set_order(b, w);
	}
	table_changed(&b->session_table, &w->row);
	table_changed(&b->counter_table, &w->counter_row);
}

/* --- coming and going --- */

struct watch *
watch_get(struct bfd *b, const struct path *p)
{
	struct watch *w = watch_find(b, p);

	if (w) {
		take_source(w, p);
		return w;
	}
	w = NEW(struct watch);
	w->bfd = b;
	w->path = *p;
	list_init(&w->wants);
	list_init(&w->to_order);
	timer_init(&w->timer, TIMER_TELL);
	timer_init(&w->calm, TIMER_CALM);
	hash_add(&b->paths, &w->by_path, path_hash(p));
	list_append(&b->watches, &w->all);
	return w;
}

static void
watch_free(struct bfd *b, struct watch *w)
{
	stop(b, w);
	if (w->local)
		hash_remove(&b->locals, &w->by_local);
	table_gone(&b->session_table, &w->row);
	table_gone(&b->counter_table, &w->counter_row);
	timer_clear(&b->timers, &w->timer);
	timer_clear(&b->timers, &w->calm);
	hash_remove(&b->paths, &w->by_path);
	list_remove(&w->all);
	free(w);
}

void
watch_join(struct bfd *b, struct watch *w, struct want *want)
{
	const struct bfd_session_config *c = watch_config(w);

	if (c && want->config && strcmp(c->name, want->config->name) != 0)
		bfd_note(b, 4, "sessions %s and %s watch the same path: %s goes by the first name only", c->name,
		    want->config->name, want->config->name);
	want->watch = w;
	list_append(&w->wants, &want->of_watch);
}

void
watch_leave(struct bfd *b, struct want *want)
{
	struct watch *w = want->watch;

	if (!w)
		return;
	list_remove(&want->of_watch);
	want->watch = NULL;
	if (list_is_empty(&w->wants))
		watch_free(b, w);
	else
		watch_review(b, w);
}

void
watch_repath(struct bfd *b, struct watch *w, const struct path *p)
{
	hash_remove(&b->paths, &w->by_path);
	w->path = *p;
	hash_add(&b->paths, &w->by_path, path_hash(p));
	if (w->running) { /* another path: what was known of the old one says nothing about it */
		w->status = (struct bfd_status){ .local = w->local, .state = BFD_DOWN, .changed_at = b->now };
		verdict_start(b, w);
	}
}
