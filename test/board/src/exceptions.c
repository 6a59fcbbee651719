// Exceptions of ARMv7-M and ARMv6-M: entry, return, faults, escalation and lockup (ARM DDI 0403,
// B1.5). Bits of CFSR and HFSR are named in the comments where they are set.
#include <string.h>

#include "internal.h"

#define CONTROL_SPSEL   2u
#define CONTROL_FPCA    4u
#define CCR_STKALIGN    (1u << 9)
#define SCR_SLEEPONEXIT (1u << 1)

// EXC_RETURN: where to, and (clear) that the frame has the floating-point registers too.
#define EXC_RETURN_HANDLER 0xFFFFFFF1u
#define EXC_RETURN_MSP     0xFFFFFFF9u
#define EXC_RETURN_PSP     0xFFFFFFFDu
#define EXC_RETURN_BASIC   0x10u
#define FRAME_EXTENDED     104u // bytes

bool exc_take_pending(struct board *b) {
    int prio = 0;
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

static bool push_frame(struct board *b, uint32_t sp, unsigned words, uint32_t return_pc,
                       uint32_t xpsr) {
    static const int regs[] = {UC_ARM_REG_R0, UC_ARM_REG_R1,  UC_ARM_REG_R2,
                               UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR};
    uint32_t frame[8];
    for (int i = 0; i < 6; i++) {
        frame[i] = cpu_reg(b, regs[i]);
    }
    frame[6] = return_pc;
    frame[7] = xpsr;
    uint8_t *p = bus_memory(b, sp, 4 * words, true);
    if (!p) {
        return false;
    }
    memcpy(p, frame, sizeof frame);
    if (words > 8) {
        fpu_stack(b, sp);
    }
    return true;
}

void exc_enter(struct board *b, unsigned exc, uint32_t return_pc) {
    uint32_t xpsr = cpu_reg(b, UC_ARM_REG_XPSR);
    bool thread = (xpsr & 0x1FFu) == 0;
    uint32_t control = cpu_reg(b, UC_ARM_REG_CONTROL);
    bool psp = thread && (control & CONTROL_SPSEL);
    uint32_t old = cpu_reg(b, psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP);
    unsigned words = fpu_frame_words(b);
    uint32_t sp = old - 4 * words;
    if ((b->scs.ccr & CCR_STKALIGN) && (sp & 4u)) {
        sp -= 4;
        xpsr |= 1u << 9;
    } else {
        xpsr &= ~(1u << 9);
    }
    sp &= ~3u;
    b->cyc += b->core->entry_cycles;
    b->sleeping = false;
    bool stacked = push_frame(b, sp, words, return_pc, xpsr);
    if (!stacked && exc == EXC_HARD) {
        b->scs.cfsr |= 1u << 12; // STKERR
        lockup(b, "stacking for HardFault failed");
        return;
    }

    uint32_t vector = 0, off;
    if (fpec_stalls(b) && bus_in_flash(b, b->scs.vtor + 4 * exc, &off)) {
        time_skip_to(b, b->fpec.busy_end); // the vector is a read of flash
    }
    const uint8_t *v = bus_memory(b, b->scs.vtor + 4 * exc, 4, false);
    if (v) {
        memcpy(&vector, v, 4);
    }
    cpu_set_reg(b, psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP, sp);
    cpu_set_reg(b, UC_ARM_REG_CONTROL, control & ~(CONTROL_SPSEL | CONTROL_FPCA));
    // Handler mode begins with this write: libunicorn switches the stack bank.
    cpu_set_reg(b, UC_ARM_REG_XPSR, (xpsr & 0xF8000000u) | 0x01000000u | exc);
    uint32_t msp = psp ? cpu_reg(b, UC_ARM_REG_MSP) : sp;
    cpu_set_reg(b, UC_ARM_REG_SP, msp);
    uint32_t lr = !thread ? EXC_RETURN_HANDLER : psp ? EXC_RETURN_PSP : EXC_RETURN_MSP;
    cpu_set_reg(b, UC_ARM_REG_LR, words > 8 ? lr & ~EXC_RETURN_BASIC : lr);
    cpu_set_pc(b, vector & ~1u);
    b->cyc += b->wait_states;
    b->nvic.active[exc] = true;
    nvic_update(b);

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
    bool extended = b->core->fpu && !(code & EXC_RETURN_BASIC);
    code |= extended ? EXC_RETURN_BASIC : 0;
    bool to_thread = code != EXC_RETURN_HANDLER;
    b->nvic.active[exc] = false;
    if (exc != EXC_NMI) {
        cpu_set_reg(b, UC_ARM_REG_FAULTMASK, 0);
    }
    if (b->nvic.line[exc]) {
        b->nvic.pending[exc] = true;
    }
    nvic_update(b);
    bool known = code == EXC_RETURN_HANDLER || code == EXC_RETURN_MSP || code == EXC_RETURN_PSP;
    // Back to thread only from the last active exception, unless NONBASETHRDENA.
    if (!known || (to_thread && nested != 1 && !(b->scs.ccr & 1u)) || (!to_thread && nested == 1)) {
        invalid_return(b);
        return;
    }
    bool psp = code == EXC_RETURN_PSP;
    uint32_t sp = psp ? cpu_reg(b, UC_ARM_REG_PSP) : cpu_reg(b, UC_ARM_REG_SP);
    uint32_t frame[8];
    uint32_t size = extended ? FRAME_EXTENDED : sizeof frame;
    const uint8_t *p = bus_memory(b, sp, size, false);
    if (!p) { // UNSTKERR (BFSR bit 3)
        struct fault f = {.exc = EXC_BUS, .cfsr = 1u << 11, .pc = b->pc};
        exc_fault(b, &f);
        return;
    }
    memcpy(frame, p, sizeof frame);
    uint32_t new_xpsr = frame[7];
    uint32_t stack = sp;
    sp += size + ((new_xpsr & (1u << 9)) ? 4u : 0u);
    if (((new_xpsr & 0x1FFu) == 0) != to_thread) {
        invalid_return(b);
        return;
    }
    b->cyc += b->core->exit_cycles;
    // PSP is read before the bank changes and written after, so that neither value is lost.
    uint32_t other = psp ? cpu_reg(b, UC_ARM_REG_SP) : cpu_reg(b, UC_ARM_REG_PSP);
    cpu_set_reg(b, UC_ARM_REG_XPSR, (new_xpsr & ~(1u << 9)) | 0x01000000u);
    uint32_t control = cpu_reg(b, UC_ARM_REG_CONTROL) & ~CONTROL_FPCA;
    if (to_thread) {
        control = (control & ~CONTROL_SPSEL) | (psp ? CONTROL_SPSEL : 0);
    }
    cpu_set_reg(b, UC_ARM_REG_CONTROL, control | (extended ? CONTROL_FPCA : 0));
    if (extended) {
        fpu_unstack(b, stack);
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

// On ARMv6-M nothing can be enabled in SHCSR, and the status is not to be seen: HardFault, always.
void exc_fault(struct board *b, const struct fault *f) {
    b->counters.faults++;
    b->scs.cfsr |= f->cfsr;
    b->scs.hfsr |= f->hfsr;
    if (f->have_address) { // BFARVALID
        b->scs.bfar = f->address;
        b->scs.cfsr |= 1u << 15;
    }
    board_emit(b, BOARD_EVENT_FAULT, f->exc, f->exc == EXC_HARD ? "hard fault" : "fault");
    unsigned exc = f->exc;
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
