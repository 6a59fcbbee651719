// What answers carry besides what was asked for: to whom they go, and the device's facts in HELLO.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_hello.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void with_identity(void) {
    sim_init(&sim);
    uint8_t *block = sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memcpy(block + IAP_IDENTITY_AT_PRODUCT, "product number 1", 16);
    memcpy(block + IAP_IDENTITY_AT_SERIAL, "serial number 12", 16);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 0x0203);
    block[IAP_IDENTITY_AT_ADDRESS] = 17;
    block[IAP_IDENTITY_AT_FLAGS] = 0xfd;
    iap_put32(block + IAP_IDENTITY_AT_DEFAULT_RATE, 57600);
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

// The last frame that was sent, without its payload.
static struct iap_frame newest_answer(void) {
    static uint8_t buffer[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    struct iap_decoder decoder;
    struct iap_frame frame = {0};
    iap_decoder_init(&decoder, buffer, sizeof buffer);
    for (size_t i = 0; i < sim.from_device_size; i++) {
        if (iap_decoder_sink(&decoder, sim.from_device[i]) == IAP_DECODED_FRAME) {
            frame = iap_decoder_frame(&decoder);
        }
    }
    sim.from_device_size = 0;
    return frame;
}

// A host that asks for whoever is there, and one that asks for 17, each know their answer by it.
static void an_answer_has_the_address_that_was_asked(void) {
    static const uint8_t addresses[] = {IAP_ADDRESS_ONLY, 17};
    with_identity();
    for (size_t i = 0; i < sizeof addresses; i++) {
        sim_request(&sim, addresses[i], IAP_COMMAND_ABORT, NULL, 0);
        struct iap_frame answer = newest_answer();
        CHECK_EQUAL(answer.address, addresses[i]);
        CHECK_EQUAL(answer.type, IAP_COMMAND_ABORT | IAP_RESPONSE_BIT);
    }
    sim_request(&sim, 18, IAP_COMMAND_ABORT, NULL, 0);
    CHECK_EQUAL(sim.from_device_size, 0);
}

static void an_answer_has_its_requests_number(void) {
    with_identity();
    sim_request(&sim, 0, IAP_COMMAND_ABORT, NULL, 0);
    uint8_t first = newest_answer().seq;
    for (uint32_t i = 1; i < 300; i++) {
        sim_request(&sim, 0, IAP_COMMAND_ABORT, NULL, 0);
        CHECK_EQUAL(newest_answer().seq, (uint8_t)(first + i));
    }
}

// As applications fill it in: nothing in it is the bootloader's own.
static void any_mode_and_version_is_told(void) {
    uint8_t bytes[IAP_HELLO_RESPONSE_SIZE];
    with_identity();
    const struct iap_record none = {0};
    const struct iap_hello hello = {
        .config = &sim.config,
        .identity = &sim.iap.update.identity,
        .record = &none,
        .mode = IAP_MODE_APP,
        .stay = IAP_STAY_FAULT,
        .version = {0x11, 0x22, 0x33},
        .capabilities = 0x44556677,
    };
    iap_hello_encode(&hello, bytes);
    CHECK_EQUAL(bytes[IAP_HELLO_RESPONSE_AT_MODE], IAP_MODE_APP);
    CHECK_EQUAL(bytes[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_FAULT);
    CHECK_EQUAL(bytes[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR], 0x11);
    CHECK_EQUAL(bytes[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR + 1], 0x22);
    CHECK_EQUAL(bytes[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR + 2], 0x33);
    CHECK_EQUAL(iap_get32(bytes + IAP_HELLO_RESPONSE_AT_CAPABILITIES), 0x44556677);
}

static void the_board_adds_what_the_core_does_not_know(void) {
    with_identity();
    uint32_t own = iap_get32(sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_AT_CAPABILITIES);
    CHECK_EQUAL(own & IAP_CAPABILITY_HALF_DUPLEX, 0);
    sim.config.capabilities = IAP_CAPABILITY_HALF_DUPLEX;
    CHECK_EQUAL(iap_get32(sim_hello(&sim, 0) + IAP_HELLO_RESPONSE_AT_CAPABILITIES),
                own | IAP_CAPABILITY_HALF_DUPLEX);
}

// After a fault the record is read once somebody asks.
static void a_question_after_a_fault_reads_the_record(void) {
    const struct iap_mailbox fault = {.request = IAP_REQUEST_FAULT};
    with_identity();
    CHECK(sim_pending(&sim, header) != 0);
    iap_mailbox_pack(sim.mailbox, &fault);
    sim_boot(&sim);
    CHECK(!sim.iap.record_known);
    const uint8_t *answer = sim_hello(&sim, 0);
    CHECK_EQUAL(answer[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_FAULT);
    CHECK_EQUAL(answer[IAP_HELLO_RESPONSE_AT_PENDING + IAP_IMAGE_AT_STATE],
                IAP_IMAGE_STATE_PRESENT);
}

static void put(uint8_t *to, uint32_t at, uint32_t value, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        to[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void put_image(uint8_t *to, uint8_t state, uint32_t sequence) {
    to[IAP_IMAGE_AT_STATE] = state;
    put(to, IAP_IMAGE_AT_SEQUENCE, sequence, 4);
    memcpy(to + IAP_IMAGE_AT_SIZE, header + IAP_HEADER_AT_IMAGE_SIZE, 4);
    memcpy(to + IAP_IMAGE_AT_CRC32, header + IAP_HEADER_AT_IMAGE_CRC32, 4);
    memcpy(to + IAP_IMAGE_AT_SHA256, header + IAP_HEADER_AT_IMAGE_SHA256, 32);
    memcpy(to + IAP_IMAGE_AT_VERSION, header + IAP_HEADER_AT_VERSION, IAP_VERSION_SIZE);
}

// HELLO's answer as it must be, without images.
static void expected_hello(uint8_t *to) {
    memset(to, 0, IAP_HELLO_RESPONSE_SIZE);
    to[IAP_HELLO_RESPONSE_AT_MAJOR] = IAP_PROTOCOL_MAJOR;
    to[IAP_HELLO_RESPONSE_AT_MINOR] = IAP_PROTOCOL_MINOR;
    to[IAP_HELLO_RESPONSE_AT_MODE] = IAP_MODE_BOOTLOADER;
    to[IAP_HELLO_RESPONSE_AT_STAY] = IAP_STAY_NO_RECORD;
    to[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR] = IAP_VERSION_MAJOR;
    to[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR + 1] = IAP_VERSION_MINOR;
    to[IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR + 2] = IAP_VERSION_PATCH;
    memcpy(to + IAP_HELLO_RESPONSE_AT_PART, sim.config.part,
           strlen(sim.config.part) < 16 ? strlen(sim.config.part) : 16);
    memcpy(to + IAP_HELLO_RESPONSE_AT_PRODUCT, "product number 1", 16);
    memcpy(to + IAP_HELLO_RESPONSE_AT_SERIAL, "serial number 12", 16);
    put(to, IAP_HELLO_RESPONSE_AT_HARDWARE, 0x0203, 2);
    to[IAP_HELLO_RESPONSE_AT_ADDRESS] = 17;
    to[IAP_HELLO_RESPONSE_AT_IDENTITY_FLAGS] = 0xfd;
    memcpy(to + IAP_HELLO_RESPONSE_AT_UNIQUE_ID, sim.config.unique_id, 12);
    put(to, IAP_HELLO_RESPONSE_AT_PAGE_SIZE, SIM_PAGE_SIZE, 4);
    put(to, IAP_HELLO_RESPONSE_AT_APP_BASE, IAP_APP_BASE, 4);
    put(to, IAP_HELLO_RESPONSE_AT_APP_END, IAP_BOOTLOADER_BASE + SIM_FLASH_SIZE, 4);
    put(to, IAP_HELLO_RESPONSE_AT_MAX_PAYLOAD, SIM_MAX_PAYLOAD, 2);
    put(to, IAP_HELLO_RESPONSE_AT_WINDOW, SIM_WINDOW, 4);
    put(to, IAP_HELLO_RESPONSE_AT_DEFAULT_RATE, 57600, 4);
    put(to, IAP_HELLO_RESPONSE_AT_MAX_RATE, 921600, 4);
    put(to, IAP_HELLO_RESPONSE_AT_CAPABILITIES, iap_capabilities(&sim.iap.update.target), 4);
    put(to, IAP_HELLO_RESPONSE_AT_HOLD_MS, sim.config.idle_ms, 2);
    put(to, IAP_HELLO_RESPONSE_AT_BEGIN_MS, sim.config.begin_ms, 2);
    put(to, IAP_HELLO_RESPONSE_AT_PAGE_MS, sim.config.page_ms, 2);
    put(to, IAP_HELLO_RESPONSE_AT_PAGES_MS, sim.config.pages_ms, 2);
    put(to, IAP_HELLO_RESPONSE_AT_END_MS, sim.config.end_ms, 2);
}

static void expect_hello(const uint8_t *expected) {
    const uint8_t *got = sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    for (uint32_t i = 0; i < IAP_HELLO_RESPONSE_SIZE; i++) {
        if (got[i] != expected[i]) {
            printf("   byte %u\n", (unsigned)i);
        }
        CHECK_EQUAL(got[i], expected[i]);
    }
}

static void hello_tells_each_fact_at_its_place(void) {
    static const char *const parts[] = {"sim", "sixteen letters.", "sixteen letters. and more"};
    uint8_t expected[IAP_HELLO_RESPONSE_SIZE];
    for (size_t i = 0; i < 3; i++) {
        with_identity();
        sim.config.part = parts[i];
        memset(sim.answer, 0x5a, sizeof sim.answer); // what was there before is not told
        expected_hello(expected);
        expected[IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE] = 0;
        expect_hello(expected);
    }
    // Without an identity block, and with a name that is too long
    sim_init(&sim);
    sim.config.part = parts[2];
    sim_boot(&sim);
    expected_hello(expected);
    memset(expected + IAP_HELLO_RESPONSE_AT_PRODUCT, 0, 16);
    memset(expected + IAP_HELLO_RESPONSE_AT_SERIAL, 0, 16);
    put(expected, IAP_HELLO_RESPONSE_AT_HARDWARE, 0, 2);
    expected[IAP_HELLO_RESPONSE_AT_ADDRESS] = 0;
    expected[IAP_HELLO_RESPONSE_AT_IDENTITY_FLAGS] = 0xff;
    put(expected, IAP_HELLO_RESPONSE_AT_DEFAULT_RATE, 115200, 4);
    expect_hello(expected);
}

static void hello_tells_of_both_images(void) {
    uint8_t expected[IAP_HELLO_RESPONSE_SIZE];
    with_identity();
    memcpy(header + IAP_HEADER_AT_VERSION, "version.", IAP_VERSION_SIZE);
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, 0x5a5a5a5a); // behind it, and not told
    expected_hello(expected);
    CHECK(sim_pending(&sim, header) != 0);
    put_image(expected + IAP_HELLO_RESPONSE_AT_PENDING, IAP_IMAGE_STATE_PRESENT, 1);
    // An image that is not there needs no check.
    expected[IAP_HELLO_RESPONSE_AT_STAY] = IAP_STAY_NO_RECORD;
    expect_hello(expected);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    memset(expected + IAP_HELLO_RESPONSE_AT_PENDING, 0, IAP_IMAGE_SIZE);
    put_image(expected + IAP_HELLO_RESPONSE_AT_INSTALLED,
              IAP_IMAGE_STATE_PRESENT | IAP_IMAGE_STATE_TOUCHED | IAP_IMAGE_STATE_CHECKED, 1);
    expect_hello(expected);
    for (uint16_t page = 1; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    uint8_t *state = expected + IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE;
    *state = IAP_IMAGE_STATE_PRESENT | IAP_IMAGE_STATE_TOUCHED | IAP_IMAGE_STATE_VALID |
             IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD;
    expect_hello(expected);
    // Confirmed and used marks
    struct iap_target target = sim_target(&sim);
    uint32_t slot = sim.iap.update.record.installed.slot;
    CHECK(iap_ok(iap_record_set(&target, slot, IAP_ENTRY_CONFIRMED)));
    CHECK(iap_ok(iap_record_set(&target, slot, IAP_ENTRY_TRIALS)));
    CHECK(iap_ok(iap_record_set(&target, slot, IAP_ENTRY_TRIALS + IAP_RECORD_TRIALS - 1)));
    sim_boot(&sim);
    expected[IAP_HELLO_RESPONSE_AT_STAY] = IAP_STAY_HOST;
    expected[IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_TRIALS] = 2;
    *state |= IAP_IMAGE_STATE_CONFIRMED;
    *state &= (uint8_t) ~(IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD); // only just started
    expect_hello(expected);
}

int main(void) {
    RUN(an_answer_has_the_address_that_was_asked);
    RUN(an_answer_has_its_requests_number);
    RUN(any_mode_and_version_is_told);
    RUN(the_board_adds_what_the_core_does_not_know);
    RUN(a_question_after_a_fault_reads_the_record);
    RUN(hello_tells_each_fact_at_its_place);
    RUN(hello_tells_of_both_images);
}
