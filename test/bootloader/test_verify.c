// Whether an image is right: SHA-256, CRC-32 and vectors, each with a sharp edge.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_header.h"
#include "iap_sha256.h"
#include "sim.h"

#define SIZE 5001u // bytes: five pages, the last not full, an odd number

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void sha256_of_each_length(void) {
    // XOR of the digests of 201 messages, by another implementation
    static const uint8_t expected[IAP_SHA256_DIGEST] = {
        0xca, 0x7c, 0xd2, 0x3f, 0x38, 0x3a, 0xb2, 0xaa, 0xa1, 0xcd, 0xfe,
        0xa9, 0x7b, 0x68, 0x1d, 0x5a, 0xbd, 0x76, 0x07, 0xda, 0x10, 0x0d,
        0x81, 0x54, 0x3e, 0xc7, 0xf6, 0xfd, 0x7b, 0x7f, 0x71, 0x01,
    };
    uint8_t all[IAP_SHA256_DIGEST] = {0};
    for (uint32_t size = 0; size <= 200; size++) {
        uint8_t message[200];
        uint8_t digest[IAP_SHA256_DIGEST];
        struct iap_sha256 sha;
        for (uint32_t i = 0; i < size; i++) {
            message[i] = (uint8_t)(i * 7 + size);
        }
        uint32_t whole = size / IAP_SHA256_BLOCK * IAP_SHA256_BLOCK;
        iap_sha256_start(&sha);
        iap_sha256_blocks(&sha, message, whole);
        CHECK_EQUAL(sha.size, whole);
        iap_sha256_finish(&sha, message + whole, size - whole, digest);
        for (uint32_t i = 0; i < sizeof all; i++) {
            all[i] ^= digest[i];
        }
    }
    CHECK(memcmp(all, expected, sizeof all) == 0);
}

static bool good(uint32_t stack, uint32_t reset, uint32_t size) {
    struct iap_target target = sim_target(&sim);
    iap_put32(sim.flash + 0x8000, stack);
    iap_put32(sim.flash + 0x8004, reset);
    return iap_vectors_good(&target, size);
}

static void vectors_have_sharp_edges(void) {
    sim_init(&sim);
    const uint32_t begin = sim.config.ram_base;
    const uint32_t end = sim.config.ram_end;
    const uint32_t base = sim.config.app_base;
    CHECK(good(end, base + 9, SIZE));
    CHECK(good(begin + 4, base + 9, SIZE));
    CHECK(!good(begin, base + 9, SIZE));
    CHECK(!good(end + 4, base + 9, SIZE));
    CHECK(!good(begin - 4, base + 9, SIZE));
    for (uint32_t off = 1; off < 4; off++) {
        CHECK(!good(end - off, base + 9, SIZE));
    }
    CHECK(good(end, base + 1, SIZE));
    CHECK(!good(end, base - 1, SIZE));
    CHECK(!good(end, base + 8, SIZE));
    CHECK(good(end, base + SIZE - 2, SIZE));
    CHECK(!good(end, base + SIZE, SIZE)); // the first byte after the image
    CHECK(!good(end, base + SIZE + 1, SIZE + 1));
    CHECK(good(end, base + SIZE, SIZE + 1));
}

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static uint32_t verdict_of_end(void) {
    uint8_t request[IAP_END_REQUEST_SIZE] = {5, 0};
    uint32_t size;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    memset(sim.answer, 0x5a, sizeof sim.answer);
    sim_request(&sim, 0, IAP_COMMAND_END, request, sizeof request);
    const uint8_t *answer = sim_response(&sim, IAP_COMMAND_END, &size);
    CHECK_EQUAL(size, IAP_END_RESPONSE_SIZE);
    CHECK_EQUAL(iap_get16(answer + IAP_END_RESPONSE_AT_NEXT), 5);
    uint32_t detail = iap_get32(answer + IAP_END_RESPONSE_AT_DETAIL);
    CHECK_EQUAL(answer[0], detail == 0 ? IAP_STATUS_OK : IAP_STATUS_VERIFY_FAILED);
    bool valid = iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID);
    CHECK_EQUAL(valid, detail == 0);
    return detail;
}

static void end_says_what_is_wrong(void) {
    fresh();
    CHECK_EQUAL(verdict_of_end(), 0);
    for (uint32_t at = 0; at < 32; at++) {
        fresh();
        header[IAP_HEADER_AT_IMAGE_SHA256 + at] ^= 1;
        CHECK_EQUAL(verdict_of_end(), IAP_CHECK_SHA256);
    }
    fresh();
    header[IAP_HEADER_AT_IMAGE_CRC32] ^= 1;
    CHECK_EQUAL(verdict_of_end(), IAP_CHECK_CRC32);
    fresh();
    iap_put32(image, 3);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(verdict_of_end(), IAP_CHECK_VECTORS);
    fresh();
    iap_put32(image, 3);
    CHECK_EQUAL(verdict_of_end(), IAP_CHECK_SHA256 | IAP_CHECK_CRC32 | IAP_CHECK_VECTORS);
}

// The check at boot, without SHA-256: each size around a piece.
static void the_check_reads_all_of_the_image(void) {
    sim_init(&sim);
    struct iap_target target = sim_target(&sim);
    for (uint32_t size = 8; size < 2300; size++) {
        if (size % 1024 > 2 && size % 1024 < 1022 && size % 25 != 0) {
            continue;
        }
        sim_image(sim.flash + 0x8000, size, size);
        iap_put32(sim.flash + 0x8004, IAP_APP_BASE + 1);
        sim_header(header, sim.flash + 0x8000, size);
        for (uint32_t wrong = 0; wrong < 2; wrong++) {
            struct iap_check check;
            uint32_t steps = 0;
            iap_check_start(&check, 7);
            CHECK_EQUAL(check.slot, 7);
            sim.flash[0x8000 + size - 1] ^= (uint8_t)wrong;
            while (!check.checked) {
                CHECK(!check.good);
                iap_check_step(&check, &target, iap_header_at(header));
                steps++;
                CHECK_EQUAL(check.done, 1024 * steps < size ? 1024 * steps : size);
            }
            sim.flash[0x8000 + size - 1] ^= (uint8_t)wrong;
            CHECK_EQUAL(check.good, size == 8 ? !wrong && check.good : !wrong);
            CHECK_EQUAL(steps, (size + 1023) / 1024);
        }
    }
}

static void a_header_that_does_not_fit_is_no_good_image(void) {
    static const struct {
        uint32_t at, value;
    } wrong[] = {
        {IAP_HEADER_AT_IMAGE_SIZE, 7},
        {IAP_HEADER_AT_IMAGE_SIZE, SIM_FLASH_SIZE - 0x8000 + 1},
        {IAP_HEADER_AT_LOAD_ADDRESS, IAP_APP_BASE + SIM_PAGE_SIZE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fresh();
        memcpy(sim.flash + 0x8000, image, SIZE);
        iap_put32(header + wrong[i].at, wrong[i].value);
        struct iap_target target = sim_target(&sim);
        struct iap_check check;
        struct iap_entry entry;
        iap_check_start(&check, 7);
        iap_check_step(&check, &target, iap_header_at(header));
        CHECK(check.checked && !check.good);
        // Such an entry, however it came into the record, is never started.
        CHECK(iap_ok(iap_record_append(&target, iap_header_at(header), &entry)));
        CHECK(iap_ok(iap_record_set(&target, entry.slot, IAP_ENTRY_TOUCHED)));
        CHECK(iap_ok(iap_record_set_valid(&target, entry.slot)));
        const struct iap_mailbox start = {.request = IAP_REQUEST_START,
                                          .token = iap_entry_token(&entry)};
        CHECK(!iap_start_allowed(&target, &start));
        sim_boot(&sim);
        sim_run(&sim, 300);
        CHECK(!sim.restarted);
        CHECK_EQUAL(sim.iap.stay, IAP_STAY_IMAGE_BAD);
    }
}

// Small enough to be checked in one piece
static void a_small_image_for_another_address_is_no_good_image(void) {
    sim_init(&sim);
    struct iap_target target = sim_target(&sim);
    struct iap_check check;
    sim_image(sim.flash + 0x8000, 200, 1);
    sim_header(header, sim.flash + 0x8000, 200);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, IAP_APP_BASE + SIM_PAGE_SIZE);
    iap_check_start(&check, 7);
    iap_check_step(&check, &target, iap_header_at(header));
    CHECK(check.checked && !check.good);
}

int main(void) {
    RUN(sha256_of_each_length);
    RUN(vectors_have_sharp_edges);
    RUN(end_says_what_is_wrong);
    RUN(the_check_reads_all_of_the_image);
    RUN(a_header_that_does_not_fit_is_no_good_image);
    RUN(a_small_image_for_another_address_is_no_good_image);
}
