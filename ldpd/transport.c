/*
 * Who connects to whom, RFC 5036 section 2.5.2: attempts to connect, accepted connections, and those that came
 * before their peer's Hello was read. What is said over a connection is session.c's.
 */
#include "ldpd/model.h"
#include <stdlib.h>
#include <string.h>

#define CONNECT_AGAIN (1 * USEC_PER_SEC) /* after a connection that was refused or broke; a Hello cuts it short */
#define CONNECT_PATIENCE \
	(5 * USEC_PER_SEC) /* for one attempt: a path that heals is not found by slow retransmissions */

static void
close_conn(struct ldp *ldp, uint32_t conn)
{
	outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_STREAM_CLOSE, .where = conn });
}

void
transport_abandon(struct ldp *ldp, struct peer *p)
{
	if (!p->connecting)
		return;
	close_conn(ldp, p->conn);
	p->conn = 0;
	p->connecting = false;
	ldp->peers_idle = true;
}

static void
connect_to(struct ldp *ldp, struct peer *p)
{
	p->conn = ldp->next_conn;
	ldp->next_conn = ldp->next_conn % (LDP_ACCEPTED - 1) + 1;
	p->connecting = true;
	/* The peer takes us only once it has heard us. */
	list_each (l, &p->adjacencies) {
		const struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
		struct link *link = link_find(ldp, a->ifindex);
		struct target *target = a->ifindex ? NULL : target_find(ldp, &a->source);
		if (link)
			discovery_answer(ldp, link, false);
		if (target)
			target_answer(ldp, target);
	}
	outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_STREAM_CONNECT,
				 .where = p->conn,
				 .code = p->min_ttl,
				 .to = p->transport,
				 .from = p->local_transport });
	timer_set(&ldp->timers, &p->retry, ldp->now + CONNECT_PATIENCE);
}

/* There is an adjacency, perhaps a new one: connect if that is our part. */
void
transport_want(struct ldp *ldp, struct peer *p)
{
	if (p->state != S_NON_EXISTENT || !ldp->running || list_is_empty(&p->adjacencies) || p->backing_off)
		return;
	const struct adjacency *first = OBJECT(p->adjacencies.next, struct adjacency, of_peer);
	if (!addr_is_set(&p->heard_transport)) /* the family that is preferred is not heard yet */
		return;
	struct addr local =
	    discovery_transport(ldp, link_find(ldp, first->ifindex), p->heard_transport.family == 6 ? V6 : V4);
	if (p->connecting && (!addr_eq(&p->transport, &p->heard_transport) || !addr_eq(&p->local_transport, &local)))
		transport_abandon(ldp, p); /* the addresses changed under the attempt */
	if (p->conn)
		return;
	p->transport = p->heard_transport;
	p->local_transport = local;
	/* 2.5.2: the greater transport address connects. */
	p->role = addr_cmp(&p->local_transport, &p->transport) > 0 ? R_ACTIVE : R_PASSIVE;
	struct addr id = addr_v4(p->lsr);
	p->secret = ldp_config_password(&ldp->config, &id);
	if (!row_is_in_table(&p->row))
		table_changed(&ldp->session_table, &p->row);
	transport_pending_due(ldp);
	if (p->conn)
		return;
	timer_clear(&ldp->timers, &p->retry);
	if (p->role == R_ACTIVE)
		connect_to(ldp, p);
}

/* The time to try again has come, or that for one attempt is over. */
void
transport_retry(struct ldp *ldp, struct peer *p)
{
	p->backing_off = false;
	if (p->connecting) {
		transport_abandon(ldp, p);
		free(p->last_error);
		p->last_error = mem_text(
		    p->secret ? "connection timed out; do both ends have the same password?" : "connection timed out");
		table_changed(&ldp->session_table, &p->row);
	}
	transport_want(ldp, p);
}

/* Once more after a moment, if there is reason to. */
void
transport_again(struct ldp *ldp, struct peer *p, bool at_once)
{
	if (!list_is_empty(&p->adjacencies) && ldp->running)
		timer_set(&ldp->timers, &p->retry, at_once ? ldp->now : ldp->now + CONNECT_AGAIN);
}

struct peer *
peer_by_conn(struct ldp *ldp, uint32_t conn)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (p->conn == conn)
			return p;
	}
	return NULL;
}

/*
 * The passive side's peer for a connection from this address. Of a peer that is heard by both families either address
 * will do: some connect from the one that they preferred before, and would never get a session.
 */
static struct peer *
by_transport(struct ldp *ldp, const struct addr *from)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		list_each (l, &p->adjacencies) {
			if (addr_is_set(&p->heard_transport) &&
			    addr_eq(&OBJECT(l, struct adjacency, of_peer)->transport, from))
				return p;
		}
	}
	return NULL;
}

/* Takes an accepted connection for the peer it comes from. False: nobody is known there yet. */
static bool
adopt(struct ldp *ldp, const struct pending *w)
{
	struct peer *p = by_transport(ldp, &w->peer);

	if (!p)
		return false;
	if (p->state != S_NON_EXISTENT && p->role == R_PASSIVE)
		session_lost(ldp, p, "the peer opened a new connection");
	if (p->conn || addr_cmp(&w->local, &w->peer) > 0) { /* connecting is our part, 2.5.2 */
		close_conn(ldp, w->conn);
		return true;
	}
	p->role = R_PASSIVE;
	p->transport = w->peer;
	if (p->min_ttl)
		outbox_add(
		    ldp->out, &(struct effect){ .kind = EFFECT_STREAM_MIN_TTL, .where = w->conn, .code = p->min_ttl });
	session_begin(ldp, p, w->conn, &w->local, w->local_port, w->peer_port);
	if (w->size)
		session_stream(ldp, w->conn, w->bytes, w->size);
	return true;
}

enum { PENDING_MAX = 64 };
#define PENDING_WAIT (5 * USEC_PER_SEC)

static void
pending_free(struct ldp *ldp, struct pending *w)
{
	list_remove(&w->link);
	ldp->pending_count--;
	free(w);
}

/* It came before the peer's secret was known. */
void
transport_turn_away(struct ldp *ldp, struct pending *w)
{
	close_conn(ldp, w->conn);
	pending_free(ldp, w);
}

/* Looks at the connections that wait for their peer's Hello: adopts, or ends those that waited too long. */
void
transport_pending_due(struct ldp *ldp)
{
	timer_clear(&ldp->timers, &ldp->pending);
	list_each_safe (l, &ldp->pendings) {
		struct pending *w = OBJECT(l, struct pending, link);
		if (ldp->now >= w->until) {
			close_conn(ldp, w->conn);
			pending_free(ldp, w);
		} else if (by_transport(ldp, &w->peer)) {
			struct pending copy = *w;
			pending_free(ldp, w);
			adopt(ldp, &copy);
		} else if (!timer_is_set(&ldp->pending)) {
			timer_set(&ldp->timers, &ldp->pending, w->until);
		}
	}
}

static void
wait_for_hello(struct ldp *ldp, const struct pending *w)
{
	if (ldp->pending_count >= PENDING_MAX) { /* the oldest has had its chance */
		struct pending *oldest = OBJECT(ldp->pendings.next, struct pending, link);
		close_conn(ldp, oldest->conn);
		pending_free(ldp, oldest);
	}
	struct pending *kept = mem_copy(w, sizeof *w);
	kept->until = ldp->now + PENDING_WAIT;
	list_append(&ldp->pendings, &kept->link);
	ldp->pending_count++;
	if (!timer_is_set(&ldp->pending))
		timer_set(&ldp->timers, &ldp->pending, kept->until);
}

void
transport_up(struct ldp *ldp, const struct ldp_input *in)
{
	struct peer *p = peer_by_conn(ldp, in->conn);

	if (p) {
		session_begin(ldp, p, in->conn, &in->to, in->to_port, in->from_port);
		return;
	}
	struct pending w = { .conn = in->conn,
		.peer = in->from,
		.local = in->to,
		.peer_port = in->from_port,
		.local_port = in->to_port };
	if (in->conn < LDP_ACCEPTED || !ldp->running)
		close_conn(ldp, in->conn);
	else if (!adopt(ldp, &w))
		wait_for_hello(ldp, &w);
}

void
transport_down(struct ldp *ldp, uint32_t conn, const char *why)
{
	struct peer *p = peer_by_conn(ldp, conn);

	list_each_safe (l, &ldp->pendings) {
		struct pending *w = OBJECT(l, struct pending, link);
		if (w->conn == conn)
			pending_free(ldp, w);
	}
	if (!p)
		return;
	if (p->connecting) { /* it never began */
		p->conn = 0;
		p->connecting = false;
		ldp->peers_idle = true;
		free(p->last_error);
		p->last_error = mem_text(why);
		table_changed(&ldp->session_table, &p->row);
		transport_again(ldp, p, false);
		return;
	}
	p->conn = 0;
	session_lost(ldp, p, why);
}

void
transport_early_bytes(struct ldp *ldp, uint32_t conn, const uint8_t *bytes, size_t size)
{
	list_each (l, &ldp->pendings) {
		struct pending *w = OBJECT(l, struct pending, link);
		size_t n = size < sizeof w->bytes - w->size ? size : sizeof w->bytes - w->size;
		if (w->conn != conn)
			continue;
		memcpy(w->bytes + w->size, bytes, n);
		w->size += n;
	}
}
