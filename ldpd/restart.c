/*
 * Graceful restart, RFC 3478, both sides.
 *
 * As the neighbour of one that restarts: its labels are kept, marked stale, and packets go on by them. When
 * the session is back it tells its labels again; what it did not tell is dropped when it says that it is done
 * (End-of-LIB, RFC 5919), or falls silent, or takes longer than it promised.
 *
 * As the one that restarts: fibd still forwards by our old rows and tells us in fib.Ilm which label belongs to
 * which FEC, so each FEC gets its old label again and neighbours notice no change. Our table ldp.Lsp is not
 * complete until the neighbours have told their labels, so fibd sweeps nothing before.
 */
#include "ldpd/model.h"
#include <stdlib.h>
#include <string.h>

#define LISTEN_LEAST (3 * USEC_PER_SEC) /* to hear every neighbour's Hello; they answer ours at once */
#define RELEARN (10 * USEC_PER_SEC)     /* for a peer that did not restart but lost the connection */
enum { LISTEN_MORE_S = 5 };             /* after two Hello intervals, when one that is needed is not heard */

/* --- the one that restarts --- */

uint32_t
restart_recovery_ms(const struct ldp *ldp)
{
	return ldp->had_state && ldp->recovering ? LDP_RECOVERY_S * 1000 : 0;
}

/* A label that packets may still arrive with, though for which FEC is not known or another label is its own now. */
static void
orphan(struct ldp *ldp, uint32_t label)
{
	ldp->orphans = mem_resize(ldp->orphans, (ldp->orphan_count + 1) * sizeof *ldp->orphans);
	ldp->orphans[ldp->orphan_count++] = label;
	if (ldp->labels)
		label_pool_claim(ldp->labels, label);
}

static void
claim(struct ldp *ldp, struct fec *f)
{
	if (f->recovered != LABEL_UNSET && !label_pool_claim(ldp->labels, f->recovered))
		f->recovered = LABEL_UNSET; /* not of the range any more */
}

void
restart_ilm(struct ldp *ldp, const Fib__Ilm *r, bool gone)
{
	struct prefix prefix;

	if (gone || !ldp->recovering || ldp->synced & 1u << LDP_FIB_ILM || strcmp(r->owner, "ldpd") != 0)
		return;
	ldp->had_state = true;
	if (!prefix_from_bytes(r->fec.data, r->fec.len, &prefix) || !addr_is_set(&prefix.addr)) {
		orphan(ldp,
		    r->label); /* fibd was restarted too and knows the label only; it stays until we are complete */
		return;
	}
	struct fec *f = fec_get(ldp, &prefix);
	if (f->recovered != LABEL_UNSET) {
		if (f->recovered != r->label)
			orphan(ldp, r->label);
		return;
	}
	f->had_lsp = true;
	f->recovered = r->label;
	if (ldp->labels)
		claim(ldp, f);
}

void
restart_range(struct ldp *ldp)
{
	for (size_t i = 0; i < ldp->orphan_count; i++)
		label_pool_claim(ldp->labels, ldp->orphans[i]);
	hash_each (n, &ldp->fecs) {
		claim(ldp, OBJECT(n, struct fec, by_prefix));
	}
}

void
restart_free(struct ldp *ldp)
{
	free(ldp->orphans);
	ldp->orphans = NULL;
	ldp->orphan_count = 0;
}

void
restart_synced(struct ldp *ldp)
{
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (f->label == LABEL_UNSET)
			fec_dirty(ldp, f);
	}
}

/* Has every neighbour that is heard told its labels? */
static bool
neighbours_are_done(const struct ldp *ldp, size_t *ret_heard)
{
	*ret_heard = 0;
	hash_each (n, &ldp->peers) {
		const struct peer *p = OBJECT(n, struct peer, by_id);
		if (list_is_empty(&p->adjacencies))
			continue;
		++*ret_heard;
		if (p->state != S_OPERATIONAL || !p->exchange_done)
			return false;
	}
	return true;
}

/*
 * Until when we listen, should nothing happen. A neighbour that does not answer Hellos at once is heard after its
 * interval only; as long as an old LSP still lacks a label, that is waited for.
 */
static usec_t
listen_until(const struct ldp *ldp)
{
	size_t heard;
	bool done = neighbours_are_done(ldp, &heard);

	if (!ldp->had_state || !ldp->running)
		return ldp->now;
	if (!done)
		return ldp->started + LDP_RECOVERY_S * USEC_PER_SEC;
	bool missing = pws_are_missing(ldp); /* their peers may be far away */
	unsigned interval_s = missing ? ldp->config.targeted_interval_s : ldp->config.hello_interval_s;
	usec_t alone = (2u * interval_s + LISTEN_MORE_S) * USEC_PER_SEC;
	if (alone > LDP_RECOVERY_S * USEC_PER_SEC)
		alone = LDP_RECOVERY_S * USEC_PER_SEC;
	return ldp->started + (heard && !ldp->held_count && !missing ? LISTEN_LEAST : alone);
}

static void
give_back_unused(struct ldp *ldp)
{
	for (size_t i = 0; i < ldp->orphan_count; i++)
		label_pool_give(ldp->labels, ldp->orphans[i], ldp->now);
	restart_free(ldp);
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (f->recovered != LABEL_UNSET)
			label_pool_give(ldp->labels, f->recovered, ldp->now);
		f->recovered = LABEL_UNSET;
		fec_dirty(ldp, f); /* rows that were held back are published now */
	}
}

void
restart_check(struct ldp *ldp)
{
	if (!ldp->recovering || (ldp->synced & LDP_NEEDED) != LDP_NEEDED || !ldp->configured)
		return;
	usec_t until = listen_until(ldp);
	if (ldp->now < until) {
		timer_set(&ldp->timers, &ldp->recovery, until);
		return;
	}
	timer_clear(&ldp->timers, &ldp->recovery);
	ldp->recovering = false;
	if (ldp->labels)
		give_back_unused(ldp);
	lsp_flush(ldp);
	table_complete(&ldp->lsp_table);
	pws_recovered(ldp);
	sync_all(ldp);
	table_changed(&ldp->parameters_table, &ldp->parameters);
	if (ldp->had_state)
		outbox_log(ldp->out, 5, 4, "recovered from the restart after %llu ms: labels are complete",
		    (unsigned long long)((ldp->now - ldp->started) / USEC_PER_MSEC));
}

/* --- the neighbour of one that restarts --- */

bool
restart_keep(struct ldp *ldp, struct peer *p)
{
	if (!p->graceful)
		return false;
	p->restarting = true;
	peer_mark_stale(ldp, p);
	timer_set(&ldp->timers, &p->restart, ldp->now + p->reconnect_ms * USEC_PER_MSEC);
	ldp_note(ldp, 5, "%u.%u.%u.%u restarts: its labels are kept for up to %u s", p->lsr >> 24, p->lsr >> 16 & 255,
	    p->lsr >> 8 & 255, p->lsr & 255, p->reconnect_ms / 1000);
	return true;
}

void
restart_session_up(struct ldp *ldp, struct peer *p)
{
	if (!p->restarting)
		return;
	if (!p->graceful) { /* what it had, it has no longer */
		pws_sweep(ldp, p);
		restart_over(ldp, p);
		return;
	}
	/* A recovery time of 0 says that its forwarding state is lost (RFC 3478 2), but a peer that never restarted and
	 * only lost the connection says the same. Its labels are on the way; that moment is not worth breaking LSPs for. */
	usec_t patience = p->recovery_ms ? p->recovery_ms * USEC_PER_MSEC : RELEARN;
	timer_set(&ldp->timers, &p->restart, ldp->now + patience);
}

void
restart_over(struct ldp *ldp, struct peer *p)
{
	timer_clear(&ldp->timers, &p->restart);
	if (!p->restarting)
		return;
	p->restarting = false;
	bindings_drop(ldp, p, true);
	sync_forgotten(ldp, p); /* before its addresses are: they say which links it is on */
	peer_drop_addresses(ldp, p, p->state == S_OPERATIONAL);
	pws_restart_over(ldp, p);
	table_changed(&ldp->session_table, &p->row);
	ldp->peers_idle = true;
}
