#ifndef HELPER_ROWS_OF_COMMANDS_H
#define HELPER_ROWS_OF_COMMANDS_H
#include "host/command.h"
#include <check.h>

/* Every row of a daemon's commands has what its kind needs: templates that can be read, help, a reference, a handler. */
static inline void
check_rows_of_commands(const struct command *rows)
{
	char why[160];

	command_each (row, rows) {
		bool carried_out = (row->show && row->tables) || row->request || row->run;
		ck_assert_msg(template_is_valid(row->words, why), "%s: %s", row->words, why);
		ck_assert_msg(!row->undo || !*row->undo || template_is_valid(row->undo, why), "%s: %s", row->undo, why);
		ck_assert_msg(row->help && *row->help && row->ref && *row->ref, "%s", row->words);
		ck_assert_msg(row->view == VIEW_EXEC ? carried_out : row->set != NULL, "%s", row->words);
	}
}
#endif
