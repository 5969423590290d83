/*
 * Prints every command of every daemon: as C, for the table by which a daemon knows whose line of
 * router.conf it reads; or with --markdown as the command reference. Refuses rows that are not complete.
 */
#include "base/mem.h"
#include "host/command_internal.h"
#include <stdio.h>
#include <string.h>

extern const struct command fib_commands[], ldp_commands[];

static const struct {
	const char *daemon;
	const struct command *rows;
} daemons[] = { { "fibd", fib_commands }, { "ldpd", ldp_commands } };

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
		putchar(*s);
	}
	putchar('"');
}

static int
check(const char *daemon, const struct command *c)
{
	char why[160] = "no help or no reference";

	if (c->help && c->ref && template_is_valid(c->words, why) && (!c->undo || !*c->undo || template_is_valid(c->undo, why)))
		return 0;
	fprintf(stderr, "%s: command `%s`: %s\n", daemon, c->words, why);
	return 1;
}

static void
print_c(void)
{
	puts("/* Made by tools/grammar.c. */\n#include \"host/command.h\"\nconst struct grammar_row grammar[] = {");
	for (size_t d = 0; d < COUNT(daemons); d++)
		for (const struct command *c = daemons[d].rows; c->words; c++) {
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

static void
print_markdown(void)
{
	puts("# Commands\n\nMade from the rows of every `commands.c`. Words in capitals are parameters.");
	for (int view = VIEW_EXEC; view < VIEW_COUNT; view++) {
		printf("\n## %s%s view\n\n| command | what it does | daemon | reference |\n|---|---|---|---|\n",
		    view == VIEW_EXEC ? "On the command line: the " : "In router.conf: the ", view_name((enum view)view));
		for (size_t d = 0; d < COUNT(daemons); d++)
			for (const struct command *c = daemons[d].rows; c->words; c++) {
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

int
main(int argc, char **argv)
{
	int bad = 0;

	for (size_t d = 0; d < COUNT(daemons); d++)
		for (const struct command *c = daemons[d].rows; c->words; c++)
			bad |= check(daemons[d].daemon, c);
	if (bad)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--markdown") == 0)
		print_markdown();
	else
		print_c();
	return 0;
}
