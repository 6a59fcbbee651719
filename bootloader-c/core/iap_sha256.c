#include "iap_sha256.h"

// BearSSL
#include <inner.h>

#include "iap_bytes.h"

// Bytes at the end of the last block, FIPS 180-4 section 5.1.1.
#define LENGTH_SIZE 8u

void iap_sha256_start(struct iap_sha256 *sha) {
    for (uint32_t i = 0; i < 8; i++) {
        sha->state[i] = br_sha256_IV[i];
    }
    sha->size = 0;
}

void iap_sha256_blocks(struct iap_sha256 *sha, const uint8_t *bytes, uint32_t size) {
    for (uint32_t at = 0; at < size; at += IAP_SHA256_BLOCK) {
        br_sha2small_round(bytes + at, sha->state);
    }
    sha->size += size;
}

void iap_sha256_finish(struct iap_sha256 *sha, const uint8_t *rest, uint32_t size,
                       uint8_t digest[IAP_SHA256_DIGEST]) {
    uint8_t last[2 * IAP_SHA256_BLOCK];
    uint32_t padded =
        size + 1 + LENGTH_SIZE <= IAP_SHA256_BLOCK ? IAP_SHA256_BLOCK : 2 * IAP_SHA256_BLOCK;
    uint32_t bytes = sha->size + size;
    iap_fill(last, 0, sizeof last);
    iap_copy(last, rest, size);
    last[size] = 0x80;
    // Length in bits, 64-bit, big-endian.
    br_enc32be(last + padded - 8, bytes >> 29);
    br_enc32be(last + padded - 4, bytes << 3);
    iap_sha256_blocks(sha, last, padded);
    br_range_enc32be(digest, sha->state, 8);
}
