// Cycles: speed figures measured on the board must not flatter.
#include "check.h"
#include "fixture.h"

int main(void) {
    static struct fixture f;
    fixture_start(&f, "sha", NULL);
    fixture_run_ms(&f, 5);
    uint64_t instructions = board_counters(f.board)->instructions;
    uint64_t cyc = board_cycles(f.board);
    fixture_send(&f, "x");
    board_run_ps(f.board, 10 * MS);
    instructions = board_counters(f.board)->instructions - instructions;
    double cpi = (double)(board_cycles(f.board) - cyc) / (double)instructions;
    unsigned cycles = 0;
    fixture_run_ms(&f, 200);
    CHECK(sscanf(f.heard + strlen("sha\n"), "%x", &cycles) == 1);
    double per_byte = cycles / 16384.0;
    printf("SHA-256: %.1f cycles a byte, %.1f instructions a byte\n", per_byte, per_byte / cpi);
    CHECK(cpi > 1.52 && cpi < 1.64); // BearSSL's, more linear, comes to 57 cycles for 37.5
    unsigned ram = 0, flash = 0;
    CHECK(sscanf(fixture_ask(&f, "l", 10), "%x %x", &ram, &flash) == 2);
    CHECK(flash >= ram + 64 * 2 && flash <= ram + 64 * 6); // two wait states, and the fetch behind
    fixture_stop(&f);
    return check_failures != 0;
}
