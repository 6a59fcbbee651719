// What the test firmwares have in common: registers that F0, F1 and F3 have alike, and printing.
#ifndef TEST_FW_COMMON_H
#define TEST_FW_COMMON_H

#include <stdint.h>

#define REG(a)   (*(volatile uint32_t *)(a))
#define REG16(a) (*(volatile uint16_t *)(a))
#define REG8(a)  (*(volatile uint8_t *)(a))

#define RCC_CR       REG(0x40021000)
#define RCC_CFGR     REG(0x40021004)
#define RCC_AHBENR   REG(0x40021014)
#define RCC_APB2ENR  REG(0x40021018)
#define RCC_APB1ENR  REG(0x4002101C)
#define RCC_CSR      REG(0x40021024)
#define FLASH_ACR    REG(0x40022000)
#define FLASH_KEYR   REG(0x40022004)
#define FLASH_SR     REG(0x4002200C)
#define FLASH_CR     REG(0x40022010)
#define FLASH_AR     REG(0x40022014)
#define FLASH_WRPR   REG(0x40022020)
#define DMA_ISR      REG(0x40020000)
#define DMA_IFCR     REG(0x40020004)
#define DMA_CCR(n)   REG(0x40020008 + 20 * ((n)-1))
#define DMA_CNDTR(n) REG(0x4002000C + 20 * ((n)-1))
#define DMA_CPAR(n)  REG(0x40020010 + 20 * ((n)-1))
#define DMA_CMAR(n)  REG(0x40020014 + 20 * ((n)-1))
#define IWDG_KR      REG(0x40003000)
#define IWDG_PR      REG(0x40003004)
#define IWDG_RLR     REG(0x40003008)
#define IWDG_SR      REG(0x4000300C)
#define STK_CTRL     REG(0xE000E010)
#define STK_LOAD     REG(0xE000E014)
#define STK_VAL      REG(0xE000E018)
#define NVIC_ISER(n) REG(0xE000E100 + 4 * (n))
#define NVIC_ISPR(n) REG(0xE000E200 + 4 * (n))
#define NVIC_IPR(n)  (*(volatile uint8_t *)(0xE000E400 + (n)))
#define SCB_ICSR     REG(0xE000ED04)
#define SCB_VTOR     REG(0xE000ED08)
#define SCB_AIRCR    REG(0xE000ED0C)
#define SCB_SCR      REG(0xE000ED10)
#define SCB_CCR      REG(0xE000ED14)
#define SCB_SHPR(n)  (*(volatile uint8_t *)(0xE000ED18 + (n)-4))
#define SCB_SHCSR    REG(0xE000ED24)
#define SCB_CFSR     REG(0xE000ED28)
#define SCB_HFSR     REG(0xE000ED2C)
#define SCB_BFAR     REG(0xE000ED38)
#define DWT_CTRL     REG(0xE0001000)
#define DWT_CYCCNT   REG(0xE0001004)

#ifdef F0
#define TIM1_IRQ 13
#define TIM3_IRQ 16
#define TIM6_IRQ 17
#else
#define TIM1_IRQ 25
#define TIM3_IRQ 29
#define TIM6_IRQ 54
#endif

#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu

#define RAMCODE __attribute__((section(".ramcode"), noinline, long_call))

static inline void put(uint8_t c); // the family's

// PLL from HSI, after CFGR is set up.
static inline void pll_start(void) {
    RCC_CR |= 1u << 24;
    while (!(RCC_CR & 1u << 25)) {
    }
    RCC_CFGR |= 2;
    while ((RCC_CFGR & 12u) != 8u) {
    }
}

static inline void put_str(const char *s) {
    while (*s) {
        put((uint8_t)*s++);
    }
}

static inline void put_hex(uint32_t v) {
    for (int i = 28; i >= 0; i -= 4) {
        put((uint8_t) "0123456789abcdef"[v >> i & 15u]);
    }
    put(' ');
}

#endif
