// SHA-256 from BearSSL, under the project's name: the only place that includes its headers.
#ifndef IAP_SHA256_H
#define IAP_SHA256_H

#include <bearssl_hash.h>
#include <stddef.h>
#include <stdint.h>

struct iap_sha256 {
    br_sha256_context context;
};

static inline void iap_sha256_start(struct iap_sha256 *sha) {
    br_sha256_init(&sha->context);
}

static inline void iap_sha256_update(struct iap_sha256 *sha, const uint8_t *bytes, size_t size) {
    br_sha256_update(&sha->context, bytes, size);
}

static inline void iap_sha256_finish(const struct iap_sha256 *sha, uint8_t digest[32]) {
    br_sha256_out(&sha->context, digest);
}

#endif
