/* The decision, RFC 4271 9.1.2: at each step who is better there wins, though it is worse in everything that comes later. */
#include "l3vpnd/bgp/as_path.h"
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)

enum step {
	STEP_OWN, /* as if it had the highest preferred value */
	STEP_PREFERRED,
	STEP_STALE,
	STEP_LOCAL_PREF,
	STEP_LENGTH,
	STEP_ORIGIN,
	STEP_MED,
	STEP_EXTERNAL,
	STEP_METRIC,
	STEP_IDENTIFIER,
	STEP_CLUSTERS,
	STEP_ADDRESS,
	STEPS
};
static const char *const names[STEPS] = { "own", "preferred value", "stale mark", "local preference", "AS path",
	"origin", "MED", "external", "metric", "identifier", "cluster list", "address" };

enum { AS = 100 };
static struct bgp *b;
static struct bgp_peer_config peers[2];
static struct bgp_instance_config public;
static struct bgp_config config;
static struct prefix prefix;

static void
setup(void)
{
	b = bgp_new(1, false);
	ck_assert(prefix_parse("10.1.0.0/16", &prefix));
	memset(peers, 0, sizeof peers);
	public = (struct bgp_instance_config){ .peers = peers, .peer_count = 2 };
	config = (struct bgp_config){ .as = AS, .router_id = 1, .instances = &public, .instance_count = 1 };
}

static void
teardown(void)
{
	bgp_free(b);
}

static struct instance *
instance(void)
{
	return instance_find(b, "");
}

/* Two peers, 10.0.0.1 and 10.0.0.2. */
static void
configure(bool internal0, bool internal1)
{
	for (uint32_t i = 0; i < 2; i++)
		peers[i] = (struct bgp_peer_config){ .address = addr_v4(0x0a000001 + i),
			.as = (i ? internal1 : internal0) ? AS : 200,
			.ignored = true };
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &config }, 0);
}

struct offer {
	uint16_t preferred;
	bool stale, own, no_med;
	uint32_t local_pref, med, metric, id, originator, first_as;
	uint8_t hops, origin, clusters;
};
/* What is good, and what is worse in everything. */
static const struct offer good = {
	.preferred = 9, .own = true, .local_pref = 200, .med = 1, .metric = 1, .id = 1, .hops = 1
};
static const struct offer bad = { .stale = true,
	.local_pref = 100,
	.med = 2,
	.metric = 2,
	.id = 2,
	.hops = 2,
	.origin = ORIGIN_INCOMPLETE,
	.clusters = 3 };

static void
offer(unsigned who, const struct offer *o)
{
	uint8_t path[64], clusters[64], community[4] = { 0xff, 0xff, 0, 6 };
	struct wire_writer p = wire_writer(path, sizeof path), c = wire_writer(clusters, sizeof clusters);
	const struct addr hop = addr_v4(0x14000001 + who);
	struct peer *peer = o->own ? NULL : bgp_peer_find(instance(), &peers[who].address);

	wire_put_u8(&p, AS_SEQUENCE);
	wire_put_u8(&p, o->hops);
	for (unsigned i = 0; i < o->hops; i++)
		wire_put_u32(&p, o->first_as ? o->first_as : 300);
	for (unsigned i = 0; i < o->clusters; i++)
		wire_put_u32(&c, 7);
	const struct attr_set *a = attr_of_own(
	    &b->attrs, o->origin, o->own ? &(struct addr){ 0 } : &hop, o->med, !o->no_med, wire_reader(NULL, 0));
	const struct attr_set *with = attr_changed(&b->attrs, a,
	    &(struct attr_change){ .as_path_set = true,
		.as_path = wire_reader(path, p.at),
		.clusters_set = true,
		.clusters = wire_reader(clusters, c.at),
		.communities_set = o->stale,
		.communities = wire_reader(community, 4),
		.local_pref_set = true,
		.local_pref = o->local_pref,
		.originator_set = o->originator,
		.originator = o->originator,
		.preferred_set = true,
		.preferred = o->preferred });
	attr_drop(&b->attrs, a);
	if (peer)
		peer->id = o->id;
	struct bgp_next_hop reach = { .address = hop, .reachable = true, .metric = o->metric };
	next_hop_told(instance(), &reach, false);
	path_put(dest_get(rib_get(instance(), BGP_IPV4), 0, &prefix), peer, 0, with, 0, PATH_GOOD);
}

/* 0, 1: who is chosen. */
static unsigned
chosen(void)
{
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, 0);
	const struct dest *d = dest_find(rib_get(instance(), BGP_IPV4), 0, &prefix);
	ck_assert(d && d->paths && d->paths->best);
	struct path *order[4];
	ck_assert_uint_eq(decide_order((struct dest *)(uintptr_t)d, order, 4), 2);
	ck_assert_ptr_eq(order[0], d->paths);
	if (!d->paths->peer)
		return d->paths->next->peer == bgp_peer_find(instance(), &peers[0].address);
	return d->paths->peer == bgp_peer_find(instance(), &peers[1].address);
}

/* As `good` up to a step (and there, if it wins), as `bad` behind it. */
static struct offer
mixed(enum step at, bool wins)
{
	const struct offer *up_to = &good, *behind = wins ? &bad : &good, *there = wins ? &good : &bad;
#define PICK(step, field) .field = (at == (step) ? there : at > (step) ? up_to : behind)->field
	struct offer o = { PICK(STEP_PREFERRED, preferred), PICK(STEP_STALE, stale), PICK(STEP_LOCAL_PREF, local_pref),
		PICK(STEP_OWN, own), PICK(STEP_LENGTH, hops), PICK(STEP_ORIGIN, origin), PICK(STEP_MED, med),
		PICK(STEP_METRIC, metric), PICK(STEP_IDENTIFIER, id), PICK(STEP_CLUSTERS, clusters) };
#undef PICK
	if (at > STEP_OWN)
		o.own = false;
	return o;
}

START_TEST(each_step_decides_before_all_later_ones)
{
	enum step at = (enum step)(_i / 2 % STEPS);
	unsigned winner = at == STEP_ADDRESS ? 0 : (unsigned)_i % 2; /* the lower address */
	struct offer wins = mixed(at, true), loses = mixed(at, false);
	bool internal[2];

	for (unsigned i = 0; i < 2; i++) /* external is the better of the two */
		internal[i] = at < STEP_EXTERNAL ? i == winner : at == STEP_EXTERNAL && i != winner;
	configure(internal[0], internal[1]);
	for (unsigned k = 0; k < 2; k++) { /* whoever comes first */
		unsigned who = (k + (unsigned)_i / STEPS / 2) % 2;
		offer(who, who == winner ? &wins : &loses);
	}
	ck_assert_msg(chosen() == winner, "%s", names[at]);
}
END_TEST

START_TEST(a_med_counts_among_paths_of_one_neighbour_as_alone)
{
	struct offer a = bad, c = bad;

	a.med = 9;
	a.id = 1;
	c.first_as = 301;
	configure(true, true);
	offer(0, &a);
	offer(1, &c);
	ck_assert_uint_eq(chosen(), 0);
	public.med_always = true;
	configure(true, true);
	ck_assert_uint_eq(chosen(), 1);
}
END_TEST

START_TEST(a_med_that_is_not_there_is_the_best_or_the_worst)
{
	struct offer a = bad, c = bad;

	c.no_med = true;
	public.med_missing_worst = _i;
	configure(true, true);
	offer(0, &a);
	offer(1, &c);
	ck_assert_uint_eq(chosen(), _i ? 0 : 1);
}
END_TEST

START_TEST(an_originator_stands_for_the_peers_identifier)
{
	struct offer a = bad, c = bad;

	a.id = 1;
	a.originator = 9;
	c.id = 8;
	configure(true, true);
	offer(0, &a);
	offer(1, &c);
	ck_assert_uint_eq(chosen(), 1);
}
END_TEST

START_TEST(of_two_external_ones_the_older_stays_where_identifiers_are_ignored)
{
	struct offer a = bad, c = bad;

	public.router_id_ignored = _i;
	configure(false, false);
	c.id = 9;
	offer(1, &c);
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, 0);
	a.id = 1;
	offer(0, &a);
	ck_assert_uint_eq(chosen(), _i ? 1 : 0);
}
END_TEST

START_TEST(an_as_path_may_be_ignored)
{
	struct offer a = bad, c = bad;

	a.hops = 5;
	a.id = 1;
	configure(true, true);
	offer(0, &a);
	offer(1, &c);
	ck_assert_uint_eq(chosen(), 1);
	public.ignore_path = true;
	configure(true, true);
	ck_assert_uint_eq(chosen(), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp decision");
	TCase *t = tcase_create("RFC 4271 9.1.2");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_step_decides_before_all_later_ones, 0, 4 * STEPS);
	tcase_add_test(t, a_med_counts_among_paths_of_one_neighbour_as_alone);
	tcase_add_loop_test(t, a_med_that_is_not_there_is_the_best_or_the_worst, 0, 2);
	tcase_add_test(t, an_originator_stands_for_the_peers_identifier);
	tcase_add_loop_test(t, of_two_external_ones_the_older_stays_where_identifiers_are_ignored, 0, 2);
	tcase_add_test(t, an_as_path_may_be_ignored);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
