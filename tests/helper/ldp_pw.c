/* The stand-in for l2vpnd of a node: tells which pseudowires are wanted, again after each start. */
#include "base/mem.h"
#include "tests/helper/ldp_net.h"
#include <stdlib.h>

static void
tell(struct ldp_node *n, const struct net_pw *w, bool gone)
{
	L2vpn__PwRequest row = L2VPN__PW_REQUEST__INIT;
	struct addr peer = addr_v4(w->peer);

	row.peer = (ProtobufCBinaryData){ .len = 4, .data = peer.bytes };
	row.type = w->type;
	row.vc_id = w->vc_id;
	row.label = w->label;
	row.group = w->group;
	row.control_word = w->control_word;
	row.mtu = w->mtu;
	row.description = (char *)(uintptr_t)w->description;
	row.vlan = w->vlan;
	row.vccv_cc = w->vccv_cc;
	row.vccv_cv = w->vccv_cv;
	row.status = w->status;
	ldp_node_input(
	    n, &(struct ldp_input){
		   .kind = LDP_IN_ROW, .table = LDP_L2VPN_REQUEST, .row = &row, .gone = gone, .round = n->round });
}

void
net_pw_tell_all(struct ldp_node *n)
{
	for (size_t i = 0; i < n->pw_count; i++)
		tell(n, &n->pws[i], false);
	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = LDP_L2VPN_REQUEST, .round = n->round });
}

static size_t
find(const struct ldp_node *n, uint32_t peer, uint32_t type, uint32_t vc_id)
{
	size_t i = 0;

	while (i < n->pw_count && !(n->pws[i].peer == peer && n->pws[i].type == type && n->pws[i].vc_id == vc_id))
		i++;
	return i;
}

void
net_pw_want(struct ldp_node *n, const struct net_pw *w)
{
	size_t i = find(n, w->peer, w->type, w->vc_id);

	if (i == n->pw_count)
		n->pws = mem_resize(n->pws, ++n->pw_count * sizeof *n->pws);
	n->pws[i] = *w;
	if (n->ldp)
		tell(n, w, false);
}

void
net_pw_unwant(struct ldp_node *n, uint32_t peer, uint32_t type, uint32_t vc_id)
{
	size_t i = find(n, peer, type, vc_id);

	if (i == n->pw_count)
		return;
	struct net_pw gone = n->pws[i];
	n->pws[i] = n->pws[--n->pw_count];
	if (n->ldp)
		tell(n, &gone, true);
}
