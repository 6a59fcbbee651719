// Flash controller: one page erased, half-words programmed. PM0075, section 2.3.
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool flash_erase_page(uint32_t address);
bool flash_program(uint32_t address, uint16_t value);

// As iap_port.h says of program_run.
size_t flash_program_run(uint32_t address, const uint8_t *bytes, size_t size);

#endif
