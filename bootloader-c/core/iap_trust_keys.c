// Only images that a key of the key block signed: docs/protocol.md, section key_block.
#include <p256-m.h>

#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_sha256.h"
#include "iap_trust.h"

// What the signature is over: the header before it.
#define SIGNED_SIZE IAP_HEADER_AT_SIGNATURE
_Static_assert(IAP_HEADER_AT_SIGNATURE_ALGORITHM < SIGNED_SIZE &&
                   IAP_HEADER_AT_KEY_ID < SIGNED_SIZE && IAP_HEADER_AT_USABLE_KEYS < SIGNED_SIZE,
               "what decides about the signature is signed");
_Static_assert(SIGNED_SIZE % IAP_SHA256_BLOCK == 0, "whole blocks");

#define HALF_SIGNATURE 32u // bytes of r, and of s

// Not the 0 of a register that a disturbance cleared.
#define GENUINE 0x3ca5c35au

static uint32_t key_block(const struct iap_target *target) {
    return iap_identity_block(target->config) - IAP_KEY_BLOCK_SIZE;
}

static bool keys_good(const struct iap_target *target) {
    const uint8_t *block = iap_flash_read(target, key_block(target));
    return iap_get32(block + IAP_KEY_BLOCK_AT_MAGIC) == IAP_KEYS_MAGIC &&
           iap_get16(block + IAP_KEY_BLOCK_AT_FORMAT) == IAP_KEYS_FORMAT &&
           iap_get32(block + IAP_KEY_BLOCK_AT_CRC32) == iap_crc32(0, block, IAP_KEY_BLOCK_AT_CRC32);
}

static const uint8_t *key_slot(const struct iap_target *target, uint32_t key) {
    return iap_flash_read(target,
                          key_block(target) + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE);
}

// IAP_KEY_ROLE_NONE for whatever is no role.
static uint8_t role_of(const struct iap_target *target, uint32_t key) {
    uint8_t role = key < IAP_KEY_SLOTS ? key_slot(target, key)[IAP_KEY_SLOT_AT_ROLE] : 0;
    return role >= IAP_KEY_ROLE_ROOT && role <= IAP_KEY_ROLE_DEVELOPMENT ? role : IAP_KEY_ROLE_NONE;
}

// A bit for each key: those of a role, or with NONE those that are not there.
static uint8_t keys_of(const struct iap_target *target, uint8_t role) {
    uint8_t keys = 0;
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        keys |= (uint8_t)((role_of(target, key) == role) << key);
    }
    return keys;
}

// As the newest verified image says; a key that is not there needs no revocation.
static uint8_t usable_keys(const struct iap_header *verified) {
    return verified != NULL ? iap_header_usable_keys(verified) : 0xff;
}

// Revocations are in force while an image is the newest verified one, so each image carries those
// that are there already. More of them come only with a root's signature.
static bool may_revoke(const struct iap_target *target, const struct iap_header *header,
                       uint8_t usable) {
    uint8_t absent = keys_of(target, IAP_KEY_ROLE_NONE);
    uint8_t wanted = iap_header_usable_keys(header) | absent;
    usable |= absent;
    return wanted == usable ||
           (role_of(target, iap_header_key_id(header)) == IAP_KEY_ROLE_ROOT &&
            (wanted & ~usable) == 0 && (keys_of(target, IAP_KEY_ROLE_ROOT) & ~wanted) == 0);
}

bool iap_trust_signed_only(void) {
    return true;
}

static enum iap_signature_fault fault_of(const struct iap_target *target,
                                         const struct iap_identity *identity,
                                         const struct iap_header *header,
                                         const struct iap_header *verified) {
    uint32_t key = iap_header_key_id(header);
    uint8_t algorithm = iap_header_signature_algorithm(header);
    if (!keys_good(target)) {
        return IAP_SIGNATURE_FAULT_KEYS;
    }
    if (identity->product == NULL) {
        return IAP_SIGNATURE_FAULT_IDENTITY;
    }
    if (algorithm == IAP_SIGNATURE_NONE) {
        return IAP_SIGNATURE_FAULT_MISSING;
    }
    if (role_of(target, key) == IAP_KEY_ROLE_NONE) {
        return IAP_SIGNATURE_FAULT_NO_KEY;
    }
    if (algorithm != IAP_SIGNATURE_ECDSA_P256 ||
        algorithm != key_slot(target, key)[IAP_KEY_SLOT_AT_ALGORITHM]) {
        return IAP_SIGNATURE_FAULT_ALGORITHM;
    }
    uint8_t usable = usable_keys(verified);
    if ((usable >> key & 1) == 0) {
        return IAP_SIGNATURE_FAULT_REVOKED;
    }
    return may_revoke(target, header, usable) ? IAP_SIGNATURE_FAULT_UNSAID
                                              : IAP_SIGNATURE_FAULT_REVOCATION;
}

iap_result iap_trust_accept(const struct iap_target *target, const struct iap_identity *identity,
                            const struct iap_header *header, const struct iap_header *verified) {
    enum iap_signature_fault fault = fault_of(target, identity, header, verified);
    return fault == IAP_SIGNATURE_FAULT_UNSAID ? iap_success()
                                               : iap_failure(IAP_STATUS_BAD_SIGNATURE, fault);
}

// Of two numbers s and n - s that fit a message the smaller one counts: a signature has one form.
static bool s_is_low(const uint8_t *s) {
    // Half the order n of the group, rounded down: SEC 2, section 2.4.2.
    static const uint8_t half[HALF_SIGNATURE] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
                                                 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42,
                                                 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};
    uint32_t i = 0;
    while (i < HALF_SIGNATURE - 1 && s[i] == half[i]) {
        i++;
    }
    return s[i] <= half[i];
}

static uint32_t examine(const uint8_t *signature, const uint8_t *point, const uint8_t *digest) {
    int outcome = P256_INVALID_SIGNATURE;
    if (s_is_low(signature + HALF_SIGNATURE)) {
        outcome = p256_ecdsa_verify(signature, point, digest, IAP_SHA256_DIGEST);
    }
    return outcome == P256_SUCCESS ? GENUINE : 0;
}

static void digest_of(const uint8_t *bytes, uint32_t size, uint8_t digest[IAP_SHA256_DIGEST]) {
    struct iap_sha256 sha;
    iap_sha256_start(&sha);
    iap_sha256_blocks(&sha, bytes, size);
    iap_sha256_finish(&sha, bytes + size, 0, digest);
}

iap_result iap_trust_verify(const struct iap_target *target, const struct iap_header *header) {
    iap_result result = iap_failure(IAP_STATUS_BAD_SIGNATURE, IAP_SIGNATURE_FAULT_WRONG);
    uint8_t digest[IAP_SHA256_DIGEST];
    digest_of(header->bytes, SIGNED_SIZE, digest);
    const uint8_t *slot = key_slot(target, iap_header_key_id(header) % IAP_KEY_SLOTS);
    iap_port_poll(target->port);
    uint32_t verdict = examine(header->bytes + SIGNED_SIZE, slot + IAP_KEY_SLOT_AT_POINT, digest);
    iap_port_poll(target->port);
    if (verdict == GENUINE) {
        result = iap_success();
    }
    return result;
}

static void put_key(const struct iap_target *target, uint32_t key, uint8_t *to) {
    uint8_t digest[IAP_SHA256_DIGEST];
    uint8_t role = role_of(target, key);
    to[IAP_KEY_SUMMARY_AT_ROLE] = role;
    if (role != IAP_KEY_ROLE_NONE) {
        digest_of(key_slot(target, key) + IAP_KEY_SLOT_AT_POINT, IAP_SHA256_BLOCK, digest);
        iap_copy(to + IAP_KEY_SUMMARY_AT_FINGERPRINT, digest,
                 IAP_KEY_SUMMARY_SIZE - IAP_KEY_SUMMARY_AT_FINGERPRINT);
    }
}

uint32_t iap_trust_hello(const struct iap_target *target, const struct iap_record *record,
                         uint8_t *to) {
    const struct iap_header *verified = record->verified.header;
    bool good = keys_good(target);
    iap_fill(to, 0, IAP_SECURITY_SIZE);
    to[IAP_SECURITY_AT_FLAGS] =
        (uint8_t)(IAP_SECURITY_FLAG_SIGNED_ONLY | (good ? IAP_SECURITY_FLAG_KEYS : 0) |
                  (target->config->verify_at_boot ? IAP_SECURITY_FLAG_BOOT_VERIFIED : 0) |
                  iap_port_protection(target->port));
    to[IAP_SECURITY_AT_USABLE_KEYS] = usable_keys(verified);
    iap_put32(to + IAP_SECURITY_AT_SECURITY_COUNTER,
              verified != NULL ? iap_header_security_counter(verified) : 0);
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        uint8_t *summary = to + IAP_SECURITY_AT_KEY0 + key * IAP_KEY_SUMMARY_SIZE;
        if (good) {
            put_key(target, key, summary);
        } else {
            summary[IAP_KEY_SUMMARY_AT_ROLE] = IAP_KEY_ROLE_NONE;
        }
    }
    return IAP_SECURITY_SIZE;
}
