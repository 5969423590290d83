/*
 * The LDP engine (RFC 5036): label distribution, downstream unsolicited, independent control, liberal
 * retention, with graceful restart (RFC 3478).
 *
 * How the nouns hang together. A *link* is an interface of fibd's; while LDP is configured on it and it is
 * up, Hellos go out. A Hello heard on a link makes an *adjacency*, and all adjacencies with one LSR belong to
 * one *peer*, which has at most one session whatever the number of links. What a peer tells is kept with it:
 * its addresses (*via*) and its labels (*binding*). A *fec* is a host prefix that the routing table or our own
 * interfaces have; it has our label, the peers that were told (*advert*), and the next hops of its route
 * (*hop*), each of which points at the via that it goes through. So from a next hop to the peer that owns its
 * address, and from a peer's address to every FEC that depends on it, it is one step.
 *
 * The life of a label. fibd's route for 4.4.4.4/32 appears: routes.c sets the FEC's hops and marks it dirty.
 * At the end of the input lsp_flush() looks at every dirty FEC: it takes a label, tells every operational peer,
 * finds for each hop the label that the peer behind it gave, and publishes the row ldp.Lsp that fibd programs.
 * The same happens when a Mapping arrives, a session ends, an address changes: mark dirty, look once at the end.
 *
 * Pseudowires (RFC 8077) are nouns of their own beside FECs: pw.c says how they live.
 *
 * Nothing here frees a peer in the middle of an input: peers that have nothing left are swept at its end.
 *
 * What is different from the RFC, and why.
 *  - A new neighbour's Hello is answered at once, as is one from a neighbour without a session; the RFC lets
 *    the next periodic Hello do. It saves up to five seconds at every start.
 *  - A second connection from a peer whose session is up replaces it: the peer has restarted and we have not
 *    noticed yet.
 *  - Hellos come at least three to the hold time that was agreed, whatever interval is configured.
 *  - A session that fails by an error within seconds of coming up is backed off from like one that was refused.
 *  - A peer's labels are also kept over a Hello hold time that ran out, if it forwards on over restarts: its silence
 *    looks the same from here. Only what somebody meant ends them at once.
 *  - Our labels begin somewhere else in the range after each start: see label_pool_start().
 *  - Nothing is sent before fibd's tables were read to their end: a first advertisement that is not complete
 *    would end a neighbour's patience with our old labels.
 *  - Loop detection (2.8) and downstream on demand are not offered; a peer's proposal of the latter is resolved
 *    to downstream unsolicited as 3.5.3 says.
 */
#include "base/text.h"
#include "ldpd/model.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
ldp_note(struct ldp *ldp, int priority, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_log(ldp->out, priority, 0, "%s", line.chars);
	text_free(&line);
}

struct ldp *
ldp_new(uint64_t seed)
{
	struct ldp *ldp = NEW(struct ldp);

	rng_seed(&ldp->rng, seed);
	ldp->out = outbox_new();
	timers_init(&ldp->timers);
	hash_init(&ldp->links);
	hash_init(&ldp->peers);
	hash_init(&ldp->fecs);
	hash_init(&ldp->vias);
	hash_init(&ldp->targets);
	hash_init(&ldp->guards);
	hash_init(&ldp->avoided);
	pool_init(&ldp->fec_pool, sizeof(struct fec));
	pool_init(&ldp->hop_pool, sizeof(struct hop));
	pool_init(&ldp->binding_pool, sizeof(struct binding));
	pool_init(&ldp->advert_pool, sizeof(struct advert));
	pws_init(ldp);
	list_init(&ldp->pendings);
	list_init(&ldp->dirty);
	list_init(&ldp->to_flush);
	timer_init(&ldp->pending, TIMER_PENDING);
	timer_init(&ldp->relabel, TIMER_LABELS);
	timer_init(&ldp->recovery, TIMER_RECOVERY);
	ldp->next_conn = 1;
	ldp->recovering = true;
	ldp_config_defaults(&ldp->config);
	rows_init(ldp);
	return ldp;
}

void
ldp_free(struct ldp *ldp)
{
	if (!ldp)
		return;
	hash_each (p, &ldp->peers) {
		peer_free(ldp, OBJECT(p, struct peer, by_id));
	}
	hash_each (l, &ldp->links) {
		link_free(ldp, OBJECT(l, struct link, by_ifindex));
	}
	hash_each (f, &ldp->fecs) {
		struct fec *fec = OBJECT(f, struct fec, by_prefix);
		fec->routed = false;
		fec->own = 0;
		fec->connected = false;
		fec->recovered = LABEL_UNSET;
		fec_set_hops(ldp, fec, NULL, NULL, 0);
		fec->label = LABEL_UNSET;
		fec_release(ldp, fec);
	}
	hash_each (v, &ldp->vias) {
		via_release(ldp, OBJECT(v, struct via, by_addr));
	}
	list_each_safe (w, &ldp->pendings) {
		free(OBJECT(w, struct pending, link));
	}
	pws_free(ldp);
	targets_free(ldp);
	guards_free(ldp);
	sync_free(ldp);
	secrets_forget(ldp);
	ldp_config_free(&ldp->config);
	hash_free(&ldp->links);
	hash_free(&ldp->peers);
	hash_free(&ldp->fecs);
	pool_free(&ldp->fec_pool);
	pool_free(&ldp->hop_pool);
	pool_free(&ldp->binding_pool);
	pool_free(&ldp->advert_pool);
	hash_free(&ldp->vias);
	table_gone(&ldp->parameters_table, &ldp->parameters);
	for (size_t i = 0; ldp->tables[i]; i++)
		table_free(ldp->tables[i]);
	timers_free(&ldp->timers);
	restart_free(ldp);
	label_pool_free(ldp->labels);
	outbox_free(ldp->out);
	free(ldp);
}

struct outbox *
ldp_outbox(struct ldp *ldp)
{
	return ldp->out;
}

struct table *const *
ldp_tables(struct ldp *ldp)
{
	return ldp->tables;
}

usec_t
ldp_due(const struct ldp *ldp)
{
	return timers_next(&ldp->timers);
}

/* --- configuration --- */

static bool
can_run(const struct ldp *ldp)
{
	return ldp_config_is_on(&ldp->config) && (ldp->synced & LDP_NEEDED) == LDP_NEEDED;
}

static void
start_or_stop(struct ldp *ldp, const char *why)
{
	bool run = can_run(ldp);

	if (run == ldp->running)
		return;
	ldp->running = run;
	if (!run)
		sessions_end(ldp, LDP_SHUTDOWN, why);
	links_configure(ldp);
	targets_configure(ldp);
	guards_configure(ldp);
	sync_all(ldp);
	table_changed(&ldp->parameters_table, &ldp->parameters);
}

const struct ldp_config *
ldp_config_of(const struct ldp *ldp)
{
	return &ldp->config;
}

static bool
any_session(const struct ldp *ldp)
{
	hash_each (n, &ldp->peers) {
		if (OBJECT(n, struct peer, by_id)->state == S_OPERATIONAL)
			return true;
	}
	return false;
}

static void
configure(struct ldp *ldp, const struct ldp_config *new)
{
	struct ldp_config old = { 0 };
	bool first = !ldp->configured;
	unsigned families = dual_families(ldp);

	ldp_config_copy(&old, &ldp->config);
	ldp->configured = true;
	if (ldp->running && new->lsr_id != old.lsr_id) {
		/* Every message carries the identifier: nothing of the old one can go on (features of RFC 5036 2.5). */
		ldp->config.enabled = false;
		start_or_stop(ldp, "the LSR id was changed"); /* the goodbyes still carry the old one */
	}
	ldp_config_copy(&ldp->config, new);
	ldp->config_sequence++;
	secrets_refresh(ldp);
	start_or_stop(ldp, "LDP was switched off");
	links_configure(ldp);
	targets_configure(ldp);
	guards_configure(ldp);
	bool changed = dual_families(ldp) != families || old.prefer_v4 != new->prefer_v4;
	hash_each (n, &ldp->peers) {
		ttl_refresh(ldp, OBJECT(n, struct peer, by_id));
	}
	if (changed)
		dual_configured(ldp);
	if (!first && ldp_config_uses(&old, 6) !=
			  ldp_config_uses(new, 6)) /* routes of a family that was not spoken were not kept */
		outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_MIRROR_AGAIN, .where = LDP_FIB_ROUTE });
	if (old.hello_hold_s != new->hello_hold_s || old.hello_interval_s != new->hello_interval_s || changed)
		hash_each (n, &ldp->links) {
			struct link *l = OBJECT(n, struct link, by_ifindex);
			if (l->active)
				discovery_hello_due(ldp, l); /* at once, no session is touched */
		}
	if (old.targeted_hold_s != new->targeted_hold_s || old.targeted_interval_s != new->targeted_interval_s)
		hash_each (n, &ldp->targets) {
			struct target *t = OBJECT(n, struct target, by_address);
			if (!t->inactive)
				target_hello_due(ldp, t);
		}
	if (old.session_hold_s != new->session_hold_s && any_session(ldp))
		ldp_note(ldp, 4, "%%Previously established sessions may not use the new holdtime.");
	policy_changed(ldp, &old);
	table_changed(&ldp->parameters_table, &ldp->parameters);
	ldp_config_free(&old);
}

/* --- the door --- */

static void
row(struct ldp *ldp, const struct ldp_input *in)
{
	switch (in->table) {
	case LDP_FIB_INTERFACE: routes_interface(ldp, in->row, in->gone, in->round); break;
	case LDP_FIB_ROUTE: routes_route(ldp, in->row, in->gone, in->round); break;
	case LDP_FIB_ILM: restart_ilm(ldp, in->row, in->gone); break;
	case LDP_FIB_LABEL_RANGE: routes_range(ldp, in->row, in->gone); break;
	case LDP_BFD_SESSION: guard_row(ldp, in->row, in->gone, in->round); break;
	case LDP_IGP_INTERFACE: sync_asked(ldp, in->row, in->gone, in->round); break;
	case LDP_L2VPN_REQUEST: pws_row(ldp, in->row, in->gone, in->round); break;
	case LDP_MIRRORS: break;
	}
}

static void
clear(struct ldp *ldp, const struct addr *peer)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (addr_is_set(peer) && addr_to_v4(peer) != p->lsr)
			continue;
		session_stop(ldp, p, LDP_SHUTDOWN, "reset by the operator");
		restart_over(ldp, p); /* what is kept for its return is reset as well */
	}
}

static void
one_timer(struct ldp *ldp, struct timer *t)
{
	switch ((enum timer_kind)t->kind) {
	case TIMER_HELLO: discovery_hello_due(ldp, OBJECT(t, struct link, hello)); break;
	case TIMER_TARGET: target_hello_due(ldp, OBJECT(t, struct target, hello)); break;
	case TIMER_ADJACENCY: discovery_expired(ldp, OBJECT(t, struct adjacency, hold)); break;
	case TIMER_HOLD: session_timer(ldp, OBJECT(t, struct peer, hold), TIMER_HOLD); break;
	case TIMER_KEEPALIVE: session_timer(ldp, OBJECT(t, struct peer, keepalive), TIMER_KEEPALIVE); break;
	case TIMER_RETRY: session_timer(ldp, OBJECT(t, struct peer, retry), TIMER_RETRY); break;
	case TIMER_EXCHANGE: session_exchange_done(ldp, OBJECT(t, struct peer, exchange)); break;
	case TIMER_SYNC: sync_exchanged(ldp, OBJECT(t, struct peer, sync)); break;
	case TIMER_TELL: distribute_more(ldp, OBJECT(t, struct peer, tell)); break;
	case TIMER_RESTART: restart_over(ldp, OBJECT(t, struct peer, restart)); break;
	case TIMER_PENDING: transport_pending_due(ldp); break;
	case TIMER_LABELS: lsp_label_again(ldp); break;
	case TIMER_RECOVERY: restart_check(ldp); break;
	case TIMER_PW_SWEEP: pws_sweep(ldp, OBJECT(t, struct peer, pw_sweep)); break;
	case TIMER_PW_STATUS: pws_say(ldp); break;
	case TIMER_PW_LINGER: pws_linger_over(ldp); break;
	case TIMER_GUARD: guard_due(ldp, OBJECT(t, struct guard, silent)); break;
	}
}

/* Each deadline that had come at `now` once; one set anew for now waits for the next call. */
static void
due(struct ldp *ldp)
{
	size_t bound = ldp->timers.count;
	struct timer *t;

	while (bound-- && (t = timers_due(&ldp->timers, ldp->now)))
		one_timer(ldp, t);
}

static void
dispatch(struct ldp *ldp, const struct ldp_input *in)
{
	switch (in->kind) {
	case LDP_IN_CONFIG: configure(ldp, in->config); break;
	case LDP_IN_DATAGRAM: discovery_datagram(ldp, in); break;
	case LDP_IN_STREAM_UP: transport_up(ldp, in); break;
	case LDP_IN_STREAM: session_stream(ldp, in->conn, in->bytes, in->size); break;
	case LDP_IN_STREAM_DOWN: transport_down(ldp, in->conn, in->text); break;
	case LDP_IN_ROW: row(ldp, in); break;
	case LDP_IN_SYNCED:
		if (in->table == LDP_BFD_SESSION)
			guards_synced(ldp, in->round);
		else if (in->table == LDP_IGP_INTERFACE)
			sync_asked_all(ldp, in->round);
		else if (in->table == LDP_L2VPN_REQUEST)
			pws_synced(ldp, in->round);
		else
			routes_synced(ldp, in->table, in->round);
		ldp->synced |= 1u << in->table;
		restart_synced(ldp);
		start_or_stop(ldp, "LDP was switched off");
		break;
	case LDP_IN_LOST: break; /* its rows are stale, not gone */
	case LDP_IN_CLEAR: clear(ldp, &in->from); break;
	case LDP_IN_TIMER: due(ldp); break;
	}
}

void
ldp_input(struct ldp *ldp, const struct ldp_input *in, usec_t now)
{
	assert(!ldp->busy);
	ldp->busy = true;
	if (now > ldp->now)
		ldp->now = now;
	if (!ldp->started)
		ldp->started = ldp->now;
	dispatch(ldp, in);
	lsp_flush(ldp);
	if (ldp->recovering)
		restart_check(ldp);
	sessions_flush(ldp);
	if (ldp->peers_idle)
		peers_sweep(ldp);
	ldp->busy = false;
}
