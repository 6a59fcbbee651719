// The command line.
#ifndef EXPLORE_OPTIONS_H
#define EXPLORE_OPTIONS_H

#include "scenario.h"

struct options {
    const char *part, *bootloader, *build, *reset;
    const struct scenario *scenario;
    uint64_t cut, seed, random;
    uint32_t boots, seeds, sample_s, uncut;
    uint32_t check_every; // 0: all signatures are computed
    bool full, verbose, has_cut, is_signed;
};

// Does not return if it makes no sense.
struct options options_parse(int argc, char **argv);

// Prints what is wrong and the usage, and exits with 2.
_Noreturn void options_fail(const char *what);

#endif
