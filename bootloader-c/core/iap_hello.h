// The answer to HELLO, which bootloaders and applications give alike.
#ifndef IAP_HELLO_H
#define IAP_HELLO_H

#include "iap_identity.h"
#include "iap_record.h"

struct iap_hello {
    const struct iap_config *config;
    const struct iap_identity *identity;
    const struct iap_record *record;
    enum iap_mode mode;
    enum iap_stay stay;

    // Of the bootloader; 0 from an application.
    uint8_t version[3];

    // IAP_IMAGE_STATE_* beyond what the record says.
    uint8_t installed_state;

    uint32_t capabilities;
};

// Writes IAP_HELLO_RESPONSE_SIZE bytes.
void iap_hello_encode(const struct iap_hello *hello, uint8_t *to);

#endif
