// Single requests at the edges of what is taken: every byte of the answer, and what it must not do.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];
static uint32_t real_rate; // what nearest_rate says

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static const uint8_t *ask(uint8_t type, const void *payload, uint32_t size, uint32_t *got) {
    memset(sim.answer, 0x5a, sizeof sim.answer); // an answer has nothing of what was there before
    sim_request(&sim, 0, type, payload, size);
    return sim_response(&sim, type, got);
}

static void refused(uint8_t type, const void *payload, uint32_t size, uint8_t status,
                    uint32_t detail) {
    uint32_t got;
    const uint8_t *answer = ask(type, payload, size, &got);
    CHECK(answer != NULL);
    CHECK_EQUAL(got, IAP_REFUSAL_SIZE);
    CHECK_EQUAL(answer[IAP_REFUSAL_AT_STATUS], status);
    CHECK_EQUAL(iap_get32(answer + IAP_REFUSAL_AT_DETAIL), detail);
}

static const uint8_t *taken(uint8_t type, const void *payload, uint32_t size, uint32_t expected) {
    uint32_t got;
    const uint8_t *answer = ask(type, payload, size, &got);
    CHECK(answer != NULL);
    CHECK_EQUAL(got, expected);
    CHECK_EQUAL(answer[0], IAP_STATUS_OK);
    return answer;
}

static void each_request_has_its_smallest_size(void) {
    static const struct {
        uint8_t type;
        uint32_t size;
    } requests[] = {
        {IAP_COMMAND_HELLO, IAP_HELLO_REQUEST_SIZE}, {IAP_COMMAND_BAUD, IAP_BAUD_REQUEST_SIZE},
        {IAP_COMMAND_PAGES, IAP_PAGES_REQUEST_SIZE}, {IAP_COMMAND_BEGIN, IAP_BEGIN_REQUEST_SIZE},
        {IAP_COMMAND_DATA, IAP_DATA_REQUEST_SIZE},   {IAP_COMMAND_END, IAP_END_REQUEST_SIZE},
    };
    static uint8_t request[IAP_BEGIN_REQUEST_SIZE];
    fresh();
    memset(request, 1, sizeof request); // good for nothing but HELLO
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        uint32_t got;
        for (uint32_t size = 0; size < requests[i].size; size++) {
            refused(requests[i].type, request, size, IAP_STATUS_BAD_REQUEST, size);
        }
        const uint8_t *answer = ask(requests[i].type, request, requests[i].size, &got);
        CHECK(answer != NULL);
        CHECK(answer[0] != IAP_STATUS_BAD_REQUEST ||
              iap_get32(answer + IAP_REFUSAL_AT_DETAIL) != requests[i].size);
    }
    CHECK_EQUAL(sim.operations, 0);
}

static void what_is_unknown_is_refused(void) {
    fresh();
    refused(0, NULL, 0, IAP_STATUS_UNKNOWN_COMMAND, 0);
    for (uint8_t type = IAP_COMMAND_ENTER + 1; type < IAP_RESPONSE_BIT; type++) {
        refused(type, header, 3, IAP_STATUS_UNKNOWN_COMMAND, 0);
    }
}

static void without_a_session_there_is_none(void) {
    static const uint8_t data[] = {0, 0, IAP_DATA_FLAG_ASK};
    static const uint8_t silent[] = {0, 0, 0};
    uint32_t got;
    fresh();
    refused(IAP_COMMAND_DATA, data, sizeof data, IAP_STATUS_NO_SESSION, 0);
    refused(IAP_COMMAND_END, data, 2, IAP_STATUS_NO_SESSION, 0);
    CHECK(ask(IAP_COMMAND_DATA, silent, sizeof silent, &got) == NULL);
    CHECK_EQUAL(taken(IAP_COMMAND_ABORT, NULL, 0, IAP_ABORT_RESPONSE_SIZE)[0], IAP_STATUS_OK);
    CHECK_EQUAL(sim.operations, 0);
}

static void begin_refused(uint8_t status, uint32_t detail) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    refused(IAP_COMMAND_BEGIN, request, sizeof request, status, detail);
    sim_header(header, image, SIZE);
}

static void a_header_is_refused_with_its_reason(void) {
    const uint32_t room = SIM_FLASH_SIZE - (IAP_APP_BASE - IAP_BOOTLOADER_BASE);
    fresh();
    iap_put32(header + IAP_HEADER_AT_MAGIC, IAP_HEADER_MAGIC + 1);
    begin_refused(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_MAGIC);
    iap_put16(header + IAP_HEADER_AT_FORMAT, IAP_HEADER_FORMAT + 1);
    begin_refused(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_FORMAT);
    iap_put16(header + IAP_HEADER_AT_HEADER_SIZE, IAP_HEADER_SIZE + 1);
    begin_refused(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_HEADER_SIZE);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, IAP_APP_BASE + SIM_PAGE_SIZE);
    begin_refused(IAP_STATUS_WRONG_ADDRESS, IAP_APP_BASE);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, 7);
    begin_refused(IAP_STATUS_WRONG_SIZE, room);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, room + 1);
    begin_refused(IAP_STATUS_WRONG_SIZE, room);
    for (uint32_t bit = 18; bit < 32; bit++) {
        iap_put32(header + IAP_HEADER_AT_FLAGS, 1u << bit);
        begin_refused(IAP_STATUS_NOT_CAPABLE, 1u << bit);
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        if ((iap_capabilities(&sim.iap.update.target) >> bit & 1) == 0) {
            iap_put32(header + IAP_HEADER_AT_CAPABILITIES, 1u << bit);
            begin_refused(IAP_STATUS_NOT_CAPABLE, 1u << bit);
        }
    }
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = 255;
    begin_refused(IAP_STATUS_BAD_SIGNATURE, 0);
    for (uint32_t at = 0; at < 12; at++) {
        memcpy(header + IAP_HEADER_AT_UNIQUE_ID, sim.config.unique_id, 12);
        header[IAP_HEADER_AT_UNIQUE_ID + at] ^= 1;
        begin_refused(IAP_STATUS_WRONG_DEVICE, 0);
        header[IAP_HEADER_AT_UNIQUE_ID + at] = 1; // also if all others are 0
        begin_refused(IAP_STATUS_WRONG_DEVICE, 0);
    }
    CHECK_EQUAL(sim.operations, 0);
}

static void the_floor_is_told(void) {
    fresh();
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, 0x01020304);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    static const uint32_t below[] = {0, 0x00ffffff, 0x01020303};
    for (size_t i = 0; i < 3; i++) {
        iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, below[i]);
        begin_refused(IAP_STATUS_ROLLBACK, 0x01020304);
    }
    iap_put32(header + IAP_HEADER_AT_SECURITY_COUNTER, 0x01020304);
    header[IAP_HEADER_AT_VERSION] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

// Of several reasons the first in the order of docs/protocol.md, BEGIN, is told.
static void the_first_reason_is_told(void) {
    fresh();
    iap_put32(header + IAP_HEADER_AT_MAGIC, 0);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, 0);
    begin_refused(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_MAGIC);
    header[IAP_HEADER_AT_UNIQUE_ID] = 1;
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, 0);
    begin_refused(IAP_STATUS_WRONG_DEVICE, 0);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, 0);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, 0);
    begin_refused(IAP_STATUS_WRONG_ADDRESS, IAP_APP_BASE);
    iap_put32(header + IAP_HEADER_AT_FLAGS, 1u << 20);
    iap_put32(header + IAP_HEADER_AT_CAPABILITIES, IAP_CAPABILITY_SIGNATURE);
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = 1;
    begin_refused(IAP_STATUS_NOT_CAPABLE, 1u << 20);
}

static void what_a_header_may_have(void) {
    const uint32_t room = SIM_FLASH_SIZE - (IAP_APP_BASE - IAP_BOOTLOADER_BASE);
    fresh();
    memcpy(header + IAP_HEADER_AT_UNIQUE_ID, sim.config.unique_id, 12);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim_header(header, image, SIZE);
    iap_put32(header + IAP_HEADER_AT_FLAGS,
              IAP_IMAGE_FLAG_CONFIRM | 0xffff); // the low ones do not matter
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(iap_capabilities(&sim.iap.update.target),
                IAP_CAPABILITY_BAUD | IAP_CAPABILITY_CONFIRM | IAP_CAPABILITY_DEFLATE |
                    IAP_CAPABILITY_DICTIONARY);
    iap_put32(header + IAP_HEADER_AT_CAPABILITIES, iap_capabilities(&sim.iap.update.target));
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, 8);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, room);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    // Without an identity block any product and hardware
    sim_header(header, image, SIZE);
    memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 1", 16);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 5);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MAX, 6);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

static void with_identity(uint8_t flags) {
    fresh();
    uint8_t *block = sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block, IAP_IDENTITY_MAGIC);
    memcpy(block + IAP_IDENTITY_AT_PRODUCT, "product number 1", 16);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 0x0103);
    block[IAP_IDENTITY_AT_FLAGS] = flags;
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
    sim_boot(&sim);
}

static void product_and_hardware_must_fit(void) {
    with_identity(0xff);
    for (uint32_t at = 0; at < 16; at++) {
        memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 1", 16);
        header[IAP_HEADER_AT_PRODUCT + at] ^= 1;
        begin_refused(IAP_STATUS_WRONG_PRODUCT, 0);
        header[IAP_HEADER_AT_PRODUCT + at] = 1; // also if all others are 0
        begin_refused(IAP_STATUS_WRONG_PRODUCT, 0);
    }
    static const struct {
        uint16_t min, max;
        bool fits;
    } ranges[] = {
        {0x0103, 0x0103, true},  {0, 0xffff, true},       {0x0104, 0x0104, false},
        {0x0102, 0x0102, false}, {0x0104, 0xffff, false}, {0, 0x0102, false},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, ranges[i].min);
        iap_put16(header + IAP_HEADER_AT_HARDWARE_MAX, ranges[i].max);
        if (!ranges[i].fits) {
            begin_refused(IAP_STATUS_WRONG_HARDWARE, 0x0103);
        } else {
            CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        }
    }
    with_identity(0xfe);
    begin_refused(IAP_STATUS_PACKAGE_ONLY, 0);
    memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 1", 16);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

static void damage_identity(void) {
    sim.flash[IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE + IAP_IDENTITY_AT_SERIAL] ^= 1;
    sim_boot(&sim);
}

static void install_header(void) {
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
}

static void install(const char *product) {
    sim_header(header, image, SIZE);
    if (product != NULL) {
        memcpy(header + IAP_HEADER_AT_PRODUCT, product, 16);
    }
    install_header();
}

static void takes_any(void) {
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 2", 16);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 0x0104);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

// What is verified says which device it is, so that one flipped bit opens it to nobody and closes
// it to nobody either.
static void a_damaged_identity_takes_the_verified_product_only(void) {
    with_identity(0xff);
    damage_identity();
    takes_any(); // nothing is verified
    for (int packages_only = 0; packages_only < 2; packages_only++) {
        with_identity(packages_only ? 0xfe : 0xff);
        install("product number 1");
        damage_identity();
        sim_header(header, image, SIZE);
        begin_refused(IAP_STATUS_PACKAGE_ONLY, 0);
        memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 2", 16);
        begin_refused(IAP_STATUS_WRONG_PRODUCT, 0);
        memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 1", 16);
        iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 0x0104);
        iap_put16(header + IAP_HEADER_AT_HARDWARE_MAX, 0x0105);
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        // An update that is not finished says nothing.
        CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, IAP_PAGE_FLAG_FORCE), IAP_STATUS_OK);
        sim_boot(&sim);
        memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 2", 16);
        begin_refused(IAP_STATUS_WRONG_PRODUCT, 0);
    }
    with_identity(0xff);
    install(NULL);
    damage_identity();
    takes_any(); // a plain image is verified
    // Of what is in a header only the product says so, and all of it.
    with_identity(0xff);
    sim_header(header, image, SIZE);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 1);
    install_header();
    damage_identity();
    takes_any();
    with_identity(0xff);
    damage_identity();
    install("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
    sim_header(header, image, SIZE);
    begin_refused(IAP_STATUS_PACKAGE_ONLY, 0);
    with_identity(0xff);
    install("product number 1");
    memset(sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE), 0xff, IAP_IDENTITY_SIZE);
    sim_boot(&sim);
    takes_any(); // a blank block is none
}

static uint32_t nearest_rate(void *context, uint32_t rate) {
    (void)context;
    (void)rate;
    return real_rate;
}

static void rates(uint32_t wanted, uint32_t real, bool good) {
    uint8_t request[IAP_BAUD_REQUEST_SIZE];
    fresh();
    sim.port.nearest_rate = nearest_rate;
    real_rate = real;
    sim.rate = 0;
    iap_put32(request, wanted);
    if (good) {
        const uint8_t *answer = taken(IAP_COMMAND_BAUD, request, 4, IAP_BAUD_RESPONSE_SIZE);
        CHECK_EQUAL(iap_get32(answer + IAP_BAUD_RESPONSE_AT_RATE), real);
        CHECK_EQUAL(sim.rate, wanted);
    } else {
        refused(IAP_COMMAND_BAUD, request, 4, IAP_STATUS_RATE_UNAVAILABLE, sim.config.max_rate);
        CHECK_EQUAL(sim.rate, 0);
    }
}

static void a_rate_is_made_within_two_percent(void) {
    rates(0, 0, false);
    rates(1, 1, true);
    rates(921600, 921600, true);
    rates(921601, 921601, false);
    rates(100000, 102000, true);
    rates(100000, 102001, false);
    rates(100000, 98000, true);
    rates(100000, 97999, false);
}

static void pages_answer_with_each_crc(void) {
    const uint32_t all = (SIZE + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE;
    uint8_t request[IAP_PAGES_REQUEST_SIZE];
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    iap_put16(request + IAP_PAGES_REQUEST_AT_FIRST, 1);
    iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, 4);
    const uint8_t *answer =
        taken(IAP_COMMAND_PAGES, request, sizeof request, IAP_PAGES_RESPONSE_SIZE + 4 * 4);
    CHECK_EQUAL(iap_get16(answer + IAP_PAGES_RESPONSE_AT_FIRST), 1);
    CHECK_EQUAL(iap_get16(answer + IAP_PAGES_RESPONSE_AT_COUNT), 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQUAL(iap_get32(answer + IAP_PAGES_RESPONSE_AT_CRC32 + 4 * i),
                    iap_crc32(0, sim.flash + 0x8000 + (i + 1) * SIM_PAGE_SIZE, SIM_PAGE_SIZE));
    }
    static const uint16_t first_wrong[] = {0, 1, 0xffff};
    for (size_t i = 0; i < 3; i++) {
        iap_put16(request + IAP_PAGES_REQUEST_AT_FIRST, i == 2 ? 0xffff : all + first_wrong[i]);
        iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, 1);
        refused(IAP_COMMAND_PAGES, request, sizeof request, IAP_STATUS_BAD_REQUEST,
                IAP_PAGES_REQUEST_AT_FIRST);
    }
    static const uint16_t count_wrong[] = {0, 3, 0xffff};
    for (size_t i = 0; i < 3; i++) {
        iap_put16(request + IAP_PAGES_REQUEST_AT_FIRST, all - 2);
        iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, count_wrong[i]);
        refused(IAP_COMMAND_PAGES, request, sizeof request, IAP_STATUS_BAD_REQUEST,
                IAP_PAGES_REQUEST_AT_COUNT);
    }
}

static void pages_fill_an_answer(void) {
    uint8_t request[IAP_PAGES_REQUEST_SIZE] = {0};
    for (uint32_t room = IAP_MIN_PAYLOAD_LIMIT; room < IAP_MIN_PAYLOAD_LIMIT + 4; room++) {
        fresh();
        iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, SIM_FLASH_SIZE - 0x8000);
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        sim.config.max_payload = room;
        uint32_t most = (room - IAP_PAGES_RESPONSE_SIZE) / 4;
        iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, most);
        (void)taken(IAP_COMMAND_PAGES, request, sizeof request, IAP_PAGES_RESPONSE_SIZE + 4 * most);
        iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, most + 1);
        refused(IAP_COMMAND_PAGES, request, sizeof request, IAP_STATUS_BAD_REQUEST,
                IAP_PAGES_REQUEST_AT_COUNT);
    }
}

// A call holds, whoever held before keeps the hold; without HOLD it does neither.
static void a_call_holds_if_nobody_does(void) {
    fresh();
    (void)sim_hello(&sim, 0);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_NONE);
    (void)taken(IAP_COMMAND_ENTER, NULL, 0, IAP_ENTER_RESPONSE_SIZE);
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_ASKED);
    fresh();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_HOST);
}

static void abort_without_a_session_writes_nothing(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_boot(&sim);
    uint32_t operations = sim.operations;
    (void)taken(IAP_COMMAND_ABORT, NULL, 0, IAP_ABORT_RESPONSE_SIZE);
    CHECK_EQUAL(sim.operations, operations);
}

static void boot_says_why_not(void) {
    fresh();
    refused(IAP_COMMAND_BOOT, NULL, 0, IAP_STATUS_NOT_BOOTABLE, IAP_STAY_NO_RECORD);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    refused(IAP_COMMAND_BOOT, NULL, 0, IAP_STATUS_NOT_BOOTABLE, IAP_STAY_IN_PROGRESS);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim.flash[0x8000 + 100] ^= 1;
    sim_boot(&sim);
    refused(IAP_COMMAND_BOOT, NULL, 0, IAP_STATUS_NOT_BOOTABLE, IAP_STAY_IMAGE_BAD);
    sim.flash[0x8000 + 100] ^= 1;
    sim_boot(&sim);
    (void)taken(IAP_COMMAND_BOOT, NULL, 0, IAP_BOOT_RESPONSE_SIZE);
    CHECK(sim.restarted);
}

static void enter_holds_as_the_application_asked(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_boot(&sim);
    (void)taken(IAP_COMMAND_ENTER, NULL, 0, IAP_ENTER_RESPONSE_SIZE);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_ASKED);
    sim_run(&sim, 300);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_ASKED);
    sim_boot(&sim);
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    (void)taken(IAP_COMMAND_ENTER, NULL, 0, IAP_ENTER_RESPONSE_SIZE);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_HOST); // who holds already
}

static void only_three_commands_go_to_all(void) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_boot(&sim);
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    uint32_t operations = sim.operations;
    for (uint8_t type = IAP_COMMAND_HELLO; type < IAP_COMMAND_BOOT; type++) {
        sim_request(&sim, IAP_ADDRESS_BROADCAST, type, request, sizeof request);
        sim_request(&sim, IAP_ADDRESS_BROADCAST - 1, type, request, sizeof request);
    }
    CHECK_EQUAL(sim.operations, operations);
    CHECK_EQUAL(sim.rate_changes, 0);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_NONE);
    sim_request(&sim, IAP_ADDRESS_BROADCAST, IAP_COMMAND_ENTER, NULL, 0);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_ASKED);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK(sim.iap.update.session.active);
    sim_request(&sim, IAP_ADDRESS_BROADCAST, IAP_COMMAND_ABORT, NULL, 0);
    CHECK(!sim.iap.update.session.active);
    sim_request(&sim, IAP_ADDRESS_BROADCAST, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.restarted);
    CHECK_EQUAL(sim.from_device_size, 0);
}

int main(void) {
    RUN(each_request_has_its_smallest_size);
    RUN(what_is_unknown_is_refused);
    RUN(without_a_session_there_is_none);
    RUN(a_header_is_refused_with_its_reason);
    RUN(the_floor_is_told);
    RUN(the_first_reason_is_told);
    RUN(what_a_header_may_have);
    RUN(product_and_hardware_must_fit);
    RUN(a_damaged_identity_takes_the_verified_product_only);
    RUN(a_rate_is_made_within_two_percent);
    RUN(pages_answer_with_each_crc);
    RUN(pages_fill_an_answer);
    RUN(a_call_holds_if_nobody_does);
    RUN(abort_without_a_session_writes_nothing);
    RUN(boot_says_why_not);
    RUN(enter_holds_as_the_application_asked);
    RUN(only_three_commands_go_to_all);
}
