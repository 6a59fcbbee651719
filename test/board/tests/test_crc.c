// The CRC unit of each family, and what it must not be asked for.
#include "check.h"
#include "fixture.h"

static struct fixture f;
static const char *part, *firmware;

static void start(void) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part(part);
    fixture_start(&f, firmware, &c);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "crc\n"));
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 50);
    if (strcmp(got, answer)) {
        printf("%s '%s': got '%s', expected '%s'\n", part, command, got, answer);
        check_failures++;
    }
}

static void expect_error(const char *command, const char *text) {
    start();
    fixture_ask(&f, command, 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(!fixture_heard(&f, "unnoticed"));
    if (!strstr(board_error_text(f.board), text)) {
        printf("%s '%s': error is '%s'\n", part, command, board_error_text(f.board));
        check_failures++;
    }
    fixture_stop(&f);
}

static void test_common(void) {
    start();
    expect("a", "ffffffff 00000000 00000000 \n");
    expect("0", "c704dd7b 00000000 ffffffff \n");
    expect("i", "000000a5 \n");
    fixture_ask(&f, "0", 20);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    expect("a", "ffffffff 00000000 00000000 \n");
    fixture_stop(&f);
    expect_error("g", "write of CRC (0x40023000) with its clock off");
}

static void test_f1(void) {
    part = "stm32f103xb";
    firmware = "crc";
    test_common();
    start();
    unsigned cycles = 0; // 4 each, the first not waited for
    CHECK(sscanf(fixture_ask(&f, "c", 20), "%x", &cycles) == 1);
    CHECK(cycles >= 30 && cycles <= 60);
    fixture_stop(&f);
    expect_error("!h", "unknown 2-byte write at 0x40023000");
    expect_error("!b", "unknown 1-byte write at 0x40023000");
    expect_error("!r", "there is RESET alone");
    expect_error("!i", "unknown 4-byte write at 0x40023010");
}

static void test_v2(const char *name, const char *image) {
    part = name;
    firmware = image;
    test_common();
    start();
    // CRC-32/ISO-HDLC of "123456789" twice, of "125634", CRC-32/MPEG-2 of "123456789".
    expect("r", "cbf43926 cbf43926 97c99e79 0376e6e7 0000e6e7 \n");
    expect("s", "ffffffff 12345678 12345678 1e6a2c48 \n");
    fixture_stop(&f);
    expect_error("!h", "unknown 2-byte write at 0x40023008");
    expect_error("!b", "unknown 1-byte read at 0x40023004");
    expect_error("!o", "unknown 1-byte write at 0x40023001");
    expect_error("!r", "CRC_DR: 1 bytes, REV_IN reverses 4");
    expect_error("!p", "other polynomials are not modelled");
    expect_error("!P", "unknown 4-byte write at 0x40023014");
}

int main(void) {
    test_f1();
    test_v2("stm32f030x8", "crc-f0");
    test_v2("stm32f072xb", "crc-f0");
    test_v2("stm32f303xc", "crc-f3");
    return check_failures != 0;
}
