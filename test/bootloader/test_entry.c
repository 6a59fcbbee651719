// When a new update gets its entry in the record: with its first page, not with BEGIN, or who can
// do no more than begin two authentic images in turn would wear the record out.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t old_image[SIZE];
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

// An old image that is installed; a new one to come.
static void with_old_image(void) {
    sim_init(&sim);
    sim_image(old_image, SIZE, 7);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, old_image, SIZE), IAP_STATUS_OK);
    sim.operations = 0;
}

static uint32_t with_pending_entry(void) {
    with_old_image();
    uint32_t slot = sim_pending(&sim, header);
    sim_boot(&sim);
    sim.operations = 0;
    return slot;
}

// The newest response's payload.
static const uint8_t *ask(uint8_t type, const void *payload, uint32_t size) {
    uint32_t got;
    sim_request(&sim, 0, type, payload, size);
    return sim_response(&sim, type, &got);
}

static const uint8_t *end(uint16_t count) {
    uint8_t request[IAP_END_REQUEST_SIZE];
    iap_put16(request, count);
    return ask(IAP_COMMAND_END, request, sizeof request);
}

static uint8_t begun(void) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    const uint8_t *answer = ask(IAP_COMMAND_BEGIN, request, sizeof request);
    CHECK_EQUAL(answer[IAP_BEGIN_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    return answer[IAP_BEGIN_RESPONSE_AT_BEGUN];
}

static uint8_t pending_state(void) {
    return sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_PENDING + IAP_IMAGE_AT_STATE];
}

static void begins_in_turn_write_nothing(void) {
    with_old_image();
    for (uint32_t i = 0; i < 100; i++) {
        header[IAP_HEADER_AT_VERSION] ^= 1;
        CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
        CHECK_EQUAL(begun(), IAP_BEGUN_RESUMED);
        CHECK_EQUAL(pending_state(), 0);
        if (i % 3 == 0) {
            sim_boot(&sim);
        }
    }
    CHECK_EQUAL(sim.operations, 0);
    // Nor do pages that are right already.
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(sim_page(&sim, 0, old_image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.operations, 0);
}

static uint32_t count_at(uint32_t address, uint32_t before) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < before; i++) {
        count += sim.log[i].address == address;
    }
    return count;
}

static uint32_t first_of_application(void) {
    uint32_t i = 0;
    while (i < sim.operations && sim.log[i].address < IAP_APP_BASE) {
        i++;
    }
    return i;
}

// The entry, read back, WRITTEN; then its marks once more, TOUCHED, and the page.
static void the_first_page_makes_the_entry(void) {
    with_old_image();
    uint32_t sequence = sim.iap.update.record.last_sequence;
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 2, 0), IAP_STATUS_OK);
    const struct iap_entry *entry = &sim.iap.update.record.installed;
    CHECK_EQUAL(entry->sequence, sequence + 1);
    CHECK(memcmp(entry->header, header, IAP_HEADER_SIZE) == 0);
    uint32_t page = first_of_application();
    CHECK(page < sim.operations);
    CHECK_EQUAL(count_at(entry->slot + IAP_RECORD_SLOT_AT_WRITTEN, page), 2);
    CHECK_EQUAL(count_at(sim.iap.update.record.area + IAP_AREA_HEADER_AT_SEALED, page), 2);
    CHECK_EQUAL(sim.log[page - 1].address, entry->slot + IAP_RECORD_SLOT_AT_TOUCHED);
    CHECK_EQUAL(count_at(entry->slot + IAP_RECORD_SLOT_AT_TOUCHED, page), 1);
    // Once a session.
    sim.operations = 0;
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 3, 0), IAP_STATUS_OK);
    CHECK_EQUAL(first_of_application(), 0);
    CHECK_EQUAL(begun(), IAP_BEGUN_RESUMED);
}

// All pages are right already: END makes the entry, and leaves it as it makes any other.
static void end_makes_the_entry_if_no_page_did(void) {
    with_old_image();
    uint32_t sequence = sim.iap.update.record.last_sequence;
    sim_header(header, old_image, SIZE);
    header[IAP_HEADER_AT_VERSION] ^= 1;
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(end(0)[IAP_END_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    const struct iap_entry *entry = &sim.iap.update.record.installed;
    CHECK_EQUAL(entry->sequence, sequence + 1);
    CHECK(memcmp(entry->header, header, IAP_HEADER_SIZE) == 0);
    CHECK(iap_entry_is(entry, IAP_ENTRY_TOUCHED) && iap_entry_is(entry, IAP_ENTRY_SEALED));
    CHECK_EQUAL(first_of_application(), sim.operations);
}

// What is not right makes none.
static void an_image_that_is_wrong_makes_no_entry(void) {
    with_old_image();
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(end(0)[IAP_END_RESPONSE_AT_STATUS], IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(sim.operations, 0);
}

static void a_record_that_takes_no_entry_takes_no_page(void) {
    with_old_image();
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    sim.refuse_from = IAP_RECORD_A_ADDRESS;
    sim.refuse_to = IAP_APP_BASE;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(iap_detail_of(sim.iap.update.session.result), IAP_RECORD_B_ADDRESS);
    CHECK_EQUAL(sim.iap.update.session.next, 0);
    CHECK(!sim.iap.update.session.touched);
    CHECK_EQUAL(first_of_application(), sim.operations);
    sim.refuse_from = sim.refuse_to = 0;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.record.installed.slot, sim.iap.update.session.slot);

    with_old_image();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim_header(header, old_image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    sim.refuse_from = IAP_RECORD_A_ADDRESS;
    sim.refuse_to = IAP_APP_BASE;
    const uint8_t *answer = end(0);
    CHECK_EQUAL(answer[IAP_REFUSAL_AT_STATUS], IAP_STATUS_RECORD_FAILED);
    CHECK_EQUAL(iap_get32(answer + IAP_REFUSAL_AT_DETAIL), IAP_RECORD_B_ADDRESS);
    sim.refuse_from = sim.refuse_to = 0;
    CHECK_EQUAL(end(0)[IAP_END_RESPONSE_AT_STATUS], IAP_STATUS_OK);
}

static void abort_before_the_first_page_writes_nothing(void) {
    with_old_image();
    uint32_t slot = sim.iap.update.record.installed.slot;
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(ask(IAP_COMMAND_ABORT, NULL, 0)[0], IAP_STATUS_OK);
    CHECK(!sim.iap.update.session.active);
    CHECK_EQUAL(sim.operations, 0);
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(sim.iap.update.record.installed.slot, slot);
}

static void a_pending_entry_goes_on(void) {
    uint32_t slot = with_pending_entry();
    CHECK(pending_state() != 0);
    CHECK_EQUAL(begun(), IAP_BEGUN_RESUMED);
    CHECK_EQUAL(sim.operations, 0);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.record.installed.slot, slot);
    CHECK_EQUAL(sim.iap.update.record.pending.slot, 0);
}

static void an_unfinished_update_goes_on_behind_a_pending_one(void) {
    with_old_image();
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.session.slot;
    header[IAP_HEADER_AT_VERSION] ^= 1;
    CHECK(sim_pending(&sim, header) != 0);
    sim_boot(&sim);
    header[IAP_HEADER_AT_VERSION] ^= 1;
    CHECK_EQUAL(begun(), IAP_BEGUN_RESUMED);
    CHECK_EQUAL(sim.iap.update.session.slot, slot);
}

static void a_pending_entry_is_closed_by_abort(void) {
    uint32_t slot = with_pending_entry();
    CHECK_EQUAL(begun(), IAP_BEGUN_RESUMED);
    CHECK_EQUAL(ask(IAP_COMMAND_ABORT, NULL, 0)[0], IAP_STATUS_OK);
    CHECK_EQUAL(sim.operations, 1);
    CHECK_EQUAL(sim.log[0].address, slot + IAP_RECORD_SLOT_AT_CLOSED);
    CHECK_EQUAL(pending_state(), 0);
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
}

static void first_page(void) {
    CHECK_EQUAL(begun(), IAP_BEGUN_STARTED);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
}

// Power is cut at each operation before the page: the same update needs no other entry than one.
static void power_may_go_while_the_entry_is_made(void) {
    uint32_t resumed = 0;
    uint32_t cut = 0;
    bool page = false;
    while (!page) {
        with_old_image();
        uint32_t sequence = sim.iap.update.record.last_sequence;
        CHECK(!sim_survives(&sim, ++cut, first_page));
        page = sim.log[sim.operations - 1].address >= IAP_APP_BASE;
        sim_boot(&sim);
        bool entry = sim.iap.update.record.last_sequence > sequence;
        resumed += entry;
        CHECK_EQUAL(begun(), entry ? IAP_BEGUN_RESUMED : IAP_BEGUN_STARTED);
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
        CHECK_EQUAL(sim.iap.update.record.installed.sequence, sequence + 1);
    }
    CHECK(cut > 70 && resumed > 3);
}

int main(void) {
    RUN(begins_in_turn_write_nothing);
    RUN(the_first_page_makes_the_entry);
    RUN(end_makes_the_entry_if_no_page_did);
    RUN(an_image_that_is_wrong_makes_no_entry);
    RUN(a_record_that_takes_no_entry_takes_no_page);
    RUN(abort_before_the_first_page_writes_nothing);
    RUN(a_pending_entry_goes_on);
    RUN(an_unfinished_update_goes_on_behind_a_pending_one);
    RUN(a_pending_entry_is_closed_by_abort);
    RUN(power_may_go_while_the_entry_is_made);
    return 0;
}
