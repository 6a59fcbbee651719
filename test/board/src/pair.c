#include "pair.h"

#include <stdlib.h>

#include "internal.h"
#include "usart.h"

static const struct span *span_at(const struct pair_driver *d, uint64_t ps) {
    for (uint32_t i = d->count; i-- > 0;) {
        const struct span *s = &d->span[(d->head + i) % PAIR_SPANS];
        if (s->from <= ps) {
            return ps < s->to ? s : NULL;
        }
    }
    return NULL;
}

static struct span *newest(struct pair_driver *d) {
    return d->count ? &d->span[(d->head + d->count - 1) % PAIR_SPANS] : NULL;
}

static bool overlaps(const struct pair_driver *d, uint64_t ps) {
    for (uint32_t i = 0; i < d->count; i++) {
        if (d->span[(d->head + i) % PAIR_SPANS].to > ps) {
            return true;
        }
    }
    return false;
}

// Whoever comes while another is there has caused the collision. A board may be a slice ahead of
// the others, so the one that is told of last need not be the later one.
static void count_collisions(struct board_pair *p, unsigned who, uint64_t from) {
    for (unsigned i = 0; i <= p->boards; i++) {
        struct pair_driver *other = &p->driver[i];
        if (i != who && overlaps(other, from)) {
            p->driver[newest(other)->from > from ? i : who].collisions++;
        }
    }
}

static void open_span(struct board_pair *p, unsigned who, uint64_t from, uint64_t to) {
    struct pair_driver *d = &p->driver[who];
    if (d->count == PAIR_SPANS) { // nobody looks that far back
        d->head = (d->head + 1) % PAIR_SPANS;
        d->count--;
    }
    d->span[(d->head + d->count) % PAIR_SPANS] = (struct span){from, to};
    d->count++;
    count_collisions(p, who, from);
}

static bool only_tried(const struct board_pair *p, unsigned who) {
    return who != PAIR_HOST && p->board[who - 1]->trying;
}

void pair_switch(struct board_pair *p, unsigned who, uint64_t ps, bool on) {
    if (only_tried(p, who)) {
        return;
    }
    struct span *last = newest(&p->driver[who]);
    bool is_on = last && ps < last->to;
    if (on && !is_on) {
        open_span(p, who, ps, NEVER);
    } else if (!on && is_on) {
        last->to = ps;
    }
}

void pair_drive(struct board_pair *p, unsigned who, uint64_t from, uint64_t to) {
    if (only_tried(p, who)) {
        return;
    }
    struct span *last = newest(&p->driver[who]);
    if (last && from <= last->to) {
        last->to = to;
    } else {
        open_span(p, who, from, to);
    }
}

static void listen_again(struct board_pair *p) {
    for (unsigned i = 0; i < p->boards; i++) {
        line_changed(p->board[i]);
    }
}

void pair_send(struct board_pair *p, unsigned who, uint64_t start, uint64_t bit_ps, uint16_t bits,
               unsigned nbits) {
    if (only_tried(p, who)) {
        return;
    }
    struct pair_driver *d = &p->driver[who];
    d->unheard += !span_at(d, start);
    wave_add(&d->wave, start, bit_ps, bits, nbits);
    uint64_t end = start + bit_ps * nbits;
    p->active_ps = end > p->active_ps ? end : p->active_ps;
    listen_again(p);
}

static bool is_on(const struct pair_driver *d, uint64_t ps) {
    return span_at(d, ps) != NULL;
}

static bool level(const void *what, uint64_t ps, uint32_t *noise) {
    const struct pair_driver *own = what;
    const struct board_pair *p = own->pair;
    if (!p->receivers_stay_on && is_on(own, ps)) {
        return true;
    }
    unsigned ones = 0, zeros = 0;
    for (unsigned i = 0; i <= p->boards; i++) {
        const struct pair_driver *d = &p->driver[i];
        if (is_on(d, ps)) {
            *(wave_level(&d->wave, ps, noise) ? &ones : &zeros) += 1;
        }
    }
    if (ones && zeros) {
        return wave_toss(noise);
    }
    return !zeros;
}

// An edge of somebody whose driver is on, while the receiver is.
static uint64_t fall(const void *what, uint64_t from) {
    const struct pair_driver *own = what;
    const struct board_pair *p = own->pair;
    uint64_t first = NEVER;
    for (unsigned i = 0; i <= p->boards; i++) {
        const struct pair_driver *d = &p->driver[i];
        if (d == own && !p->receivers_stay_on) {
            continue;
        }
        uint64_t edge = wave_fall(&d->wave, from);
        while (edge != NEVER && (!is_on(d, edge) || (!p->receivers_stay_on && is_on(own, edge)))) {
            edge = wave_fall(&d->wave, edge + 1);
        }
        first = edge < first ? edge : first;
    }
    return first;
}

// A part that is off, in reset or unplugged drives no pin: the transceiver's own resistor does.
void pair_pins_changed(struct board *b) {
    if (!b->pair) {
        return;
    }
    struct pin pin = b->family->pin(b, b->de.port, b->de.bit);
    bool there = b->state != BOARD_OFF && !b->unplugged;
    if (there && pin.mode == PIN_ALTERNATE) {
        return; // the USART's
    }
    bool high = b->gpio[b->de.port].odr >> b->de.bit & 1u;
    bool on = there && pin.mode == PIN_OUTPUT && high == b->de.high;
    pair_switch(b->pair, b->pair_member, now_ps(b), on);
}

bool pair_usart_drives(const struct board *b, const struct uart *u) {
    const struct enable_pin *own = b->family->enable_pins;
    if (!own || b->unplugged || !(u->cr3 & CR3_DEM)) {
        return false;
    }
    own += u - b->uart;
    struct pin pin = b->family->pin(b, own->port, own->bit);
    return own->port == b->de.port && own->bit == b->de.bit && pin.mode == PIN_ALTERNATE &&
           pin.af == own->af && b->de.high == !(u->cr3 & CR3_DEP);
}

struct ear pair_ear(const struct board_pair *p, unsigned who) {
    return (struct ear){fall, level, &p->driver[who]};
}

struct board_pair *board_pair_create(void) {
    struct board_pair *p = calloc(1, sizeof *p);
    for (unsigned i = 0; p && i < PAIR_MEMBERS; i++) {
        p->driver[i].pair = p;
    }
    return p;
}

void board_pair_free(struct board_pair *p) {
    free(p);
}

bool board_pair_join(struct board_pair *p, struct board *b, const struct board_enable *de) {
    if (p->boards == BOARD_PAIR_BOARDS) {
        return false;
    }
    p->board[p->boards++] = b;
    b->pair = p;
    b->pair_member = p->boards;
    b->de = *de;
    return true;
}

void board_pair_hold(struct board_pair *p, uint64_t ps) {
    p->hold_ps = ps;
}

void board_pair_echo(struct board_pair *p, bool on) {
    for (unsigned i = 0; i < p->boards; i++) { // what nobody has heard stays unheard
        line_forget(p->board[i]);
    }
    p->receivers_stay_on = on;
}

struct board_pair_counts board_pair_counts(const struct board_pair *p, unsigned who) {
    return (struct board_pair_counts){p->driver[who].collisions, p->driver[who].unheard};
}

// Half a character of the fastest who may send: what one board sends the others hear in time.
static uint64_t slice_ps(const struct board_pair *p) {
    uint32_t fastest = board_line_rate(p->board[0]);
    for (unsigned i = 0; i < p->boards; i++) {
        uint32_t rate = board_uart_baud(p->board[i]);
        fastest = rate > fastest ? rate : fastest;
    }
    return BOARD_PS_PER_S / (fastest ? fastest : 115200) * 5;
}

// Nothing is on the pair, and whoever was asked would have begun to answer.
#define AT_REST_PS    (250000 * BOARD_PS_PER_US)
#define REST_SLICE_PS (500 * BOARD_PS_PER_US)

static bool moving(const struct board_pair *p) {
    bool busy = p->now_ps < p->active_ps + 2 * slice_ps(p);
    for (unsigned i = 0; i < p->boards && !busy; i++) {
        busy = board_busy(p->board[i]);
    }
    return busy;
}

bool board_pair_busy(const struct board_pair *p) {
    return moving(p);
}

uint64_t board_pair_time_ps(const struct board_pair *p) {
    return p->now_ps;
}

static void run(struct board_pair *p, uint64_t end, bool idle) {
    while (p->now_ps < end) {
        uint64_t left = end - p->now_ps;
        bool alone = p->boards == 1; // as on a wire: it answers nobody but the host
        bool rest = !moving(p) && (alone || p->now_ps > p->active_ps + AT_REST_PS);
        uint64_t slice = alone ? left : rest ? REST_SLICE_PS : slice_ps(p);
        slice = slice < left ? slice : left;
        p->now_ps += slice;
        for (unsigned i = 0; i < p->boards; i++) {
            uint64_t there = board_time_ps(p->board[i]);
            if (there < p->now_ps) {
                (idle && rest ? board_run_idle_ps : board_run_ps)(p->board[i], p->now_ps - there);
            }
        }
    }
}

void board_pair_run_ps(struct board_pair *p, uint64_t ps) {
    run(p, p->now_ps + ps, false);
}

void board_pair_run_idle_ps(struct board_pair *p, uint64_t ps) {
    run(p, p->now_ps + ps, true);
}

// As board_run_until_tx does, for all of them.
#define LOOK_PS      (100 * BOARD_PS_PER_US)
#define IDLE_LOOK_PS (500 * BOARD_PS_PER_US)

static bool quiet_after_bytes(const struct board_pair *p) {
    uint32_t rate = board_line_rate(p->board[0]);
    uint64_t character = BOARD_PS_PER_S / (rate ? rate : 115200) * 10;
    return p->board[0]->host_in_len && p->now_ps > p->active_ps + 2 * character;
}

void board_pair_run_until_tx(struct board_pair *p, uint64_t ps) {
    uint64_t end = p->now_ps + ps;
    while (p->now_ps < end && !quiet_after_bytes(p)) {
        uint64_t left = end - p->now_ps;
        uint64_t look = p->board[0]->host_in_len ? LOOK_PS : IDLE_LOOK_PS;
        run(p, p->now_ps + (left < look ? left : look), true);
    }
}
