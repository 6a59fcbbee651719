// What each operation of the flash controller begins and ends with, inline: also for code in RAM.
#ifndef FLASH_STEPS_H
#define FLASH_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "stm32.h"

#define FLASH_WAITS                                                                                \
    5000000u // reads of SR: over half a second at 64 MHz; a worn page may take longer than the 40
             // ms specified
#define FLASH_ERRORS (FLASH_SR_PGERR | FLASH_SR_WRPRTERR)

#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE bool flash_wait_ready(void) {
    for (uint32_t i = 0; i < FLASH_WAITS; i++) {
        if ((FLASH_SR & FLASH_SR_BSY) == 0) {
            return true;
        }
    }
    return false;
}

static ALWAYS_INLINE bool flash_begin(uint32_t operation) {
    if (!flash_wait_ready()) {
        return false;
    }
    // Some clones say unlocked when they are locked, so the keys are always given; to a controller
    // that is really unlocked they would be wrong.
    if ((FLASH_CR & FLASH_CR_LOCK) == 0) {
        FLASH_CR = FLASH_CR_LOCK;
    }
    FLASH_KEYR = FLASH_KEY1;
    FLASH_KEYR = FLASH_KEY2;
    FLASH_SR = FLASH_ERRORS | FLASH_SR_EOP;
    FLASH_CR = operation;
    return true;
}

// Errors count only once BSY is gone. EOP is not asked for: not every clone has it, and the core
// reads back what was done. The controller is locked whenever no operation runs.
static ALWAYS_INLINE bool flash_finish(void) {
    data_barrier(); // also the cycle that BSY needs to appear
    bool ready = flash_wait_ready();
    uint32_t status = FLASH_SR;
    FLASH_CR = FLASH_CR_LOCK;
    return ready && (status & FLASH_ERRORS) == 0;
}

static ALWAYS_INLINE bool flash_half_word(uint32_t address, uint16_t value) {
    if (!flash_begin(FLASH_CR_PG)) {
        return false;
    }
    *(volatile uint16_t *)(uintptr_t)address = value;
    return flash_finish();
}

#endif
