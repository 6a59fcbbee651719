// One direction of a serial wire as a waveform, and a receiver that samples it. Rate mismatch,
// breaks and characters met half-way need no special case: the receiver reads what is there.
#ifndef BOARD_SERIAL_LINE_H
#define BOARD_SERIAL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define WAVE_FRAMES 256 // a 9600 Bd receiver sees 96 characters of 921600 Bd in one of its own

struct frame {
    uint64_t start, bit_ps;
    uint16_t bits; // start bit first, in bit 0
    uint8_t nbits;
};

struct wave {
    struct frame frame[WAVE_FRAMES];
    uint32_t head, count;
};

struct sampler {
    uint64_t bit_ps; // of the receiver
    uint64_t from;   // looks for a start edge from here
    uint64_t edge;   // of the character under way
    uint8_t nbits;   // start + data + stop
    bool busy;
    bool one; // one sample a bit, which can not disagree: no noise (ONEBIT)
};

struct sample {
    uint16_t data; // data bits (and parity), LSB first
    bool framing, noise;
};

void wave_clear(struct wave *w);
void wave_add(struct wave *w, uint64_t start, uint64_t bit_ps, uint16_t bits, unsigned nbits);
bool wave_level(const struct wave *w, uint64_t ps, uint32_t *noise);
bool wave_toss(uint32_t *noise); // a level that nobody knows
uint64_t wave_fall(const struct wave *w,
                   uint64_t from);       // first falling edge from then; UINT64_MAX: none
uint64_t wave_end(const struct wave *w); // when the last frame is over; 0: none

// What a receiver looks at: a wire of its own, or a pair with others (pair.h).
struct ear {
    uint64_t (*fall)(const void *what, uint64_t from);
    bool (*level)(const void *what, uint64_t ps, uint32_t *noise);
    const void *what;
};
struct ear wave_ear(const struct wave *w);

// Forgets the character under way and listens from `ps`.
void sampler_start(struct sampler *s, uint64_t ps, uint64_t bit_ps, unsigned nbits);
// When the character that starts next will be complete; UINT64_MAX: no start edge is known.
uint64_t sampler_next(struct sampler *s, struct ear ear);
// To be called at that time.
struct sample sampler_take(struct sampler *s, struct ear ear, uint32_t *noise);

#endif
