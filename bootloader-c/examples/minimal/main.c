// The least an application needs to be updatable: it is linked with linker/app.ld, and that is all.
// It prints a line every half second. A host reaches the bootloader after a reset (iap flash
// --wait).
#include "board_support.h"

#define PRINT_MS 500u

int main(void) {
    uint32_t printed_ms = 0;
    board_start();
    board_print("minimal: started\r\n");
    for (;;) {
        if (board_ms() - printed_ms >= PRINT_MS) {
            printed_ms += PRINT_MS;
            board_print("minimal: running\r\n");
        }
    }
}
