// A supply that sinks: nothing that takes long is begun, nothing is lost, and all goes on once it
// is back.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_flash.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full
#define PAGE_OPERATIONS                                                                            \
    (3u + 1u + SIM_PAGE_SIZE / 2u) // marks before the first page, spoiling, half-words
#define STRIDE 7u

static struct sim sim;
static uint8_t old_image[SIZE];
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

// An old image that is installed, and starts; a new one to come.
static void with_old_image(void) {
    sim_init(&sim);
    sim_image(old_image, SIZE, 7);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, old_image, SIZE), IAP_STATUS_OK);
}

static bool starts_old_image(void) {
    sim_boot(&sim);
    sim_run(&sim, 300);
    return sim.restarted && memcmp(sim.flash + 0x8000, old_image, SIZE) == 0;
}

static void low_before_begin_changes_nothing(void) {
    with_old_image();
    sim.supply_low = true;
    uint32_t operations = sim.operations;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_SUPPLY_LOW);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_SUPPLY_LOW);
    CHECK_EQUAL(sim.operations, operations);
    CHECK(!sim.iap.update.session.active);
    CHECK(starts_old_image());
}

// The newest response to a request of this type; its size goes to got. NULL: none.
static const uint8_t *ask(uint8_t type, const void *payload, uint32_t size, uint32_t *got) {
    sim_request(&sim, 0, type, payload, size);
    return sim_response(&sim, type, got);
}

static bool refused(uint8_t type, const void *payload, uint32_t size) {
    uint32_t got;
    const uint8_t *answer = ask(type, payload, size, &got);
    return answer != NULL && got == IAP_REFUSAL_SIZE &&
           answer[IAP_REFUSAL_AT_STATUS] == IAP_STATUS_SUPPLY_LOW &&
           iap_get32(answer + IAP_REFUSAL_AT_DETAIL) == 0;
}

static void what_takes_long_is_refused_and_nothing_else(void) {
    with_old_image();
    sim.supply_low = true;
    uint8_t data[IAP_DATA_REQUEST_SIZE] = {0};
    uint32_t got;
    data[IAP_DATA_REQUEST_AT_FLAGS] = IAP_DATA_FLAG_ASK;
    CHECK(refused(IAP_COMMAND_DATA, data, sizeof data));
    data[IAP_DATA_REQUEST_AT_FLAGS] = IAP_DATA_FLAG_HEAD; // nobody asks
    CHECK(ask(IAP_COMMAND_DATA, data, sizeof data, &got) == NULL);
    for (uint16_t count = 0; count < 16; count++) { // whatever comes behind the payload
        uint8_t end[IAP_END_REQUEST_SIZE];
        iap_put16(end, count);
        CHECK(refused(IAP_COMMAND_END, end, sizeof end));
    }
    const uint8_t *answer = ask(IAP_COMMAND_ABORT, NULL, 0, &got);
    CHECK(answer != NULL && answer[IAP_ABORT_RESPONSE_AT_STATUS] == IAP_STATUS_OK);
    CHECK(sim_hello(&sim, 0) != NULL);
}

static void nobody_knows_the_supply(void) {
    sim_init(&sim);
    sim.port.supply_low = NULL;
    sim_image(image, SIZE, 1);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
}

// It sinks with any operation of an END that needs a new record area for an image that is in flash
// already: what was done counts.
static void sinks_in_end(void) {
    static const uint8_t no_page[IAP_END_REQUEST_SIZE] = {0};
    uint32_t in_the_middle = 0;
    for (uint32_t low_at = 1;; low_at++) {
        sim_init(&sim);
        sim_boot(&sim);
        for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
            sim_image(image, SIZE, 100 + i);
            CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
        }
        sim_header(header, image, SIZE);
        CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
        sim.operations = 0;
        sim.low_at = low_at;
        if (!refused(IAP_COMMAND_END, no_page, sizeof no_page)) {
            CHECK(sim.iap.update.session.ended);
            CHECK(sim.operations >= low_at); // or it never sank
            break;
        }
        sim.low_at = 0;
        CHECK_EQUAL(sim_end(&sim, 0), IAP_STATUS_OK);
        in_the_middle++;
    }
    CHECK(in_the_middle > 0);
}

static void low_before_the_first_page_leaves_the_old_application(void) {
    with_old_image();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim.supply_low = true;
    uint32_t operations = sim.operations;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_SUPPLY_LOW);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_SUPPLY_LOW);
    CHECK_EQUAL(sim_end(&sim, 0), IAP_STATUS_SUPPLY_LOW);
    CHECK_EQUAL(sim.operations, operations);
    CHECK(starts_old_image());
}

static void a_refused_frame_is_not_taken(void) {
    with_old_image();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    sim.supply_low = true;
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 1, 0), IAP_STATUS_SUPPLY_LOW);
    sim.supply_low = false;
    CHECK_EQUAL(sim_page(&sim, 2, image, SIZE, 2, 0), IAP_STATUS_GAP); // 1 is still due
    CHECK_EQUAL(sim_end(&sim, 2), IAP_STATUS_GAP);
    CHECK_EQUAL(sim.iap.update.session.next, 1);
    for (uint16_t page = 1; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
}

// BEGIN, pages and END until one is refused. Whether all were done.
static bool until_refused(bool whole_area) {
    uint8_t status = sim_begin(&sim, header, 0);
    uint16_t number = sim.iap.update.session.next;
    for (uint16_t page = 0; status == IAP_STATUS_OK && page < 5; page++) {
        uint32_t at = page * SIM_PAGE_SIZE;
        uint32_t length = SIZE - at < SIM_PAGE_SIZE ? SIZE - at : SIM_PAGE_SIZE;
        if (whole_area || memcmp(sim.flash + 0x8000 + at, image + at, length) != 0) {
            status = sim_page(&sim, number, image, SIZE, page, 0);
            if (status == IAP_STATUS_FLASH_FAILED) { // it sank just before the erase
                status = sim_page(&sim, number, image, SIZE, page, 0);
            }
            number++;
        }
    }
    status = status == IAP_STATUS_OK ? sim_end(&sim, number) : status;
    CHECK(status == IAP_STATUS_OK || status == IAP_STATUS_SUPPLY_LOW);
    return status == IAP_STATUS_OK;
}

// The supply sinks with any operation of an update: no erase follows, and no more than the rest of
// one page; once it is back the update goes on.
static void sinks_at_every_operation(uint32_t updates_before) {
    uint32_t points = 0;
    bool whole = false;
    while (!whole) {
        with_old_image();
        for (uint32_t i = 0; i < updates_before; i++) {
            sim_image(image, SIZE, 100 + i);
            CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
        }
        sim_image(image, SIZE, 1);
        sim_boot(&sim);
        sim.operations = 0;                  // of the log, too
        points += points < 200 ? 1 : STRIDE; // the record at its every operation
        sim.low_at = points;
        whole = until_refused(true);
        CHECK(whole || sim.operations < points + PAGE_OPERATIONS);
        for (uint32_t i = points; i < sim.operations; i++) {
            CHECK(!sim.log[i].erase);
        }
        sim.low_at = 0;
        CHECK(whole || until_refused(false));
        CHECK(memcmp(sim.flash + 0x8000, image, SIZE) == 0);
        CHECK(iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_SEALED));
    }
    CHECK(points > 2500);
}

static void sinks_in_an_update(void) {
    sinks_at_every_operation(0);
}

static void sinks_while_the_record_changes_areas(void) {
    sinks_at_every_operation(IAP_RECORD_SLOTS - 1);
}

int main(void) {
    RUN(low_before_begin_changes_nothing);
    RUN(what_takes_long_is_refused_and_nothing_else);
    RUN(nobody_knows_the_supply);
    RUN(sinks_in_end);
    RUN(low_before_the_first_page_leaves_the_old_application);
    RUN(a_refused_frame_is_not_taken);
    RUN(sinks_in_an_update);
    RUN(sinks_while_the_record_changes_areas);
    return 0;
}
