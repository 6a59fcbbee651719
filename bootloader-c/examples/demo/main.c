// A small application with interrupts of its own, that can be updated while it runs. It prints a
// line twice a second.
#include "board.h"
#include "driver.h"
#include "family.h"
#include "flash.h"
#include "iap_app.h"
#include "iap_board.h"
#include "vectors_found.h"

#define CLOCK_HZ    8000000u // HSI, as after a reset
#define PRINT_TICKS 500u     // ms
#define WAIT_CYCLES 4u       // of a round of a loop that only counts, at least

#define NVIC_ISER(n)     REG32(0xe000e100u + 4u * (n))
#define NVIC_IPR(n)      REG32(0xe000e400u + 4u * (n)) // words only on a Cortex-M0
#define LOW_PRIORITY     0xc0u                         // of the bits that every core has
#define SYST_CSR_TICKINT 2u
#define SYST_CSR_CORE    4u

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;
static struct iap_app app;
static volatile uint32_t ticks;

void systick_handler(void);
void usart_handler(void);

void systick_handler(void) {
    ticks++;
}

void usart_handler(void) {
    if ((USART_STATUS & (USART_STATUS_RXNE | USART_STATUS_ORE)) != 0) {
        uint8_t byte = (uint8_t)USART_RX_DATA;
        usart_clear_errors();
        iap_app_receive(&app, byte);
    }
}

static void flush(void *context) {
    (void)context;
    while ((USART_STATUS & USART_STATUS_TC) == 0) {
    }
}

#if BOARD_HALF_DUPLEX
// Whoever asked may drive the pair for so long yet.
static void wait_turn_round(void) {
    for (uint32_t i = 0; i < (BOARD_TURN_ROUND_MS + 1u) * (CLOCK_HZ / 1000u / WAIT_CYCLES); i++) {
        __asm volatile("nop");
    }
}
#else
static void wait_turn_round(void) {}
#endif

static void send(void *context, const uint8_t *bytes, size_t size) {
    bool begun = driver_is_on();
    if (size > 0 && bytes[0] == IAP_FRAME_DELIMITER && !begun) {
        wait_turn_round();
    }
    driver_on();
    for (size_t i = 0; i < size; i++) {
        while ((USART_STATUS & USART_STATUS_TXE) == 0) {
        }
        USART_TX_DATA = bytes[i];
    }
    if (begun && size > 0 && bytes[size - 1] == IAP_FRAME_DELIMITER) {
        flush(context);
        driver_off();
    }
}

static bool program(void *context, uint32_t address, uint16_t value) {
    (void)context;
    return flash_program(address, value);
}

static void print(const char *text) {
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    if (!BOARD_HALF_DUPLEX) { // where nobody may speak unasked
        send(NULL, (const uint8_t *)text, size);
    }
}

static void print_number(uint32_t value, uint32_t base, uint32_t digits) {
    char text[11];
    uint32_t at = sizeof text - 1;
    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0 || sizeof text - 1 - at < digits);
    print(text + at);
}

static void start_uart(void) {
    RCC_USARTENR |= USART_CLOCK;
    gpio_remap(BOARD_USART_REMAP);
    gpio_clock(BOARD_TX_PORT);
    gpio_clock(BOARD_RX_PORT);
    gpio_usart_tx(BOARD_TX_PORT, BOARD_TX_PIN, BOARD_TX_FUNCTION);
    gpio_usart_rx(BOARD_RX_PORT, BOARD_RX_PIN, BOARD_RX_FUNCTION);
    USART_BRR = CLOCK_HZ / BOARD_RATE;
    driver_start();
    USART_CR1 = USART_CR1_ON | USART_CR1_RXNEIE;
    NVIC_IPR(BOARD_USART_IRQ / 4) |=
        LOW_PRIORITY << 8 * (BOARD_USART_IRQ % 4); // SysTick goes on while the app kit answers
    NVIC_ISER(BOARD_USART_IRQ / 32) = 1u << BOARD_USART_IRQ % 32;
}

static void start_ticks(void) {
    SYST_RVR = CLOCK_HZ / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CORE;
}

static void print_state(void) {
    print("demo ");
    print_number(DEMO_VERSION, 10, 1);
    print(": tick ");
    print_number(ticks, 10, 1);
    print(", vectors 0x");
    print_number(vectors_found, 16, 8);
    print(", bootloader stayed for ");
    print_number(app.report.stay, 10, 1);
    print(", reset flags 0x");
    print_number(app.report.reset_flags, 16, 8);
    print("\r\n");
}

int main(void) {
    const struct iap_app_config config = {
        .facts = facts,
        .send = send,
        .flush = flush,
        .program = program,
        .capabilities = BOARD_HALF_DUPLEX ? IAP_CAPABILITY_HALF_DUPLEX : 0,
    };
    iap_app_init(&app, &config);
    start_ticks();
    start_uart();
    print_state();
    uint32_t printed = 0;
    bool confirmed = false;
    for (;;) {
        if (ticks - printed >= PRINT_TICKS) {
            printed += PRINT_TICKS;
            // Still alive: good enough for a demo. A product confirms after its own self-test.
            confirmed = confirmed || iap_app_confirm(&app);
            print_state(); // after it: who has read the second line may cut the power
        }
        __asm volatile("wfi");
    }
}
