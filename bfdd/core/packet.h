#ifndef BFDD_CORE_PACKET_H
#define BFDD_CORE_PACKET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BFD Control packets as bytes and as values: RFC 5880 section 4. Times are microseconds, as on the wire. */
enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP, BFD_STATES };
enum bfd_diag {
	BFD_DIAG_NONE,
	BFD_DIAG_EXPIRED,    /* control detection time expired */
	BFD_DIAG_ECHO,       /* echo function failed */
	BFD_DIAG_NEIGHBOR,   /* neighbour signalled session down */
	BFD_DIAG_FORWARDING, /* forwarding plane reset */
	BFD_DIAG_PATH,
	BFD_DIAG_CONCATENATED,
	BFD_DIAG_ADMIN, /* administratively down */
	BFD_DIAG_REVERSE,
};
enum bfd_auth_type { BFD_AUTH_NONE, BFD_AUTH_SIMPLE, BFD_AUTH_MD5, BFD_AUTH_MET_MD5, BFD_AUTH_SHA1, BFD_AUTH_MET_SHA1 };

enum { BFD_VERSION = 1, BFD_BYTES = 24, BFD_KEY_MAX = 20, BFD_PACKET_MAX = BFD_BYTES + 28 };

struct bfd_auth_section {
	enum bfd_auth_type type;
	uint8_t key_id;
	uint32_t sequence;             /* MD5 and SHA1 */
	const uint8_t *secret;         /* the password, or the digest; within the packet */
	size_t secret_size, secret_at; /* where: offset in the packet */
};
struct bfd_packet {
	enum bfd_state state;
	uint8_t diag, detect_mult;
	bool poll, final, independent /* C */, demand;
	uint32_t mine, yours; /* discriminators, from the sender's view */
	uint32_t desired_min_tx_us, required_min_rx_us, required_min_echo_us;
	struct bfd_auth_section auth; /* type BFD_AUTH_NONE: there is none */
	const uint8_t *bytes;         /* as received; the Length field's many */
	size_t size;
};

/* Why a packet changed nothing. Each is counted; the first ones are the rules of RFC 5880 section 6.8.6 in their order. */
enum bfd_verdict {
	BFD_ACCEPTED,
	BFD_BAD_VERSION,
	BFD_BAD_LENGTH, /* too small for what it says, or greater than the payload */
	BFD_ZERO_MULT,
	BFD_MULTIPOINT,
	BFD_ZERO_MINE,
	BFD_NO_SESSION, /* Your Discriminator, or the addresses, belong to none */
	BFD_ZERO_YOURS, /* in a state that must know it */
	BFD_AUTH_UNEXPECTED,
	BFD_AUTH_MISSING,
	BFD_AUTH_FAILED,   /* type, key, password or digest */
	BFD_AUTH_REPLAYED, /* sequence number */
	BFD_BAD_TTL,       /* RFC 5881 section 5, RFC 5883 */
	BFD_WRONG_PATH,    /* not the interface or addresses of the session */
	BFD_IS_ADMIN_DOWN, /* our end is */
	BFD_VERDICTS
};
const char *bfd_verdict_text(enum bfd_verdict);
const char *bfd_state_name(enum bfd_state); /* "AdminDown", "Down", "Init", "Up" */
const char *bfd_diag_text(uint8_t);

/* Everything that can be judged without a session: rules 1 to 8 but for the search, and the form of the
 * authentication section. *ret is valid as long as the bytes are, and untouched unless the verdict is BFD_ACCEPTED. */
enum bfd_verdict bfd_decode(const uint8_t *bytes, size_t size, struct bfd_packet *ret);
/* Of a packet as it is sent: says Up, and neither asks nor answers. */
bool bfd_is_steady(const uint8_t bytes[BFD_BYTES]);
/* Without authentication; BFD_BYTES. */
void bfd_encode(const struct bfd_packet *, uint8_t out[BFD_BYTES]);
#endif
