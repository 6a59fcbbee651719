// F1's registers that the test firmwares touch (RM0008), and the start of each firmware.
#ifndef TEST_FW_REGS_H
#define TEST_FW_REGS_H

#include "common.h"

#define GPIOA_CRL  REG(0x40010800)
#define GPIOA_CRH  REG(0x40010804)
#define GPIOA_IDR  REG(0x40010808)
#define GPIOA_BSRR REG(0x40010810)
#define USART_SR   REG(0x40013800)
#define USART_DR   REG(0x40013804)
#define USART_BRR  REG(0x40013808)
#define USART_CR1  REG(0x4001380C)
#define USART_CR3  REG(0x40013814)

// 64 MHz from HSI, USART1 on PA9/PA10 at `baud`.
static inline void clock_64mhz(void) {
    FLASH_ACR = 0x12;               // prefetch, two wait states
    RCC_CFGR = 14u << 18 | 4u << 8; // HSI / 2 * 16, PCLK1 = HCLK / 2
    pll_start();
}

static inline void uart_open(uint32_t brr) {
    RCC_APB2ENR |= 1u << 2 | 1u << 14;
    GPIOA_CRH = (GPIOA_CRH & ~0xFF0u) | 0x4B0u; // PA9 AF push-pull 50 MHz, PA10 floating in
    USART_BRR = brr;
    USART_CR1 = 0x200C; // UE, TE, RE
}

static inline void put(uint8_t c) {
    while (!(USART_SR & 0x80u)) {
    }
    USART_DR = c;
}

static inline int get(void) {
    while (!(USART_SR & 0x20u)) {
    }
    return (int)(USART_DR & 0xFFu);
}

static inline void flush(void) {
    while (!(USART_SR & 0x40u)) {
    }
}

#endif
