// What is told of a board that is behind wall time.
#ifndef BOARD_LAG_H
#define BOARD_LAG_H

#include "session.h"

// For a host that would rather wait for the board than for wall time, in a file
struct lag_clock {
    volatile uint64_t reached_ns; // CLOCK_MONOTONIC; all ones: the board has ended
    volatile uint64_t lost_ns;
};

struct lag_clock *lag_clock_open(const char *path, uint64_t wall_ns); // NULL: errno tells why
void lag_clock_close(struct lag_clock *clock);
void lag_publish(struct lag_clock *clock, const struct pace *pace);
// Not too often
void lag_say(struct session *s, uint64_t wall_ns);

#endif
