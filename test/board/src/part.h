// What a row of parts.h says about a part.
#ifndef BOARD_PART_H
#define BOARD_PART_H

#include <stdbool.h>
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
    uint32_t ccm_size;            // bytes of RAM at 0x10000000 that DMA does not reach; 0: none
    uint32_t backup_registers;    // 32-bit RTC_BKPxR; 0: none (F1's are BKP_DRx)
    uint32_t erase_ms;            // longest page erase; 0: the family's times
    uint32_t program_us;          // longest half-word
    bool pvd;                     // programmable voltage detector
};

#endif
