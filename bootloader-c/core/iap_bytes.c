#include "iap_bytes.h"

void iap_copy(uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t i = 0; i < size; i++) {
        to[i] = from[i];
    }
}

void iap_fill(uint8_t *to, uint8_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        to[i] = value;
    }
}

bool iap_equal(const uint8_t *a, const uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

bool iap_all(const uint8_t *bytes, uint8_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}
