// To the millisecond: how long the device listens, stays, keeps a rate and wants a button held.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
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
    sim.now_ms = 0xfffffff0u; // time wraps in each test
    sim_boot(&sim);
}

// Steps without time passing, enough to check the whole image.
static void work(void) {
    for (uint32_t i = 0; i < 50 && !sim.restarted; i++) {
        iap_step(&sim.iap);
    }
}

static void at(uint32_t ms_later) {
    sim.now_ms = 0xfffffff0u + ms_later;
    work();
}

static void it_listens_so_long(void) {
    installed();
    at(sim.config.listen_ms - 1u);
    CHECK(!sim.restarted);
    at(sim.config.listen_ms);
    CHECK(sim.restarted);
}

static void a_host_holds_so_long(void) {
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    at(sim.config.idle_ms - 1u);
    CHECK(!sim.restarted);
    (void)sim_hello(&sim, 0); // identifies only: does not hold
    at(sim.config.idle_ms);
    CHECK(sim.restarted);
    // Calling again holds on.
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    at(5000);
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    at(5000u + sim.config.idle_ms - 1u);
    CHECK(!sim.restarted);
    // Any other request holds.
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    at(5000);
    sim_request(&sim, 0, 100, NULL, 0);
    at(5000u + sim.config.idle_ms - 1u);
    CHECK(!sim.restarted);
    at(5000u + sim.config.idle_ms);
    CHECK(sim.restarted);
}

static void idle_ends_the_session(void) {
    installed();
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    at(sim.config.idle_ms - 1u);
    CHECK(sim.iap.update.session.active);
    at(sim.config.idle_ms);
    CHECK(!sim.iap.update.session.active);
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
}

// A host hides nothing: what was found before it called stays, and so does what is found after it
// went.
static void the_reason_outlives_a_host(void) {
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    work();
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_HOST);
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    work();
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_HOST);
    at(sim.config.idle_ms);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    work();
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_HOST);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_IN_PROGRESS);
}

static void a_button_is_held_so_long(void) {
    installed();
    sim.button = true;
    at(24);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_NONE);
    at(25);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_BUTTON);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_BUTTON);
    at(25u + sim.config.idle_ms - 1u);
    CHECK(!sim.restarted);
    at(25u + sim.config.idle_ms);
    CHECK(sim.restarted);
    // Only in the listening window, and not against a host.
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    sim.button = true;
    at(50);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_HOST);
    installed();
    sim_request(&sim, 0, IAP_COMMAND_ENTER, NULL, 0);
    at(sim.config.listen_ms);
    sim.iap.held_by = IAP_STAY_NONE;
    sim.iap.update.check.checked = false;
    sim.button = true;
    sim.now_ms += 30;
    iap_step(&sim.iap);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_NONE);
    // A board without a button
    installed();
    sim.port.button = NULL;
    at(50);
    CHECK_EQUAL(sim.iap.held_by, IAP_STAY_NONE);
    at(sim.config.listen_ms);
    CHECK(sim.restarted);
}

static void baud(uint32_t rate) {
    uint8_t request[IAP_BAUD_REQUEST_SIZE];
    iap_put32(request, rate);
    sim_request(&sim, 0, IAP_COMMAND_BAUD, request, sizeof request);
    sim.from_device_size = 0;
    CHECK_EQUAL(sim.rate, rate);
}

static void held_at(uint32_t rate) {
    installed();
    (void)sim_hello(&sim, IAP_HELLO_FLAG_HOLD);
    baud(rate);
}

static void a_rate_is_proven_so_soon(void) {
    held_at(460800);
    at(IAP_RATE_PROOF_MS - 1);
    CHECK_EQUAL(sim.rate, 460800);
    at(IAP_RATE_PROOF_MS);
    CHECK_EQUAL(sim.rate, 115200);
    // Once proven it lasts longer, from each frame on.
    held_at(460800);
    at(IAP_RATE_PROOF_MS - 1);
    (void)sim_hello(&sim, 0);
    at(IAP_RATE_PROOF_MS - 1 + IAP_RATE_IDLE_MS - 1);
    CHECK_EQUAL(sim.rate, 460800);
    (void)sim_hello(&sim, 0);
    at(IAP_RATE_PROOF_MS - 1 + 2 * IAP_RATE_IDLE_MS - 2);
    CHECK_EQUAL(sim.rate, 460800);
    at(IAP_RATE_PROOF_MS - 1 + 2 * IAP_RATE_IDLE_MS - 1);
    CHECK_EQUAL(sim.rate, 115200);
    uint32_t changes = sim.rate_changes;
    at(60000);
    CHECK_EQUAL(sim.rate_changes, changes); // it is not set again and again
    // A second change is to be proven anew.
    held_at(460800);
    at(100);
    (void)sim_hello(&sim, 0);
    baud(230400);
    at(100 + IAP_RATE_PROOF_MS);
    CHECK_EQUAL(sim.rate, 115200);
    // The same rate again changes nothing.
    held_at(460800);
    changes = sim.rate_changes;
    baud(460800);
    CHECK_EQUAL(sim.rate_changes, changes);
}

static void the_default_rate_needs_no_proof(void) {
    installed();
    CHECK_EQUAL(sim.iap.rate, 115200);
    CHECK_EQUAL(sim.rate_changes, 0); // the port begins with it
    at(50);
    CHECK_EQUAL(sim.rate_changes, 0);
    held_at(460800);
    baud(115200);
    CHECK(sim.iap.rate_proven);
    uint32_t changes = sim.rate_changes;
    at(60000);
    CHECK_EQUAL(sim.rate_changes, changes);
}

static void a_fault_keeps_it_so_long(void) {
    installed();
    const struct iap_mailbox fault = {.request = IAP_REQUEST_FAULT};
    iap_mailbox_pack(sim.mailbox, &fault);
    sim_boot(&sim);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_FAULT);
    at(IAP_TRIALS_STAY_MS - 1);
    CHECK(!sim.restarted);
    CHECK(!sim.iap.record_known);
    at(IAP_TRIALS_STAY_MS);
    CHECK(sim.restarted);
}

static void unconfirmed(void) {
    installed();
    sim_image(image, SIZE, 3);
    sim_header(header, image, SIZE);
    iap_put32(header + IAP_HEADER_AT_FLAGS, IAP_IMAGE_FLAG_CONFIRM);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
}

static uint32_t marks(void) {
    struct iap_target target = sim_target(&sim);
    struct iap_record record = iap_record_read(&target);
    uint32_t bits = 0;
    for (uint32_t i = 0; i < IAP_RECORD_TRIALS; i++) {
        bits |= iap_entry_is(&record.installed, IAP_ENTRY_TRIALS + i) ? 1u << i : 0;
    }
    CHECK_EQUAL(record.installed.trials, (bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1) +
                                             (bits >> 3 & 1) + (bits >> 4 & 1) + (bits >> 5 & 1));
    return bits;
}

static void start_once(void) {
    sim.now_ms = 0xfffffff0u;
    sim_boot(&sim);
    at(sim.config.listen_ms);
}

static void trials_are_counted_one_a_start(void) {
    const uint8_t used = IAP_IMAGE_STATE_TRIALS_USED;
    const uint32_t state = IAP_HELLO_RESPONSE_AT_INSTALLED + IAP_IMAGE_AT_STATE;
    unconfirmed();
    sim.config.trials = 4;
    for (uint32_t i = 1; i <= 4; i++) {
        start_once();
        CHECK(sim.restarted);
        CHECK_EQUAL(marks(), (1u << i) - 1);
    }
    start_once();
    CHECK(!sim.restarted);
    CHECK_EQUAL(sim.iap.stay, IAP_STAY_TRIALS_USED);
    CHECK_EQUAL(sim_hello(&sim, 0)[state], used | IAP_IMAGE_STATE_PRESENT |
                                               IAP_IMAGE_STATE_TOUCHED | IAP_IMAGE_STATE_VALID |
                                               IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD);
    at(IAP_TRIALS_STAY_MS - 1);
    CHECK(!sim.restarted);
    at(IAP_TRIALS_STAY_MS);
    CHECK(sim.restarted);
    CHECK_EQUAL(marks(), 15);
    // Confirmed: none is used or counted.
    struct iap_target target = sim_target(&sim);
    CHECK(
        iap_ok(iap_record_set(&target, sim.iap.update.record.installed.slot, IAP_ENTRY_CONFIRMED)));
    sim.config.trials = 5;
    start_once();
    CHECK(sim.restarted);
    CHECK_EQUAL(marks(), 15);
    sim.config.trials = 4;
    start_once();
    CHECK(sim.restarted);
    // An image that wants none has none, whatever other flags and marks it has.
    for (uint32_t flags = 0; flags < 2; flags++) {
        installed();
        sim_image(image, SIZE, 4);
        sim_header(header, image, SIZE);
        iap_put32(header + IAP_HEADER_AT_FLAGS, flags);
        CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
        for (uint16_t page = 0; page < 5; page++) {
            CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
        }
        CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
        start_once();
        CHECK(sim.restarted);
        CHECK_EQUAL(marks(), 0);
        for (uint32_t i = 0; i < IAP_RECORD_TRIALS; i++) {
            CHECK(iap_ok(iap_record_set(&target, sim.iap.update.record.installed.slot,
                                        IAP_ENTRY_TRIALS + i)));
        }
        start_once();
        CHECK(sim.restarted);
        sim.now_ms = 0xfffffff0u;
        sim_boot(&sim);
        CHECK_EQUAL(sim_hello(&sim, 0)[state] & used, 0);
    }
}

int main(void) {
    RUN(it_listens_so_long);
    RUN(a_host_holds_so_long);
    RUN(idle_ends_the_session);
    RUN(the_reason_outlives_a_host);
    RUN(a_button_is_held_so_long);
    RUN(a_rate_is_proven_so_soon);
    RUN(the_default_rate_needs_no_proof);
    RUN(a_fault_keeps_it_so_long);
    RUN(trials_are_counted_one_a_start);
}
