#include "listen.h"

#include "board_support.h"
#include "iap_app.h"
#include "iap_board.h"

#define PRINT_MS 500u

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
static struct iap_app app;

_Noreturn void listen(const char *text) {
    const struct iap_app_config config = {
        .facts = facts,
        .send = board_send,
        .flush = board_flush,
    };
    const char *at = text;
    uint32_t printed_ms = 0;
    iap_app_init(&app, &config);
    for (;;) {
        uint8_t byte;
        if (board_receive(&byte)) {
            iap_app_receive(&app, byte);
        }
        // Byte by byte, so that no received byte is missed.
        if (*at != '\0' && board_can_send()) {
            board_send(NULL, (const uint8_t *)at, 1);
            at++;
        }
        if (board_ms() - printed_ms >= PRINT_MS) {
            printed_ms += PRINT_MS;
            at = text;
        }
    }
}
