// DMA1 with USART1: the ring that makes reception survive an erase.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(void) {
    fixture_start(&f, "dma", NULL);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "dma\n"));
}

static void test_ring_goes_on_during_an_erase(void) {
    char text[202] = "e";
    start();
    memset(text + 1, '.', 200); // 200 bytes take 17.4 ms, an erase at least 20
    unsigned n = 0;
    CHECK(sscanf(fixture_ask(&f, text, 200), "%x", &n) == 1);
    CHECK(n >= 199 && n <= 200);
    CHECK_EQ(board_counters(f.board)->overruns, 0);
    CHECK(board_counters(f.board)->dma_bytes >= 201);
    // 512 bytes in all: two rounds of the ring, two interrupts each.
    memset(text, '.', 200);
    fixture_ask(&f, text, 25);
    fixture_ask(&f, text, 25);
    CHECK(!strcmp(fixture_ask(&f, "i", 50), "00000002 00000002 \n"));
    fixture_stop(&f);
}

static void test_transmit(void) {
    start();
    CHECK(!strcmp(fixture_ask(&f, "b", 50), "block by dma\n"));
    fixture_ask(&f, "f", 50);
    CHECK(f.heard_len == 5 && !memcmp(f.heard, board_flash_data(f.board), 4));
    fixture_stop(&f);
}

static void test_transfer_error(void) {
    start();
    CHECK(!strcmp(fixture_ask(&f, "x...", 50), "00000000 \n")); // channel switched off
    CHECK_EQ(board_counters(f.board)->dma_errors, 1);
    fixture_stop(&f);
}

static void test_changed_while_enabled(void) {
    start();
    fixture_ask(&f, "c", 50);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    fixture_stop(&f);
}

int main(void) {
    test_ring_goes_on_during_an_erase();
    test_transmit();
    test_transfer_error();
    test_changed_while_enabled();
    return check_failures != 0;
}
