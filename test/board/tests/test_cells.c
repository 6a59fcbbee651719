// Interrupted flash operations, weak cells, and cutting power where it hurts.
#include <stdlib.h>

#include "check.h"
#include "fixture.h"

static struct fixture f;
static const uint32_t page = 0x10000;

static void start(uint64_t seed) {
    struct board_config c = fixture_config(&f);
    c.seed = seed;
    fixture_start(&f, "fpec", &c);
    fixture_run_ms(&f, 5);
}

static uint16_t half_word(uint32_t off) {
    uint16_t v;
    board_peek(f.board, 0x08000000 + off, (uint8_t *)&v, 2);
    return v;
}

static void test_torn_program(void) {
    int whole = 0, none = 0, between = 0, weak = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        start(seed);
        board_cut_at(f.board, 1, seed);
        fixture_ask(&f, "p", 5);
        CHECK_EQ(board_get_state(f.board), BOARD_OFF);
        CHECK_EQ(f.events[BOARD_EVENT_CUT], 1);
        uint16_t v;
        memcpy(&v, board_flash_data(f.board) + page, 2);
        CHECK_EQ(v & 0x1234, 0x1234); // no bit rises, none falls that should not
        whole += v == 0x1234;
        none += v == 0xFFFF;
        between += v != 0x1234 && v != 0xFFFF;
        weak += board_weak_cells(f.board) != 0;
        fixture_stop(&f);
    }
    CHECK(whole && none && between > 20 && weak > 20);
}

static void test_weak_bits_change_until_rewritten(void) {
    int changed = 0, noisy = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        start(seed);
        board_cut_at(f.board, 1, seed);
        fixture_ask(&f, "p", 5);
        if (board_weak_cells(f.board)) {
            bool differs = false, differs_now = false;
            uint16_t first = half_word(page);
            for (int i = 0; i < 16; i++) {
                for (int k = 0; k < 4; k++) {
                    differs_now = differs_now || half_word(page) != half_word(page);
                }
                board_power_on(f.board);
                board_power_off(f.board);
                differs = differs || half_word(page) != first;
            }
            changed += differs;
            noisy += differs_now;
            board_power_on(f.board);
            fixture_run_ms(&f, 5);
            CHECK(!strncmp(fixture_ask(&f, "z", 50), "00000020 00000000", 17)); // firms it
            CHECK_EQ(board_weak_cells(f.board), 0);
        }
        fixture_stop(&f);
    }
    CHECK(changed > 10);
    CHECK(noisy > 3);
}

static void fill_page(void) {
    uint8_t data[2048];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    board_poke(f.board, 0x08000000 + page, data, sizeof data);
}

static void test_torn_erase(void) {
    int old_kept = 0, blank_but_weak = 0, mixed = 0, drifted = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        start(seed);
        fill_page();
        board_cut_at(f.board, 1, seed);
        fixture_ask(&f, "e", 50);
        CHECK_EQ(board_get_state(f.board), BOARD_OFF);
        const uint8_t *p = board_flash_data(f.board) + page;
        int blank = 0, old = 0;
        for (int i = 0; i < 2048; i++) {
            blank += p[i] == 0xFF;
            old += p[i] == (uint8_t)(i * 7);
        }
        CHECK(board_weak_cells(f.board) > 0);
        old_kept += old == 2048;
        mixed += old != 2048 && blank != 2048;
        if (blank == 2048) {
            blank_but_weak++;
            board_power_on(f.board); // quiet at first, also for reads
            for (uint32_t i = 0; i < 2048; i += 2) {
                CHECK_EQ(half_word(page + i), 0xFFFF);
            }
            board_power_off(f.board);
            for (int i = 0; i < 4; i++) {
                board_power_on(f.board);
                board_power_off(f.board);
            }
            for (int i = 0; i < 2048; i++) {
                blank -= p[i] != 0xFF;
            }
            drifted += blank < 2048;
        }
        board_power_on(f.board);
        fixture_run_ms(&f, 5);
        CHECK(!strcmp(fixture_ask(&f, "e", 100), "00000020 0000ffff \n"));
        CHECK_EQ(board_weak_cells(f.board), 0);
        fixture_stop(&f);
    }
    CHECK(old_kept && mixed && blank_but_weak);
    CHECK_EQ(drifted, blank_but_weak);
}

static void test_reset_tears_too(void) {
    start(3);
    fill_page();
    fixture_send(&f, "e");
    board_run_ps(f.board, 5 * MS); // in the middle of the erase
    board_reset_pin(f.board);
    CHECK(board_weak_cells(f.board) > 0);
    fixture_run_ms(&f, 5);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    fixture_stop(&f);
}

static void test_cut_counts_operations(void) {
    start(1);
    board_cut_at(f.board, 3, 1);
    CHECK(!strncmp(fixture_ask(&f, "e", 100), "00000020", 8));
    CHECK(!strncmp(fixture_ask(&f, "p", 100), "00000020", 8));
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    fixture_ask(&f, "z", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING); // one cut, not one each boot
    board_cut_at(f.board, 1, 1);
    board_cut_at(f.board, 0, 0);
    CHECK(!strncmp(fixture_ask(&f, "e", 100), "00000020", 8));
    fixture_stop(&f);
}

static void test_cut_after_cycles(void) {
    start(1);
    uint64_t at = board_cycles(f.board) + 12345;
    board_cut_after_cycles(f.board, 12345);
    fixture_run_ms(&f, 5);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    CHECK(board_cycles(f.board) > at);
    fixture_stop(&f);
}

static int journal_calls;
static struct board_flash_op last_op;

static void on_op(void *user, const struct board_flash_op *op) {
    (void)user;
    journal_calls++;
    last_op = *op;
}

static void test_journal_and_snapshot(void) {
    struct board_config c = fixture_config(&f);
    c.on_flash_op = on_op;
    fixture_start(&f, "fpec", &c);
    fixture_run_ms(&f, 5);
    struct board_flash_image *clean = board_flash_snapshot(f.board);
    fixture_ask(&f, "p", 50);
    CHECK_EQ(journal_calls, 1);
    CHECK_EQ(last_op.kind, BOARD_FLASH_PROGRAM);
    CHECK_EQ(last_op.address, 0x08010000);
    CHECK_EQ(last_op.value, 0x1234);
    CHECK_EQ(half_word(page), 0x1234);
    board_power_off(f.board);
    board_flash_restore(f.board, clean);
    CHECK_EQ(half_word(page), 0xFFFF);
    board_power_on(f.board);
    f.heard_len = 0;
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "fpec\n"));
    board_flash_image_free(clean);
    fixture_stop(&f);
}

int main(void) {
    test_torn_program();
    test_weak_bits_change_until_rewritten();
    test_torn_erase();
    test_reset_tears_too();
    test_cut_counts_operations();
    test_cut_after_cycles();
    test_journal_and_snapshot();
    return check_failures != 0;
}
