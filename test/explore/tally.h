// What the explorations found, counted over all processes.
#ifndef EXPLORE_TALLY_H
#define EXPLORE_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

enum finding {
    FINDING_BRICK,      // the bootloader does not answer, or changed itself
    FINDING_UNVERIFIED, // an application started that is not a complete image
    FINDING_LOST,       // a complete and verified image no longer starts
    FINDING_FAILED,     // the next update does not succeed, or leaves other bytes
    FINDING_FLAPPING,   // an image that an update completed does not start at a later power-up
    FINDING_REVIVED,    // a key that was revoked is believed again
    FINDING_RULES,      // the firmware broke a rule of the hardware, or faulted
    FINDING_COUNT,
};

struct tally {
    atomic_uint operations; // of the clean run
    atomic_uint points;
    atomic_uint recoveries; // points followed by a complete update
    atomic_uint weak;       // points that left cells which read differently
    atomic_uint findings[FINDING_COUNT];
};

// Shared with the processes that are forked later.
struct tally *tally_create(uint32_t count);

// Counts, and prints the first few of each kind. replay is the command's arguments.
void tally_find(struct tally *tally, enum finding finding, const char *replay, const char *what);

uint32_t tally_found(const struct tally *tally);

// The final line.
void tally_print(const struct tally *tallies, uint32_t count);

#endif
