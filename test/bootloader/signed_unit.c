#include "signed_unit.h"

#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"

uint8_t *unit_keys(struct sim *sim) {
    return sim->flash + (IAP_KEYS_ADDRESS - IAP_BOOTLOADER_BASE);
}

void unit_factory(struct sim *sim) {
    sim_init(sim);
    uint8_t *identity = sim->flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    iap_put32(identity + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memcpy(identity + IAP_IDENTITY_AT_PRODUCT, UNIT_PRODUCT, 16);
    iap_put16(identity + IAP_IDENTITY_AT_HARDWARE, 1);
    iap_put32(identity + IAP_IDENTITY_AT_CRC32, iap_crc32(0, identity, IAP_IDENTITY_AT_CRC32));
    signer_block(unit_keys(sim));
}

void unit_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size,
                 uint32_t key) {
    sim_header(header, image, size);
    memcpy(header + IAP_HEADER_AT_PRODUCT, UNIT_PRODUCT, 16);
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
    header[IAP_HEADER_AT_KEY_ID] = (uint8_t)key;
    signer_sign(header);
}

uint8_t unit_update(struct sim *sim, const uint8_t *header, const uint8_t *image, uint32_t size) {
    uint16_t pages = (uint16_t)((size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE);
    uint8_t status = sim_begin(sim, header, 0);
    if (!sim->iap.update.session.active) {
        return status; // refused, or installed already
    }
    for (uint16_t page = 0; page < pages && status == IAP_STATUS_OK; page++) {
        status = sim_page(sim, page, image, size, page, 0);
    }
    return status == IAP_STATUS_OK ? sim_end(sim, pages) : status;
}

uint8_t unit_begin(struct sim *sim, const uint8_t *header, uint32_t *detail) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    uint32_t size;
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    sim_request(sim, 0, IAP_COMMAND_BEGIN, request, sizeof request);
    const uint8_t *answer = sim_response(sim, IAP_COMMAND_BEGIN, &size);
    CHECK(answer != NULL && size > 0);
    *detail = size == IAP_REFUSAL_SIZE ? iap_get32(answer + IAP_REFUSAL_AT_DETAIL) : 0;
    return answer[0];
}
