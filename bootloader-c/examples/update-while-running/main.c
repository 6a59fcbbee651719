// An application that is updated while it runs: every byte that the UART receives goes to the app
// kit, which answers the host and, on ENTER, resets into the bootloader. No interrupts; output
// waits for the line byte by byte, so that no received byte is missed.
#include "board.h"
#include "board_support.h"
#include "iap_app.h"

#define PRINT_MS 500u

static struct iap_app app;

int main(void) {
    const struct iap_app_config config = {
        .part = BOARD_PART,
        .unique_id = (const uint8_t *)(uintptr_t)BOARD_UNIQUE_ID,
        .page_size = BOARD_PAGE_SIZE,
        .app_base = BOARD_APP_BASE,
        .app_end = BOARD_APP_END,
        .default_rate = BOARD_RATE,
        .send = board_send,
        .flush = board_flush,
    };
    uint32_t printed_ms = 0;
    const char *text = "update-while-running: started\r\n";
    iap_app_init(&app, &config);
    board_start();
    for (;;) {
        uint8_t byte;
        if (board_receive(&byte)) {
            iap_app_receive(&app, byte);
        }
        if (*text != '\0' && board_can_send()) {
            board_send(NULL, (const uint8_t *)text, 1);
            text++;
        }
        if (board_ms() - printed_ms >= PRINT_MS) {
            printed_ms += PRINT_MS;
            text = "update-while-running: running\r\n";
        }
    }
}
