// What HELLO says of a device that takes signed images alone.
#include <bearssl.h>
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "signed_unit.h"

#define SIZE 3000u

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static const uint8_t *security(void) {
    return sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_SIZE;
}

static void fresh(void) {
    unit_factory(&sim);
    sim_image(image, SIZE, 1);
    sim_boot(&sim);
}

static const uint8_t *summary(uint32_t key) {
    return security() + IAP_SECURITY_AT_KEY0 + key * IAP_KEY_SUMMARY_SIZE;
}

static void each_key_is_told(void) {
    static const uint8_t roles[IAP_KEY_SLOTS] = {IAP_KEY_ROLE_ROOT, IAP_KEY_ROLE_RELEASE,
                                                 IAP_KEY_ROLE_RELEASE, IAP_KEY_ROLE_NONE};
    static const uint8_t none[8];
    fresh();
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        CHECK_EQUAL(summary(key)[IAP_KEY_SUMMARY_AT_ROLE], roles[key]);
        br_sha256_context sha;
        uint8_t digest[32];
        br_sha256_init(&sha);
        br_sha256_update(&sha,
                         unit_keys(&sim) + IAP_KEY_BLOCK_AT_KEY0 + key * IAP_KEY_SLOT_SIZE +
                             IAP_KEY_SLOT_AT_POINT,
                         64);
        br_sha256_out(&sha, digest);
        CHECK(memcmp(summary(key) + IAP_KEY_SUMMARY_AT_FINGERPRINT,
                     roles[key] == IAP_KEY_ROLE_NONE ? none : digest, 8) == 0);
    }
}

static void floor_and_revocations_are_told(void) {
    fresh();
    CHECK_EQUAL(security()[IAP_SECURITY_AT_USABLE_KEYS], 0xff);
    CHECK_EQUAL(iap_get32(security() + IAP_SECURITY_AT_SECURITY_COUNTER), 0);
    unit_header(header, image, SIZE, 0);
    header[IAP_HEADER_AT_USABLE_KEYS] = 0xfb;
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, 77);
    signer_sign(header);
    CHECK_EQUAL(unit_update(&sim, header, image, SIZE), IAP_STATUS_OK);
    CHECK_EQUAL(security()[IAP_SECURITY_AT_USABLE_KEYS], 0xfb);
    CHECK_EQUAL(iap_get32(security() + IAP_SECURITY_AT_SECURITY_COUNTER), 77);
}

static void flags_are_told(void) {
    fresh();
    CHECK_EQUAL(security()[IAP_SECURITY_AT_FLAGS],
                IAP_SECURITY_FLAG_SIGNED_ONLY | IAP_SECURITY_FLAG_KEYS);
    sim.protection = IAP_SECURITY_FLAG_READ_PROTECTED | IAP_SECURITY_FLAG_WRITE_PROTECTED;
    unit_keys(&sim)[100] ^= 1;
    CHECK_EQUAL(security()[IAP_SECURITY_AT_FLAGS], IAP_SECURITY_FLAG_SIGNED_ONLY |
                                                       IAP_SECURITY_FLAG_READ_PROTECTED |
                                                       IAP_SECURITY_FLAG_WRITE_PROTECTED);
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        CHECK_EQUAL(summary(key)[IAP_KEY_SUMMARY_AT_ROLE], IAP_KEY_ROLE_NONE);
    }
    sim.config.verify_at_boot = true;
    sim.protection = 0;
    CHECK_EQUAL(security()[IAP_SECURITY_AT_FLAGS],
                IAP_SECURITY_FLAG_SIGNED_ONLY | IAP_SECURITY_FLAG_BOOT_VERIFIED);
    sim.config.verify_at_boot = false;
    sim.port.protection = NULL; // a port that does not know
    CHECK_EQUAL(security()[IAP_SECURITY_AT_FLAGS], IAP_SECURITY_FLAG_SIGNED_ONLY);
}

// Where an answer has been that was longer, nothing of it is left.
static void what_is_not_there_is_zero(void) {
    static const uint8_t none[IAP_KEY_SUMMARY_SIZE - IAP_KEY_SUMMARY_AT_FINGERPRINT];
    fresh();
    memset(sim.answer, 0x55, sizeof sim.answer);
    CHECK_EQUAL(security()[IAP_SECURITY_AT_RESERVED], 0);
    memset(sim.answer, 0x55, sizeof sim.answer);
    CHECK(memcmp(summary(3) + IAP_KEY_SUMMARY_AT_FINGERPRINT, none, sizeof none) == 0);
}

static void it_says_that_it_knows_signatures(void) {
    fresh();
    uint32_t capabilities = iap_get32(sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_AT_CAPABILITIES);
    CHECK_EQUAL(capabilities, IAP_CAPABILITY_BAUD | IAP_CAPABILITY_CONFIRM |
                                  IAP_CAPABILITY_SIGNATURE | IAP_CAPABILITY_DEFLATE);
    // So an image that needs them is taken.
    unit_header(header, image, SIZE, 1);
    iap_put32(header + IAP_HEADER_AT_CAPABILITIES, IAP_CAPABILITY_SIGNATURE);
    signer_sign(header);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

int main(void) {
    RUN(each_key_is_told);
    RUN(floor_and_revocations_are_told);
    RUN(flags_are_told);
    RUN(what_is_not_there_is_zero);
    RUN(it_says_that_it_knows_signatures);
    return 0;
}
