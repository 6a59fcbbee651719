// The registers that the STM32F1 port uses. Reference manuals RM0008 (F103) and RM0041 (F100),
// PM0075 (flash).
#ifndef STM32F1_REGISTERS_H
#define STM32F1_REGISTERS_H

#include "cortexm.h"

// RCC, RM0008 section 7.3
#define RCC_CR      REG32(0x40021000u)
#define RCC_CFGR    REG32(0x40021004u)
#define RCC_AHBENR  REG32(0x40021014u)
#define RCC_APB2ENR REG32(0x40021018u)
#define RCC_CSR     REG32(0x40021024u)

#define RCC_CR_PLLON         (1u << 24)
#define RCC_CR_PLLRDY        (1u << 25)
#define RCC_CFGR_SW          3u
#define RCC_CFGR_SW_PLL      2u
#define RCC_CFGR_SWS         (3u << 2)
#define RCC_CFGR_SWS_PLL     (2u << 2)
#define RCC_CFGR_PPRE1_DIV2  (4u << 8) // APB1 may run at 36 MHz only
#define RCC_CFGR_PLLMUL(mul) (((mul)-2u) << 18)
#define RCC_AHBENR_DMA1EN    1u
#define RCC_APB2ENR_IOPEN(n) (1u << (2u + (n))) // n: 0 for GPIOA
#define RCC_APB2ENR_USART1EN (1u << 14)

// GPIO, RM0008 section 9.2; n: 0 for GPIOA
#define GPIO_CR(n, pin) REG32(0x40010800u + 0x400u * (n) + ((pin) < 8 ? 0u : 4u))
#define GPIO_IDR(n)     REG32(0x40010808u + 0x400u * (n))
#define GPIO_BSRR(n)    REG32(0x40010810u + 0x400u * (n))

#define GPIO_MODE_AF_PUSH_PULL 0xbu // 50 MHz
#define GPIO_MODE_INPUT_PULL   0x8u // direction from ODR

// USART1, RM0008 section 27.6
#define USART1_SR  REG32(0x40013800u)
#define USART1_DR  REG32(0x40013804u)
#define USART1_BRR REG32(0x40013808u)
#define USART1_CR1 REG32(0x4001380cu)
#define USART1_CR3 REG32(0x40013814u)

#define USART_SR_ORE   (1u << 3)
#define USART_SR_TC    (1u << 6)
#define USART_SR_TXE   (1u << 7)
#define USART_CR1_RE   (1u << 2)
#define USART_CR1_TE   (1u << 3)
#define USART_CR1_UE   (1u << 13)
#define USART_CR3_DMAR (1u << 6)
#define USART_BRR_MIN  16u

// DMA1 channel 5 serves USART1_RX, RM0008 section 13.4
#define DMA1_CCR5   REG32(0x40020058u)
#define DMA1_CNDTR5 REG32(0x4002005cu)
#define DMA1_CPAR5  REG32(0x40020060u)
#define DMA1_CMAR5  REG32(0x40020064u)

#define DMA_CCR_EN   1u
#define DMA_CCR_CIRC (1u << 5)
#define DMA_CCR_MINC (1u << 7)
#define DMA_CCR_PL   (3u << 12) // very high: the bus must not keep reception waiting

// Flash controller, PM0075 section 3
#define FLASH_ACR  REG32(0x40022000u)
#define FLASH_KEYR REG32(0x40022004u)
#define FLASH_SR   REG32(0x4002200cu)
#define FLASH_CR   REG32(0x40022010u)
#define FLASH_AR   REG32(0x40022014u)

#define FLASH_ACR_PRFTBE  (1u << 4)
#define FLASH_KEY1        0x45670123u
#define FLASH_KEY2        0xcdef89abu
#define FLASH_SR_BSY      1u
#define FLASH_SR_PGERR    (1u << 2)
#define FLASH_SR_WRPRTERR (1u << 4)
#define FLASH_SR_EOP      (1u << 5)
#define FLASH_CR_PG       1u
#define FLASH_CR_PER      (1u << 1)
#define FLASH_CR_STRT     (1u << 6)
#define FLASH_CR_LOCK     (1u << 7)

// Independent watchdog, RM0008 section 19.4
#define IWDG_KR  REG32(0x40003000u)
#define IWDG_PR  REG32(0x40003004u)
#define IWDG_RLR REG32(0x40003008u)

#define IWDG_KEY_UNLOCK 0x5555u
#define IWDG_KEY_FEED   0xaaaau
#define IWDG_PR_256     6u
#define IWDG_RLR_MAX    0xfffu

#endif
