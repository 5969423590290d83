/*
 * Tunnel policies: which tunnels pseudowires and routes of VPN instances may take, and how many share the load.
 *
 * This host's tunnels are LSPs of LDP. A policy that names other kinds alone, or binds a destination to a TE tunnel, leads
 * nowhere; one that is named and was never defined does so too, for nobody can know what it would permit.
 *
 * Who names one is resolved through it each time (resolve.c), so another configuration is in force when everything is resolved
 * again. Numbers of policies stay for good, as rows name them before they are configured.
 */
#include "fibd/rib/circuits.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[FIB_TUNNEL_KINDS] = { "lsp", "cr-lsp", "gre" };

uint32_t
policy_number(struct rib *rib, const char *name)
{
	if (!*name)
		return 0;
	for (size_t i = 0; i < rib->policy_count; i++)
		if (strncmp(rib->policies[i]->name, name, FIB_POLICY_NAME - 1) == 0)
			return (uint32_t)i + 1;
	struct policy *p = NEW(struct policy);
	p->rib = rib;
	snprintf(p->name, sizeof p->name, "%s", name);
	rib->policies = mem_resize(rib->policies, (rib->policy_count + 1) * sizeof(struct policy *));
	rib->policies[rib->policy_count++] = p;
	return (uint32_t)rib->policy_count;
}

static bool
names_it(const struct fib_vrf_config *v, int v6, const struct policy *p)
{
	return strcmp(v->policy[v6], p->name) == 0;
}

/* It is in its table while somebody means it. */
static void
show(struct policy *p)
{
	const struct fib_config *c = &p->rib->config;
	bool shown = p->wires || fib_config_policy(c, p->name);

	for (size_t i = 0; !shown && i < c->vrf_count; i++)
		shown = names_it(&c->vrfs[i], 0, p) || names_it(&c->vrfs[i], 1, p);
	if (shown)
		table_changed(&p->rib->policy_table, &p->row);
	else
		table_gone(&p->rib->policy_table, &p->row);
}

void
policy_counts(struct rib *rib, uint32_t number, int wires)
{
	if (!number)
		return;
	rib->policies[number - 1]->wires += (uint32_t)wires;
	show(rib->policies[number - 1]);
}

/* What the instance of this table says for each family. */
void
policies_of_table(struct rib *rib, struct rib_table *t)
{
	const struct fib_vrf_config *v = *t->vrf ? fib_config_vrf(&rib->config, t->vrf) : NULL;

	for (int v6 = 0; v6 < 2; v6++)
		t->policy[v6] = v ? policy_number(rib, v->policy[v6]) : 0;
}

void
policies_configured(struct rib *rib)
{
	const struct fib_config *c = &rib->config;

	for (size_t i = 0; i < c->policy_count; i++)
		policy_number(rib, c->policies[i].name);
	list_each (l, &rib->tables) {
		policies_of_table(rib, OBJECT(l, struct rib_table, link));
	}
	for (size_t i = 0; i < rib->policy_count; i++)
		show(rib->policies[i]);
	if (rib->policy_count)
		circuits_all_dirty(rib); /* reasons may be others */
}

/* --- what it permits --- */

/* Nothing that this host has. */
static bool
has_other_kinds_only(const struct fib_policy_config *c)
{
	bool others = false;

	for (int k = FIB_TUNNEL_LSP + 1; k < FIB_TUNNEL_KINDS; k++)
		others |= c->kinds[k];
	return others && !c->kinds[FIB_TUNNEL_LSP];
}

static void
say_kinds(const struct fib_policy_config *c, char trouble[POLICY_TROUBLE])
{
	if (c->kinds[FIB_TUNNEL_CR_LSP] && c->kinds[FIB_TUNNEL_GRE])
		snprintf(trouble, POLICY_TROUBLE, "tunnel policy `%s` takes cr-lsp and gre only, and there are none",
		    c->name);
	else
		snprintf(trouble, POLICY_TROUBLE, "tunnel policy `%s` takes %s only, and there is none", c->name,
		    kind_names[c->kinds[FIB_TUNNEL_CR_LSP] ? FIB_TUNNEL_CR_LSP : FIB_TUNNEL_GRE]);
}

static const struct fib_binding *
binding_of(const struct fib_policy_config *c, const struct addr *to)
{
	for (size_t i = 0; i < c->binding_count; i++)
		if (addr_eq(&c->bindings[i].destination, to))
			return &c->bindings[i];
	return NULL;
}

uint16_t
policy_permits(const struct rib *rib, uint32_t number, const struct addr *to, char trouble[POLICY_TROUBLE])
{
	const struct policy *p = number ? rib->policies[number - 1] : NULL;
	const struct fib_policy_config *c = p ? fib_config_policy(&rib->config, p->name) : NULL;
	char addr[ADDR_TEXT];

	*trouble = '\0';
	if (!p)
		return FIB_PATHS_MAX;
	const struct fib_binding *b = c ? binding_of(c, to) : NULL;
	if (!c)
		snprintf(trouble, POLICY_TROUBLE, "there is no tunnel policy `%s`", p->name);
	else if (b && !b->down_switch)
		snprintf(trouble, POLICY_TROUBLE, "tunnel policy `%s` binds %s to a TE tunnel, and there is none",
		    c->name, addr_text(to, addr));
	else if (has_other_kinds_only(c))
		say_kinds(c, trouble);
	else
		return c->balance && c->balance < FIB_PATHS_MAX ? c->balance : FIB_PATHS_MAX;
	return 0;
}

/* --- rows --- */

static void
fill_bindings(Fib__TunnelPolicy *m, const struct fib_policy_config *c, struct arena *arena)
{
	m->bindings = arena_take(arena, (c->binding_count + 1) * sizeof *m->bindings);
	for (; m->n_bindings < c->binding_count; m->n_bindings++) {
		const struct fib_binding *b = &c->bindings[m->n_bindings];
		Fib__TunnelBinding *to = arena_take(arena, sizeof *to);
		fib__tunnel_binding__init(to);
		to->destination = fill_addr(&b->destination, arena);
		to->tunnel = fill_text(b->tunnel);
		to->down_switch = b->down_switch;
		m->bindings[m->n_bindings] = to;
	}
}

static void
fill_instances(Fib__TunnelPolicy *m, const struct policy *p, struct arena *arena)
{
	const struct fib_config *c = &p->rib->config;
	char text[FIB_VRF_NAME + 8];

	m->instances = arena_take(arena, (2 * c->vrf_count + 1) * sizeof *m->instances);
	for (size_t i = 0; i < c->vrf_count; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			if (!names_it(&c->vrfs[i], v6, p))
				continue;
			snprintf(text, sizeof text, "%s (IPv%d)", c->vrfs[i].name, v6 ? 6 : 4);
			m->instances[m->n_instances++] = arena_text(arena, text);
		}
}

void
fill_policy(const struct row *row, void *message, struct arena *arena)
{
	const struct policy *p = CONST_OBJECT(row, struct policy, row);
	const struct fib_policy_config *c = fib_config_policy(&p->rib->config, p->name);
	const struct addr nowhere = addr_none();
	Fib__TunnelPolicy *m = message;
	char trouble[POLICY_TROUBLE];

	m->name = fill_text(p->name);
	m->pseudowires = p->wires;
	fill_instances(m, p, arena);
	policy_permits(p->rib, policy_number(p->rib, p->name), &nowhere, trouble);
	m->trouble = arena_text(arena, trouble);
	if (!c)
		return;
	m->defined = true;
	m->description = fill_text(c->description);
	m->balance = c->balance;
	m->kinds = arena_take(arena, FIB_TUNNEL_KINDS * sizeof *m->kinds);
	for (int k = 0; k < FIB_TUNNEL_KINDS; k++)
		if (c->kinds[k])
			m->kinds[m->n_kinds++] = fill_text(kind_names[k]);
	fill_bindings(m, c, arena);
}

void
policies_free(struct rib *rib)
{
	for (size_t i = 0; i < rib->policy_count; i++) {
		table_gone(&rib->policy_table, &rib->policies[i]->row);
		free(rib->policies[i]);
	}
	free(rib->policies);
}
