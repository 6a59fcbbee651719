// The time base of the timers: TIM1 to 4, 6 and 7 counting up, update event and interrupt (RM0008
// sections 14, 15 and 17). What else they can do is unknown here.
#include "internal.h"

#define CR1_CEN   1u
#define CR1_UDIS  2u
#define CR1_URS   4u
#define CR1_OPM   8u
#define CR1_KNOWN 0x38Fu // and ARPE and CKD, which change nothing in the end
#define CR1_ARPE  0x80u
#define UIE       1u // in DIER; UIF in SR and UG in EGR are the same bit

// TIM1 is on APB2; TIM2 has 32 bits where the family has it so.
static const struct { bool apb2, wide; } places[BOARD_TIMERS] = {{.apb2 = true}, {.wide = true}};

static uint32_t mask(const struct board *b, unsigned i) {
    return places[i].wide && b->family->wide_tim2 ? 0xFFFFFFFFu : 0xFFFFu;
}

// HCLK cycles of a count: a timer runs at PCLK, or at twice that where the bus is slower than HCLK.
static uint64_t cycles_per_count(const struct board *b, unsigned i) {
    uint32_t pclk = places[i].apb2 ? b->pclk2 : b->pclk1;
    uint32_t divider = b->hclk / pclk;
    return (uint64_t)(divider > 1 ? divider / 2 : 1) * (b->timer[i].psc_now + 1ull);
}

static uint64_t counted(const struct board *b, unsigned i) {
    const struct timer *t = &b->timer[i];
    return (t->cr1 & CR1_CEN) ? t->count + (b->cyc - t->since) / t->cycles : t->count;
}

static void schedule(struct board *b, unsigned i) {
    struct timer *t = &b->timer[i];
    if (!(t->cr1 & CR1_CEN) || t->arr_now == 0) {
        ev_at(b, EV_TIMER + (int)i, NEVER);
        return;
    }
    // Beyond ARR it counts to the end first.
    uint64_t top = t->count <= t->arr_now ? t->arr_now : mask(b, i);
    uint64_t cycle = t->since + (top - t->count + 1) * t->cycles;
    ev_at(b, EV_TIMER + (int)i, b->t0 + cycles_to_ps(b, cycle - b->c0));
}

static void restart(struct board *b, unsigned i, uint64_t count) {
    struct timer *t = &b->timer[i];
    t->count = count;
    t->since = b->cyc;
    t->cycles = cycles_per_count(b, i);
    schedule(b, i);
}

static void line(struct board *b, unsigned i) {
    nvic_line(b, b->family->timer_irq[i], (b->timer[i].sr & b->timer[i].dier & UIE) != 0);
}

// What was written takes effect.
static void update(struct board *b, unsigned i, bool flag) {
    struct timer *t = &b->timer[i];
    t->psc_now = t->psc;
    t->arr_now = t->arr;
    if (flag) {
        t->sr |= UIE;
        line(b, i);
    }
}

void timer_event(struct board *b, unsigned i) {
    struct timer *t = &b->timer[i];
    uint64_t top = t->count <= t->arr_now ? t->arr_now : mask(b, i);
    uint64_t due = t->since + (top - t->count + 1) * t->cycles;
    if (!(t->cr1 & CR1_UDIS)) {
        update(b, i, true);
    }
    if (t->cr1 & CR1_OPM) {
        t->cr1 &= ~CR1_CEN;
    }
    // It counts from its event on, not from the end of the instruction that was running then.
    restart(b, i, 0);
    t->since = due;
    schedule(b, i);
}

void timer_clock_changed(struct board *b) {
    for (unsigned i = 0; i < BOARD_TIMERS; i++) {
        if (b->timer[i].cycles) {
            restart(b, i, counted(b, i));
        }
    }
}

void timer_reset(struct board *b, const struct periph *p) {
    b->timer[p->index] = (struct timer){.arr = mask(b, p->index), .arr_now = mask(b, p->index)};
    restart(b, p->index, 0);
    line(b, p->index);
}

uint32_t timer_read(struct board *b, const struct periph *p, uint32_t off) {
    const struct timer *t = &b->timer[p->index];
    switch (off) {
    case 0x00:
        return t->cr1;
    case 0x04:
    case 0x08: // no master, no slave
        return 0;
    case 0x0C:
        return t->dier;
    case 0x10:
        return t->sr;
    case 0x14:
        return 0;
    case 0x24:
        return (uint32_t)counted(b, p->index) & mask(b, p->index);
    case 0x28:
        return t->psc;
    case 0x2C:
        return t->arr;
    case 0x30:
        if (places[p->index].apb2) {
            return 0;
        }
        break;
    default:
        break;
    }
    board_unknown(b, p->base + off, false, 4);
    return 0;
}

void timer_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    unsigned i = p->index;
    struct timer *t = &b->timer[i];
    uint64_t now = counted(b, i);
    switch (off) {
    case 0x00:
        if (v & ~CR1_KNOWN) {
            break;
        }
        t->cr1 = v;
        restart(b, i, now);
        return;
    case 0x04:
    case 0x08:
    case 0x30: // repetition counter
        if (v) {
            break;
        }
        return;
    case 0x0C:
        if (v & ~UIE) {
            break;
        }
        t->dier = v;
        line(b, i);
        return;
    case 0x10: // flags are cleared by 0
        t->sr &= v;
        line(b, i);
        return;
    case 0x14:
        if (v & ~UIE) {
            break;
        }
        if (v && !(t->cr1 & CR1_UDIS)) {
            update(b, i, !(t->cr1 & CR1_URS));
            restart(b, i, 0);
        }
        return;
    case 0x24:
        restart(b, i, v & mask(b, i));
        return;
    case 0x28:
        t->psc = v & 0xFFFFu;
        return;
    case 0x2C:
        t->arr = v & mask(b, i);
        if (!(t->cr1 & CR1_ARPE)) {
            t->arr_now = t->arr;
            restart(b, i, now);
        }
        return;
    default:
        break;
    }
    board_unknown(b, p->base + off, true, 4);
}
