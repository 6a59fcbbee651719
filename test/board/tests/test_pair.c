// A half-duplex pair without firmware: who drives it, what is heard, who is to blame.
#include <stdlib.h>

#include "check.h"
#include "pair.h"

#define BIT_PS (BOARD_PS_PER_S / 115200)
#define MS     (1000 * BOARD_PS_PER_US)
#define SECOND 2 // the second board's number on the pair

static struct board *board[2];
static struct board_pair *pair;
static uint8_t heard[256];

static void start(void) {
    const struct board_config config = {.part = board_find_part("stm32f103xe"), .seed = 1};
    const struct board_enable de = {.port = 0, .bit = 8, .high = true};
    pair = board_pair_create();
    for (int i = 0; i < 2; i++) {
        board[i] = board_create(&config);
        CHECK(board_pair_join(pair, board[i], &de));
    }
    board_line_set_rate(board[0], 115200);
}

static void stop(void) {
    for (int i = 0; i < 2; i++) {
        board_destroy(board[i]);
    }
    board_pair_free(pair);
}

static size_t hear(uint64_t ms) {
    board_pair_run_ps(pair, ms * MS);
    return board_uart_pull(board[0], heard, sizeof heard);
}

static void host_sends(const char *text) {
    board_uart_push(board[0], (const uint8_t *)text, strlen(text));
}

// Characters of a board, as its USART would send them
static void board_sends(const char *text, uint64_t from) {
    for (size_t i = 0; text[i] != 0; i++) {
        uint16_t bits = (uint16_t)((uint8_t)text[i] << 1 | 1u << 9);
        pair_send(pair, SECOND, from + i * 10 * BIT_PS, BIT_PS, bits, 10);
    }
}

static uint64_t collisions(unsigned who) {
    return board_pair_counts(pair, who).collisions;
}

static void test_host_hears_itself_if_its_receiver_stays_on(void) {
    start();
    host_sends("quiet");
    CHECK_EQ(hear(2), 0);
    board_pair_echo(pair, true);
    host_sends("loud");
    CHECK_EQ(hear(2), 4);
    CHECK(!memcmp(heard, "loud", 4));
    stop();
}

static void test_who_drives_is_heard(void) {
    start();
    pair_drive(pair, SECOND, MS, 2 * MS);
    board_sends("Hello", MS);
    CHECK_EQ(hear(3), 5);
    CHECK(!memcmp(heard, "Hello", 5));
    CHECK_EQ(board_pair_counts(pair, SECOND).unheard, 0);
    CHECK_EQ(collisions(SECOND), 0);
    stop();
}

static void test_who_does_not_drive_is_not_heard(void) {
    start();
    board_sends("Hello", MS);
    CHECK_EQ(hear(3), 0);
    CHECK_EQ(board_pair_counts(pair, SECOND).unheard, 5);
    stop();
}

// Let go in the middle of the third character: its last bits are those of an idle line.
static void test_what_is_cut_off_is_garbled(void) {
    start();
    pair_drive(pair, SECOND, MS, MS + 24 * BIT_PS);
    board_sends("\x11\x22\x01", MS);
    CHECK_EQ(hear(3), 3);
    CHECK(heard[0] == 0x11 && heard[1] == 0x22 && heard[2] == 0xf9);
    stop();
}

static void test_two_at_once_garble_both_and_the_later_is_to_blame(void) {
    start();
    board_pair_echo(pair, true);
    host_sends("Uabcdefg");
    board_pair_run_ps(pair, 20 * BIT_PS);
    pair_drive(pair, SECOND, 20 * BIT_PS, 50 * BIT_PS);
    board_sends("\xff\xff\xff", 20 * BIT_PS);
    size_t n = hear(3);
    CHECK(n >= 2 && heard[0] == 'U');
    CHECK(n != 8 || memcmp(heard, "Uabcdefg", 8));
    CHECK_EQ(collisions(SECOND), 1);
    CHECK_EQ(collisions(PAIR_HOST), 0);
    stop();
    start();
    pair_drive(pair, SECOND, 0, 50 * BIT_PS);
    board_pair_run_ps(pair, 20 * BIT_PS);
    host_sends("late");
    hear(3);
    CHECK_EQ(collisions(SECOND), 0);
    CHECK_EQ(collisions(PAIR_HOST), 1);
    stop();
}

static void test_an_adapter_that_holds_the_pair_hears_nothing(void) {
    start();
    board_pair_hold(pair, 2 * MS);
    host_sends("a");
    board_pair_run_ps(pair, MS);
    pair_drive(pair, SECOND, MS, 2 * MS);
    board_sends("b", MS);
    CHECK_EQ(hear(4), 0);
    CHECK_EQ(collisions(SECOND), 1);
    pair_drive(pair, SECOND, 5 * MS, 6 * MS);
    board_sends("c", 5 * MS);
    CHECK_EQ(hear(4), 1);
    CHECK_EQ(collisions(SECOND), 1);
    stop();
}

int main(void) {
    test_host_hears_itself_if_its_receiver_stays_on();
    test_who_drives_is_heard();
    test_who_does_not_drive_is_not_heard();
    test_what_is_cut_off_is_garbled();
    test_two_at_once_garble_both_and_the_later_is_to_blame();
    test_an_adapter_that_holds_the_pair_hears_nothing();
    return check_failures != 0;
}
