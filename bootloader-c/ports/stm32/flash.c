#include "flash.h"

#include "board.h"
#include "iap_bytes.h"
#include "stm32.h"

#define WAITS                                                                                      \
    5000000u // reads of SR: over half a second at 64 MHz; a worn page may take longer than the 40
             // ms specified
#define ERRORS (FLASH_SR_PGERR | FLASH_SR_WRPRTERR)

// With less RAM every byte of it is the ring's, or what the application keeps over a reset.
#define RAM_FOR_CODE (20u * 1024u)

#define ALWAYS_INLINE inline __attribute__((always_inline))
#if BOARD_RAM_END - BOARD_RAM_BASE >= RAM_FOR_CODE
#define IN_RAM __attribute__((section(".RamFunc"), noinline))
#else
#define IN_RAM
#endif

static ALWAYS_INLINE bool wait_ready(void) {
    for (uint32_t i = 0; i < WAITS; i++) {
        if ((FLASH_SR & FLASH_SR_BSY) == 0) {
            return true;
        }
    }
    return false;
}

static ALWAYS_INLINE bool begin(uint32_t operation) {
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
static ALWAYS_INLINE bool finish(void) {
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

static ALWAYS_INLINE bool program(uint32_t address, uint16_t value) {
    if (!begin(FLASH_CR_PG)) {
        return false;
    }
    *(volatile uint16_t *)(uintptr_t)address = value;
    return finish();
}

bool flash_program(uint32_t address, uint16_t value) {
    return program(address, value);
}

// From RAM, whose instructions come without the flash's wait states.
IN_RAM size_t flash_program_run(uint32_t address, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 2) {
        uint16_t value = iap_get16(bytes + i);
        if (value != 0xffff && !program(address + i, value)) {
            return i;
        }
    }
    return size;
}
