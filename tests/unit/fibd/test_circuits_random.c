/* Circuits under anything that may happen to them, in any order: when all is quiet, frames go where they can go and nowhere else. */
#include "base/rng.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <stdio.h>
#include <string.h>

enum { CIRCUITS = 4, STEPS = 400, SEEDS = 30 };

static struct world *w;
static struct rng rng;
static struct model {                  /* what the test believes */
	bool lsp[2], dead[2], link[2]; /* of 2.2.2.2, 3.3.3.3 */
	struct {
		bool told, usable[2], bfd[2], last[2];
		uint32_t active, turn, channel[2], dropped;
	} circuits[CIRCUITS];
} m;
static const char *const names[CIRCUITS] = { "eth7", "eth8", "eth31", "eth32" };
static const uint32_t ports[CIRCUITS] = { 7, 8, 31, 32 };

static bool
chance(unsigned of)
{
	return rng_below(&rng, of) == 0;
}

/* --- what others say --- */

static void
say_lsps(void)
{
	world_pe_igp(w, 1);
	if (m.lsp[0])
		world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200", 1);
	else
		world_lsp_gone(w, "2.2.2.2/32");
	if (m.lsp[1])
		world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 300", 1);
	else
		world_lsp_gone(w, "3.3.3.3/32");
}

static void
say_sessions(void)
{
	world_session_at(w, "pe2", m.dead[0] ? BFD__VERDICT__DEAD : BFD__VERDICT__ALIVE, "2.2.2.2", 0, false, 1);
	world_session_at(w, "pe3", m.dead[1] ? BFD__VERDICT__DEAD : BFD__VERDICT__ALIVE, "3.3.3.3", 0, false, 1);
}

static void
say_circuit(int i)
{
	static const char *const words[] = { "", " cc1", " cc2", " cc3" };
	const uint32_t *channel = m.circuits[i].channel;
	char paths[256];
	uint32_t in = 524288 + 2 * (uint32_t)i;

	if (!m.circuits[i].told) {
		world_circuit_gone(w, names[i]);
		return;
	}
	snprintf(paths, sizeof paths, "2.2.2.2 %d %u %u cw%s%s%s%s, 3.3.3.3 %d %u %u%s%s%s%s", i, 600000u + (unsigned)i,
	    in, m.circuits[i].bfd[0] ? " bfd" : "", m.circuits[i].usable[0] ? "" : " off",
	    m.circuits[i].last[0] ? " last" : "", words[channel[0]], i, 610000u + (unsigned)i, in + 1,
	    m.circuits[i].bfd[1] ? " bfd" : "", m.circuits[i].usable[1] ? "" : " off",
	    m.circuits[i].last[1] ? " last" : "", words[channel[1]]);
	world_circuit(w,
	    &(struct world_circuit){ names[i], .paths = paths, .active = m.circuits[i].active,
		.turn = m.circuits[i].turn, .dropped = m.circuits[i].dropped },
	    1);
}

static void
restart(void)
{
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	if (chance(2))
		world_run(w);
	for (int i = 0; i < CIRCUITS; i++)
		say_circuit(i);
	if (chance(2))
		world_run(w);
	say_lsps();
	say_sessions();
	world_sessions_synced(w, 1);
	world_lsps_synced(w, 1);
}

/* --- what happens --- */

static void
change_circuit(int i)
{
	switch (rng_below(&rng, 9)) {
	case 8: m.circuits[i].last[rng_below(&rng, 2)] ^= true; break;
	case 0: m.circuits[i].told = !m.circuits[i].told; break;
	case 1:
		m.circuits[i].active = (uint32_t)rng_below(&rng, 2);
		m.circuits[i].turn++;
		break;
	case 7: m.circuits[i].dropped = (uint32_t)rng_below(&rng, 1 << FIB_GUARDS); break;
	case 2: m.circuits[i].bfd[rng_below(&rng, 2)] ^= true; break;
	case 3:
	case 4: m.circuits[i].channel[rng_below(&rng, 2)] = (uint32_t)rng_below(&rng, 4); break;
	default: m.circuits[i].usable[rng_below(&rng, 2)] ^= true; break;
	}
	say_circuit(i);
}

/* Somebody takes away what control channels need, or one of the two interfaces, or sets it down. */
static void
harm_channel(void)
{
	uint32_t ours = world_vccv(w);

	w->deaf = chance(3);
	switch (ours ? rng_below(&rng, 4) : 4) {
	case 0: world_vccv_remove(w); break;
	case 1: world_tc_remove(w, ours); break;
	case 2:
		if (world_link_of(w, ours - 1))
			world_unplug(w, ours - 1);
		break;
	case 3: world_admin(w, ours, false); break;
	default: break;
	}
	if (w->deaf) {
		w->deaf = false;
		world_overrun(w);
	}
}

static void
happen(void)
{
	uint32_t at = ports[rng_below(&rng, CIRCUITS)];

	switch (rng_below(&rng, 17)) {
	case 13:
	case 14: harm_channel(); break;
	case 12: {
		uint32_t link = (uint32_t)rng_below(&rng, 2);
		m.link[link] = !m.link[link];
		world_carrier(w, link + 1, m.link[link]);
		break;
	}
	case 0:
	case 1:
		m.lsp[rng_below(&rng, 2)] ^= true;
		say_lsps();
		break;
	case 2:
	case 3:
		m.dead[rng_below(&rng, 2)] ^= true;
		say_sessions();
		break;
	case 4: restart(); break;
	case 5:
		w->deaf = true; /* somebody removes filters, and nobody hears of it */
		world_tc_remove(w, chance(3) ? (uint32_t[]){ 1, 2, 99 }[rng_below(&rng, 3)] : at);
		w->deaf = false;
		world_overrun(w);
		break;
	case 6: world_tc_remove(w, at); break;
	case 7: world_station(w, 1, "10.0.1.2", (uint8_t)(2 + rng_below(&rng, 3))); break;
	case 8: w->tc->refuse = 12; break; /* ENOMEM */
	default: change_circuit((int)rng_below(&rng, CIRCUITS)); break;
	}
}

/* --- what must be --- */

static bool
is_ready(int i, int pe)
{
	return m.circuits[i].usable[pe] && m.lsp[pe] && m.link[pe] && !(m.circuits[i].bfd[pe] && m.dead[pe]);
}

static bool
is_last(int i, int pe)
{
	return m.circuits[i].last[pe] && m.lsp[pe] && m.link[pe];
}

static bool
has_channel(int i, int pe)
{
	return m.circuits[i].told && m.circuits[i].channel[pe] > (pe ? 1u : 0u); /* the second has no control word */
}

static void
check_channel(int i, int pe, bool stands, const char *way, const char *when)
{
	uint32_t label = 524288 + 2 * (uint32_t)i + (uint32_t)pe;
	bool has = has_channel(i, pe), leads = has && m.lsp[pe] && m.link[pe] && !(m.circuits[i].bfd[pe] && m.dead[pe]);
	const struct world_control alert = { .ifindex = 1, .label = label, .alert = true },
				   associated = { .ifindex = 2, .label = label, .associated = true };
	const char *said = world_said(w, label);
	char ours[16], customer[16];

	snprintf(ours, sizeof ours, "%u", world_vccv(w));
	snprintf(customer, sizeof customer, "%u", ports[i]);
	ck_assert_msg(stands == leads, "%s: %s, channel %d: %d", when, names[i], pe, stands);
	ck_assert_msg(leads ? strncmp(said, way, strlen(way)) == 0 : strcmp(said, "dropped") == 0,
	    "%s: %s, said by %d: %s", when, names[i], pe, said);
	ck_assert_str_eq(world_control(w, &alert), has ? ours : "not ours");
	ck_assert_str_eq(world_control(w, &associated), pe ? customer : has ? ours : "dropped");
}

static void
check(int i, const char *when)
{
	const char *frame = world_frame(w, ports[i]);
	const Fib__Circuit *r = world_circuit_row(w, names[i]);
	char want[2][24];
	uint32_t dropped = m.circuits[i].told ? m.circuits[i].dropped : 0;

	ck_assert_msg(world_guards(w, ports[i]) == dropped, "%s: %s drops others than %x", when, names[i], dropped);
	if (!m.circuits[i].told) {
		ck_assert_msg(strcmp(frame, "stack") == 0 && !r, "%s: %s of nobody: %s", when, names[i], frame);
		return;
	}
	ck_assert_ptr_nonnull(r);
	for (size_t g = 0; g < r->n_guards; g++)
		ck_assert_msg(r->guards[g]->stands, "%s: %s and %s", when, names[i], r->guards[g]->protocol);
	for (int pe = 0; pe < 2; pe++) {
		snprintf(want[pe], sizeof want[pe], "%d: %d/%u", pe + 1, pe ? 300 : 200,
		    (pe ? 610000u : 600000u) + (unsigned)i);
		ck_assert_msg(r->paths[pe]->receives, "%s: %s does not receive by %d", when, names[i], pe);
		ck_assert_msg(r->paths[pe]->sends == is_ready(i, pe), "%s: %s and path %d: %s", when, names[i], pe,
		    r->paths[pe]->trouble);
		check_channel(i, pe, r->paths[pe]->channel, want[pe], when);
	}
	bool by[2] = { strncmp(frame, want[0], strlen(want[0])) == 0, strncmp(frame, want[1], strlen(want[1])) == 0 };
	bool can = is_ready(i, 0) || is_ready(i, 1), last = is_last(i, 0) || is_last(i, 1);
	ck_assert_msg((by[0] && is_ready(i, 0)) || (by[1] && is_ready(i, 1)) || (!can && by[!is_last(i, 0)] && last) ||
			  (!can && !last && strcmp(frame, "dropped") == 0),
	    "%s: %s: %s", when, names[i], frame);
	ck_assert_msg(r->active == (by[0]      ? 0
				       : by[1] ? 1
					       : UINT32_MAX),
	    "%s: %s shows %u, and %s", when, names[i], r->active, frame);
	ck_assert_msg(r->turn == m.circuits[i].turn, "%s: %s", when, names[i]);
}

START_TEST(frames_go_where_they_can_whatever_happens)
{
	char when[64];

	rng_seed(&rng, (uint64_t)_i + 1);
	memset(&m, 0, sizeof m);
	m.lsp[0] = m.lsp[1] = m.link[0] = m.link[1] = true;
	w = world_pw();
	world_link(w, 31, "eth31", NULL);
	world_link(w, 32, "eth32", NULL);
	world_pw_start(w);
	say_sessions();
	for (int step = 0; step < STEPS; step++) {
		snprintf(when, sizeof when, "seed %d, step %d", _i + 1, step);
		do
			happen();
		while (chance(3));
		world_wait(w, 70 * USEC_PER_SEC); /* what was refused is tried again by then */
		bool any = false;
		for (int i = 0; i < CIRCUITS; i++) {
			check(i, when);
			any |= has_channel(i, 0) || has_channel(i, 1);
		}
		ck_assert_msg((world_vccv(w) != 0) == any, "%s: the pair of interfaces", when);
		ck_assert_msg(!w->tc->stray_gates, "%s: a gate was made that no filter has", when);
		ck_assert_msg(!rib_has_ops(w->rib), "%s", when);
	}
	world_free(w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd circuits, anything");
	TCase *t = tcase_create("anything");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, frames_go_where_they_can_whatever_happens, 0, SEEDS);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
