// Each part in the table: sizes, ids, limits.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static const char *const names[] = {"stm32f103xe", "stm32f103xb", "stm32f100xb"};

static void test_identity(void) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct board_config c = fixture_config(&f);
        uint16_t kb = 0;
        uint8_t uid[12], again[12], byte;
        c.part = board_find_part(names[i]);
        fixture_start(&f, "echo", &c);
        CHECK(board_peek(f.board, c.part->flash_size_register, (uint8_t *)&kb, 2));
        CHECK_EQ(kb * 1024u, c.part->flash_size);
        CHECK(board_peek(f.board, c.part->unique_id, uid, sizeof uid));
        uint32_t end = 0x20000000 + c.part->ram_size;
        CHECK(board_peek(f.board, end - 1, &byte, 1) && !board_peek(f.board, end, &byte, 1));
        fixture_stop(&f);
        c.seed = 2; // another board
        fixture_start(&f, "echo", &c);
        CHECK(board_peek(f.board, c.part->unique_id, again, sizeof again));
        CHECK(memcmp(uid, again, sizeof uid) != 0);
        fixture_stop(&f);
    }
    CHECK(board_find_part("stm32f999") == NULL);
}

// 64 MHz is right for an F103 and too fast for an F100.
static void test_highest_clock(void) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct board_config c = fixture_config(&f);
        c.part = board_find_part(names[i]);
        fixture_start(&f, "echo", &c);
        fixture_run_ms(&f, 5);
        bool value_line = c.part->max_hz == 24000000;
        CHECK_EQ(board_get_state(f.board), value_line ? BOARD_ERROR : BOARD_RUNNING);
        CHECK_EQ(fixture_heard(&f, "boot\n"), !value_line);
        fixture_stop(&f);
    }
}

static void test_page_size(void) {
    for (size_t i = 0; i < 2; i++) {
        struct board_config c = fixture_config(&f);
        uint8_t data[4096], left[4096];
        c.part = board_find_part(names[i]);
        fixture_start(&f, "fpec", &c);
        fixture_run_ms(&f, 5);
        memset(data, 0, sizeof data);
        board_poke(f.board, 0x08010000 - 1024, data, sizeof data);
        fixture_ask(&f, "e", 100);
        board_peek(f.board, 0x08010000 - 1024, left, sizeof left);
        CHECK_EQ(left[1023], 0);
        CHECK_EQ(left[1024], 0xFF);
        CHECK_EQ(left[1024 + c.part->page_size - 1], 0xFF);
        CHECK_EQ(left[1024 + c.part->page_size], 0);
        fixture_stop(&f);
    }
}

static void test_internal_oscillator_is_not_exact(void) {
    struct board_config c = fixture_config(&f);
    c.hsi_hz = 8200000; // +2.5 %
    fixture_start(&f, "echo", &c);
    fixture_run_ms(&f, 5);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    CHECK_EQ(board_uart_baud(f.board), 118198);
    fixture_stop(&f);
}

int main(void) {
    test_identity();
    test_highest_clock();
    test_page_size();
    test_internal_oscillator_is_not_exact();
    return check_failures != 0;
}
