// The image header, where it lies: in flash or in a request. Its fields are read through the
// functions here, which alone know their offsets. Layout and meaning: docs/protocol.md, section
// header.
#ifndef IAP_HEADER_H
#define IAP_HEADER_H

#include "iap_bytes.h"
#include "iap_result.h"

struct iap_header {
    uint8_t bytes[IAP_HEADER_SIZE];
};

// The header at bytes, of which there are IAP_HEADER_SIZE. They may be anything.
static inline const struct iap_header *iap_header_at(const uint8_t *bytes) {
    return (const struct iap_header *)bytes;
}

static inline bool iap_header_equal(const struct iap_header *a, const struct iap_header *b) {
    return iap_equal(a->bytes, b->bytes, sizeof a->bytes);
}

// BAD_HEADER with the offset of what is not as it must be.
static inline iap_result iap_header_check_format(const struct iap_header *header) {
    if (iap_get32(header->bytes + IAP_HEADER_AT_MAGIC) != IAP_HEADER_MAGIC) {
        return iap_failure(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_MAGIC);
    }
    if (iap_get16(header->bytes + IAP_HEADER_AT_FORMAT) != IAP_HEADER_FORMAT) {
        return iap_failure(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_FORMAT);
    }
    if (iap_get16(header->bytes + IAP_HEADER_AT_HEADER_SIZE) != IAP_HEADER_SIZE) {
        return iap_failure(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_HEADER_SIZE);
    }
    return iap_success();
}

// 16 bytes; all zero: any product.
static inline const uint8_t *iap_header_product(const struct iap_header *header) {
    return header->bytes + IAP_HEADER_AT_PRODUCT;
}

static inline uint32_t iap_header_hardware_min(const struct iap_header *header) {
    return iap_get16(header->bytes + IAP_HEADER_AT_HARDWARE_MIN);
}

static inline uint32_t iap_header_hardware_max(const struct iap_header *header) {
    return iap_get16(header->bytes + IAP_HEADER_AT_HARDWARE_MAX);
}

// IAP_VERSION_SIZE bytes.
static inline const uint8_t *iap_header_version(const struct iap_header *header) {
    return header->bytes + IAP_HEADER_AT_VERSION;
}

static inline uint32_t iap_header_security_counter(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_SECURITY_COUNTER);
}

static inline uint32_t iap_header_load_address(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_LOAD_ADDRESS);
}

static inline uint32_t iap_header_image_size(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_IMAGE_SIZE);
}

static inline uint32_t iap_header_image_crc32(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_IMAGE_CRC32);
}

// 32 bytes.
static inline const uint8_t *iap_header_image_sha256(const struct iap_header *header) {
    return header->bytes + IAP_HEADER_AT_IMAGE_SHA256;
}

// IAP_IMAGE_FLAG_*
static inline uint32_t iap_header_flags(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_FLAGS);
}

// IAP_CAPABILITY_*
static inline uint32_t iap_header_capabilities(const struct iap_header *header) {
    return iap_get32(header->bytes + IAP_HEADER_AT_CAPABILITIES);
}

// 12 bytes; all zero: any device.
static inline const uint8_t *iap_header_unique_id(const struct iap_header *header) {
    return header->bytes + IAP_HEADER_AT_UNIQUE_ID;
}

// A bit for each key that is not revoked.
static inline uint8_t iap_header_usable_keys(const struct iap_header *header) {
    return header->bytes[IAP_HEADER_AT_USABLE_KEYS];
}

// enum iap_signature
static inline uint8_t iap_header_signature_algorithm(const struct iap_header *header) {
    return header->bytes[IAP_HEADER_AT_SIGNATURE_ALGORITHM];
}

static inline uint8_t iap_header_key_id(const struct iap_header *header) {
    return header->bytes[IAP_HEADER_AT_KEY_ID];
}

#endif
