// The serial line: rates, garbling, overruns, unplugging, and that chance is only the seed's.
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(void) {
    fixture_start(&f, "echo", NULL);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "boot\n"));
}

// How many of 200 bytes come back as they should with the host off by `permille`.
static int echoed(int permille) {
    int good = 0;
    start();
    board_line_set_rate(f.board, (uint32_t)(115200 + 115200 * permille / 1000));
    for (int i = 0; i < 200; i++) {
        char text[2] = {(char)(33 + i % 80), 0};
        f.heard_len = 0;
        fixture_send(&f, text);
        fixture_run_ms(&f, 1);
        good += f.heard_len == 1 && f.heard[0] == text[0] + 1;
    }
    fixture_stop(&f);
    return good;
}

static void test_rate_mismatch(void) {
    CHECK_EQ(echoed(0), 200);
    CHECK_EQ(echoed(25), 200);
    CHECK_EQ(echoed(-25), 200);
    CHECK(echoed(70) < 180);
    CHECK(echoed(-70) < 180);
    CHECK(echoed(1000) < 20);
    CHECK(echoed(-900) < 20);
}

// With and without a device, and in front of its answer.
static void test_echo(void) {
    start();
    board_echo(f.board, true);
    f.heard_len = 0;
    fixture_send(&f, "ax");
    fixture_run_ms(&f, 2);
    CHECK_EQ(f.heard_len, 4);
    CHECK(!memcmp(f.heard, "axby", 4) || !memcmp(f.heard, "abxy", 4));
    board_power_off(f.board);
    f.heard_len = 0;
    fixture_send(&f, "ab");
    fixture_run_ms(&f, 2);
    CHECK_EQ(f.heard_len, 2);
    CHECK(!memcmp(f.heard, "ab", 2));
    fixture_stop(&f);
}

// At the edge of what a receiver takes, the flags tell before the bytes do.
static void test_marginal_rate_is_noisy(void) {
    start();
    board_line_set_rate(f.board, 119800); // 4 %: the last data bit is sampled close to its end
    fixture_send(&f, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    fixture_run_ms(&f, 10);
    CHECK(board_counters(f.board)->noise_errors > 0);
    fixture_stop(&f);
}

static void test_framing_errors_are_seen(void) {
    start();
    board_line_set_rate(f.board, 9600);
    fixture_send(&f, "A");
    fixture_run_ms(&f, 20);
    CHECK(board_counters(f.board)->framing_errors > 0);
    CHECK(board_counters(f.board)->uart_rx > 1); // several short characters in a long one
    fixture_stop(&f);
}

static void test_bytes_take_their_time(void) {
    start();
    fixture_send(&f, "0123456789"); // 10 characters of 86.7 us
    f.heard_len = 0;
    board_run_ps(f.board, 860 * BOARD_PS_PER_US);
    CHECK_EQ(board_counters(f.board)->uart_rx, 9);
    board_run_ps(f.board, 10 * BOARD_PS_PER_US);
    CHECK_EQ(board_counters(f.board)->uart_rx, 10);
    fixture_run_ms(&f, 2);
    CHECK(!strcmp(f.heard, "123456789:"));
    CHECK(board_line_idle(f.board));
    fixture_stop(&f);
}

static void test_not_before_its_time(void) {
    start();
    f.heard_len = 0;
    uint64_t now = board_time_ps(f.board);
    board_uart_push(f.board, (const uint8_t *)"A", 1);
    board_uart_push_at(f.board, (const uint8_t *)"K", 1, now + 5 * MS);
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "B"));
    fixture_run_ms(&f, 1);
    CHECK(!strcmp(f.heard, "BL"));
    fixture_stop(&f);
}

static void test_what_was_written_off_is_not_waited_for(void) {
    start();
    f.heard_len = 0;
    board_uart_push_at(f.board, (const uint8_t *)"A", 1, board_time_ps(f.board) + 500 * MS);
    board_uart_hurry(f.board, 499 * MS);
    fixture_run_ms(&f, 2);
    CHECK(!strcmp(f.heard, "B"));
    fixture_stop(&f);
}

// A host may change its rate while what it wrote before still waits.
static void test_bytes_go_at_the_rate_they_were_written_at(void) {
    start();
    f.heard_len = 0;
    board_line_set_rate(f.board, 115200);
    board_uart_push_at(f.board, (const uint8_t *)"A", 1, board_time_ps(f.board) + 5 * MS);
    board_line_set_rate(f.board, 9600);
    fixture_run_ms(&f, 6);
    CHECK_EQ(board_counters(f.board)->uart_rx, 1);
    CHECK_EQ(board_counters(f.board)->framing_errors, 0);
    fixture_stop(&f);
}

static void test_overrun_without_dma(void) {
    fixture_start(&f, "fpec", NULL);
    fixture_run_ms(&f, 5);
    // The erase takes 20 ms or more: the first byte is kept, the next sets ORE.
    CHECK(!strncmp(fixture_ask(&f, "e..........", 100), "00000020 ", 9));
    CHECK(board_counters(f.board)->overruns >= 9);
    fixture_stop(&f);
}

static void test_unplugged(void) {
    start();
    board_unplug(f.board, true);
    f.heard_len = 0;
    fixture_send(&f, "lost");
    fixture_run_ms(&f, 5);
    CHECK_EQ(f.heard_len, 0);
    CHECK_EQ(board_counters(f.board)->lost_unplugged, 4);
    board_unplug(f.board, false);
    fixture_send(&f, "A");
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "B"));
    fixture_stop(&f);
}

static void test_powered_off_device_hears_nothing(void) {
    start();
    board_power_off(f.board);
    f.heard_len = 0;
    fixture_send(&f, "lost");
    fixture_run_ms(&f, 5);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    fixture_send(&f, "A");
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "boot\nB"));
    fixture_stop(&f);
}

// All that can be observed of a run with noise, flash and time in it.
static size_t run_of_chance(uint64_t seed, char *out, size_t room) {
    struct board_config c = fixture_config(&f);
    c.seed = seed;
    fixture_start(&f, "fpec", &c);
    fixture_run_ms(&f, 5);
    fixture_ask(&f, "e", 100);
    fixture_ask(&f, "p", 100);
    board_line_set_rate(f.board, 121000);
    fixture_ask(&f, "tttttttt", 300);
    board_cut_at(f.board, 1, seed);
    fixture_ask(&f, "e", 100);
    fixture_run_ms(&f, 50);
    const struct board_counters *n = board_counters(f.board);
    uint32_t sum = 0;
    for (size_t i = 0; i < c.part->flash_size; i++) {
        sum = sum * 31 + board_flash_data(f.board)[i];
    }
    int len =
        snprintf(out, room, "%s|%llu|%llu|%llu|%u|%u", f.heard, (unsigned long long)n->instructions,
                 (unsigned long long)board_cycles(f.board), (unsigned long long)n->framing_errors,
                 sum, board_weak_cells(f.board));
    fixture_stop(&f);
    return (size_t)len;
}

static void test_determinism(void) {
    static char a[70000], b[70000], other[70000];
    run_of_chance(7, a, sizeof a);
    run_of_chance(7, b, sizeof b);
    run_of_chance(8, other, sizeof other);
    CHECK(!strcmp(a, b));
    CHECK(strcmp(a, other) != 0);
}

int main(void) {
    test_rate_mismatch();
    test_echo();
    test_marginal_rate_is_noisy();
    test_framing_errors_are_seen();
    test_bytes_take_their_time();
    test_not_before_its_time();
    test_what_was_written_off_is_not_waited_for();
    test_bytes_go_at_the_rate_they_were_written_at();
    test_overrun_without_dma();
    test_unplugged();
    test_powered_off_device_hears_nothing();
    test_determinism();
    return check_failures != 0;
}
