#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include <stddef.h>
#include <stdint.h>

/* Message digests for the protocols' authentication. The only file that knows the library that computes them. */
enum { DIGEST_MD5_BYTES = 16, DIGEST_SHA1_BYTES = 20 };

void digest_md5(const void *bytes, size_t size, uint8_t out[DIGEST_MD5_BYTES]);
void digest_sha1(const void *bytes, size_t size, uint8_t out[DIGEST_SHA1_BYTES]);
/* Compares in a time that does not tell where the first difference is. Nonzero: equal. */
int digest_equal(const void *, const void *, size_t);
#endif
