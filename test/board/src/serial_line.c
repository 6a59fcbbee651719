#include "serial_line.h"

#include <stddef.h>

#define NEVER UINT64_MAX
// Edges are not sharp: a sample this close to one (in 1/100 of the sender's bit) is a coin toss.
#define EDGE_PERCENT 8

void wave_clear(struct wave *w) {
    w->head = w->count = 0;
}

static const struct frame *at(const struct wave *w, uint32_t i) {
    return &w->frame[(w->head + i) % WAVE_FRAMES];
}

void wave_add(struct wave *w, uint64_t start, uint64_t bit_ps, uint16_t bits, unsigned nbits) {
    if (w->count == WAVE_FRAMES) { // oldest first: nobody samples that far back
        w->head = (w->head + 1) % WAVE_FRAMES;
        w->count--;
    }
    struct frame *f = &w->frame[(w->head + w->count) % WAVE_FRAMES];
    *f = (struct frame){start, bit_ps, bits, (uint8_t)nbits};
    w->count++;
}

uint64_t wave_end(const struct wave *w) {
    if (!w->count) {
        return 0;
    }
    const struct frame *f = at(w, w->count - 1);
    return f->start + f->bit_ps * f->nbits;
}

static bool frame_bit(const struct frame *f, uint64_t n) {
    return n >= f->nbits || (f->bits >> n & 1u);
}

bool wave_toss(uint32_t *noise) {
    *noise = *noise * 1664525u + 1013904223u;
    return *noise >> 31;
}

bool wave_level(const struct wave *w, uint64_t ps, uint32_t *noise) {
    for (uint32_t i = w->count; i-- > 0;) {
        const struct frame *f = at(w, i);
        if (ps < f->start) {
            continue;
        }
        uint64_t n = (ps - f->start) / f->bit_ps;
        uint64_t in = (ps - f->start) % f->bit_ps;
        bool here = frame_bit(f, n);
        uint64_t zone = f->bit_ps * EDGE_PERCENT / 100;
        bool before = n ? frame_bit(f, n - 1) : true;
        bool after = frame_bit(f, n + 1);
        if (n + 1 >= f->nbits && i + 1 < w->count && at(w, i + 1)->start <= ps + zone) {
            after = false; // the next start bit follows at once
        }
        if (noise && ((in < zone && before != here) ||
                      (in + zone > f->bit_ps && after != here && n < f->nbits))) {
            return wave_toss(noise);
        }
        return here;
    }
    return true;
}

uint64_t wave_fall(const struct wave *w, uint64_t from) {
    for (uint32_t i = 0; i < w->count; i++) {
        const struct frame *f = at(w, i);
        if (f->start + f->bit_ps * f->nbits <= from) {
            continue;
        }
        for (uint64_t n = 0; n < f->nbits; n++) {
            uint64_t t = f->start + n * f->bit_ps;
            if (t >= from && !frame_bit(f, n) && (n == 0 || frame_bit(f, n - 1))) {
                return t;
            }
        }
    }
    return NEVER;
}

static uint64_t fall(const void *what, uint64_t from) {
    return wave_fall(what, from);
}

static bool level(const void *what, uint64_t ps, uint32_t *noise) {
    return wave_level(what, ps, noise);
}

struct ear wave_ear(const struct wave *w) {
    return (struct ear){fall, level, w};
}

void sampler_start(struct sampler *s, uint64_t ps, uint64_t bit_ps, unsigned nbits) {
    *s = (struct sampler){.bit_ps = bit_ps, .from = ps, .edge = NEVER, .nbits = (uint8_t)nbits};
}

uint64_t sampler_next(struct sampler *s, struct ear ear) {
    if (!s->bit_ps) {
        return NEVER;
    }
    if (!s->busy) {
        s->edge = ear.fall(ear.what, s->from);
        if (s->edge == NEVER) {
            return NEVER;
        }
        s->busy = true;
    }
    // The stop bit is judged at 10/16 of it (RM0008 27.3.3).
    return s->edge + s->bit_ps * (s->nbits - 1u) + s->bit_ps * 10 / 16;
}

// Majority of the samples 8, 9 and 10 of 16; disagreement is noise. Or the one in the middle.
static bool bit_at(const struct sampler *s, const struct ear *ear, unsigned n, uint32_t *noise,
                   bool *noisy) {
    unsigned ones = 0;
    if (s->one) {
        return ear->level(ear->what, s->edge + s->bit_ps * n + s->bit_ps * 9 / 16, noise);
    }
    for (unsigned k = 8; k <= 10; k++) {
        ones += ear->level(ear->what, s->edge + s->bit_ps * n + s->bit_ps * k / 16, noise);
    }
    *noisy = *noisy || (ones != 0 && ones != 3);
    return ones >= 2;
}

struct sample sampler_take(struct sampler *s, struct ear ear, uint32_t *noise) {
    struct sample r = {0};
    unsigned data = s->nbits - 2u;
    for (unsigned n = 0; n < data; n++) {
        r.data |= (uint16_t)((unsigned)bit_at(s, &ear, n + 1, noise, &r.noise) << n);
    }
    r.framing = !bit_at(s, &ear, data + 1, noise, &r.noise);
    s->from = s->edge + s->bit_ps * (s->nbits - 1u) + s->bit_ps * 10 / 16;
    s->busy = false;
    return r;
}
