// END where signed images alone are taken: what is in flash is the signed image and nothing else.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "signed_unit.h"

#define LARGE 9000u
#define SMALL 3000u

static struct sim sim;
static uint8_t large[LARGE];
static uint8_t small[SMALL];
static uint8_t large_header[IAP_HEADER_SIZE];
static uint8_t small_header[IAP_HEADER_SIZE];

static void fresh(void) {
    unit_factory(&sim);
    sim_image(large, LARGE, 1);
    sim_image(small, SMALL, 2);
    unit_header(large_header, large, LARGE, 1);
    unit_header(small_header, small, SMALL, 1);
    sim_boot(&sim);
}

static uint8_t *application(void) {
    return sim.flash + (IAP_APP_BASE - IAP_BOOTLOADER_BASE);
}

static void nothing_but_the_image(uint32_t size) {
    CHECK(iap_all(application() + size, 0xff, SIM_FLASH_SIZE - 0x8000 - size));
}

static void nothing_is_left_behind_a_smaller_image(void) {
    fresh();
    CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
    CHECK_EQUAL(unit_update(&sim, small_header, small, SMALL), IAP_STATUS_OK);
    nothing_but_the_image(SMALL);
    // Of an update that never ended, too
    CHECK_EQUAL(sim_begin(&sim, large_header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, large, LARGE, 8, 0), IAP_STATUS_OK);
    CHECK_EQUAL(unit_update(&sim, small_header, small, SMALL), IAP_STATUS_OK);
    nothing_but_the_image(SMALL);
    CHECK(memcmp(application(), small, SMALL) == 0);
}

// Power may cut such an erase early, too, and the larger image come back.
static void what_is_behind_is_invalidated_before_it_is_erased(void) {
    fresh();
    CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
    uint32_t page = IAP_APP_BASE + 5 * SIM_PAGE_SIZE;
    memset(application() + 5 * SIM_PAGE_SIZE, 0, 4);
    CHECK_EQUAL(sim_begin(&sim, small_header, 0), IAP_STATUS_OK);
    for (uint16_t i = 0; i < 3; i++) {
        CHECK_EQUAL(sim_page(&sim, i, small, SMALL, i, 0), IAP_STATUS_OK);
    }
    memset(sim.page, 0, sizeof sim.page); // no page is on its way
    sim.operations = 0;
    CHECK_EQUAL(sim_end(&sim, 3), IAP_STATUS_OK);
    uint32_t first = 0;
    while (first < sim.operations && sim.log[first].address < page) {
        first++;
    }
    CHECK_EQUAL(sim.log[first].address, page + 4);
    CHECK_EQUAL(sim.log[first].value, 0);
    CHECK(!sim.log[first].erase);
    CHECK(sim.log[first + 1].erase);
    CHECK_EQUAL(sim.log[first + 1].address, page);
}

static void the_last_byte_of_flash_counts(void) {
    fresh();
    sim.flash[SIM_FLASH_SIZE - 1] = 0;
    CHECK_EQUAL(unit_update(&sim, small_header, small, SMALL), IAP_STATUS_OK);
    nothing_but_the_image(SMALL);
}

// An image that ends with its page has no padding, and the page behind it is none of its own.
static void an_image_of_whole_pages(void) {
    fresh();
    CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
    unit_header(small_header, small, 2 * SIM_PAGE_SIZE, 1);
    CHECK_EQUAL(unit_update(&sim, small_header, small, 2 * SIM_PAGE_SIZE), IAP_STATUS_OK);
    nothing_but_the_image(2 * SIM_PAGE_SIZE);
    // And one whose last page has a single byte of it
    CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
    unit_header(small_header, small, 2 * SIM_PAGE_SIZE + 1, 1);
    CHECK_EQUAL(unit_update(&sim, small_header, small, 2 * SIM_PAGE_SIZE + 1), IAP_STATUS_OK);
    nothing_but_the_image(2 * SIM_PAGE_SIZE + 1);
}

// Pages behind the image that are blank cost no erase, and the watchdog is fed for each.
static void what_is_blank_already_is_left(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, small_header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 3; page++) {
        CHECK_EQUAL(sim_page(&sim, page, small, SMALL, page, 0), IAP_STATUS_OK);
    }
    uint32_t erases = sim.erases;
    uint32_t polls = sim.polls;
    CHECK_EQUAL(sim_end(&sim, 3), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, erases);
    CHECK(sim.polls >= polls + (SIM_FLASH_SIZE - 0x8000) / SIM_PAGE_SIZE - 3);
}

static void what_is_behind_the_image_in_its_page_is_not_valid(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, small_header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 3; page++) {
        CHECK_EQUAL(sim_page(&sim, page, small, SMALL, page, 0), IAP_STATUS_OK);
    }
    application()[3 * SIM_PAGE_SIZE - 1] = 0x7f;
    uint32_t size;
    const uint8_t request[IAP_END_REQUEST_SIZE] = {3, 0};
    sim_request(&sim, 0, IAP_COMMAND_END, request, sizeof request);
    const uint8_t *answer = sim_response(&sim, IAP_COMMAND_END, &size);
    CHECK_EQUAL(answer[0], IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(iap_get32(answer + IAP_END_RESPONSE_AT_DETAIL), IAP_CHECK_PADDING);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
}

static void a_page_that_does_not_erase_is_told(void) {
    fresh();
    CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
    sim.refuse_from = IAP_APP_BASE + 5 * SIM_PAGE_SIZE;
    sim.refuse_to = sim.refuse_from + 1;
    CHECK_EQUAL(unit_update(&sim, small_header, small, SMALL), IAP_STATUS_FLASH_FAILED);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
    sim.refuse_to = 0;
    CHECK_EQUAL(sim_end(&sim, 3), IAP_STATUS_OK);
    nothing_but_the_image(SMALL);
}

// The header that BEGIN verified is not the one that is in the record.
static void the_records_header_is_verified(void) {
    uint32_t size;
    fresh();
    CHECK_EQUAL(sim_begin(&sim, small_header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 3; page++) {
        CHECK_EQUAL(sim_page(&sim, page, small, SMALL, page, 0), IAP_STATUS_OK);
    }
    uint8_t *in_record = (uint8_t *)(uintptr_t)sim.iap.update.record.installed.header;
    in_record[IAP_HEADER_AT_VERSION] ^= 1;
    const uint8_t request[IAP_END_REQUEST_SIZE] = {3, 0};
    sim_request(&sim, 0, IAP_COMMAND_END, request, sizeof request);
    const uint8_t *answer = sim_response(&sim, IAP_COMMAND_END, &size);
    CHECK_EQUAL(size, IAP_REFUSAL_SIZE);
    CHECK_EQUAL(answer[0], IAP_STATUS_BAD_SIGNATURE);
    CHECK_EQUAL(iap_get32(answer + IAP_REFUSAL_AT_DETAIL), IAP_SIGNATURE_FAULT_WRONG);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
}

static void both(void) {
    (void)unit_update(&sim, large_header, large, LARGE);
    (void)unit_update(&sim, small_header, small, SMALL);
}

// Wherever power goes, the next update leaves nothing behind.
static void power_cut_leaves_nothing_behind(void) {
    bool whole = false;
    for (uint32_t cut = 1; !whole; cut += 97) {
        fresh();
        whole = sim_survives(&sim, cut, both);
        sim_boot(&sim);
        CHECK_EQUAL(unit_update(&sim, small_header, small, SMALL), IAP_STATUS_OK);
        nothing_but_the_image(SMALL);
    }
}

static uint32_t counter;

// A revocation, then the spare key's update, power cut in it.
static void rotation(void) {
    unit_header(small_header, small, SMALL, 2);
    small_header[IAP_HEADER_AT_USABLE_KEYS] = 0xfd;
    iap_put32(small_header + IAP_HEADER_AT_SECURITY_COUNTER, ++counter);
    signer_sign(small_header);
    (void)unit_update(&sim, small_header, small, SMALL);
}

// The record's areas take turns meanwhile, and the image that revoked is the newest one no more.
static void revocations_survive_power_cuts(void) {
    for (uint32_t cut = 1; cut < 4000; cut += 61) {
        fresh();
        counter = 5;
        unit_header(large_header, large, LARGE, 0);
        large_header[IAP_HEADER_AT_USABLE_KEYS] = 0xfd;
        iap_put32(large_header + IAP_HEADER_AT_SECURITY_COUNTER, counter);
        signer_sign(large_header);
        CHECK_EQUAL(unit_update(&sim, large_header, large, LARGE), IAP_STATUS_OK);
        for (uint32_t i = 0; i < cut % 7; i++) {
            rotation();
        }
        (void)sim_survives(&sim, cut, rotation);
        sim_boot(&sim);
        const uint8_t *security = sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_SIZE;
        CHECK_EQUAL(security[IAP_SECURITY_AT_USABLE_KEYS], 0xfd);
        CHECK(iap_get32(security + IAP_SECURITY_AT_SECURITY_COUNTER) + 1 >= counter);
        uint32_t detail;
        unit_header(small_header, small, SMALL, 1);
        iap_put32(small_header + IAP_HEADER_AT_SECURITY_COUNTER, 100);
        signer_sign(small_header);
        CHECK_EQUAL(unit_begin(&sim, small_header, &detail), IAP_STATUS_BAD_SIGNATURE);
        CHECK_EQUAL(detail, IAP_SIGNATURE_FAULT_REVOKED);
    }
}

int main(void) {
    RUN(nothing_is_left_behind_a_smaller_image);
    RUN(what_is_behind_is_invalidated_before_it_is_erased);
    RUN(the_last_byte_of_flash_counts);
    RUN(an_image_of_whole_pages);
    RUN(what_is_blank_already_is_left);
    RUN(what_is_behind_the_image_in_its_page_is_not_valid);
    RUN(a_page_that_does_not_erase_is_told);
    RUN(the_records_header_is_verified);
    RUN(power_cut_leaves_nothing_behind);
    RUN(revocations_survive_power_cuts);
    return 0;
}
