// Cortex-M4 in an STM32F303: floating point in exception frames, CCM RAM, VTOR.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(void) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part("stm32f303xc");
    fixture_start(&f, "m4", &c);
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "m4\n"));
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 100);
    if (strcmp(got, answer)) {
        printf("'%s': got '%s', expected '%s'\n", command, got, answer);
        check_failures++;
    }
}

// Off after reset: NOCP, escalated (FORCED).
static void test_floating_point_is_off(void) {
    start();
    expect("f", "00000001 00080000 40000000 00000000 00000002 00080000 40000000 00000000 \n");
    expect("e", "00000d2f 00000004 \n");                   // 3375, FPCA
    expect("u", "00000001 01000000 40000000 00000000 \n"); // UNALIGNED
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    expect("f", "00000001 00080000 40000000 00000000 00000002 00080000 40000000 00000000 \n");
    fixture_stop(&f);
}

// Registers after the interrupt; in the handler LR, CONTROL, FPCCR.LSPACT; saved; stack; CONTROL.
static void test_frames(void) {
    start();
    expect("e", "00000d2f 00000004 \n");
    expect("n", "fffffff9 00000000 \n");
    expect("l", "00112233 ffffffe9 00000000 00000001 00000000 00000001 00000004 \n");
    expect("E", "00112233 ffffffe9 00000000 00000000 00000001 00000001 00000004 \n");
    expect("p", "00112233 ffffffed 00000000 00000001 00000000 00000001 00000006 \n");
    expect("s", "\n");
    expect("p", "00112233 ffffffed 00000000 00000001 00000000 00000001 00000006 \n");
    expect("l", "00112233 ffffffe9 00000000 00000001 00000001 00000001 00000004 \n");
    expect("E", "00112233 ffffffe9 00000000 00000000 00000001 00000001 00000004 \n");
    fixture_stop(&f);
}

static void test_ccm(void) {
    uint8_t byte;
    start();
    expect("c", "cafebabe 00000709 00000001 00008200 40000000 10002000 fffffff9 \n");
    CHECK(board_peek(f.board, 0x10000001, &byte, 1) && byte == 0xCA);
    CHECK(!board_peek(f.board, 0x10002000, &byte, 1));
    fixture_ask(&f, "dx", 10);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board), "CCM RAM is not on its bus"));
    fixture_stop(&f);
}

static void test_ccm_is_garbage_at_power_up(void) {
    uint8_t first[8], second[8];
    start();
    board_peek(f.board, 0x10000800, first, sizeof first);
    board_reset_pin(f.board);
    board_peek(f.board, 0x10000800, second, sizeof second);
    CHECK(!memcmp(first, second, sizeof first));
    board_power_off(f.board);
    board_power_on(f.board);
    board_peek(f.board, 0x10000800, second, sizeof second);
    CHECK(memcmp(first, second, sizeof first) != 0);
    fixture_stop(&f);
}

int main(void) {
    test_floating_point_is_off();
    test_frames();
    test_ccm();
    test_ccm_is_garbage_at_power_up();
    start();
    expect("V", "08008000 410fc241 00000422 \n");
    fixture_stop(&f);
    return check_failures != 0;
}
