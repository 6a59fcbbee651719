// An application that must not be left while its motor runs: until it stands, ENTER is refused, and
// the host is told to ask again later. Otherwise as update-while-running.
#include "board_support.h"
#include "iap_app.h"
#include "iap_board.h"

#define PRINT_MS    500u
#define MOTOR_TURNS 1u // the reason, as this product numbers them; the host shows it

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
static struct iap_app app;

static bool may_enter(void *context, uint32_t *detail) {
    (void)context;
    *detail = MOTOR_TURNS;
    return !board_motor_turns();
}

int main(void) {
    const struct iap_app_config config = {
        .facts = facts,
        .send = board_send,
        .flush = board_flush,
        .may_enter = may_enter,
    };
    uint32_t printed_ms = 0;
    const char *text = "may-enter: started\r\n";
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
            text = board_motor_turns() ? "may-enter: turning\r\n" : "may-enter: standing\r\n";
        }
    }
}
