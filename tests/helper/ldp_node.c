/* What a test says to a node and reads of it: topology, configuration, rows; and packets that are followed hop by hop. */
#include "base/label.h"
#include "base/mem.h"
#include "base/table.h"
#include "tests/helper/ldp_net.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct addr
address(const char *text)
{
	struct addr a = addr_none();
	bool ok = addr_parse(text, &a);

	assert(ok);
	(void)ok;
	return a;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p;
	bool ok = prefix_parse(text, &p);

	assert(ok);
	(void)ok;
	return p;
}

/* --- building --- */

static struct net_port *
add_port(struct ldp_node *n, const char *name, struct prefix address_)
{
	assert(n->port_count < NET_PORTS);
	struct net_port *p = &n->ports[n->port_count++];
	*p = (struct net_port){ .ifindex = (uint32_t)n->port_count, .address = address_, .up = true };
	snprintf(p->name, sizeof p->name, "%s", name);
	return p;
}

struct ldp_node *
ldp_net_add(struct ldp_net *net, const char *lsr)
{
	struct ldp_node *n = NEW(struct ldp_node);
	struct addr id = address(lsr);

	n->net = net;
	n->lsr = addr_to_v4(&id);
	n->label_first = 1024;
	n->label_last = 524287;
	ldp_config_defaults(&n->config);
	n->config.lsr_id = n->lsr;
	n->config.enabled = true;
	add_port(n, "LoopBack1", prefix_host(id))->loopback = true;
	n->index = net->node_count;
	net->nodes[net->node_count++] = n;
	return n;
}

static uint32_t
link_end(struct ldp_node *n, const char *text, struct net_link *l)
{
	char name[24];

	snprintf(name, sizeof name, "GigabitEthernet0/%u/0", (unsigned)n->port_count);
	struct net_port *p = add_port(n, name, prefix(text));
	p->link = l;
	struct ldp_if_config *c = &n->config.interfaces[n->config.interface_count++];
	*c = (struct ldp_if_config){ .v4 = true };
	snprintf(c->name, sizeof c->name, "%s", name);
	return p->ifindex;
}

struct net_link *
ldp_net_link(struct ldp_net *net, struct ldp_node *a, const char *a_address, struct ldp_node *b, const char *b_address)
{
	struct net_link *l = NEW(struct net_link);

	l->node[0] = a;
	l->node[1] = b;
	l->ifindex[0] = link_end(a, a_address, l);
	l->ifindex[1] = link_end(b, b_address, l);
	net->links[net->link_count++] = l;
	return l;
}

struct addr
ldp_node_address6(const struct ldp_node *n)
{
	return n->ports[0].address6.addr;
}

static struct addr
address6(const char *head, uint32_t a, uint32_t b)
{
	char text[ADDR_TEXT];

	snprintf(text, sizeof text, "%s%x:%x:%x", head, a >> 16, a & 0xffff, b);
	return address(text);
}

void
ldp_net_add_ipv6(struct ldp_net *net, bool alone)
{
	for (size_t i = 0; i < net->node_count; i++) {
		struct ldp_node *n = net->nodes[i];
		n->ports[0].address6 = prefix_host(address6("2001:db8::", n->lsr, 1));
		for (size_t k = 0; k < n->port_count; k++)
			if (n->ports[k].link)
				n->ports[k].link_local = address6("fe80::", n->lsr, n->ports[k].ifindex);
		for (size_t k = 0; k < n->config.interface_count; k++) {
			n->config.interfaces[k].v4 = !alone;
			n->config.interfaces[k].v6 = true;
		}
	}
}

/* Ports with a link whose other end is nearer to `to`. */
static void
route_to(struct ldp_node *from, const uint16_t *far, const struct ldp_node *to, bool six)
{
	struct net_route r;

	memset(&r, 0, sizeof r); /* compared as bytes */
	r.prefix = six ? to->ports[0].address6 : prefix_host(addr_v4(to->lsr));
	for (size_t i = 0; i < from->port_count && r.hop_count < NET_HOPS; i++) {
		const struct net_link *l = from->ports[i].link;
		if (!l || l->cut || !from->ports[i].up)
			continue;
		int other = l->node[0] == from && l->ifindex[0] == from->ports[i].ifindex ? 1 : 0;
		struct net_port *there = ldp_node_find_port(l->node[other], l->ifindex[other]);
		size_t k = l->node[other]->index;
		if (there && there->up && far[k] != UINT16_MAX && far[k] < far[from->index])
			r.hops[r.hop_count++] = (struct net_hop){ .via = six ? there->link_local : there->address.addr,
				.ifindex = from->ports[i].ifindex };
	}
	net_fib_set_route(from, &r);
}

void
ldp_net_route(struct ldp_net *net)
{
	uint16_t far[NET_NODES];

	for (size_t t = 0; t < net->node_count; t++) {
		net_distances(net, net->nodes[t], far);
		for (size_t i = 0; i < net->node_count; i++) {
			if (i == t)
				continue;
			route_to(net->nodes[i], far, net->nodes[t], false);
			if (addr_is_set(&net->nodes[t]->ports[0].address6.addr))
				route_to(net->nodes[i], far, net->nodes[t], true);
		}
	}
}

void
ldp_net_start(struct ldp_net *net)
{
	for (size_t i = 0; i < net->node_count; i++)
		ldp_node_start(net->nodes[i]);
}

void
ldp_node_configure(struct ldp_node *n)
{
	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CONFIG, .config = &n->config });
}

void
ldp_node_port(struct ldp_node *n, struct net_port *p)
{
	net_fib_tell_port(n, p, p->gone);
}

void
ldp_node_route(struct ldp_node *n, const char *text, const char *via, const char *via2)
{
	const char *vias[] = { via, via2 };
	struct net_route r;

	memset(&r, 0, sizeof r);
	r.prefix = prefix(text);
	for (int i = 0; i < 2 && vias[i]; i++) {
		struct addr a = address(vias[i]);
		for (size_t k = 0; k < n->port_count; k++)
			if (n->ports[k].link && prefix_covers(&n->ports[k].address, &a))
				r.hops[r.hop_count++] = (struct net_hop){ .via = a, .ifindex = n->ports[k].ifindex };
	}
	net_fib_set_route(n, &r);
}

/* --- reading --- */

bool
ldp_node_logged(const struct ldp_node *n, const char *part)
{
	return strstr(text_chars(&n->log), part);
}

unsigned
ldp_node_log_count(const struct ldp_node *n, const char *part)
{
	unsigned count = 0;

	for (const char *at = text_chars(&n->log); (at = strstr(at, part)); at += strlen(part))
		count++;
	return count;
}

static struct arena lent; /* what the row of the last question points at */

static void
forget(void)
{
	arena_free(&lent);
	arena_init(&lent);
}

static struct table *
table(struct ldp_node *n, const char *name)
{
	struct table *const *t = ldp_tables(n->ldp);

	while (*t && strcmp((*t)->name, name) != 0)
		t++;
	assert(*t);
	return *t;
}

size_t
ldp_node_rows(struct ldp_node *n, const char *name)
{
	return table(n, name)->count;
}

static bool
same_fec(const ProtobufCBinaryData *b, const char *text)
{
	struct prefix p = prefix(text), q;

	return prefix_from_bytes(b->data, b->len, &q) && prefix_eq(&p, &q);
}

/* Walks the live rows of a table; there are no tombstones without a reader but the stand-in's, which has read them. */
#define FIND(type, init, name, cond)                                               \
	static type m;                                                             \
	struct table *t = table(n, name);                                          \
	struct cursor c;                                                           \
	const struct row *row;                                                     \
	const uint8_t *key;                                                        \
	size_t size;                                                               \
	const type *found = NULL;                                                  \
	enum cursor_result r;                                                      \
	atexit_forget();                                                           \
	forget();                                                                  \
	cursor_open(&c, t);                                                        \
	while (!found && (r = cursor_read(&c, &row, &key, &size)) != CURSOR_END) { \
		if (r != CURSOR_ROW)                                               \
			continue;                                                  \
		m = (type)init;                                                    \
		t->fill(row, &m, &lent);                                           \
		if (cond)                                                          \
			found = &m;                                                \
	}                                                                          \
	cursor_close(&c);                                                          \
	return found

static void
free_lent(void)
{
	arena_free(&lent);
}
static void
atexit_forget(void)
{
	static bool done;

	if (!done)
		atexit(free_lent);
	done = true;
}

const Ldp__Session *
ldp_node_session(struct ldp_node *n, const struct ldp_node *peer)
{
	FIND(Ldp__Session, LDP__SESSION__INIT, "ldp.Session", m.peer == peer->lsr);
}
const Ldp__Binding *
ldp_node_binding(struct ldp_node *n, const char *fec, const struct ldp_node *peer)
{
	FIND(
	    Ldp__Binding, LDP__BINDING__INIT, "ldp.Binding", m.peer == (peer ? peer->lsr : 0) && same_fec(&m.fec, fec));
}
const Ldp__Lsp *
ldp_node_lsp(struct ldp_node *n, const char *fec)
{
	FIND(Ldp__Lsp, LDP__LSP__INIT, "ldp.Lsp", same_fec(&m.fec, fec));
}
const Ldp__Adjacency *
ldp_node_adjacency(struct ldp_node *n, const struct ldp_node *peer)
{
	FIND(Ldp__Adjacency, LDP__ADJACENCY__INIT, "ldp.Adjacency", m.peer == peer->lsr);
}
const Ldp__Interface *
ldp_node_interface(struct ldp_node *n, uint32_t ifindex)
{
	FIND(Ldp__Interface, LDP__INTERFACE__INIT, "ldp.Interface", m.ifindex == ifindex);
}
const Ldp__Parameters *
ldp_node_parameters(struct ldp_node *n)
{
	FIND(Ldp__Parameters, LDP__PARAMETERS__INIT, "ldp.Parameters", true);
}

bool
ldp_net_is_settled(struct ldp_net *net)
{
	for (size_t i = 0; i < net->link_count; i++) {
		struct net_link *l = net->links[i];
		for (int side = 0; side < 2 && !l->cut; side++) {
			if (!l->node[side]->ldp)
				continue;
			const Ldp__Session *s = ldp_node_session(l->node[side], l->node[!side]);
			if (!s || s->state != LDP__SESSION_STATE__OPERATIONAL || !s->label_exchange_done ||
			    s->peer_restarting)
				return false;
		}
	}
	for (size_t i = 0; i < net->node_count; i++)
		if (net->nodes[i]->ldp && ldp_node_parameters(net->nodes[i])->recovering)
			return false;
	return true;
}

/* --- packets --- */

static struct ldp_node *
neighbour(struct ldp_node *n, const struct net_hop *h)
{
	struct net_port *p = ldp_node_find_port(n, h->ifindex);

	if (!p || !p->up || !p->link || p->link->cut)
		return NULL;
	int other = p->link->node[0] == n && p->link->ifindex[0] == p->ifindex ? 1 : 0;
	struct net_port *q = ldp_node_find_port(p->link->node[other], p->link->ifindex[other]);
	return q && q->up && (addr_eq(&q->address.addr, &h->via) || addr_eq(&q->link_local, &h->via))
		   ? p->link->node[other]
		   : NULL;
}

static const char *
follow(struct ldp_net *net, struct ldp_node *n, const struct net_lsp *l, const struct prefix *fec, unsigned ttl)
{
	static char why[160];
	unsigned labelled = 0;

#define LOST(what)                                                                                            \
	(snprintf(why, sizeof why, "at %u.%u.%u.%u: %s", n->lsr >> 24, n->lsr >> 16 & 255, n->lsr >> 8 & 255, \
	     n->lsr & 255, what),                                                                             \
	    why)
	if (!l)
		return LOST("no LSP");
	if (!prefix_eq(&l->fec, fec))
		return LOST("the label means another FEC");
	if (l->egress)
		return addr_to_v4(&fec->addr) == n->lsr || prefix_eq(fec, &n->ports[0].address6)
			   ? NULL
			   : LOST("not the egress");
	if (!ttl)
		return LOST("a loop");
	for (size_t i = 0; i < l->hop_count; i++) {
		const struct net_hop *h = &l->hops[i];
		if (h->out_label == LABEL_UNSET)
			continue;
		labelled++;
		struct ldp_node *next = neighbour(n, h);
		if (!next)
			return LOST("the next hop is not there");
		const struct net_lsp *on = h->out_label == LABEL_IMPLICIT_NULL ? net_fib_by_fec(next, fec)
									       : net_fib_by_label(next, h->out_label);
		if (h->out_label == LABEL_IMPLICIT_NULL && (!on || !on->egress))
			return LOST("popped before the egress");
		const char *lost = follow(net, next, on, fec, ttl - 1);
		if (lost)
			return lost;
	}
	return labelled ? NULL : LOST("no next hop has a label");
#undef LOST
}

const char *
ldp_net_trace(struct ldp_net *net, struct ldp_node *from, struct addr to)
{
	struct prefix fec = prefix_host(to);

	return follow(net, from, net_fib_by_fec(from, &fec), &fec, 64);
}

static const char *
trace_all(struct ldp_net *net, bool six)
{
	for (size_t i = 0; i < net->node_count; i++)
		for (size_t k = 0; k < net->node_count; k++) {
			const struct ldp_node *to = net->nodes[k];
			const char *lost =
			    ldp_net_trace(net, net->nodes[i], six ? ldp_node_address6(to) : addr_v4(to->lsr));
			if (lost)
				return lost;
		}
	return NULL;
}

const char *
ldp_net_trace_all(struct ldp_net *net)
{
	return trace_all(net, false);
}

const char *
ldp_net_trace_all6(struct ldp_net *net)
{
	return trace_all(net, true);
}
