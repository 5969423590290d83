/* Decoders of LDP: any bytes as a PDU, its messages, their FECs (pseudowires among them) and addresses. Reading beyond is the sanitizers' to find. */
#include "ldpd/packet.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
touch(const uint8_t *bytes, size_t size)
{
	static volatile uint8_t sum;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
}

/* Its views are there, and what was read can be written again in no more room. */
static void
read_pw(const struct ldp_pw_fec *f)
{
	uint8_t room[1024];
	struct wire_writer w = wire_writer(room, sizeof room);

	touch(f->params.description, f->params.description_size);
	touch(f->group_name.value, f->group_name.size);
	touch(f->source.value, f->source.size);
	touch(f->target.value, f->target.size);
	ldp_put_pw_id(&w, f);
	ldp_put_pw_general(&w, f);
	if (w.full)
		abort();
}

static void
read_message(const struct ldp_msg *m)
{
	struct wire_reader list = { 0 };
	struct ldp_fec fec;

	if (m->type >= LDP_LABEL_MAPPING && m->type <= LDP_LABEL_ABORT)
		list = m->label.fecs;
	else if (m->type == LDP_NOTIFICATION)
		list = m->notification.fecs;
	else if (m->type == LDP_ADDRESS || m->type == LDP_ADDRESS_WITHDRAW)
		for (struct wire_reader a = m->address.list; wire_left(&a);)
			wire_u32(&a);
	while (list.base && wire_left(&list) && ldp_decode_fec(&list, &fec) == LDP_OK)
		if (ldp_fec_is_pw(&fec))
			read_pw(&fec.pw);
	if (m->type >= LDP_LABEL_MAPPING && m->type <= LDP_LABEL_ABORT)
		touch(m->label.pw.params.description, m->label.pw.params.description_size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	enum ldp_status status;
	struct ldp_pdu pdu;

	if (size)
		memcpy(exact, bytes, size);
	ldp_pdu_size(exact, size, LDP_PDU_MAX, &status);
	if (ldp_decode_pdu(exact, size, &pdu) == LDP_OK)
		while (wire_left(&pdu.body)) {
			struct ldp_msg m;
			if (ldp_decode_message(&pdu.body, &m) == LDP_OK)
				read_message(&m);
			ldp_status_name(m.type);
		}
	free(exact);
	return 0;
}
