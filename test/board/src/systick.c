// SysTick (PM0056 section 4.5).
#include "internal.h"

#define STK_ENABLE    1u
#define STK_TICKINT   2u
#define STK_CLKSOURCE 4u

// SysTick counts HCLK cycles, or every eighth: it follows clock changes by itself.
static uint32_t stk_div(const struct board *b) {
    return (b->scs.stk_ctrl & STK_CLKSOURCE) ? 1 : 8;
}

static uint32_t stk_value(const struct board *b) {
    if (!(b->scs.stk_ctrl & STK_ENABLE)) {
        return b->scs.stk_value;
    }
    uint64_t gone = (b->cyc - b->scs.stk_start) / stk_div(b);
    uint64_t period = (uint64_t)b->scs.stk_load + 1;
    if (b->scs.stk_value) { // counts down from where it was first
        if (gone < b->scs.stk_value) {
            return (uint32_t)(b->scs.stk_value - gone);
        }
        gone -= b->scs.stk_value;
    }
    uint64_t phase = gone % period; // 0: just reached zero
    return phase ? (uint32_t)(period - phase) : 0;
}

void systick_reschedule(struct board *b) {
    if (!(b->scs.stk_ctrl & STK_ENABLE) || (b->scs.stk_load == 0 && b->scs.stk_value == 0)) {
        ev_at(b, EV_SYSTICK, NEVER);
        return;
    }
    uint64_t period = (uint64_t)b->scs.stk_load + 1;
    uint64_t gone = (b->cyc - b->scs.stk_start) / stk_div(b);
    uint64_t first = b->scs.stk_value ? b->scs.stk_value : period; // counts to the first zero
    uint64_t n = gone < first ? first : first + ((gone - first) / period + 1) * period;
    uint64_t cycle = b->scs.stk_start + n * stk_div(b);
    ev_at(b, EV_SYSTICK, b->t0 + cycles_to_ps(b, cycle - b->c0));
}

void systick_event(struct board *b) {
    b->scs.stk_flag = true;
    if (b->scs.stk_ctrl & STK_TICKINT) {
        nvic_pend(b, EXC_SYSTICK); // one bit: ticks missed while it is pending are lost
    }
    systick_reschedule(b);
}

static void stk_restart(struct board *b, uint32_t value) {
    b->scs.stk_value = value;
    b->scs.stk_start = b->cyc;
    systick_reschedule(b);
}

static void control_write(struct board *b, uint32_t v) {
    uint32_t value = stk_value(b);
    b->scs.stk_ctrl = v & 7u;
    stk_restart(b, value);
}

uint32_t systick_read(struct board *b, uint32_t addr) {
    uint32_t v;
    switch (addr) {
    case 0xE000E010u:
        v = b->scs.stk_ctrl | (b->scs.stk_flag ? 1u << 16 : 0);
        b->scs.stk_flag = false;
        return v;
    case 0xE000E014u:
        return b->scs.stk_load;
    case 0xE000E018u:
        return stk_value(b);
    default: // CALIB: 1 ms at the highest HCLK / 8
        return b->family->systick_calibration;
    }
}

void systick_write(struct board *b, uint32_t addr, uint32_t v) {
    switch (addr) {
    case 0xE000E010u:
        control_write(b, v);
        return;
    case 0xE000E014u: {
        // Takes effect at the next reload; the count under way goes on.
        uint32_t value = stk_value(b);
        b->scs.stk_load = v & 0xFFFFFFu;
        stk_restart(b, value);
        return;
    }
    case 0xE000E018u: // any write clears count and flag
        b->scs.stk_flag = false;
        stk_restart(b, 0);
        return;
    default: // CALIB is read only
        return;
    }
}
