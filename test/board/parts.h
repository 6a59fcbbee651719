// The parts the virtual board can be. One row a part; families live in src/family_*.c.
#ifndef BOARD_PARTS_H
#define BOARD_PARTS_H

#include <stdint.h>

enum board_family { BOARD_FAMILY_F0, BOARD_FAMILY_F1, BOARD_FAMILY_F3 };
enum board_core { BOARD_CORE_M0, BOARD_CORE_M3, BOARD_CORE_M4 };

struct board_part {
    const char *name;
    enum board_family family;
    enum board_core core;
    uint32_t flash_size;          // bytes
    uint32_t page_size;           // bytes
    uint32_t ram_size;            // bytes
    uint16_t dev_id;              // DBGMCU_IDCODE bits 11:0
    uint32_t flash_size_register; // address of the 16-bit size in KB
    uint32_t unique_id;           // address of the 96-bit id
    uint32_t max_hz;              // highest HCLK
};

static const struct board_part board_parts[] = {
    {"stm32f103xe", BOARD_FAMILY_F1, BOARD_CORE_M3, 512 * 1024, 2048, 64 * 1024, 0x414, 0x1FFFF7E0,
     0x1FFFF7E8, 72000000},
    {"stm32f103xb", BOARD_FAMILY_F1, BOARD_CORE_M3, 128 * 1024, 1024, 20 * 1024, 0x410, 0x1FFFF7E0,
     0x1FFFF7E8, 72000000},
    {"stm32f100xb", BOARD_FAMILY_F1, BOARD_CORE_M3, 128 * 1024, 1024, 8 * 1024, 0x420, 0x1FFFF7E0,
     0x1FFFF7E8, 24000000},
};

#endif
