/*
 * BGP-4: RFC 4271, with the families, capabilities and errors of the RFCs that the files name.
 *
 * How it hangs together. There is one *instance* for the public network and one for each VPN instance, and each has *peers*
 * and one table (*rib*) for each family. A peer has up to two *connections*; the state machine is a connection's
 * (session_fsm.c, session.c). An UPDATE is read as a whole (update.c), its attributes are stored once for all who say the
 * same (attr.c), and becomes *paths* to *destinations* (receive.c, rib.c). Whatever changes a path marks its destination; at
 * the end of the input the best path of each marked one is chosen (decide.c), and where what is chosen has changed, the
 * destination goes to the end of its table's list of changes, from which peers are told (out.c). A next hop is an object
 * that paths hang on, so its loss is found without looking at every path.
 *
 * Long work (a table for a new peer) is done by slices: the engine asks for an immediate deadline then.
 */
#include "base/text.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what all files use --- */

void
bgp_note(struct bgp *b, int priority, const char *format, ...)
{
	va_list args;
	struct text line = { 0 };

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_log(b->out, priority, 0, "%s", text_chars(&line));
	text_free(&line);
}

const char *
peer_text(const struct peer *p, char out[ADDR_TEXT + BGP_NAME + 8])
{
	char address[ADDR_TEXT];

	snprintf(out, ADDR_TEXT + BGP_NAME + 8, "%s%s%s", addr_text(&p->config.address, address),
	    *p->instance->name ? " in " : "", p->instance->name);
	return out;
}

struct instance *
instance_find(const struct bgp *b, const char *name)
{
	for (struct list *l = b->instances.next; l != &b->instances; l = l->next)
		if (!strcmp(OBJECT(l, struct instance, of_bgp)->name, name))
			return OBJECT(l, struct instance, of_bgp);
	return NULL;
}

struct peer *
bgp_peer_find(const struct instance *n, const struct addr *a)
{
	uint32_t hash = hash_bytes(a->bytes, sizeof a->bytes, a->family);

	for (struct hash_node *at = hash_first(&n->peers, hash); at; at = hash_next(at)) {
		struct peer *p = OBJECT(at, struct peer, by_address);
		if (addr_eq(&p->config.address, a))
			return p;
	}
	return NULL;
}

/* --- configuration --- */

static struct instance *
instance_new(struct bgp *b, const char *name)
{
	struct instance *n = NEW(struct instance);

	n->bgp = b;
	n->label = LABEL_UNSET;
	memcpy(n->name, name, strlen(name) + 1);
	hash_init(&n->peers);
	hash_init(&n->next_hops);
	list_append(&b->instances, &n->of_bgp);
	return n;
}

static void
instance_free(struct instance *n)
{
	vpn_instance_gone(n);
	own_forget(n->bgp, n);
	n->bgp->targets_moved = true;
	hash_each (at, &n->peers) {
		bgp_peer_free(OBJECT(at, struct peer, by_address));
	}
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (n->ribs[f])
			bgp_rib_free(n->ribs[f]);
	next_hops_free(n);
	hash_free(&n->peers);
	list_remove(&n->of_bgp);
	free(n);
}

static bool
decides_otherwise(const struct bgp_instance_config *a, const struct bgp_instance_config *b)
{
	return a->paths != b->paths || a->external_paths != b->external_paths || a->med_always != b->med_always ||
	       a->med_missing_worst != b->med_missing_worst || a->ignore_path != b->ignore_path ||
	       a->router_id_ignored != b->router_id_ignored || a->local_pref != b->local_pref ||
	       memcmp(a->preference, b->preference, sizeof a->preference) != 0 ||
	       memcmp(a->external_preference, b->external_preference, sizeof a->external_preference) != 0;
}

static void
instance_configure(struct bgp *b, const struct bgp_instance_config *c)
{
	struct instance *n = instance_find(b, c->name);
	uint32_t router_id = c->router_id ? c->router_id : b->config.router_id;

	if (!n)
		n = instance_new(b, c->name);
	struct bgp_vpn_config before[2] = { n->config.vpn[0], n->config.vpn[1] };
	bool again = decides_otherwise(&n->config, c), other_id = n->router_id && n->router_id != router_id;
	n->configured = true;
	n->config = *c;
	n->config.peers = NULL;
	n->config.peer_count = 0;
	n->router_id = router_id;
	hash_each (at, &n->peers) {
		OBJECT(at, struct peer, by_address)->configured = false;
	}
	for (size_t i = 0; i < c->peer_count; i++)
		peer_configure(n, &c->peers[i]);
	hash_each (k, &n->peers) {
		struct peer *p = OBJECT(k, struct peer, by_address);
		if (!p->configured)
			bgp_peer_free(p);
		else if (other_id)
			peer_restart(p, BGP_CEASE_CHANGED, "our router ID has changed");
	}
	vpn_configure(n, before);
	for (unsigned f = 0; again && f < BGP_FAMILIES; f++)
		if (n->ribs[f])
			hash_each (d, &n->ribs[f]->dests) {
				dest_dirty(OBJECT(d, struct dest, by_key));
			}
}

/* From here on readers may take away what they do not find. */
static void
tables_whole(struct bgp *b)
{
	if (b->route_table.complete)
		return;
	vpn_labels_sweep(b);
	table_complete(&b->route_table);
	table_complete(&b->label_table);
	table_complete(&b->next_hop_table);
}

static void
configure(struct bgp *b, const struct bgp_config *c)
{
	bool restart = b->config.as && b->config.as != c->as;
	struct bgp_policies before = b->config.policies;

	list_each (l, &b->instances) {
		OBJECT(l, struct instance, of_bgp)->configured = false;
	}
	if (restart) { /* another AS is another speaker */
		list_each_safe (k, &b->instances) {
			instance_free(OBJECT(k, struct instance, of_bgp));
		}
	}
	b->config.policies = (struct bgp_policies){ 0 };
	bgp_config_copy(&b->config, c);
	table_changed(&b->process_table, &b->process_row);
	for (size_t i = 0; i < c->instance_count; i++)
		instance_configure(b, &c->instances[i]);
	list_each_safe (m, &b->instances) {
		if (!OBJECT(m, struct instance, of_bgp)->configured)
			instance_free(OBJECT(m, struct instance, of_bgp));
	}
	vpn_review(b);
	policies_changed(b, &before);
	policies_free(&before);
	policies_warn(b);
	restart_begin(b);
	b->configured = true;
}

/* --- the door --- */

struct bgp *
bgp_new(uint64_t seed, bool restarted)
{
	struct bgp *b = NEW(struct bgp);

	b->out = outbox_new();
	b->restarted = restarted;
	timers_init(&b->timers);
	timer_init(&b->defer, TIMER_DEFER);
	timer_init(&b->patience, TIMER_PATIENCE);
	rng_seed(&b->rng, seed);
	attr_store_init(&b->attrs);
	list_init(&b->instances);
	list_init(&b->to_flush);
	hash_init(&b->conns);
	hash_init(&b->targets);
	list_init(&b->idle_hops);
	vpn_labels_init(b);
	bgp_rows_init(b);
	hash_init(&b->own);
	return b;
}

void
bgp_free(struct bgp *b)
{
	list_each_safe (l, &b->instances) {
		instance_free(OBJECT(l, struct instance, of_bgp));
	}
	bgp_config_free(&b->config);
	vpn_labels_free(b);
	bgp_rows_free(b);
	vpn_targets_free(b);
	own_forget(b, NULL);
	hash_free(&b->own);
	attr_store_free(&b->attrs);
	hash_free(&b->conns);
	timers_free(&b->timers);
	outbox_free(b->out);
	free(b);
}

struct outbox *
bgp_outbox(struct bgp *b)
{
	return b->out;
}

usec_t
bgp_due(const struct bgp *b)
{
	return b->more ? b->now : timers_next(&b->timers);
}

static void
room(struct bgp *b, const struct bgp_input *in)
{
	struct conn *c = NULL;
	struct peer *p = peer_of_conn(b, in->conn, &c);

	if (!p || p->up != c)
		return;
	bool was = p->paused;
	p->paused = in->size > PEER_QUEUE_MAX;
	p->queued = in->size;
	row_peer(p);
	b->more |= was && !p->paused;
}

/* Of one peer, or of all. */
static void
operate(struct bgp *b, const struct bgp_input *in)
{
	struct instance *n = instance_find(b, in->instance ? in->instance : "");

	if (!n)
		return;
	hash_each (at, &n->peers) {
		struct peer *p = OBJECT(at, struct peer, by_address);
		if (addr_is_set(&in->peer) && !addr_is_unspecified(&in->peer) &&
		    !addr_eq(&p->config.address, &in->peer))
			continue;
		if (in->kind == BGP_IN_RESET)
			peer_restart(p, BGP_CEASE_RESET, "an operator has asked for it");
		else if (in->kind == BGP_IN_BFD && in->down && p->config.bfd)
			peer_restart(p, BGP_CEASE_BFD_DOWN, "BFD says that the path is dead");
		else if (in->kind == BGP_IN_REFRESH)
			peer_refresh(p, UINT32_MAX);
	}
}

static void
take(struct bgp *b, const struct bgp_input *in)
{
	struct instance *n = instance_find(b, in->instance ? in->instance : "");

	switch (in->kind) {
	case BGP_IN_CONFIG: configure(b, in->config); break;
	case BGP_IN_STREAM_UP: conn_up(b, in); break;
	case BGP_IN_STREAM: conn_bytes(b, in); break;
	case BGP_IN_STREAM_DOWN: conn_down(b, in); break;
	case BGP_IN_STREAM_ROOM: room(b, in); break;
	case BGP_IN_ROUTE:
		if (n)
			own_take(n, in->route, in->gone);
		break;
	case BGP_IN_NEXT_HOP:
		if (n)
			next_hop_told(n, in->next_hop, in->gone);
		break;
	case BGP_IN_RESTARTED: b->restarted |= !b->configured; break;
	case BGP_IN_LABELS: vpn_labels_range(b, in->first, in->last); break;
	case BGP_IN_OLD_LABEL: vpn_label_claim(b, in->old_label); break;
	case BGP_IN_RESET:
	case BGP_IN_REFRESH:
	case BGP_IN_BFD: operate(b, in); break;
	case BGP_IN_TIMER: break;
	}
}

bool
bgp_is_restarting(const struct bgp *b)
{
	return b->restarted;
}

void
bgp_instance_state(const struct bgp *b, const char *name, struct bgp_instance_state *ret)
{
	const struct instance *n = instance_find(b, name);

	*ret = (struct bgp_instance_state){ .label = n ? n->label : LABEL_UNSET };
	for (unsigned f = BGP_IPV4; n && f <= BGP_IPV6; f++) {
		ret->routes[f] = n->ribs[f] ? (uint32_t)n->ribs[f]->dests.count : 0;
		ret->over_limit[f] = n->ribs[f] && n->ribs[f]->over_limit;
	}
}

uint32_t
bgp_origin(const struct bgp *b, const char *instance, const struct addr *a)
{
	const struct instance *n = instance_find(b, instance);
	const struct rib *r = n ? n->ribs[a->family == 6 ? BGP_IPV6 : BGP_IPV4] : NULL;

	for (int len = (int)addr_size(a) * 8; r && len >= 0; len--) {
		struct prefix p = prefix_network(prefix_make(*a, (uint8_t)len));
		const struct dest *d = dest_find(r, 0, &p);
		if (d && d->paths && d->paths->best)
			return as_path_origin(attr_list(d->paths->attrs, LIST_AS_PATH));
	}
	return 0;
}

void
bgp_input(struct bgp *b, const struct bgp_input *in, usec_t now)
{
	struct timer *t;

	if (now > b->now)
		b->now = now;
	take(b, in);
	while ((t = timers_due(&b->timers, b->now)))
		bgp_session_timer(t);
	ribs_settle(b);
	restart_review(b);
	if (!b->restarted && b->configured)
		tables_whole(b);
	members_run(b);
	if (b->more) { /* after a restart nobody is told anything yet but what we want to hear */
		b->more = outs_run(b, b->restarted ? BGP_FAMILY_BIT(BGP_RT_CONSTRAINT) : UINT32_MAX);
		ribs_settle(b); /* what was told for the last time */
	}
	peers_flush(b);
}
