#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs.h"
#include "point.h"

#ifndef BUILD_DIR
#error "BUILD_DIR names where the firmware was built"
#endif

static const char usage[] =
    "explore --full [--seed K] [--seeds N] [--part P] [--scenario S]   seed 1 cuts at every "
    "operation,\n"
    "    the others at those that matter\n"
    "explore --sample SECONDS [--part P] [--scenario S]     a part of it, always the same order\n"
    "explore --part P --scenario S --cut N --seed K [--boots N] [--verbose]   one cut again\n"
    "explore --uncut N --scenario S [--part P]   N seeds of what comes before S, S itself not cut\n"
    "explore --part P --random K [--verbose]                one run of several cuts and resets "
    "again\n"
    "explore --part P --reset NAME [--verbose]              one case of resets again, or all\n"
    "  P: a file of bootloader-c/boards\n"
    "  --signed           with the bootloaders that take signed images alone\n"
    "  --real-signatures  each verification is computed, not only the first one of its arguments\n"
    "  --check-signatures N   one in N of those that are known is computed and compared (100)\n"
    "  --bootloader FILE  instead of the build's; with --part\n"
    "  --build DIR        where the firmware was built\n"
    "  --jobs N           processes at a time (2)\n";

_Noreturn void options_fail(const char *what) {
    fprintf(stderr, "%s\n%s", what, usage);
    exit(2);
}

static uint64_t number(const char *text) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        options_fail("a number is missing");
    }
    return value;
}

struct options options_parse(int argc, char **argv) {
    static const struct option known[] = {{"full", 0, 0, 'f'},
                                          {"sample", 1, 0, 's'},
                                          {"part", 1, 0, 'p'},
                                          {"scenario", 1, 0, 'c'},
                                          {"cut", 1, 0, 'n'},
                                          {"seed", 1, 0, 'k'},
                                          {"seeds", 1, 0, 'S'},
                                          {"uncut", 1, 0, 'u'},
                                          {"boots", 1, 0, 'b'},
                                          {"verbose", 0, 0, 'v'},
                                          {"bootloader", 1, 0, 'B'},
                                          {"build", 1, 0, 'd'},
                                          {"jobs", 1, 0, 'j'},
                                          {"random", 1, 0, 'r'},
                                          {"reset", 1, 0, 'R'},
                                          {"signed", 0, 0, 'g'},
                                          {"real-signatures", 0, 0, 'G'},
                                          {"check-signatures", 1, 0, 'C'},
                                          {0, 0, 0, 0}};
    struct options options = {.build = BUILD_DIR,
                              .boots = POINT_BOOTS,
                              .seeds = 8,
                              .seed = 1,
                              .sample_s = 30,
                              .check_every = 100};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            options.full = true;
            break;
        case 's':
            options.sample_s = (uint32_t)number(optarg);
            break;
        case 'p':
            options.part = optarg;
            break;
        case 'c':
            options.scenario = scenario_find(optarg);
            if (options.scenario == NULL) {
                options_fail("no such scenario");
            }
            break;
        case 'n':
            options.cut = number(optarg);
            options.has_cut = true;
            break;
        case 'k':
            options.seed = number(optarg);
            break;
        case 'S':
            options.seeds = (uint32_t)number(optarg);
            break;
        case 'u':
            options.uncut = (uint32_t)number(optarg);
            break;
        case 'b':
            options.boots = (uint32_t)number(optarg);
            break;
        case 'v':
            options.verbose = true;
            break;
        case 'B':
            options.bootloader = optarg;
            break;
        case 'd':
            options.build = optarg;
            break;
        case 'j':
            jobs_limit((unsigned)number(optarg));
            break;
        case 'r':
            options.random = number(optarg);
            break;
        case 'g':
            options.is_signed = true;
            break;
        case 'G':
            options.check_every = 0;
            break;
        case 'C':
            options.check_every = (uint32_t)number(optarg);
            break;
        case 'R':
            options.reset = optarg;
            break;
        default:
            options_fail("unknown option");
        }
    }
    bool replay = options.has_cut || options.random != 0 || options.reset != NULL;
    if (optind < argc || ((options.bootloader != NULL || replay) && options.part == NULL) ||
        ((options.has_cut || options.uncut != 0) && options.scenario == NULL)) {
        options_fail("these options do not go together");
    }
    return options;
}
