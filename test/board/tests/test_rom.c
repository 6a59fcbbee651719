// The model of ST's ROM bootloader: rates, moments, frames and refusals that a well-behaved client
// never shows.
#include <string.h>

#include "check.h"
#include "fixture.h"

#define ACK  0x79
#define NACK 0x1F

static struct fixture f;

static void start_part(const char *part) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part(part);
    c.boot0 = true;
    fixture_start(&f, "echo", &c);
    fixture_run_ms(&f, 5);
}

static void start(void) {
    start_part("stm32f103xe");
}

static void send(const char *bytes, size_t n) {
    f.heard_len = 0;
    board_uart_push(f.board, (const uint8_t *)bytes, n);
}

// The answer to bytes, as hex is not needed: its first byte, -1 for none.
static int ask(const char *bytes, size_t n, unsigned ms) {
    send(bytes, n);
    fixture_run_ms(&f, ms);
    return f.heard_len ? (uint8_t)f.heard[0] : -1;
}

static void sync_up(void) {
    CHECK_EQ(ask("\x7F", 1, 5), ACK);
}

static void test_the_rate_is_measured(void) {
    static const uint32_t rates[] = {1200, 9600, 57600, 115200, 230400, 460800};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        start();
        board_line_set_rate(f.board, rates[i]);
        CHECK_EQ(ask("\x7F", 1, 50), ACK);
        CHECK_EQ(ask("\x02\xFD", 2, 100), ACK);
        CHECK_EQ(f.heard_len, 5);
        CHECK(!memcmp(f.heard, "\x79\x01\x04\x14\x79", 5));
        fixture_stop(&f);
    }
}

static void test_another_first_byte_makes_it_deaf(void) {
    start();
    ask("\x00\x55", 2, 20);
    CHECK(ask("\x7F", 1, 20) != ACK);
    CHECK(ask("\x7F", 1, 20) != ACK);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    sync_up();
    fixture_stop(&f);
}

static void test_before_it_listens_it_hears_nothing(void) {
    start();
    board_reset_pin(f.board);
    CHECK(board_rom_is_starting(f.board));
    CHECK_EQ(ask("\x7F", 1, 1), -1); // over before 1.2 ms
    fixture_run_ms(&f, 3);
    CHECK(!board_rom_is_starting(f.board));
    sync_up();
    fixture_stop(&f);
}

static void test_frames(void) {
    start();
    sync_up();
    CHECK_EQ(ask("\x7F\x7F", 2, 5), NACK);
    CHECK_EQ(ask("\x11\xEF", 2, 5), NACK); // complement wrong
    CHECK_EQ(ask("\x44\xBB", 2, 5), NACK); // this one has Erase
    CHECK_EQ(ask("\x11\xEE", 2, 5), ACK);
    CHECK_EQ(ask("\x08\0\0\0\x09", 5, 5), NACK); // checksum wrong
    CHECK_EQ(ask("\x11\xEE", 2, 5), ACK);
    CHECK_EQ(ask("\x60\0\0\0\x60", 5, 5), NACK); // no memory there
    CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
    CHECK_EQ(ask("\x20\0\0\0\x20", 5, 5), NACK); // RAM of its own
    CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
    CHECK_EQ(ask("\x20\0\x02\0\x22", 5, 5), ACK);
    CHECK_EQ(ask("\x02\1\2\3\x02", 5, 5), NACK); // three bytes
    CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
    CHECK_EQ(ask("\x20\0\x02\0\x22", 5, 5), ACK);
    CHECK_EQ(ask("\x03\1\2\3\4\x07", 6, 5), ACK);
    uint8_t ram[4];
    CHECK(board_peek(f.board, 0x20000200, ram, 4) && !memcmp(ram, "\1\2\3\4", 4));
    fixture_stop(&f);
}

// The CPU of the ROM does not look at the line while it programs: one byte waits, the rest is lost.
static void test_bytes_during_flash_work_are_lost(void) {
    start();
    sync_up();
    CHECK_EQ(ask("\x43\xBC", 2, 5), ACK);
    send("\x00\x10\x10", 3);
    fixture_run_ms(&f, 2);
    board_uart_push(f.board, (const uint8_t *)"\x02\xFD\x02\xFD", 4);
    fixture_run_ms(&f, 60);
    CHECK_EQ(f.heard_len, 1);
    CHECK_EQ((uint8_t)f.heard[0], ACK);
    CHECK(board_counters(f.board)->overruns > 0);
    fixture_stop(&f);
}

static void test_programmed_cells_keep_their_value(void) {
    start();
    sync_up();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
        CHECK_EQ(ask("\x08\x01\0\0\x09", 5, 5), ACK);
        CHECK_EQ(ask(i ? "\x03\x55\x66\x77\x88\xcf" : "\x03\x11\x22\x33\x44\x47", 6, 5), ACK);
    }
    CHECK(!memcmp(board_flash_data(f.board) + 0x10000, "\x11\x22\x33\x44", 4));
    CHECK(board_counters(f.board)->pg_errors > 0);
    fixture_stop(&f);
}

static void test_reading_over_the_end_hangs_it(void) {
    start();
    sync_up();
    CHECK_EQ(ask("\x11\xEE", 2, 5), ACK);
    CHECK_EQ(ask("\x08\x07\xFF\xFC\x0C", 5, 5), ACK);
    CHECK_EQ(ask("\x0F\xF0", 2, 5), -1);
    CHECK_EQ(ask("\x7F\x7F", 2, 5), -1);
    CHECK(strstr(f.log, "over the end"));
    fixture_stop(&f);
}

static void test_a_hardware_watchdog_is_fed(void) {
    start();
    board_hw_watchdog(f.board, true);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 3000);
    CHECK_EQ(board_counters(f.board)->resets[BOARD_RESET_IWDG], 0);
    sync_up();
    fixture_run_ms(&f, 3000);
    CHECK_EQ(ask("\x02\xFD", 2, 5), ACK);
    fixture_stop(&f);
}

static void test_power_cut_while_it_erases(void) {
    start();
    sync_up();
    board_cut_at(f.board, 1, 7);
    CHECK_EQ(ask("\x43\xBC", 2, 5), ACK);
    CHECK_EQ(ask("\x00\x00\x00", 3, 60), -1);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    sync_up();
    fixture_stop(&f);
}

// Between the erase of the option bytes and RDP's value there is nothing, and nothing is
// "protected".
static void test_power_cut_while_option_bytes_are_written_protects(void) {
    start();
    sync_up();
    send("\x73\x8C", 2);
    fixture_run_ms(&f, 5); // the erase takes 20 ms at least
    board_power_off(f.board);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    sync_up();
    CHECK_EQ(ask("\x11\xEE", 2, 5), NACK);
    CHECK_EQ(ask("\x92\x6D", 2, 5), ACK);
    fixture_run_ms(&f, 200);
    sync_up();
    CHECK_EQ(ask("\x11\xEE", 2, 5), ACK);
    CHECK_EQ(board_flash_data(f.board)[0], 0xFF);
    fixture_stop(&f);
}

static void test_power_cut_in_an_operation_on_option_bytes(void) {
    start();
    sync_up();
    board_cut_at_option(f.board, 2, 7);
    CHECK_EQ(ask("\x43\xBC", 2, 5), ACK);
    CHECK_EQ(ask("\xFF\x00", 2, 200), ACK); // all of flash: does not count
    send("\x73\x8C", 2);
    fixture_run_ms(&f, 15);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING); // erasing the option bytes: the first
    fixture_run_ms(&f, 60);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    fixture_stop(&f);
}

static void test_two_nacks_where_the_field_reports_them(void) {
    start_part("stm32f030x8");
    sync_up();
    CHECK_EQ(ask("\x82\x7D", 2, 200), ACK);
    sync_up();
    CHECK_EQ(ask("\x11\xEE", 2, 10), NACK);
    CHECK_EQ(f.heard_len, 2);
    fixture_stop(&f);
}

static void test_refusals_told_by_hand(void) {
    start();
    sync_up();
    struct board_rom_nack nack = {.code = 0x43, .step = 1, .first = 0xFF};
    board_rom_nack(f.board, &nack);
    CHECK_EQ(ask("\x43\xBC", 2, 5), ACK);
    CHECK_EQ(ask("\xFF\x00", 2, 60), NACK); // everything
    CHECK_EQ(ask("\x43\xBC", 2, 5), ACK);
    CHECK_EQ(ask("\x00\x10\x10", 3, 60), ACK); // a page
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    sync_up();
    nack = (struct board_rom_nack){.code = 0x31, .step = 2, .skip = 1, .first = -1};
    board_rom_nack(f.board, &nack);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
        CHECK_EQ(ask("\x20\0\x02\0\x22", 5, 5), ACK);
        CHECK_EQ(ask("\x03\1\2\3\4\x07", 6, 5), i ? NACK : ACK);
    }
    board_rom_nack(f.board, NULL);
    CHECK_EQ(ask("\x31\xCE", 2, 5), ACK);
    fixture_stop(&f);
}

static void test_boot0_low_runs_flash(void) {
    start();
    board_boot0(f.board, false);
    CHECK(board_in_rom(f.board)); // not before a reset
    board_reset_pin(f.board);
    CHECK(!board_in_rom(f.board));
    f.heard_len = 0;
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "boot\n"));
    fixture_stop(&f);
}

int main(void) {
    test_the_rate_is_measured();
    test_another_first_byte_makes_it_deaf();
    test_before_it_listens_it_hears_nothing();
    test_frames();
    test_bytes_during_flash_work_are_lost();
    test_programmed_cells_keep_their_value();
    test_reading_over_the_end_hangs_it();
    test_a_hardware_watchdog_is_fed();
    test_power_cut_while_it_erases();
    test_power_cut_while_option_bytes_are_written_protects();
    test_power_cut_in_an_operation_on_option_bytes();
    test_two_nacks_where_the_field_reports_them();
    test_refusals_told_by_hand();
    test_boot0_low_runs_flash();
    return check_failures != 0;
}
