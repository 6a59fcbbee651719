// The watchdog is fed in everything that takes long: as often as the work has pieces.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_flash.h"
#include "sim.h"

#define SIZE 20000u // bytes: twenty pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static void each_step_polls(void) {
    fresh();
    uint32_t polls = sim.polls;
    iap_step(&sim.iap);
    CHECK_EQUAL(sim.polls, polls + 1);
}

static void end_polls_while_it_verifies(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    // The first page comes last, so nothing but END verifies the others.
    for (uint16_t page = 19; page < 20; page--) {
        CHECK_EQUAL(sim_page(&sim, 19 - page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    uint32_t blocks = (SIZE - sim.iap.update.session.verify.sha.size) / IAP_SHA256_BLOCK;
    CHECK(blocks > 200);
    uint32_t polls = sim.polls;
    CHECK_EQUAL(sim_end(&sim, 20), IAP_STATUS_OK);
    CHECK(sim.polls >= polls + blocks);
}

static void boot_polls_while_it_checks(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_boot(&sim);
    uint32_t polls = sim.polls;
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.restarted);
    CHECK(sim.polls >= polls + SIZE / 1024);
}

static void pages_polls_for_each(void) {
    static const uint8_t request[IAP_PAGES_REQUEST_SIZE] = {0, 0, 90, 0};
    static const uint8_t one[IAP_PAGES_REQUEST_SIZE] = {0, 0, 1, 0};
    fresh();
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, 90 * SIM_PAGE_SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t polls = sim.polls;
    sim_request(&sim, 0, IAP_COMMAND_PAGES, one, sizeof one);
    uint32_t for_one = sim.polls - polls;
    uint32_t size;
    (void)sim_response(&sim, IAP_COMMAND_PAGES, &size);
    polls = sim.polls;
    sim_request(&sim, 0, IAP_COMMAND_PAGES, request, sizeof request);
    CHECK(sim.polls >= polls + for_one + 89);
}

static void an_answer_polls_for_each_piece(void) {
    fresh();
    iap_step(&sim.iap);
    uint32_t polls = sim.polls;
    sim_request(&sim, 0, IAP_COMMAND_ABORT, NULL, 0);
    CHECK(sim.polls > polls + 4); // delimiters, code bytes, runs
}

static void flash_polls(void) {
    static const uint8_t bytes[2] = {1, 2};
    fresh();
    struct iap_target target = sim_target(&sim);
    uint32_t polls = sim.polls;
    CHECK(iap_ok(iap_flash_erase_page(&target, IAP_APP_BASE)));
    CHECK_EQUAL(sim.polls, polls + 1);
    CHECK(iap_ok(iap_flash_program(&target, IAP_APP_BASE, bytes, 2)));
    CHECK_EQUAL(sim.polls, polls + 2);
}

int main(void) {
    RUN(each_step_polls);
    RUN(end_polls_while_it_verifies);
    RUN(boot_polls_while_it_checks);
    RUN(pages_polls_for_each);
    RUN(an_answer_polls_for_each_piece);
    RUN(flash_polls);
}
