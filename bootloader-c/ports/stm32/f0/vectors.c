// Vector tables on a Cortex-M0: its table is at address 0, where the STM32F0 can show SRAM instead
// of flash. RM0091, SYSCFG_CFGR1.
#include "cortexm.h"
#include "iap_protocol.h"
#include "stm32.h"

#define SRAM         0x20000000u
#define SYSCFG_CFGR1 REG32(0x40010000u)

#define RCC_APB2ENR_SYSCFGEN 1u
#define CFGR1_MEM_MODE       3u // all ones: SRAM; as the boot pins say after every reset

void vectors_use(uint32_t address) {
    const uint32_t *from = (const uint32_t *)(uintptr_t)address;
    uint32_t *to = (uint32_t *)SRAM;
    for (uint32_t i = 0; i < IAP_VECTOR_WORDS_M0; i++) {
        to[i] = from[i];
    }
    RCC_APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC_APB2ENR; // the clock needs two cycles
    SYSCFG_CFGR1 |= CFGR1_MEM_MODE;
    data_barrier();
}

// Flash at address 0, as a reset with BOOT0 low has it.
void vectors_own(uint32_t address) {
    (void)address;
    RCC_APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC_APB2ENR;
    SYSCFG_CFGR1 &= ~CFGR1_MEM_MODE;
    data_barrier();
}

uint32_t vectors_address(void) {
    return (RCC_APB2ENR & RCC_APB2ENR_SYSCFGEN) != 0 &&
                   (SYSCFG_CFGR1 & CFGR1_MEM_MODE) == CFGR1_MEM_MODE
               ? SRAM
               : 0;
}
