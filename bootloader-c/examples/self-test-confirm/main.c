// An application whose package has the flag CONFIRM: it tests itself and only then confirms itself.
// Until it has, each start is a trial boot, and the bootloader allows only a few. The watchdog
// turns a hang into a reset, and so into the next trial boot.
#include "board_support.h"
#include "flash.h"
#include "iap_app.h"
#include "iap_board.h"

#define SELF_TEST_MS 200u // a product watches its sensors, its bus, its memory for a while
#define FEED_MS      100u

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
static struct iap_app app;

// Here: time passes, and RAM keeps what is written to it.
static bool self_test(void) {
    static volatile uint32_t cell;
    uint32_t started_ms = board_ms();
    for (uint32_t pattern = 1; board_ms() - started_ms < SELF_TEST_MS; pattern *= 3) {
        cell = pattern;
        if (cell != pattern) {
            return false;
        }
        board_watchdog_feed();
    }
    return true;
}

static bool program(void *context, uint32_t address, uint16_t value) {
    (void)context;
    return flash_program(address, value);
}

int main(void) {
    const struct iap_app_config config = {
        .facts = facts,
        .send = board_send,
        .flush = board_flush,
        .program = program,
    };
    board_watchdog_start();
    iap_app_init(&app, &config);
    board_start();
    board_print("self-test-confirm: started\r\n");
    if (!self_test() || !iap_app_confirm(&app)) {
        board_print("self-test-confirm: failed\r\n");
        for (;;) {
            // The watchdog resets; after its last trial boot the bootloader waits for a host.
        }
    }
    board_print("self-test-confirm: confirmed\r\n");
    uint32_t fed_ms = board_ms();
    for (;;) {
        uint8_t byte;
        if (board_receive(&byte)) {
            iap_app_receive(&app, byte);
        }
        if (board_ms() - fed_ms >= FEED_MS) {
            fed_ms += FEED_MS;
            board_watchdog_feed();
        }
    }
}
