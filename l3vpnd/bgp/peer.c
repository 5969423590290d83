/*
 * Peers: what is configured of them, and what is on its way to them. Their connections are session.c's.
 */
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>
#include <string.h>

/* --- sending --- */

struct wire_writer
peer_writer(struct peer *p, size_t most)
{
	if (p->output_room - p->output_size < most) {
		p->output_room = p->output_size + most + BGP_MESSAGE_MAX;
		p->output = mem_resize(p->output, p->output_room);
	}
	return wire_writer(p->output + p->output_size, most);
}

void
peer_written(struct peer *p, const struct wire_writer *w, enum bgp_message_type type)
{
	p->output_size += w->at;
	p->sent.messages[type]++;
	row_peer(p);
	if (list_is_empty(&p->to_flush))
		list_append(&p->bgp->to_flush, &p->to_flush);
}

void
peer_flush(struct peer *p)
{
	list_remove(&p->to_flush);
	if (p->output_size && p->up)
		outbox_add(p->bgp->out, &(struct effect){ .kind = EFFECT_STREAM_SEND,
					    .where = p->up->number,
					    .bytes = p->output,
					    .size = p->output_size });
	p->output_size = 0;
	if (p->output_room > 4 * BGP_EXTENDED_MAX) { /* a whole table was told: the room is not needed again soon */
		free(p->output);
		p->output = NULL;
		p->output_room = 0;
	}
}

void
peers_flush(struct bgp *b)
{
	while (!list_is_empty(&b->to_flush))
		peer_flush(OBJECT(b->to_flush.next, struct peer, to_flush));
}

/* --- configuration --- */

static struct peer *
peer_new(struct instance *n, const struct addr *address)
{
	struct peer *p = NEW(struct peer);

	p->bgp = n->bgp;
	p->instance = n;
	p->config.address = *address;
	p->since = n->bgp->now;
	list_init(&p->to_flush);
	timer_init(&p->start, TIMER_START);
	timer_init(&p->stale, TIMER_STALE);
	timer_init(&p->members_wait, TIMER_MEMBERS);
	for (int d = 0; d < DIRECTIONS; d++) {
		struct conn *c = &p->conns[d];
		c->peer = p;
		c->direction = (enum direction)d;
		timer_init(&c->retry, TIMER_RETRY);
		timer_init(&c->hold, TIMER_HOLD);
		timer_init(&c->keepalive, TIMER_KEEPALIVE);
	}
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		list_init(&p->family[f].of_out);
		list_init(&p->family[f].of_dump);
		list_init(&p->family[f].of_review);
	}
	hash_add(&n->peers, &p->by_address, hash_bytes(address->bytes, sizeof address->bytes, address->family));
	return p;
}

static void
tell_key(const struct peer *p, const struct bgp_peer_config *c)
{
	outbox_add(p->bgp->out, &(struct effect){ .kind = EFFECT_STREAM_KEY,
				    .instance = p->instance->name,
				    .to = p->config.address,
				    .bytes = c->secret,
				    .size = c->secret_size });
}

static bool
families_are_equal(const struct bgp_peer_config *a, const struct bgp_peer_config *b)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_peer_family *x = &a->family[f], *y = &b->family[f];
		if (x->enabled != y->enabled || x->next_hop_local != y->next_hop_local ||
		    x->reflect_client != y->reflect_client || x->substitute_as != y->substitute_as ||
		    x->receive_add_path != y->receive_add_path || x->allow_as_loop != y->allow_as_loop ||
		    x->limit != y->limit || x->limit_warns != y->limit_warns || x->origin_site != y->origin_site ||
		    x->preferred != y->preferred || x->send_add_path != y->send_add_path ||
		    x->add_paths != y->add_paths)
			return false;
	}
	return true;
}

/* What a session has agreed on, or what its routes have been judged by, is another. */
static bool
needs_restart(const struct bgp_peer_config *a, const struct bgp_peer_config *b)
{
	return a->as != b->as || !addr_eq(&a->source_address, &b->source_address) || a->has_hold != b->has_hold ||
	       a->hold_s != b->hold_s || a->keepalive_s != b->keepalive_s || a->passive != b->passive ||
	       a->ttl_hops != b->ttl_hops || a->max_hops != b->max_hops || a->fake_as != b->fake_as ||
	       a->role != b->role || a->role_strict != b->role_strict || a->secret_size != b->secret_size ||
	       memcmp(a->secret, b->secret, sizeof a->secret) != 0 || !families_are_equal(a, b);
}

void
peer_configure(struct instance *n, const struct bgp_peer_config *c)
{
	struct peer *p = bgp_peer_find(n, &c->address);
	bool fresh = !p;

	if (!p)
		p = peer_new(n, &c->address);
	struct bgp_peer_config before = p->config;
	bool was_ignored = before.ignored;
	p->configured = true;
	if (fresh || before.secret_size != c->secret_size || memcmp(before.secret, c->secret, sizeof c->secret) != 0)
		tell_key(p, c);
	if (!fresh && !was_ignored && c->ignored)
		peer_stop(p, BGP_CEASE_SHUTDOWN, "it is to be ignored");
	p->config = *c;
	p->internal = c->as == n->bgp->config.as;
	if (!*n->name && (before.bfd && !before.ignored) != (c->bfd && !c->ignored))
		next_hop_watched(n, &c->address);
	if (fresh || (was_ignored && !c->ignored))
		peer_start(p);
	else if (!c->ignored && needs_restart(&before, c))
		peer_restart(p, BGP_CEASE_CHANGED, "its configuration has changed");
	else
		policy_peer_changed(p, &before);
	row_peer(p);
}

void
bgp_peer_free(struct peer *p)
{
	struct bgp *b = p->bgp;
	struct bgp_peer_config none = { .address = p->config.address };

	p->configured = false;
	peer_stop(p, BGP_CEASE_DECONFIGURED, "it is no longer configured");
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (p->instance->ribs[f])
			rib_drop_peer(p->instance->ribs[f], p, false);
	if (p->config.secret_size)
		tell_key(p, &none);
	timer_clear(&b->timers, &p->stale);
	timer_clear(&b->timers, &p->members_wait);
	list_remove(&p->to_flush);
	table_gone(&b->peer_table, &p->row);
	hash_remove(&p->instance->peers, &p->by_address);
	for (int d = 0; d < DIRECTIONS; d++)
		free(p->conns[d].input);
	free(p->output);
	free(p->why_down);
	free(p);
}
