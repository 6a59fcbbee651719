// One scenario on one part with one seed: a clean run that journals the flash operations of the
// explored step, then a second run that forks before each of them and cuts power in the child.
#ifndef EXPLORE_PASS_H
#define EXPLORE_PASS_H

#include "point.h"

#define PASS_UNCUT UINT64_MAX // the clean run only

struct pass {
    const struct product *product;
    const struct scenario *scenario;
    struct tally *tally;
    uint64_t seed;
    uint32_t boots;
    uint32_t share;          // one of so many operations in the middle of pages is cut
    uint32_t thorough_share; // one of so many cuts in the middle of pages is thorough
    uint32_t key_share;      // one of so many other operations is cut, always thorough
    uint64_t only;           // this cut and no other, in this process; 0: all
    bool verbose;
};

// false: the clean run itself failed, which is told and counted.
bool pass_run(const struct pass *pass);

#endif
