#include "iap_crc.h"

#include "iap_port.h"

// Less is not worth the call [bytes].
#define SHORTEST 16u

// One row a nibble: 64 bytes of flash, 13 instructions a byte on a Cortex-M3. The usual 1 KB table
// needs 9.
static const uint32_t table[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};
_Static_assert(IAP_CRC_POLYNOMIAL == 0x04c11db7, "the table is of this polynomial, reflected");

uint32_t iap_crc32(uint32_t previous, const uint8_t *bytes, size_t size) {
    uint32_t crc = ~previous;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

uint32_t iap_port_crc32(const struct iap_port *port, uint32_t previous, const uint8_t *bytes,
                        size_t size) {
    uint32_t crc = previous;
    size_t at = 0;
    if (port != NULL && port->crc32 != NULL && size >= SHORTEST) {
        at = (0 - (uintptr_t)bytes) % 4;
        crc = iap_crc32(crc, bytes, at);
        size_t words = (size - at) / 4;
        if (port->crc32(port->context, &crc, bytes + at, words)) {
            at += 4 * words;
        }
    }
    return iap_crc32(crc, bytes + at, size - at);
}
