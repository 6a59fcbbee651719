// Little-endian access and byte loops for code without a C library.
#ifndef IAP_BYTES_H
#define IAP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "wire, flash and CPU have one byte order");

// Unaligned: the compiler makes one access of each where the core allows it.
static inline uint16_t iap_get16(const uint8_t *from) {
    uint16_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t iap_get32(const uint8_t *from) {
    uint32_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline void iap_put16(uint8_t *to, uint32_t value) {
    uint16_t low = (uint16_t)value;
    __builtin_memcpy(to, &low, sizeof low);
}

static inline void iap_put32(uint8_t *to, uint32_t value) {
    __builtin_memcpy(to, &value, sizeof value);
}

void iap_copy(uint8_t *to, const uint8_t *from, size_t size);
void iap_fill(uint8_t *to, uint8_t value, size_t size);
bool iap_equal(const uint8_t *a, const uint8_t *b, size_t size);
bool iap_all(const uint8_t *bytes, uint8_t value, size_t size);

#endif
