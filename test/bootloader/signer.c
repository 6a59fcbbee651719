// Signatures as a factory and a developer make them, by another library than the one that verifies
// them.
#include "signer.h"

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "iap_bytes.h"
#include "iap_crc.h"

#define SIGNED_SIZE 192u
#define POINT_SIZE  64u

static void must(bool ok) {
    if (!ok) {
        abort();
    }
}

// 0x11, 0x11 ... for key 0, 0x22 ... for key 1
static void private_key(uint8_t x[32], uint32_t key) {
    memset(x, (int)(0x11 * (key % IAP_KEY_SLOTS + 1)), 32);
}

// Computed once: units are made by the thousand.
static void public_point(uint8_t point[POINT_SIZE], uint32_t key) {
    static uint8_t encoded[IAP_KEY_SLOTS][1 + POINT_SIZE]; // 0x04, x, y
    uint8_t *known = encoded[key % IAP_KEY_SLOTS];
    uint8_t x[32];
    if (known[0] == 0) {
        private_key(x, key);
        must(br_ec_get_default()->mulgen(known, x, sizeof x, BR_EC_secp256r1) == sizeof encoded[0]);
    }
    memcpy(point, known + 1, POINT_SIZE);
}

void signer_seal(uint8_t block[IAP_KEY_BLOCK_SIZE]) {
    iap_put32(block + IAP_KEY_BLOCK_AT_CRC32, iap_crc32(0, block, IAP_KEY_BLOCK_AT_CRC32));
}

void signer_slot(uint8_t block[IAP_KEY_BLOCK_SIZE], uint32_t key, enum iap_key_role role) {
    uint8_t *slot = block + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE;
    memset(slot, 0xff, IAP_KEY_SLOT_SIZE);
    slot[IAP_KEY_SLOT_AT_ROLE] = (uint8_t)role;
    if (role != IAP_KEY_ROLE_NONE) {
        slot[IAP_KEY_SLOT_AT_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
        public_point(slot + IAP_KEY_SLOT_AT_POINT, key);
    }
    signer_seal(block);
}

void signer_block(uint8_t block[IAP_KEY_BLOCK_SIZE]) {
    static const enum iap_key_role roles[IAP_KEY_SLOTS] = {IAP_KEY_ROLE_ROOT, IAP_KEY_ROLE_RELEASE,
                                                           IAP_KEY_ROLE_RELEASE, IAP_KEY_ROLE_NONE};
    memset(block, 0xff, IAP_KEY_BLOCK_SIZE);
    iap_put32(block + IAP_KEY_BLOCK_AT_MAGIC, IAP_KEYS_MAGIC);
    iap_put16(block + IAP_KEY_BLOCK_AT_FORMAT, IAP_KEYS_FORMAT);
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        signer_slot(block, key, roles[key]);
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
    must(br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, digest, &key, signature) ==
         64);
    if (signature[32] >= 0x80) { // of s and n - s one is below half of n, which begins with 0x7f
        signer_other_s(signature + 32);
    }
}

// Numbers of 32 bytes, big-endian, modulo the order.
static bool below_order(const uint8_t a[32]) {
    return memcmp(a, order, 32) < 0;
}

static int add(uint8_t sum[32], const uint8_t a[32], const uint8_t b[32], int sign) {
    int carry = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = a[i] + sign * b[i] + carry;
        carry = digit < 0 ? -1 : digit / 256;
        sum[i] = (uint8_t)(digit - 256 * carry);
    }
    return carry;
}

static void add_mod(uint8_t sum[32], const uint8_t a[32], const uint8_t b[32]) {
    if (add(sum, a, b, 1) != 0 || !below_order(sum)) {
        (void)add(sum, sum, order, -1);
    }
}

static void subtract_mod(uint8_t difference[32], const uint8_t a[32], const uint8_t b[32]) {
    if (add(difference, a, b, -1) != 0) {
        (void)add(difference, difference, order, 1);
    }
}

static void multiply_mod(uint8_t product[32], const uint8_t a[32], const uint8_t b[32]) {
    uint8_t sum[32] = {0};
    for (int bit = 0; bit < 256; bit++) {
        add_mod(sum, sum, sum);
        if ((b[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            add_mod(sum, sum, a);
        }
    }
    memcpy(product, sum, 32);
}

// With 1 as the number that is used once, r is the x of the group's base point, and s = e + r d for
// the digest e and the private key d: so d = (s - e) / r.
void signer_sign_with_s(uint8_t header[IAP_HEADER_SIZE], uint8_t block[IAP_KEY_BLOCK_SIZE],
                        const uint8_t s[32]) {
    static const uint8_t r[32] = {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                                  0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
                                  0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};
    static const uint8_t r_inverse[32] = {0x4a, 0x8d, 0xbb, 0x62, 0xc2, 0x54, 0x8d, 0xdc,
                                          0xb5, 0x70, 0x84, 0xbc, 0xee, 0xab, 0x15, 0x48,
                                          0x0d, 0xf0, 0x05, 0x2a, 0x93, 0xd0, 0x5c, 0xa4,
                                          0x8c, 0xaa, 0xa1, 0x02, 0xe7, 0xef, 0xdd, 0x93};
    uint8_t encoded[1 + POINT_SIZE];
    uint8_t digest[32];
    uint8_t d[32];
    uint32_t key = header[IAP_HEADER_AT_KEY_ID];
    br_sha256_context sha;
    br_sha256_init(&sha);
    br_sha256_update(&sha, header, SIGNED_SIZE);
    br_sha256_out(&sha, digest);
    must(below_order(digest));
    subtract_mod(d, s, digest);
    multiply_mod(d, d, r_inverse);
    must(br_ec_get_default()->mulgen(encoded, d, sizeof d, BR_EC_secp256r1) == sizeof encoded);
    signer_slot(block, key, IAP_KEY_ROLE_RELEASE);
    memcpy(block + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE + IAP_KEY_SLOT_AT_POINT,
           encoded + 1, POINT_SIZE);
    signer_seal(block);
    memcpy(header + IAP_HEADER_AT_SIGNATURE, r, sizeof r);
    memcpy(header + IAP_HEADER_AT_SIGNATURE + 32, s, 32);
}
