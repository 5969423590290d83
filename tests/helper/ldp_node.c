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

struct ldp_node *
ldp_net_add(struct ldp_net *net, const char *lsr)
{
	struct ldp_node *n = NEW(struct ldp_node);
	struct addr id = address(lsr);

	n->lsr = addr_to_v4(&id);
	n->label_first = 1024;
	n->label_last = 524287;
	ldp_config_defaults(&n->config);
	n->config.lsr_id = n->lsr;
	n->config.enabled = true;
	ldp_net_adopt(net, n);
	sim_port_add(&n->sim, "LoopBack1", prefix_host(id))->loopback = true;
	return n;
}

static struct sim_port *
link_end(struct ldp_node *n, const char *text)
{
	char name[24];

	snprintf(name, sizeof name, "GigabitEthernet0/%u/0", (unsigned)n->sim.port_count);
	struct ldp_if_config *c = &n->config.interfaces[n->config.interface_count++];
	*c = (struct ldp_if_config){ .v4 = true };
	snprintf(c->name, sizeof c->name, "%s", name);
	return sim_port_add(&n->sim, name, prefix(text));
}

struct sim_link *
ldp_net_link(struct ldp_net *net, struct ldp_node *a, const char *a_address, struct ldp_node *b, const char *b_address)
{
	struct sim_port *at_a = link_end(a, a_address), *at_b = link_end(b, b_address);

	return sim_link(&net->sim, &a->sim, at_a, &b->sim, at_b);
}

struct addr
ldp_node_address6(const struct ldp_node *n)
{
	return n->sim.ports[0].address6.addr;
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
		n->sim.ports[0].address6 = prefix_host(address6("2001:db8::", n->lsr, 1));
		for (size_t k = 0; k < n->sim.port_count; k++)
			if (n->sim.ports[k].link)
				n->sim.ports[k].link_local = address6("fe80::", n->lsr, n->sim.ports[k].ifindex);
		for (size_t k = 0; k < n->config.interface_count; k++) {
			n->config.interfaces[k].v4 = !alone;
			n->config.interfaces[k].v6 = true;
		}
	}
}

void
ldp_node_configure(struct ldp_node *n)
{
	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CONFIG, .config = &n->config });
}

void
ldp_node_port(struct ldp_node *n, struct sim_port *p)
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
		for (size_t k = 0; k < n->sim.port_count; k++)
			if (n->sim.ports[k].link && prefix_covers(&n->sim.ports[k].address, &a))
				r.hops[r.hop_count++] =
				    (struct net_hop){ .via = a, .ifindex = n->sim.ports[k].ifindex };
	}
	net_fib_set_route(n, &r);
}

/* --- reading --- */

bool
ldp_node_logged(const struct ldp_node *n, const char *part)
{
	return strstr(text_chars(&n->sim.log), part);
}

unsigned
ldp_node_log_count(const struct ldp_node *n, const char *part)
{
	unsigned count = 0;

	for (const char *at = text_chars(&n->sim.log); (at = strstr(at, part)); at += strlen(part))
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

struct table *
ldp_node_table(struct ldp_node *n, const char *name)
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
	return ldp_node_table(n, name)->count;
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
	struct table *t = ldp_node_table(n, name);                                 \
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
const Ldp__Sync *
ldp_node_sync(struct ldp_node *n, uint32_t ifindex)
{
	FIND(Ldp__Sync, LDP__SYNC__INIT, "ldp.Sync", m.ifindex == ifindex);
}
const Ldp__Pw *
ldp_node_pw(struct ldp_node *n, uint32_t peer, uint32_t type, uint32_t vc_id)
{
	struct addr a = addr_v4(peer);
	FIND(Ldp__Pw, LDP__PW__INIT, "ldp.Pw",
	    m.vc_id == vc_id && m.type == type && m.peer.len == 4 && memcmp(m.peer.data, a.bytes, 4) == 0);
}
const Ldp__Parameters *
ldp_node_parameters(struct ldp_node *n)
{
	FIND(Ldp__Parameters, LDP__PARAMETERS__INIT, "ldp.Parameters", true);
}

bool
ldp_net_is_settled(struct ldp_net *net)
{
	for (size_t i = 0; i < net->sim.link_count; i++) {
		struct sim_link *l = net->sim.links[i];
		if (!sim_link_passes(l))
			continue;
		for (int side = 0; side < 2; side++) {
			struct ldp_node *n = net->nodes[l->node[side]->index];
			if (!n->ldp)
				continue;
			const Ldp__Session *s = ldp_node_session(n, net->nodes[l->node[!side]->index]);
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
	struct sim_port *p = ldp_node_find_port(n, h->ifindex);

	if (!p || !p->link)
		return NULL;
	int other = !sim_link_side(p->link, &n->sim, p);
	if (!sim_link_carries(p->link, other))
		return NULL;
	struct sim_port *q = sim_port_find(p->link->node[other], p->link->ifindex[other]);
	return addr_eq(&q->address.addr, &h->via) || addr_eq(&q->link_local, &h->via)
		   ? n->net->nodes[p->link->node[other]->index]
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
		return addr_to_v4(&fec->addr) == n->lsr || prefix_eq(fec, &n->sim.ports[0].address6)
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
