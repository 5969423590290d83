/* The daemons: which there are, which of them run, and asking one of them. */
#include "base/mem.h"
#include "bfdd/commands.h"
#include "bfdd/print.h"
#include "fibd/commands.h"
#include "fibd/print.h"
#include "igpd/commands.h"
#include "igpd/print.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/print.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/print.h"
#include "ldpd/commands.h"
#include "ldpd/print.h"
#include "penult/penult.h"
#include <errno.h>

#define WAIT (60 * USEC_PER_SEC)

static void
print_fib(const void *conf, struct conf_lines *out)
{
	fib_print(conf, out);
}

static void
print_ldp(const void *conf, struct conf_lines *out)
{
	ldp_print(conf, out);
}

static void
print_bfd(const void *conf, struct conf_lines *out)
{
	bfd_print(conf, out);
}

static void
print_igp(const void *conf, struct conf_lines *out)
{
	igp_print(conf, out);
}

static void
print_l2vpn(const void *conf, struct conf_lines *out)
{
	l2vpn_print(conf, out);
}

static void
print_l3vpn(const void *conf, struct conf_lines *out)
{
	l3vpn_print(conf, out);
}

const struct daemon_face daemons[DAEMONS] = { { "fibd", &fib_conf, print_fib }, { "ldpd", &ldp_conf, print_ldp },
	{ "bfdd", &bfd_conf, print_bfd }, { "igpd", &igp_conf, print_igp }, { "l2vpnd", &l2vpn_conf, print_l2vpn },
	{ "l3vpnd", &l3vpn_conf, print_l3vpn } };

int
group_open(struct group *g, const char *run_dir)
{
	char why[256];

	*g = (struct group){ .run_dir = run_dir };
	arena_init(&g->arena);
	for (size_t i = 0; i < DAEMONS; i++) {
		struct member *m = &g->members[i];
		m->face = &daemons[i];
		m->bus = bus_client_open(run_dir, m->face->name, why);
		m->away = !m->bus;
		if (!m->bus && errno != ECONNREFUSED)
			return complain("%s", why); /* it may well run, and would be left out */
		g->running += !m->away;
	}
	return OK;
}

void
group_close(struct group *g)
{
	for (size_t i = 0; i < DAEMONS; i++)
		bus_client_close(g->members[i].bus);
	arena_free(&g->arena);
}

int
member_ask(struct group *g, struct member *m, const char *verb, const void *bytes, size_t size, struct bus_answer *ret,
    char why[256])
{
	return bus_client_request(m->bus, verb, bytes, size, WAIT, &g->arena, ret, why);
}

int
member_again(struct group *g, struct member *m, char why[256])
{
	bus_client_close(m->bus);
	m->bus = bus_client_open(g->run_dir, m->face->name, why);
	return m->bus ? 0 : -errno;
}
