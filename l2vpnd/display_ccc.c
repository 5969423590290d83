/* display ccc: local switching. A row is one of its two interfaces; both say the same of the whole. */
#include "l2vpnd/display.h"
#include <string.h>

bool
l2vpn_keep_ccc(const ProtobufCMessage *row, const struct args *a)
{
	const L2vpn__Service *v = (const L2vpn__Service *)row;
	const char *name = arg_text(a, "name");

	return name ? strcmp(v->ccc, name) == 0 : *v->ccc != '\0';
}

static const L2vpn__Service *
out_of(const struct row_set *set, const L2vpn__Service *first)
{
	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__Service *v = (const L2vpn__Service *)set->rows[i];
		if (v->out_interface && strcmp(v->ccc, first->ccc) == 0)
			return v;
	}
	return NULL;
}

static const char *
up_down(bool up)
{
	return up ? "up" : "down";
}

#define LINE(name, ...) text_add(s->out, "  %-22s: ", name), text_line(s->out, __VA_ARGS__)

static void
interface(const struct show *s, const char *what, const L2vpn__Service *v)
{
	char text[160];

	LINE(what, "%s is %s%s%s", v->interface, up_down(v->circuit_up), *v->name ? ", service " : "", v->name);
	if (*v->dropped)
		LINE("  dropped protocols", "%s", l2vpn_dropped_text(v, text));
}

static void
one(const struct show *s, const L2vpn__Service *v)
{
	const L2vpn__Service *out = out_of(s->tables, v);
	char age[16];

	text_line(s->out, "%s", "");
	text_line(s->out, " *%-22s: %s", "ccc name", v->ccc);
	LINE("state", "%s", up_down(v->up));
	if (*v->trouble)
		LINE("reason", "%s", v->trouble);
	interface(s, "interface", v);
	if (out)
		interface(s, "out-interface", out);
	else
		LINE("out-interface", "%s", v->local);
	if (v->since)
		LINE("last change", "%s ago",
		    text_age_hhmmss(s->now_us > v->since ? (s->now_us - v->since) / 1000000 : 0, age));
}

int
l2vpn_show_cccs(const struct show *s)
{
	const struct row_set *set = s->tables;
	size_t count = 0, up = 0;

	if (!set->count && arg_text(s->args, "name")) {
		text_line(s->out, " There is no local switching of the name %s", arg_text(s->args, "name"));
		return 1;
	}
	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__Service *v = (const L2vpn__Service *)set->rows[i];
		count += !v->out_interface;
		up += !v->out_interface && v->up;
	}
	text_line(s->out, " total ccc : %zu     %zu up       %zu down", count, up, count - up);
	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__Service *v = (const L2vpn__Service *)set->rows[i];
		if (!v->out_interface)
			one(s, v);
	}
	return 0;
}
