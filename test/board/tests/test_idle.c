// Waiting is left out, and nothing else: what a program computes, counts and times stays what it
// is.
#include <stdlib.h>

#include "check.h"
#include "fixture.h"
#include "internal.h"

static struct fixture f;

static void start(void) {
    fixture_start(&f, "waits", NULL);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "boot\n"));
    cells_set_weak(f.board, 0x10000, (struct weak_cell){.mask = 0xffff, .noisy = 1});
}

static void run(bool leave_out, unsigned ms) {
    uint64_t end = board_time_ps(f.board) + ms * MS;
    while (board_time_ps(f.board) + MS / 20 < end) {
        if (leave_out && !board_busy(f.board)) {
            board_run_idle_ps(f.board, MS);
        } else {
            board_run_ps(f.board, MS / 4);
        }
    }
    f.heard_len += board_uart_pull(f.board, (uint8_t *)f.heard + f.heard_len, 256);
    f.heard[f.heard_len] = 0;
}

struct answer {
    unsigned long cycles, result;
};

static struct answer ask(bool leave_out, const char *command) {
    start();
    f.heard_len = 0;
    run(leave_out, 20);
    fixture_send(&f, command);
    for (int i = 0; i < 100 && !strchr(f.heard, '\n'); i++) {
        run(leave_out, 10);
    }
    struct answer a = {strtoul(f.heard, NULL, 16), strtoul(f.heard + 9, NULL, 16)};
    CHECK(f.heard_len == 19);
    fixture_stop(&f);
    return a;
}

static bool within(unsigned long a, unsigned long b, double share) {
    return (double)a <= (double)b * (1 + share) && (double)b <= (double)a * (1 + share);
}

static void check_same(const char *command, double share) {
    struct answer all = ask(false, command), less = ask(true, command);
    CHECK_EQ(less.result, all.result);
    if (!within(less.cycles, all.cycles, share)) {
        printf("%s took %lu cycles instead of %lu\n", command, less.cycles, all.cycles);
        check_failures++;
    }
}

static void test_work_is_not_left_out(void) {
    check_same("l", 1e-3); // or a time-out that counts would last for ever
    check_same("c", 1e-3);
    check_same("z", 1e-3); // each look is a new one
}

static void test_time_is_kept(void) {
    check_same("s", 0.02); // ends with an interrupt, which is on time
    check_same("d", 0.5);  // 2 ms each: the last look may be late by as long as it has waited, 1 ms
}

static void test_ticks_go_on(void) {
    start();
    uint64_t t = board_time_ps(f.board);
    fixture_run_ms(&f, 1);
    run(true, 3000);
    f.heard_len = 0;
    fixture_send(&f, "t");
    run(true, 10);
    unsigned long ticks = strtoul(f.heard + 9, NULL, 16);
    unsigned long ms = (unsigned long)((board_time_ps(f.board) - t) / MS);
    CHECK(ticks > ms - 10 && ticks < ms + 10);
    // A poll of the UART is all it does between the ticks.
    const struct board_counters *c = board_counters(f.board);
    printf("left out: %llu of %llu\n", (unsigned long long)c->left_out,
           (unsigned long long)c->instructions);
    CHECK(c->left_out > c->instructions * 7 / 10);
    fixture_stop(&f);
}

static void test_who_waits_for_an_answer_waits_less(void) {
    start();
    f.heard_len = 0;
    uint64_t t = board_time_ps(f.board);
    board_run_until_tx(f.board, 100 * MS);
    CHECK(board_time_ps(f.board) - t >= 100 * MS && board_time_ps(f.board) - t < 101 * MS);
    CHECK(board_counters(f.board)->left_out > 0);
    fixture_send(&f, "t");
    board_run_until_tx(f.board, 100 * MS);
    CHECK_EQ(board_uart_pull(f.board, (uint8_t *)f.heard, 256), 19);
    fixture_stop(&f);
}

static void test_nothing_is_left_out_unasked(void) {
    start();
    fixture_run_ms(&f, 100);
    CHECK_EQ(board_counters(f.board)->left_out, 0);
    fixture_stop(&f);
}

int main(void) {
    test_work_is_not_left_out();
    test_time_is_kept();
    test_ticks_go_on();
    test_who_waits_for_an_answer_waits_less();
    test_nothing_is_left_out_unasked();
    return check_failures != 0;
}
