// The core's CRC-32 for fuzz-session, several times as fast and as strict about what it reads.
// fuzz-decoder holds the core's own against the reference.
#include "iap_crc.h"

#include <sanitizer/asan_interface.h>

#include "check.h"
#include "reference.h"

uint32_t iap_crc32(uint32_t previous, const uint8_t *bytes, size_t size) {
    CHECK(size == 0 || __asan_region_is_poisoned((void *)(uintptr_t)bytes, size) == NULL);
    return reference_crc32_from(previous, bytes, size);
}

uint32_t iap_port_crc32(const struct iap_port *port, uint32_t previous, const uint8_t *bytes,
                        size_t size) {
    (void)port;
    return iap_crc32(previous, bytes, size);
}
