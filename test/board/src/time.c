// Virtual time, the clock it is counted with, and the events due in it.
#include "internal.h"

typedef unsigned __int128 u128;

uint64_t cycles_to_ps(const struct board *b, uint64_t cycles) {
    return (uint64_t)(((u128)cycles * b->ps_per_cycle_32) >> 32);
}

uint64_t now_ps(const struct board *b) {
    // A device acts at the time of its event, not at the end of the instruction that was
    // running then: back-to-back characters would drift apart otherwise.
    if (b->ev_time) {
        return b->ev_time;
    }
    return b->t0 + cycles_to_ps(b, b->cyc - b->c0);
}

// First cycle at which now_ps() is not before `ps`.
uint64_t cycle_at(const struct board *b, uint64_t ps) {
    if (ps == NEVER) {
        return NEVER;
    }
    if (ps <= b->t0) {
        return b->c0;
    }
    uint64_t n = (uint64_t)((u128)(ps - b->t0) * b->hclk / BOARD_PS_PER_S);
    while (cycles_to_ps(b, n) < ps - b->t0) {
        n++;
    }
    return b->c0 + n;
}

void time_set_clock(struct board *b, uint32_t hclk, uint32_t pclk1, uint32_t pclk2) {
    if (b->hclk) {
        uint64_t now = b->t0 + cycles_to_ps(b, b->cyc - b->c0);
        b->t0 = now;
        b->c0 = b->cyc;
    }
    b->hclk = hclk;
    b->pclk1 = pclk1;
    b->pclk2 = pclk2;
    b->ps_per_cycle_32 = (uint64_t)(((u128)BOARD_PS_PER_S << 32) / hclk);
    b->deadline = b->cyc; // recompute before the next instruction
}

void time_skip_to(struct board *b, uint64_t ps) {
    uint64_t cycle = cycle_at(b, ps);
    if (cycle > b->cyc) {
        b->cyc = cycle;
    }
}

void ev_at(struct board *b, int id, uint64_t ps) {
    b->ev[id] = ps;
    if (ps != NEVER) {
        uint64_t cycle = cycle_at(b, ps);
        if (cycle < b->deadline) {
            b->deadline = cycle;
        }
    }
}

uint64_t ev_next(const struct board *b) {
    uint64_t next = NEVER;
    for (int i = 0; i < EV_COUNT; i++) {
        if (b->ev[i] < next) {
            next = b->ev[i];
        }
    }
    return next;
}

static void ev_run(struct board *b, int id) {
    switch (id) {
    case EV_FLASH:
        fpec_event(b);
        break;
    case EV_IWDG:
        iwdg_event(b);
        break;
    case EV_HSI:
    case EV_HSE:
    case EV_PLL:
        rcc_event(b, id);
        break;
    case EV_SYSTICK:
        systick_event(b);
        break;
    case EV_CUT:
        board_emit(b, BOARD_EVENT_CUT, 0, "power cut");
        board_power_off(b);
        break;
    case EV_LINE:
        line_feed(b);
        break;
    case EV_ROM: // its step looks after every event
        break;
    case EV_HOST_RX:
        line_host_event(b);
        break;
    default:
        if (id >= EV_TIMER) {
            timer_event(b, (unsigned)(id - EV_TIMER));
            break;
        }
        usart_event(b, id);
        break;
    }
}

// In order of time; events of the same instant in order of their id.
void ev_run_due(struct board *b) {
    for (;;) {
        uint64_t now = now_ps(b);
        int due = -1;
        uint64_t first = now + 1;
        for (int i = 0; i < EV_COUNT; i++) {
            if (b->ev[i] < first) {
                first = b->ev[i];
                due = i;
            }
        }
        if (due < 0) {
            return;
        }
        b->ev[due] = NEVER;
        b->ev_time = first ? first : 1;
        ev_run(b, due);
        b->ev_time = 0;
    }
}
