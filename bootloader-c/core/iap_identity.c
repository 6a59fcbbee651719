#include "iap_identity.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"

#define NO_RATE 0xffffffffu

struct iap_identity iap_identity_read(const struct iap_target *target) {
    const uint8_t *block = iap_flash_read(target, iap_identity_block(target->config));
    struct iap_identity identity = {.flags = 0xff, .default_rate = target->config->default_rate};
    if (iap_get32(block + IAP_IDENTITY_AT_MAGIC) != IAP_IDENTITY_MAGIC ||
        iap_get32(block + IAP_IDENTITY_AT_CRC32) != iap_crc32(0, block, IAP_IDENTITY_AT_CRC32)) {
        identity.damaged = !iap_all(block, 0xff, IAP_IDENTITY_SIZE);
        return identity;
    }
    identity.product = block + IAP_IDENTITY_AT_PRODUCT;
    identity.serial = block + IAP_IDENTITY_AT_SERIAL;
    identity.hardware = iap_get16(block + IAP_IDENTITY_AT_HARDWARE);
    identity.address = block[IAP_IDENTITY_AT_ADDRESS];
    identity.flags = block[IAP_IDENTITY_AT_FLAGS];
    uint32_t rate = iap_get32(block + IAP_IDENTITY_AT_DEFAULT_RATE);
    if (rate != 0 && rate != NO_RATE) {
        identity.default_rate = rate;
    }
    return identity;
}
