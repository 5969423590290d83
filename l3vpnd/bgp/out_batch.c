/*
 * What is told, as messages: destinations that say the same share an UPDATE, and peers that are told the same share its bytes.
 *
 * Which VPN routes a peer wants by its memberships (RFC 4684) is a question about their route targets, which are attributes;
 * so it is asked once for each message, when it is sent, and peers that want different things still share an out.
 */
#include "l3vpnd/bgp/out.h"
#include <stdlib.h>

struct peer *
batch_peer(const struct batch *b, struct list *l)
{
	struct peer_family *pf = b->audience == TO_DUMP     ? OBJECT(l, struct peer_family, of_dump)
				 : b->audience == TO_REVIEW ? OBJECT(l, struct peer_family, of_review)
							    : OBJECT(l, struct peer_family, of_out);

	return OBJECT(pf - b->out->rib->family, struct peer, family[0]);
}

static bool
wants(const struct peer *p, enum bgp_family f, const struct attr_set *a)
{
	return !p->members || !members_are_asked(p, f) || members_want(p->members, a);
}

static void
send(struct peer *p, const struct wire_writer *w)
{
	struct wire_writer to = peer_writer(p, w->at);

	wire_put_bytes(&to, w->base, w->at);
	peer_written(p, &to, BGP_UPDATE);
}

/* `of`: who wants routes with these attributes; NULL: everybody. */
static void
send_to_all(const struct batch *b, const struct wire_writer *w, const struct attr_set *of)
{
	for (struct list *l = b->peers->next; l != b->peers; l = l->next)
		if (!of || wants(batch_peer(b, l), b->out->rib->family, of))
			send(batch_peer(b, l), w);
}

static void
end_reach(struct batch *b)
{
	const struct out_key *k = &b->out->key;
	const struct attr_writing how = { .as4 = k->as4, .internal = k->internal, .family = b->out->rib->family };

	if (!b->has_reach)
		return;
	b->has_reach = false;
	if (b->out->rib->family != BGP_IPV4) { /* RFC 7606 5.1: the prefixes come first */
		wire_fill_length(&b->reach, b->reach_list);
		attr_write(&b->reach, b->attrs, &how);
		wire_fill_length(&b->reach, b->reach_attrs);
	}
	bgp_end(&b->reach, b->reach_message);
	send_to_all(b, &b->reach, b->attrs);
}

static size_t
attrs_size(const struct batch *b)
{
	return 128 + 2 * (size_t)b->attrs->size[LIST_AS_PATH] + b->attrs->size[LIST_COMMUNITIES] +
	       b->attrs->size[LIST_EXT] + b->attrs->size[LIST_LARGE] + b->attrs->size[LIST_CLUSTERS] +
	       b->attrs->size[LIST_UNKNOWN];
}

static void
begin_reach(struct batch *b)
{
	const struct rib *r = b->out->rib;
	const struct attr_writing how = {
		.as4 = b->out->key.as4, .internal = b->out->key.internal, .family = r->family
	};

	b->has_reach = true;
	b->reach = wire_writer(b->room, b->size);
	b->reach_message = bgp_begin(&b->reach, BGP_UPDATE);
	wire_put_u16(&b->reach, 0);
	b->reach_attrs = wire_hold_u16(&b->reach);
	if (r->family == BGP_IPV4) {
		attr_write(&b->reach, b->attrs, &how);
		wire_fill_length(&b->reach, b->reach_attrs);
	} else {
		b->reach_list = attr_begin_reach(&b->reach, r->family, b->attrs);
	}
}

void
batch_reach(struct batch *b, const struct dest *d, uint16_t number, uint32_t label, const struct attr_set *attrs)
{
	const struct rib *r = b->out->rib;
	const struct nlri n = { .path = number, .label = label, .rd = d->rd, .prefix = d->prefix };

	if (b->has_reach &&
	    (b->attrs != attrs || b->size - b->reach.at < NLRI_BYTES + (r->family == BGP_IPV4 ? 0 : attrs_size(b))))
		end_reach(b);
	if (b->attrs != attrs) {
		attr_drop(&b->out->rib->bgp->attrs, b->attrs);
		b->attrs = attr_use(attrs);
	}
	if (attrs_size(b) + 64 > b->size) /* more than a message of this peer holds (RFC 8654 5) */
		return;
	if (!b->has_reach)
		begin_reach(b);
	nlri_put(&b->reach, r->family, b->out->key.add_paths, false, &n);
}

static void
close_unreach(struct batch *b)
{
	wire_fill_length(&b->unreach, b->unreach_list);
	if (b->out->rib->family == BGP_IPV4)
		wire_put_u16(&b->unreach, 0);
	else
		wire_fill_length(&b->unreach, b->unreach_attrs);
	bgp_end(&b->unreach, b->unreach_message);
}

static void
end_unreach(struct batch *b)
{
	if (!b->has_unreach)
		return;
	b->has_unreach = false;
	close_unreach(b);
	send_to_all(b, &b->unreach, NULL);
}

static void
open_unreach(struct batch *b)
{
	b->unreach_message = bgp_begin(&b->unreach, BGP_UPDATE);
	if (b->out->rib->family == BGP_IPV4) {
		b->unreach_list = wire_hold_u16(&b->unreach);
		return;
	}
	wire_put_u16(&b->unreach, 0);
	b->unreach_attrs = wire_hold_u16(&b->unreach);
	b->unreach_list = attr_begin_unreach(&b->unreach, b->out->rib->family);
}

void
batch_unreach(struct batch *b, const struct dest *d, uint16_t number)
{
	const struct nlri n = { .path = number, .rd = d->rd, .prefix = d->prefix };

	if (b->has_unreach && b->size - b->unreach.at < NLRI_BYTES + 4)
		end_unreach(b);
	if (!b->has_unreach) {
		b->has_unreach = true;
		b->unreach = wire_writer(b->room + b->size, b->size);
		open_unreach(b);
	}
	nlri_put(&b->unreach, b->out->rib->family, b->out->key.add_paths, true, &n);
}

void
batch_unwant(struct batch *b, const struct dest *d, uint16_t number, const struct attr_set *attrs)
{
	uint8_t bytes[BGP_HEADER_BYTES + 64];
	struct batch one = { .out = b->out, .room = bytes };
	enum bgp_family f = b->out->rib->family;

	if (f != BGP_VPNV4 && f != BGP_VPNV6)
		return;
	for (struct list *l = b->peers->next; l != b->peers; l = l->next) {
		struct peer *p = batch_peer(b, l);
		if (wants(p, f, attrs))
			continue;
		const struct nlri n = { .path = number, .rd = d->rd, .prefix = d->prefix };
		one.unreach = wire_writer(bytes, sizeof bytes);
		open_unreach(&one);
		nlri_put(&one.unreach, f, b->out->key.add_paths, true, &n);
		close_unreach(&one);
		send(p, &one.unreach);
	}
}

struct batch
batch_begin(const struct out *o, const struct list *peers, enum audience audience)
{
	struct batch b = { .out = o, .peers = peers, .audience = audience };

	b.size = o->key.extended ? BGP_EXTENDED_MAX : BGP_MESSAGE_MAX;
	b.room = mem_zalloc(2 * b.size);
	return b;
}

void
batch_end(struct batch *b)
{
	end_unreach(b);
	end_reach(b);
	attr_drop(&b->out->rib->bgp->attrs, b->attrs);
	free(b->room);
}

/* RFC 4724 2 */
void
end_of_rib(struct peer *p, enum bgp_family f)
{
	struct wire_writer w = peer_writer(p, 64);
	struct wire_mark m = bgp_begin(&w, BGP_UPDATE);

	wire_put_u16(&w, 0);
	struct wire_mark attrs = wire_hold_u16(&w);
	if (f != BGP_IPV4)
		wire_fill_length(&w, attr_begin_unreach(&w, f));
	wire_fill_length(&w, attrs);
	bgp_end(&w, m);
	peer_written(p, &w, BGP_UPDATE);
	p->family[f].end_told = true;
}
