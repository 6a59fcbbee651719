// When the application is started, and with what in flash it never is.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];

static void installed(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
}

static uint8_t boot(void) {
    uint32_t size;
    sim_request(&sim, 0, IAP_COMMAND_BOOT, NULL, 0);
    return sim_response(&sim, IAP_COMMAND_BOOT, &size)[0];
}

static void listens_before_it_starts(void) {
    installed();
    sim_boot(&sim);
    sim_run(&sim, sim.config.listen_ms - 2u);
    CHECK(!sim.restarted);
    sim_run(&sim, 5);
    CHECK(sim.restarted);
    // A call in the last millisecond still holds.
    sim_boot(&sim);
    sim_run(&sim, sim.config.listen_ms - 2u);
    CHECK_EQUAL(sim_hello(&sim, IAP_HELLO_FLAG_HOLD)[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_HOST);
    sim_run(&sim, 1000);
    CHECK(!sim.restarted);
    CHECK(sim.config.listen_ms >= IAP_LISTEN_MS);
}

static void boot_needs_a_good_image(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
    CHECK_EQUAL(boot(), IAP_STATUS_NOT_BOOTABLE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
        CHECK_EQUAL(boot(), IAP_STATUS_NOT_BOOTABLE);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    CHECK(!sim.restarted);
    sim.flash[0x8000 + SIZE - 1] ^= 1;
    sim_boot(&sim);
    CHECK_EQUAL(boot(), IAP_STATUS_NOT_BOOTABLE); // checked at once, not only by and by
    sim.flash[0x8000 + SIZE - 1] ^= 1;
    sim_boot(&sim);
    CHECK_EQUAL(boot(), IAP_STATUS_OK);
    CHECK(sim.restarted);
}

static void wrong_vectors_are_never_started(void) {
    static const struct {
        uint32_t stack, reset;
    } cases[] = {
        {0, IAP_APP_BASE + 9},          {0x20000000, IAP_APP_BASE + 9},
        {0x20005004, IAP_APP_BASE + 9}, {0x20005002, IAP_APP_BASE + 9},
        {0x20004fff, IAP_APP_BASE + 9}, {0xffffffff, IAP_APP_BASE + 9},
        {0x08008000, IAP_APP_BASE + 9}, {0x20005000, IAP_APP_BASE + 8},
        {0x20005000, IAP_APP_BASE - 1}, {0x20005000, IAP_APP_BASE + SIZE + 1},
        {0x20005000, 0xffffffff},       {0x20005000, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        installed();
        iap_put32(sim.flash + 0x8000, cases[i].stack);
        iap_put32(sim.flash + 0x8004, cases[i].reset);
        // The entry that a host would have made of it: its CRC-32 is right, only the vectors are
        // not.
        struct iap_target target = sim_target(&sim);
        struct iap_entry entry;
        sim_header(header, sim.flash + 0x8000, SIZE);
        CHECK(iap_ok(iap_record_append(&target, iap_header_at(header), &entry)));
        CHECK(iap_ok(iap_record_set(&target, entry.slot, IAP_ENTRY_TOUCHED)));
        CHECK(iap_ok(iap_record_set_valid(&target, entry.slot)));
        sim_boot(&sim);
        sim_run(&sim, 300);
        CHECK(!sim.restarted);
        CHECK_EQUAL(sim.iap.stay, IAP_STAY_IMAGE_BAD);
        CHECK_EQUAL(boot(), IAP_STATUS_NOT_BOOTABLE);
        // A START for it, however it came into the mailbox
        const struct iap_mailbox start = {.request = IAP_REQUEST_START,
                                          .token = iap_entry_token(&entry)};
        CHECK(!iap_start_allowed(&target, &start));
    }
}

static void start_needs_valid(void) {
    installed();
    struct iap_target target = sim_target(&sim);
    struct iap_record record = iap_record_read(&target);
    struct iap_mailbox start = {.request = IAP_REQUEST_START,
                                .token = iap_entry_token(&record.installed)};
    CHECK(iap_start_allowed(&target, &start));
    start.request = IAP_REQUEST_ENTER;
    CHECK(!iap_start_allowed(&target, &start));
    start.request = IAP_REQUEST_START;
    start.token ^= 1;
    CHECK(!iap_start_allowed(&target, &start));
    start.token ^= 1;
    iap_put16(sim.flash + (record.installed.slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_VALID,
              IAP_STATE_CLEAR);
    CHECK(!iap_start_allowed(&target, &start));
}

// An application can write mailbox and record: only the image can vouch for itself.
static void a_start_needs_the_image_that_was_verified(void) {
    installed();
    struct iap_target target = sim_target(&sim);
    struct iap_record record = iap_record_read(&target);
    const struct iap_mailbox start = {.request = IAP_REQUEST_START,
                                      .token = iap_entry_token(&record.installed)};
    uint32_t polls = sim.polls;
    CHECK(iap_start_allowed(&target, &start));
    CHECK(sim.polls >= polls + SIZE / 1024); // under a watchdog
    for (uint32_t byte = 8; byte < SIZE; byte += 61) {
        sim.flash[0x8000 + byte] ^= 0x40;
        CHECK(!iap_start_allowed(&target, &start));
        sim.flash[0x8000 + byte] ^= 0x40;
    }
    CHECK(iap_start_allowed(&target, &start));
}

static void an_area_needs_its_seal(void) {
    installed();
    struct iap_target target = sim_target(&sim);
    struct iap_record record = iap_record_read(&target);
    CHECK(record.area != 0 && record.installed.slot != 0);
    uint8_t *area = sim.flash + (record.area - IAP_BOOTLOADER_BASE);
    iap_put16(area + IAP_AREA_HEADER_AT_SEALED, IAP_STATE_CLEAR);
    CHECK_EQUAL(iap_record_read(&target).area, 0);
    iap_put16(area + IAP_AREA_HEADER_AT_SEALED, IAP_STATE_SET);
    for (uint32_t bit = 0; bit < 8 * IAP_AREA_HEADER_AT_SEALED; bit++) {
        area[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQUAL(iap_record_read(&target).area, 0);
        area[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    // Another format, with a CRC-32 that fits it, is nobody we know.
    iap_put16(area + IAP_AREA_HEADER_AT_FORMAT, IAP_RECORD_FORMAT + 1);
    iap_put32(area + IAP_AREA_HEADER_AT_CRC32, iap_crc32(0, area, IAP_AREA_HEADER_AT_CRC32));
    CHECK_EQUAL(iap_record_read(&target).area, 0);
    iap_put16(area + IAP_AREA_HEADER_AT_FORMAT, IAP_RECORD_FORMAT);
    iap_put16(area + IAP_AREA_HEADER_AT_SLOT_SIZE, IAP_RECORD_SLOT_SIZE + 2);
    iap_put32(area + IAP_AREA_HEADER_AT_CRC32, iap_crc32(0, area, IAP_AREA_HEADER_AT_CRC32));
    CHECK_EQUAL(iap_record_read(&target).area, 0);
}

static void the_higher_generation_is_active(void) {
    installed();
    struct iap_target target = sim_target(&sim);
    uint32_t first = iap_record_read(&target).area;
    uint32_t other = first == IAP_RECORD_A_ADDRESS ? IAP_RECORD_B_ADDRESS : IAP_RECORD_A_ADDRESS;
    uint8_t *copy = sim.flash + (other - IAP_BOOTLOADER_BASE);
    memcpy(copy, sim.flash + (first - IAP_BOOTLOADER_BASE), IAP_RECORD_AREA_SIZE);
    for (uint32_t generation = 0; generation < 4; generation++) {
        uint32_t active =
            iap_get32(sim.flash + (first - IAP_BOOTLOADER_BASE) + IAP_AREA_HEADER_AT_GENERATION);
        iap_put32(copy + IAP_AREA_HEADER_AT_GENERATION, generation);
        iap_put32(copy + IAP_AREA_HEADER_AT_CRC32, iap_crc32(0, copy, IAP_AREA_HEADER_AT_CRC32));
        if (generation != active) {
            CHECK_EQUAL(iap_record_read(&target).area, generation > active ? other : first);
        }
    }
}

// An application linked without linker/app.ld may have its variables there when it starts the app
// kit.
static void what_is_no_mailbox_is_left_alone(void) {
    uint8_t variables[IAP_MAILBOX_SIZE];
    uint8_t before[IAP_MAILBOX_SIZE];
    iap_mailbox_pack(variables, &(struct iap_mailbox){.request = IAP_REQUEST_REPORT, .stay = 2});
    variables[IAP_MAILBOX_SIZE - 1] ^= 1;
    memcpy(before, variables, sizeof before);
    CHECK_EQUAL(iap_mailbox_take(variables).stay, 0);
    CHECK(memcmp(variables, before, sizeof before) == 0);
    variables[IAP_MAILBOX_SIZE - 1] ^= 1;
    CHECK_EQUAL(iap_mailbox_take(variables).stay, 2);
    CHECK_EQUAL(iap_mailbox_take(variables).stay, 0); // cleared
}

// A bootloader of 20 KB: everything is 8 KB lower.
static void record_and_identity_lie_below_app_base(void) {
    const uint32_t app_base = 0x08006000;
    sim_init(&sim);
    memset(sim.flash, 0x5a, 0x5000);
    sim.config.app_base = app_base;
    uint8_t *block = sim.flash + 0x5000 - IAP_IDENTITY_SIZE;
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block, IAP_IDENTITY_MAGIC);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 3);
    memset(block + IAP_IDENTITY_AT_PRODUCT, 'x', 16);
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
    sim_image(image, SIZE, 1);
    iap_put32(image + 4, app_base + 9);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_WRONG_ADDRESS);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, app_base);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 4);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_WRONG_HARDWARE); // it knows its identity
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MIN, 3);
    uint8_t before[0x5000];
    memcpy(before, sim.flash, sizeof before);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    CHECK(memcmp(before, sim.flash, sizeof before) == 0);
    CHECK_EQUAL(iap_get32(sim.flash + 0x5000), IAP_RECORD_MAGIC);
    CHECK(memcmp(sim.flash + 0x6000, image, SIZE) == 0);
    CHECK_EQUAL(sim.flash[0x7800], 0xff); // nothing where the record of a larger bootloader is
    sim_boot(&sim);
    CHECK_EQUAL(boot(), IAP_STATUS_OK);
    CHECK(sim.restarted);
}

int main(void) {
    RUN(listens_before_it_starts);
    RUN(boot_needs_a_good_image);
    RUN(wrong_vectors_are_never_started);
    RUN(start_needs_valid);
    RUN(a_start_needs_the_image_that_was_verified);
    RUN(an_area_needs_its_seal);
    RUN(the_higher_generation_is_active);
    RUN(what_is_no_mailbox_is_left_alone);
    RUN(record_and_identity_lie_below_app_base);
}
