#include "signer.h"

#include <bearssl.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"

#define SIGNED_SIZE 192u

static void private_key(uint8_t x[32], uint32_t key) {
    memset(x, (int)(0x11 * (key % IAP_KEY_SLOTS + 1)), 32);
}

static void public_point(uint8_t point[64], uint32_t key) {
    uint8_t x[32];
    uint8_t encoded[65]; // 0x04, x, y
    private_key(x, key);
    CHECK_EQUAL(br_ec_get_default()->mulgen(encoded, x, sizeof x, BR_EC_secp256r1), sizeof encoded);
    memcpy(point, encoded + 1, 64);
}

uint8_t *signer_block(struct sim *sim) {
    return sim->flash + (IAP_KEYS_ADDRESS - IAP_BOOTLOADER_BASE);
}

void signer_seal(struct sim *sim) {
    uint8_t *block = signer_block(sim);
    iap_put32(block + IAP_KEY_BLOCK_AT_CRC32, iap_crc32(0, block, IAP_KEY_BLOCK_AT_CRC32));
}

void signer_slot(struct sim *sim, uint32_t key, enum iap_key_role role) {
    uint8_t *slot = signer_block(sim) + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE;
    memset(slot, 0xff, IAP_KEY_SLOT_SIZE);
    slot[IAP_KEY_SLOT_AT_ROLE] = (uint8_t)role;
    if (role != IAP_KEY_ROLE_NONE) {
        slot[IAP_KEY_SLOT_AT_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
        public_point(slot + IAP_KEY_SLOT_AT_POINT, key);
    }
    signer_seal(sim);
}

void signer_factory(struct sim *sim) {
    sim_init(sim);
    uint8_t *identity = sim->flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    iap_put32(identity + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memcpy(identity + IAP_IDENTITY_AT_PRODUCT, SIGNER_PRODUCT, 16);
    iap_put16(identity + IAP_IDENTITY_AT_HARDWARE, 1);
    iap_put32(identity + IAP_IDENTITY_AT_CRC32, iap_crc32(0, identity, IAP_IDENTITY_AT_CRC32));
    iap_put32(signer_block(sim) + IAP_KEY_BLOCK_AT_MAGIC, IAP_KEYS_MAGIC);
    iap_put16(signer_block(sim) + IAP_KEY_BLOCK_AT_FORMAT, IAP_KEYS_FORMAT);
    static const enum iap_key_role roles[IAP_KEY_SLOTS] = {
        IAP_KEY_ROLE_ROOT, IAP_KEY_ROLE_RELEASE, IAP_KEY_ROLE_RELEASE, IAP_KEY_ROLE_NONE};
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        signer_slot(sim, key, roles[key]);
    }
}

static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

void signer_other_s(uint8_t s[32]) {
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - s[i] - borrow;
        borrow = digit < 0;
        s[i] = (uint8_t)(digit + 256 * borrow);
    }
}

void signer_sign(uint8_t header[IAP_HEADER_SIZE]) {
    uint8_t x[32];
    uint8_t digest[32];
    uint8_t *signature = header + IAP_HEADER_AT_SIGNATURE;
    private_key(x, header[IAP_HEADER_AT_KEY_ID]);
    const br_ec_private_key key = {BR_EC_secp256r1, x, sizeof x};
    br_sha256_context sha;
    br_sha256_init(&sha);
    br_sha256_update(&sha, header, SIGNED_SIZE);
    br_sha256_out(&sha, digest);
    CHECK_EQUAL(br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, digest, &key,
                                      signature),
                64);
    if (signature[32] >= 0x80) { // of s and n - s one is below half of n, which begins with 0x7f
        signer_other_s(signature + 32);
    }
}

void signer_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size,
                   uint32_t key) {
    sim_header(header, image, size);
    memcpy(header + IAP_HEADER_AT_PRODUCT, SIGNER_PRODUCT, 16);
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
    header[IAP_HEADER_AT_KEY_ID] = (uint8_t)key;
    signer_sign(header);
}

uint8_t signer_update(struct sim *sim, const uint8_t *header, const uint8_t *image, uint32_t size) {
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

uint8_t signer_begin(struct sim *sim, const uint8_t *header, uint32_t *detail) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    uint32_t size;
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    sim_request(sim, 0, IAP_COMMAND_BEGIN, request, sizeof request);
    const uint8_t *answer = sim_response(sim, IAP_COMMAND_BEGIN, &size);
    CHECK(answer != NULL && size > 0);
    *detail = size == IAP_REFUSAL_SIZE ? iap_get32(answer + IAP_REFUSAL_AT_DETAIL) : 0;
    return answer[0];
}
