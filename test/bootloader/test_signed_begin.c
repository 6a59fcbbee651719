// BEGIN where signed images alone are taken: who may, and that nothing is written for anybody else.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_trust.h"
#include "signed_unit.h"

#define SIZE 3000u

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void fresh(void) {
    unit_factory(&sim);
    sim_image(image, SIZE, 1);
    unit_header(header, image, SIZE, 1);
    sim_boot(&sim);
}

static void refused_with(uint8_t status, uint32_t detail) {
    uint32_t found;
    uint32_t operations = sim.operations;
    CHECK_EQUAL(unit_begin(&sim, header, &found), status);
    CHECK_EQUAL(found, detail);
    CHECK_EQUAL(sim.operations, operations);
    CHECK(!sim.iap.update.session.active);
}

static void refused(uint32_t fault) {
    refused_with(IAP_STATUS_BAD_SIGNATURE, fault);
}

static void accepted(void) {
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK(sim.iap.update.session.active);
}

static void each_key_signs(void) {
    for (uint8_t key = 0; key < 3; key++) {
        fresh();
        unit_header(header, image, SIZE, key);
        accepted();
    }
}

static void every_flipped_bit_is_refused(void) {
    uint32_t detail;
    fresh();
    for (uint32_t bit = 0; bit < 8 * IAP_HEADER_SIZE; bit++) {
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(unit_begin(&sim, header, &detail) >= IAP_STATUS_BAD_HEADER);
        CHECK_EQUAL(sim.operations, 0);
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    accepted();
}

static void an_unsigned_image_is_refused(void) {
    fresh();
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = IAP_SIGNATURE_NONE;
    refused(IAP_SIGNATURE_FAULT_MISSING);
}

static void another_keys_signature_is_refused(void) {
    fresh();
    unit_header(header, image, SIZE, 2);
    uint8_t signature[64];
    memcpy(signature, header + IAP_HEADER_AT_SIGNATURE, sizeof signature);
    unit_header(header, image, SIZE, 1);
    memcpy(header + IAP_HEADER_AT_SIGNATURE, signature, sizeof signature);
    refused(IAP_SIGNATURE_FAULT_WRONG);
}

static void a_key_that_is_not_there_signs_nothing(void) {
    static const uint8_t absent[] = {3, 4, 255};
    for (size_t i = 0; i < sizeof absent; i++) {
        fresh();
        unit_header(header, image, SIZE, absent[i]);
        refused(IAP_SIGNATURE_FAULT_NO_KEY);
    }
    // Behind the last slot there may be anything.
    fresh();
    unit_keys(
        &sim)[IAP_KEY_BLOCK_AT_KEY0 + IAP_KEY_SLOTS * IAP_KEY_SLOT_SIZE + IAP_KEY_SLOT_AT_ROLE] =
        IAP_KEY_ROLE_RELEASE;
    signer_seal(unit_keys(&sim));
    unit_header(header, image, SIZE, IAP_KEY_SLOTS);
    refused(IAP_SIGNATURE_FAULT_NO_KEY);
    // A role that nobody knows is none.
    static const uint8_t roles[] = {0, 4, 254};
    for (size_t i = 0; i < sizeof roles; i++) {
        fresh();
        signer_slot(unit_keys(&sim), 1, roles[i]);
        refused(IAP_SIGNATURE_FAULT_NO_KEY);
    }
}

static void the_slots_algorithm_decides(void) {
    fresh();
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = 2;
    signer_sign(header);
    refused(IAP_SIGNATURE_FAULT_ALGORITHM);
    fresh();
    unit_keys(&sim)[IAP_KEY_BLOCK_AT_KEY1 + IAP_KEY_SLOT_AT_ALGORITHM] = 2;
    signer_seal(unit_keys(&sim));
    refused(IAP_SIGNATURE_FAULT_ALGORITHM);
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = 2;
    signer_sign(header);
    refused(IAP_SIGNATURE_FAULT_ALGORITHM);
}

static void r_and_s_have_bounds(void) {
    uint8_t *r = header + IAP_HEADER_AT_SIGNATURE;
    fresh();
    memset(r, 0, 32);
    refused(IAP_SIGNATURE_FAULT_WRONG);
    fresh();
    memset(r + 32, 0, 32);
    refused(IAP_SIGNATURE_FAULT_WRONG);
    fresh();
    memset(r, 0xff, 32);
    refused(IAP_SIGNATURE_FAULT_WRONG);
}

// Each of these is right by the arithmetic alone.
static void s_is_at_most_half_the_order(void) {
    static const uint8_t half[32] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
                                     0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42,
                                     0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};
    uint8_t more[32];
    fresh();
    signer_sign_with_s(header, unit_keys(&sim), half);
    accepted();
    memcpy(more, half, sizeof more);
    more[31]++;
    fresh();
    signer_sign_with_s(header, unit_keys(&sim), more);
    refused(IAP_SIGNATURE_FAULT_WRONG);
    signer_other_s(header + IAP_HEADER_AT_SIGNATURE + 32);
    accepted();
}

static void of_two_signatures_one_counts(void) {
    fresh();
    signer_other_s(header + IAP_HEADER_AT_SIGNATURE + 32);
    refused(IAP_SIGNATURE_FAULT_WRONG);
    signer_other_s(header + IAP_HEADER_AT_SIGNATURE + 32);
    accepted();
}

static void a_damaged_key_block_refuses_all(void) {
    for (uint32_t i = 0; i < IAP_KEY_BLOCK_SIZE; i++) {
        fresh();
        unit_keys(&sim)[i] ^= 0x10;
        refused(IAP_SIGNATURE_FAULT_KEYS);
        (void)sim_hello(&sim, 0); // and it answers
    }
}

static void what_is_no_key_block_refuses_all(void) {
    fresh();
    memset(unit_keys(&sim), 0xff, IAP_KEY_BLOCK_SIZE);
    refused(IAP_SIGNATURE_FAULT_KEYS);
    // Another format or magic, with a right CRC-32
    fresh();
    iap_put16(unit_keys(&sim) + IAP_KEY_BLOCK_AT_FORMAT, IAP_KEYS_FORMAT + 1);
    signer_seal(unit_keys(&sim));
    refused(IAP_SIGNATURE_FAULT_KEYS);
    fresh();
    iap_put32(unit_keys(&sim) + IAP_KEY_BLOCK_AT_MAGIC, IAP_KEYS_MAGIC + 1);
    signer_seal(unit_keys(&sim));
    refused(IAP_SIGNATURE_FAULT_KEYS);
}

// Nobody feeds a watchdog while a signature is verified.
static void it_polls_before_and_after_a_verification(void) {
    fresh();
    struct iap_target target = sim_target(&sim);
    uint32_t polls = sim.polls;
    CHECK(iap_ok(iap_trust_verify(&target, (const struct iap_header *)header)));
    CHECK_EQUAL(sim.polls, polls + 2);
}

static void an_unreadable_identity_refuses_all(void) {
    uint8_t *identity = sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    fresh();
    identity[IAP_IDENTITY_AT_PRODUCT] ^= 1;
    sim_boot(&sim);
    refused(IAP_SIGNATURE_FAULT_IDENTITY);
    memset(identity, 0xff, IAP_IDENTITY_SIZE);
    sim_boot(&sim);
    refused(IAP_SIGNATURE_FAULT_IDENTITY);
}

static void any_product_is_refused(void) {
    fresh();
    memset(header + IAP_HEADER_AT_PRODUCT, 0, 16);
    signer_sign(header);
    refused_with(IAP_STATUS_PACKAGE_ONLY, 0);
}

// What is signed, and not for this unit or too large for it.
static void a_right_signature_is_not_enough(void) {
    static const struct {
        uint32_t at;
        uint8_t value;
        uint8_t status;
    } wrong[] = {
        {IAP_HEADER_AT_PRODUCT, 'P', IAP_STATUS_WRONG_PRODUCT},
        {IAP_HEADER_AT_HARDWARE_MIN, 2, IAP_STATUS_WRONG_HARDWARE},
        {IAP_HEADER_AT_UNIQUE_ID, 1, IAP_STATUS_WRONG_DEVICE},
        {IAP_HEADER_AT_LOAD_ADDRESS + 1, 0, IAP_STATUS_WRONG_ADDRESS},
        {IAP_HEADER_AT_IMAGE_SIZE + 2, 2, IAP_STATUS_WRONG_SIZE},
    };
    uint32_t detail;
    fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unit_header(header, image, SIZE, 1);
        header[wrong[i].at] = wrong[i].value;
        signer_sign(header);
        CHECK_EQUAL(unit_begin(&sim, header, &detail), wrong[i].status);
    }
    // Cut short
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    uint32_t size;
    unit_header(header, image, SIZE, 1);
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    sim_request(&sim, 0, IAP_COMMAND_BEGIN, request, sizeof request - 1);
    CHECK_EQUAL(sim_response(&sim, IAP_COMMAND_BEGIN, &size)[0], IAP_STATUS_BAD_REQUEST);
    CHECK_EQUAL(sim.operations, 0);
    accepted();
}

static void signed_images_begun_in_turn_write_nothing(void) {
    uint8_t other[IAP_HEADER_SIZE];
    fresh();
    unit_header(other, image, SIZE, 2);
    for (uint32_t i = 0; i < 20; i++) {
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        CHECK_EQUAL(sim_begin(&sim, other, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim.operations, 0);
}

// Installs the image with a header that revokes.
static void install(uint8_t key, uint8_t usable, uint32_t counter) {
    unit_header(header, image, SIZE, key);
    header[IAP_HEADER_AT_USABLE_KEYS] = usable;
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, counter);
    signer_sign(header);
    CHECK_EQUAL(unit_update(&sim, header, image, SIZE), IAP_STATUS_OK);
}

static void with(uint8_t key, uint8_t usable) {
    unit_header(header, image, SIZE, key);
    header[IAP_HEADER_AT_USABLE_KEYS] = usable;
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, 1);
    signer_sign(header);
}

static void root_revokes(void) {
    fresh();
    install(0, 0xfd, 0);
    with(1, 0xfd);
    refused(IAP_SIGNATURE_FAULT_REVOKED);
    with(1, 0xff);
    refused(IAP_SIGNATURE_FAULT_REVOKED);
    // The spare goes on, with what is revoked in its header.
    with(2, 0xff);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(2, 0xfd);
    accepted();
}

static void only_root_revokes(void) {
    fresh();
    with(1, 0xfb);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(2, 0xfb); // itself
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(2, 0xef); // a number that has no slot
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(0, 0xfb);
    accepted();
}

static void root_is_never_revoked(void) {
    fresh();
    with(0, 0xfe);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(1, 0xfe);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
}

static void root_gives_nothing_back(void) {
    fresh();
    install(0, 0xfd, 0);
    with(0, 0xff);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(0, 0xfb); // another one instead
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(0, 0xf9);
    accepted();
}

// A unit whose factory left the revoked key out takes what the others take.
static void a_key_that_is_not_there_may_be_revoked_by_anybody(void) {
    fresh();
    signer_slot(unit_keys(&sim), 1, IAP_KEY_ROLE_NONE);
    with(2, 0xfd);
    accepted();
    sim_boot(&sim);
    with(2, 0xf7); // number 3 is not there either
    accepted();
    // Nor does it matter that such a key is revoked.
    install(2, 0xfd, 1);
    with(2, 0xff);
    accepted();
}

static void a_development_key_signs_and_does_not_revoke(void) {
    fresh();
    signer_slot(unit_keys(&sim), 3, IAP_KEY_ROLE_DEVELOPMENT);
    with(3, 0xfb);
    refused(IAP_SIGNATURE_FAULT_REVOCATION);
    with(3, 0xff);
    accepted();
}

static void the_same_image_again_is_installed(void) {
    fresh();
    CHECK_EQUAL(unit_update(&sim, header, image, SIZE), IAP_STATUS_OK);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK(!sim.iap.update.session.active);
}

// After a reset nothing is known of the signature that was good before.
static void a_resumed_update_is_verified_again(void) {
    fresh();
    accepted();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    // What was power's doing to the record, or somebody's who has another way in: another image's
    // signature under this one's header, and both in the record.
    uint8_t *in_record = (uint8_t *)(uintptr_t)sim.iap.update.record.installed.header;
    in_record[IAP_HEADER_AT_SIGNATURE + 5] ^= 4;
    memcpy(header, in_record, sizeof header);
    uint32_t slot = sim.iap.update.record.installed.slot - IAP_BOOTLOADER_BASE;
    iap_put32(sim.flash + slot + IAP_RECORD_SLOT_AT_CRC32,
              iap_crc32(0, sim.flash + slot, IAP_RECORD_SLOT_AT_CRC32));
    sim_boot(&sim);
    CHECK(sim.iap.update.record.installed.slot != 0);
    refused(IAP_SIGNATURE_FAULT_WRONG);
}

static void pages_are_told_in_a_session_alone(void) {
    static const uint8_t request[IAP_PAGES_REQUEST_SIZE] = {0, 0, 1, 0};
    uint32_t size;
    fresh();
    CHECK_EQUAL(unit_update(&sim, header, image, SIZE), IAP_STATUS_OK);
    sim_request(&sim, 0, IAP_COMMAND_PAGES, request, sizeof request);
    const uint8_t *answer = sim_response(&sim, IAP_COMMAND_PAGES, &size);
    CHECK_EQUAL(answer[0], IAP_STATUS_NO_SESSION);
    CHECK_EQUAL(size, IAP_REFUSAL_SIZE);
    CHECK_EQUAL(iap_get32(answer + IAP_REFUSAL_AT_DETAIL), 0);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    sim_request(&sim, 0, IAP_COMMAND_PAGES, request, sizeof request);
    CHECK_EQUAL(sim_response(&sim, IAP_COMMAND_PAGES, &size)[0], IAP_STATUS_OK);
}

int main(void) {
    RUN(each_key_signs);
    RUN(every_flipped_bit_is_refused);
    RUN(an_unsigned_image_is_refused);
    RUN(another_keys_signature_is_refused);
    RUN(a_key_that_is_not_there_signs_nothing);
    RUN(the_slots_algorithm_decides);
    RUN(r_and_s_have_bounds);
    RUN(s_is_at_most_half_the_order);
    RUN(of_two_signatures_one_counts);
    RUN(a_damaged_key_block_refuses_all);
    RUN(what_is_no_key_block_refuses_all);
    RUN(it_polls_before_and_after_a_verification);
    RUN(an_unreadable_identity_refuses_all);
    RUN(any_product_is_refused);
    RUN(a_right_signature_is_not_enough);
    RUN(signed_images_begun_in_turn_write_nothing);
    RUN(root_revokes);
    RUN(only_root_revokes);
    RUN(root_is_never_revoked);
    RUN(root_gives_nothing_back);
    RUN(a_key_that_is_not_there_may_be_revoked_by_anybody);
    RUN(a_development_key_signs_and_does_not_revoke);
    RUN(the_same_image_again_is_installed);
    RUN(a_resumed_update_is_verified_again);
    RUN(pages_are_told_in_a_session_alone);
    return 0;
}
