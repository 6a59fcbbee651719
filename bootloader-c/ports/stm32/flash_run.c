// A run of half-words, from RAM, whose instructions come without the flash's wait states.
#include "board.h"
#include "flash.h"
#include "flash_steps.h"
#include "iap_bytes.h"

// With less RAM every byte of it is the ring's, or what the application keeps over a reset.
#define RAM_FOR_CODE (20u * 1024u)

#if BOARD_RAM_END - BOARD_RAM_BASE >= RAM_FOR_CODE
#define IN_RAM __attribute__((section(".RamFunc"), noinline))
#else
#define IN_RAM
#endif

IN_RAM size_t flash_program_run(uint32_t address, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 2) {
        uint16_t value = iap_get16(bytes + i);
        if (value != 0xffff && !flash_half_word(address + i, value)) {
            return i;
        }
    }
    return size;
}
