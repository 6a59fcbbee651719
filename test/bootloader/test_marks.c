// The order in which record and pages are written, operation by operation.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static void other_image(uint32_t seed) {
    sim_image(image, SIZE, seed);
    sim_header(header, image, SIZE);
}

static void forget_operations(void) {
    sim.operations = 0;
}

static uint32_t log_size(void) {
    CHECK(sim.operations <= SIM_LOG);
    return sim.operations;
}

// Number of the first operation at this address from `from` on; the number of all if there is none.
static uint32_t first_at(uint32_t address, uint32_t from) {
    uint32_t i = from;
    while (i < log_size() && sim.log[i].address != address) {
        i++;
    }
    return i;
}

static uint32_t first_of_application(void) {
    uint32_t i = 0;
    while (i < log_size() && sim.log[i].address < IAP_APP_BASE) {
        i++;
    }
    return i;
}

static uint32_t area_of(uint32_t slot) {
    return slot < IAP_RECORD_B_ADDRESS ? IAP_RECORD_A_ADDRESS : IAP_RECORD_B_ADDRESS;
}

static void touched_comes_before_the_first_page(void) {
    fresh();
    for (uint32_t session = 0; session < 3; session++) {
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        forget_operations();
        uint16_t page = (uint16_t)session;
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, page, 0), IAP_STATUS_OK);
        uint32_t touched = sim.iap.update.session.slot + IAP_RECORD_SLOT_AT_TOUCHED;
        CHECK(first_at(touched, 0) < first_of_application());
        CHECK(first_of_application() < log_size());
        sim_boot(&sim); // power may have gone: the next session must not rely on this one
    }
}

static void touched_comes_after_sealed_and_written_again(void) {
    fresh();
    for (uint32_t session = 0; session < 3; session++) {
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        forget_operations();
        uint16_t page = (uint16_t)session;
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, page, 0), IAP_STATUS_OK);
        uint32_t slot = sim.iap.update.session.slot;
        uint32_t touched = first_at(slot + IAP_RECORD_SLOT_AT_TOUCHED, 0);
        CHECK(first_at(slot + IAP_RECORD_SLOT_AT_WRITTEN, 0) < touched);
        CHECK(first_at(area_of(slot) + IAP_AREA_HEADER_AT_SEALED, 0) < touched);
        CHECK(touched < log_size());
        sim_boot(&sim);
    }
}

static void an_equal_page_is_not_written(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    forget_operations();
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(log_size(), 0); // not even TOUCHED
    CHECK_EQUAL(sim.iap.update.session.pages, 5);
    uint32_t erases = sim.erases;
    CHECK_EQUAL(sim_page(&sim, 5, image, SIZE, 0, IAP_PAGE_FLAG_FORCE), IAP_STATUS_OK);
    CHECK_EQUAL(sim.erases, erases + 1);
}

static void a_resumed_update_erases_blank_pages(void) {
    fresh();
    // A new device trusts what reads blank; from the first page on nobody does.
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(first_at(IAP_APP_BASE, 0) < log_size(), 1);
    CHECK(!sim.log[first_at(IAP_APP_BASE, 0)].erase);
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    forget_operations();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 3, 0), IAP_STATUS_OK);
    uint32_t page = IAP_APP_BASE + 3 * SIM_PAGE_SIZE;
    CHECK(sim.log[first_at(page, 0)].erase);
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 1, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 2, image, SIZE, 2, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 3, image, SIZE, 4, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 4), IAP_STATUS_OK);
    // Also in an update over another image: the cut may be older.
    memset(sim.flash + 0x8000, 0xff, SIM_PAGE_SIZE);
    other_image(2);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    forget_operations();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK(sim.log[first_at(IAP_APP_BASE, 0)].erase);
}

static void a_page_is_invalidated_before_it_is_erased(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    // A half-word that is 0x0000 already invalidates nothing.
    memset(sim.flash + 0x8000, 0, 6);
    other_image(2);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    forget_operations();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t invalidated = first_of_application();
    CHECK_EQUAL(sim.log[invalidated].address, IAP_APP_BASE + 6);
    CHECK_EQUAL(sim.log[invalidated].value, 0);
    CHECK(!sim.log[invalidated].erase && sim.log[invalidated + 1].erase);
}

// What is programmed last, and may be in doubt, is such a half-word: it would complete the page.
static void a_page_is_not_invalidated_by_what_it_lacks(void) {
    static const uint8_t begin[4] = {0, 0, 0x5a, 0xa5};
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    other_image(2);
    memcpy(image, begin, sizeof begin);
    memcpy(sim.flash + 0x8000, image, SIM_PAGE_SIZE);
    sim.flash[0x8001] = 0x80;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    forget_operations();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t invalidated = first_of_application();
    CHECK_EQUAL(sim.log[invalidated].address, IAP_APP_BASE + 2);
    CHECK(!sim.log[invalidated].erase && sim.log[invalidated + 1].erase);
}

// Where page 0 is invalidated for the image as it is now.
static uint32_t invalidated_at(void) {
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    forget_operations();
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t first = first_of_application();
    CHECK_EQUAL(sim.log[first].value, 0);
    CHECK(!sim.log[first].erase && sim.log[first + 1].erase);
    return sim.log[first].address - IAP_APP_BASE;
}

// A half-word of 0xFFFF may be the 0x0000 that an earlier image's page lacked.
static void a_page_is_invalidated_by_what_is_programmed(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_image(image, SIZE, 2);
    memset(sim.flash + 0x8000, 0xff, 6);
    iap_put16(sim.flash + 0x8006, 0x1234);
    CHECK_EQUAL(invalidated_at(), 6);
    // It is better all the same than what the new page may lack, and that better than nothing.
    memset(sim.flash + 0x8000, 0, SIM_PAGE_SIZE);
    iap_put16(sim.flash + 0x8008, 0x1234);
    iap_put16(sim.flash + 0x800a, 0xffff);
    iap_put16(image + 8, 0);
    iap_put16(image + 10, 0x5678);
    CHECK_EQUAL(invalidated_at(), 10);
    memset(sim.flash + 0x8000, 0, SIM_PAGE_SIZE);
    iap_put16(sim.flash + 0x8008, 0x1234);
    image[20] ^= 1;
    CHECK_EQUAL(invalidated_at(), 8);
}

static void valid_is_programmed_twice_then_sealed(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    uint32_t slot = sim.iap.update.session.slot;
    forget_operations();
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    uint32_t once = first_at(slot + IAP_RECORD_SLOT_AT_VALID, 0);
    uint32_t twice = first_at(slot + IAP_RECORD_SLOT_AT_VALID, once + 1);
    uint32_t sealed = first_at(slot + IAP_RECORD_SLOT_AT_SEALED, 0);
    CHECK(once < twice && twice < sealed && sealed < log_size());
}

// A device that comes up with an image that is VALID and not SEALED. Returns the slot of its entry.
static uint32_t boot_without_seal(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.record.installed.slot;
    iap_put16(sim.flash + (slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_SEALED,
              IAP_STATE_CLEAR);
    sim_boot(&sim);
    forget_operations();
    return slot;
}

static void valid_without_seal_is_programmed_again(void) {
    uint32_t slot = boot_without_seal();
    sim_run(&sim, 300);
    CHECK(sim.restarted);
    uint32_t once = first_at(slot + IAP_RECORD_SLOT_AT_VALID, 0);
    uint32_t twice = first_at(slot + IAP_RECORD_SLOT_AT_VALID, once + 1);
    uint32_t sealed = first_at(slot + IAP_RECORD_SLOT_AT_SEALED, 0);
    CHECK(once < twice && twice < sealed && sealed < log_size());
    sim_boot(&sim);
    forget_operations();
    sim_run(&sim, 300);
    CHECK(sim.restarted);
    CHECK_EQUAL(log_size(), 0); // once sealed, a start costs no write
}

static void valid_without_seal_is_sealed_before_anybody_relies_on_it(void) {
    uint32_t slot = boot_without_seal();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK); // INSTALLED, and the host goes away
    CHECK(!sim.iap.update.session.active);
    CHECK(first_at(slot + IAP_RECORD_SLOT_AT_SEALED, 0) < log_size());
    CHECK(iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_SEALED));
}

static void marks_come_after_what_they_vouch_for(void) {
    fresh();
    // Enough updates for the areas to take turns twice.
    for (uint32_t i = 0; i < 16; i++) {
        other_image(i + 1);
        forget_operations();
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
        uint32_t slot = sim.iap.update.session.slot;
        uint32_t written = first_at(slot + IAP_RECORD_SLOT_AT_WRITTEN, 0);
        CHECK(written < log_size());
        uint32_t sealed = first_at(area_of(slot) + IAP_AREA_HEADER_AT_SEALED, 0);
        for (uint32_t k = 0; k < log_size(); k++) {
            uint32_t at = sim.log[k].address;
            CHECK(at < slot || at >= slot + IAP_RECORD_SLOT_AT_WRITTEN || k < written);
            bool area_header =
                at >= area_of(slot) && at < area_of(slot) + IAP_AREA_HEADER_AT_SEALED;
            CHECK(!area_header || k < sealed);
        }
    }
}

static void the_active_area_is_never_erased(void) {
    fresh();
    for (uint32_t i = 0; i < 40; i++) {
        other_image(i + 1);
        struct iap_target target = sim_target(&sim);
        uint32_t active = iap_record_read(&target).area;
        forget_operations();
        if (i % 3 == 0) {
            CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
            CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
        } else {
            CHECK(sim_pending(&sim, header) != 0);
        }
        for (uint32_t k = 0; k < log_size() && sim.log[k].address < IAP_APP_BASE; k++) {
            CHECK(!sim.log[k].erase || active == 0 || area_of(sim.log[k].address) != active);
        }
        uint32_t now = iap_record_read(&target).area;
        if (now != active) {
            // The other area is erased first, even if it reads blank.
            CHECK(sim.log[first_at(now, 0)].erase);
            CHECK(sim.log[first_at(now + SIM_PAGE_SIZE, 0)].erase);
        }
    }
}

static void older_entries_are_never_written(void) {
    fresh();
    for (uint32_t i = 0; i < 40; i++) {
        other_image(i + 1);
        struct iap_target target = sim_target(&sim);
        struct iap_record before = iap_record_read(&target);
        forget_operations();
        CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
        struct iap_record after = iap_record_read(&target);
        for (uint32_t k = 0; before.area == after.area && k < log_size(); k++) {
            uint32_t at = sim.log[k].address;
            CHECK(at >= IAP_APP_BASE || at == after.area + IAP_AREA_HEADER_AT_SEALED ||
                  at >= after.installed.slot);
        }
    }
}

static uint8_t begin_with_counter(uint32_t seed, uint32_t counter) {
    sim_image(image, SIZE, seed);
    sim_header(header, image, SIZE);
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, counter);
    return sim_begin(&sim, header, 0);
}

static void the_floor_is_the_newest_valid_image(void) {
    fresh();
    CHECK_EQUAL(begin_with_counter(1, 5), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(begin_with_counter(2, 4), IAP_STATUS_OK); // nothing is VALID yet
    CHECK_EQUAL(begin_with_counter(1, 5), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    CHECK_EQUAL(begin_with_counter(2, 4), IAP_STATUS_ROLLBACK);
    // Begun and touched, with a huge counter: that alone locks nobody out.
    CHECK_EQUAL(begin_with_counter(3, 0xffffffff), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(begin_with_counter(2, 4), IAP_STATUS_ROLLBACK);
    // Also not after the areas took turns.
    for (uint32_t i = 0; i < 20; i++) {
        CHECK_EQUAL(begin_with_counter(10 + i, 5), IAP_STATUS_OK);
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
        CHECK_EQUAL(begin_with_counter(2, 4), IAP_STATUS_ROLLBACK);
    }
}

int main(void) {
    RUN(touched_comes_before_the_first_page);
    RUN(touched_comes_after_sealed_and_written_again);
    RUN(an_equal_page_is_not_written);
    RUN(a_resumed_update_erases_blank_pages);
    RUN(a_page_is_invalidated_before_it_is_erased);
    RUN(a_page_is_not_invalidated_by_what_it_lacks);
    RUN(a_page_is_invalidated_by_what_is_programmed);
    RUN(valid_is_programmed_twice_then_sealed);
    RUN(valid_without_seal_is_programmed_again);
    RUN(valid_without_seal_is_sealed_before_anybody_relies_on_it);
    RUN(marks_come_after_what_they_vouch_for);
    RUN(the_active_area_is_never_erased);
    RUN(older_entries_are_never_written);
    RUN(the_floor_is_the_newest_valid_image);
}
