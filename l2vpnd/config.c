/* The configuration of l2vpnd as a value: made, copied, found, freed; and what it means for one pseudowire. */
#include "l2vpnd/config.h"
#include "base/hash.h"
#include "base/mem.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PLACES_LEAST = 16 };

void
l2vpn_config_free(struct l2vpn_config *c)
{
	free(c->circuits);
	free(c->circuit_places);
	free(c->templates);
	free(c->policies);
	free(c->cccs);
	*c = (struct l2vpn_config){ 0 };
}

/* For so many circuits, at the least. */
static size_t
room(const struct l2vpn_config *c)
{
	return c->circuit_place_count / 2;
}

static void *
copy_of(const void *list, size_t count, size_t size)
{
	return count ? mem_copy(list, count * size) : NULL;
}

void
l2vpn_config_copy(struct l2vpn_config *to, const struct l2vpn_config *from)
{
	l2vpn_config_free(to);
	*to = *from;
	to->circuits = mem_zalloc((room(from) + 1) * sizeof *to->circuits);
	if (from->circuit_count)
		memcpy(to->circuits, from->circuits, from->circuit_count * sizeof *to->circuits);
	to->circuit_places = copy_of(from->circuit_places, from->circuit_place_count, sizeof *from->circuit_places);
	to->templates = copy_of(from->templates, from->template_count, sizeof *from->templates);
	to->policies = copy_of(from->policies, from->policy_count, sizeof *from->policies);
	to->cccs = copy_of(from->cccs, from->ccc_count, sizeof *from->cccs);
}

static void
put_name(char *out, size_t room, const char *name)
{
	size_t n = strnlen(name, room - 1);

	memcpy(out, name, n);
	out[n] = '\0';
}

/* --- circuits: there may be thousands, so they are found by a table of their places --- */

static size_t
place_of(const struct l2vpn_config *c, const char *name)
{
	char lower[L2VPN_IF];
	size_t size = strnlen(name, sizeof lower);

	for (size_t i = 0; i < size; i++)
		lower[i] = (char)tolower((unsigned char)name[i]); /* they are one whatever their case */
	size_t at = hash_bytes(lower, size, 0) & (c->circuit_place_count - 1);
	while (c->circuit_places[at] && strcasecmp(c->circuits[c->circuit_places[at] - 1].name, name) != 0)
		at = (at + 1) & (c->circuit_place_count - 1);
	return at;
}

/* Anew, with room for one more. */
static void
place_all(struct l2vpn_config *c)
{
	size_t count = PLACES_LEAST;

	while (count < 2 * (c->circuit_count + 1))
		count *= 2;
	free(c->circuit_places);
	c->circuit_places = mem_zalloc(count * sizeof *c->circuit_places);
	c->circuit_place_count = count;
	c->circuits = mem_resize(c->circuits, room(c) * sizeof *c->circuits);
	for (size_t i = 0; i < c->circuit_count; i++)
		c->circuit_places[place_of(c, c->circuits[i].name)] = (uint32_t)i + 1;
}

const struct l2vpn_circuit_config *
l2vpn_config_find(const struct l2vpn_config *c, const char *name)
{
	uint32_t place = c->circuit_place_count ? c->circuit_places[place_of(c, name)] : 0;

	return place ? &c->circuits[place - 1] : NULL;
}

struct l2vpn_circuit_config *
l2vpn_config_circuit(struct l2vpn_config *c, const char *name)
{
	uint32_t place = c->circuit_place_count ? c->circuit_places[place_of(c, name)] : 0;

	if (place)
		return &c->circuits[place - 1];
	if (!c->circuits || c->circuit_count + 1 > room(c))
		place_all(c);
	struct l2vpn_circuit_config *new = &c->circuits[c->circuit_count];
	*new = (struct l2vpn_circuit_config){ 0 };
	put_name(new->name, sizeof new->name, name);
	c->circuit_places[place_of(c, new->name)] = (uint32_t)++c->circuit_count;
	return new;
}

void
l2vpn_config_remove(struct l2vpn_config *c, const char *name)
{
	const struct l2vpn_circuit_config *known = l2vpn_config_find(c, name);

	if (!known)
		return;
	size_t i = (size_t)(known - c->circuits);
	memmove(&c->circuits[i], &c->circuits[i + 1], (c->circuit_count - i - 1) * sizeof *c->circuits);
	c->circuit_count--;
	place_all(c);
}

/* --- what there are few of --- */

/* One kind of thing with a name, in an array: found, made, removed. */
#define NOUN(type, list, count, found, made, gone)                                                           \
	const struct type *found(const struct l2vpn_config *c, const char *name)                             \
	{                                                                                                    \
		for (size_t i = 0; i < c->count; i++)                                                        \
			if (strcmp(c->list[i].name, name) == 0)                                              \
				return &c->list[i];                                                          \
		return NULL;                                                                                 \
	}                                                                                                    \
	struct type *made(struct l2vpn_config *c, const char *name)                                          \
	{                                                                                                    \
		for (size_t i = 0; i < c->count; i++)                                                        \
			if (strcmp(c->list[i].name, name) == 0)                                              \
				return &c->list[i];                                                          \
		c->list = mem_resize(c->list, (c->count + 1) * sizeof *c->list);                             \
		c->list[c->count] = (struct type){ 0 };                                                      \
		put_name(c->list[c->count].name, sizeof c->list[c->count].name, name);                       \
		return &c->list[c->count++];                                                                 \
	}                                                                                                    \
	void gone(struct l2vpn_config *c, const char *name)                                                  \
	{                                                                                                    \
		for (size_t i = 0; i < c->count; i++)                                                        \
			if (strcmp(c->list[i].name, name) == 0) {                                            \
				memmove(&c->list[i], &c->list[i + 1], (c->count - i - 1) * sizeof *c->list); \
				c->count--;                                                                  \
				return;                                                                      \
			}                                                                                    \
	}
NOUN(l2vpn_template, templates, template_count, l2vpn_config_find_template, l2vpn_config_template,
    l2vpn_config_remove_template)
NOUN(l2vpn_policy, policies, policy_count, l2vpn_config_find_policy, l2vpn_config_policy, l2vpn_config_remove_policy)
#undef NOUN

void
l2vpn_config_remove_ccc(struct l2vpn_config *c, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->ccc_count; i++)
		if (strcmp(c->cccs[i].name, name) != 0)
			c->cccs[kept++] = c->cccs[i];
	c->ccc_count = kept;
}

void
l2vpn_config_ccc(struct l2vpn_config *c, const struct l2vpn_ccc *new)
{
	for (size_t i = 0; i < c->ccc_count; i++)
		if (strcmp(c->cccs[i].name, new->name) == 0) {
			c->cccs[i] = *new;
			return;
		}
	c->cccs = mem_resize(c->cccs, (c->ccc_count + 1) * sizeof *c->cccs);
	c->cccs[c->ccc_count++] = *new;
}

bool
l2vpn_is_subinterface(const char *interface)
{
	const char *slash = strrchr(interface, '/');

	return slash && strchr(slash, '.');
}

enum l2vpn_link
l2vpn_usual_link(const char *interface)
{
	return strncasecmp(interface, "Serial", 6) == 0 || strncasecmp(interface, "Pos", 3) == 0 ? L2VPN_LINK_PPP
												 : L2VPN_ETHERNET;
}

/* Of a port every frame goes into the pseudowire as it is; of a subinterface its tag goes along, unless it is an access port. */
static uint8_t
type_of(const struct l2vpn_circuit_config *c, const struct l2vpn_pw_config *p)
{
	if (c->link != L2VPN_ETHERNET)
		return c->link == L2VPN_LINK_PPP ? L2VPN_PPP : L2VPN_HDLC;
	if (p->type)
		return p->type;
	return c->vlan && !p->access_port ? L2VPN_TAGGED : L2VPN_RAW;
}

struct l2vpn_settings
l2vpn_settings(const struct l2vpn_config *c, const struct l2vpn_circuit_config *circuit, enum l2vpn_role role)
{
	const struct l2vpn_pw_config *p = &circuit->pw[role];
	const struct l2vpn_template *t = *p->template ? l2vpn_config_find_template(c, p->template) : NULL;
	struct l2vpn_settings s = { .peer = p->peer,
		.vc_id = p->vc_id,
		.type = type_of(circuit, p),
		.control_word =
		    p->control_word == L2VPN_YES || (p->control_word == L2VPN_UNSAID && t && t->control_word),
		.ignore_standby = p->ignore_standby,
		.vccv = !circuit->no_vccv && !(t && t->no_vccv) };
	const char *policy = *p->policy ? p->policy : t ? t->policy : "";

	if (circuit->bfd.on || t)
		s.bfd = circuit->bfd.on ? circuit->bfd : t->bfd;
	if (circuit->vccv_bfd.on || t)
		s.vccv_bfd = circuit->vccv_bfd.on ? circuit->vccv_bfd : t->vccv_bfd;
	if (!addr_is_set(&s.peer) && t)
		s.peer = t->peer;
	if (circuit->link == L2VPN_ETHERNET && t)
		s.mtu = t->mtu;
	if (s.type == L2VPN_TAGGED)
		s.vlan = circuit->vlan;
	put_name(s.policy, sizeof s.policy, policy);
	put_name(s.template, sizeof s.template, p->template);
	return s;
}

/* --- names --- */

const char *
l2vpn_role_name(enum l2vpn_role r)
{
	static const char *const names[L2VPN_ROLES] = { "primary", "secondary", "bypass" };

	return names[r];
}

const char *
l2vpn_mode_name(enum l2vpn_mode m)
{
	static const char *const names[L2VPN_MODES] = { "frr", "master", "slave", "independent" };

	return names[m];
}

const char *
l2vpn_protocol_name(enum l2vpn_protocol p)
{
	static const char *const names[L2VPN_PROTOCOLS] = { "cdp", "dot1x", "lacp", "lldp", "stp" };

	return names[p];
}

const char *
l2vpn_type_name(uint32_t type)
{
	switch (type) {
	case L2VPN_TAGGED: return "vlan";
	case L2VPN_RAW: return "ethernet";
	case L2VPN_HDLC: return "hdlc";
	case L2VPN_PPP: return "ppp";
	default: return "unknown";
	}
}
