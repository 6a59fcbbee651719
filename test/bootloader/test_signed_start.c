// A start where signed images alone are taken, and verified at each start.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_record.h"
#include "signed_unit.h"

#define SIZE 3000u

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void installed_of(uint32_t size) {
    unit_factory(&sim);
    sim.config.verify_at_boot = true;
    sim_image(image, SIZE, 1);
    unit_header(header, image, size, 1);
    sim_boot(&sim);
    CHECK_EQUAL(unit_update(&sim, header, image, size), IAP_STATUS_OK);
}

static void installed(void) {
    installed_of(SIZE);
}

static bool allowed(void) {
    struct iap_target target = sim_target(&sim);
    struct iap_record record = iap_record_read(&target);
    const struct iap_mailbox start = {.request = IAP_REQUEST_START,
                                      .token = iap_entry_token(&record.installed)};
    return iap_start_allowed(&target, &start);
}

static uint8_t *slot_of_installed(void) {
    return sim.flash + (sim.iap.update.record.installed.slot - IAP_BOOTLOADER_BASE);
}

// Image and record changed together: CRC-32, SHA-256 and the entry's own CRC-32 fit.
static void forge(void) {
    uint8_t *slot = slot_of_installed();
    uint8_t forged[IAP_HEADER_SIZE];
    image[100] ^= 1;
    memcpy(sim.flash + (IAP_APP_BASE - IAP_BOOTLOADER_BASE), image, SIZE);
    sim_header(forged, image, SIZE);
    memcpy(slot + IAP_RECORD_SLOT_AT_HEADER + IAP_HEADER_AT_IMAGE_CRC32,
           forged + IAP_HEADER_AT_IMAGE_CRC32, 4 + 32);
    iap_put32(slot + IAP_RECORD_SLOT_AT_CRC32, iap_crc32(0, slot, IAP_RECORD_SLOT_AT_CRC32));
}

static void a_start_verifies_the_signature(void) {
    installed();
    CHECK(allowed());
    forge();
    CHECK(!allowed());
    sim.config.verify_at_boot = false;
    CHECK(allowed());
    // CRC-32 right, SHA-256 wrong
    installed();
    uint8_t *app = sim.flash + (IAP_APP_BASE - IAP_BOOTLOADER_BASE);
    CHECK(allowed());
    signer_slot(unit_keys(&sim), 1, IAP_KEY_ROLE_NONE);
    CHECK(!allowed());
    app[100] ^= 1;
    CHECK(!allowed());
}

// Signed by a key that may, and right by its CRC-32.
static void a_start_verifies_the_hash(void) {
    installed();
    uint8_t *slot = slot_of_installed();
    header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    signer_sign(header);
    memcpy(slot + IAP_RECORD_SLOT_AT_HEADER, header, sizeof header);
    iap_put32(slot + IAP_RECORD_SLOT_AT_CRC32, iap_crc32(0, slot, IAP_RECORD_SLOT_AT_CRC32));
    CHECK(!allowed());
}

// The point is still there, and the signature fits it.
static void a_start_asks_whether_the_key_is_one(void) {
    installed();
    unit_keys(&sim)[IAP_KEY_BLOCK_AT_KEY1 + IAP_KEY_SLOT_AT_ROLE] = IAP_KEY_ROLE_NONE;
    signer_seal(unit_keys(&sim));
    CHECK(!allowed());
}

// Blocks of 64 bytes, each with its poll, whatever is left of the last one
static void a_start_reads_all_blocks(void) {
    static const uint32_t sizes[] = {2944, 2945, 2999, 3000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        installed_of(sizes[i]);
        CHECK(allowed());
    }
    installed_of(46 * 64 - 1);
    uint32_t polls = sim.polls;
    CHECK(allowed());
    CHECK(sim.polls >= polls + 3 + 45 + 2); // of CRC-32, SHA-256, signature
}

static void an_image_that_is_not_genuine_is_tried_once(void) {
    installed();
    forge();
    sim_boot(&sim);
    sim_run(&sim, 500);
    CHECK(sim.restarted); // its CRC-32 is right
    CHECK(!allowed());
    sim_boot(&sim); // so this is a first pass again
    sim_run(&sim, 70000);
    CHECK(!sim.restarted);
    const uint8_t *hello = sim_hello(&sim, 0);
    CHECK_EQUAL(hello[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_IMAGE_BAD);
    uint8_t state = hello[IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE];
    CHECK((state & IAP_IMAGE_STATE_CHECKED) != 0 && (state & IAP_IMAGE_STATE_GOOD) == 0);
    CHECK((hello[IAP_HELLO_RESPONSE_SIZE + IAP_SECURITY_AT_FLAGS] &
           IAP_SECURITY_FLAG_BOOT_VERIFIED) != 0);
    // An update mends it.
    image[100] ^= 1;
    CHECK_EQUAL(unit_update(&sim, header, image, SIZE), IAP_STATUS_OK);
    CHECK(allowed());
}

int main(void) {
    RUN(a_start_verifies_the_signature);
    RUN(a_start_verifies_the_hash);
    RUN(a_start_asks_whether_the_key_is_one);
    RUN(a_start_reads_all_blocks);
    RUN(an_image_that_is_not_genuine_is_tried_once);
    return 0;
}
