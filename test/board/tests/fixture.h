// A board with a test firmware in it.
#ifndef FIXTURE_H
#define FIXTURE_H

#include "board.h"

#define MS (1000 * BOARD_PS_PER_US)

struct fixture {
    struct board *board;
    char heard[65536]; // bytes from the device, as a string
    size_t heard_len;
    char log[8192];
    int events[8];
    uint32_t last_reset;
};

struct board_config fixture_config(struct fixture *f);
// Firmware by name, at the bottom of flash; with `as_app` the board is told that this is an
// application: strict rules are counted, not fatal.
void fixture_start(struct fixture *f, const char *firmware, const struct board_config *config);
void fixture_load(struct fixture *f, const char *firmware, uint32_t address);
void fixture_stop(struct fixture *f);
void fixture_run_ms(struct fixture *f, unsigned ms); // collects what the device says
void fixture_send(struct fixture *f, const char *bytes);
// Sends, and returns what came back up to a newline.
const char *fixture_ask(struct fixture *f, const char *bytes, unsigned ms);
bool fixture_heard(const struct fixture *f, const char *text);

#endif
