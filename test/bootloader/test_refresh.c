// What an update makes sure of before it relies on flash that it found, and how far it has
// verified.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define PAGES 4u
#define ROOM  (PAGES * SIM_PAGE_SIZE + 1)

static struct sim sim;
static uint8_t image[ROOM];
static uint8_t header[IAP_HEADER_SIZE];
static uint32_t image_size;

// An image with one half-word of 0x0000 in each page, at offset 2 * page + 16.
static void fresh(uint32_t size) {
    sim_init(&sim);
    image_size = size;
    sim_image(image, ROOM, 1);
    for (uint32_t at = 0; at + 1 < ROOM; at += 2) {
        if (iap_get16(image + at) == 0) {
            image[at] = 1;
        }
    }
    for (uint32_t page = 0; page < PAGES; page++) {
        iap_put16(image + page * SIM_PAGE_SIZE + 2 * page + 16, 0);
    }
    sim_header(header, image, size);
    sim_boot(&sim);
}

static uint16_t page_count(void) {
    return (uint16_t)((image_size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE);
}

static void send_pages(void) {
    for (uint16_t page = 0; page < page_count(); page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, image_size, page, 0), IAP_STATUS_OK);
    }
}

static uint32_t zero_of(uint32_t page) {
    return IAP_APP_BASE + page * SIM_PAGE_SIZE + 2 * page + 16;
}

// Number of the first operation at this address; the number of all if there is none.
static uint32_t first_at(uint32_t address) {
    uint32_t i = 0;
    while (i < sim.operations && sim.log[i].address != address) {
        i++;
    }
    return i;
}

// Number of the n-th operation in the application's area before VALID; VALID's if there is none.
static uint32_t application_operation(uint32_t n) {
    uint32_t valid = first_at(sim.iap.update.record.installed.slot + IAP_RECORD_SLOT_AT_VALID);
    for (uint32_t i = 0; i < valid; i++) {
        if (sim.log[i].address >= IAP_APP_BASE && n-- == 0) {
            return i;
        }
    }
    return valid;
}

// All pages are there, but of a session that power ended: each is made sure of, once, in order,
// and the record names the entry before.
static void end_makes_sure_of_each_page(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    iap_put16(sim.flash + 0x8000 + PAGES * SIM_PAGE_SIZE + 16, 0); // behind the image: not ours
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.session.slot;
    sim.operations = 0;
    send_pages();
    CHECK_EQUAL(sim.operations, 0); // they are right already
    CHECK_EQUAL(sim.iap.update.session.verify.sha.size, 0);
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_OK);
    uint32_t touched = first_at(slot + IAP_RECORD_SLOT_AT_TOUCHED);
    uint32_t valid = first_at(slot + IAP_RECORD_SLOT_AT_VALID);
    CHECK(touched < valid && valid < sim.operations);
    for (uint32_t page = 0; page < PAGES; page++) {
        uint32_t i = application_operation(page);
        CHECK(i > touched && i < valid);
        CHECK_EQUAL(sim.log[i].address, zero_of(page));
        CHECK_EQUAL(sim.log[i].value, 0);
        CHECK(!sim.log[i].erase);
    }
    CHECK_EQUAL(application_operation(PAGES), valid); // nothing more
}

// The last page of an image that ends within its first block is made sure of too.
static void end_makes_sure_of_a_short_page(void) {
    fresh(2 * SIM_PAGE_SIZE + 30);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim.operations = 0;
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_OK);
    CHECK_EQUAL(sim.log[application_operation(2)].address, zero_of(2));
    CHECK(sim.log[application_operation(3)].address < IAP_APP_BASE);
}

// What was verified at its END is sure: neither its pages nor its entry is written.
static void an_image_that_was_verified_is_left_alone(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.record.installed.slot;
    header[IAP_HEADER_AT_VERSION] ^= 1;
    header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim_run(&sim, 20);
    CHECK_EQUAL(sim.iap.update.session.verify.sha.size, 0); // not before TOUCHED
    sim.operations = 0;
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(sim.operations, 0);
    CHECK_EQUAL(sim.iap.update.record.installed.slot, slot);
    CHECK(iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
}

static void a_good_end_is_the_last_that_touches_flash(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    sim.operations = 0;
    sim_run(&sim, 20);
    CHECK_EQUAL(sim.operations, 0);
}

// Verification goes on where it was; only a page that it had read already sends it back.
static void verification_follows_the_pages(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    const struct iap_sha256 *sha = &sim.iap.update.session.verify.sha;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < PAGES; page++) {
        uint32_t before = sha->size;
        CHECK_EQUAL(before, page * SIM_PAGE_SIZE);
        CHECK_EQUAL(sim_page(&sim, page, image, image_size, page, 0), IAP_STATUS_OK);
        CHECK(sha->size >= before);
        sim_run(&sim, 1);
    }
    CHECK_EQUAL(sha->size, PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_page(&sim, 4, image, image_size, 1, 0), IAP_STATUS_OK); // right already
    CHECK_EQUAL(sha->size, PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
}

// A block that is not all inside the image is END's.
static void a_block_that_is_not_whole_waits(void) {
    static const uint32_t sizes[] = {SIM_PAGE_SIZE + 63, SIM_PAGE_SIZE + 64, SIM_PAGE_SIZE + 65,
                                     SIM_PAGE_SIZE + 1};
    for (size_t i = 0; i < 4; i++) {
        fresh(sizes[i]);
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        send_pages();
        sim_run(&sim, 2);
        CHECK_EQUAL(sim.iap.update.session.verify.sha.size, sizes[i] / 64 * 64);
        CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_OK);
        // All of it at END, too
        sim_boot(&sim);
        CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
        send_pages();
        CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_OK);
    }
}

static void a_page_needs_a_record_that_names_it(void) {
    // TOUCHED reads as set, but can not be made sure of
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, image_size, 0, 0), IAP_STATUS_OK);
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.session.slot;
    sim.refuse_from = slot + IAP_RECORD_SLOT_AT_TOUCHED;
    sim.refuse_to = sim.refuse_from + 2;
    CHECK_EQUAL(sim_page(&sim, 0, image, image_size, 1, 0), IAP_STATUS_FLASH_FAILED);
    // TOUCHED is set, of an entry that no longer reads right
    fresh(PAGES * SIM_PAGE_SIZE);
    slot = sim_pending(&sim, header);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim.flash[slot - IAP_BOOTLOADER_BASE + IAP_RECORD_SLOT_AT_CRC32] ^= 1;
    CHECK_EQUAL(sim_page(&sim, 0, image, image_size, 0, 0), IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(application_operation(0), sim.operations);
}

// Only END makes an image valid: that all of it is there and right is not enough.
static void no_check_makes_an_image_valid(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim_boot(&sim);
    sim_run(&sim, 5);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
    CHECK(!sim.iap.update.check.good);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
    // And what is VALID without a seal is not sealed if it is damaged.
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.record.installed.slot;
    iap_put16(sim.flash + (slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_SEALED,
              IAP_STATE_CLEAR);
    sim.flash[0x8000 + 99] ^= 1;
    sim_boot(&sim);
    sim.operations = 0;
    sim_run(&sim, 5);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IMAGE_BAD);
    CHECK_EQUAL(sim.operations, 0);
}

// SEALED's cell is worn: the image is VALID all the same, and stays it.
static void an_image_without_its_seal_is_valid(void) {
    const uint32_t state = IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE;
    const uint8_t valid = IAP_IMAGE_STATE_PRESENT | IAP_IMAGE_STATE_TOUCHED | IAP_IMAGE_STATE_VALID;
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t slot = IAP_RECORD_A_ADDRESS + IAP_AREA_HEADER_SIZE; // the first there is
    sim.refuse_from = slot + IAP_RECORD_SLOT_AT_SEALED;
    sim.refuse_to = sim.refuse_from + 2;
    send_pages();
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_RECORD_FAILED);
    sim_boot(&sim);
    CHECK_EQUAL(sim.iap.update.record.verified.slot, slot);
    CHECK_EQUAL(sim_hello(&sim, 0)[state], valid); // not checked yet
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK(!sim.iap.update.session.active); // INSTALLED
    CHECK_EQUAL(sim_hello(&sim, 0)[state], valid | IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD);
    // Another version of the same bytes that turns out wrong writes nothing.
    header[IAP_HEADER_AT_VERSION] ^= 1;
    header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim.operations = 0;
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(sim.operations, 0);
    sim_header(header, image, image_size);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.session.slot, 0); // it is not an update that was left unfinished
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.restarted);
}

// All pages are there, and no record of them: nothing is written before they are verified.
static void an_image_without_a_record_is_verified_first(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    memset(sim.flash + (IAP_RECORD_A_ADDRESS - IAP_BOOTLOADER_BASE), 0xff,
           2 * IAP_RECORD_AREA_SIZE);
    sim_boot(&sim);
    header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    send_pages();
    sim.operations = 0;
    CHECK_EQUAL(sim_end(&sim, page_count()), IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(sim.operations, 0);
}

// Between one frame and the next in the same burst: what was found of the old image is forgotten.
static void a_touched_image_is_not_the_one_that_was_checked(void) {
    fresh(PAGES * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    image[100] ^= 1;
    sim_header(header, image, image_size);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, image_size, 0, 0), IAP_STATUS_OK);
    CHECK(!sim.iap.update.check.good ||
          sim.iap.update.check.slot != sim.iap.update.record.installed.slot);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE],
                IAP_IMAGE_STATE_PRESENT | IAP_IMAGE_STATE_TOUCHED | IAP_IMAGE_STATE_CHECKED);
}

// A page's buffer ends with the page, and so do flash and image.
static void nothing_behind_the_page_is_touched(void) {
    static uint8_t buffer[4 * SIM_PAGE_SIZE];
    fresh(PAGES * SIM_PAGE_SIZE);
    for (uint32_t page = 0; page < PAGES; page++) {
        iap_put16(image + page * SIM_PAGE_SIZE + 2 * page + 16, 0x0101); // no 0x0000 at all
    }
    sim_header(header, image, image_size);
    memset(buffer, 0x5a, sizeof buffer);
    sim.config.page_buffer = buffer;
    CHECK_EQUAL(sim_update(&sim, image, image_size), IAP_STATUS_OK);
    for (uint32_t i = SIM_PAGE_SIZE; i < sizeof buffer; i++) {
        CHECK_EQUAL(buffer[i], 0x5a);
    }
    // The page behind the image's last
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    uint8_t request[IAP_DATA_REQUEST_AT_BODY + IAP_PAGE_HEAD_SIZE] = {
        0, 0, IAP_DATA_FLAG_ASK | IAP_DATA_FLAG_HEAD, PAGES, 0};
    uint32_t size;
    sim_request(&sim, 0, IAP_COMMAND_DATA, request, sizeof request);
    const uint8_t *answer = sim_response(&sim, IAP_COMMAND_DATA, &size);
    CHECK_EQUAL(answer[IAP_DATA_RESPONSE_AT_STATUS], IAP_STATUS_PAGE_REJECTED);
    CHECK_EQUAL(iap_get32(answer + IAP_DATA_RESPONSE_AT_DETAIL), IAP_REJECTION_PAGE);
}

int main(void) {
    RUN(end_makes_sure_of_each_page);
    RUN(end_makes_sure_of_a_short_page);
    RUN(an_image_that_was_verified_is_left_alone);
    RUN(a_good_end_is_the_last_that_touches_flash);
    RUN(verification_follows_the_pages);
    RUN(a_block_that_is_not_whole_waits);
    RUN(a_page_needs_a_record_that_names_it);
    RUN(no_check_makes_an_image_valid);
    RUN(an_image_without_its_seal_is_valid);
    RUN(an_image_without_a_record_is_verified_first);
    RUN(a_touched_image_is_not_the_one_that_was_checked);
    RUN(nothing_behind_the_page_is_touched);
}
