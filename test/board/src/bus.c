// Which peripheral answers at an address, and what an access costs.
#include <string.h>

#include "internal.h"

void bus_build(struct board *b) {
    for (size_t i = 0; i < b->family->periph_count; i++) {
        const struct periph *p = &b->family->periphs[i];
        b->at[(p->base - PERIPH_BASE) / 0x400] = p;
    }
}

void bus_reset(struct board *b) {
    for (size_t i = 0; i < b->family->periph_count; i++) {
        const struct periph *p = &b->family->periphs[i];
        if (p->reset) {
            p->reset(b, p);
        }
    }
}

static const struct periph *find(struct board *b, uint32_t addr, bool write, unsigned size) {
    uint32_t slot = (addr - PERIPH_BASE) / 0x400;
    const struct periph *p = slot < PERIPH_SIZE / 0x400 ? b->at[slot] : NULL;
    if (!p) {
        board_unknown(b, addr, write, size);
        return NULL;
    }
    if (p->gate != GATE_NONE && !rcc_gate_on(b, p)) {
        board_violation(b, addr, "%s of %s (0x%08X) with its clock off", write ? "write" : "read",
                        p->name, addr);
        return NULL;
    }
    if (size != 4 && (!p->sub_word || (addr & 3u))) {
        board_unknown(b, addr, write, size);
        return NULL;
    }
    return p;
}

// APB bridges: two bus clocks for a read; writes are buffered.
static unsigned read_wait(const struct board *b, uint32_t addr) {
    if (addr < 0x40010000u) {
        return 2 * (b->hclk / b->pclk1);
    }
    return addr < 0x40018000u ? 2 * (b->hclk / b->pclk2) : 0;
}

uint32_t bus_read(struct board *b, uint32_t addr, unsigned size) {
    b->cyc += read_wait(b, addr);
    const struct periph *p = find(b, addr, false, size);
    if (!p) {
        return 0;
    }
    uint32_t v = p->read(b, p, (addr - p->base) & ~3u);
    return size == 4 ? v : v & ((1u << (8 * size)) - 1u);
}

void bus_write(struct board *b, uint32_t addr, uint32_t value, unsigned size) {
    const struct periph *p = find(b, addr, true, size);
    if (p) {
        p->write(b, p, (addr - p->base) & ~3u, value, size);
    }
}

uint8_t *bus_memory(struct board *b, uint32_t addr, uint32_t n, bool write) {
    uint32_t off = addr - SRAM_BASE;
    if (off < b->part->ram_size && n <= b->part->ram_size - off) {
        if (write && n) {
            cpu_sram_written(b, off, n);
        }
        return b->sram + off;
    }
    if (write) {
        return NULL;
    }
    off = addr >= FLASH_BASE ? addr - FLASH_BASE : addr;
    if (b->rom.low_alias && addr < SYSMEM_SIZE && n <= SYSMEM_SIZE - addr) {
        return b->sysmem + addr;
    }
    if (off < b->part->flash_size && n <= b->part->flash_size - off) {
        if (b->weak_count) {
            cells_before_read(b, off, n);
        }
        return b->flash + off;
    }
    off = addr - SYSMEM_BASE;
    if (off < SYSMEM_SIZE && n <= SYSMEM_SIZE - off) {
        return b->sysmem + off;
    }
    return NULL;
}

// Bit-band alias of SRAM and peripherals (ARM DDI 0337 4.2): each word is one bit.
uint32_t bus_bit_read(struct board *b, uint32_t base, uint32_t alias) {
    uint32_t addr = base + alias / 32, bit = alias / 4 % 8;
    if (base == SRAM_BASE) {
        const uint8_t *p = bus_memory(b, addr, 1, false);
        return p ? *p >> bit & 1u : 0;
    }
    return bus_read(b, addr & ~3u, 4) >> (bit + 8 * (addr & 3u)) & 1u;
}

void bus_bit_write(struct board *b, uint32_t base, uint32_t alias, uint32_t value) {
    uint32_t addr = base + alias / 32, bit = alias / 4 % 8;
    if (base == SRAM_BASE) {
        uint8_t *p = bus_memory(b, addr, 1, true);
        if (p) {
            *p = (uint8_t)((*p & ~(1u << bit)) | (value & 1u) << bit);
        }
        return;
    }
    bit += 8 * (addr & 3u);
    uint32_t v = bus_read(b, addr & ~3u, 4);
    bus_write(b, addr & ~3u, (v & ~(1u << bit)) | (value & 1u) << bit, 4);
}
