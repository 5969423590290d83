/* The configuration's containers. */
#include "fibd/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

static void
copy_name(char out[64], const char *name)
{
	size_t n = strnlen(name, 63);

	memcpy(out, name, n);
	out[n] = '\0';
}

void
fib_config_free(struct fib_config *c)
{
	if (!c)
		return;
	free(c->vrfs);
	for (size_t i = 0; i < c->policy_count; i++)
		free(c->policies[i].bindings);
	free(c->policies);
	free(c->interfaces);
	free(c->statics);
	for (size_t i = 0; i < c->via_count; i++)
		free(c->vias[i]);
	free(c->vias);
	hash_free(&c->vias_by_content);
	free(c->names);
	for (size_t i = 0; i < c->note_count; i++)
		free(c->notes[i]);
	free(c->notes);
	hash_free(&c->notes_by_text);
	*c = (struct fib_config){ 0 };
}

struct fib_vrf_config *
fib_config_vrf(const struct fib_config *c, const char *name)
{
	for (size_t i = 0; i < c->vrf_count; i++)
		if (strcmp(c->vrfs[i].name, name) == 0)
			return &c->vrfs[i];
	return NULL;
}

struct fib_vrf_config *
fib_config_vrf_add(struct fib_config *c, const char *name)
{
	c->vrfs = mem_resize(c->vrfs, (c->vrf_count + 1) * sizeof *c->vrfs);
	struct fib_vrf_config *v = &c->vrfs[c->vrf_count++];
	*v = (struct fib_vrf_config){ 0 };
	memcpy(v->name, name, strnlen(name, sizeof v->name - 1));
	return v;
}

struct fib_policy_config *
fib_config_policy(const struct fib_config *c, const char *name)
{
	for (size_t i = 0; i < c->policy_count; i++)
		if (strcmp(c->policies[i].name, name) == 0)
			return &c->policies[i];
	return NULL;
}

struct fib_policy_config *
fib_config_policy_add(struct fib_config *c, const char *name)
{
	struct fib_policy_config *p = fib_config_policy(c, name);

	if (p)
		return p;
	c->policies = mem_resize(c->policies, (c->policy_count + 1) * sizeof *c->policies);
	p = &c->policies[c->policy_count++];
	*p = (struct fib_policy_config){ 0 };
	memcpy(p->name, name, strnlen(name, sizeof p->name - 1));
	return p;
}

void
fib_config_policy_remove(struct fib_config *c, const char *name)
{
	struct fib_policy_config *p = fib_config_policy(c, name);

	if (!p)
		return;
	free(p->bindings);
	memmove(p, p + 1, (size_t)(&c->policies[--c->policy_count] - p) * sizeof *p);
}

struct fib_if_config *
fib_config_interface(struct fib_config *c, const char *name)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (strcasecmp(c->interfaces[i].name, name) == 0)
			return &c->interfaces[i];
	c->interfaces = mem_resize(c->interfaces, (c->interface_count + 1) * sizeof *c->interfaces);
	struct fib_if_config *i = &c->interfaces[c->interface_count++];
	*i = (struct fib_if_config){ 0 };
	copy_name(i->name, name);
	return i;
}

uint32_t
fib_config_name(struct fib_config *c, const char *ifname)
{
	for (size_t i = 0; i < c->name_count; i++)
		if (strcasecmp(c->names[i], ifname) == 0)
			return (uint32_t)i + 1;
	c->names = mem_resize(c->names, (c->name_count + 1) * sizeof *c->names);
	copy_name(c->names[c->name_count++], ifname);
	return (uint32_t)c->name_count;
}

uint32_t
fib_config_note(struct fib_config *c, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t hash = hash_bytes(text, size, 0);

	for (struct hash_node *n = hash_first(&c->notes_by_text, hash); n; n = hash_next(n)) {
		struct fib_note *note = OBJECT(n, struct fib_note, by_text);
		if (strcmp(note->text, text) == 0)
			return note->number;
	}
	if (c->note_count == c->note_room) {
		c->note_room = c->note_room ? c->note_room * 2 : 16;
		c->notes = mem_resize(c->notes, c->note_room * sizeof *c->notes);
	}
	struct fib_note *note = mem_zalloc(sizeof *note + size);
	memcpy(note->text, text, size);
	c->notes[c->note_count++] = note;
	note->number = (uint32_t)c->note_count;
	hash_add(&c->notes_by_text, &note->by_text, hash);
	return note->number;
}

static uint32_t
via_number(struct fib_config *c, const struct fib_via_key *key)
{
	uint32_t hash = hash_bytes(key, sizeof *key, 0);

	for (struct hash_node *n = hash_first(&c->vias_by_content, hash); n; n = hash_next(n)) {
		struct fib_via *v = OBJECT(n, struct fib_via, by_content);
		if (memcmp(&v->v, key, sizeof *key) == 0)
			return v->number;
	}
	if (c->via_count == c->via_room) {
		c->via_room = c->via_room ? c->via_room * 2 : 16;
		c->vias = mem_resize(c->vias, c->via_room * sizeof(struct fib_via *));
	}
	struct fib_via *v = mem_zalloc(sizeof *v);
	v->v = *key;
	v->number = (uint32_t)c->via_count;
	c->vias[c->via_count++] = v;
	hash_add(&c->vias_by_content, &v->by_content, hash);
	return v->number;
}

void
fib_config_static(struct fib_config *c, const struct prefix *prefix, const struct fib_via_key *key)
{
	if (c->static_count == c->static_room) {
		c->static_room = c->static_room ? c->static_room * 2 : 16;
		c->statics = mem_resize(c->statics, c->static_room * sizeof *c->statics);
	}
	c->statics[c->static_count++] = (struct fib_static){ .prefix = *prefix, .via = via_number(c, key) };
}
