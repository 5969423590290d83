/* The configuration: defaults, containers, and the questions asked of it. */
#include "ldpd/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
ldp_config_defaults(struct ldp_config *c)
{
	*c = (struct ldp_config){ .session_hold_s = LDP_SESSION_HOLD_S,
		.hello_hold_s = LDP_HELLO_HOLD_S,
		.hello_interval_s = LDP_HELLO_INTERVAL_S,
		.targeted_hold_s = LDP_TARGETED_HOLD_S,
		.targeted_interval_s = LDP_TARGETED_INTERVAL_S,
		.backoff_first_s = LDP_BACKOFF_FIRST_S,
		.backoff_last_s = LDP_BACKOFF_LAST_S,
		.allocate.which = LDP_HOSTS,
		.told.which = LDP_ALL,
		.accepted.which = LDP_ALL,
		.label_reuse_s = LDP_LABEL_REUSE_S,
		.igp_sync_delay_s = LDP_IGP_SYNC_DELAY_S };
}

void
ldp_config_free(struct ldp_config *c)
{
	free(c->peers);
	free(c->passwords);
	prefix_lists_free(&c->prefix_lists);
	*c = (struct ldp_config){ 0 };
}

static void *
duplicate(const void *from, size_t size)
{
	return size ? memcpy(mem_resize(NULL, size), from, size) : NULL;
}

void
ldp_config_copy(struct ldp_config *into, const struct ldp_config *from)
{
	struct prefix_lists lists = { 0 };

	ldp_config_free(into);
	*into = *from;
	into->peers = duplicate(from->peers, from->peer_count * sizeof *from->peers);
	into->passwords = duplicate(from->passwords, from->password_count * sizeof *from->passwords);
	prefix_lists_copy(&lists, &from->prefix_lists);
	into->prefix_lists = lists;
}

uint32_t
ldp_keepalive_s(const struct ldp_config *c)
{
	return c->session_hold_s / 3;
}

const struct ldp_peer_config *
ldp_config_peer(const struct ldp_config *c, const struct addr *address)
{
	for (size_t i = 0; i < c->peer_count; i++)
		if (addr_eq(&c->peers[i].address, address))
			return &c->peers[i];
	return NULL;
}

struct ldp_peer_config *
ldp_config_peer_get(struct ldp_config *c, const struct addr *address)
{
	size_t at = 0;

	while (at < c->peer_count && addr_cmp(&c->peers[at].address, address) < 0)
		at++;
	if (at < c->peer_count && addr_eq(&c->peers[at].address, address))
		return &c->peers[at];
	c->peers = mem_resize(c->peers, (c->peer_count + 1) * sizeof *c->peers);
	memmove(&c->peers[at + 1], &c->peers[at], (c->peer_count - at) * sizeof *c->peers);
	c->peer_count++;
	c->peers[at] =
	    (struct ldp_peer_config){ .address = *address, .told.which = LDP_UNSET, .accepted.which = LDP_UNSET };
	return &c->peers[at];
}

void
ldp_config_peer_prune(struct ldp_config *c, const struct addr *address)
{
	const struct ldp_peer_config *p = ldp_config_peer(c, address);

	if (!p || p->name[0] || p->targeted || p->gtsm_off || p->gtsm_hops || p->password[0] ||
	    p->told.which != LDP_UNSET || p->accepted.which != LDP_UNSET)
		return;
	size_t at = (size_t)(p - c->peers);
	memmove(&c->peers[at], &c->peers[at + 1], (c->peer_count - at - 1) * sizeof *c->peers);
	c->peer_count--;
}

void
ldp_config_password_set(struct ldp_config *c, size_t at, const struct ldp_password_config *p)
{
	if (at == c->password_count) {
		c->passwords = mem_resize(c->passwords, (c->password_count + 1) * sizeof *c->passwords);
		c->password_count++;
	}
	c->passwords[at] = *p;
}

static const char *
password(const struct ldp_config *c, const struct addr *peer, const char **ret_source)
{
	const struct ldp_peer_config *p = ldp_config_peer(c, peer);
	struct prefix host = prefix_host(*peer);

	*ret_source = "own";
	if (p && p->password[0])
		return p->password;
	*ret_source = "option";
	for (size_t i = 0; i < c->password_count; i++) {
		/* A list that is not there names nobody: a secret is never given by mistake. */
		const struct prefix_list *l = prefix_lists_find(&c->prefix_lists, c->passwords[i].list);
		if (l && prefix_list_permits(l, &host))
			return c->passwords[i].password;
	}
	*ret_source = c->password[0] ? "fallback" : "none";
	return c->password[0] ? c->password : NULL;
}

const char *
ldp_config_password(const struct ldp_config *c, const struct addr *peer)
{
	const char *source;

	return password(c, peer, &source);
}

const char *
ldp_config_password_source(const struct ldp_config *c, const struct addr *peer)
{
	const char *source;

	password(c, peer, &source);
	return source;
}

bool
ldp_filter_permits(
    const struct ldp_config *c, const struct ldp_filter *f, const struct ldp_filter *general, const struct prefix *fec)
{
	if (f->which == LDP_UNSET)
		f = general;
	switch (f->which) {
	case LDP_HOSTS: return prefix_is_host(fec);
	case LDP_LISTED: return prefix_list_permits(prefix_lists_find(&c->prefix_lists, f->list), fec);
	case LDP_NONE: return false;
	default: return true;
	}
}

bool
ldp_config_uses(const struct ldp_config *c, int family)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (family == 6 ? c->interfaces[i].v6 : c->interfaces[i].v4)
			return true;
	return false;
}
