// The board of the examples on an STM32F1: USART1 on PA9 and PA10, 8 MHz HSI as after a reset.
#include "board.h"
#include "board_support.h"
#include "flash.h"
#include "registers.h"

#define CLOCK_HZ       8000000u
#define USART_SR_RXNE  (1u << 5)
#define IWDG_KEY_START 0xccccu

static struct systick systick;

void board_start(void) {
    RCC_APB2ENR |= RCC_APB2ENR_IOPEN(0) | RCC_APB2ENR_USART1EN;
    GPIO_BSRR(0) = 1u << 10; // pull-up of PA10
    GPIO_CR(0, 9u) =
        (GPIO_CR(0, 9u) & ~0xff0u) | GPIO_MODE_AF_PUSH_PULL << 4 | GPIO_MODE_INPUT_PULL << 8;
    USART1_BRR = CLOCK_HZ / BOARD_RATE;
    USART1_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
    systick_start(&systick, CLOCK_HZ);
}

uint32_t board_ms(void) {
    return systick_ms(&systick);
}

bool board_receive(uint8_t *byte) {
    // Reading SR and then DR also ends an overrun, which would block reception.
    if ((USART1_SR & (USART_SR_RXNE | USART_SR_ORE)) == 0) {
        return false;
    }
    *byte = (uint8_t)USART1_DR;
    return true;
}

bool board_can_send(void) {
    return (USART1_SR & USART_SR_TXE) != 0;
}

void board_send(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    for (size_t i = 0; i < size; i++) {
        while (!board_can_send()) {
        }
        USART1_DR = bytes[i];
    }
}

void board_flush(void *context) {
    (void)context;
    while ((USART1_SR & USART_SR_TC) == 0) {
    }
}

bool board_program(void *context, uint32_t address, uint16_t value) {
    (void)context;
    return flash_program(address, value);
}

void board_print(const char *text) {
    for (; *text != '\0'; text++) {
        board_send(NULL, (const uint8_t *)text, 1);
    }
}

void board_watchdog_start(void) {
    IWDG_KR = IWDG_KEY_START; // period as after a reset: 4096 * 4 / 40 kHz
}

void board_watchdog_feed(void) {
    IWDG_KR = IWDG_KEY_FEED;
}
