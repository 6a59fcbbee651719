#include "signatures.h"

#include <bearssl_hash.h>
#include <p256-m.h>
#include <string.h>

#include "iap_bytes.h"
#include "reference.h"

#define SIGNED_SIZE 192u
#define HALF        32u
#define HIGH        0x80u // of s: its other form, which the arithmetic takes as well

static void point_of(uint8_t point[2 * HALF], uint32_t key) {
    for (uint32_t i = 0; i < 2 * HALF; i++) {
        point[i] = (uint8_t)(0x35 * (key + 1) + 7 * i);
    }
}

// The one signature of a message that fits a point; r is not 0.
static void signature_of(uint8_t to[2 * HALF], const uint8_t *point, const uint8_t *digest) {
    for (uint32_t i = 0; i < HALF; i++) {
        to[i] = (uint8_t)(digest[i] ^ point[i]);
        to[HALF + i] = (uint8_t)(digest[HALF - 1 - i] + point[HALF + i]);
    }
    to[HALF] &= 0x3f; // below half of n, which begins with 0x7f
}

int p256_ecdsa_verify(const uint8_t sig[64], const uint8_t pub[64], const uint8_t *hash,
                      size_t hlen) {
    uint8_t right[2 * HALF];
    uint8_t low[2 * HALF];
    memcpy(low, sig, sizeof low);
    low[HALF] &= (uint8_t)~HIGH;
    signature_of(right, pub, hash);
    return hlen == 32 && memcmp(low, right, sizeof right) == 0 ? P256_SUCCESS
                                                               : P256_INVALID_SIGNATURE;
}

static void digest_of(uint8_t digest[32], const uint8_t *header) {
    br_sha256_context sha;
    br_sha256_init(&sha);
    br_sha256_update(&sha, header, SIGNED_SIZE);
    br_sha256_out(&sha, digest);
}

static const uint8_t *slot_of(const uint8_t *block, uint32_t key) {
    return block + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE;
}

void signatures_block(uint8_t block[IAP_KEY_BLOCK_SIZE], bool development) {
    static const uint8_t roles[] = {IAP_KEY_ROLE_ROOT, IAP_KEY_ROLE_RELEASE, IAP_KEY_ROLE_RELEASE,
                                    IAP_KEY_ROLE_DEVELOPMENT};
    memset(block, 0xff, IAP_KEY_BLOCK_SIZE);
    iap_put32(block + IAP_KEY_BLOCK_AT_MAGIC, IAP_KEYS_MAGIC);
    iap_put16(block + IAP_KEY_BLOCK_AT_FORMAT, IAP_KEYS_FORMAT);
    for (uint32_t key = 0; key < (development ? 4u : 3u); key++) {
        uint8_t *slot = block + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE;
        slot[IAP_KEY_SLOT_AT_ROLE] = roles[key];
        slot[IAP_KEY_SLOT_AT_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
        point_of(slot + IAP_KEY_SLOT_AT_POINT, key);
    }
    iap_put32(block + IAP_KEY_BLOCK_AT_CRC32, reference_crc32(block, IAP_KEY_BLOCK_AT_CRC32));
}

void signatures_sign(uint8_t header[IAP_HEADER_SIZE]) {
    uint8_t point[2 * HALF];
    uint8_t digest[32];
    point_of(point, header[IAP_HEADER_AT_KEY_ID]);
    digest_of(digest, header);
    signature_of(header + SIGNED_SIZE, point, digest);
}

bool signatures_block_good(const uint8_t *block) {
    return iap_get32(block + IAP_KEY_BLOCK_AT_MAGIC) == IAP_KEYS_MAGIC &&
           iap_get16(block + IAP_KEY_BLOCK_AT_FORMAT) == IAP_KEYS_FORMAT &&
           iap_get32(block + IAP_KEY_BLOCK_AT_CRC32) ==
               reference_crc32(block, IAP_KEY_BLOCK_AT_CRC32);
}

bool signatures_genuine(const uint8_t *block, const uint8_t *header) {
    uint8_t right[2 * HALF];
    uint8_t digest[32];
    uint32_t key = header[IAP_HEADER_AT_KEY_ID];
    if (header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] != IAP_SIGNATURE_ECDSA_P256 ||
        key >= IAP_KEY_SLOTS || (signatures_keys(block, IAP_KEY_ROLE_NONE) >> key & 1) != 0 ||
        slot_of(block, key)[IAP_KEY_SLOT_AT_ALGORITHM] != IAP_SIGNATURE_ECDSA_P256) {
        return false;
    }
    digest_of(digest, header);
    signature_of(right, slot_of(block, key) + IAP_KEY_SLOT_AT_POINT, digest);
    return memcmp(header + SIGNED_SIZE, right, sizeof right) == 0;
}

uint32_t signatures_keys(const uint8_t *block, uint32_t role) {
    uint32_t keys = 0;
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        uint32_t found = slot_of(block, key)[IAP_KEY_SLOT_AT_ROLE];
        bool known = found >= IAP_KEY_ROLE_ROOT && found <= IAP_KEY_ROLE_DEVELOPMENT;
        keys |= (uint32_t)(known ? found == role : role == IAP_KEY_ROLE_NONE) << key;
    }
    return keys;
}

bool signatures_allowed(const uint8_t *block, const uint8_t *header, const uint8_t *verified) {
    uint32_t key = header[IAP_HEADER_AT_KEY_ID];
    uint32_t roots = signatures_keys(block, IAP_KEY_ROLE_ROOT);
    uint32_t there = ~signatures_keys(block, IAP_KEY_ROLE_NONE);
    uint32_t usable = verified == NULL ? 0xff : verified[IAP_HEADER_AT_USABLE_KEYS];
    uint32_t wanted = header[IAP_HEADER_AT_USABLE_KEYS];
    if (key >= IAP_KEY_SLOTS || (usable >> key & 1) == 0) {
        return false;
    }
    // Bits that have no slot count as those of keys that are there.
    uint32_t changed = (usable ^ wanted) & there & 0xff;
    bool only_fewer = (changed & wanted) == 0;
    bool root_left_alone = (roots & ~wanted) == 0;
    return changed == 0 || ((roots >> key & 1) != 0 && only_fewer && root_left_alone);
}
