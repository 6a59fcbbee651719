// The mailbox, byte by byte, and what the bootloader puts into it when it starts the application.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];

static const struct iap_mailbox full = {
    .request = 0x01020304,
    .token = 0x05060708,
    .stay = 0x090a0b0c,
    .reset_flags = 0x0d0e0f10,
    .sequence = 0x11121314,
    .address = 0x15161718,
};

static void each_field_has_its_place(void) {
    uint8_t bytes[IAP_MAILBOX_SIZE];
    memset(bytes, 0x5a, sizeof bytes);
    iap_mailbox_pack(bytes, &full);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_MAGIC), IAP_MAILBOX_MAGIC);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_REQUEST), full.request);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_TOKEN), full.token);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_STAY), full.stay);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_RESET_FLAGS), full.reset_flags);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_SEQUENCE), full.sequence);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_ADDRESS), full.address);
    CHECK_EQUAL(iap_get32(bytes + IAP_MAILBOX_AT_CRC32), iap_crc32(0, bytes, IAP_MAILBOX_AT_CRC32));
    struct iap_mailbox taken = iap_mailbox_take(bytes);
    CHECK_EQUAL(taken.request, full.request);
    CHECK_EQUAL(taken.token, full.token);
    CHECK_EQUAL(taken.stay, full.stay);
    CHECK_EQUAL(taken.reset_flags, full.reset_flags);
    CHECK_EQUAL(taken.sequence, full.sequence);
    CHECK_EQUAL(taken.address, full.address);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        CHECK_EQUAL(bytes[i], 0); // whoever reads it clears it
    }
}

static void take_none(uint8_t *bytes) {
    struct iap_mailbox taken = iap_mailbox_take(bytes);
    CHECK(taken.request == 0 && taken.token == 0 && taken.stay == 0);
    CHECK(taken.reset_flags == 0 && taken.sequence == 0 && taken.address == 0);
}

static void a_damaged_one_is_none(void) {
    uint8_t bytes[IAP_MAILBOX_SIZE + 1];
    iap_mailbox_pack(bytes, &full);
    bytes[IAP_MAILBOX_SIZE] = 0x5a; // somebody else's
    for (uint32_t bit = 0; bit < 8 * IAP_MAILBOX_SIZE; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        take_none(bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    iap_put32(bytes + IAP_MAILBOX_AT_MAGIC, IAP_MAILBOX_MAGIC + 1); // of another kind
    iap_put32(bytes + IAP_MAILBOX_AT_CRC32, iap_crc32(0, bytes, IAP_MAILBOX_AT_CRC32));
    take_none(bytes);
    iap_mailbox_pack(bytes, &full);
    CHECK_EQUAL(iap_mailbox_take(bytes).request, full.request);
    CHECK_EQUAL(bytes[IAP_MAILBOX_SIZE], 0x5a);
}

static struct iap_mailbox start_of(enum iap_request request, uint32_t stay, uint8_t hold) {
    const struct iap_mailbox before = {
        .request = request, .token = 1, .stay = stay, .sequence = 99, .address = 0x1234};
    iap_mailbox_pack(sim.mailbox, &before);
    sim.restarted = false;
    iap_init(&sim.iap, sim_target(&sim), iap_mailbox_take(sim.mailbox), 0xa5);
    if (hold != 0) {
        (void)sim_hello(&sim, hold);
    }
    for (uint32_t i = 0; i < 60 && !sim.restarted; i++) {
        sim.now_ms += 250;
        sim_run(&sim, 1);
    }
    CHECK(sim.restarted);
    return iap_mailbox_take(sim.mailbox);
}

static void a_start_tells_the_application(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    const struct iap_entry installed = sim.iap.update.record.installed;
    struct iap_mailbox start = start_of(IAP_REQUEST_NONE, 0, 0);
    CHECK_EQUAL(start.request, IAP_REQUEST_START);
    CHECK_EQUAL(start.token, iap_entry_token(&installed));
    CHECK_EQUAL(start.sequence, installed.sequence);
    CHECK_EQUAL(start.stay, IAP_STAY_NONE);
    CHECK_EQUAL(start.reset_flags, 0xa5);
    CHECK_EQUAL(start.address, 0x1234); // of the last fault: goes on as it came
    CHECK_EQUAL(start_of(IAP_REQUEST_NONE, IAP_STAY_FAULT, 0).stay, IAP_STAY_FAULT);
    CHECK_EQUAL(start_of(IAP_REQUEST_ENTER, IAP_STAY_FAULT, 0).stay, IAP_STAY_ASKED);
    CHECK_EQUAL(start_of(IAP_REQUEST_NONE, 0, IAP_HELLO_FLAG_HOLD).stay, IAP_STAY_HOST);
    CHECK_EQUAL(start_of(IAP_REQUEST_REPORT, 0, 0).stay, IAP_STAY_NONE);
}

int main(void) {
    RUN(each_field_has_its_place);
    RUN(a_damaged_one_is_none);
    RUN(a_start_tells_the_application);
}
