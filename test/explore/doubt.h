// A VALID that power left in doubt: the half-word reads as set at one power-up, and not at the
// next.
#ifndef EXPLORE_DOUBT_H
#define EXPLORE_DOUBT_H

#include "rig.h"

// Cuts power in VALID, by one seed after the other: an image that has started once must start at
// every later power-up. Returns what went wrong; NULL: nothing.
const char *doubtful_valid(struct rig *rig);

#endif
