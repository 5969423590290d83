/* MD5, the SHA family and HMAC, by nettle. */
#include "base/digest.h"
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>

static const struct nettle_hash *
hash_of(enum digest_kind k)
{
	switch (k) {
	case DIGEST_SHA1: return &nettle_sha1;
	case DIGEST_SHA256: return &nettle_sha256;
	case DIGEST_SHA384: return &nettle_sha384;
	case DIGEST_SHA512: return &nettle_sha512;
	default: return &nettle_md5;
	}
}

/* Room for the state of any of them. */
union state {
	struct md5_ctx md5;
	struct sha1_ctx sha1;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
};

size_t
digest_size(enum digest_kind k)
{
	return hash_of(k)->digest_size;
}

void
digest_of(enum digest_kind k, const void *bytes, size_t size, uint8_t *out)
{
	const struct nettle_hash *h = hash_of(k);
	union state s;

	h->init(&s);
	h->update(&s, size, bytes);
	h->digest(&s, h->digest_size, out);
}

void
digest_hmac(enum digest_kind k, const void *key, size_t key_size, const void *first, size_t first_size,
    const void *second, size_t second_size, uint8_t out[DIGEST_BYTES_MAX])
{
	const struct nettle_hash *h = hash_of(k);
	union state outer, inner, s;

	hmac_set_key(&outer, &inner, &s, h, key_size, key);
	hmac_update(&s, h, first_size, first);
	hmac_update(&s, h, second_size, second);
	hmac_digest(&outer, &inner, &s, h, h->digest_size, out);
}

void
digest_md5(const void *bytes, size_t size, uint8_t out[DIGEST_MD5_BYTES])
{
	digest_of(DIGEST_MD5, bytes, size, out);
}

void
digest_sha1(const void *bytes, size_t size, uint8_t out[DIGEST_SHA1_BYTES])
{
	digest_of(DIGEST_SHA1, bytes, size, out);
}

int
digest_equal(const void *a, const void *b, size_t size)
{
	return memeql_sec(a, b, size);
}
