/* The configuration: containers and defaults. */
#include "bfdd/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
bfd_config_free(struct bfd_config *c)
{
	free(c->sessions);
	*c = (struct bfd_config){ 0 };
}

void
bfd_config_copy(struct bfd_config *into, const struct bfd_config *from)
{
	size_t size = from->session_count * sizeof *from->sessions;

	bfd_config_free(into);
	*into = *from;
	into->sessions = size ? mem_copy(from->sessions, size) : NULL;
	into->session_room = from->session_count;
}

struct bfd_session_config *
bfd_config_session(struct bfd_config *c, const char *name)
{
	for (size_t i = 0; i < c->session_count; i++)
		if (strcmp(c->sessions[i].name, name) == 0)
			return &c->sessions[i];
	return NULL;
}

struct bfd_session_config *
bfd_config_session_add(struct bfd_config *c, const char *name)
{
	if (c->session_count == c->session_room) {
		c->session_room = c->session_room ? c->session_room * 2 : 16;
		c->sessions = mem_resize(c->sessions, c->session_room * sizeof *c->sessions);
	}
	struct bfd_session_config *s = &c->sessions[c->session_count++];
	*s = (struct bfd_session_config){ .min_tx_ms = BFD_MIN_TX_MS,
		.min_rx_ms = BFD_MIN_RX_MS,
		.multiplier = BFD_MULTIPLIER,
		.tos_exp = BFD_TOS_EXP,
		.min_ttl = BFD_MIN_TTL };
	size_t n = strnlen(name, sizeof s->name - 1);
	memcpy(s->name, name, n);
	return s;
}

void
bfd_config_session_remove(struct bfd_config *c, const char *name)
{
	struct bfd_session_config *s = bfd_config_session(c, name);

	if (!s)
		return;
	size_t at = (size_t)(s - c->sessions);
	memmove(s, s + 1, (c->session_count - at - 1) * sizeof *s);
	c->session_count--;
}
