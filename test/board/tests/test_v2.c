// Peripherals of F0 and F3, on each part.
#include "check.h"
#include "fixture.h"

static struct fixture f;
static const struct board_part *part;

static void start_with(const struct board_config *config) {
    bool f0 = part->family == BOARD_FAMILY_F0;
    const char *first = f0 ? "v2-f0" : "v2-f3", *second = f0 ? "v2-f0-uart2" : "v2-f3-uart2";
    fixture_start(&f, config->uart == 2 ? second : first, config);
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "v2\n"));
}

static struct board_config config(void) {
    struct board_config c = fixture_config(&f);
    c.part = part;
    return c;
}

static int uart = 1;

static void start(void) {
    struct board_config c = config();
    c.uart = uart;
    start_with(&c);
}

static void expect(const char *command, const char *answer) {
    const char *got = fixture_ask(&f, command, 200);
    if (strcmp(got, answer)) {
        printf("%s '%s': got '%s', expected '%s'\n", part->name, command, got, answer);
        check_failures++;
    }
}

static void test_identity(void) {
    uint16_t kb = 0;
    uint8_t uid[12];
    start();
    CHECK(board_peek(f.board, 0x1FFFF7CC, (uint8_t *)&kb, 2));
    CHECK_EQ(kb * 1024u, part->flash_size);
    CHECK(board_peek(f.board, 0x1FFFF7AC, uid, sizeof uid));
    CHECK_EQ(board_hclk(f.board), part->family == BOARD_FAMILY_F0 ? 48000000 : 64000000);
    if (part->family == BOARD_FAMILY_F0) {
        char answer[16];
        snprintf(answer, sizeof answer, "00000%03x \n", part->dev_id);
        expect("g", answer);
    }
    fixture_stop(&f);
}

static void test_usart(void) {
    start();
    expect("oABC", "00000041 00000008 00000008 00000000 \n");
    CHECK_EQ(board_counters(f.board)->overruns, 2);
    expect("OABC", "00000020 00000043 \n");
    CHECK_EQ(board_counters(f.board)->overruns, 2);
    expect("i", "00000010 00000000 \n");
    expect("t", ".00000000 00000080 000000c0 \n");
    expect("fA", "00600020 00000000 000000c0 \n");
    expect("nXYZ", "0058595a \n");
    expect("x", "\n");
    expect("y", "\n");
    fixture_stop(&f);
}

// A clock of its own: HSI, whatever HCLK is.
static void test_usart_clock(void) {
    start();
    fixture_ask(&f, "h", 20);
    CHECK_EQ(board_uart_baud(f.board), 38462);
    expect("t", ".00000000 00000080 000000c0 \n");
    fixture_stop(&f);
}

static void test_flash(void) {
    struct board_config c = config();
    start();
    expect("F", "00000020 0000ffff 00000020 00001234 00000004 00001234 00000020 00000000 \n");
    CHECK_EQ(board_counters(f.board)->pg_errors, 1);
    CHECK_EQ(board_erases_per_page(f.board)[0xC000 / part->page_size], 1);
    fixture_stop(&f);
    c.typical_flash = true;
    start_with(&c);
    uint64_t before = board_time_ps(f.board);
    fixture_send(&f, "F");
    while (board_counters(f.board)->half_words < 1) {
        board_run_ps(f.board, BOARD_PS_PER_US);
    }
    before = board_time_ps(f.board);
    while (board_counters(f.board)->pg_errors < 1) { // right behind it
        board_run_ps(f.board, BOARD_PS_PER_US / 4);
    }
    uint64_t us = (board_time_ps(f.board) - before) / BOARD_PS_PER_US;
    CHECK(us >= 53);
    fixture_stop(&f);
}

static void test_vectors_stall_with_flash(void) {
    start();
    expect("v", "00000000 00000001 \n");
    fixture_stop(&f);
}

static void test_dma(void) {
    char text[202] = "d";
    bool selects = part->dev_id == 0x442; // F09x: DMA1_CSELR
    start();
    if (selects) {
        const char *got = fixture_ask(&f, "d...", 100); // no request: overrun
        CHECK(!strncmp(got, "00000000 00000000 00000000 00000008 \n", 37));
        board_reset_pin(f.board);
        board_clear_counters(f.board);
        fixture_run_ms(&f, 5);
        expect("s", uart == 1 ? "00000800 \n" : "00090000 \n");
    }
    memset(text + 1, '.', 100); // 8.7 ms, less than an erase: once round and a half
    expect(text, "00000024 00000001 00000001 00000000 \n");
    CHECK_EQ(board_counters(f.board)->overruns, 0);
    if (part->family == BOARD_FAMILY_F0 && !selects) { // SYSCFG's remap bits
        expect("D0123456789", "0000000a \n");
    }
    if (!selects) {
        fixture_ask(&f, "s", 20);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        CHECK(strstr(board_error_text(f.board), "unknown 4-byte write at 0x400200A8"));
    }
    fixture_stop(&f);
}

static void test_pins(void) {
    start();
    board_pin_drive(f.board, 0, 0, 0);
    expect("p", "00000000 00000000 00000002 00000004 \n");
    board_pin_drive(f.board, 0, 0, 1);
    expect("p", "00000001 00000001 00000002 00000004 \n");
    board_pin_drive(f.board, 0, 0, -1);
    CHECK(!strncmp(fixture_ask(&f, "p", 50) + 9, "00000001", 8)); // the pull-up
    CHECK_EQ(board_pin_output(f.board, 0, 1), 0);
    CHECK_EQ(board_pin_output(f.board, 0, 0), -1);
    fixture_stop(&f);
}

static void test_watchdog_window(void) {
    start();
    fixture_ask(&f, "w", 20);
    for (int i = 0; i < 10; i++) { // no window: as often as you like
        fixture_ask(&f, "a", 20);
    }
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 1);
    fixture_run_ms(&f, 110);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 2);
    CHECK_EQ(f.last_reset, BOARD_RESET_IWDG);
    fixture_ask(&f, "W", 20);
    fixture_run_ms(&f, 60); // 1000 counts of 0.1 ms: the window opens after 70 ms
    fixture_ask(&f, "a", 8);
    fixture_run_ms(&f, 75);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 3); // the first one was too early
    CHECK_EQ(f.last_reset, BOARD_RESET_IWDG);
    fixture_ask(&f, "W", 20);
    fixture_run_ms(&f, 72);
    fixture_ask(&f, "a", 8);
    fixture_run_ms(&f, 75);
    fixture_ask(&f, "a", 8);
    fixture_run_ms(&f, 60);
    CHECK_EQ(f.events[BOARD_EVENT_RESET], 3);
    fixture_stop(&f);
}

static void test_backup_registers(void) {
    start();
    if (!part->backup_registers) {
        fixture_ask(&f, "k", 20);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        CHECK(strstr(board_error_text(f.board), "unknown 4-byte write at 0x40002850"));
        fixture_stop(&f);
        return;
    }
    expect("k", "\n");
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    expect("K", "feedbacc \n");
    board_power_off(f.board);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    expect("K", "00000000 \n");
    fixture_stop(&f);
}

// FLASH_OBR: RDPRT in bits 2:1, the user byte in 15:8, data behind.
static void test_option_bytes(void) {
    start();
    expect("z", "ffffff00 ffffffff 00000020 00000000 00000020 00000000 \n");
    fixture_ask(&f, "q", 100);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    // Level 1 keeps nobody from programming, the first 4 KB included.
    expect("z", "fffffe02 ffffffff 00000020 00000000 00000020 00000000 \n");
    fixture_run_ms(&f, 420);
    CHECK_EQ(f.last_reset, BOARD_RESET_IWDG);
    fixture_ask(&f, "Q", 100);
    board_reset_pin(f.board);
    fixture_run_ms(&f, 5);
    expect("z", "ffffff00 fffffffd 00000020 00000000 00000010 00000000 \n");
    fixture_stop(&f);
}

static void test_ram_parity(void) {
    bool f0 = part->family == BOARD_FAMILY_F0;
    struct board_config c = config();
    CHECK(board_has_ram_parity(part));
    start();
    expect("m", f0 ? "00000000 00000000 00000000 00000000 00000001 \n"
                   : "00000000 00000000 00000000 00000000 00000001 00000000 00000000 00000000 \n");
    fixture_stop(&f);
    c.ram_parity = true;
    start_with(&c);
    expect("m", f0 ? "00000001 00000001 00000000 00000000 00000000 \n"
                   : "00000001 00000001 00000000 00000000 00000000 00000001 00000000 00000001 \n");
    CHECK(strstr(f.log, "parity: 0x20001D00 read before it was written"));
    board_reset_pin(f.board); // SRAM and its parity stay
    fixture_run_ms(&f, 5);
    CHECK(!strncmp(fixture_ask(&f, "m", 20), "00000000", 8));
    board_power_off(f.board);
    board_power_on(f.board);
    fixture_run_ms(&f, 5);
    CHECK(!strncmp(fixture_ask(&f, "m", 20), "00000001", 8));
    fixture_stop(&f);
}

static void test_mistakes(void) {
    static const struct {
        const char *command, *text;
    } cases[] = {
        {"!b", "USART1 +0x0C"},
        {"!o", "changed while UE is 1"},
        {"!8", "bits 0x00008000 are not modelled"},
        {"!d", "byte is lost"},
        {"!g", "GPIOC (0x48000800) with its clock off"},
        {"!w", "0 flash wait states"},
        {"!W", "LATENCY 7 does not exist"},
        {"!p", "PLL configuration changed"},
        {"!P", "PLL configuration changed"},
        {"!i", "IWDG register written without 0x5555"},
        {"!c", "unknown 4-byte read at 0x40024000"},
        {"!R", "can never be undone"},
        {"!k", "LSE is not modelled"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start();
        fixture_ask(&f, cases[i].command, 100);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        CHECK(!fixture_heard(&f, "unnoticed"));
        if (!strstr(board_error_text(f.board), cases[i].text)) {
            printf("%s '%s': error is '%s'\n", part->name, cases[i].command,
                   board_error_text(f.board));
            check_failures++;
        }
        fixture_stop(&f);
    }
    start();
    fixture_ask(&f, "!r", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board),
                 part->backup_registers ? "DBP clear" : "unknown 4-byte write at 0x40002850"));
    fixture_stop(&f);
    start();
    fixture_ask(&f, "!3", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(
        strstr(board_error_text(f.board), !strcmp(part->name, "stm32f030x8")
                                              ? "unknown 4-byte read at 0x4000481C"
                                              : "read of USART3 (0x4000481C) with its clock off"));
    fixture_stop(&f);
    start();
    fixture_ask(&f, "!6", 20);
    bool five = !strcmp(part->name, "stm32f030x8"); // channels of DMA1
    CHECK_EQ(board_get_state(f.board), five ? BOARD_ERROR : BOARD_RUNNING);
    fixture_stop(&f);
}

// A power cut in mid-operation tears on these parts as on F1.
static void test_power_cut(void) {
    start();
    board_cut_at(f.board, 2, 7); // the first half-word
    fixture_ask(&f, "F", 100);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    CHECK_EQ(f.events[BOARD_EVENT_CUT], 1);
    CHECK_EQ(board_counters(f.board)->flash_ops, 2);
    board_power_on(f.board);
    f.heard_len = 0;
    fixture_run_ms(&f, 5);
    CHECK(!strcmp(f.heard, "v2\n"));
    expect("F", "00000020 0000ffff 00000020 00001234 00000004 00001234 00000020 00000000 \n");
    fixture_stop(&f);
}

int main(void) {
    const struct board_part *parts[] = {
        board_find_part("stm32f030x8"), board_find_part("stm32f072xb"),
        board_find_part("stm32f091xc"), board_find_part("stm32f303xc")};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part = parts[i];
        test_identity();
        test_usart();
        test_usart_clock();
        test_flash();
        test_vectors_stall_with_flash();
        test_dma();
        test_pins();
        test_watchdog_window();
        test_backup_registers();
        test_option_bytes();
        test_ram_parity();
        test_mistakes();
        test_power_cut();
        uart = 2; // other pins, interrupt, DMA channel and clock
        test_usart();
        test_dma();
        uart = 1;
    }
    return check_failures != 0;
}
