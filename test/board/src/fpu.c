// The floating-point unit's place in the core (ARM DDI 0403, B1.5.6 and B3.2.20): off after
// reset, and its registers in the frames of exceptions, at once or lazily. libunicorn executes
// the instructions and keeps CONTROL.FPCA; it does not look at CPACR.
#include <string.h>

#include "internal.h"

#define CPACR  0xE000ED88u
#define FPCCR  0xE000EF34u
#define FPCAR  0xE000EF38u
#define FPDSCR 0xE000EF3Cu

#define CPACR_FULL   (0xFu << 20) // coprocessors 10 and 11
#define FPCCR_LSPACT (1u << 0)
#define FPCCR_LSPEN  (1u << 30)
#define FPCCR_ASPEN  (1u << 31)
#define FPDSCR_MASK  0x07C00000u
#define CONTROL_FPCA 4u
#define SAVED        16u // S0-S15
#define FRAME_WORDS  26u // basic frame, S0-S15, FPSCR, one reserved
#define FP_OFFSET    32u // in the frame

void fpu_reset(struct board *b) {
    b->scs.cpacr = b->scs.fpcar = b->scs.fpdscr = 0;
    b->scs.fpccr = FPCCR_ASPEN | FPCCR_LSPEN;
}

bool fpu_register(struct board *b, uint32_t addr, uint32_t *v, bool write) {
    struct {
        uint32_t addr, *reg, mask;
    } regs[] = {{CPACR, &b->scs.cpacr, CPACR_FULL},
                {FPCCR, &b->scs.fpccr, FPCCR_ASPEN | FPCCR_LSPEN | FPCCR_LSPACT},
                {FPCAR, &b->scs.fpcar, ~7u},
                {FPDSCR, &b->scs.fpdscr, FPDSCR_MASK}};
    for (size_t i = 0; i < sizeof regs / sizeof *regs; i++) {
        if (regs[i].addr == addr) {
            if (write) {
                *regs[i].reg = *v & regs[i].mask;
            } else {
                *v = *regs[i].reg;
            }
            return true;
        }
    }
    return false;
}

static bool save(struct board *b, uint32_t at) {
    uint8_t *p = bus_memory(b, at, 4 * (SAVED + 1), true);
    for (unsigned i = 0; p && i <= SAVED; i++) {
        uint32_t v = cpu_reg(b, i < SAVED ? UC_ARM_REG_S0 + (int)i : UC_ARM_REG_FPSCR);
        memcpy(p + 4 * i, &v, 4);
    }
    return p != NULL;
}

bool fpu_use(struct board *b) {
    if ((b->scs.cpacr & CPACR_FULL) != CPACR_FULL) {
        return false;
    }
    if (b->scs.fpccr & FPCCR_LSPACT) { // what lazy stacking left to do
        b->scs.fpccr &= ~FPCCR_LSPACT;
        if (!save(b, b->scs.fpcar)) {
            board_violation(b, b->pc, "lazy floating-point state has no memory at 0x%08X",
                            b->scs.fpcar);
        }
    }
    return true;
}

unsigned fpu_frame_words(struct board *b) {
    bool live = b->core->fpu && (cpu_reg(b, UC_ARM_REG_CONTROL) & CONTROL_FPCA);
    return live ? FRAME_WORDS : 8;
}

void fpu_stack(struct board *b, uint32_t sp) {
    if (b->scs.fpccr & FPCCR_LSPEN) {
        b->scs.fpcar = sp + FP_OFFSET;
        b->scs.fpccr |= FPCCR_LSPACT;
    } else {
        save(b, sp + FP_OFFSET);
    }
}

void fpu_unstack(struct board *b, uint32_t sp) {
    if (b->scs.fpccr & FPCCR_LSPACT) { // never saved: the registers are as they were
        b->scs.fpccr &= ~FPCCR_LSPACT;
        return;
    }
    const uint8_t *p = bus_memory(b, sp + FP_OFFSET, 4 * (SAVED + 1), false);
    for (unsigned i = 0; p && i <= SAVED; i++) {
        uint32_t v;
        memcpy(&v, p + 4 * i, 4);
        cpu_set_reg(b, i < SAVED ? UC_ARM_REG_S0 + (int)i : UC_ARM_REG_FPSCR, v);
    }
}
