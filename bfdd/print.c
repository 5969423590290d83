/* bfdd's lines of the running configuration. */
#include "bfdd/print.h"
#include "base/secret_text.h"
#include "bfdd/config.h"
#include <stdio.h>
#include <string.h>

/* The line that opens a session's view. */
static void
bind_line(const struct bfd_session_config *c, char out[320])
{
	char peer[ADDR_TEXT], source[ADDR_TEXT];
	const char *six = c->peer.family == 6 ? "v6" : "";
	size_t at = (size_t)snprintf(out, 320, "bfd %s bind peer-ip%s %s", c->name, six, addr_text(&c->peer, peer));

	if (c->vrf[0])
		at += (size_t)snprintf(out + at, 320 - at, " vpn-instance %s", c->vrf);
	if (c->interface[0])
		at += (size_t)snprintf(out + at, 320 - at, " interface %s", c->interface);
	if (addr_is_set(&c->source))
		at += (size_t)snprintf(out + at, 320 - at, " source-ip%s %s", six, addr_text(&c->source, source));
	if (c->automatic)
		snprintf(out + at, 320 - at, " auto");
}

static void
print_keys(const struct bfd_session_config *c, const char *head, unsigned order, struct conf_lines *out)
{
	static const char *const kinds[] = { "", "simple", "md5", "meticulous-md5", "sha1", "meticulous-sha1" };

	for (uint8_t i = 0; i < c->key_count; i++) {
		char secret[BFD_KEY_MAX + 1] = "", text[SECRET_TEXT];
		memcpy(secret, c->keys[i].secret, c->keys[i].size);
		secret_to_text(secret, text);
		conf_say(out, CONF_BFD_SESSIONS, head, order, "authentication %s key-id %u cipher %s",
		    kinds[c->keys[i].type], c->keys[i].id, text);
	}
}

static void
print_session(const struct bfd_session_config *c, unsigned order, struct conf_lines *out)
{
	char head[320];

	bind_line(c, head);
#define SAY(...) conf_say(out, CONF_BFD_SESSIONS, head, order, __VA_ARGS__)
	SAY("%s", "");
	if (c->local)
		SAY("discriminator local %u", c->local);
	if (c->remote)
		SAY("discriminator remote %u", c->remote);
	if (c->min_tx_ms != BFD_MIN_TX_MS)
		SAY("min-tx-interval %u", c->min_tx_ms);
	if (c->min_rx_ms != BFD_MIN_RX_MS)
		SAY("min-rx-interval %u", c->min_rx_ms);
	if (c->multiplier != BFD_MULTIPLIER)
		SAY("detect-multiplier %u", c->multiplier);
	if (c->wtr_min)
		SAY("wtr %u", c->wtr_min);
	if (c->tos_exp != BFD_TOS_EXP)
		SAY("tos-exp %u", c->tos_exp);
	if (c->min_ttl != BFD_MIN_TTL)
		SAY("min-ttl %u", c->min_ttl);
	if (c->echo_ms)
		SAY("echo-interval %u", c->echo_ms);
	if (c->echo_rx_ms)
		SAY("echo-passive min-rx-interval %u", c->echo_rx_ms);
	if (c->demand && c->demand_poll_ms)
		SAY("demand poll-interval %u", c->demand_poll_ms);
	else if (c->demand)
		SAY("demand");
	if (c->passive)
		SAY("passive");
	print_keys(c, head, order, out);
	if (c->follows)
		SAY("process-interface-status");
	if (c->pst)
		SAY("process-pst");
	if (c->description[0])
		SAY("description %s", c->description);
	if (c->shut)
		SAY("shutdown");
#undef SAY
}

void
bfd_print(const struct bfd_config *c, struct conf_lines *out)
{
	if (c->enabled)
		conf_say(out, CONF_BFD, "bfd", 0, "%s", "");
	if (c->damping.maximum_ms)
		conf_say(out, CONF_BFD, "bfd", 1, "dampening timer-interval maximum %u initial %u secondary %u",
		    c->damping.maximum_ms, c->damping.initial_ms, c->damping.secondary_ms);
	for (size_t i = 0; i < c->session_count; i++)
		print_session(&c->sessions[i], (unsigned)i, out);
}
