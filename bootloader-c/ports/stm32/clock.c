#include "clock.h"

#include "board.h"
#include "family.h"

#define HSI_HZ 8000000u

// Reads, some 20 ms at 8 MHz. A PLL locks within 200 us (DS5319, table 27), a crystal starts within
// a few ms.
#define WAITS 20000u

static uint32_t reset_flash_acr;

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

static bool pll_start(uint32_t settings) {
    RCC_CFGR = settings | RCC_CFGR_BUSES;
    RCC_CR |= RCC_CR_PLLON;
    if (wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        RCC_CFGR |= RCC_CFGR_SW_PLL;
        if (wait(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL)) {
            return true;
        }
    }
    clock_to_hsi();
    return false;
}

static bool hse_start(void) {
    RCC_CR |= RCC_CR_HSEON | (BOARD_HSE_BYPASS ? RCC_CR_HSEBYP : 0);
    return wait(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

uint32_t clock_start(void) {
    reset_flash_acr = FLASH_ACR;
    clock_to_hsi();
    if (BOARD_FLASH_WAIT_STATES > 0) { // value line parts have neither latency nor prefetch
        FLASH_ACR = FLASH_ACR_PRFTBE | BOARD_FLASH_WAIT_STATES;
    }
    if (BOARD_HSE_HZ > 0 && hse_start() &&
        pll_start(RCC_CFGR_PLLSRC_HSE | (BOARD_HSE_DIVIDER == 2 ? RCC_CFGR_PLLXTPRE : 0) |
                  RCC_CFGR_PLLMUL(BOARD_PLL_MULTIPLIER))) {
        return BOARD_CLOCK_HZ;
    }
    RCC_CR &= ~RCC_CR_HSEON;
    return pll_start(RCC_CFGR_PLLMUL(BOARD_HSI_MULTIPLIER)) ? BOARD_HSI_CLOCK_HZ : HSI_HZ;
}

void clock_stop(void) {
    clock_to_hsi();
    RCC_CR &= ~RCC_CR_HSEON;
    (void)wait(&RCC_CR, RCC_CR_HSERDY, 0);
    RCC_CR &= ~RCC_CR_HSEBYP; // can be written only now
    RCC_CFGR = 0;
    FLASH_ACR = reset_flash_acr;
}
