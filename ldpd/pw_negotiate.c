/*
 * What two ends of a pseudowire agree on, RFC 8077 sections 5.4 and 7: decided here from what is wanted, told and heard, and
 * done by pw.c. Nothing here changes anything.
 *
 * The control word. Of two ends that prefer it both send C=1. One that does not sends C=0 and waits, whatever it hears, for
 * a C=0 of the other; one that sent C=1 and hears C=0 withdraws with "Wrong C-bit" and maps again with C=0. So an end that
 * hears C=0 first sends C=0 at once. An end whose preference changes takes all back and asks what the other prefers now
 * (7.3), for what it heard may have been but an answer to its own former preference. So it is after a restart: one that
 * prefers the control word and gave way before lets the other speak first. Otherwise it would have to break what works, or
 * give way to what the other does not want any more.
 *
 * The status. Each of our Mappings has a PW status TLV; when that of the peer has one too, status is told by Notification.
 * Otherwise a fault is told by withdrawing the label (5.4), and "standby" cannot be told.
 */
#include "ldpd/pw.h"
#include <string.h>

enum { FAULTS = 0x1f }; /* RFC 4446 3.5 */

bool
pw_is_faulty(uint32_t status)
{
	return status & FAULTS;
}

bool
pw_c_bit(bool preferred, bool heard, bool heard_c)
{
	return preferred && (!heard || heard_c);
}

/* Has the peer to have a label of ours? */
static bool
is_to_be_told(const struct pw *w)
{
	if (!w->requested || w->wanted.label == LABEL_UNSET)
		return false;
	return !pw_is_heard(w) || w->heard_status || !pw_is_faulty(w->wanted.status);
}

/* Terms that stand for as long as a label is told; a new label does not do without a Withdraw of the old one. */
static bool
terms_differ(const struct pw_terms *a, const struct pw_terms *b)
{
	return a->label != b->label || a->group != b->group || a->mtu != b->mtu || a->vlan != b->vlan ||
	       a->vccv_cc != b->vccv_cc || a->vccv_cv != b->vccv_cv;
}

bool
pw_terms_differ(const struct pw_terms *a, const struct pw_terms *b)
{
	return terms_differ(a, b) || a->control_word != b->control_word || strcmp(a->description, b->description) != 0;
}

static struct pw_decision
of_one_that_is_told(const struct pw *w)
{
	const struct pw_terms *told = &w->told, *wanted = &w->wanted;

	if (!is_to_be_told(w))
		return (struct pw_decision){ PW_ACT_WITHDRAW, LDP_OK };
	if (told->control_word && pw_is_heard(w) && !w->stale && !w->heard.control_word && w->awaited)
		return (struct pw_decision){ PW_ACT_BEGIN_ANEW, LDP_OK }; /* it may have answered what we took back */
	if (told->control_word && pw_is_heard(w) && !w->stale && !w->heard.control_word)
		return (struct pw_decision){ PW_ACT_WITHDRAW | PW_ACT_MAP, LDP_WRONG_C_BIT };
	if (terms_differ(told, wanted))
		return (struct pw_decision){ PW_ACT_WITHDRAW | PW_ACT_MAP, LDP_OK };
	if (strcmp(told->description, wanted->description) != 0)
		return (struct pw_decision){ PW_ACT_MAP, LDP_OK };
	if (told->status != wanted->status && pw_is_heard(w) && !w->stale && w->heard_status)
		return (struct pw_decision){ PW_ACT_STATUS, LDP_OK };
	return (struct pw_decision){ 0, LDP_OK };
}

bool
pw_is_waiting(const struct pw *w)
{
	return w->requested && w->stale && w->wanted.control_word && !w->heard.control_word;
}

struct pw_decision
pw_decide(const struct pw *w, bool up)
{
	if (!up)
		return (struct pw_decision){ 0, LDP_OK };
	if (w->state == PW_TOLD)
		return of_one_that_is_told(w);
	if (w->renegotiate)
		return (struct pw_decision){ w->awaited ? 0 : PW_ACT_ASK, LDP_OK };
	if (w->asked || w->state == PW_RELEASED || pw_is_waiting(w) || !is_to_be_told(w))
		return (struct pw_decision){ 0, LDP_OK };
	return (struct pw_decision){ PW_ACT_MAP, LDP_OK };
}

/* --- in words --- */

static void
type_text(uint16_t type, struct text *out)
{
	const char *name = ldp_pw_type_name(type);

	if (name)
		text_add(out, "%s", name);
	else
		text_add(out, "%u", type);
}

static void
add_trouble(struct text *out, const char *what)
{
	text_add(out, "%s%s", out->size ? "; " : "", what);
}

static void
of_what_was_heard(const struct pw *w, struct text *out)
{
	if (!w->requested)
		return;
	if (w->wanted.mtu && w->heard.mtu && w->wanted.mtu != w->heard.mtu) { /* RFC 4446 3.3: both must be equal */
		add_trouble(out, "MTU");
		text_add(out, " %u here, %u there", w->wanted.mtu, w->heard.mtu);
	}
	if (w->state == PW_TOLD && !w->told.control_word && w->heard.control_word)
		add_trouble(out, "control word not used here, used there");
}

void
pw_trouble(const struct pw *w, const struct pw *other, struct text *out)
{
	if (w->requested && w->lsr == w->ldp->config.lsr_id)
		add_trouble(out, "the peer's address is our own LSR id");
	if (w->requested && w->wanted.label == LABEL_UNSET)
		add_trouble(out, "there is no label for it here");
	if (pw_is_heard(w)) {
		of_what_was_heard(w, out);
	} else if (w->requested && other && pw_is_heard(other)) {
		add_trouble(out, "type ");
		type_text(w->type, out);
		text_add(out, " here, ");
		type_text(other->type, out);
		text_add(out, " there");
	}
	if (w->requested && w->state == PW_RELEASED) {
		add_trouble(out, "the other end has released our label");
		if (w->refused)
			text_add(out, ": %s", ldp_status_name(w->refused));
	}
	if (w->requested && w->asked)
		add_trouble(out, "the other end is asked whether it uses the control word");
}
