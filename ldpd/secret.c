/*
 * What protects a session's connection: a password by TCP MD5 (RFC 2385, RFC 5036 section 2.9) and the TTL of its
 * packets (GTSM, RFC 6720). The engine only says which address has which secret and which TTL; the host makes sockets so.
 *
 * A secret has to be known before the peer's SYN comes. Those that are configured for a peer are told with the
 * configuration, by its LSR id; the others when its first Hello names its transport address, which is before it connects.
 */
#include "ldpd/model.h"
#include <stdlib.h>
#include <string.h>

static void
tell(struct ldp *ldp, const struct addr *peer, const char *password)
{
	outbox_add(ldp->out,
	    &(struct effect){
		.kind = EFFECT_STREAM_KEY, .to = *peer, .bytes = (const uint8_t *)password, .size = strlen(password) });
}

/* Notes that this address is to have this password; tells the host when that is new. Returns whether it is. */
static bool
want(struct ldp *ldp, const struct addr *peer, const char *password)
{
	struct key *k = NULL;

	for (size_t i = 0; i < ldp->key_count; i++)
		if (addr_eq(&ldp->keys[i].peer, peer))
			k = &ldp->keys[i];
	if (k && (k->wanted || strcmp(k->password, password) == 0)) { /* the first one that names an address counts */
		k->wanted = true;
		return false;
	}
	if (!k) {
		ldp->keys = mem_resize(ldp->keys, (ldp->key_count + 1) * sizeof *ldp->keys);
		k = &ldp->keys[ldp->key_count++];
		*k = (struct key){ .peer = *peer };
	}
	k->wanted = true;
	memcpy(k->password, password, strlen(password) + 1);
	tell(ldp, peer, password);
	return true;
}

/* A session, or an attempt, with another secret than the new one ends; with the new one it starts anew. */
static void
restart(struct ldp *ldp, const struct addr *transport)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (!p->conn || !addr_eq(&p->transport, transport))
			continue;
		session_stop(ldp, p, LDP_SHUTDOWN, "the password was changed");
		transport_again(ldp, p, true);
	}
	/* Nor may one that came before the secret was known be taken for the peer's. */
	list_each_safe (l, &ldp->pendings) {
		struct pending *w = OBJECT(l, struct pending, link);
		if (addr_eq(&w->peer, transport))
			transport_turn_away(ldp, w);
	}
}

void
secrets_refresh(struct ldp *ldp)
{
	for (size_t i = 0; i < ldp->key_count; i++)
		ldp->keys[i].wanted = false;
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		struct addr id = addr_v4(p->lsr);
		const char *password = ldp_config_password(&ldp->config, &id);
		if (password && addr_is_set(&p->heard_transport) && want(ldp, &p->heard_transport, password))
			restart(ldp, &p->heard_transport);
	}
	for (size_t i = 0; i < ldp->config.peer_count; i++) {
		const struct ldp_peer_config *c = &ldp->config.peers[i];
		if (c->password[0] && want(ldp, &c->address, c->password))
			restart(ldp, &c->address);
	}
	for (size_t i = 0; i < ldp->key_count;) {
		struct key k = ldp->keys[i];
		if (k.wanted) {
			i++;
			continue;
		}
		ldp->keys[i] = ldp->keys[--ldp->key_count];
		tell(ldp, &k.peer, "");
		restart(ldp, &k.peer);
	}
}

void
secrets_forget(struct ldp *ldp)
{
	free(ldp->keys);
	ldp->keys = NULL;
	ldp->key_count = 0;
}

/*
 * RFC 6720 section 2.2: both ends say G in their link Hellos, and the session's packets have not crossed a router. With
 * only targeted Hellos left the way may be longer, so the check ends, unless the operator says how long it is.
 */
uint8_t
ttl_least(const struct ldp *ldp, const struct peer *p)
{
	struct addr id = addr_v4(p->lsr);
	const struct ldp_peer_config *c = ldp_config_peer(&ldp->config, &id);

	if (c && c->gtsm_off)
		return 0;
	if (c && c->gtsm_hops)
		return (uint8_t)(256 - c->gtsm_hops);
	if (ldp->config.gtsm_off)
		return 0;
	uint8_t least = 0;
	list_each (l, (struct list *)(uintptr_t)&p->adjacencies) {
		const struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
		if (sync_is_avoided(ldp, a->ifindex)) /* while the IGP avoids the link, the session comes another way */
			return 0;
		if (a->ifindex && a->gtsm)
			least = 255;
	}
	return least;
}

void
ttl_refresh(struct ldp *ldp, struct peer *p)
{
	uint8_t least = ttl_least(ldp, p);

	if (least == p->min_ttl)
		return;
	p->min_ttl = least;
	if (p->conn)
		outbox_add(
		    ldp->out, &(struct effect){ .kind = EFFECT_STREAM_MIN_TTL, .where = p->conn, .code = least });
	if (row_is_in_table(&p->row))
		table_changed(&ldp->session_table, &p->row);
}
