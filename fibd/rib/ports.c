/*
 * Interfaces: what the kernel has, what the configuration wants of them, and the direct routes that their
 * addresses make. A direct route is the kernel's own work; it is only shown and chosen here.
 */
#include "fibd/rib/circuits.h"
#include "fibd/rib/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RT_TABLE_MAIN_ID = 254 };
#define VERIFY_AFTER (100 * USEC_PER_MSEC)

struct port *
port_find(struct rib *rib, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&rib->ports, ifindex); n; n = hash_next(n)) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->link.ifindex == ifindex)
			return p;
	}
	return NULL;
}

static bool
is_up(const struct port *p)
{
	return p->link.admin_up && (p->link.carrier || p->link.loopback);
}

bool
port_is_up(struct rib *rib, uint32_t ifindex)
{
	const struct port *p = port_find(rib, ifindex);

	return p && is_up(p) && !p->held;
}

void
port_held(struct rib *rib, uint32_t ifindex)
{
	struct port *p = port_find(rib, ifindex);
	bool protocol, held = tracks_hold(rib, ifindex, &protocol);

	if (!p || (p->held == held && p->held_protocol == protocol))
		return;
	if (p->held != held) {
		rib->resolve_all = true;
		lfib_links_changed(rib, ifindex);
	}
	p->held = held;
	p->held_protocol = protocol;
	table_changed(&rib->interface_table, &p->row);
}

const char *
port_label(const struct port *p)
{
	return strcmp(p->link.name, "lo") == 0 ? "InLoopBack0"
	       : *p->link.alias                ? p->link.alias
	       : *p->link.altname              ? p->link.altname
					       : p->link.name;
}

bool
port_has_name(const struct port *p, const char *name)
{
	return strcasecmp(p->link.name, name) == 0 || (*p->link.alias && strcasecmp(p->link.alias, name) == 0) ||
	       (*p->link.altname && strcasecmp(p->link.altname, name) == 0);
}

struct rib_table *
table_get(struct rib *rib, uint32_t id)
{
	list_each (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		if (t->id == id)
			return t;
	}
	return table_new(rib, id);
}

struct rib_table *
table_new(struct rib *rib, uint32_t id)
{
	struct rib_table *t = NEW(struct rib_table);

	t->id = id;
	t->rib = rib;
	struct trie *tries[] = { &t->v4, &t->v6, &t->watched4, &t->watched6 };
	for (size_t i = 0; i < COUNT(tries); i++)
		trie_init(tries[i]);
	list_append(&rib->tables, &t->link);
	return t;
}

void
tables_free(struct rib *rib)
{
	list_each_safe (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		trie_free(&t->v4);
		trie_free(&t->v6);
		watches_free(t);
		free(t);
	}
	list_init(&rib->tables);
}

struct rib_table *
table_of_vrf(struct rib *rib, const char *vrf)
{
	hash_each (n, &rib->ports) {
		const struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->link.is_vrf && strcmp(p->link.name, vrf) == 0)
			return table_get(rib, p->link.vrf_table);
	}
	return NULL;
}

/* The table that an interface's routes are in. */
static uint32_t
table_of(struct rib *rib, const struct port *p)
{
	const struct port *master = p->link.master ? port_find(rib, p->link.master) : NULL;

	return master && master->link.is_vrf ? master->link.vrf_table : RT_TABLE_MAIN_ID;
}

static void
name_tables(struct rib *rib)
{
	hash_each (n, &rib->ports) {
		const struct port *p = OBJECT(n, struct port, by_ifindex);
		if (!p->link.is_vrf)
			continue;
		struct rib_table *t = table_get(rib, p->link.vrf_table);
		memcpy(t->vrf, p->link.name, sizeof t->vrf);
		policies_of_table(rib, t);
	}
}

/* --- what is seen --- */

static void
direct_all(struct rib *rib, struct port *p, bool gone)
{
	for (size_t i = 0; i < p->address_count; i++)
		routes_direct(rib, p->link.ifindex, p->table, &p->addresses[i].prefix, gone);
}

/* Its direct routes move to where they belong: nowhere while it is down. */
static void
place(struct rib *rib, struct port *p)
{
	const struct port *master = p->link.master ? port_find(rib, p->link.master) : NULL;
	bool in_vrf = master && master->link.is_vrf;
	uint32_t table = is_up(p) ? table_of(rib, p) : 0;

	p->vrf_ifindex = in_vrf ? p->link.master : 0;
	memcpy(p->vrf, in_vrf ? master->link.name : "", in_vrf ? sizeof p->vrf : 1);
	if (table == p->table)
		return;
	if (p->table)
		direct_all(rib, p, true);
	p->table = table;
	if (p->table)
		direct_all(rib, p, false);
}

/* A VRF came or went: its interfaces may have been known before. */
static void
place_slaves(struct rib *rib, uint32_t master)
{
	hash_each (n, &rib->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->link.master != master)
			continue;
		place(rib, p);
		table_changed(&rib->interface_table, &p->row);
	}
}

uint32_t
port_name_number(struct rib *rib, const char *name)
{
	for (size_t i = 0; i < rib->name_count; i++)
		if (strcasecmp(rib->names[i].text, name) == 0)
			return (uint32_t)i + 1;
	rib->names = mem_resize(rib->names, (rib->name_count + 1) * sizeof *rib->names);
	struct port_name *n = &rib->names[rib->name_count++];
	snprintf(n->text, sizeof n->text, "%s", name);
	n->ifindex = port_by_name(rib, name);
	return (uint32_t)rib->name_count;
}

static void
find_names(struct rib *rib)
{
	for (size_t i = 0; i < rib->name_count; i++) {
		uint32_t ifindex = port_by_name(rib, rib->names[i].text);
		if (rib->names[i].ifindex != ifindex)
			rib->resolve_all = true;
		rib->names[i].ifindex = ifindex;
	}
}

static void
changed(struct rib *rib, struct port *p)
{
	rib->ports_dirty = true;
	table_changed(&rib->interface_table, &p->row);
}

/* The kernel changes next hops and routes without a word now; what is thought of them is checked a moment later. */
static void
up_changed(struct rib *rib, const struct port *p)
{
	if (!is_up(p)) {
		nexthops_link_down(rib, p->link.ifindex);
		routes_link_down(rib, p->link.ifindex);
	}
	rib->resolve_all = true;
	lfib_links_changed(rib, p->link.ifindex);
	diff_retry_soon(rib);
	rib_resync(rib, rib->now + VERIFY_AFTER);
}

static void
link_gone(struct rib *rib, struct port *p)
{
	bool was_up = is_up(p), was_vrf = p->link.is_vrf;
	uint32_t ifindex = p->link.ifindex;

	p->link.admin_up = p->link.carrier = false;
	place(rib, p);
	if (was_up)
		up_changed(rib, p);
	table_gone(&rib->interface_table, &p->row);
	hash_remove(&rib->ports, &p->by_ifindex);
	port_names_remove(rib, p);
	circuits_link_changed(rib, p, true);
	free(p->addresses);
	free(p);
	if (was_vrf) {
		place_slaves(rib, ifindex);
		vrfs_changed(rib);
	}
	rib->ports_dirty = true;
	find_names(rib);
	for (size_t i = 0; i < rib->config.interface_count; i++)
		rib->config.interfaces[i].create_asked = rib->config.interfaces[i].sub_asked = false;
	for (size_t i = 0; i < rib->config.vrf_count; i++)
		rib->config.vrfs[i].create_asked = false;
}

static bool
link_same(const struct fib_link *a, const struct fib_link *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->alias, b->alias) == 0 &&
	       strcmp(a->altname, b->altname) == 0 && a->admin_up == b->admin_up && a->carrier == b->carrier &&
	       a->loopback == b->loopback && a->point_to_point == b->point_to_point && a->multicast == b->multicast &&
	       a->speed_mbps == b->speed_mbps && a->is_vrf == b->is_vrf && a->is_dummy == b->is_dummy &&
	       a->mtu == b->mtu && a->master == b->master && a->vrf_table == b->vrf_table &&
	       memcmp(a->mac, b->mac, sizeof a->mac) == 0 && a->mpls_input == b->mpls_input && a->vlan == b->vlan &&
	       a->promiscuous == b->promiscuous;
}

static void
link_seen(struct rib *rib, const struct fib_link *link)
{
	struct port *p = port_find(rib, link->ifindex);
	bool was_up = p && is_up(p);

	if (!p) {
		p = NEW(struct port);
		p->link.ifindex = link->ifindex;
		p->number = ++rib->ports_seen;
		hash_add(&rib->ports, &p->by_ifindex, link->ifindex);
		p->held = tracks_hold(rib, link->ifindex, &p->held_protocol);
	}
	p->seen = rib->dump;
	if (link_same(&p->link, link))
		return;
	if (link->admin_up != p->link.admin_up || link->master != p->link.master ||
	    link->mpls_input != p->link.mpls_input || link->mtu != p->link.mtu) {
		p->told = 0;
		p->trouble[0] = '\0';
	}
	bool vrf_changed = link->is_vrf != p->link.is_vrf || link->vrf_table != p->link.vrf_table ||
			   (link->is_vrf && strcmp(link->name, p->link.name) != 0);
	port_names_remove(rib, p);
	p->link = *link;
	port_names_add(rib, p);
	if (link->is_vrf)
		name_tables(rib);
	place(rib, p);
	if (vrf_changed) {
		place_slaves(rib, link->ifindex);
		vrfs_changed(rib);
	}
	if (was_up != is_up(p))
		up_changed(rib, p);
	circuits_link_changed(rib, p, false);
	find_names(rib);
	changed(rib, p);
}

static void
address_gone(struct rib *rib, struct port *p, size_t i)
{
	struct prefix gone = p->addresses[i].prefix;

	if (p->table)
		routes_direct(rib, p->link.ifindex, p->table, &gone, true);
	memmove(&p->addresses[i], &p->addresses[i + 1], (p->address_count - i - 1) * sizeof *p->addresses);
	p->address_count--;
	for (size_t k = 0; k < p->asked_count; k++)
		if (prefix_eq(&p->asked[k], &gone))
			p->asked[k--] = p->asked[--p->asked_count];
	changed(rib, p);
}

static void
address_new(struct rib *rib, struct port *p, const struct prefix *a, bool tentative)
{
	if (p->address_count == p->address_room) {
		p->address_room = p->address_room ? p->address_room * 2 : 4;
		p->addresses = mem_resize(p->addresses, p->address_room * sizeof *p->addresses);
	}
	p->addresses[p->address_count++] =
	    (struct port_address){ .prefix = *a, .seen = rib->dump, .tentative = tentative };
	if (p->table)
		routes_direct(rib, p->link.ifindex, p->table, a, false);
	diff_retry_soon(rib);
	changed(rib, p);
}

static bool among(const struct prefix *list, size_t count, const struct prefix *a);

static void
address_seen(struct rib *rib, const struct fib_address *a, bool gone)
{
	struct port *p = port_find(rib, a->ifindex);
	size_t i = 0;

	if (!p)
		return;
	while (i < p->address_count && !prefix_eq(&p->addresses[i].prefix, &a->prefix))
		i++;
	bool known = i < p->address_count;
	if (known)
		p->addresses[i].seen = rib->dump;
	if (gone && known)
		address_gone(rib, p, i);
	else if (!gone && !known)
		address_new(rib, p, &a->prefix, a->tentative);
	else if (!gone && p->addresses[i].tentative != a->tentative) {
		p->addresses[i].tentative = a->tentative;
		changed(rib, p);
	}
	if (!gone && a->ours && !among(p->asked, p->asked_count, &a->prefix) && p->asked_count < FIB_ADDRESSES_MAX) {
		p->asked[p->asked_count++] = a->prefix; /* put there before our restart */
		rib->ports_dirty = true;
	}
}

void
ports_seen(struct rib *rib, const struct fib_object *o, bool gone)
{
	if (o->kind == FIB_ADDRESS) {
		address_seen(rib, &o->address, gone);
		return;
	}
	struct port *p = port_find(rib, o->link.ifindex);
	if (!gone)
		link_seen(rib, &o->link);
	else if (p)
		link_gone(rib, p);
}

void
ports_swept(struct rib *rib)
{
	hash_each (n, &rib->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->seen != rib->dump) {
			link_gone(rib, p);
			continue;
		}
		for (size_t i = p->address_count; i-- > 0;)
			if (p->addresses[i].seen != rib->dump)
				address_gone(rib, p, i);
	}
}

/* --- what is wanted --- */

static struct fib_if_config *
config_of(struct rib *rib, const struct port *p)
{
	for (size_t i = 0; i < rib->config.interface_count; i++)
		if (port_has_name(p, rib->config.interfaces[i].name))
			return &rib->config.interfaces[i];
	return NULL;
}

static void
ask(struct rib *rib, enum fib_op_kind kind, const struct port *p, bool input)
{
	struct fib_op op = { .kind = kind, .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } };

	memcpy(op.object.link.name, p->link.name, sizeof p->link.name);
	op.object.link.mpls_input = input;
	diff_extra(rib, &op);
}

static void
ask_address(struct rib *rib, enum fib_op_kind kind, const struct port *p, const struct prefix *a)
{
	diff_extra(
	    rib, &(struct fib_op){ .kind = kind,
		     .object = { .kind = FIB_ADDRESS,
			 .address = {
			     .unique = p->link.loopback, .ifindex = p->link.ifindex, .prefix = *a, .ours = true } } });
}

static bool
among(const struct prefix *list, size_t count, const struct prefix *a)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_eq(&list[i], a))
			return true;
	return false;
}

static bool
has_address(const struct port *p, const struct prefix *a)
{
	for (size_t i = 0; i < p->address_count; i++)
		if (prefix_eq(&p->addresses[i].prefix, a))
			return true;
	return false;
}

static void
settle_addresses(struct rib *rib, struct port *p, const struct fib_if_config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->asked_count; i++) {
		if (among(c->addresses, c->address_count, &p->asked[i])) {
			p->asked[kept++] = p->asked[i];
		} else if (has_address(p, &p->asked[i])) {
			ask_address(rib, FIB_OP_DELETE, p, &p->asked[i]);
		}
	}
	p->asked_count = kept;
	for (size_t i = 0; i < c->address_count; i++) {
		bool asked = among(p->asked, p->asked_count, &c->addresses[i]);
		if (!asked && p->asked_count < FIB_ADDRESSES_MAX)
			p->asked[p->asked_count++] = c->addresses[i];
		if (!asked && !has_address(p, &c->addresses[i]))
			ask_address(rib, FIB_OP_ADD, p, &c->addresses[i]);
	}
}

bool
port_is_shut(struct rib *rib, const struct port *p)
{
	const struct fib_if_config *c = config_of(rib, p);

	return c && c->shutdown;
}

static bool
is_loopback_name(const char *name)
{
	return strncasecmp(name, "LoopBack", 8) == 0 && name[8] && strspn(name + 8, "0123456789") == strlen(name + 8) &&
	       strlen(name) < 16;
}

/* A loopback that we made and that nobody configures any more. What an operator made stays. */
static void
remove_loopback(struct rib *rib, struct port *p)
{
	if (!p->link.ours || !is_loopback_name(p->link.name) || p->told & TOLD_DELETE)
		return;
	p->told |= TOLD_DELETE;
	diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_LINK_DELETE,
			    .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } });
}

static void
settle_port(struct rib *rib, struct port *p)
{
	static const struct fib_if_config none = { .shutdown = false };
	const struct fib_if_config *c = config_of(rib, p);
	bool is_lo = strcmp(p->link.name, "lo") == 0;

	vrf_bind(rib, p, c ? c->vrf : "");
	settle_addresses(rib, p, c ? c : &none);
	if (p->wants_mpls != (c && c->mpls)) {
		p->wants_mpls = c && c->mpls;
		p->told &= ~(uint32_t)TOLD_INPUT;
		if (!p->wants_mpls && p->link.mpls_input)
			ask(rib, FIB_OP_MPLS_INPUT, p, false);
		table_changed(&rib->interface_table, &p->row);
	}
	if ((c || is_lo) && !(c && c->shutdown) && !p->link.admin_up && !(p->told & TOLD_UP) &&
	    !circuit_keeps_down(rib, p)) {
		p->told |= TOLD_UP;
		ask(rib, FIB_OP_LINK_UP, p, false);
	}
	uint32_t mtu = c && c->mtu ? c->mtu : p->mtu_before;
	if (mtu && mtu != p->link.mtu && !(p->told & TOLD_MTU)) {
		p->told |= TOLD_MTU;
		p->mtu_before = !c || !c->mtu ? 0 : p->mtu_before ? p->mtu_before : p->link.mtu;
		diff_extra(
		    rib, &(struct fib_op){ .kind = FIB_OP_LINK_MTU,
			     .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex, .mtu = mtu } } });
	}
	if (!c) {
		remove_loopback(rib, p);
		return;
	}
	if (c->shutdown && p->link.admin_up && !(p->told & TOLD_DOWN)) {
		p->told |= TOLD_DOWN;
		ask(rib, FIB_OP_LINK_DOWN, p, false);
	}
	if (c->mpls && rib->has_abilities && !rib->abilities.mpls && !*p->trouble) {
		snprintf(p->trouble, sizeof p->trouble, "mpls is configured, and this kernel has no MPLS routing");
		table_changed(&rib->interface_table, &p->row);
	}
	if (c->mpls && rib->abilities.mpls && !p->link.mpls_input && !(p->told & TOLD_INPUT)) {
		p->told |= TOLD_INPUT;
		ask(rib, FIB_OP_MPLS_INPUT, p, true);
	}
}

void
ports_settle(struct rib *rib)
{
	if (!rib->ports_dirty || !rib->has_config || !rib->dumped)
		return;
	rib->ports_dirty = false;
	vrfs_settle(rib);
	subinterfaces_settle(rib);
	hash_each (n, &rib->ports) {
		settle_port(rib, OBJECT(n, struct port, by_ifindex));
	}
	for (size_t i = 0; i < rib->config.interface_count; i++) {
		struct fib_if_config *c = &rib->config.interfaces[i];
		struct fib_op op = { .kind = FIB_OP_LINK_CREATE, .object = { .kind = FIB_LINK } };
		if (!is_loopback_name(c->name) || c->create_asked || port_by_name(rib, c->name))
			continue;
		c->create_asked = true;
		memcpy(op.object.link.name, c->name, sizeof op.object.link.name);
		diff_extra(rib, &op);
	}
}

bool
ports_are_set(struct rib *rib)
{
	if (rib->ports_dirty || !vrfs_are_set(rib))
		return false;
	for (size_t i = 0; i < rib->config.interface_count; i++) {
		const struct fib_if_config *c = &rib->config.interfaces[i];
		uint32_t ifindex = port_by_name(rib, c->name);
		const struct port *p = ifindex ? port_find(rib, ifindex) : NULL;
		if (!p && c->create_asked && !c->create_refused)
			return false;
		for (size_t k = 0; p && k < c->address_count; k++)
			if (among(p->asked, p->asked_count, &c->addresses[k]) && !has_address(p, &c->addresses[k]))
				return false;
	}
	return true;
}

static const char *
op_text(enum fib_op_kind kind)
{
	switch (kind) {
	case FIB_OP_ADD: return "an address cannot be set";
	case FIB_OP_DELETE: return "an address cannot be removed";
	case FIB_OP_LINK_UP: return "it cannot be brought up";
	case FIB_OP_LINK_DOWN: return "it cannot be taken down";
	case FIB_OP_LINK_CREATE: return "it cannot be created";
	case FIB_OP_LINK_DELETE: return "it cannot be removed";
	case FIB_OP_LINK_MASTER: return "it cannot be put into its VPN instance";
	case FIB_OP_LINK_MTU: return "its MTU cannot be set";
	case FIB_OP_LINK_PROMISCUOUS: return "it does not take frames for others";
	case FIB_OP_LINK_CARRIER: return "its carrier cannot be switched";
	case FIB_OP_MPLS_INPUT: return "MPLS cannot be switched";
	case FIB_OP_PLATFORM_LABELS: return "the size of the label table cannot be set";
	case FIB_OP_FORWARDING: return "forwarding cannot be switched on";
	case FIB_OP_RESYNC: return "the kernel's tables cannot be read";
	case FIB_OP_LINK_SUB: return "the subinterface cannot be made";
	case FIB_OP_LINK_ALIAS: return "it cannot be given its name";
	case FIB_OP_LINK_VCCV: return "the control channels of pseudowires have no interface";
	case FIB_OP_LINK_NO_IPV6: return "IPv6 cannot be switched off";
	}
	return "";
}

static void
platform_labels_set(struct rib *rib)
{
	rib->abilities.platform_labels = PLATFORM_LABELS;
	table_changed(&rib->kernel_table, &rib->kernel_row);
}

void
port_answer(struct rib *rib, const struct pending *op, int error, const char *text)
{
	struct port *p = op->id ? port_find(rib, op->id) : NULL;

	if (op->kind == FIB_OP_RESYNC && error)
		rib_resync(rib, rib->now + USEC_PER_SEC);
	if (op->kind == FIB_OP_PLATFORM_LABELS && !error)
		platform_labels_set(rib);
	if (op->kind == FIB_OP_LINK_VCCV)
		channel_answer(rib, error, text);
	if (!error)
		return;
	if (op->kind == FIB_OP_LINK_CARRIER) {
		if (p && p->circuit)
			circuit_carrier_refused(rib, p->circuit, p, text);
		return;
	}
	if (!p) {
		for (size_t i = 0; op->kind == FIB_OP_LINK_CREATE && i < rib->config.interface_count; i++)
			if (strcasecmp(rib->config.interfaces[i].name, op->name) == 0)
				rib->config.interfaces[i].create_refused = true;
		for (size_t i = 0; op->kind == FIB_OP_LINK_CREATE && i < rib->config.vrf_count; i++)
			if (strcmp(rib->config.vrfs[i].name, op->name) == 0)
				rib->config.vrfs[i].create_refused = true;
		rib_note(rib, 4, "%s%s%s: %s", op->name, *op->name ? ": " : "", op_text(op->kind), text);
		return;
	}
	if (op->kind == FIB_OP_ADD) { /* asked for again with the next change */
		for (size_t i = p->asked_count; i-- > 0;)
			if (!has_address(p, &p->asked[i]))
				p->asked[i] = p->asked[--p->asked_count];
	}
	snprintf(p->trouble, sizeof p->trouble, "%s: %s", op_text(op->kind), text);
	rib_note(rib, 4, "interface %s: %s", p->link.name, p->trouble);
	table_changed(&rib->interface_table, &p->row);
}

void
ports_free(struct rib *rib)
{
	hash_each (n, &rib->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		table_gone(&rib->interface_table, &p->row);
		free(p->addresses);
		free(p);
	}
	hash_free(&rib->ports);
	hash_free(&rib->port_names);
}
