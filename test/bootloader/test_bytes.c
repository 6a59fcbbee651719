// Loops over bytes: neither one too few nor one too many.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"

static void loops_end_where_they_end(void) {
    for (size_t size = 0; size < 20; size++) {
        uint8_t from[24];
        uint8_t to[24];
        for (size_t i = 0; i < sizeof from; i++) {
            from[i] = (uint8_t)(i + 1);
        }
        memset(to, 0x5a, sizeof to);
        iap_copy(to, from, size);
        for (size_t i = 0; i < sizeof to; i++) {
            CHECK_EQUAL(to[i], i < size ? from[i] : 0x5a);
        }
        CHECK(iap_equal(to, from, size));
        for (size_t i = 0; i < sizeof to; i++) {
            uint8_t other[24];
            memcpy(other, from, sizeof other);
            other[i] ^= 1;
            CHECK_EQUAL(iap_equal(other, from, size), i >= size);
        }
        memset(to, 0x5a, sizeof to);
        iap_fill(to, 0xa5, size);
        for (size_t i = 0; i < sizeof to; i++) {
            CHECK_EQUAL(to[i], i < size ? 0xa5 : 0x5a);
        }
        CHECK(iap_all(to, 0xa5, size));
        CHECK(!iap_all(to, 0xa5, size + 1));
        CHECK_EQUAL(iap_all(to, 0x5a, size), size == 0);
        for (size_t i = 0; i < size; i++) {
            to[i] ^= 1;
            CHECK(!iap_all(to, 0xa5, size));
            to[i] ^= 1;
        }
    }
}

int main(void) {
    RUN(loops_end_where_they_end);
}
