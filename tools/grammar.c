/*
 * Prints every command of every daemon: as C, for the table by which a daemon knows whose line of
 * router.conf it reads; or with --markdown as the command reference, with --man DAEMON as part of its manual page. Refuses rows that are not complete.
 */
#include "base/mem.h"
#include "host/command_internal.h"
#include <stdio.h>
#include <string.h>

extern const struct command fib_commands[], ldp_commands[], bfd_commands[], igp_commands[], l2vpn_commands[],
    l3vpn_commands[];

static const struct {
	const char *daemon;
	const struct command *rows;
} daemons[] = { { "fibd", fib_commands }, { "ldpd", ldp_commands }, { "bfdd", bfd_commands }, { "igpd", igp_commands },
	{ "l2vpnd", l2vpn_commands }, { "l3vpnd", l3vpn_commands } };

/* The library asks for the table that this program makes. */
const struct grammar_row grammar[] = { { 0 } };

static void
print_string(const char *s)
{
	if (!s) {
		fputs("NULL", stdout);
		return;
	}
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if (*s == '\n')
			fputs("\\n", stdout);
		else
			putchar(*s);
	}
	putchar('"');
}

/* The tables that a display names must exist, and be no more than the command line can hold. */
static bool
tables_exist(const char *names, char why[160])
{
	char copy[256], *rest = NULL;
	unsigned count = 0;

	snprintf(copy, sizeof copy, "%s", names);
	for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		if (!schema_find(name)) {
			snprintf(why, 160, "no table %.100s", name);
			return false;
		}
		count++;
	}
	snprintf(why, 160, "a display names 1 to 4 tables");
	return count > 0 && count <= 4;
}

static bool
does_something(const struct command *c, char why[160])
{
	if (c->view == VIEW_EXEC && (c->request || c->run) && !c->show)
		return !c->request || !c->run;
	if (c->view == VIEW_EXEC && c->show && c->tables && !c->run) /* with a request: the daemon looks first */
		return tables_exist(c->tables, why);
	snprintf(why, 160,
	    c->view == VIEW_EXEC ? "needs either a request, or something to run, or what to show and of which tables"
				 : "neither sets anything nor opens a view");
	return c->view != VIEW_EXEC && (c->set || c->enters);
}

static int
check(const char *daemon, const struct command *c)
{
	char why[160] = "no help or no reference";

	if (c->view == VIEW_NONE || c->view >= VIEW_COUNT || c->enters >= VIEW_COUNT)
		snprintf(why, sizeof why, "no such view");
	else if (c->help && *c->help && c->ref && *c->ref && template_is_valid(c->words, why) &&
		 (!c->undo || !*c->undo || template_is_valid(c->undo, why)) && does_something(c, why))
		return 0;
	fprintf(stderr, "%s: command `%s`: %s\n", daemon, c->words, why);
	return 1;
}

static void
print_c(void)
{
	puts("/* Made by tools/grammar.c. */\n#include \"host/command.h\"\nconst struct grammar_row grammar[] = {");
	for (size_t d = 0; d < COUNT(daemons); d++)
		command_each (c, daemons[d].rows) {
			if (c->view == VIEW_EXEC)
				continue;
			printf("\t{ \"%s\", %d, %d, ", daemons[d].daemon, c->view, c->enters);
			print_string(c->words);
			fputs(", ", stdout);
			print_string(c->undo);
			fputs(", ", stdout);
			print_string(c->help);
			puts(" },");
		}
	puts("\t{ 0 }\n};");
}

/* Of one daemon, or of all. A view may be there for what other daemons are to say in it. */
static bool
has_rows(enum view view, const char *daemon)
{
	for (size_t d = 0; d < COUNT(daemons); d++)
		command_each (c, daemons[d].rows)
			if (c->view == view && (!daemon || strcmp(daemons[d].daemon, daemon) == 0))
				return true;
	return false;
}

static void
print_markdown(void)
{
	puts("# Commands\n\nMade from the rows of every `commands.c`. Words in capitals are parameters.");
	for (int view = VIEW_EXEC; view < VIEW_COUNT; view++) {
		if (!has_rows((enum view)view, NULL))
			continue;
		printf("\n## %s%s view\n\n| command | what it does | daemon | reference |\n|---|---|---|---|\n",
		    view == VIEW_EXEC ? "On the command line: the " : "In router.conf: the ",
		    view_name((enum view)view));
		for (size_t d = 0; d < COUNT(daemons); d++)
			command_each (c, daemons[d].rows) {
				struct text form = { 0 };
				if (c->view != (enum view)view)
					continue;
				template_describe(c->words, &form);
				fputs("| `", stdout);
				for (const char *s = text_chars(&form); *s; s++)
					printf(*s == '|' ? "\\|" : "%c", *s);
				printf("` | %s | %s | %s |\n", c->help, daemons[d].daemon, c->ref);
				text_free(&form);
			}
	}
}

/* Text of a manual page: its escapes, and no request at the beginning of a line. */
static void
print_man_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '"')
			fputs("\\(dq", stdout);
		else
			putchar(*s);
	}
}

/* The commands of one daemon's command line, or with "router.conf" the lines of all, view by view. */
static void
print_man(const char *which)
{
	bool file = strcmp(which, "router.conf") == 0;

	for (int view = file ? VIEW_SYSTEM : VIEW_EXEC; view < (file ? VIEW_COUNT : VIEW_EXEC + 1); view++) {
		if (!has_rows((enum view)view, file ? NULL : which))
			continue;
		if (file)
			printf(".Ss In the %s view\n", view_name((enum view)view));
		puts(".Bl -tag -width Ds");
		for (size_t d = 0; d < COUNT(daemons); d++)
			command_each (c, daemons[d].rows) {
				struct text form = { 0 };
				if (c->view != (enum view)view || (!file && strcmp(daemons[d].daemon, which) != 0))
					continue;
				template_describe(c->words, &form);
				fputs(".It Xo\n", stdout);
				print_man_text(text_chars(&form));
				fputs("\n.Xc\n", stdout);
				print_man_text(c->help);
				printf(".\n.Pq %s\n", c->ref);
				text_free(&form);
			}
		puts(".El");
	}
}

int
main(int argc, char **argv)
{
	int bad = 0;

	for (size_t d = 0; d < COUNT(daemons); d++)
		command_each (c, daemons[d].rows)
			bad |= check(daemons[d].daemon, c);
	if (bad)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--markdown") == 0)
		print_markdown();
	else if (argc > 2 && strcmp(argv[1], "--man") == 0)
		print_man(argv[2]);
	else
		print_c();
	return 0;
}
