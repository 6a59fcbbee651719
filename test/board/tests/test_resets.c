// Resets, what they keep, the watchdog, the hand-over to an application, the button.
#include "check.h"
#include "fixture.h"

static struct fixture f;

#define PIN  0x04000000u
#define POR  0x08000000u
#define SFT  0x10000000u
#define IWDG 0x20000000u

static void start(const struct board_config *c) {
    fixture_start(&f, "resets", c);
    fixture_run_ms(&f, 5);
}

// Flags and mailbox of the latest "boot" line.
static void booted(uint32_t *csr, uint32_t *mailbox) {
    const char *at = f.heard;
    *csr = *mailbox = 0;
    for (const char *p = at; (p = strstr(p, "boot ")) != NULL; p++) {
        at = p;
    }
    CHECK(sscanf(at, "boot %x %x", csr, mailbox) == 2);
    *csr &= 0xFC000000u;
}

static void test_flags_and_sram(void) {
    uint32_t csr, mail;
    start(NULL);
    booted(&csr, &mail);
    CHECK_EQ(csr, POR | PIN);
    CHECK(mail != 0 && mail != UINT32_MAX); // SRAM is garbage at power-up
    uint32_t garbage = mail;
    fixture_ask(&f, "m", 50);
    fixture_ask(&f, "c", 50); // RMVF
    fixture_ask(&f, "r", 50);
    booted(&csr, &mail);
    CHECK_EQ(csr, SFT | PIN); // NRST is pulled by internal resets too
    CHECK_EQ(mail, 0xC0FFEE);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    booted(&csr, &mail);
    CHECK_EQ(csr, SFT | PIN);
    CHECK_EQ(mail, 0xC0FFEE);
    f.heard_len = 0;
    board_power_off(f.board);
    fixture_run_ms(&f, 5);
    CHECK_EQ(f.heard_len, 0);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    booted(&csr, &mail);
    CHECK_EQ(csr, POR | PIN);
    CHECK(mail != 0xC0FFEE && mail != garbage);
    fixture_stop(&f);
}

static void test_watchdog(void) {
    uint32_t csr, mail;
    start(NULL);
    fixture_ask(&f, "c", 50);
    fixture_ask(&f, "w", 50);
    fixture_run_ms(&f, 8);
    fixture_ask(&f, "f", 50); // fed in time
    fixture_run_ms(&f, 8);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 1);
    fixture_run_ms(&f, 10);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 2);
    booted(&csr, &mail);
    CHECK_EQ(csr, IWDG | PIN);
    fixture_run_ms(&f, 500); // a software watchdog is off after a reset
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 2);
    fixture_ask(&f, "W", 50); // longest: 4096 * 256 / 40 kHz = 26.2 s
    fixture_ask(&f, "z", 5);  // asleep, for the sake of this test's own time
    fixture_run_ms(&f, 26000);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 2);
    fixture_run_ms(&f, 300);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 3);
    fixture_stop(&f);
}

static void test_watchdog_ends_lockup_and_sleep(void) {
    static const char *const ends[] = {"L", "z"};
    for (int i = 0; i < 2; i++) {
        start(NULL);
        fixture_ask(&f, "w", 50);
        fixture_ask(&f, ends[i], 5);
        CHECK_EQ(board_get_state(f.board), i ? BOARD_RUNNING : BOARD_LOCKUP);
        f.heard_len = 0;
        fixture_run_ms(&f, 20);
        CHECK(fixture_heard(&f, "boot "));
        CHECK_EQ(f.last_reset, BOARD_RESET_IWDG);
        fixture_stop(&f);
    }
}

static void test_hardware_watchdog(void) {
    start(NULL);
    board_hw_watchdog(f.board, true);
    fixture_run_ms(&f, 1000);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 1); // not before the next reset
    board_reset_pin(f.board);
    fixture_run_ms(&f, 405);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 2);
    fixture_run_ms(&f, 10); // 4096 * 4 / 40 kHz = 409.6 ms
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 3);
    CHECK_EQ(f.last_reset, BOARD_RESET_IWDG);
    fixture_run_ms(&f, 410); // and again
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 4);
    fixture_stop(&f);
}

static void test_watchdog_registers_are_locked(void) {
    start(NULL);
    fixture_ask(&f, "p", 50);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    fixture_stop(&f);
}

static void test_application(void) {
    start(NULL);
    fixture_load(&f, "app", 0x08008000);
    f.heard_len = 0;
    fixture_ask(&f, "j", 5);
    CHECK(fixture_heard(&f, "app\n"));
    fixture_run_ms(&f, 20);
    CHECK(!strcmp(fixture_ask(&f, "t", 50), "00000001 \n")); // SysTick by its own table
    CHECK(!strcmp(fixture_ask(&f, "u", 50), "still here\n"));
    const struct board_counters *c = board_counters(f.board);
    CHECK_EQ(c->unknown_accesses, 2);
    CHECK_EQ(c->unknown[0].address, 0x40005400);
    CHECK_EQ(c->violations, 1);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    const char *first = strstr(f.log, "0x40005400");
    CHECK(first && !strstr(first + 1, "0x40005400")); // logged once
    f.heard_len = 0;
    fixture_ask(&f, "r", 10);
    CHECK(fixture_heard(&f, "boot ")); // VTOR is back at 0
    fixture_stop(&f);
}

static void test_button(void) {
    start(NULL);
    board_pin_drive(f.board, 0, 0, 1);
    CHECK(!strcmp(fixture_ask(&f, "b", 50), "00000001 \n"));
    board_pin_drive(f.board, 0, 0, 0);
    CHECK(!strcmp(fixture_ask(&f, "b", 50), "00000000 \n"));
    fixture_stop(&f);
}

int main(void) {
    test_flags_and_sram();
    test_watchdog();
    test_watchdog_ends_lockup_and_sleep();
    test_hardware_watchdog();
    test_watchdog_registers_are_locked();
    test_application();
    test_button();
    return check_failures != 0;
}
