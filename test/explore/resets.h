// Named cases around resets, watchdog, button, idle time and what must not start: no cut at an
// operation, but a device that must find its way.
#ifndef EXPLORE_RESETS_H
#define EXPLORE_RESETS_H

#include "rig.h"
#include "tally.h"

void resets_all(const struct product *product, struct tally *tally);

// All cases if name is "all". false: there is no case of this name.
bool resets_run(const struct product *product, const char *name, bool verbose, struct tally *tally);

#endif
