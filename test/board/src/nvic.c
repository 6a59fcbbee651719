// Which exception comes next: NVIC arbitration, level lines, waking (ARM DDI 0403, B1.5.4 and
// B3.4).
#include <string.h>

#include "internal.h"

#define PRIO_THREAD   256
#define SCR_SEVONPEND (1u << 4)

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

void nvic_update(struct board *b) {
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
    nvic_update(b);
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
