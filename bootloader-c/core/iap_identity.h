// What the factory wrote about this unit: the identity block in the last 64 bytes of the
// bootloader's area.
#ifndef IAP_IDENTITY_H
#define IAP_IDENTITY_H

#include "iap_port.h"

struct iap_identity {
    // 16 bytes; NULL: blank or damaged block.
    const uint8_t *product;

    // There is a block, and it is not right: not a device of which nobody ever said what it is.
    bool damaged;

    // 16 bytes; NULL as above.
    const uint8_t *serial;

    uint16_t hardware;

    // Bus address; 0: none.
    uint8_t address;

    uint8_t flags;

    // Baud.
    uint32_t default_rate;
};

struct iap_identity iap_identity_read(const struct iap_target *target);

#endif
