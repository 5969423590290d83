/* Parameters of one command line, their types, and interface names. */
#include "base/mem.h"
#include "host/command_internal.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct args *
args_new(const struct args *outer)
{
	struct args *a = NEW(struct args);

	a->outer = outer;
	arena_init(&a->arena);
	return a;
}

void
args_free(struct args *a)
{
	if (!a)
		return;
	arena_free(&a->arena);
	free(a->list);
	free(a);
}

void
args_add(struct args *a, struct arg arg)
{
	if (a->count == a->room) {
		a->room = a->room ? a->room * 2 : 8;
		a->list = mem_resize(a->list, a->room * sizeof *a->list);
	}
	if (a->count && arg.type && strcmp(arg.type, "mask") == 0)
		a->list[a->count - 1].masked = true;
	arg.masked = false;
	a->list[a->count++] = arg;
}

void
args_spell(const struct args *a, struct text *out)
{
	for (size_t i = 0; i < a->count; i++)
		text_add(out, "%s%s", i ? " " : "", a->list[i].text);
}

void
args_cut(struct args *a, size_t count)
{
	a->count = count;
	if (count)
		a->list[count - 1].masked = false; /* its mask, if any, was the first to go */
}

/* A parameter, of this line or of those that opened the views around it. A word of the same name is none. */
static const struct arg *
find(const struct args *a, const char *name)
{
	for (; a; a = a->outer)
		for (size_t i = a->count; i > 0; i--)
			if (a->list[i - 1].type && strcasecmp(a->list[i - 1].name, name) == 0)
				return &a->list[i - 1];
	return NULL;
}

bool
arg_given(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcasecmp(a->list[i].name, name) == 0)
			return true;
	return false;
}

uint32_t
arg_u32(const struct args *a, const char *name)
{
	const struct arg *g = find(a, name);

	return g ? g->number : 0;
}

const char *
arg_text(const struct args *a, const char *name)
{
	const struct arg *g = find(a, name);

	return g ? g->text : NULL;
}

struct addr
arg_addr(const struct args *a, const char *name)
{
	const struct arg *g = find(a, name);

	return g ? g->prefix.addr : addr_none();
}

struct prefix
arg_prefix(const struct args *a, const char *name)
{
	const struct arg *g = find(a, name);

	if (!g)
		return (struct prefix){ 0 };
	return g->masked ? (g + 1)->prefix : g->prefix;
}

uint8_t
arg_mask(const struct args *a, const char *name)
{
	const struct arg *g = find(a, name);

	return g ? (uint8_t)g->number : 0;
}

bool
args_undo(const struct args *a)
{
	return a->undo;
}

int
args_line(const struct args *a)
{
	return a->line;
}

enum view
args_view(const struct args *a)
{
	return a->view;
}

/* --- interface names --- */

static const char *const kinds[] = { "GigabitEthernet", "Ethernet", "FastEthernet", "XGigabitEthernet", "10GE", "25GE",
	"40GE", "50GE", "100GE", "200GE", "400GE", "LoopBack", "Eth-Trunk", "Vlanif", "Serial", "Pos", "Tunnel",
	"Virtual-Template", NULL };

/* A name without its blanks; true when it was not too long. */
static bool
squeeze(const char *text, char out[64])
{
	size_t n = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (n == 63)
			return false;
		out[n++] = *text;
	}
	out[n] = '\0';
	return true;
}

bool
ifname_eq(const char *a, const char *b)
{
	char x[64], y[64];

	return a && b && squeeze(a, x) && squeeze(b, y) && strcasecmp(x, y) == 0;
}

void
ifname_canonical(const char *text, char out[64])
{
	char name[64] = "";

	if (!squeeze(text, name)) {
		snprintf(out, 64, "%.63s", text);
		return;
	}
	for (size_t i = 0; kinds[i]; i++) {
		size_t n = strlen(kinds[i]);
		if (strncasecmp(name, kinds[i], n) == 0 && isdigit((unsigned char)name[n])) {
			memcpy(name, kinds[i], n);
			break;
		}
	}
	memcpy(out, name, sizeof name);
}

static bool
is_kind(const char *word)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcasecmp(word, kinds[i]) == 0)
			return true;
	return false;
}

/* --- types --- */

static bool
read_number(const char *word, uint32_t low, uint32_t high, uint32_t *ret)
{
	uint64_t v = 0;

	if (!*word || strlen(word) > 10)
		return false;
	for (; *word; word++) {
		if (!isdigit((unsigned char)*word))
			return false;
		v = v * 10 + (uint64_t)(*word - '0');
	}
	if (v < low || v > high)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static size_t
read_ifname(char *const *words, size_t count, struct arena *arena, struct arg *ret)
{
	char joined[64], name[64];
	size_t taken = 1;

	if (!isalpha((unsigned char)words[0][0]) && !isdigit((unsigned char)words[0][0]))
		return 0;
	if (is_kind(words[0]) && count > 1 && isdigit((unsigned char)words[1][0])) {
		size_t n = strlen(words[0]), more = strlen(words[1]);
		if (n + more > 63 || strchr(words[1], ':'))
			return 0;
		memcpy(joined, words[0], n);
		memcpy(joined + n, words[1], more + 1);
		taken = 2;
	} else {
		struct addr a;
		if (is_kind(words[0]) || addr_parse(words[0], &a) || strlen(words[0]) > 63 ||
		    strspn(words[0], "0123456789./") == strlen(words[0]) || strchr(words[0], ':'))
			return 0;
		snprintf(joined, sizeof joined, "%.63s", words[0]);
	}
	ifname_canonical(joined, name);
	ret->text = arena_text(arena, name);
	return taken;
}

static bool
read_address(const char *word, uint8_t family, struct arg *ret)
{
	struct addr a;

	if (!addr_parse(word, &a) || (family && a.family != family))
		return false;
	ret->prefix = prefix_host(a);
	ret->number = addr_to_v4(&a);
	return true;
}

/* A mask belongs to the address before it, and completes it to a prefix. */
static bool
read_mask(const char *word, const struct args *so_far, struct arg *ret)
{
	const struct arg *before = so_far->count ? &so_far->list[so_far->count - 1] : NULL;
	struct addr a = before && before->type ? before->prefix.addr : addr_none();
	uint8_t len;

	if (!prefix_mask_parse(word, a.family == 6 ? 6 : 4, &len))
		return false;
	ret->number = len;
	if (addr_is_set(&a))
		ret->prefix = prefix_make(a, len);
	return true;
}

static bool
read_typed(const char *type, const char *word, const struct args *so_far, struct arg *ret)
{
	if (strcmp(type, "address") == 0 || strcmp(type, "lsr-id") == 0)
		return read_address(word, 4, ret);
	if (strcmp(type, "address6") == 0)
		return read_address(word, 6, ret);
	if (strcmp(type, "ip") == 0)
		return read_address(word, 0, ret);
	if (strcmp(type, "mask") == 0)
		return read_mask(word, so_far, ret);
	if (strcmp(type, "prefix") == 0)
		return prefix_parse(word, &ret->prefix);
	if (strcmp(type, "prefix4") == 0 || strcmp(type, "prefix6") == 0)
		return prefix_parse(word, &ret->prefix) && ret->prefix.addr.family == type[6] - '0';
	return strcmp(type, "word") == 0;
}

size_t
param_read(const struct node *n, char *const *words, size_t count, const struct args *so_far, struct arena *arena,
    struct arg *ret)
{
	*ret = (struct arg){ 0 };
	if (strcmp(n->word, "text") == 0) {
		struct text all = { 0 };
		for (size_t i = 0; i < count; i++)
			text_add(&all, "%s%s", i ? " " : "", words[i]);
		ret->text = arena_text(arena, text_chars(&all));
		text_free(&all);
		return count;
	}
	if (strcmp(n->word, "ifname") == 0)
		return read_ifname(words, count, arena, ret);
	ret->text = arena_text(arena, words[0]);
	if (n->high)
		return read_number(words[0], n->low, n->high, &ret->number);
	return read_typed(n->word, words[0], so_far, ret);
}

void
param_describe(const struct node *n, struct text *out)
{
	static const char *const forms[][2] = { { "address", "A.B.C.D" }, { "lsr-id", "A.B.C.D" },
		{ "address6", "X:X::X:X" }, { "ip", "ADDRESS" }, { "mask", "LENGTH|MASK" },
		{ "prefix", "ADDRESS/LENGTH" }, { "prefix4", "A.B.C.D/LENGTH" }, { "prefix6", "X:X::X:X/LENGTH" },
		{ "ifname", "INTERFACE" }, { "text", "TEXT" } };

	if (n->high) {
		text_add(out, "<%u-%u>", n->low, n->high);
		return;
	}
	for (size_t i = 0; i < COUNT(forms); i++)
		if (strcmp(n->word, forms[i][0]) == 0) {
			text_add(out, "%s", forms[i][1]);
			return;
		}
	for (const char *c = n->name; *c; c++)
		text_add(out, "%c", toupper((unsigned char)*c));
}

/* --- what handlers say --- */

int
arg_copy(const struct args *a, const char *name, char *out, size_t room, struct conf_error *why)
{
	const char *text = arg_text(a, name);
	size_t n = text ? strlen(text) : 0;

	if (n >= room)
		return conf_refuse(why, "the %s `%s` is too long; it has at most %zu characters", name, text, room - 1);
	memcpy(out, text ? text : "", n + 1);
	return 0;
}

void
conf_about(struct conf_error *e, int line)
{
	e->line = line;
}

static void
add_place(const struct conf_error *e)
{
	text_add(&e->errors->text, "%s:", e->file);
	if (e->line)
		text_add(&e->errors->text, "%d:", e->line);
	text_add(&e->errors->text, " ");
}

int
conf_refuse(struct conf_error *e, const char *format, ...)
{
	va_list args;

	e->refused = true;
	e->errors->errors++;
	add_place(e);
	va_start(args, format);
	text_vadd(&e->errors->text, format, args);
	va_end(args);
	text_add(&e->errors->text, "\n");
	return -1;
}

void
conf_warn(struct conf_error *e, const char *format, ...)
{
	va_list args;

	e->errors->warnings++;
	add_place(e);
	text_add(&e->errors->text, "warning: ");
	va_start(args, format);
	text_vadd(&e->errors->text, format, args);
	va_end(args);
	text_add(&e->errors->text, "\n");
}
