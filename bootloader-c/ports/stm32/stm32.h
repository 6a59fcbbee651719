// The registers that are the same on STM32F0, F1 and F3: reset and clock control, flash controller,
// DMA, watchdog. Reference manuals RM0091 and RM0360 (F0), RM0008 and RM0041 (F1), RM0316 (F3);
// PM0075 for the flash of the F1.
#ifndef STM32_H
#define STM32_H

#include "cortexm.h"

// Reset and clock control
#define RCC_CR       REG32(0x40021000u)
#define RCC_CFGR     REG32(0x40021004u)
#define RCC_APB2RSTR REG32(0x4002100cu)
#define RCC_APB1RSTR REG32(0x40021010u)
#define RCC_AHBENR   REG32(0x40021014u)
#define RCC_APB2ENR  REG32(0x40021018u)
#define RCC_APB1ENR  REG32(0x4002101cu)
#define RCC_CSR      REG32(0x40021024u)

#define RCC_CR_HSEON         (1u << 16)
#define RCC_CR_HSERDY        (1u << 17)
#define RCC_CR_HSEBYP        (1u << 18)
#define RCC_CR_PLLON         (1u << 24)
#define RCC_CR_PLLRDY        (1u << 25)
#define RCC_CFGR_SW          3u
#define RCC_CFGR_SW_PLL      2u
#define RCC_CFGR_SWS         (3u << 2)
#define RCC_CFGR_SWS_PLL     (2u << 2)
#define RCC_CFGR_PPRE1_DIV2  (4u << 8)
#define RCC_CFGR_PLLSRC_HSE  (1u << 16)
#define RCC_CFGR_PLLXTPRE    (1u << 17) // HSE / 2
#define RCC_CFGR_PLLMUL(mul) (((mul)-2u) << 18)
#define RCC_AHBENR_DMA1EN    1u
#define RCC_AHBENR_CRCEN     (1u << 6)

// DMA controller
#define DMA1_CCR(channel)   REG32(0x40020008u + 20u * ((channel)-1u))
#define DMA1_CNDTR(channel) REG32(0x4002000cu + 20u * ((channel)-1u))
#define DMA1_CPAR(channel)  REG32(0x40020010u + 20u * ((channel)-1u))
#define DMA1_CMAR(channel)  REG32(0x40020014u + 20u * ((channel)-1u))
#define DMA1_CSELR          REG32(0x400200a8u) // STM32F09x and F030xC only

#define DMA_CCR_EN   1u
#define DMA_CCR_CIRC (1u << 5)
#define DMA_CCR_MINC (1u << 7)
#define DMA_CCR_PL   (3u << 12) // very high: the bus must not keep reception waiting

// Flash controller
#define FLASH_ACR  REG32(0x40022000u)
#define FLASH_KEYR REG32(0x40022004u)
#define FLASH_SR   REG32(0x4002200cu)
#define FLASH_CR   REG32(0x40022010u)
#define FLASH_AR   REG32(0x40022014u)
#define FLASH_OBR  REG32(0x4002201cu)
#define FLASH_WRPR REG32(0x40022020u)

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
#define FLASH_OBR_RDPRT   (1u << 1)
#define FLASH_WRPR_UNIT   4096u // bytes of flash that a bit protects while it is 0

// CRC unit
#define CRC_DR REG32(0x40023000u)
#define CRC_CR REG32(0x40023008u)

#define CRC_CR_RESET 1u

// Independent watchdog
#define IWDG_KR  REG32(0x40003000u)
#define IWDG_PR  REG32(0x40003004u)
#define IWDG_RLR REG32(0x40003008u)
#define IWDG_SR  REG32(0x4000300cu)

#define IWDG_KEY_UNLOCK 0x5555u
#define IWDG_KEY_FEED   0xaaaau
#define IWDG_PR_256     6u
#define IWDG_RLR_MAX    0xfffu

#endif
