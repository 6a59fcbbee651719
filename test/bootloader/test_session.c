// Updates as the device sees them, by single requests.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[0x20000];
static uint8_t header[IAP_HEADER_SIZE];

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static const uint8_t *hello(uint8_t flags) {
    return sim_hello(&sim, flags);
}

static uint8_t installed_state(void) {
    return hello(IAP_HELLO_FLAG_HOLD)[IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE];
}

// Resets as the port does; the second pass jumps if it may.
static bool second_pass_starts(void) {
    struct iap_target target = sim_target(&sim);
    struct iap_mailbox mailbox = iap_mailbox_take(sim.mailbox);
    return iap_start_allowed(&target, &mailbox);
}

static void first_update_is_installed_and_starts(void) {
    fresh();
    CHECK_EQUAL(hello(IAP_HELLO_FLAG_HOLD)[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_NO_RECORD);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    CHECK(memcmp(sim.flash + 0x8000, image, SIZE) == 0);
    CHECK_EQUAL(installed_state(), IAP_IMAGE_STATE_PRESENT | IAP_IMAGE_STATE_TOUCHED |
                                       IAP_IMAGE_STATE_VALID | IAP_IMAGE_STATE_CHECKED |
                                       IAP_IMAGE_STATE_GOOD);
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.restarted);
    CHECK(second_pass_starts());
    CHECK(!second_pass_starts()); // the mailbox is cleared by whoever reads it
}

static void a_stale_start_does_not_jump(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    uint8_t stale[IAP_MAILBOX_SIZE];
    memcpy(stale, sim.mailbox, sizeof stale);
    sim_boot(&sim);
    sim_image(image, SIZE, 2);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    memcpy(sim.mailbox, stale, sizeof stale);
    CHECK(!second_pass_starts());
}

static void same_image_again_writes_nothing(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    uint32_t operations = sim.operations;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.session.active, 0);
    CHECK_EQUAL(sim.operations, operations);
}

static void renew_begins_again(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    CHECK(sim.iap.update.session.active);
    uint32_t sequence = sim.iap.update.record.installed.sequence;
    CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.record.installed.sequence, sequence + 1);
}

static void begin_again_costs_no_write(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t operations = sim.operations;
    for (int i = 0; i < 100; i++) {
        sim_boot(&sim);
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim.operations, operations);
}

static void old_application_starts_until_a_page_is_written(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim_boot(&sim);
    sim_run(&sim, 200);
    CHECK(sim.restarted);
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 2, 0), IAP_STATUS_OK);
    sim_boot(&sim);
    sim_run(&sim, 100000);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
}

static void gap_is_kept_until_the_expected_frame(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 2, image, SIZE, 2, 0), IAP_STATUS_GAP);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_GAP);
    CHECK_EQUAL(sim.iap.update.session.next, 1);
    CHECK_EQUAL(sim_end(&sim, 3), IAP_STATUS_GAP);
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 1, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim.iap.update.session.pages, 2);
}

static void a_page_with_a_wrong_crc_is_never_written(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint32_t operations = sim.operations;
    uint8_t request[3 + IAP_PAGE_HEAD_SIZE + 1024] = {0, 0, IAP_DATA_FLAG_HEAD | IAP_DATA_FLAG_ASK};
    iap_put16(request + 3 + IAP_PAGE_HEAD_AT_DECODED_LENGTH, 1024);
    iap_put16(request + 3 + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, 1024);
    uint32_t size;
    sim_request(&sim, 0, IAP_COMMAND_DATA, request, sizeof request);
    const uint8_t *response = sim_response(&sim, IAP_COMMAND_DATA, &size);
    CHECK_EQUAL(response[IAP_DATA_RESPONSE_AT_STATUS], IAP_STATUS_PAGE_REJECTED);
    CHECK_EQUAL(iap_get32(response + IAP_DATA_RESPONSE_AT_DETAIL), IAP_REJECTION_CRC);
    CHECK_EQUAL(iap_get16(response + IAP_DATA_RESPONSE_AT_NEXT), 0);
    CHECK_EQUAL(sim.operations, operations);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
}

static void page_heads_out_of_range_are_rejected(void) {
    const struct {
        uint16_t page, decoded, encoded;
        uint8_t encoding;
        enum iap_rejection reason;
    } cases[] = {
        {5, 1024, 1024, 0, IAP_REJECTION_PAGE},       {0xffff, 1024, 1024, 0, IAP_REJECTION_PAGE},
        {0, 1023, 1023, 0, IAP_REJECTION_LENGTH},     {0, 1025, 1025, 0, IAP_REJECTION_LENGTH},
        {0, 0xffff, 0xffff, 0, IAP_REJECTION_LENGTH}, {0, 1024, 1023, 0, IAP_REJECTION_LENGTH},
        {4, 1024, 1024, 0, IAP_REJECTION_LENGTH},     {0, 1024, 1024, 2, IAP_REJECTION_ENCODING},
        {0, 0, 0, 0, IAP_REJECTION_LENGTH},           {0, 1024, 1024, 0xff, IAP_REJECTION_ENCODING},
    };
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t request[3 + IAP_PAGE_HEAD_SIZE] = {0, 0, IAP_DATA_FLAG_HEAD | IAP_DATA_FLAG_ASK};
        uint32_t size;
        iap_put16(request + 3 + IAP_PAGE_HEAD_AT_PAGE, cases[i].page);
        iap_put16(request + 3 + IAP_PAGE_HEAD_AT_DECODED_LENGTH, cases[i].decoded);
        iap_put16(request + 3 + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, cases[i].encoded);
        request[3 + IAP_PAGE_HEAD_AT_ENCODING] = cases[i].encoding;
        sim_request(&sim, 0, IAP_COMMAND_DATA, request, sizeof request);
        const uint8_t *response = sim_response(&sim, IAP_COMMAND_DATA, &size);
        CHECK_EQUAL(response[IAP_DATA_RESPONSE_AT_STATUS], IAP_STATUS_PAGE_REJECTED);
        CHECK_EQUAL(iap_get32(response + IAP_DATA_RESPONSE_AT_DETAIL), cases[i].reason);
    }
}

static void a_page_in_short_frames_is_assembled(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    uint8_t request[3 + IAP_PAGE_HEAD_SIZE] = {0, 0, IAP_DATA_FLAG_HEAD};
    uint8_t *head = request + 3;
    iap_put16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH, 1024);
    iap_put16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, 1024);
    iap_put32(head + IAP_PAGE_HEAD_AT_CRC32, iap_crc32(0, image, 1024));
    sim_request(&sim, 0, IAP_COMMAND_DATA, request, sizeof request);
    for (uint16_t i = 0; i < 64; i++) {
        uint8_t part[3 + 16];
        iap_put16(part, i + 1u);
        part[2] = i == 63 ? IAP_DATA_FLAG_ASK : 0;
        memcpy(part + 3, image + 16 * i, 16);
        sim_request(&sim, 0, IAP_COMMAND_DATA, part, sizeof part);
    }
    uint32_t size;
    const uint8_t *response = sim_response(&sim, IAP_COMMAND_DATA, &size);
    CHECK_EQUAL(response[IAP_DATA_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    CHECK_EQUAL(iap_get16(response + IAP_DATA_RESPONSE_AT_NEXT), 65);
    CHECK_EQUAL(iap_get16(response + IAP_DATA_RESPONSE_AT_PAGES), 1);
    CHECK(memcmp(sim.flash + 0x8000, image, 1024) == 0);
}

static void flash_failure_is_reported_and_can_be_repeated(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim.refuse_from = IAP_APP_BASE + 0x410;
    sim.refuse_to = IAP_APP_BASE + 0x412;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 1, 0), IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(iap_detail_of(sim.iap.update.session.result), IAP_APP_BASE + 0x410);
    CHECK_EQUAL(sim.iap.update.session.next, 1);
    CHECK_EQUAL(sim_end(&sim, 1), IAP_STATUS_FLASH_FAILED);
    sim.refuse_from = sim.refuse_to = 0;
    CHECK_EQUAL(sim_page(&sim, 1, image, SIZE, 1, 0), IAP_STATUS_OK);
}

static void end_verifies(void) {
    fresh();
    sim_header(header, image, SIZE);
    header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_VERIFY_FAILED);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
    sim_run(&sim, 20000);
    CHECK(!sim.restarted);
}

// Pages in flash are verified while others still come.
static void send_pages_and_wait(const uint8_t *first_page) {
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, first_page, SIZE, 0, 0), IAP_STATUS_OK);
    for (uint16_t page = 1; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    sim_run(&sim, 200);
    CHECK_EQUAL(sim.iap.update.session.verify.sha.size, SIZE / 64 * 64);
}

static void a_page_written_again_is_verified_again(void) {
    static uint8_t other[SIZE];
    sim_image(other, SIZE, 9);
    fresh();
    send_pages_and_wait(image);
    CHECK_EQUAL(sim_page(&sim, 5, other, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 6), IAP_STATUS_VERIFY_FAILED);
    CHECK(!iap_entry_is(&sim.iap.update.record.installed, IAP_ENTRY_VALID));
    CHECK_EQUAL(sim_end(&sim, 6), IAP_STATUS_VERIFY_FAILED);
    CHECK_EQUAL(sim_page(&sim, 6, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 7), IAP_STATUS_OK);

    fresh();
    send_pages_and_wait(other);
    CHECK_EQUAL(sim_page(&sim, 5, image, SIZE, 0, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 6), IAP_STATUS_OK);
}

static void end_is_safe_to_repeat(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    uint32_t operations = sim.operations;
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 4), IAP_STATUS_NO_SESSION);
    CHECK_EQUAL(sim.operations, operations);
}

static void abort_forgets_only_what_wrote_nothing(void) {
    fresh();
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim_request(&sim, 0, IAP_COMMAND_ABORT, NULL, 0);
    sim.from_device_size = 0;
    CHECK_EQUAL(sim.iap.update.record.pending.slot, 0);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    sim_request(&sim, 0, IAP_COMMAND_ABORT, NULL, 0);
    sim.from_device_size = 0;
    CHECK_EQUAL(sim.iap.update.record.installed.states,
                1u << IAP_ENTRY_WRITTEN | 1u << IAP_ENTRY_TOUCHED);
    sim_run(&sim, 20000);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
    CHECK(!sim.restarted);
}

static void headers_are_refused_before_anything_is_written(void) {
    const struct {
        uint32_t at;
        uint32_t value;
        uint8_t status;
    } cases[] = {
        {IAP_HEADER_AT_MAGIC, 0, IAP_STATUS_BAD_HEADER},
        {IAP_HEADER_AT_FORMAT, 0x01000002, IAP_STATUS_BAD_HEADER},
        {IAP_HEADER_AT_LOAD_ADDRESS, 0x08000000, IAP_STATUS_WRONG_ADDRESS},
        {IAP_HEADER_AT_IMAGE_SIZE, 0, IAP_STATUS_WRONG_SIZE},
        {IAP_HEADER_AT_IMAGE_SIZE, 7, IAP_STATUS_WRONG_SIZE},
        {IAP_HEADER_AT_IMAGE_SIZE, SIM_FLASH_SIZE - 0x8000 + 1, IAP_STATUS_WRONG_SIZE},
        {IAP_HEADER_AT_IMAGE_SIZE, 0xffffffff, IAP_STATUS_WRONG_SIZE},
        {IAP_HEADER_AT_FLAGS, 1u << 17, IAP_STATUS_NOT_CAPABLE},
        {IAP_HEADER_AT_CAPABILITIES, IAP_CAPABILITY_SIGNATURE, IAP_STATUS_NOT_CAPABLE},
        {IAP_HEADER_AT_UNIQUE_ID, 1, IAP_STATUS_WRONG_DEVICE},
        {IAP_HEADER_AT_SIGNATURE_ALGORITHM, IAP_SIGNATURE_ECDSA_P256, IAP_STATUS_BAD_SIGNATURE},
    };
    fresh();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_header(header, image, SIZE);
        iap_put32(header + cases[i].at, cases[i].value);
        CHECK_EQUAL(sim_begin(&sim, header, 0), cases[i].status);
    }
    CHECK_EQUAL(sim.operations, 0);
}

static void only_the_application_and_the_record_can_be_written(void) {
    sim_init(&sim);
    const struct iap_config *config = &sim.config;
    const uint32_t end = config->app_end;
    CHECK(iap_flash_writable(config, IAP_APP_BASE, end - IAP_APP_BASE));
    CHECK(iap_flash_writable(config, IAP_RECORD_A_ADDRESS, IAP_RECORD_AREA_SIZE));
    CHECK(iap_flash_writable(config, end - 2, 2));
    CHECK(!iap_flash_writable(config, end - 2, 4));
    CHECK(!iap_flash_writable(config, end, 2));
    CHECK(!iap_flash_writable(config, IAP_RECORD_A_ADDRESS - 2, 2));
    CHECK(!iap_flash_writable(config, IAP_RECORD_A_ADDRESS - 2, 4));
    CHECK(!iap_flash_writable(config, IAP_BOOTLOADER_BASE, 2));
    CHECK(!iap_flash_writable(config, IAP_APP_BASE - 2, 4));
    CHECK(!iap_flash_writable(config, 0xfffffffe, 4));
    CHECK(!iap_flash_writable(config, IAP_APP_BASE, 0xffffffff));
    CHECK(!iap_flash_writable(config, 0, 0xffffffff));
}

static void identity_decides_what_is_taken(void) {
    fresh();
    uint8_t *block = sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block, IAP_IDENTITY_MAGIC);
    memcpy(block + IAP_IDENTITY_AT_PRODUCT, "product number 1", 16);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 3);
    block[IAP_IDENTITY_AT_ADDRESS] = 17;
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
    sim_boot(&sim);

    sim_request(&sim, 16, IAP_COMMAND_BOOT, NULL, 0);
    CHECK_EQUAL(sim.from_device_size, 0);
    sim_request(&sim, 17, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.from_device_size > 0);
    sim.from_device_size = 0;
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 2", 16);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_WRONG_PRODUCT);
    memcpy(header + IAP_HEADER_AT_PRODUCT, "product number 1", 16);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 4);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_WRONG_HARDWARE);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 3);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);

    block[IAP_IDENTITY_AT_FLAGS] = (uint8_t)~IAP_IDENTITY_FLAG_ANY_IMAGE;
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
    sim_boot(&sim);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_PACKAGE_ONLY);
}

static void broadcast_is_never_answered(void) {
    fresh();
    for (uint8_t type = 0; type < 128; type++) {
        uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
        sim_request(&sim, IAP_ADDRESS_BROADCAST, type, request, sizeof request);
        CHECK_EQUAL(sim.from_device_size, 0);
    }
}

static void every_short_request_is_refused(void) {
    fresh();
    for (uint8_t type = 0; type < 128; type++) {
        uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
        for (uint32_t size = 0; size < sizeof request; size++) {
            uint32_t got = 0;
            sim_request(&sim, 0, type, request, size);
            const uint8_t *response = sim_response(&sim, type, &got);
            CHECK(response == NULL || got > 0);
        }
    }
    CHECK_EQUAL(sim.operations, 0);
}

static void changed_rate_returns_by_itself(void) {
    uint8_t request[IAP_BAUD_REQUEST_SIZE];
    fresh();
    sim.rate = 115200;
    iap_put32(request, 460800);
    sim_request(&sim, 0, IAP_COMMAND_BAUD, request, sizeof request);
    CHECK_EQUAL(sim.rate, 460800);
    sim_run(&sim, IAP_RATE_PROOF_MS + 1);
    CHECK_EQUAL(sim.rate, 115200);
    sim.from_device_size = 0;
    sim_request(&sim, 0, IAP_COMMAND_BAUD, request, sizeof request);
    sim.from_device_size = 0;
    sim_run(&sim, IAP_RATE_PROOF_MS - 10);
    (void)hello(0);
    sim_run(&sim, IAP_RATE_IDLE_MS - 10);
    CHECK_EQUAL(sim.rate, 460800);
    sim_run(&sim, 20);
    CHECK_EQUAL(sim.rate, 115200);
    iap_put32(request, 921601);
    sim_request(&sim, 0, IAP_COMMAND_BAUD, request, sizeof request);
    CHECK_EQUAL(sim.rate, 115200);
}

static void only_hold_keeps_the_bootloader(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_boot(&sim);
    for (int i = 0; i < 30 && !sim.restarted; i++) {
        (void)hello(0);
        sim_run(&sim, 10);
    }
    CHECK(sim.restarted);
    sim_boot(&sim);
    (void)hello(IAP_HELLO_FLAG_HOLD);
    for (int i = 0; i < 9; i++) {
        sim_run(&sim, 1000);
        (void)hello(0);
    }
    CHECK(!sim.restarted);
    sim_run(&sim, 1100);
    CHECK(sim.restarted);
}

static void a_stuck_button_does_not_park_the_product(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim.button = true;
    sim_boot(&sim);
    sim_run(&sim, 9900);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_BUTTON);
    sim_run(&sim, 300);
    CHECK(sim.restarted);
}

// A disturbance, a bouncing contact, and a capacitor across the button that power has yet to
// charge.
static void a_short_press_is_no_press(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim.button = true;
    sim_boot(&sim);
    sim_run(&sim, 20);
    for (int i = 0; i < 3; i++) {
        sim.button = false;
        sim_run(&sim, 1);
        sim.button = true;
        sim_run(&sim, 20);
    }
    sim.button = false;
    sim_run(&sim, 100);
    CHECK(sim.restarted);
    sim_boot(&sim);
    sim_run(&sim, 50);
    sim.button = true;
    sim_run(&sim, 35);
    sim.button = false;
    sim_run(&sim, 1000);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_BUTTON);
}

static void update_wanting_confirmation(void) {
    sim_header(header, image, SIZE);
    iap_put32(header + IAP_HEADER_AT_FLAGS, IAP_IMAGE_FLAG_CONFIRM);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
}

static void an_unconfirmed_image_uses_up_its_trials(void) {
    fresh();
    update_wanting_confirmation();
    for (int i = 0; i < 3; i++) {
        sim_boot(&sim);
        sim_run(&sim, 300);
        CHECK(sim.restarted);
    }
    sim_boot(&sim);
    sim_run(&sim, IAP_TRIALS_STAY_MS - 100);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_TRIALS_USED);
    sim_run(&sim, 300);
    CHECK(sim.restarted);
    struct iap_target target = sim_target(&sim);
    CHECK(
        iap_ok(iap_record_set(&target, sim.iap.update.record.installed.slot, IAP_ENTRY_CONFIRMED)));
    sim_boot(&sim);
    sim_run(&sim, 300);
    CHECK(sim.restarted);
}

static void a_fault_stays_until_a_host_asks(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    const struct iap_mailbox fault = {.request = IAP_REQUEST_FAULT, .token = 3};
    iap_mailbox_pack(sim.mailbox, &fault);
    sim_boot(&sim);
    sim_run(&sim, IAP_TRIALS_STAY_MS - 100);
    CHECK(!sim.restarted);
    CHECK(!sim.iap.record_known);
    CHECK_EQUAL(hello(IAP_HELLO_FLAG_HOLD)[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_FAULT);
    CHECK(sim.iap.record_known);
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    CHECK(sim.restarted);
}

static void fault_at_start(void) {
    const struct iap_mailbox fault = {.request = IAP_REQUEST_FAULT, .token = 3};
    iap_mailbox_pack(sim.mailbox, &fault);
    sim_boot(&sim);
}

// One stray interrupt must not cost more than a minute, and a damaged image still says FAULT.
static void a_fault_does_not_park_the_product(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    fault_at_start();
    sim_run(&sim, IAP_TRIALS_STAY_MS + 300);
    CHECK(sim.restarted);
    fault_at_start();
    sim.flash[0x8000 + 100] ^= 1;
    sim_run(&sim, 2 * IAP_TRIALS_STAY_MS);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_FAULT);
    sim.flash[0x8000 + 100] ^= 1;

    // Out of trials as well: the minute counts for both.
    fresh();
    update_wanting_confirmation();
    for (int i = 0; i < 3; i++) {
        sim_boot(&sim);
        sim_run(&sim, 300);
        CHECK(sim.restarted);
    }
    fault_at_start();
    sim_run(&sim, IAP_TRIALS_STAY_MS + 300);
    CHECK(sim.restarted);

    // A host that holds it is not cut off.
    fault_at_start();
    for (uint32_t ms = 0; ms < IAP_TRIALS_STAY_MS + 5000; ms += 1000) {
        (void)hello(IAP_HELLO_FLAG_HOLD);
        sim_run(&sim, 1000);
    }
    CHECK(!sim.restarted);
    sim_run(&sim, 10000);
    CHECK(sim.restarted);
}

static void a_damaged_image_is_never_started(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    for (uint32_t byte = 0; byte < SIZE; byte += 37) {
        sim.flash[0x8000 + byte] ^= 1;
        sim_boot(&sim);
        sim_run(&sim, 300);
        CHECK(!sim.restarted);
        CHECK_EQUAL(sim.iap.stay, IAP_STAY_IMAGE_BAD);
        sim.flash[0x8000 + byte] ^= 1;
    }
}

static void update(void) {
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
}

// An update over an older image, power cut at every operation: never an unverified start, and the
// next update completes.
static void power_cut_at_every_operation(void) {
    static uint8_t old_image[SIZE];
    uint32_t cuts = 0;
    bool whole = false;
    sim_image(old_image, SIZE, 7);
    while (!whole) {
        fresh();
        CHECK_EQUAL(sim_update(&sim, old_image, SIZE), IAP_STATUS_OK);
        whole = sim_survives(&sim, ++cuts, update);
        memset(sim.mailbox, 0x5a, sizeof sim.mailbox);
        sim_boot(&sim);
        sim_run(&sim, 300);
        if (sim.restarted) {
            bool old = memcmp(sim.flash + 0x8000, old_image, SIZE) == 0;
            CHECK(old || memcmp(sim.flash + 0x8000, image, SIZE) == 0);
            sim_boot(&sim);
        }
        CHECK_EQUAL(sim_begin(&sim, header, IAP_BEGIN_FLAG_RENEW), IAP_STATUS_OK);
        for (uint16_t page = 0; page < 5; page++) {
            CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
        }
        CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
        CHECK(memcmp(sim.flash + 0x8000, image, SIZE) == 0);
    }
    printf("   %u cuts\n", (unsigned)cuts - 1);
    CHECK(cuts > 2500);
}

int main(void) {
    RUN(first_update_is_installed_and_starts);
    RUN(a_stale_start_does_not_jump);
    RUN(same_image_again_writes_nothing);
    RUN(renew_begins_again);
    RUN(begin_again_costs_no_write);
    RUN(old_application_starts_until_a_page_is_written);
    RUN(gap_is_kept_until_the_expected_frame);
    RUN(a_page_with_a_wrong_crc_is_never_written);
    RUN(page_heads_out_of_range_are_rejected);
    RUN(a_page_in_short_frames_is_assembled);
    RUN(flash_failure_is_reported_and_can_be_repeated);
    RUN(end_verifies);
    RUN(a_page_written_again_is_verified_again);
    RUN(end_is_safe_to_repeat);
    RUN(abort_forgets_only_what_wrote_nothing);
    RUN(headers_are_refused_before_anything_is_written);
    RUN(only_the_application_and_the_record_can_be_written);
    RUN(identity_decides_what_is_taken);
    RUN(broadcast_is_never_answered);
    RUN(every_short_request_is_refused);
    RUN(changed_rate_returns_by_itself);
    RUN(only_hold_keeps_the_bootloader);
    RUN(a_stuck_button_does_not_park_the_product);
    RUN(a_short_press_is_no_press);
    RUN(an_unconfirmed_image_uses_up_its_trials);
    RUN(a_fault_stays_until_a_host_asks);
    RUN(a_fault_does_not_park_the_product);
    RUN(a_damaged_image_is_never_started);
    RUN(power_cut_at_every_operation);
}
