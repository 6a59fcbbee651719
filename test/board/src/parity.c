// SRAM parity of F0 and F3 (RM0091 section 2.3, RM0316 section 3.3), when the option is on: a
// byte read before it was ever written since power-up raises NMI. Only loads are watched: the
// core's stacking, DMA and the alias at 0 are not.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SRAM_PEF (1u << 8) // SYSCFG_CFGR2

// Bytes from the region's start that have parity.
static uint32_t covered(const struct board *b, const struct ram *ram) {
    uint32_t limit = ram->base == SRAM_BASE ? b->family->parity_sram : UINT32_MAX;
    return ram->size < limit ? ram->size : limit;
}

static void hook_read(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                      void *user) {
    (void)uc, (void)type, (void)value;
    struct board *b = user;
    struct ram *ram = bus_ram(b, (uint32_t)address);
    if (!ram) {
        return;
    }
    uint32_t off = (uint32_t)address % ram->base;
    for (uint32_t i = off; i < off + (uint32_t)size && i < covered(b, ram); i++) {
        if (!ram->written[i]) {
            board_log(b, "parity: 0x%08X read before it was written (pc 0x%08X)", ram->base + i,
                      b->pc);
            b->misc.syscfg_cfgr2 |= SRAM_PEF;
            nvic_pend(b, EXC_NMI);
            return;
        }
    }
}

static void hook_write(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                       void *user) {
    (void)uc, (void)type, (void)value;
    struct board *b = user;
    struct ram *ram = bus_ram(b, (uint32_t)address);
    if (ram) {
        parity_written(ram, (uint32_t)address % ram->base, (uint32_t)size);
    }
}

void parity_written(struct ram *ram, uint32_t off, uint32_t n) {
    if (ram->written && off < ram->size) {
        memset(ram->written + off, 1, n < ram->size - off ? n : ram->size - off);
    }
}

void parity_power_up(struct board *b) {
    for (int i = 0; i < RAM_COUNT; i++) {
        if (b->ram[i].written) {
            memset(b->ram[i].written, 0, b->ram[i].size);
        }
    }
}

bool parity_open(struct board *b) {
    for (int i = 0; i < RAM_COUNT && b->cfg.ram_parity; i++) {
        struct ram *ram = &b->ram[i];
        uc_hook h;
        if (!ram->size) {
            continue;
        }
        ram->written = calloc(ram->size, 1);
        if (!ram->written ||
            uc_hook_add(b->uc, &h, UC_HOOK_MEM_READ, (void *)hook_read, b, ram->base,
                        ram->base + ram->size - 1) != UC_ERR_OK ||
            uc_hook_add(b->uc, &h, UC_HOOK_MEM_WRITE, (void *)hook_write, b, ram->base,
                        ram->base + ram->size - 1) != UC_ERR_OK) {
            return false;
        }
    }
    return true;
}

void parity_close(struct board *b) {
    for (int i = 0; i < RAM_COUNT; i++) {
        free(b->ram[i].written);
    }
}
