#ifndef L2VPND_LSP_PING_H
#define L2VPND_LSP_PING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * LSP ping messages (RFC 8029 section 3), as far as pseudowires need them: a header, the pseudowire that the sender means
 * (the Target FEC Stack with one FEC 128 sub-TLV), and bytes that only make the message long (Pad).
 *
 * A reader keeps views into the bytes that it was given; a writer copies. Times are in NTP's format.
 */
enum {
	LSP_PING_PORT = 3503,
	LSP_PING_HEADER = 32,
	LSP_PING_LEAST = LSP_PING_HEADER + 24, /* a message with a pseudowire and nothing else */
	LSP_PING_ERRORS = 4,                   /* so many TLVs that were not understood are named */
	LSP_PING_VALIDATE = 1, /* global flag V: the receiver is to look whether the FEC is the right one */
};
enum lsp_ping_type { LSP_PING_REQUEST = 1, LSP_PING_REPLY = 2 };
enum lsp_ping_mode { LSP_PING_NO_REPLY = 1, LSP_PING_BY_UDP = 2, LSP_PING_BY_ALERT = 3, LSP_PING_BY_CHANNEL = 4 };
enum lsp_ping_code { /* section 3.1 */
	LSP_PING_MALFORMED = 1,
	LSP_PING_UNKNOWN_TLV = 2,
	LSP_PING_EGRESS = 3,
	LSP_PING_NO_MAPPING = 4,
	LSP_PING_OTHER_LABEL = 10,
	LSP_PING_NO_LABEL = 11,
};
enum lsp_ping_pad { LSP_PING_DROP_PAD = 1, LSP_PING_COPY_PAD = 2 };

struct lsp_ping_bytes { /* a view */
	const uint8_t *bytes;
	size_t size;
};
struct lsp_ping_fec { /* sections 3.2.8 and 3.2.9; addresses in host order */
	bool has_sender;
	uint32_t sender, remote, vc_id;
	uint16_t type; /* RFC 4446 3.2 */
};
struct lsp_ping {
	uint8_t type, mode, code, subcode;
	uint16_t flags;
	uint32_t handle, sequence;
	uint64_t sent, received;
	struct lsp_ping_fec fec;     /* the innermost */
	unsigned depth;              /* how many FECs there are */
	struct lsp_ping_bytes stack; /* value of the Target FEC Stack; a writer with none makes it of `fec` */
	struct lsp_ping_bytes pad;   /* its first byte: enum lsp_ping_pad */
	struct lsp_ping_bytes not_understood[LSP_PING_ERRORS]; /* whole TLVs */
	unsigned error_count;
};
enum lsp_ping_verdict {
	LSP_PING_OK,
	LSP_PING_NO_MESSAGE, /* too short, another version, no type of ours: nobody is answered */
	LSP_PING_BAD,        /* a header that can be answered, and behind it no TLVs */
	LSP_PING_STRANGE,    /* TLVs that must be understood, and are not */
};

enum lsp_ping_verdict lsp_ping_read(struct lsp_ping *, const uint8_t *message, size_t size);
/* Its size; 0: it does not fit. */
size_t lsp_ping_write(const struct lsp_ping *, uint8_t *out, size_t room);
const char *lsp_ping_code_text(
    unsigned code); /* what an operator is told of it: "it is not the label of this pseudowire" */
uint64_t lsp_ping_time(uint64_t us_since_1970);
#endif
