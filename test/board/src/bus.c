// Which peripheral answers at an address, and what an access costs.
#include <string.h>

#include "internal.h"

// SLOTS: nothing can be there.
static uint32_t slot_of(uint32_t addr) {
    if (addr - PERIPH_BASE < PERIPH_SIZE) {
        return (addr - PERIPH_BASE) / SLOT;
    }
    if (addr - AHB2_BASE < AHB2_SIZE) {
        return (PERIPH_SIZE + addr - AHB2_BASE) / SLOT;
    }
    if (addr - AHB3_BASE < AHB3_SIZE) {
        return (PERIPH_SIZE + AHB2_SIZE + addr - AHB3_BASE) / SLOT;
    }
    return SLOTS;
}

// Where F0, F1 and F3 have what is not modelled, or not on every part.
static const struct {
    uint32_t base;
    const char *name;
} others[] = {
    {0x40000000, "TIM2"},          {0x40000400, "TIM3"},    {0x40000800, "TIM4"},
    {0x40000C00, "TIM5"},          {0x40001000, "TIM6"},    {0x40001400, "TIM7"},
    {0x40002000, "TIM14"},         {0x40002800, "RTC"},     {0x40002C00, "WWDG"},
    {0x40003800, "SPI2"},          {0x40003C00, "SPI3"},    {0x40004C00, "UART4"},
    {0x40005000, "UART5"},         {0x40005400, "I2C1"},    {0x40005800, "I2C2"},
    {0x40005C00, "USB"},           {0x40006000, "USB RAM"}, {0x40006400, "CAN"},
    {0x40006C00, "BKP (F0: CRS)"}, {0x40007400, "DAC"},     {0x40007800, "CEC"},
    {0x40010400, "EXTI"},          {0x40012400, "ADC1"},    {0x40012800, "ADC2"},
    {0x40012C00, "TIM1"},          {0x40013000, "SPI1"},    {0x40013400, "TIM8"},
    {0x40014000, "TIM15"},         {0x40014400, "TIM16"},   {0x40014800, "TIM17"},
    {0x40015800, "DBGMCU"},        {0x40018000, "SDIO"},    {0x40020400, "DMA2"},
    {0x40023000, "CRC"},           {0x40024000, "TSC"},     {0x50000000, "ADC1"},
    {0x50000400, "ADC3"},
};

const char *bus_name(const struct board *b, uint32_t addr) {
    uint32_t slot = slot_of(addr);
    if (slot < SLOTS && b->at[slot]) {
        return b->at[slot]->name;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (addr - others[i].base < SLOT) {
            return others[i].name;
        }
    }
    return NULL;
}

bool bus_is_peripheral(uint32_t addr) {
    return slot_of(addr) < SLOTS;
}

void bus_build(struct board *b) {
    for (size_t i = 0; i < b->family->periph_count; i++) {
        const struct periph *p = &b->family->periphs[i];
        if (!b->family->lacks || !b->family->lacks(b->part, p)) {
            b->at[slot_of(p->base)] = p;
        }
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
    uint32_t slot = slot_of(addr);
    const struct periph *p = slot < SLOTS ? b->at[slot] : NULL;
    if (!p) {
        board_unknown(b, addr, write, size);
        return NULL;
    }
    if (p->gate != GATE_NONE && !rcc_gate_on(b, p)) {
        board_violation(b, addr, "%s of %s (0x%08X) with its clock off", write ? "write" : "read",
                        p->name, addr);
        return NULL;
    }
    bool words_only = !p->sub_word || (p->sub_word == SUB_WORD_FIRST && addr != p->base);
    if (size != 4 && (words_only || (addr & 3u))) {
        board_unknown(b, addr, write, size);
        return NULL;
    }
    return p;
}

// APB bridges: two bus clocks for a read; writes are buffered.
static unsigned read_wait(const struct board *b, uint32_t addr) {
    if (addr < APB2_BASE) {
        return 2 * (b->hclk / b->pclk1);
    }
    return addr < AHB1_BASE ? 2 * (b->hclk / b->pclk2) : 0;
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

// As a debugger looks: whether its clock is on, or how long the bus takes, is no matter.
uint32_t bus_peek(struct board *b, uint32_t addr) {
    uint32_t slot = slot_of(addr);
    const struct periph *p = slot < SLOTS ? b->at[slot] : NULL;
    return p ? p->read(b, p, (addr - p->base) & ~3u) : 0;
}

void bus_write(struct board *b, uint32_t addr, uint32_t value, unsigned size) {
    const struct periph *p = find(b, addr, true, size);
    if (p) {
        p->write(b, p, (addr - p->base) & ~3u, value, size);
    }
}

struct ram *bus_ram(struct board *b, uint32_t addr) {
    if (b->low == LOW_SRAM && addr < b->ram[RAM_SRAM].size) {
        return &b->ram[RAM_SRAM];
    }
    for (int i = 0; i < RAM_COUNT; i++) {
        if (addr - b->ram[i].base < b->ram[i].size) {
            return &b->ram[i];
        }
    }
    return NULL;
}

static uint8_t *in_ram(struct board *b, uint32_t addr, uint32_t n, bool write) {
    struct ram *ram = bus_ram(b, addr);
    if (!ram) {
        return NULL;
    }
    uint32_t off = addr < ram->base ? addr : addr - ram->base; // below: the alias at 0
    if (n > ram->size - off) {
        return NULL;
    }
    if (write && n) {
        cpu_ram_written(b, ram->base + off, n);
    }
    return ram->data + off;
}

uint8_t *bus_memory(struct board *b, uint32_t addr, uint32_t n, bool write) {
    uint8_t *p = in_ram(b, addr, n, write);
    if (p || write) {
        return p;
    }
    uint32_t off;
    if (bus_in_flash(b, addr, &off) && n <= b->part->flash_size - off) {
        if (b->weak_count) {
            cells_before_read(b, off, n);
        }
        return b->flash + off;
    }
    off = b->low == LOW_SYSMEM && addr < SYSMEM_SIZE ? addr : addr - SYSMEM_BASE;
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
