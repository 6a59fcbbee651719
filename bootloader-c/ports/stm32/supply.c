// RM0008 and RM0316 sections on PWR, RM0091 section 6: the same bits in all three families. The
// threshold has some 100 mV of hysteresis (DS5319 table 11).
#include "supply.h"

#include "board.h"
#include "stm32.h"

#if BOARD_SUPPLY_MV > 0

#define PWR_CR  REG32(0x40007000u)
#define PWR_CSR REG32(0x40007004u)

#define RCC_APB1ENR_PWREN (1u << 28)
#define PWR_CR_PVDE       (1u << 4)
#define PWR_CR_PLS(level) ((level) << 5)
#define PWR_CSR_PVDO      (1u << 2) // below the threshold

#define LOWEST_MV 2200u
#define STEP_MV   100u

void supply_start(void) {
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    PWR_CR = PWR_CR_PLS((BOARD_SUPPLY_MV - LOWEST_MV) / STEP_MV) | PWR_CR_PVDE;
}

bool supply_low(void) {
    return (PWR_CSR & PWR_CSR_PVDO) != 0;
}

#endif
