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
#include <string.h>

#define LISTEN_LEAST (3 * USEC_PER_SEC) /* to hear every neighbour's Hello; they answer ours at once */
#define LISTEN_ALONE (15 * USEC_PER_SEC) /* when none is heard */
#define LOOK_AGAIN (200 * USEC_PER_MSEC)

/* --- the one that restarts --- */

uint32_t
restart_recovery_ms(const struct ldp *ldp)
{
	return ldp->had_state && ldp->recovering ? LDP_RECOVERY_S * 1000 : 0;
}

void
restart_ilm(struct ldp *ldp, const Fib__Ilm *r, bool gone)
{
	struct prefix prefix;

	if (gone || !ldp->recovering || ldp->synced & 1u << LDP_FIB_ILM || strcmp(r->owner, "ldpd") != 0)
		return;
	ldp->had_state = true;
	if (!prefix_from_bytes(r->fec.data, r->fec.len, &prefix) || !addr_is_set(&prefix.addr))
		return; /* fibd was restarted too and knows the label only; it stays until we are complete */
	struct fec *f = fec_get(ldp, &prefix);
	f->recovered = r->label;
	if (ldp->labels)
		label_pool_claim(ldp->labels, r->label);
}

void
restart_synced(struct ldp *ldp)
{
	hash_each(n, &ldp->fecs)
	{
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (f->label == LABEL_UNSET)
			fec_dirty(ldp, f);
	}
}

static bool
neighbours_are_done(const struct ldp *ldp)
{
	size_t heard = 0;

	hash_each(n, &ldp->peers)
	{
		const struct peer *p = OBJECT(n, struct peer, by_id);
		if (list_is_empty(&p->adjacencies))
			continue;
		heard++;
		if (p->state != S_OPERATIONAL || !p->exchange_done)
			return false;
	}
	return ldp->now >= ldp->started + (heard ? LISTEN_LEAST : LISTEN_ALONE);
}

static void
give_back_unused(struct ldp *ldp)
{
	hash_each(n, &ldp->fecs)
	{
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (f->recovered != LABEL_UNSET && ldp->labels)
			label_pool_give(ldp->labels, f->recovered, ldp->now);
		f->recovered = LABEL_UNSET;
		fec_dirty(ldp, f); /* rows that were held back are published now */
	}
}

void
restart_check(struct ldp *ldp)
{
	bool synced = ldp->synced == (1u << LDP_MIRRORS) - 1;

	if (!ldp->recovering || !synced || !ldp->configured)
		return;
	bool nothing_to_wait_for = !ldp->had_state || !ldp->running;
	if (!nothing_to_wait_for && !neighbours_are_done(ldp) && ldp->now < ldp->started + LDP_RECOVERY_S * USEC_PER_SEC) {
		if (!timer_is_set(&ldp->recovery))
			timer_set(&ldp->timers, &ldp->recovery, ldp->now + LOOK_AGAIN);
		return;
	}
	timer_clear(&ldp->timers, &ldp->recovery);
	ldp->recovering = false;
	give_back_unused(ldp);
	lsp_flush(ldp);
	table_complete(&ldp->lsp_table);
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
	bindings_mark_stale(ldp, p);
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
	/* A peer that announces no recovery time has lost its forwarding state... unless it never restarted and only
	 * the connection broke, in which case it says the same and its labels come again within this exchange. */
	usec_t patience = p->recovery_ms ? p->recovery_ms * USEC_PER_MSEC : LDP_RECOVERY_S * USEC_PER_SEC;
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
	if (p->state == S_NON_EXISTENT)
		peer_drop_addresses(ldp, p);
	table_changed(&ldp->session_table, &p->row);
	ldp->peers_idle = true;
}
