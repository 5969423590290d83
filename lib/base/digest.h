#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include <stddef.h>
#include <stdint.h>

/* Message digests for the protocols' authentication. The only file that knows the library that computes them. */
enum { DIGEST_MD5_BYTES = 16, DIGEST_SHA1_BYTES = 20, DIGEST_BYTES_MAX = 64 };
enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_KINDS };

void digest_md5(const void *bytes, size_t size, uint8_t out[DIGEST_MD5_BYTES]);
void digest_sha1(const void *bytes, size_t size, uint8_t out[DIGEST_SHA1_BYTES]);
size_t digest_size(enum digest_kind);
void digest_of(enum digest_kind, const void *bytes, size_t size, uint8_t *out); /* digest_size() bytes */
/* HMAC (RFC 2104) over two pieces, one behind the other. */
void digest_hmac(enum digest_kind, const void *key, size_t key_size, const void *first, size_t first_size,
    const void *second, size_t second_size, uint8_t out[DIGEST_BYTES_MAX]);
/* Compares in a time that does not tell where the first difference is. Nonzero: equal. */
int digest_equal(const void *, const void *, size_t);
#endif
