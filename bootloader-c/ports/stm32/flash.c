#include "flash.h"

#include "stm32.h"

#define WAITS                                                                                      \
    5000000u // reads of SR: over half a second at 64 MHz; a worn page may take longer than the 40
             // ms specified
#define ERRORS (FLASH_SR_PGERR | FLASH_SR_WRPRTERR)

static bool wait_ready(void) {
    for (uint32_t i = 0; i < WAITS; i++) {
        if ((FLASH_SR & FLASH_SR_BSY) == 0) {
            return true;
        }
    }
    return false;
}

static bool begin(uint32_t operation) {
    if (!wait_ready()) {
        return false;
    }
    // Some clones say unlocked when they are locked, so the keys are always given; to a controller
    // that is really unlocked they would be wrong.
    if ((FLASH_CR & FLASH_CR_LOCK) == 0) {
        FLASH_CR = FLASH_CR_LOCK;
    }
    FLASH_KEYR = FLASH_KEY1;
    FLASH_KEYR = FLASH_KEY2;
    FLASH_SR = ERRORS | FLASH_SR_EOP;
    FLASH_CR = operation;
    return true;
}

// Errors count only once BSY is gone. EOP is not asked for: not every clone has it, and the core
// reads back what was done. The controller is locked whenever no operation runs.
static bool finish(void) {
    data_barrier(); // also the cycle that BSY needs to appear
    bool ready = wait_ready();
    uint32_t status = FLASH_SR;
    FLASH_CR = FLASH_CR_LOCK;
    return ready && (status & ERRORS) == 0;
}

bool flash_erase_page(uint32_t address) {
    if (!begin(FLASH_CR_PER)) {
        return false;
    }
    FLASH_AR = address;
    FLASH_CR = FLASH_CR_PER | FLASH_CR_STRT;
    return finish();
}

bool flash_program(uint32_t address, uint16_t value) {
    if (!begin(FLASH_CR_PG)) {
        return false;
    }
    *(volatile uint16_t *)(uintptr_t)address = value;
    return finish();
}
