// The timers that a HAL may count its milliseconds with, and what is said of what is not there.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(const char *part, const char *firmware) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part(part);
    fixture_start(&f, firmware, &c);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "timer\n"));
}

static void expect_updates(const char *part, const char *timer) {
    unsigned at_1khz = 0, at_2khz = 0, inside = 0, stopped = 1;
    const char *answer = fixture_ask(&f, timer, 300);
    CHECK_EQ(sscanf(answer, "%x %x %x %x", &at_1khz, &at_2khz, &inside, &stopped), 4);
    if (at_1khz < 49 || at_1khz > 50 || at_2khz < 98 || at_2khz > 100 || !inside || stopped) {
        printf("%s TIM%s: %s", part, timer, answer);
        check_failures++;
    }
}

static void test_updates(const char *part, const char *firmware) {
    start(part, firmware);
    for (const char *timer = "136"; *timer; timer++) {
        expect_updates(part, (char[]){*timer, 0});
    }
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    fixture_stop(&f);
}

static void test_a_part_without_basic_timers(void) {
    start("stm32f103xb", "timer");
    fixture_ask(&f, "6", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board), "unknown 4-byte write at 0x40001028 (TIM6)"));
    fixture_stop(&f);
}

static void test_hse_without_crystal(void) {
    start("stm32f103xb", "timer");
    fixture_ask(&f, "h", 20);
    CHECK(strstr(f.log, "--hse HZ"));
    fixture_stop(&f);
    struct board_config c = fixture_config(&f);
    c.hse_hz = 8000000;
    fixture_start(&f, "timer", &c);
    fixture_run_ms(&f, 5);
    fixture_ask(&f, "h", 20);
    CHECK(!strstr(f.log, "--hse"));
    fixture_stop(&f);
}

int main(void) {
    test_updates("stm32f103xe", "timer");
    test_updates("stm32f072xb", "timer-f0");
    test_updates("stm32f303xc", "timer-f3");
    test_a_part_without_basic_timers();
    test_hse_without_crystal();
    return check_failures != 0;
}
