// Exceptions of ARMv7-M and ARMv6-M: NVIC arbitration, entry, return, faults, escalation and lockup
// (ARM DDI 0403, B1.5). Bits of CFSR and HFSR are named in the comments where they are set.
#include <string.h>

#include "internal.h"

#define PRIO_THREAD     256
#define CCR_STKALIGN    (1u << 9)
#define SCR_SLEEPONEXIT (1u << 1)
#define SCR_SEVONPEND   (1u << 4)

void nvic_reset(struct board *b) {
    memset(&b->nvic, 0, sizeof b->nvic);
    b->nvic.active_prio = PRIO_THREAD;
}

// Group priority: the part that decides preemption.
int nvic_group_priority(const struct board *b, unsigned exc) {
    if (exc == EXC_NMI) {
        return -2;
    }
    if (exc == EXC_HARD) {
        return -1;
    }
    uint32_t sub_bits = b->nvic.prigroup + 1u;
    return (int)(b->nvic.prio[exc] & (0xFFu << sub_bits) & 0xFFu);
}

static void update_active(struct board *b) {
    int best = PRIO_THREAD;
    for (unsigned i = EXC_NMI; i < EXC_COUNT; i++) {
        if (b->nvic.active[i]) {
            int p = nvic_group_priority(b, i);
            best = p < best ? p : best;
        }
    }
    b->nvic.active_prio = best;
}

int nvic_execution_priority(struct board *b) {
    int prio = b->nvic.active_prio;
    uint32_t basepri = cpu_reg(b, UC_ARM_REG_BASEPRI) & 0xF0u;
    if (basepri) {
        int masked = (int)(basepri & (0xFFu << (b->nvic.prigroup + 1u)) & 0xFFu);
        prio = masked < prio ? masked : prio;
    }
    if ((cpu_reg(b, UC_ARM_REG_PRIMASK) & 1u) && prio > 0) {
        prio = 0;
    }
    if ((cpu_reg(b, UC_ARM_REG_FAULTMASK) & 1u) && prio > -1) {
        prio = -1;
    }
    return prio;
}

// The pending exception that comes first, 0 if none; its group priority in *prio.
int nvic_best(struct board *b, int *prio) {
    int best = 0, best_full = 0x1000;
    for (unsigned i = EXC_NMI; i < EXC_COUNT; i++) {
        if (!b->nvic.pending[i] || (i >= 16 && !b->nvic.enabled[i])) {
            continue;
        }
        int full = i <= EXC_HARD ? nvic_group_priority(b, i) : b->nvic.prio[i];
        if (full < best_full) {
            best_full = full;
            best = (int)i;
        }
    }
    if (best) {
        *prio = nvic_group_priority(b, (unsigned)best);
    }
    return best;
}

void nvic_changed(struct board *b) {
    int prio = PRIO_THREAD;
    update_active(b);
    if (nvic_best(b, &prio) && (b->sleeping || prio < nvic_execution_priority(b))) {
        cpu_attention(b, ATTN_STOP);
    }
}

void nvic_pend(struct board *b, unsigned exc) {
    if (!b->nvic.pending[exc]) {
        b->nvic.pending[exc] = true;
        if (b->scs.scr & SCR_SEVONPEND) {
            b->event_flag = true;
        }
    }
    nvic_changed(b);
}

// Level interrupts: pending is latched when the line rises, and again at the handler's return
// while the line is still up.
void nvic_line(struct board *b, unsigned irq, bool level) {
    unsigned exc = 16 + irq;
    if (b->nvic.line[exc] == level) {
        return;
    }
    b->nvic.line[exc] = level;
    if (level) {
        nvic_pend(b, exc);
    }
}

// WFI wakes for what would preempt if PRIMASK were clear; WFE also for an event.
bool nvic_wakes(struct board *b) {
    if (b->sleeping_wfe && b->event_flag) {
        b->event_flag = false;
        return true;
    }
    int prio = PRIO_THREAD;
    if (!nvic_best(b, &prio)) {
        return false;
    }
    uint32_t primask = cpu_reg(b, UC_ARM_REG_PRIMASK);
    cpu_set_reg(b, UC_ARM_REG_PRIMASK, 0);
    bool wakes = prio < nvic_execution_priority(b);
    cpu_set_reg(b, UC_ARM_REG_PRIMASK, primask);
    return wakes;
}

bool exc_take_pending(struct board *b) {
    int prio = PRIO_THREAD;
    int exc = nvic_best(b, &prio);
    if (!exc || prio >= nvic_execution_priority(b)) {
        return false;
    }
    b->nvic.pending[exc] = false;
    exc_enter(b, (unsigned)exc, cpu_reg(b, UC_ARM_REG_PC) & ~1u);
    return true;
}

static void lockup(struct board *b, const char *why) {
    b->state = BOARD_LOCKUP;
    board_emit(b, BOARD_EVENT_LOCKUP, b->pc, why);
}

static bool push_frame(struct board *b, uint32_t sp, uint32_t return_pc, uint32_t xpsr) {
    static const int regs[] = {UC_ARM_REG_R0, UC_ARM_REG_R1,  UC_ARM_REG_R2,
                               UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR};
    uint32_t frame[8];
    for (int i = 0; i < 6; i++) {
        frame[i] = cpu_reg(b, regs[i]);
    }
    frame[6] = return_pc;
    frame[7] = xpsr;
    uint8_t *p = bus_memory(b, sp, sizeof frame, true);
    if (!p) {
        return false;
    }
    memcpy(p, frame, sizeof frame);
    return true;
}

void exc_enter(struct board *b, unsigned exc, uint32_t return_pc) {
    uint32_t xpsr = cpu_reg(b, UC_ARM_REG_XPSR);
    bool thread = (xpsr & 0x1FFu) == 0;
    uint32_t control = cpu_reg(b, UC_ARM_REG_CONTROL);
    bool psp = thread && (control & 2u);
    uint32_t old = cpu_reg(b, psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP);
    uint32_t sp = old - 32;
    if ((b->scs.ccr & CCR_STKALIGN) && (sp & 4u)) {
        sp -= 4;
        xpsr |= 1u << 9;
    } else {
        xpsr &= ~(1u << 9);
    }
    sp &= ~3u;
    b->cyc += b->core->entry_cycles;
    b->sleeping = false;
    bool stacked = push_frame(b, sp, return_pc, xpsr);
    if (!stacked && exc == EXC_HARD) {
        b->scs.cfsr |= 1u << 12; // STKERR
        lockup(b, "stacking for HardFault failed");
        return;
    }

    uint32_t vector = 0;
    const uint8_t *v = bus_memory(b, b->scs.vtor + 4 * exc, 4, false);
    if (v) {
        memcpy(&vector, v, 4);
    }
    cpu_set_reg(b, psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP, sp);
    cpu_set_reg(b, UC_ARM_REG_CONTROL, control & ~2u);
    // Handler mode begins with this write: libunicorn switches the stack bank.
    cpu_set_reg(b, UC_ARM_REG_XPSR, (xpsr & 0xF8000000u) | 0x01000000u | exc);
    uint32_t msp = psp ? cpu_reg(b, UC_ARM_REG_MSP) : sp;
    cpu_set_reg(b, UC_ARM_REG_SP, msp);
    cpu_set_reg(b, UC_ARM_REG_LR, !thread ? 0xFFFFFFF1u : psp ? 0xFFFFFFFDu : 0xFFFFFFF9u);
    cpu_set_pc(b, vector & ~1u);
    b->cyc += b->wait_states;
    b->nvic.active[exc] = true;
    update_active(b);

    if (!stacked) { // STKERR (BFSR bit 4): the handler runs, derived fault on top
        struct fault f = {.exc = EXC_BUS, .cfsr = 1u << 12, .pc = vector & ~1u};
        exc_fault(b, &f);
        return;
    }
    if (!v) { // VECTTBL
        struct fault f = {.exc = EXC_HARD, .hfsr = 1u << 1, .pc = return_pc};
        exc_fault(b, &f);
    } else if (!(vector & 1u)) { // INVSTATE at the handler's first instruction
        struct fault f = {.exc = EXC_USAGE, .cfsr = 1u << 17, .pc = vector};
        exc_fault(b, &f);
    } else if (vector >= 0xE0000000u) {
        // Execute never (IACCVIOL). Told apart here: the core would take 0xFFFFFFFx for a return.
        struct fault f = {.exc = EXC_MEM, .cfsr = 1u << 0, .pc = vector & ~1u};
        exc_fault(b, &f);
    }
}

static void invalid_return(struct board *b) {
    // INVPC: taken on the stack the failed return was made from.
    struct fault f = {.exc = EXC_USAGE, .cfsr = 1u << 18, .pc = b->pc};
    exc_fault(b, &f);
}

void exc_return(struct board *b, uint32_t code) {
    uint32_t xpsr = cpu_reg(b, UC_ARM_REG_XPSR);
    unsigned exc = xpsr & 0x1FFu;
    if (exc >= EXC_COUNT || !b->nvic.active[exc]) {
        invalid_return(b);
        return;
    }
    unsigned nested = 0;
    for (unsigned i = EXC_NMI; i < EXC_COUNT; i++) {
        nested += b->nvic.active[i];
    }
    bool to_thread = code != 0xFFFFFFF1u;
    b->nvic.active[exc] = false;
    if (exc != EXC_NMI) {
        cpu_set_reg(b, UC_ARM_REG_FAULTMASK, 0);
    }
    if (b->nvic.line[exc]) {
        b->nvic.pending[exc] = true;
    }
    update_active(b);
    bool known = code == 0xFFFFFFF1u || code == 0xFFFFFFF9u || code == 0xFFFFFFFDu;
    // Back to thread only from the last active exception, unless NONBASETHRDENA.
    if (!known || (to_thread && nested != 1 && !(b->scs.ccr & 1u)) || (!to_thread && nested == 1)) {
        invalid_return(b);
        return;
    }
    bool psp = code == 0xFFFFFFFDu;
    uint32_t sp = psp ? cpu_reg(b, UC_ARM_REG_PSP) : cpu_reg(b, UC_ARM_REG_SP);
    uint32_t frame[8];
    const uint8_t *p = bus_memory(b, sp, sizeof frame, false);
    if (!p) { // UNSTKERR (BFSR bit 3)
        struct fault f = {.exc = EXC_BUS, .cfsr = 1u << 11, .pc = b->pc};
        exc_fault(b, &f);
        return;
    }
    memcpy(frame, p, sizeof frame);
    uint32_t new_xpsr = frame[7];
    sp += 32 + ((new_xpsr & (1u << 9)) ? 4u : 0u);
    if (((new_xpsr & 0x1FFu) == 0) != to_thread) {
        invalid_return(b);
        return;
    }
    b->cyc += b->core->exit_cycles;
    // PSP is read before the bank changes and written after, so that neither value is lost.
    uint32_t other = psp ? cpu_reg(b, UC_ARM_REG_SP) : cpu_reg(b, UC_ARM_REG_PSP);
    cpu_set_reg(b, UC_ARM_REG_XPSR, (new_xpsr & ~(1u << 9)) | 0x01000000u);
    if (to_thread) {
        uint32_t control = cpu_reg(b, UC_ARM_REG_CONTROL) & ~2u;
        cpu_set_reg(b, UC_ARM_REG_CONTROL, control | (psp ? 2u : 0u));
    }
    cpu_set_reg(b, UC_ARM_REG_MSP, psp ? other : sp);
    cpu_set_reg(b, UC_ARM_REG_PSP, psp ? sp : other);
    static const int regs[] = {UC_ARM_REG_R0, UC_ARM_REG_R1,  UC_ARM_REG_R2,
                               UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR};
    for (int i = 0; i < 6; i++) {
        cpu_set_reg(b, regs[i], frame[i]);
    }
    cpu_set_pc(b, frame[6] & ~1u);
    if (!(new_xpsr & 0x01000000u)) {
        struct fault f = {.exc = EXC_USAGE, .cfsr = 1u << 17, .pc = frame[6]};
        exc_fault(b, &f);
        return;
    }
    if (to_thread && (b->scs.scr & SCR_SLEEPONEXIT)) {
        b->sleeping = true;
        b->sleeping_wfe = false;
    }
}

void exc_raise_later(struct board *b, uint8_t exc, uint32_t cfsr, uint32_t address) {
    b->fault = (struct fault){.exc = exc, .cfsr = cfsr, .address = address, .pc = b->seq_pc};
    cpu_attention(b, ATTN_STOP);
}

static void note_status(struct board *b, const struct fault *f) {
    b->scs.cfsr |= f->cfsr;
    b->scs.hfsr |= f->hfsr;
    if (f->have_address) { // BFARVALID
        b->scs.bfar = f->address;
        b->scs.cfsr |= 1u << 15;
    }
}

void exc_fault(struct board *b, const struct fault *f) {
    unsigned exc = b->core->v7m ? f->exc : EXC_HARD; // ARMv6-M has no other, and no registers
    b->counters.faults++;
    if (b->core->v7m) {
        note_status(b, f);
    }
    board_emit(b, BOARD_EVENT_FAULT, exc, exc == EXC_HARD ? "hard fault" : "fault");
    int now = nvic_execution_priority(b);
    // SHCSR bits 16-18 enable MemManage, BusFault, UsageFault.
    if (exc != EXC_HARD) {
        bool enabled = (b->scs.shcsr >> (16 + exc - EXC_MEM)) & 1u;
        if (!enabled || nvic_group_priority(b, exc) >= now) {
            exc = EXC_HARD;
            b->scs.hfsr |= 1u << 30; // FORCED
        }
    }
    if (exc == EXC_HARD && now <= -1) {
        lockup(b, "fault at the priority of HardFault or NMI");
        return;
    }
    exc_enter(b, exc, f->pc);
}
