// Little-endian access and byte loops for code without a C library.
#ifndef IAP_BYTES_H
#define IAP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t iap_get16(const uint8_t *from) {
    return (uint16_t)(from[0] | from[1] << 8);
}

__attribute__((always_inline)) static inline uint32_t iap_get32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline void iap_put16(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

__attribute__((always_inline)) static inline void iap_put32(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
}

void iap_copy(uint8_t *to, const uint8_t *from, size_t size);
void iap_fill(uint8_t *to, uint8_t value, size_t size);
bool iap_equal(const uint8_t *a, const uint8_t *b, size_t size);
bool iap_all(const uint8_t *bytes, uint8_t value, size_t size);

#endif
