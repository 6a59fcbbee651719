// SHA-256 of an image, block by block. The compression function is BearSSL's.
#ifndef IAP_SHA256_H
#define IAP_SHA256_H

#include <stdint.h>

// FIPS 180-4, section 1 [bytes].
#define IAP_SHA256_BLOCK  64u
#define IAP_SHA256_DIGEST 32u

struct iap_sha256 {
    uint32_t state[8];

    // Hashed so far [bytes].
    uint32_t size;
};

void iap_sha256_start(struct iap_sha256 *sha);

// Hashes whole blocks; size is a multiple of IAP_SHA256_BLOCK.
void iap_sha256_blocks(struct iap_sha256 *sha, const uint8_t *bytes, uint32_t size);

// Hashes the rest, less than a block, and gives the digest.
void iap_sha256_finish(struct iap_sha256 *sha, const uint8_t *rest, uint32_t size,
                       uint8_t digest[IAP_SHA256_DIGEST]);

#endif
