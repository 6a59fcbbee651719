// Virtual time against wall time: how far a board may run, how far it is behind, and how much a
// serial line takes of a host meanwhile. Plain arithmetic: what the clocks say is given.
#ifndef BOARD_PACE_H
#define BOARD_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull

struct pace {
    bool realtime;               // else fast: flat out while something moves
    uint64_t wall0_ns, virt0_ns; // virtual time is to be virt0 at wall0
    uint64_t busy_until_ns;      // virtual: the end of fast mode's tail
    uint64_t lag_ns, max_lag_ns; // behind wall time now, and at most
    uint64_t lost_ns;            // given up
    uint64_t reached_ns;         // wall time that the board has come to
};

void pace_start(struct pace *p, bool realtime, uint64_t wall_ns, uint64_t virt_ns);
// What virtual time is to be
uint64_t pace_target(const struct pace *p, uint64_t wall_ns);
// How far to run now; 0: wait. What is given up of a lag too long goes to *lost_ns.
uint64_t pace_run(struct pace *p, uint64_t wall_ns, uint64_t virt_ns, bool busy, uint64_t *lost_ns);
// After it: how long to wait for the outside before the next run
uint64_t pace_wait(struct pace *p, uint64_t wall_ns, uint64_t virt_ns, bool busy);
// Bytes that may stand in front of the line, which runs at `rate`
size_t pace_room(const struct pace *p, uint32_t rate);

#endif
