// Cortex-M0 in an STM32F0: what the core refuses, the remap at address 0, exceptions.
#include "check.h"
#include "fixture.h"

static struct fixture f;
static const char *part;

static void start(void) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part(part);
    fixture_start(&f, "m0", &c);
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "m0 00000000 00000001 \n"));
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 100);
    if (strcmp(got, answer)) {
        printf("%s '%s': got '%s', expected '%s'\n", part, command, got, answer);
        check_failures++;
    }
}

static void test_vectors_follow_the_remap(void) {
    start();
    expect("r", "00000001 00000001 00000001 00000001 00000003 00000001 \n");
    f.heard_len = 0;
    fixture_ask(&f, "R", 5);
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "m0 00000000 00000001 \n")); // MEM_MODE is the boot pins' again
    CHECK_EQ(f.last_reset, BOARD_RESET_SOFTWARE);
    fixture_stop(&f);
}

static void test_no_vtor(void) {
    start();
    expect("v", "00000000 410cc200 \n");
    expect("r", "00000001 00000001 00000001 00000001 00000003 00000001 \n");
    fixture_stop(&f);
}

static void test_exceptions(void) {
    start();
    expect("n", "00000040 00003496 00020de1 \n"); // two bits of priority; 1 3 4 6 2, then 5
    expect("a", "44332211 00000000 \n");
    expect("p", "00000005 00000001 00000001 \n");
    expect("w", "00000005 00000005 00000006 \n");
    fixture_stop(&f);
}

// ARM DDI 0432, table 3-1: NOP, LDR, STR, MUL, B, PUSH, POP of two, MRS.
static void test_cycles(void) {
    start();
    expect("t", "00000001 00000002 00000002 00000001 00000003 00000003 00000003 00000004 \n");
    fixture_stop(&f);
}

// Unaligned accesses and what ARMv6-M has no encoding for: a HardFault each, and no other effect.
static void test_refused(void) {
    static const char *const cases[] = {"!w", "!h", "!s", "!m", "!p", "!W", "!d", "!l", "!b",
                                        "!x", "!z", "!i", "!f", "!k", "!u", "!n", "!0", "!1"};
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(cases[i], "00000001 \n");
    }
    CHECK_EQ(board_counters(f.board)->faults, sizeof cases / sizeof *cases);
    CHECK_EQ(board_counters(f.board)->violations, 0);
    fixture_stop(&f);
}

static void test_mistakes(void) {
    static const struct {
        const char *command, *text;
    } cases[] = {
        {"?B", "register that this core does not have"},
        {"?C", "unknown 4-byte read at 0xE000ED28"},
        {"?I", "unknown 1-byte write at 0xE000E400"},
        {"?G", "SYSCFG (0x40010000) with its clock off"},
        {"?S", "ROM is not modelled"},
        {"?E", "execution at address 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start();
        fixture_ask(&f, cases[i].command, 10);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        if (!strstr(board_error_text(f.board), cases[i].text)) {
            printf("'%s': error is '%s'\n", cases[i].command, board_error_text(f.board));
            check_failures++;
        }
        fixture_stop(&f);
    }
}

static void test_lockup(void) {
    start();
    fixture_ask(&f, "L", 10);
    CHECK_EQ(board_get_state(f.board), BOARD_LOCKUP);
    board_reset_pin(f.board); // puts flash back to address 0
    f.heard_len = 0;
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "m0 00000000 00000001 \n"));
    fixture_stop(&f);
}

int main(void) {
    static const char *const parts[] = {"stm32f030x8", "stm32f072xb"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part = parts[i];
        test_vectors_follow_the_remap();
        test_no_vtor();
        test_exceptions();
        test_cycles();
        test_refused();
        test_mistakes();
        test_lockup();
    }
    return check_failures != 0;
}
