// An application that is updated while it runs: every byte that the UART receives goes to the app
// kit, which answers the host and, on ENTER, resets into the bootloader. No interrupts; output
// waits for the line byte by byte, so that no received byte is missed.
#include "board_support.h"
#include "iap_app.h"
#include "iap_board.h"

#define PRINT_MS 500u

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
static struct iap_app app;

int main(void) {
    const struct iap_app_config config = {
        .facts = facts,
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
