// One cut: what the device does after it, judged.
#ifndef EXPLORE_POINT_H
#define EXPLORE_POINT_H

#include "record.h"
#include "scenario.h"
#include "tally.h"

struct point {
    const struct scenario *scenario;
    uint64_t cut; // number of the operation in the explored step, from 1
    uint64_t seed;
    bool thorough;  // several power-ups of the same torn flash, and a complete update after each
    uint32_t boots; // after a complete update
    // What a boot does if the operation never began, and if it was finished: after a torn one it
    // may do either.
    struct expectation before, after;
};

#define POINT_BOOTS 5u

// The board is off, the operation torn.
void point_check(const struct point *point, struct rig *rig, struct tally *tally);

#endif
