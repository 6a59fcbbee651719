#include "iap_bytes.h"

void iap_copy(uint8_t *to, const uint8_t *from, size_t size) {
    size_t i = 0;
    for (; size - i >= 4; i += 4) {
        iap_put32(to + i, iap_get32(from + i));
    }
    for (; i < size; i++) {
        to[i] = from[i];
    }
}

void iap_fill(uint8_t *to, uint8_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        to[i] = value;
    }
}

bool iap_equal(const uint8_t *a, const uint8_t *b, size_t size) {
    size_t i = 0;
    for (; size - i >= 4; i += 4) {
        if (iap_get32(a + i) != iap_get32(b + i)) {
            return false;
        }
    }
    for (; i < size; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

bool iap_all(const uint8_t *bytes, uint8_t value, size_t size) {
    const uint32_t four = value * 0x01010101u;
    size_t i = 0;
    for (; size - i >= 4; i += 4) {
        if (iap_get32(bytes + i) != four) {
            return false;
        }
    }
    for (; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}
