/* The link state database with what each LSA says, in the form of the references' dialect. */
#include "base/mem.h"
#include "igpd/display.h"
#include "igpd/ospf/lsa.h"
#include "proto/igp.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
options_text(unsigned options, char out[64])
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = { { OSPF_OPTION_E, "E" }, { OSPF_OPTION_NP, "NP" }, { OSPF_OPTION_DC, "DC" },
		{ OSPF_OPTION_O, "O" }, { OSPF_OPTION_MC, "MC" }, { OSPF_OPTION_MT, "MT" }, { OSPF_OPTION_DN, "DN" } };
	size_t at = 0;

	snprintf(out, 64, "None");
	for (size_t i = 0; i < COUNT(names); i++)
		if (options & names[i].bit)
			at += (size_t)snprintf(out + at, 64 - at, "%s%s", at ? " " : "", names[i].name);
}

static void
router(const struct show *s, const uint8_t *lsa)
{
	static const char *const types[] = { "", "P-2-P", "TransNet", "StubNet", "Virtual" };
	struct wire_reader r = lsa_links(lsa);
	uint8_t flags = lsa_router_flags(lsa);
	char a[ADDR_TEXT], b[ADDR_TEXT];
	struct lsa_link link;

	text_line(s->out, "  Flags     :%s%s%s%s", flags & LSA_ROUTER_B ? " ABR" : "",
	    flags & LSA_ROUTER_E ? " ASBR" : "", flags & LSA_ROUTER_V ? " VIRTUAL" : "",
	    flags & LSA_ROUTER_NT ? " NSSA-TRANSLATOR" : "");
	while (lsa_next_link(&r, &link)) {
		text_line(s->out, "   * Link ID: %s", id_text(link.id, a));
		text_line(s->out, "     Data   : %s", id_text(link.data, b));
		text_line(s->out, "     Link Type: %s", link.type < COUNT(types) ? types[link.type] : "unknown");
		text_line(s->out, "     Metric : %u", link.metric);
	}
}

static void
network(const struct show *s, const uint8_t *lsa)
{
	struct wire_reader r = lsa_attached(lsa);
	char a[ADDR_TEXT];
	uint32_t id;

	text_line(s->out, "  Net mask  : %s", id_text(lsa_network_mask(lsa), a));
	while (lsa_next_attached(&r, &id))
		text_line(s->out, "     Attached Router    %s", id_text(id, a));
}

static void
external(const struct show *s, const uint8_t *lsa)
{
	struct lsa_external e = lsa_external_of(lsa);
	char a[ADDR_TEXT];

	text_line(s->out, "  Net mask  : %s", id_text(e.mask, a));
	text_line(s->out, "  E type    : %d", e.type2 ? 2 : 1);
	text_line(s->out, "  Metric    : %u", e.metric);
	text_line(s->out, "  Forwarding Address : %s", id_text(e.forward, a));
	text_line(s->out, "  Tag       : %u", e.tag);
}

static void
body(const struct show *s, const Igp__Lsa *l)
{
	uint8_t *lsa = mem_zalloc(LSA_HEADER_BYTES + l->body.len + 1);
	char a[ADDR_TEXT];

	if (l->body.len)
		memcpy(lsa + LSA_HEADER_BYTES, l->body.data, l->body.len);
	struct wire_writer w = wire_writer(lsa, LSA_HEADER_BYTES);
	lsa_write_header(
	    &w, &(struct lsa_header){ .type = (uint8_t)l->type, .length = (uint16_t)(LSA_HEADER_BYTES + l->body.len) });
	switch (l->type) {
	case LSA_ROUTER: router(s, lsa); break;
	case LSA_NETWORK: network(s, lsa); break;
	case LSA_SUMMARY: text_line(s->out, "  Net mask  : %s", id_text(lsa_network_mask(lsa), a)); /* fall through */
	case LSA_ASBR_SUMMARY: text_line(s->out, "  Metric    : %u", lsa_summary_metric(lsa)); break;
	case LSA_EXTERNAL:
	case LSA_NSSA: external(s, lsa); break;
	default: text_line(s->out, "  Opaque    : %zu bytes", l->body.len);
	}
	free(lsa);
}

static void
one(const struct show *s, const Igp__Lsa *l)
{
	uint64_t age = l->born && s->now_us > l->born ? (s->now_us - l->born) / 1000000 : 0;
	bool of_as = l->type == LSA_EXTERNAL || l->type == LSA_OPAQUE_AS;
	char a[ADDR_TEXT], options[64];

	options_text(l->options, options);
	text_line(s->out, "  Type      : %s", lsa_type_name(l->type));
	text_line(s->out, "  Area      : %s", of_as ? "of the whole AS" : id_text(l->area, a));
	text_line(s->out, "  Ls id     : %s", id_text(l->id, a));
	text_line(s->out, "  Adv rtr   : %s", id_text(l->router, a));
	text_line(s->out, "  Ls age    : %llu",
	    (unsigned long long)(l->flushed || age > LSA_MAX_AGE_S ? LSA_MAX_AGE_S : age));
	text_line(s->out, "  Len       : %u", l->length);
	text_line(s->out, "  Options   : %s", options);
	text_line(s->out, "  seq#      : %08x", l->sequence);
	text_line(s->out, "  chksum    : 0x%x", l->checksum);
	body(s, l);
	text_line(s->out, "%s", "");
}

int
igp_show_lsas(const struct show *s)
{
	for (size_t i = 0; i < s->tables[0].count; i++)
		one(s, (const Igp__Lsa *)s->tables[0].rows[i]);
	return 0;
}

bool
igp_keep_lsa(const ProtobufCMessage *row, const struct args *args)
{
	static const struct {
		const char *word;
		uint8_t type;
	} kinds[] = { { "router", LSA_ROUTER }, { "network", LSA_NETWORK }, { "summary", LSA_SUMMARY },
		{ "asbr", LSA_ASBR_SUMMARY }, { "ase", LSA_EXTERNAL }, { "nssa", LSA_NSSA },
		{ "opaque-link", LSA_OPAQUE_LINK }, { "opaque-area", LSA_OPAQUE_AREA },
		{ "opaque-as", LSA_OPAQUE_AS } };
	const Igp__Lsa *l = (const Igp__Lsa *)row;
	struct addr id = arg_addr(args, "id");

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (arg_given(args, kinds[i].word))
			return l->type == kinds[i].type && (!addr_is_set(&id) || addr_to_v4(&id) == l->id);
	return true;
}
