// A session frame by frame: what DATA, END and ABORT answer, byte by byte, and what they keep.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

struct answer {
    uint32_t size; // 0: none
    uint8_t status;
    uint16_t next;
    uint16_t pages;
    uint32_t detail;
};

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static void begun(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

static const uint8_t *ask(uint8_t type, const void *payload, uint32_t size, uint32_t *got) {
    memset(sim.answer, 0x5a, sizeof sim.answer); // an answer has nothing of what was there before
    sim_request(&sim, 0, type, payload, size);
    return sim_response(&sim, type, got);
}

static struct answer data(uint16_t number, uint8_t flags, const uint8_t *body, uint32_t size) {
    uint8_t request[SIM_MAX_PAYLOAD];
    struct answer answer = {0};
    iap_put16(request + IAP_DATA_REQUEST_AT_NUMBER, number);
    request[IAP_DATA_REQUEST_AT_FLAGS] = flags;
    if (size > 0) {
        memcpy(request + IAP_DATA_REQUEST_AT_BODY, body, size);
    }
    const uint8_t *got =
        ask(IAP_COMMAND_DATA, request, IAP_DATA_REQUEST_AT_BODY + size, &answer.size);
    if (got == NULL) {
        return (struct answer){0};
    }
    CHECK_EQUAL(answer.size, IAP_DATA_RESPONSE_SIZE);
    answer.status = got[IAP_DATA_RESPONSE_AT_STATUS];
    answer.next = iap_get16(got + IAP_DATA_RESPONSE_AT_NEXT);
    answer.pages = iap_get16(got + IAP_DATA_RESPONSE_AT_PAGES);
    answer.detail = iap_get32(got + IAP_DATA_RESPONSE_AT_DETAIL);
    return answer;
}

static void expect(struct answer answer, uint8_t status, uint16_t next, uint16_t pages,
                   uint32_t detail) {
    CHECK(answer.size > 0);
    CHECK_EQUAL(answer.status, status);
    CHECK_EQUAL(answer.next, next);
    CHECK_EQUAL(answer.pages, pages);
    CHECK_EQUAL(answer.detail, detail);
}

static struct answer query(void) {
    return data(0, IAP_DATA_FLAG_ASK, NULL, 0);
}

static struct answer end(uint16_t count) {
    uint8_t request[IAP_END_REQUEST_SIZE];
    struct answer answer = {0};
    iap_put16(request + IAP_END_REQUEST_AT_COUNT, count);
    const uint8_t *got = ask(IAP_COMMAND_END, request, sizeof request, &answer.size);
    answer.status = got[IAP_END_RESPONSE_AT_STATUS];
    if (answer.status >= IAP_STATUS_UNKNOWN_COMMAND) {
        CHECK_EQUAL(answer.size, IAP_REFUSAL_SIZE);
        answer.detail = iap_get32(got + IAP_REFUSAL_AT_DETAIL);
    } else {
        CHECK_EQUAL(answer.size, IAP_END_RESPONSE_SIZE);
        answer.next = iap_get16(got + IAP_END_RESPONSE_AT_NEXT);
        answer.detail = iap_get32(got + IAP_END_RESPONSE_AT_DETAIL);
    }
    return answer;
}

// The head of a whole page of the image, and its bytes behind it.
static uint32_t page_of(uint8_t *body, uint16_t number) {
    uint32_t begin = number * SIM_PAGE_SIZE;
    uint32_t length = SIZE - begin < SIM_PAGE_SIZE ? SIZE - begin : SIM_PAGE_SIZE;
    uint8_t padded[SIM_PAGE_SIZE];
    memset(padded, 0xff, sizeof padded);
    memcpy(padded, image + begin, length);
    memset(body, 0, IAP_PAGE_HEAD_SIZE);
    iap_put16(body + IAP_PAGE_HEAD_AT_PAGE, number);
    body[IAP_PAGE_HEAD_AT_ENCODING] = IAP_ENCODING_RAW;
    iap_put16(body + IAP_PAGE_HEAD_AT_DECODED_LENGTH, length);
    iap_put16(body + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, length);
    iap_put32(body + IAP_PAGE_HEAD_AT_CRC32, iap_crc32(0, padded, sizeof padded));
    memcpy(body + IAP_PAGE_HEAD_SIZE, image + begin, length);
    return IAP_PAGE_HEAD_SIZE + length;
}

static const uint8_t ASK = IAP_DATA_FLAG_ASK;
static const uint8_t HEAD = IAP_DATA_FLAG_HEAD;
static const uint8_t BOTH = IAP_DATA_FLAG_ASK | IAP_DATA_FLAG_HEAD;

static void begin_answers(uint8_t flags, enum iap_begun how, uint16_t next) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE];
    uint32_t size;
    request[IAP_BEGIN_REQUEST_AT_FLAGS] = flags;
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    const uint8_t *answer = ask(IAP_COMMAND_BEGIN, request, sizeof request, &size);
    CHECK_EQUAL(size, IAP_BEGIN_RESPONSE_SIZE);
    CHECK_EQUAL(answer[IAP_BEGIN_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    CHECK_EQUAL(answer[IAP_BEGIN_RESPONSE_AT_BEGUN], how);
    CHECK_EQUAL(iap_get16(answer + IAP_BEGIN_RESPONSE_AT_NEXT), next);
}

static void begin_says_how_it_began(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    fresh();
    begin_answers(0, IAP_BEGUN_STARTED, 0);
    begin_answers(0, IAP_BEGUN_RESUMED, 0);
    uint32_t size = page_of(body, 0);
    expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
    begin_answers(0, IAP_BEGUN_RESUMED, 1); // the running session goes on
    sim_boot(&sim);
    begin_answers(0, IAP_BEGUN_RESUMED, 0); // the entry does
    sim_boot(&sim);
    begin_answers(IAP_BEGIN_FLAG_RENEW, IAP_BEGUN_RESUMED, 0);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    begin_answers(0, IAP_BEGUN_INSTALLED, 0);
    CHECK(!sim.iap.update.session.active);
    CHECK_EQUAL(end(5).status, IAP_STATUS_NO_SESSION); // no longer the END that was answered
    begin_answers((uint8_t)~IAP_BEGIN_FLAG_RENEW, IAP_BEGUN_INSTALLED, 0);
    begin_answers(IAP_BEGIN_FLAG_RENEW, IAP_BEGUN_STARTED, 0);
    CHECK(sim.iap.update.session.active);
    // What is installed and damaged is begun again.
    begun();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim.flash[0x8000 + 77] ^= 1;
    sim_boot(&sim);
    begin_answers(0, IAP_BEGUN_STARTED, 0);
}

static void a_header_of_another_image_is_another_image(void) {
    static const uint32_t places[] = {IAP_HEADER_AT_VERSION, IAP_HEADER_SIZE - 1};
    for (size_t i = 0; i < 2; i++) {
        begun();
        header[places[i]] ^= 1;
        begin_answers(0, IAP_BEGUN_STARTED, 0);
        begin_answers(0, IAP_BEGUN_RESUMED, 0);
        header[places[i]] ^= 1;
        begin_answers(0, IAP_BEGUN_STARTED, 0);
        // In the record, too: only the newest waits.
        CHECK(sim_pending(&sim, header) != 0);
        header[places[i]] ^= 1;
        CHECK(sim_pending(&sim, header) != 0);
        header[places[i]] ^= 1;
        sim_boot(&sim);
        begin_answers(0, IAP_BEGUN_STARTED, 0);
        header[places[i]] ^= 1;
        begin_answers(0, IAP_BEGUN_RESUMED, 0);
    }
}

static void what_is_ahead_is_a_gap(void) {
    static const uint16_t ahead[] = {2, 100, 0x8000};
    uint8_t body[SIM_MAX_PAYLOAD];
    for (size_t i = 0; i < 3; i++) {
        begun();
        uint32_t size = page_of(body, 0);
        expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
        expect(data(ahead[i], BOTH, body, size), IAP_STATUS_GAP, 1, 1, 0);
        expect(query(), IAP_STATUS_GAP, 1, 1, 0);
        size = page_of(body, 1);
        expect(data(1, BOTH, body, size), IAP_STATUS_OK, 2, 2, 0);
    }
}

static void what_is_behind_is_a_repeat(void) {
    static const uint16_t behind[] = {0, 0xffff, 0x8001};
    uint8_t body[SIM_MAX_PAYLOAD];
    for (size_t i = 0; i < 3; i++) {
        begun();
        uint32_t size = page_of(body, 0);
        expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
        uint32_t operations = sim.operations;
        size = page_of(body, 1);
        expect(data(behind[i], BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
        CHECK_EQUAL(sim.operations, operations);
    }
}

static void only_what_asks_is_answered(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    uint32_t size = page_of(body, 0);
    CHECK_EQUAL(data(0, HEAD, body, size).size, 0);
    CHECK_EQUAL(data(5, HEAD, body, size).size, 0);
    CHECK_EQUAL(data(0, 0, NULL, 0).size, 0);
    expect(query(), IAP_STATUS_GAP, 1, 1, 0);
}

// A query has neither head nor bytes, whatever its number: it changes nothing.
static void a_query_changes_nothing(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    for (uint16_t number = 0; number < 3; number++) {
        expect(data(number, ASK, NULL, 0), IAP_STATUS_OK, 0, 0, 0);
    }
    uint32_t size = page_of(body, 0);
    expect(data(0, BOTH, body, 100), IAP_STATUS_OK, 1, 0, 0); // a page is open
    expect(data(1, ASK, NULL, 0), IAP_STATUS_OK, 1, 0, 0);
    expect(data(1, ASK, body + 100, size - 100), IAP_STATUS_OK, 2, 1, 0);
    // A head without its bytes is no query.
    expect(data(2, BOTH, NULL, 0), IAP_STATUS_PAGE_REJECTED, 2, 1, IAP_REJECTION_LENGTH);
    // One byte is none either.
    expect(data(2, ASK, body, 1), IAP_STATUS_PAGE_REJECTED, 2, 1, IAP_REJECTION_NO_HEAD);
}

// What failed is told until the frame that is expected comes: nothing else may hide it.
static void a_failure_is_kept(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    uint32_t size = page_of(body, 0);
    sim.refuse_from = IAP_APP_BASE + 16;
    sim.refuse_to = IAP_APP_BASE + 18;
    expect(data(0, BOTH, body, size), IAP_STATUS_FLASH_FAILED, 0, 0, IAP_APP_BASE + 16);
    expect(data(1, BOTH, body, size), IAP_STATUS_FLASH_FAILED, 0, 0, IAP_APP_BASE + 16);
    expect(data(7, ASK, body, 9), IAP_STATUS_FLASH_FAILED, 0, 0, IAP_APP_BASE + 16);
    expect(query(), IAP_STATUS_FLASH_FAILED, 0, 0, IAP_APP_BASE + 16);
    struct answer answer = end(0);
    CHECK_EQUAL(answer.status, IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(answer.next, 0);
    CHECK_EQUAL(answer.detail, IAP_APP_BASE + 16);
    sim.refuse_from = sim.refuse_to = 0;
    expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
}

static void a_page_goes_back_to_its_first_frame(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    uint32_t size = page_of(body, 0);
    expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
    size = page_of(body, 1);
    body[size - 1] ^= 1;
    expect(data(1, BOTH, body, 200), IAP_STATUS_OK, 2, 1, 0);
    expect(data(2, ASK, body + 200, 300), IAP_STATUS_OK, 3, 1, 0);
    expect(data(3, ASK, body + 500, size - 500), IAP_STATUS_PAGE_REJECTED, 1, 1, IAP_REJECTION_CRC);
    expect(data(1, ASK, body, 100), IAP_STATUS_PAGE_REJECTED, 1, 1, IAP_REJECTION_NO_HEAD);
    // More than the page has
    expect(data(1, BOTH, body, 200), IAP_STATUS_OK, 2, 1, 0);
    expect(data(2, ASK, body + 200, size - 200 + 1), IAP_STATUS_PAGE_REJECTED, 1, 1,
           IAP_REJECTION_LENGTH);
    // A head too short, also within an open page
    expect(data(1, BOTH, body, 200), IAP_STATUS_OK, 2, 1, 0);
    expect(data(2, BOTH, body, IAP_PAGE_HEAD_SIZE - 1), IAP_STATUS_PAGE_REJECTED, 2, 1,
           IAP_REJECTION_LENGTH);
    expect(data(2, ASK, body + 200, 100), IAP_STATUS_PAGE_REJECTED, 2, 1, IAP_REJECTION_NO_HEAD);
    // A page that begins while another is open
    page_of(body, 1);
    expect(data(2, BOTH, body, 200), IAP_STATUS_OK, 3, 1, 0);
    expect(data(3, BOTH, body, IAP_PAGE_HEAD_SIZE), IAP_STATUS_OK, 4, 1, 0);
    expect(data(4, ASK, body + IAP_PAGE_HEAD_SIZE, SIM_PAGE_SIZE), IAP_STATUS_OK, 5, 2, 0);
    CHECK(memcmp(sim.flash + 0x8000 + SIM_PAGE_SIZE, image + SIM_PAGE_SIZE, SIM_PAGE_SIZE) == 0);
}

static void begin_again_gives_up_an_open_page(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    page_of(body, 0);
    expect(data(0, BOTH, body, 200), IAP_STATUS_OK, 1, 0, 0);
    begin_answers(0, IAP_BEGUN_RESUMED, 1);
    expect(data(1, ASK, body + 200, 100), IAP_STATUS_PAGE_REJECTED, 1, 0, IAP_REJECTION_NO_HEAD);
}

static void all_pages(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    for (uint16_t page = 0; page < 5; page++) {
        uint32_t size = page_of(body, page);
        expect(data(page, BOTH, body, size), IAP_STATUS_OK, (uint16_t)(page + 1),
               (uint16_t)(page + 1), 0);
    }
}

static void end_wants_all_frames(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    all_pages();
    struct answer answer = end(4);
    CHECK_EQUAL(answer.status, IAP_STATUS_GAP);
    CHECK_EQUAL(answer.next, 5);
    CHECK_EQUAL(answer.detail, 0);
    CHECK_EQUAL(end(6).status, IAP_STATUS_GAP);
    // A page that is open is a gap, and begins anew.
    page_of(body, 1);
    expect(data(5, BOTH, body, 200), IAP_STATUS_OK, 6, 5, 0);
    answer = end(6);
    CHECK_EQUAL(answer.status, IAP_STATUS_GAP);
    CHECK_EQUAL(answer.next, 5);
    expect(data(5, ASK, body + 200, 100), IAP_STATUS_PAGE_REJECTED, 5, 5, IAP_REJECTION_NO_HEAD);
    CHECK_EQUAL(end(5).status, IAP_STATUS_PAGE_REJECTED);
    uint32_t size = page_of(body, 1);
    expect(data(5, BOTH, body, size), IAP_STATUS_OK, 6, 6, 0);
    // A frame ahead that was lost does not matter once all have come.
    expect(data(9, BOTH, body, size), IAP_STATUS_GAP, 6, 6, 0);
    answer = end(6);
    CHECK_EQUAL(answer.status, IAP_STATUS_OK);
    CHECK_EQUAL(answer.next, 6);
    CHECK_EQUAL(answer.detail, 0);
    answer = end(6);
    CHECK_EQUAL(answer.status, IAP_STATUS_OK);
    CHECK_EQUAL(answer.next, 6);
    CHECK_EQUAL(answer.detail, 0);
    answer = end(5);
    CHECK_EQUAL(answer.status, IAP_STATUS_NO_SESSION);
    CHECK_EQUAL(answer.detail, 0);
    const uint8_t *state = sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_AT_INSTALLED;
    CHECK_EQUAL(state[IAP_IMAGE_AT_STATE] & (IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD),
                IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD);
}

static void a_record_that_can_not_be_written_is_named(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    begun();
    uint32_t slot = IAP_RECORD_A_ADDRESS + IAP_AREA_HEADER_SIZE; // the first there is
    // TOUCHED
    sim.refuse_from = slot + IAP_RECORD_SLOT_AT_TOUCHED;
    sim.refuse_to = sim.refuse_from + 2;
    uint32_t size = page_of(body, 0);
    expect(data(0, BOTH, body, size), IAP_STATUS_FLASH_FAILED, 0, 0,
           slot + IAP_RECORD_SLOT_AT_TOUCHED);
    for (uint32_t i = 0; i < SIM_PAGE_SIZE; i++) {
        CHECK_EQUAL(sim.flash[0x8000 + i], 0xff);
    }
    sim.refuse_from = sim.refuse_to = 0;
    all_pages();
    // VALID and SEALED
    for (uint32_t at = IAP_RECORD_SLOT_AT_VALID; at <= IAP_RECORD_SLOT_AT_SEALED; at += 2) {
        sim.refuse_from = slot + at;
        sim.refuse_to = slot + at + 2;
        struct answer answer = end(5);
        CHECK_EQUAL(answer.status, IAP_STATUS_RECORD_FAILED);
        CHECK_EQUAL(answer.detail, slot + at);
    }
    sim.refuse_from = sim.refuse_to = 0;
    CHECK_EQUAL(end(5).status, IAP_STATUS_OK);
    // CLOSED
    uint32_t got;
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    slot = sim_pending(&sim, header);
    begin_answers(0, IAP_BEGUN_RESUMED, 0);
    sim.refuse_from = slot + IAP_RECORD_SLOT_AT_CLOSED;
    sim.refuse_to = sim.refuse_from + 2;
    const uint8_t *answer = ask(IAP_COMMAND_ABORT, NULL, 0, &got);
    CHECK_EQUAL(got, IAP_REFUSAL_SIZE);
    CHECK_EQUAL(answer[0], IAP_STATUS_RECORD_FAILED);
    CHECK_EQUAL(iap_get32(answer + IAP_REFUSAL_AT_DETAIL), slot + IAP_RECORD_SLOT_AT_CLOSED);
    CHECK(sim.iap.update.session.active);
}

static void abort_closes_what_wrote_nothing(void) {
    uint8_t body[SIM_MAX_PAYLOAD];
    uint32_t got;
    fresh();
    uint32_t slot = sim_pending(&sim, header);
    begin_answers(0, IAP_BEGUN_RESUMED, 0);
    const uint8_t *closed = sim.flash + (slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_CLOSED;
    CHECK_EQUAL(ask(IAP_COMMAND_ABORT, NULL, 0, &got)[0], IAP_STATUS_OK);
    CHECK_EQUAL(got, IAP_ABORT_RESPONSE_SIZE);
    CHECK_EQUAL(iap_get16(closed), IAP_STATE_SET);
    CHECK_EQUAL(sim.iap.update.record.pending.slot, 0);
    CHECK(!sim.iap.update.session.active);
    uint32_t operations = sim.operations;
    CHECK_EQUAL(ask(IAP_COMMAND_ABORT, NULL, 0, &got)[0], IAP_STATUS_OK);
    CHECK_EQUAL(sim.operations, operations);
    begun();
    uint32_t size = page_of(body, 0);
    expect(data(0, BOTH, body, size), IAP_STATUS_OK, 1, 1, 0);
    slot = sim.iap.update.session.slot;
    closed = sim.flash + (slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_CLOSED;
    CHECK_EQUAL(ask(IAP_COMMAND_ABORT, NULL, 0, &got)[0], IAP_STATUS_OK);
    CHECK_EQUAL(iap_get16(closed), IAP_STATE_CLEAR);
    CHECK_EQUAL(end(1).status, IAP_STATUS_NO_SESSION);
}

static void end_of_an_image_that_was_there_already(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    // The same bytes as another version: no page is written, the entry alone is new.
    header[IAP_HEADER_AT_VERSION] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t old = sim.iap.update.record.installed.slot;
    all_pages();
    CHECK_EQUAL(sim.iap.update.record.installed.slot, old);
    CHECK_EQUAL(end(5).status, IAP_STATUS_OK);
    uint32_t slot = sim.iap.update.record.installed.slot;
    CHECK(slot != old);
    CHECK_EQUAL(sim.iap.update.check.slot, slot);
}

int main(void) {
    RUN(begin_says_how_it_began);
    RUN(a_header_of_another_image_is_another_image);
    RUN(what_is_ahead_is_a_gap);
    RUN(what_is_behind_is_a_repeat);
    RUN(only_what_asks_is_answered);
    RUN(a_query_changes_nothing);
    RUN(a_failure_is_kept);
    RUN(a_page_goes_back_to_its_first_frame);
    RUN(begin_again_gives_up_an_open_page);
    RUN(end_wants_all_frames);
    RUN(a_record_that_can_not_be_written_is_named);
    RUN(abort_closes_what_wrote_nothing);
    RUN(end_of_an_image_that_was_there_already);
}
