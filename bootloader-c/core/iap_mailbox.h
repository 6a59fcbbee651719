// The mailbox: 32 bytes of SRAM through which bootloader and application speak across a reset.
#ifndef IAP_MAILBOX_H
#define IAP_MAILBOX_H

#include <stdint.h>

#include "iap_protocol.h"

struct iap_mailbox {
    // enum iap_request
    uint32_t request;

    uint32_t token;

    // enum iap_stay
    uint32_t stay;

    uint32_t reset_flags;
    uint32_t sequence;
    uint32_t address;
};

void iap_mailbox_pack(uint8_t bytes[IAP_MAILBOX_SIZE], const struct iap_mailbox *mailbox);

// Reads the mailbox and clears it. All zero, request NONE, if there is no good one: the bytes are
// then left alone, as they may be variables of an application that knows of no mailbox.
struct iap_mailbox iap_mailbox_take(uint8_t bytes[IAP_MAILBOX_SIZE]);

#endif
