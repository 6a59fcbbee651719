// Registers of the NVIC, and the system handlers' priorities (ARM DDI 0403 B3.4, 0419 B3.4).
#include "internal.h"

#define STIR 0xE000EF00u

static bool exists(const struct board *b, unsigned exc) {
    return exc < 16u + b->family->irq_count;
}

static uint32_t irq_bits(const struct board *b, const bool *flags, uint32_t word) {
    uint32_t v = 0;
    for (unsigned i = 0; i < 32; i++) {
        unsigned exc = 16 + word * 32 + i;
        if (exists(b, exc) && flags[exc]) {
            v |= 1u << i;
        }
    }
    return v;
}

static void irq_set(struct board *b, bool *flags, uint32_t word, uint32_t v, bool to) {
    for (unsigned i = 0; i < 32; i++) {
        unsigned exc = 16 + word * 32 + i;
        if (exists(b, exc) && (v & (1u << i))) {
            flags[exc] = to;
            if (!to && flags == b->nvic.pending && b->nvic.line[exc] && !b->nvic.active[exc]) {
                flags[exc] = true; // the line is still up
            }
        }
    }
    nvic_changed(b);
}

bool nvic_register(struct board *b, uint32_t addr, uint32_t *v, bool write) {
    uint32_t word = (addr & 0x1Fu) / 4;
    if (addr == STIR && write && exists(b, 16 + (*v & 0x1FFu))) {
        nvic_pend(b, 16 + (*v & 0x1FFu));
    }
    switch (addr & 0xFFFFFFE0u) {
    case 0xE000E100u: // ISER
    case 0xE000E180u: // ICER
        if (write) {
            irq_set(b, b->nvic.enabled, word, *v, addr < 0xE000E180u);
        } else {
            *v = irq_bits(b, b->nvic.enabled, word);
        }
        return true;
    case 0xE000E200u: // ISPR
    case 0xE000E280u: // ICPR
        if (write) {
            irq_set(b, b->nvic.pending, word, *v, addr < 0xE000E280u);
        } else {
            *v = irq_bits(b, b->nvic.pending, word);
        }
        return true;
    case 0xE000E300u: // IABR
        if (!write) {
            *v = irq_bits(b, b->nvic.active, word);
        }
        return true;
    default:
        return addr == STIR && write;
    }
}

// IPR and SHPR are bytes; only the upper bits exist.
static uint8_t *prio_byte(struct board *b, uint32_t addr) {
    if (addr >= 0xE000E400u && addr < 0xE000E4F0u) {
        uint32_t exc = 16 + addr - 0xE000E400u;
        return exists(b, exc) ? &b->nvic.prio[exc] : NULL;
    }
    if (addr >= 0xE000ED18u && addr < 0xE000ED24u) {
        return &b->nvic.prio[4 + addr - 0xE000ED18u];
    }
    return NULL;
}

bool nvic_is_priority(uint32_t addr) {
    return (addr >= 0xE000E400u && addr < 0xE000E4F0u) ||
           (addr >= 0xE000ED18u && addr < 0xE000ED24u);
}

uint32_t nvic_priority_read(struct board *b, uint32_t addr, unsigned size) {
    uint32_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        const uint8_t *p = prio_byte(b, addr + i);
        v |= (uint32_t)(p ? *p : 0) << (8 * i);
    }
    return v;
}

void nvic_priority_write(struct board *b, uint32_t addr, uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; i++) {
        uint8_t *p = prio_byte(b, addr + i);
        if (p) {
            *p = (uint8_t)(value >> (8 * i)) & b->core->priority_bits;
        }
    }
    nvic_changed(b);
}
