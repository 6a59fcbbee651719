// The core: exceptions, masks, stacks, SysTick, sleep, faults, lockup.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(void) {
    fixture_start(&f, "core", NULL);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "core\n"));
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 500);
    if (strcmp(got, answer)) {
        printf("'%s': got '%s', expected '%s'\n", command, got, answer);
        check_failures++;
    }
}

static void test_preemption_and_tail_chaining(void) {
    start();
    expect("n", "0000348c \n"); // 13452: nested, equal priority waits, then back
    expect("v", "00000007 \n");
    fixture_stop(&f);
}

static void test_masks(void) {
    start();
    expect("n", "0000348c \n");
    expect("m", "000019af \n"); // 6575
    fixture_stop(&f);
}

static void test_process_stack(void) {
    start();
    expect("p", "0000005c 00000001 \n");
    fixture_stop(&f);
}

static void test_conditional_code_under_interrupts(void) {
    start();
    expect("i", "00000000 00000001 \n");
    fixture_stop(&f);
}

// The model stops the core wherever it must look at something, also between conditional
// instructions.
static void test_floating_point_in_short_runs(void) {
    start();
    f.heard_len = 0;
    f.heard[0] = 0;
    fixture_send(&f, "j");
    for (unsigned i = 0; i < 100000 && !fixture_heard(&f, "\n"); i++) {
        board_run_ps(f.board, 1700000 + i % 97 * 10000);
        if (i % 100 == 0) {
            fixture_run_ms(&f, 0);
        }
    }
    CHECK(fixture_heard(&f, "00000000 \n"));
    fixture_stop(&f);
}

static void test_sleep(void) {
    start();
    expect("w", "0000000a 0000000b 0000000c \n");
    fixture_stop(&f);
}

static void test_systick(void) {
    start();
    expect("s", "00000000 00000001 00000000 00000001 \n");
    fixture_stop(&f);
}

static void test_faults(void) {
    start();
    expect("l", "00000001 00008200 40000000 20020000 \n"); // PRECISERR, BFARVALID, FORCED
    const char *store = fixture_ask(&f, "t", 100);
    CHECK(!strncmp(store, "00000001 00000400 40000000", 26)); // IMPRECISERR
    expect("b", "00000001 00008200 00000000 30000000 000000bf \n");
    CHECK(!strncmp(fixture_ask(&f, "u", 100), "00000001 00010000 40000000", 26)); // UNDEFINSTR
    CHECK(!strncmp(fixture_ask(&f, "k", 100), "00000001 00000000 80000000", 26)); // DEBUGEVT
    CHECK(!strncmp(fixture_ask(&f, "0", 100), "00000001 00020000 40000000", 26)); // INVSTATE
    CHECK(board_counters(f.board)->faults == 6);
    fixture_stop(&f);
}

static void test_code_in_ram_may_change(void) {
    start();
    expect("c", "000004fb \n"); // 1 + 2 + ... + 50
    fixture_stop(&f);
}

static void test_bit_band_and_alignment(void) {
    start();
    expect("B", "00000071 00000001 00000001 \n");
    const char *got = fixture_ask(&f, "a", 100);
    CHECK(!strncmp(got, "44332211 00000001 01000000 40000000", 35)); // UNALIGNED
    fixture_stop(&f);
}

static void test_lockup_until_reset(void) {
    start();
    fixture_ask(&f, "L", 10);
    CHECK_EQ(board_get_state(f.board), BOARD_LOCKUP);
    fixture_run_ms(&f, 100);
    CHECK_EQ(board_get_state(f.board), BOARD_LOCKUP);
    f.heard_len = 0;
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    CHECK(fixture_heard(&f, "core\n"));
    fixture_stop(&f);
}

static void test_stack_outside_ram_locks_up(void) {
    start();
    fixture_ask(&f, "S", 10);
    CHECK_EQ(board_get_state(f.board), BOARD_LOCKUP);
    fixture_stop(&f);
}

static void test_blank_flash_locks_up(void) {
    struct board_config c = fixture_config(&f);
    struct board *b = board_create(&c);
    board_power_on(b);
    board_run_ps(b, MS);
    CHECK_EQ(board_get_state(b), BOARD_LOCKUP);
    board_destroy(b);
}

int main(void) {
    test_preemption_and_tail_chaining();
    test_masks();
    test_process_stack();
    test_conditional_code_under_interrupts();
    test_floating_point_in_short_runs();
    test_sleep();
    test_systick();
    test_faults();
    test_code_in_ram_may_change();
    test_bit_band_and_alignment();
    test_lockup_until_reset();
    test_stack_outside_ram_locks_up();
    test_blank_flash_locks_up();
    return check_failures != 0;
}
