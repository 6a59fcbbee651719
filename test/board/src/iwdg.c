// Independent watchdog (RM0008 section 19): 12-bit down-counter on the LSI. F0 and F3 have a
// window (RM0091 section 21): refreshed while the counter is above it, it resets.
#include "internal.h"

static uint64_t tick_ps(const struct board *b) {
    uint32_t lsi = b->cfg.lsi_hz ? b->cfg.lsi_hz : 40000u;
    uint32_t shift = b->iwdg.pr > 6 ? 6 : b->iwdg.pr;
    return BOARD_PS_PER_S / lsi * (4ull << shift);
}

static void schedule(struct board *b) {
    ev_at(b, EV_IWDG,
          b->iwdg.running ? b->iwdg.since + (b->iwdg.count + 1ull) * tick_ps(b) : NEVER);
}

static void load(struct board *b, uint32_t count) {
    b->iwdg.count = count;
    b->iwdg.since = now_ps(b);
    schedule(b);
}

void iwdg_start(struct board *b) {
    if (!b->iwdg.running) {
        b->iwdg.running = true;
        load(b, 0xFFF);
    }
}

void iwdg_reset(struct board *b) {
    b->iwdg = (struct iwdg){.rlr = 0xFFF, .window = 0xFFF};
    schedule(b);
    if (b->fpec.hardware_watchdog) {
        iwdg_start(b);
    }
}

static uint32_t counter(const struct board *b) {
    uint64_t gone = (now_ps(b) - b->iwdg.since) / tick_ps(b);
    return gone < b->iwdg.count ? b->iwdg.count - (uint32_t)gone : 0;
}

static void refresh(struct board *b) {
    struct iwdg *w = &b->iwdg;
    if (w->running && counter(b) > w->window) {
        ev_at(b, EV_IWDG, now_ps(b)); // too early
    } else if (w->running) {
        load(b, w->rlr);
    }
}

void iwdg_event(struct board *b) {
    board_do_reset(b, BOARD_RESET_IWDG);
}

void iwdg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    struct iwdg *w = &b->iwdg;
    uint64_t now = now_ps(b);
    uint64_t update = 5 * BOARD_PS_PER_S / (b->cfg.lsi_hz ? b->cfg.lsi_hz : 40000u);
    switch (off) {
    case 0x00:
        w->open = v == 0x5555;
        if (v == 0xAAAA) {
            refresh(b);
        } else if (v == 0xCCCC) {
            iwdg_start(b);
        }
        return;
    case 0x10:
        if (!b->family->iwdg_window) {
            break;
        }
        // Fall through.
    case 0x04:
    case 0x08:
        if (!w->open) {
            board_violation(b, p->base + off, "IWDG register written without 0x5555");
            return;
        }
        if (now < (off == 4 ? w->pvu_until : off == 8 ? w->rvu_until : w->wvu_until)) {
            board_violation(b, p->base + off, "IWDG register written before PVU/RVU/WVU is clear");
            return;
        }
        if (off == 4) {
            load(b, counter(b)); // where it stands, before its rate changes
            w->pr = v & 7u;
            w->pvu_until = now + update;
            schedule(b);
        } else if (off == 8) {
            w->rlr = v & 0xFFFu;
            w->rvu_until = now + update;
        } else { // reloads the counter too
            w->window = v & 0xFFFu;
            w->wvu_until = now + update;
            if (w->running) {
                load(b, w->rlr);
            }
        }
        return;
    default:
        break;
    }
    board_unknown(b, p->base + off, true, 4);
}

uint32_t iwdg_read(struct board *b, const struct periph *p, uint32_t off) {
    const struct iwdg *w = &b->iwdg;
    switch (off) {
    case 0x00:
        return 0;
    case 0x04:
        return w->pr;
    case 0x08:
        return w->rlr;
    case 0x0C:
        return (now_ps(b) < w->pvu_until ? 1u : 0) | (now_ps(b) < w->rvu_until ? 2u : 0) |
               (now_ps(b) < w->wvu_until ? 4u : 0);
    case 0x10:
        if (b->family->iwdg_window) {
            return w->window;
        }
        break;
    default:
        break;
    }
    board_unknown(b, p->base + off, false, 4);
    return 0;
}
