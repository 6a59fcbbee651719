// Updates that are ended several times, by cuts in flash operations, cuts between instructions and
// resets, and that must come to their end after all.
#ifndef EXPLORE_RANDOM_H
#define EXPLORE_RANDOM_H

#include "rig.h"
#include "tally.h"

void random_run(const struct product *product, uint64_t seed, bool verbose, struct tally *tally);

// The same in a process of its own.
void random_fork(const struct product *product, uint64_t seed, struct tally *tally);

#endif
