// Where a function is in a firmware, by the symbols of the ELF file that it was made from.
#ifndef EXPLORE_SYMBOL_H
#define EXPLORE_SYMBOL_H

#include <stdint.h>

// 0: no such file, or not exactly one function of that name (with or without what link-time
// optimisation appends to it), or it is not what the binary has there.
uint32_t symbol_find(const char *elf, const char *name, const uint8_t *binary, uint32_t base,
                     uint32_t size);

#endif
