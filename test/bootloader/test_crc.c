// CRC-32 by a port's hardware: the same as without, at every address and length, and whatever the
// hardware is worth.
#include <string.h>

#include "check.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 3000u

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static uint32_t words_done;
static bool broken;
static uint32_t error; // what a unit makes of its results

static bool unit(void *context, uint32_t *crc, const uint8_t *bytes, size_t words) {
    (void)context;
    CHECK_EQUAL((uintptr_t)bytes % 4, 0);
    CHECK(words > 0);
    if (broken) {
        return false;
    }
    words_done += (uint32_t)words;
    *crc = iap_crc32(*crc, bytes, 4 * words) ^ error;
    return true;
}

static void is_the_same_everywhere(void) {
    static const struct iap_port with = {.crc32 = unit}, without;
    _Alignas(4) uint8_t bytes[80];
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 1);
    }
    for (size_t at = 0; at < 8; at++) {
        for (size_t size = 0; size + at <= sizeof bytes; size++) {
            for (uint32_t previous = 0; previous < 2; previous++) {
                const uint32_t crc = iap_crc32(previous * 0x12345678u, bytes + at, size);
                words_done = 0;
                broken = false;
                CHECK_EQUAL(iap_port_crc32(&with, previous * 0x12345678u, bytes + at, size), crc);
                // All but what stands before the first word and behind the last.
                CHECK(size < 16 || 4 * words_done + 6 >= size);
                broken = true;
                CHECK_EQUAL(iap_port_crc32(&with, previous * 0x12345678u, bytes + at, size), crc);
                CHECK_EQUAL(iap_port_crc32(&without, previous * 0x12345678u, bytes + at, size),
                            crc);
                CHECK_EQUAL(iap_port_crc32(NULL, previous * 0x12345678u, bytes + at, size), crc);
            }
        }
    }
    broken = false;
}

static void start(void) {
    sim_init(&sim);
    sim.port.crc32 = unit;
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

// Frames, pages, record, the check at a start and END: each by the unit.
static void all_of_an_update_uses_it(void) {
    uint32_t size;
    start();
    words_done = 0;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(words_done, (3 + 4 + IAP_HEADER_SIZE) / 4); // the frame
    for (uint16_t page = 0; page < 3; page++) {
        words_done = 0;
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
        CHECK(4 * words_done >= 2 * SIM_PAGE_SIZE + (page == 2 ? SIZE - 2048 : SIM_PAGE_SIZE));
    }
    words_done = 0;
    CHECK_EQUAL(sim_end(&sim, 3), IAP_STATUS_OK);
    CHECK(words_done > 0);
    words_done = 0;
    sim_request(&sim, 0, IAP_COMMAND_PAGES, (const uint8_t[]){0, 0, 3, 0}, 4);
    CHECK(sim_response(&sim, IAP_COMMAND_PAGES, &size) != NULL);
    CHECK_EQUAL(words_done, 3 * SIM_PAGE_SIZE / 4);
    words_done = 0;
    sim_boot(&sim);
    sim_run(&sim, sim.config.listen_ms + 5u);
    CHECK(sim.restarted);
    CHECK(4 * words_done >= SIZE);
    words_done = 0;
    const struct iap_mailbox mailbox = iap_mailbox_take(sim.mailbox);
    struct iap_target target = sim_target(&sim);
    CHECK(iap_start_allowed(&target, &mailbox));
    CHECK(4 * words_done >= SIZE);
    broken = true;
    CHECK(iap_start_allowed(&target, &mailbox));
    broken = false;
    error = 1; // wrong, and nobody knows: nothing starts
    CHECK(!iap_start_allowed(&target, &mailbox));
    error = 0;
}

int main(void) {
    RUN(is_the_same_everywhere);
    RUN(all_of_an_update_uses_it);
    return 0;
}
