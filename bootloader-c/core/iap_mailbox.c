#include "iap_mailbox.h"

#include "iap_bytes.h"
#include "iap_crc.h"

void iap_mailbox_pack(uint8_t bytes[IAP_MAILBOX_SIZE], const struct iap_mailbox *mailbox) {
    iap_put32(bytes + IAP_MAILBOX_AT_MAGIC, IAP_MAILBOX_MAGIC);
    iap_put32(bytes + IAP_MAILBOX_AT_REQUEST, mailbox->request);
    iap_put32(bytes + IAP_MAILBOX_AT_TOKEN, mailbox->token);
    iap_put32(bytes + IAP_MAILBOX_AT_STAY, mailbox->stay);
    iap_put32(bytes + IAP_MAILBOX_AT_RESET_FLAGS, mailbox->reset_flags);
    iap_put32(bytes + IAP_MAILBOX_AT_SEQUENCE, mailbox->sequence);
    iap_put32(bytes + IAP_MAILBOX_AT_ADDRESS, mailbox->address);
    iap_put32(bytes + IAP_MAILBOX_AT_CRC32, iap_crc32(0, bytes, IAP_MAILBOX_AT_CRC32));
}

struct iap_mailbox iap_mailbox_take(uint8_t bytes[IAP_MAILBOX_SIZE]) {
    struct iap_mailbox mailbox = {0};
    if (iap_get32(bytes + IAP_MAILBOX_AT_MAGIC) == IAP_MAILBOX_MAGIC &&
        iap_get32(bytes + IAP_MAILBOX_AT_CRC32) == iap_crc32(0, bytes, IAP_MAILBOX_AT_CRC32)) {
        mailbox = (struct iap_mailbox){
            .request = iap_get32(bytes + IAP_MAILBOX_AT_REQUEST),
            .token = iap_get32(bytes + IAP_MAILBOX_AT_TOKEN),
            .stay = iap_get32(bytes + IAP_MAILBOX_AT_STAY),
            .reset_flags = iap_get32(bytes + IAP_MAILBOX_AT_RESET_FLAGS),
            .sequence = iap_get32(bytes + IAP_MAILBOX_AT_SEQUENCE),
            .address = iap_get32(bytes + IAP_MAILBOX_AT_ADDRESS),
        };
        iap_fill(bytes, 0, IAP_MAILBOX_SIZE);
    }
    return mailbox;
}
