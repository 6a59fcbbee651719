// The board of the examples on an STM32F1: USART1 on PA9 and PA10, 8 MHz HSI as after a reset.
// Registers as a product has them from its CMSIS header. RM0008.
#include "board_support.h"
#include "iap_board.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define CLOCK_HZ 8000000u

#define RCC_APB2ENR          REG(0x40021018u)
#define RCC_APB2ENR_IOPAEN   (1u << 2)
#define RCC_APB2ENR_USART1EN (1u << 14)

#define GPIOA_CRL       REG(0x40010800u)
#define GPIOA_CRL_PA1   (0xfu << 4)
#define GPIOA_CRH       REG(0x40010804u)
#define GPIOA_CRH_PA9   (0xfu << 4)
#define GPIOA_CRH_PA10  (0xfu << 8)
#define GPIO_ALTERNATE  0xbu // push-pull
#define GPIO_INPUT_PULL 0x8u
#define GPIOA_IDR       REG(0x40010808u)
#define GPIOA_BSRR      REG(0x40010810u)

#define USART1_SR     REG(0x40013800u)
#define USART1_DR     REG(0x40013804u)
#define USART1_BRR    REG(0x40013808u)
#define USART1_CR1    REG(0x4001380cu)
#define USART_SR_ORE  (1u << 3)
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TC   (1u << 6)
#define USART_SR_TXE  (1u << 7)
#define USART_CR1_RE  (1u << 2)
#define USART_CR1_TE  (1u << 3)
#define USART_CR1_UE  (1u << 13)

#define SYST_CSR         REG(0xe000e010u)
#define SYST_RVR         REG(0xe000e014u)
#define SYST_CVR         REG(0xe000e018u)
#define SYST_CSR_ENABLE  1u
#define SYST_CSR_CORE    (1u << 2)  // counts HCLK
#define SYST_CSR_WRAPPED (1u << 16) // since last read

#define IWDG_KR        REG(0x40003000u)
#define IWDG_KEY_START 0xccccu
#define IWDG_KEY_FEED  0xaaaau

static uint32_t ms;

void board_start(void) {
    RCC_APB2ENR |= RCC_APB2ENR_IOPAEN | RCC_APB2ENR_USART1EN;
    GPIOA_BSRR = 1u << 10; // pull-up; PA1 as after a reset: pull-down
    GPIOA_CRL = (GPIOA_CRL & ~GPIOA_CRL_PA1) | GPIO_INPUT_PULL << 4;
    GPIOA_CRH = (GPIOA_CRH & ~(GPIOA_CRH_PA9 | GPIOA_CRH_PA10)) | GPIO_ALTERNATE << 4 |
                GPIO_INPUT_PULL << 8;
    USART1_BRR = CLOCK_HZ / IAP_BOARD_RATE;
    USART1_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
    SYST_RVR = CLOCK_HZ / 1000u - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_CORE;
}

uint32_t board_ms(void) {
    if ((SYST_CSR & SYST_CSR_WRAPPED) != 0) {
        ms++;
    }
    return ms;
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

void board_print(const char *text) {
    for (; *text != '\0'; text++) {
        board_send(NULL, (const uint8_t *)text, 1);
    }
}

bool board_motor_turns(void) {
    return (GPIOA_IDR & 1u << 1) != 0;
}

void board_watchdog_start(void) {
    IWDG_KR = IWDG_KEY_START; // period as after a reset: 4096 * 4 / 40 kHz
}

void board_watchdog_feed(void) {
    IWDG_KR = IWDG_KEY_FEED;
}
