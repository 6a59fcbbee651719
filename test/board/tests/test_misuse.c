// What the model must not let a bootloader get away with.
#include "check.h"
#include "fixture.h"

int main(void) {
    static const struct {
        const char *command, *text;
    } cases[] = {
        {"l", "wait states"},
        {"f", "HCLK 128000000"},
        {"1", "PCLK1"},
        {"p", "PLL config"},
        {"g", "clock off"},
        {"u", "unknown 4-byte read at 0x40005400"},
        {"d", "byte is lost"},
        {"v", "VTOR"},
        {"a", "AIRCR"},
        {"r", "system memory"},
        {"h", "unknown 2-byte write"},
        {"s", "bytes of stack, 512 are reserved"},
    };
    static struct fixture f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct board_config c = fixture_config(&f);
        c.hse_hz = 8000000;
        c.stack_bytes = 512;
        fixture_start(&f, "misuse", &c);
        fixture_run_ms(&f, 5);
        CHECK(fixture_heard(&f, "misuse\n"));
        CHECK_EQ(board_get_state(f.board), BOARD_RUNNING);
        uint32_t stack = board_counters(f.board)->stack_used;
        CHECK(stack > 0 && stack < 512);
        fixture_ask(&f, cases[i].command, 20);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
        CHECK(!fixture_heard(&f, "unnoticed"));
        if (!strstr(board_error_text(f.board), cases[i].text)) {
            printf("'%s': error is '%s'\n", cases[i].command, board_error_text(f.board));
            check_failures++;
        }
        CHECK_EQ(f.events[BOARD_EVENT_ERROR], 1);
        fixture_run_ms(&f, 100);
        CHECK_EQ(board_get_state(f.board), BOARD_ERROR); // stays
        fixture_stop(&f);
    }
    return check_failures != 0;
}
