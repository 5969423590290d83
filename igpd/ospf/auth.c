/*
 * Authentication of packets: RFC 2328 appendix D (none, simple password, MD5), RFC 5709 (HMAC-SHA).
 *
 * The first key is used to send; whatever names one of the others is accepted too, so that keys can be changed on one router
 * after the other. The cryptographic sequence number is the date in seconds: it never runs backwards, over restarts either.
 */
#include "base/digest.h"
#include "igpd/ospf/model.h"
#include <string.h>

enum { SIMPLE_BYTES = 8, APAD_WORDS = DIGEST_BYTES_MAX / 4 };

static const struct ospf_key *
sending_key(const struct iface *i)
{
	static const struct ospf_key none;

	return i->keys.count ? &i->keys.key[0] : &none;
}

static bool
is_cryptographic(const struct ospf_key *k)
{
	return k->kind >= OSPF_KEY_MD5;
}

static enum digest_kind
digest_for(const struct ospf_key *k)
{
	switch (k->kind) {
	case OSPF_KEY_SHA1: return DIGEST_SHA1;
	case OSPF_KEY_SHA256: return DIGEST_SHA256;
	case OSPF_KEY_SHA384: return DIGEST_SHA384;
	case OSPF_KEY_SHA512: return DIGEST_SHA512;
	default: return DIGEST_MD5;
	}
}

size_t
ospf_auth_room(const struct iface *i)
{
	size_t most = 0;

	for (uint8_t k = 0; k < i->keys.count; k++)
		if (is_cryptographic(&i->keys.key[k]) && digest_size(digest_for(&i->keys.key[k])) > most)
			most = digest_size(digest_for(&i->keys.key[k]));
	return most;
}

/* D.4.3: the packet and the key in 16 bytes. */
static void
md5(const struct ospf_key *k, const uint8_t *bytes, size_t size, uint8_t out[DIGEST_BYTES_MAX])
{
	uint8_t whole[OSPF_PACKET_MAX + DIGEST_MD5_BYTES];
	size_t length = strlen(k->secret);

	memcpy(whole, bytes, size);
	memset(whole + size, 0, DIGEST_MD5_BYTES);
	memcpy(whole + size, k->secret, length < DIGEST_MD5_BYTES ? length : DIGEST_MD5_BYTES);
	digest_of(DIGEST_MD5, whole, size + DIGEST_MD5_BYTES, out);
}

/* RFC 5709 section 3.3: the key made as long as the digest, over the packet and Apad. */
static void
hmac(const struct ospf_key *k, const uint8_t *bytes, size_t size, uint8_t out[DIGEST_BYTES_MAX])
{
	enum digest_kind kind = digest_for(k);
	uint8_t key[DIGEST_BYTES_MAX] = { 0 }, apad[DIGEST_BYTES_MAX];
	static const uint8_t word[] = { 0x87, 0x8f, 0xe1, 0xf3 };
	size_t length = strlen(k->secret), full = digest_size(kind);

	if (length > full)
		digest_of(kind, k->secret, length, key);
	else
		memcpy(key, k->secret, length);
	for (int i = 0; i < APAD_WORDS; i++)
		memcpy(apad + sizeof word * (size_t)i, word, sizeof word);
	digest_hmac(kind, key, full, bytes, size, apad, full, out);
}

static void
digest(const struct ospf_key *k, const uint8_t *bytes, size_t size, uint8_t out[DIGEST_BYTES_MAX])
{
	if (k->kind == OSPF_KEY_MD5)
		md5(k, bytes, size, out);
	else
		hmac(k, bytes, size, out);
}

size_t
ospf_auth_seal(const struct iface *i, struct wire_writer *w)
{
	const struct ospf_key *k = sending_key(i);
	uint8_t field[8] = { 0 }, sum[DIGEST_BYTES_MAX];

	if (k->kind == OSPF_KEY_SIMPLE)
		memcpy(field, k->secret, strlen(k->secret) < SIMPLE_BYTES ? strlen(k->secret) : SIMPLE_BYTES);
	if (!is_cryptographic(k))
		return ospf_end(w, k->kind == OSPF_KEY_SIMPLE ? OSPF_AUTH_SIMPLE : OSPF_AUTH_NONE, field);
	size_t length = digest_size(digest_for(k));
	struct wire_writer f = wire_writer(field, sizeof field);
	wire_put_u16(&f, 0);
	wire_put_u8(&f, k->id);
	wire_put_u8(&f, (uint8_t)length);
	wire_put_u32(&f, (uint32_t)(i->ospf->wall_s + i->ospf->now / USEC_PER_SEC));
	size_t size = ospf_end(w, OSPF_AUTH_CRYPTOGRAPHIC, field);
	digest(k, w->base, size, sum);
	w->size = size + length; /* iface_room() has kept it free */
	wire_put_bytes(w, sum, length);
	return w->at;
}

static enum ospf_verdict
check_digest(const struct iface *i, const struct ospf_header *h, const uint8_t *bytes, size_t size,
    const struct neighbor *n, uint32_t *ret_sequence)
{
	struct wire_reader f = wire_reader(h->auth, sizeof h->auth);
	uint8_t sum[DIGEST_BYTES_MAX];

	wire_u16(&f);
	uint8_t id = wire_u8(&f);
	uint8_t length = wire_u8(&f);
	*ret_sequence = wire_u32(&f);
	for (uint8_t k = 0; k < i->keys.count; k++) {
		const struct ospf_key *key = &i->keys.key[k];
		if (!is_cryptographic(key) || key->id != id)
			continue;
		if (length != digest_size(digest_for(key)) || size - h->length < length)
			return OSPF_BAD_AUTH;
		digest(key, bytes, h->length, sum);
		if (!digest_equal(sum, bytes + h->length, length))
			return OSPF_BAD_AUTH;
		return n && n->state > NS_DOWN && *ret_sequence < n->auth_sequence ? OSPF_REPLAYED : OSPF_ACCEPTED;
	}
	return OSPF_BAD_AUTH;
}

enum ospf_verdict
ospf_auth_check(const struct iface *i, const struct ospf_header *h, const uint8_t *bytes, size_t size,
    const struct neighbor *n, uint32_t *ret_sequence)
{
	const struct ospf_key *k = sending_key(i);
	uint16_t type = is_cryptographic(k)          ? OSPF_AUTH_CRYPTOGRAPHIC
			: k->kind == OSPF_KEY_SIMPLE ? OSPF_AUTH_SIMPLE
						     : OSPF_AUTH_NONE;
	uint8_t password[SIMPLE_BYTES] = { 0 };

	*ret_sequence = 0;
	if (h->auth_type != type)
		return OSPF_BAD_AUTH_TYPE;
	if (type == OSPF_AUTH_CRYPTOGRAPHIC)
		return check_digest(i, h, bytes, size, n, ret_sequence);
	if (type == OSPF_AUTH_NONE)
		return OSPF_ACCEPTED;
	memcpy(password, k->secret, strlen(k->secret) < SIMPLE_BYTES ? strlen(k->secret) : SIMPLE_BYTES);
	return digest_equal(password, h->auth, SIMPLE_BYTES) ? OSPF_ACCEPTED : OSPF_BAD_AUTH;
}
