// The flash controller's rules (PM0075), one by one.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void start(const struct board_config *c) {
    fixture_start(&f, "fpec", c);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "fpec\n"));
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 500);
    if (strcmp(got, answer)) {
        printf("'%s': got '%s', expected '%s'\n", command, got, answer);
        check_failures++;
    }
}

// SR, then the half-word; EOP is bit 5, WRPRTERR 4, PGERR 2.
static void test_erase_and_program(void) {
    start(NULL);
    expect("e", "00000020 0000ffff \n");
    expect("p", "00000020 00001234 \n");
    expect("q", "00000004 00001234 \n"); // not blank: skipped
    expect("z", "00000020 00000000 \n"); // 0x0000 always goes
    expect("e", "00000020 0000ffff \n");
    const struct board_counters *c = board_counters(f.board);
    CHECK_EQ(c->flash_ops, 4);
    CHECK_EQ(c->erases, 2);
    CHECK_EQ(c->half_words, 2);
    CHECK_EQ(c->pg_errors, 1);
    CHECK_EQ(board_erases_per_page(f.board)[32], 2);
    fixture_stop(&f);
}

// Faults taken, CFSR (bit 10 IMPRECISERR), then FLASH_CR and the half-word: untouched.
static void test_bus_errors(void) {
    static const char *const cases[] = {"b", "W", "c"};
    start(NULL);
    for (int i = 0; i < 3; i++) {
        const char *got = fixture_ask(&f, cases[i], 100);
        CHECK(!strncmp(got, "00000001 00000400 ", 18));
        CHECK(strstr(got, " 0000ffff \n"));
    }
    CHECK(!strncmp(fixture_ask(&f, "k", 100), "00000001 00000400 ", 18)); // wrong key
    CHECK(strstr(f.heard, " 00000080 "));                                 // locked
    CHECK(!strncmp(fixture_ask(&f, "K", 100), "00000001 00000400 ", 18)); // until reset
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    expect("p", "00000020 00001234 \n");
    fixture_stop(&f);
}

static void test_bsy_rises_a_cycle_late(void) {
    start(NULL);
    expect("s", "00000001 \n");
    fixture_stop(&f);
}

static void test_stall(void) {
    struct board_config c = fixture_config(&f);
    c.typical_flash = true;
    start(&c);
    expect("t", "00000014 \n"); // 20 ms, all of it standing still
    expect("R", "00000001 \n"); // code in RAM runs on
    expect("d", "00000010 \n"); // until it reads flash
    fixture_stop(&f);
}

static void test_busy_times(void) {
    start(NULL);
    bool varied = false;
    unsigned first = 0;
    for (int i = 0; i < 8; i++) {
        unsigned ms = 0;
        CHECK(sscanf(fixture_ask(&f, "t", 100), "%x", &ms) == 1);
        CHECK(ms >= 20 && ms <= 40);
        varied = varied || (i && ms != first);
        first = ms;
    }
    CHECK(varied);
    fixture_stop(&f);
}

static void test_no_stall(void) {
    struct board_config c = fixture_config(&f);
    c.no_stall = true;
    start(&c);
    uint64_t before = board_counters(f.board)->instructions;
    expect("e", "00000020 0000ffff \n");
    CHECK(board_counters(f.board)->instructions - before > 100000); // polled BSY
    fixture_stop(&f);
}

static void test_write_protection(void) {
    start(NULL);
    expect("o", "\n");
    board_reset_pin(f.board); // option bytes are loaded at reset
    fixture_run_ms(&f, 5);
    expect("w", "00000010 0000ffff 00000010 0000ffff \n");
    CHECK_EQ(board_counters(f.board)->wrprt_errors, 2);
    expect("e", "00000020 0000ffff \n"); // other pages are free
    fixture_stop(&f);
}

static void test_misuse_stops_the_bootloader(void) {
    static const struct {
        const char *command, *text;
    } cases[] = {
        {"g", "two operations"}, {"M", "mass erase"},        {"L", "while locked"},
        {"B", "while BSY"},      {"A", "outside the flash"}, {"H", "HSI off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board_config c = fixture_config(&f);
        c.hse_hz = 8000000;
        start(&c);
        fixture_ask(&f, cases[i].command, 50);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        if (!strstr(board_error_text(f.board), cases[i].text)) {
            printf("'%s': error is '%s'\n", cases[i].command, board_error_text(f.board));
            check_failures++;
        }
        fixture_stop(&f);
    }
}

static void test_lenient_counts_instead(void) {
    struct board_config c = fixture_config(&f);
    c.lenient = true;
    start(&c);
    fixture_ask(&f, "g", 50);
    CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
    CHECK_EQ(board_counters(f.board)->violations, 1);
    fixture_stop(&f);
}

// PWR_CSR: PVDO is bit 2. What it says, and when, by DS5319 table 11; and what goes on without it.
static void test_supply(void) {
    start(NULL);
    board_supply(f.board, 2640); // between both thresholds when it is turned on
    expect("v", "00000004 \n");
    board_supply(f.board, 2690);
    expect("V", "00000000 \n");
    board_supply(f.board, 2640);
    expect("V", "00000000 \n");
    board_supply(f.board, 2570);
    expect("V", "00000004 \n");
    expect("e", "00000020 0000ffff \n");
    board_supply(f.board, 1990);
    fixture_ask(&f, "e", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board), "erase at 1990 mV"));
    fixture_stop(&f);
}

int main(void) {
    test_erase_and_program();
    test_bus_errors();
    test_bsy_rises_a_cycle_late();
    test_stall();
    test_busy_times();
    test_no_stall();
    test_write_protection();
    test_misuse_stops_the_bootloader();
    test_supply();
    test_lenient_counts_instead();
    return check_failures != 0;
}
