// Erasing and programming: where, what is read back, and which address a failure names.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_page.h"
#include "sim.h"

static struct sim sim;
static struct iap_target target;
static uint8_t bytes[SIM_PAGE_SIZE];

// A port programs half-words one by one, or a run of them at once.
static bool by_runs;
static bool (*half_word)(void *context, uint32_t address, uint16_t value);

static size_t program_run(void *context, uint32_t address, const uint8_t *from, size_t size) {
    for (uint32_t i = 0; i < size; i += 2) {
        uint16_t value = iap_get16(from + i);
        if (value != 0xffff && !half_word(context, address + i, value)) {
            return i;
        }
    }
    return size;
}

static void fresh(void) {
    sim_init(&sim);
    if (by_runs) {
        half_word = sim.port.program;
        sim.port.program = NULL;
        sim.port.program_run = program_run;
    }
    target = sim_target(&sim);
    sim_image(bytes, sizeof bytes, 1);
}

// Bytes that were programmed before one failed.
static uint32_t program(uint32_t address, const uint8_t *from, uint32_t size) {
    iap_result result = iap_flash_program(&target, address, from, size);
    CHECK(iap_ok(result) || iap_status_of(result) == IAP_STATUS_FLASH_FAILED);
    return iap_ok(result) ? size : iap_detail_of(result) - address;
}

static bool erase(uint32_t address) {
    iap_result result = iap_flash_erase_page(&target, address);
    CHECK(iap_ok(result) || iap_status_of(result) == IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(iap_detail_of(result), iap_ok(result) ? 0 : address);
    return iap_ok(result);
}

static uint32_t offset(uint32_t address) {
    return address - IAP_BOOTLOADER_BASE;
}

static void only_whole_pages_are_erased(void) {
    fresh();
    CHECK(erase(IAP_APP_BASE));
    CHECK_EQUAL(sim.erases, 1);
    CHECK(!erase(IAP_APP_BASE + 2));
    CHECK(!erase(IAP_APP_BASE + SIM_PAGE_SIZE / 2));
    CHECK(!erase(IAP_RECORD_A_ADDRESS - SIM_PAGE_SIZE));
    CHECK(!erase(IAP_BOOTLOADER_BASE + SIM_FLASH_SIZE));
    CHECK_EQUAL(sim.erases, 1);
    sim.refuse_from = IAP_APP_BASE;
    sim.refuse_to = IAP_APP_BASE + 2;
    CHECK(!erase(IAP_APP_BASE));
    sim.refuse_from = sim.refuse_to = 0;
    sim.flash[offset(IAP_APP_BASE) + SIM_PAGE_SIZE - 1] = 0xfe;
    sim.worn_from = IAP_APP_BASE;
    sim.worn_to = IAP_APP_BASE + 2;
    CHECK(!erase(IAP_APP_BASE)); // said done, and was not
}

static void only_whole_half_words_are_programmed(void) {
    fresh();
    CHECK_EQUAL(program(IAP_APP_BASE + 1, bytes, 2), 0);
    CHECK_EQUAL(program(IAP_APP_BASE, bytes, 3), 0);
    CHECK_EQUAL(program(IAP_APP_BASE + 1, bytes, 3), 0);
    CHECK_EQUAL(program(IAP_RECORD_A_ADDRESS - 2, bytes, 2), 0);
    CHECK_EQUAL(program(IAP_RECORD_A_ADDRESS - 2, bytes, 4), 0);
    CHECK_EQUAL(program(IAP_RECORD_B_ADDRESS - 2, bytes, 4), 0);
    CHECK_EQUAL(program(IAP_BOOTLOADER_BASE + SIM_FLASH_SIZE, bytes, 2), 0);
    CHECK_EQUAL(sim.operations, 0);
    CHECK_EQUAL(program(IAP_APP_BASE, bytes, 10), 10);
    CHECK_EQUAL(sim.operations, 5);
    CHECK(memcmp(sim.flash + offset(IAP_APP_BASE), bytes, 10) == 0);
    CHECK_EQUAL(sim.flash[offset(IAP_APP_BASE) + 10], 0xff);
}

static void an_erased_half_word_is_left_as_it_is(void) {
    fresh();
    memset(bytes + 4, 0xff, 2);
    iap_put16(bytes + 8, 0xfffe);
    iap_put16(bytes + 10, 0x00ff);
    CHECK_EQUAL(program(IAP_APP_BASE, bytes, 12), 12);
    CHECK_EQUAL(sim.operations, 5);
    CHECK(memcmp(sim.flash + offset(IAP_APP_BASE), bytes, 12) == 0);
}

static void a_failure_is_named(void) {
    for (uint32_t at = 0; at < 12; at += 2) {
        fresh();
        sim.refuse_from = IAP_APP_BASE + at;
        sim.refuse_to = IAP_APP_BASE + at + 2;
        CHECK_EQUAL(program(IAP_APP_BASE, bytes, 12), at);
        CHECK_EQUAL(sim.operations, at / 2); // nothing after it
        fresh();
        sim.worn_from = IAP_APP_BASE + at;
        sim.worn_to = IAP_APP_BASE + at + 2;
        CHECK_EQUAL(program(IAP_APP_BASE, bytes, 12), at);
        CHECK_EQUAL(sim.operations, 6);
    }
}

static void areas_end_where_they_end(void) {
    fresh();
    const struct iap_config *config = &sim.config;
    const uint32_t ends[] = {config->app_end, config->app_base, iap_record_b(config)};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(iap_flash_writable(config, ends[i] - 2, 2));
        CHECK(!iap_flash_writable(config, ends[i] - 2, 4));
        CHECK(iap_flash_writable(config, ends[i], 0));
    }
    CHECK(iap_flash_writable(config, iap_record_a(config), IAP_RECORD_AREA_SIZE));
    CHECK(iap_flash_writable(config, iap_record_b(config), IAP_RECORD_AREA_SIZE));
    CHECK(!iap_flash_writable(config, iap_record_b(config), IAP_RECORD_AREA_SIZE + 2));
    CHECK(!iap_flash_writable(config, iap_record_a(config), IAP_RECORD_AREA_SIZE + 2));
    CHECK(!iap_flash_writable(config, iap_record_a(config) - 2, 2));
}

// A page whose last half-word of 0x0000 is programmed last, so that it can be made sure later.
static struct iap_page page_of(uint16_t number, uint8_t flags) {
    memcpy(sim.page, bytes, sizeof bytes);
    return (struct iap_page){.number = number,
                             .flags = flags,
                             .length = SIM_PAGE_SIZE,
                             .crc32 = iap_crc32(0, bytes, sizeof bytes)};
}

static iap_result write_page(uint16_t number, uint8_t flags, bool trust_blank) {
    struct iap_page page = page_of(number, flags);
    sim.operations = 0;
    return iap_page_write(&page, &target, trust_blank);
}

static void the_last_zero_is_programmed_last(void) {
    static const uint32_t places[] = {0, 2, 100, SIM_PAGE_SIZE - 2};
    for (size_t i = 0; i < 4; i++) {
        fresh();
        iap_put16(bytes + places[i], 0);
        if (places[i] > 0) {
            iap_put16(bytes, 0); // an earlier one does not matter
        }
        CHECK_EQUAL(iap_status_of(write_page(1, 0, true)), IAP_STATUS_OK);
        const uint32_t page = IAP_APP_BASE + SIM_PAGE_SIZE;
        CHECK(memcmp(sim.flash + offset(page), bytes, SIM_PAGE_SIZE) == 0);
        CHECK_EQUAL(sim.operations, SIM_PAGE_SIZE / 2);
        CHECK_EQUAL(sim.log[SIM_PAGE_SIZE / 2 - 1].address, page + places[i]);
        CHECK_EQUAL(sim.log[SIM_PAGE_SIZE / 2 - 1].value, 0);
        // Made sure of: that half-word again and nothing else
        sim.operations = 0;
        iap_page_refresh(&target, page);
        CHECK_EQUAL(sim.operations, 1);
        CHECK_EQUAL(sim.log[0].address, page + places[i]);
        // Its failure is named too.
        fresh();
        iap_put16(bytes + places[i], 0);
        sim.refuse_from = page + places[i];
        sim.refuse_to = page + places[i] + 2;
        iap_result result = write_page(1, 0, true);
        CHECK_EQUAL(iap_status_of(result), IAP_STATUS_FLASH_FAILED);
        CHECK_EQUAL(iap_detail_of(result), page + places[i]);
    }
    // After a failure nothing more is programmed, nor that half-word.
    fresh();
    iap_put16(bytes + 100, 0);
    sim.refuse_from = IAP_APP_BASE + SIM_PAGE_SIZE + 16;
    sim.refuse_to = sim.refuse_from + 2;
    CHECK_EQUAL(iap_detail_of(write_page(1, 0, true)), sim.refuse_from);
    CHECK_EQUAL(sim.operations, 8);
    // None: nothing to make sure of
    fresh();
    for (uint32_t at = 0; at < SIM_PAGE_SIZE; at += 2) {
        iap_put16(bytes + at, 0x0100 + at); // odd bytes are 0 here and there, no half-word is
    }
    iap_result result = write_page(1, 0, true);
    CHECK_EQUAL(iap_status_of(result), IAP_STATUS_OK);
    CHECK_EQUAL(iap_detail_of(result), 0);
    CHECK_EQUAL(sim.operations, SIM_PAGE_SIZE / 2);
    CHECK_EQUAL(sim.log[0].address, IAP_APP_BASE + SIM_PAGE_SIZE);
    sim.operations = 0;
    iap_page_refresh(&target, IAP_APP_BASE + SIM_PAGE_SIZE);
    CHECK_EQUAL(sim.operations, 0);
}

static void a_page_is_erased_unless_its_blank_is_trusted(void) {
    const uint32_t page = IAP_APP_BASE + SIM_PAGE_SIZE;
    fresh();
    CHECK_EQUAL(iap_status_of(write_page(1, 0, true)), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, 0);
    fresh();
    CHECK_EQUAL(iap_status_of(write_page(1, 0, false)), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, 1);
    CHECK(sim.log[0].erase); // blank already: not invalidated first
    fresh();
    CHECK_EQUAL(iap_status_of(write_page(1, IAP_PAGE_FLAG_FORCE, true)), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, 1);
    fresh();
    sim.flash[offset(page) + SIM_PAGE_SIZE - 1] = 0xfe;
    CHECK_EQUAL(iap_status_of(write_page(1, 0, true)), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, 1);
    CHECK(!sim.log[0].erase);                                  // invalidated at what is programmed
    CHECK_EQUAL(sim.log[0].address, page + SIM_PAGE_SIZE - 2); // all else is 0xFFFF
    CHECK(sim.log[1].erase);
    // All of it is 0: nothing left to invalidate
    fresh();
    memset(sim.flash + offset(page), 0, SIM_PAGE_SIZE);
    CHECK_EQUAL(iap_status_of(write_page(1, 0, true)), IAP_STATUS_OK);
    CHECK(sim.log[0].erase);
    CHECK_EQUAL(sim.log[0].address, page);
    // All but the last half-word is.
    memset(sim.flash + offset(page), 0, SIM_PAGE_SIZE - 2);
    memset(sim.flash + offset(page) + SIM_PAGE_SIZE, 0x5a, 2); // the next page's
    CHECK_EQUAL(iap_status_of(write_page(1, 0, true)), IAP_STATUS_OK);
    CHECK_EQUAL(sim.log[0].address, page + SIM_PAGE_SIZE - 2);
    CHECK(sim.log[1].erase);
    // The last page: there is no flash behind it to look at.
    fresh();
    const uint16_t last = (SIM_FLASH_SIZE - 0x8000) / SIM_PAGE_SIZE - 1;
    memset(sim.flash + SIM_FLASH_SIZE - SIM_PAGE_SIZE, 0, SIM_PAGE_SIZE);
    CHECK_EQUAL(iap_status_of(write_page(last, 0, true)), IAP_STATUS_OK);
    // An erase that fails, where programming would not
    fresh();
    iap_put16(bytes, 0xffff);
    sim.refuse_from = page;
    sim.refuse_to = page + 2;
    CHECK_EQUAL(iap_detail_of(write_page(1, IAP_PAGE_FLAG_FORCE, true)), page);
    CHECK_EQUAL(sim.operations, 0);
    fresh();
    // … and where the page is not blank
    sim.flash[offset(page)] = 0;
    sim.refuse_from = page;
    sim.refuse_to = page + 2;
    iap_result result = write_page(1, 0, true);
    CHECK_EQUAL(iap_status_of(result), IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(iap_detail_of(result), page);
}

static void a_page_differs_by_its_crc(void) {
    fresh();
    struct iap_page page = page_of(1, 0);
    CHECK(iap_page_differs(&page, &target));
    CHECK_EQUAL(iap_status_of(iap_page_write(&page, &target, true)), IAP_STATUS_OK);
    CHECK(!iap_page_differs(&page, &target));
    page.flags = (uint8_t)~IAP_PAGE_FLAG_FORCE;
    CHECK(!iap_page_differs(&page, &target));
    page.flags = IAP_PAGE_FLAG_FORCE;
    CHECK(iap_page_differs(&page, &target));
    page.flags = 0;
    sim.flash[offset(IAP_APP_BASE) + 2 * SIM_PAGE_SIZE - 1] ^= 1;
    CHECK(iap_page_differs(&page, &target));
}

static void all(void) {
    RUN(only_whole_pages_are_erased);
    RUN(only_whole_half_words_are_programmed);
    RUN(an_erased_half_word_is_left_as_it_is);
    RUN(a_failure_is_named);
    RUN(areas_end_where_they_end);
    RUN(the_last_zero_is_programmed_last);
    RUN(a_page_is_erased_unless_its_blank_is_trusted);
    RUN(a_page_differs_by_its_crc);
}

int main(void) {
    all();
    by_runs = true;
    all();
}
