// Flash controller: one page erased, one half-word programmed. PM0075, section 2.3.
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stdint.h>

bool flash_erase_page(uint32_t address);
bool flash_program(uint32_t address, uint16_t value);

#endif
