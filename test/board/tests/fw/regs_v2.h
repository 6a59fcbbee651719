// Registers of F0 and F3 that the test firmwares touch (RM0091, RM0316). F0 or F3 is defined.
#ifndef TEST_FW_REGS_V2_H
#define TEST_FW_REGS_V2_H

#include "common.h"

#define RCC_CFGR2      REG(0x4002102C)
#define RCC_CFGR3      REG(0x40021030)
#define SYSCFG_CFGR1   REG(0x40010000)
#define GPIOA_MODER    REG(0x48000000)
#define GPIOA_PUPDR    REG(0x4800000C)
#define GPIOA_IDR      REG(0x48000010)
#define GPIOA_ODR      REG(0x48000014)
#define GPIOA_BSRR     REG(0x48000018)
#define GPIOA_AFRH     REG(0x48000024)
#define GPIOA_BRR      REG(0x48000028)
#define USART_CR1      REG(0x40013800)
#define USART_CR2      REG(0x40013804)
#define USART_CR3      REG(0x40013808)
#define USART_BRR      REG(0x4001380C)
#define USART_RQR      REG(0x40013818)
#define USART_ISR      REG(0x4001381C)
#define USART_ICR      REG(0x40013820)
#define USART_RDR      REG(0x40013824)
#define USART_TDR_ADDR 0x40013828u
#define USART_RDR_ADDR 0x40013824u
#define USART_TDR      REG(USART_TDR_ADDR)
#define IWDG_WINR      REG(0x40003010)
#define PWR_CR         REG(0x40007000)
#define RTC_BKP(n)     REG(0x40002850 + 4 * (n))

#ifdef F0
#define HZ        48000000u
#define UART_AF   1u
#define DMA_RX    3
#define DMA_TX    2
#define USART_IRQ 27
#else
#define HZ        64000000u
#define UART_AF   7u
#define DMA_RX    5
#define DMA_TX    4
#define USART_IRQ 37
#endif

static inline void clock_start(void) {
#ifdef F0
    FLASH_ACR = 0x11;     // prefetch, one wait state
    RCC_CFGR = 10u << 18; // HSI / 2 * 12
#else
    FLASH_ACR = 0x12;
    RCC_CFGR = 14u << 18 | 4u << 8; // HSI / 2 * 16, PCLK1 = HCLK / 2
#endif
    pll_start();
}

// USART1 on PA9/PA10.
static inline void uart_open(uint32_t baud) {
    RCC_AHBENR |= 1u << 17;
    RCC_APB2ENR |= 1u << 14;
    GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0u) | UART_AF << 4 | UART_AF << 8;
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;
    USART_BRR = HZ / baud;
    USART_CR1 = 0x0D; // UE, RE, TE
}

static inline void put(uint8_t c) {
    while (!(USART_ISR & 0x80u)) {
    }
    USART_TDR = c;
}

static inline int get(void) {
    while (!(USART_ISR & 0x20u)) {
    }
    return (int)(USART_RDR & 0xFFu);
}

static inline void flush(void) {
    while (!(USART_ISR & 0x40u)) {
    }
}

#endif
