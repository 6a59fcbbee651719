#include "clock.h"

#include "board.h"
#include "family.h"

#define HSI_HZ 8000000u
#define WAITS                                                                                      \
    20000u // reads; PLL lock takes 200 us at most (DS5319, table 27), about 1600 clocks of HSI

static bool wait(volatile uint32_t *reg, uint32_t mask, uint32_t value) {
    for (uint32_t i = 0; i < WAITS; i++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

// As after a reset: ST's ROM bootloader, which starts a new unit's bootloader, leaves the PLL on,
// and a PLL that is on can not be set (RM0008 section 7.3.2).
static void clock_to_hsi(void) {
    RCC_CFGR &= ~RCC_CFGR_SW;
    (void)wait(&RCC_CFGR, RCC_CFGR_SWS, 0);
    RCC_CR &= ~RCC_CR_PLLON;
    (void)wait(&RCC_CR, RCC_CR_PLLRDY, 0);
}

uint32_t clock_start(void) {
    clock_to_hsi();
    if (BOARD_FLASH_WAIT_STATES > 0) { // value line parts have neither latency nor prefetch
        FLASH_ACR = FLASH_ACR_PRFTBE | BOARD_FLASH_WAIT_STATES;
    }
    RCC_CFGR = RCC_CFGR_PLLMUL(BOARD_PLL_MULTIPLIER) | RCC_CFGR_BUSES; // source is HSI / 2
    RCC_CR |= RCC_CR_PLLON;
    if (wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        RCC_CFGR |= RCC_CFGR_SW_PLL;
        if (wait(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL)) {
            return BOARD_CLOCK_HZ;
        }
        RCC_CFGR &= ~RCC_CFGR_SW;
    }
    RCC_CR &= ~RCC_CR_PLLON;
    return HSI_HZ;
}
