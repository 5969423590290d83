/*
 * Authentication, RFC 5880 section 6.7. A session accepts each of its keys and signs with the first, so that a new key
 * can be given to both ends one after the other without a flap.
 */
#include "base/digest.h"
#include "base/wire.h"
#include "bfdd/core/model.h"
#include <string.h>

static bool
is_sha1(enum bfd_auth_type t)
{
	return t == BFD_AUTH_SHA1 || t == BFD_AUTH_MET_SHA1;
}

static bool
is_meticulous(enum bfd_auth_type t)
{
	return t == BFD_AUTH_MET_MD5 || t == BFD_AUTH_MET_SHA1;
}

/* Over the whole packet with the key, padded by zeros, where the digest will be (6.7.3, 6.7.4). */
static void
sign(const struct bfd_key *k, uint8_t *packet, size_t size, size_t digest_at, uint8_t digest[DIGEST_SHA1_BYTES])
{
	size_t n = is_sha1(k->type) ? DIGEST_SHA1_BYTES : DIGEST_MD5_BYTES;

	memset(packet + digest_at, 0, n);
	memcpy(packet + digest_at, k->secret, k->size < n ? k->size : n);
	if (is_sha1(k->type))
		digest_sha1(packet, size, digest);
	else
		digest_md5(packet, size, digest);
}

static bool
proves(const struct bfd_key *k, const struct bfd_packet *p)
{
	uint8_t copy[BFD_PACKET_MAX], digest[DIGEST_SHA1_BYTES];

	if (k->type == BFD_AUTH_SIMPLE)
		return k->size == p->auth.secret_size && digest_equal(k->secret, p->auth.secret, k->size);
	if (p->size > sizeof copy)
		return false;
	memcpy(copy, p->bytes, p->size);
	sign(k, copy, p->size, p->auth.secret_at, digest);
	return digest_equal(digest, p->auth.secret, p->auth.secret_size);
}

/* 6.7.3: within three multipliers of the last, and with the meticulous kinds not the same one again. */
static bool
sequence_is_fresh(const struct session *s, const struct bfd_packet *p)
{
	uint32_t ahead = p->auth.sequence - s->heard_sequence;

	if (p->auth.type == BFD_AUTH_SIMPLE || !s->sequence_known)
		return true;
	return ahead <= 3u * p->detect_mult && (ahead || !is_meticulous(p->auth.type));
}

enum bfd_verdict
auth_check(struct session *s, const struct bfd_packet *p)
{
	for (unsigned i = 0; i < s->params.key_count; i++) {
		const struct bfd_key *k = &s->params.keys[i];

		if (k->id != p->auth.key_id || k->type != p->auth.type)
			continue;
		if (!sequence_is_fresh(s, p))
			return BFD_AUTH_REPLAYED;
		if (!proves(k, p))
			return BFD_AUTH_FAILED;
		s->heard_sequence = p->auth.sequence;
		s->sequence_known = p->auth.type != BFD_AUTH_SIMPLE;
		return BFD_ACCEPTED;
	}
	return BFD_AUTH_FAILED;
}

size_t
auth_sign(struct session *s, uint8_t *packet)
{
	const struct bfd_key *k = &s->params.keys[0];
	size_t secret = k->type == BFD_AUTH_SIMPLE ? k->size : is_sha1(k->type) ? DIGEST_SHA1_BYTES : DIGEST_MD5_BYTES;
	size_t head = k->type == BFD_AUTH_SIMPLE ? 3 : 8;
	struct wire_writer w = wire_writer(packet + BFD_BYTES, BFD_PACKET_MAX - BFD_BYTES);
	size_t size = BFD_BYTES + head + secret;
	uint8_t digest[DIGEST_SHA1_BYTES];

	packet[1] |= 0x04;
	packet[3] = (uint8_t)size;
	wire_put_u8(&w, (uint8_t)k->type);
	wire_put_u8(&w, (uint8_t)(head + secret));
	wire_put_u8(&w, k->id);
	if (k->type == BFD_AUTH_SIMPLE) {
		wire_put_bytes(&w, k->secret, k->size);
		return size;
	}
	wire_put_u8(&w, 0);
	/* The plain kinds may repeat a number; a new one each time costs nothing and resists more. */
	wire_put_u32(&w, s->sequence++);
	sign(k, packet, size, BFD_BYTES + head, digest);
	memcpy(packet + BFD_BYTES + head, digest, secret);
	return size;
}
