/* MD5 and SHA-1, by nettle. */
#include "base/digest.h"
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/sha1.h>

void
digest_md5(const void *bytes, size_t size, uint8_t out[DIGEST_MD5_BYTES])
{
	struct md5_ctx c;

	md5_init(&c);
	md5_update(&c, size, bytes);
	md5_digest(&c, DIGEST_MD5_BYTES, out);
}

void
digest_sha1(const void *bytes, size_t size, uint8_t out[DIGEST_SHA1_BYTES])
{
	struct sha1_ctx c;

	sha1_init(&c);
	sha1_update(&c, size, bytes);
	sha1_digest(&c, DIGEST_SHA1_BYTES, out);
}

int
digest_equal(const void *a, const void *b, size_t size)
{
	return memeql_sec(a, b, size);
}
