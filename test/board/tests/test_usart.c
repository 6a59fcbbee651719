// USART1's flags as silicon sets and clears them.
#include "check.h"
#include "fixture.h"

static struct fixture f;

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 50);
    if (strcmp(got, answer)) {
        printf("'%s': got '%s', expected '%s'\n", command, got, answer);
        check_failures++;
    }
}

int main(void) {
    fixture_start(&f, "uart", NULL);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "uart\n"));
    expect("oABC", "00000041 00000008 00000001 00000000 \n");
    CHECK_EQ(board_counters(f.board)->overruns, 2);
    expect("i", "00000000 00000010 00000000 \n");
    expect("t", "..00000080 00000000 000000c0 \n");
    expect("nXYZ", "00000003 0000005a \n");
    expect("x", "\n");
    f.heard_len = 0;
    fixture_send(&f, "p");
    fixture_run_ms(&f, 1);
    fixture_send(&f, "7"); // with even parity: the line's frames follow the device's
    fixture_run_ms(&f, 3);
    CHECK(f.heard_len && (f.heard[0] & 0x7F) == '7');
    CHECK(fixture_heard(&f, "00000000 \n"));
    fixture_stop(&f);
    return check_failures != 0;
}
