/*
 * The configuration reader with the daemons' own rows. A text is refused with errors, or taken; and what was taken prints
 * in a form that is taken again and prints the same.
 */
#include "bfdd/commands.h"
#include "bfdd/config.h"
#include "bfdd/print.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include "igpd/print.h"
#include "fibd/commands.h"
#include "fibd/config.h"
#include "fibd/print.h"
#include "host/conf.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/print.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/print.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "ldpd/print.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
/* Taken by all daemons? Then their lines together. */
static bool
take(const char *text, struct text *ret_printed)
{
	struct fib_config fib = { 0 };
	struct ldp_config ldp;
	struct bfd_config bfd = { 0 };
	struct igp_config igp = { 0 };
	struct l3vpn_config *vpn = l3vpn_conf.fresh();
	struct l2vpn_config *l2vpn = l2vpn_conf.fresh();
	struct conf_errors errors = { 0 }, others = { 0 };
	struct conf_lines lines = { 0 };

	ldp_config_defaults(&ldp);
	bool good = conf_read_text("fuzz", text, fib_commands, &fib, &errors) == 0;
	good &= conf_read_text("fuzz", text, ldp_commands, &ldp, &others) == 0;
	good &= conf_read_text("fuzz", text, bfd_commands, &bfd, &others) == 0;
	good &= conf_read_text("fuzz", text, igp_commands, &igp, &others) == 0;
	good &= conf_read_text("fuzz", text, l3vpn_commands, vpn, &others) == 0 &&
		conf_check(&l3vpn_conf, "fuzz", vpn, &others) == 0;
	good &= conf_read_text("fuzz", text, l2vpn_commands, l2vpn, &others) == 0 &&
		conf_check(&l2vpn_conf, "fuzz", l2vpn, &others) == 0;
	if (!good && !errors.errors && !others.errors)
		abort(); /* refused without a word */
	if (good) {
		fib_print(&fib, &lines);
		ldp_print(&ldp, &lines);
		bfd_print(&bfd, &lines);
		igp_print(&igp, &lines);
		l2vpn_print(l2vpn, &lines);
		l3vpn_print(vpn, &lines);
		conf_lines_print(&lines, ret_printed);
	}
	conf_lines_free(&lines);
	conf_errors_free(&errors);
	conf_errors_free(&others);
	fib_config_free(&fib);
	ldp_config_free(&ldp);
	bfd_config_free(&bfd);
	igp_config_free(&igp);
	l3vpn_conf.drop(vpn);
	l2vpn_conf.drop(l2vpn);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	struct text first = { 0 }, second = { 0 };

	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	if (take(text, &first) &&
	    (!take(text_chars(&first), &second) || strcmp(text_chars(&first), text_chars(&second)) != 0)) {
		fprintf(stderr, "printed:\n%s\nprinted again:\n%s\n", text_chars(&first), text_chars(&second));
		abort();
	}
	text_free(&first);
	text_free(&second);
	free(text);
	return 0;
}
