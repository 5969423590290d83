/*
 * Interfaces by their names. Each has up to three: the kernel's, its alias and an alternative one; they are one whatever their case.
 * Of two interfaces that have a name in common the one that was seen first has it.
 */
#include "fibd/rib/model.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

uint32_t
port_name_hash(const char *name)
{
	char lower[PORT_NAME];
	size_t size = strnlen(name, sizeof lower);

	for (size_t i = 0; i < size; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return hash_bytes(lower, size, 0);
}

static const char *
name_of(const struct port *p, int which)
{
	return which == 0 ? p->link.name : which == 1 ? p->link.alias : p->link.altname;
}

void
port_names_add(struct rib *rib, struct port *p)
{
	for (int i = 0; i < PORT_NAMES; i++) {
		p->names[i].port = p;
		if (*name_of(p, i))
			hash_add(&rib->port_names, &p->names[i].by_name, port_name_hash(name_of(p, i)));
	}
}

/* With the names that it was added with. */
void
port_names_remove(struct rib *rib, struct port *p)
{
	for (int i = 0; i < PORT_NAMES; i++)
		if (p->names[i].port && *name_of(p, i))
			hash_remove(&rib->port_names, &p->names[i].by_name);
}

uint32_t
port_by_name(struct rib *rib, const char *name)
{
	const struct port *first = NULL;

	for (struct hash_node *n = hash_first(&rib->port_names, port_name_hash(name)); n; n = hash_next(n)) {
		const struct port *p = OBJECT(n, struct port_named, by_name)->port;
		if (port_has_name(p, name) && (!first || p->number < first->number))
			first = p;
	}
	return first ? first->link.ifindex : 0;
}

struct port *
port_by_device(struct rib *rib, const char *device)
{
	for (struct hash_node *n = hash_first(&rib->port_names, port_name_hash(device)); n; n = hash_next(n)) {
		struct port *p = OBJECT(n, struct port_named, by_name)->port;
		if (strcmp(p->link.name, device) == 0)
			return p;
	}
	return NULL;
}
