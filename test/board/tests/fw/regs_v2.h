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
#define GPIOA_BRR      REG(0x48000028)
#define USART_CR1      REG(USART + 0x00)
#define USART_CR2      REG(USART + 0x04)
#define USART_CR3      REG(USART + 0x08)
#define USART_BRR      REG(USART + 0x0C)
#define USART_RQR      REG(USART + 0x18)
#define USART_ISR      REG(USART + 0x1C)
#define USART_ICR      REG(USART + 0x20)
#define USART_RDR_ADDR (USART + 0x24)
#define USART_RDR      REG(USART_RDR_ADDR)
#define USART_TDR      REG(USART + 0x28)
#define IWDG_WINR      REG(0x40003010)
#define PWR_CR         REG(0x40007000)
#define RTC_BKP(n)     REG(0x40002850 + 4 * (n))

#ifdef F0
#define HZ      48000000u
#define UART_AF 1u
#else
#define HZ      64000000u
#define UART_AF 7u
#endif

#ifdef UART2 // PA2, PA3
#define USART      0x40004400u
#define UART_PIN   2u
#define UART_CLOCK REG(0x4002101C)
#define UART_GATE  17u
#define UART_HZ    (HZ == 64000000u ? HZ / 2 : HZ) // PCLK1
#ifdef F0
#define DMA_RX    5
#define DMA_IRQ   11
#define USART_IRQ 28
#else
#define DMA_RX    6
#define DMA_IRQ   16
#define USART_IRQ 38
#endif
#else // PA9, PA10
#define USART      0x40013800u
#define UART_PIN   9u
#define UART_CLOCK RCC_APB2ENR
#define UART_GATE  14u
#define UART_HZ    HZ
#ifdef F0
#define DMA_RX    3
#define DMA_IRQ   10
#define USART_IRQ 27
#else
#define DMA_RX    5
#define DMA_IRQ   15
#define USART_IRQ 37
#endif
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

static inline void pin_function(uint32_t pin) {
    volatile uint32_t *afr = &REG(0x48000020 + 4 * (pin / 8));
    *afr = (*afr & ~(0xFu << (4 * (pin % 8)))) | UART_AF << (4 * (pin % 8));
    GPIOA_MODER = (GPIOA_MODER & ~(3u << (2 * pin))) | 2u << (2 * pin);
}

static inline void uart_open(uint32_t baud) {
    RCC_AHBENR |= 1u << 17;
    UART_CLOCK |= 1u << UART_GATE;
    pin_function(UART_PIN);
    pin_function(UART_PIN + 1);
    USART_BRR = UART_HZ / baud;
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
