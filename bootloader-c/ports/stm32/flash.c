#include "flash.h"

#include "flash_steps.h"

bool flash_erase_page(uint32_t address) {
    if (!flash_begin(FLASH_CR_PER)) {
        return false;
    }
    FLASH_AR = address;
    FLASH_CR = FLASH_CR_PER | FLASH_CR_STRT;
    return flash_finish();
}

bool flash_program(uint32_t address, uint16_t value) {
    return flash_half_word(address, value);
}
