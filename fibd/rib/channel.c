/*
 * Control channels of pseudowires (VCCV, RFC 5085): daemons speak on them through a pair of interfaces, theirs and ours.
 *
 * What comes in on a control channel is told from a customer's frame in three ways (RFC 5085 5.1): by a first nibble of 1 where the
 * control word has 0, by a router alert label before the pseudowire's, or by a TTL of 1 in that. All three go to the daemons, with the
 * pseudowire's label alone before them, by filters that customers' frames do not meet. What the daemons send under our label gets the
 * peer's in its place, and the tunnel's labels and MAC addresses that the customer's frames have: so it tests what carries these, and
 * moves with it. It does not ask whether the pseudowire is usable, for it may be what finds that out; so it does not go through the
 * tunnel's gate, which is shut as well when no pseudowire there can be used.
 *
 * Filters that all labels share, the sieves, tell what may be of a control channel and send it to a chain, in which there are
 * filters for each label; so a customer's frame is looked up once, however many forms there are. Where a pseudowire with the control
 * word has no control channel its filter there counts and drops: a customer never gets these packets for frames. Labels without a
 * control word are looked at before the sieves of the first nibble, for their frames may begin with any. A packet whose label has a
 * TTL of 1 is no customer's in any case: nobody may forward it (RFC 3032 2.4.1).
 *
 * The pair is made with the first pseudowire that has a channel, and goes when no filter is left that needs it. What is there at our
 * start is kept.
 */
#include "fibd/rib/circuits.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_U32                                                                                                    \
	"this kernel has no u32 filters (module cls_u32): packets of pseudowires' control channels are not told " \
	"from frames; boot "                                                                                      \
	"a kernel that has them, such as Debian's linux-image-amd64"
#define HALF_FOR (100 * USEC_PER_MSEC)

/* --- the pair of interfaces --- */

static void
ask(struct rib *rib, enum fib_op_kind kind, uint32_t ifindex, const char *name)
{
	struct fib_op op = { .kind = kind, .object = { .kind = FIB_LINK, .link = { .ifindex = ifindex } } };

	snprintf(op.object.link.name, sizeof op.object.link.name, "%s", name);
	diff_extra(rib, &op);
}

static void
remove_port(struct rib *rib, struct port *p)
{
	if (!p->link.ours || rib->channels.going)
		return;
	rib->channels.going = true; /* and the other one with it */
	ask(rib, FIB_OP_LINK_DELETE, p->link.ifindex, p->link.name);
}

/* Nobody has an address there, and nobody is to ask for one. */
static void
bring_up(struct rib *rib, struct port *p)
{
	if (p->link.admin_up || p->told & TOLD_UP)
		return;
	p->told |= TOLD_UP;
	ask(rib, FIB_OP_LINK_NO_IPV6, p->link.ifindex, p->link.name);
	ask(rib, FIB_OP_LINK_UP, p->link.ifindex, p->link.name);
}

static void
make(struct rib *rib)
{
	struct channels *all = &rib->channels;

	if (all->asked || all->refused)
		return;
	all->asked = true;
	ask(rib, FIB_OP_LINK_VCCV, 0, FIB_VCCV_DEVICE);
}

/* The other one was renamed, or moved to another namespace, if it is not just being told of. */
static void
mend(struct rib *rib, struct port *left)
{
	struct channels *all = &rib->channels;

	if (all->asked)
		return;
	if (!all->half) {
		all->half = rib->dump;
		rib_resync(rib, rib->now + HALF_FOR);
	} else if (all->half != rib->dump) {
		remove_port(rib, left);
	}
}

static bool
is_running(const struct port *p)
{
	return p->link.admin_up && p->link.carrier;
}

static void
place(struct rib *rib, const struct port *theirs, const struct port *ours)
{
	struct channels *all = &rib->channels;
	uint32_t ifindex = theirs && ours && theirs->link.ours && ours->link.ours ? ours->link.ifindex : 0;
	bool running = ifindex && is_running(theirs) && is_running(ours);

	if (ifindex == all->ours && running == all->running)
		return;
	all->ours = ifindex;
	all->running = running;
	rib->clsacts_dirty = rib->work = true;
	circuits_all_dirty(rib);
}

void
channels_settle(struct rib *rib)
{
	struct channels *all = &rib->channels;

	if (!all->dirty || !rib->dumped || !rib->has_config)
		return;
	all->dirty = false;
	struct port *theirs = port_by_device(rib, FIB_VCCV_DEVICE), *ours = port_by_device(rib, FIB_VCCV_OURS);
	place(rib, theirs, ours);
	if (!theirs == !ours)
		all->half = 0;
	if (!theirs && !ours)
		all->going = false;
	if (!all->wanted) {
		if (rib->synced[FIB_L2VPN_CIRCUIT] && !all->filters && (theirs || ours))
			remove_port(rib, theirs ? theirs : ours);
	} else if ((theirs && !theirs->link.ours) || (ours && !ours->link.ours)) {
		snprintf(all->trouble, sizeof all->trouble, "an interface %s or %s is somebody else's", FIB_VCCV_DEVICE,
		    FIB_VCCV_OURS);
	} else if (theirs && ours) {
		*all->trouble = '\0';
		bring_up(rib, theirs);
		bring_up(rib, ours);
	} else if (theirs || ours) {
		mend(rib, theirs ? theirs : ours);
	} else {
		make(rib);
	}
}

void
channel_answer(struct rib *rib, int error, const char *text)
{
	struct channels *all = &rib->channels;

	all->asked = false;
	all->dirty = true;
	all->refused = error != 0;
	snprintf(all->trouble, sizeof all->trouble, "%s%s",
	    error ? "the interfaces of control channels cannot be made: " : "", error ? text : "");
	if (error)
		diff_again_later(rib);
	circuits_all_dirty(rib);
}

bool
channels_have(const struct rib *rib, const struct port *p)
{
	return rib->channels.ours && p->link.ifindex == rib->channels.ours;
}

/* --- sieves --- */

void
sieves_take(struct batch *b)
{
	struct rib *rib = b->rib;

	for (uint32_t i = 0; i < COUNT(rib->channels.sieves); i++) {
		struct sieve *s = &rib->channels.sieves[i];
		struct pending *p;
		if (!rib->block_links || !rib->circuits.count || s->present || s->asked || s->refused)
			continue;
		if (b->count == b->room)
			return;
		struct fib_op *op = diff_next_op(b, FIB_OP_ADD, TARGET_FILTER, 0, &p);
		op->object.kind = FIB_FILTER;
		op->object.filter = fib_sieve(i);
		p->pref = op->object.filter.pref;
		p->handle = i;
		s->asked = true;
	}
}

static void
set_sieve(struct rib *rib, struct sieve *s, bool present)
{
	s->seen = rib->dump;
	if (s->present == present)
		return;
	s->present = present;
	rib->work = true;
	circuits_all_dirty(rib);
}

void
sieve_seen(struct rib *rib, const struct fib_filter *in, bool gone)
{
	set_sieve(rib, &rib->channels.sieves[fib_sieve_place(in)], !gone);
}

void
sieves_lost(struct rib *rib)
{
	for (size_t i = 0; i < COUNT(rib->channels.sieves); i++)
		set_sieve(rib, &rib->channels.sieves[i], false);
}

void
sieves_swept(struct rib *rib)
{
	for (size_t i = 0; i < COUNT(rib->channels.sieves); i++)
		if (rib->channels.sieves[i].seen != rib->dump)
			set_sieve(rib, &rib->channels.sieves[i], false);
}

void
sieve_answer(struct rib *rib, uint32_t handle, int error, const char *text)
{
	struct sieve *s = &rib->channels.sieves[handle];

	s->asked = false;
	rib_lacks(rib, NO_U32, error, text);
	s->refused = !s->present;
	if (s->refused)
		diff_again_later(rib);
	circuits_all_dirty(rib);
}

void
channels_retry(struct rib *rib)
{
	for (size_t i = 0; i < COUNT(rib->channels.sieves); i++)
		rib->channels.sieves[i].refused = false;
	rib->channels.refused = rib->channels.going = false;
	rib->channels.dirty = true;
}

/* --- filters --- */

static struct fib_filter
filter_like(const struct circuit *c, const struct wire *w, uint16_t pref, enum fib_form form)
{
	return (struct fib_filter){ .pref = pref,
		.form = (uint8_t)form,
		.label = w->in_label,
		.vc_id = w->vc_id,
		.peer = w->peer,
		.circuit = c->ifindex };
}

/* Those that receive; 0 to 2 of them are beneath an explicit null. */
static unsigned
list_receivers(const struct circuit *c, const struct wire *w, struct fib_filter out[6])
{
	uint32_t to = w->channel ? c->rib->channels.ours : 0;
	unsigned count = 0;

	for (int form = FIB_CONTROL_WORD; form <= FIB_TTL_EXPIRY; form++) {
		bool by_nibble = form == FIB_CONTROL_WORD;
		if (by_nibble ? !w->control_word : !w->channel)
			continue;
		for (int beneath = 0; beneath < 2; beneath++) {
			struct fib_filter *f = &out[count++];
			*f = filter_like(c, w, by_nibble ? FIB_ASSOCIATED : FIB_CHANNEL, (enum fib_form)form);
			f->explicit_null = beneath;
			f->out = to;
		}
	}
	return count;
}

static struct fib_filter
sender_of(const struct circuit *c, const struct wire *w)
{
	struct fib_filter f = filter_like(c, w, FIB_CHANNEL, (enum fib_form)w->channel);

	f.ifindex = c->rib->channels.ours;
	return f;
}

static struct filter *
find(const struct circuit *c, const struct fib_filter *like)
{
	struct filter *f = filter_find(c->rib, like->ifindex, like->pref, filter_handle(like));

	return f && f->circuit == c ? f : NULL;
}

void
channel_want(struct rib *rib, struct circuit *c, const struct wire *w)
{
	struct fib_filter receivers[6], sender = sender_of(c, w);
	unsigned count = list_receivers(c, w, receivers);

	for (unsigned i = 0; i < count; i++)
		circuit_want(rib, c, &receivers[i]);
	if (!w->channel || !sender.ifindex || !label_is_free(w->out_label) || !w->tunnel)
		return;
	struct filter *before = find(c, &sender);
	if (!tunnel_way(w)) {
		if (before && before->present && before->has.vc_id == w->vc_id)
			before->as_it_is |= !tunnel_leads_nowhere(w->tunnel);
		return;
	}
	circuit_fill_way(w, &sender);
	circuit_want(rib, c, &sender);
}

/* --- what there is --- */

static bool
is_there(const struct filter *f)
{
	return f && f->present && circuit_filter_is_right(f);
}

static bool
has_sieves(const struct rib *rib)
{
	bool all = true;

	for (size_t i = 0; i < COUNT(rib->channels.sieves); i++)
		all = all && rib->channels.sieves[i].present;
	return all;
}

bool
channel_stands(const struct circuit *c, const struct wire *w)
{
	struct fib_filter receivers[6], like = sender_of(c, w);
	const struct filter *sender = find(c, &like);
	bool stands = w->channel && w->in_label && c->rib->channels.running && c->rib->core_links;

	stands = stands && is_there(sender) && tunnel_way(w);
	stands = stands && has_sieves(c->rib);
	unsigned count = list_receivers(c, w, receivers);
	for (unsigned i = 0; stands && i < count; i++)
		stands = is_there(find(c, &receivers[i]));
	return stands;
}

const char *
channel_trouble(const struct circuit *c, const struct wire *w)
{
	struct fib_filter receivers[6], like = sender_of(c, w);
	const struct filter *sender = find(c, &like);
	unsigned count = list_receivers(c, w, receivers);

	if (!w->channel)
		return "";
	if (*c->rib->channels.trouble)
		return c->rib->channels.trouble;
	if (!has_sieves(c->rib))
		return "packets of its control channel cannot be told from frames";
	if (sender && sender->trouble)
		return sender->trouble;
	for (unsigned i = 0; i < count; i++) {
		const struct filter *f = find(c, &receivers[i]);
		if (f && f->trouble)
			return f->trouble;
	}
	return "";
}

/* All that receive count together. */
uint64_t
channel_packets(const struct circuit *c, const struct wire *w)
{
	struct fib_filter receivers[6];
	const struct filter *f = list_receivers(c, w, receivers) ? find(c, &receivers[0]) : NULL;

	return f && f->present ? f->has.packets : 0;
}
