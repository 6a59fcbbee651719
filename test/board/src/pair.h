// A half-duplex pair, as of RS-485: who drives it, what is on it, and what each receiver hears.
//
// A driver is on or off; while it is off its sender is not heard. Where two are on and do not agree
// nobody knows the level. Resistors hold the pair idle while all are off. The host's adapter drives
// it from its first bit to its last, and may hold it longer.
#ifndef BOARD_PAIR_H
#define BOARD_PAIR_H

#include "board.h"
#include "serial_line.h"

#define PAIR_HOST    0 // number of the driver; boards follow
#define PAIR_MEMBERS (BOARD_PAIR_BOARDS + 1)

#define PAIR_SPANS 64u

// While a driver is on
struct span {
    uint64_t from, to;
};

struct pair_driver {
    const struct board_pair *pair;
    struct wave wave;
    struct span span[PAIR_SPANS];
    uint32_t head, count;
    uint64_t collisions; // begun by it while another was on
    uint64_t unheard;    // characters sent while it was off
};

struct board_pair {
    struct board *board[BOARD_PAIR_BOARDS];
    unsigned boards;
    struct pair_driver driver[PAIR_MEMBERS];
    uint64_t hold_ps;       // by the host's adapter, after its last bit
    bool receivers_stay_on; // while their own driver is on
    uint64_t now_ps;
    uint64_t active_ps; // until when something is or was on the pair
};

// Switches a driver: its span begins or ends.
void pair_switch(struct board_pair *p, unsigned who, uint64_t ps, bool on);
// On from here to there, whatever was before.
void pair_drive(struct board_pair *p, unsigned who, uint64_t from, uint64_t to);
// A character; heard as far as the driver is on.
void pair_send(struct board_pair *p, unsigned who, uint64_t start, uint64_t bit_ps, uint16_t bits,
               unsigned nbits);
// What that member's receiver sees.
struct ear pair_ear(const struct board_pair *p, unsigned who);

#endif
