// Cuts power, or resets, at every moment of an update and judges what the device does then.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jobs.h"
#include "pass.h"
#include "random.h"
#include "resets.h"

#ifndef BUILD_DIR
#error "BUILD_DIR names where the firmware was built"
#endif

static const char *const parts[] = {"stm32f103xe", "stm32f103xb", "stm32f100xb"};
#define PARTS (sizeof parts / sizeof parts[0])

struct options {
    const char *part, *bootloader, *build, *reset;
    const struct scenario *scenario;
    uint64_t cut, seed, random;
    uint32_t boots, seeds, sample_s, uncut;
    bool full, verbose, has_cut;
};

static const char usage[] =
    "explore --full [--seed K] [--seeds N] [--part P] [--scenario S]   seed 1 cuts at every "
    "operation,\n"
    "    the others at those that matter\n"
    "explore --sample SECONDS [--part P] [--scenario S]     a part of it, always the same order\n"
    "explore --part P --scenario S --cut N --seed K [--boots N] [--verbose]   one cut again\n"
    "explore --uncut N --scenario S [--part P]   N seeds of what comes before S, S itself not cut\n"
    "explore --part P --random K [--verbose]                one run of several cuts and resets "
    "again\n"
    "explore --part P --reset NAME [--verbose]              one case of resets again\n"
    "  --bootloader FILE  instead of the build's; with --part\n"
    "  --build DIR        where the firmware was built\n"
    "  --jobs N           processes at a time (2)\n";

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "%s\n%s", what, usage);
    exit(2);
}

static uint64_t number(const char *text) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        fail("a number is missing");
    }
    return value;
}

static struct options parse(int argc, char **argv) {
    static const struct option known[] = {{"full", 0, 0, 'f'},       {"sample", 1, 0, 's'},
                                          {"part", 1, 0, 'p'},       {"scenario", 1, 0, 'c'},
                                          {"cut", 1, 0, 'n'},        {"seed", 1, 0, 'k'},
                                          {"seeds", 1, 0, 'S'},      {"uncut", 1, 0, 'u'},
                                          {"boots", 1, 0, 'b'},      {"verbose", 0, 0, 'v'},
                                          {"bootloader", 1, 0, 'B'}, {"build", 1, 0, 'd'},
                                          {"jobs", 1, 0, 'j'},       {"random", 1, 0, 'r'},
                                          {"reset", 1, 0, 'R'},      {0, 0, 0, 0}};
    struct options options = {
        .build = BUILD_DIR, .boots = POINT_BOOTS, .seeds = 8, .seed = 1, .sample_s = 30};
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
                fail("no such scenario");
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
        case 'R':
            options.reset = optarg;
            break;
        default:
            fail("unknown option");
        }
    }
    bool replay = options.has_cut || options.random != 0 || options.reset != NULL;
    if (optind < argc || ((options.bootloader != NULL || replay) && options.part == NULL) ||
        ((options.has_cut || options.uncut != 0) && options.scenario == NULL)) {
        fail("these options do not go together");
    }
    return options;
}

static struct product *load_part(const struct options *options, const char *part) {
    char bootloader[512];
    char demo[512];
    snprintf(bootloader, sizeof bootloader, "%s/%s/bootloader.bin", options->build, part);
    snprintf(demo, sizeof demo, "%s/%s/demo-v1.bin", options->build, part);
    struct product *product = calloc(1, sizeof *product);
    if (!product_load(product, part, options->bootloader != NULL ? options->bootloader : bootloader,
                      demo)) {
        exit(2);
    }
    return product;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct run {
    const struct options *options;
    const struct product *products[PARTS];
    uint32_t product_count;
    struct tally *tallies; // product × scenario, then product × random, then product × resets
};

static uint32_t tally_count(const struct run *run) {
    return run->product_count * (scenario_count + 2);
}

static struct tally *tally_of(const struct run *run, uint32_t product, uint32_t row) {
    return &run->tallies[product * (scenario_count + 2) + row];
}

static void print_heads(void) {
    printf("%-12s %-13s %10s %7s %10s %6s %7s %10s %5s %7s %9s %8s\n", "part", "scenario",
           "operations", "points", "recoveries", "weak", "bricks", "unverified", "lost", "failed",
           "flapping", "seconds");
}

static void print_row(const struct run *run, uint32_t product, uint32_t row, double begun) {
    bool all_ended = jobs_wait(); // before their counts are read
    const struct tally *tally = tally_of(run, product, row);
    printf("%-12s %-13s %10u %7u %10u %6u %7u %10u %5u %7u %9u %8.0f%s\n",
           run->products[product]->part->name,
           row < scenario_count    ? scenarios[row].name
           : row == scenario_count ? "several cuts"
                                   : "resets",
           tally->operations, tally->points, tally->recoveries, tally->weak,
           tally->findings[FINDING_BRICK], tally->findings[FINDING_UNVERIFIED],
           tally->findings[FINDING_LOST], tally->findings[FINDING_FAILED],
           tally->findings[FINDING_FLAPPING], seconds() - begun, all_ended ? "" : " crashed");
    fflush(stdout);
}

static struct pass pass_of(const struct run *run, uint32_t product, uint32_t scenario) {
    return (struct pass){.product = run->products[product],
                         .scenario = &scenarios[scenario],
                         .tally = tally_of(run, product, scenario),
                         .seed = run->options->seed,
                         .boots = run->options->boots,
                         .verbose = run->options->verbose};
}

// The first seed cuts at every operation, the others at those that matter.
static void explore_scenario(const struct run *run, uint32_t product, uint32_t scenario) {
    double begun = seconds();
    for (uint32_t i = 0; i < run->options->seeds; i++) {
        struct pass pass = pass_of(run, product, scenario);
        pass.seed += i;
        pass.share = pass.seed == 1 ? 1 : 0;
        pass.thorough_share = 16;
        pass.key_share = 1;
        pass_run(&pass);
    }
    print_row(run, product, scenario, begun);
}

static void explore_full(const struct run *run) {
    print_heads();
    for (uint32_t p = 0; p < run->product_count; p++) {
        for (uint32_t s = 0; s < scenario_count; s++) {
            if (run->options->scenario == NULL || run->options->scenario == &scenarios[s]) {
                explore_scenario(run, p, s);
            }
        }
        if (run->options->scenario == NULL) {
            double begun = seconds();
            for (uint64_t seed = 1; seed <= 100u * run->options->seeds; seed++) {
                random_fork(run->products[p], seed, tally_of(run, p, scenario_count));
            }
            print_row(run, p, scenario_count, begun);
            begun = seconds();
            resets_all(run->products[p], tally_of(run, p, scenario_count + 1));
            print_row(run, p, scenario_count + 1, begun);
        }
    }
}

// What the interruptions before the explored step leave behind: clean runs, one a seed.
static void explore_uncut(const struct run *run) {
    for (uint32_t seed = 1; seed <= run->options->uncut; seed++) {
        for (uint32_t p = 0; p < run->product_count; p++) {
            struct pass pass = pass_of(run, p, (uint32_t)(run->options->scenario - scenarios));
            pass.seed = seed;
            pass.only = PASS_UNCUT;
            if (jobs_fork()) {
                pass_run(&pass);
                _exit(0);
            }
        }
    }
}

// Rounds of a few points of everything, until the time is over.
static void explore_sample(const struct run *run) {
    double end = seconds() + run->options->sample_s;
    for (uint64_t round = 1; seconds() < end; round++) {
        for (uint32_t s = 0; s < scenario_count + 1 && seconds() < end; s++) {
            for (uint32_t p = 0; p < run->product_count && seconds() < end; p++) {
                if (s == scenario_count) {
                    random_fork(run->products[p], round, tally_of(run, p, s));
                } else {
                    struct pass pass = pass_of(run, p, s);
                    pass.seed = round;
                    pass.share = 500;
                    pass.thorough_share = 2;
                    pass.key_share = 25;
                    if (run->options->scenario == NULL || run->options->scenario == pass.scenario) {
                        pass_run(&pass);
                    }
                }
            }
        }
    }
}

static void replay(const struct run *run) {
    const struct options *options = run->options;
    struct tally *tally = tally_of(run, 0, 0);
    if (options->random != 0) {
        random_run(run->products[0], options->random, options->verbose, tally);
    } else if (options->reset != NULL) {
        if (!resets_run(run->products[0], options->reset, options->verbose, tally)) {
            fail("no such case of resets");
        }
    } else {
        struct pass pass = pass_of(run, 0, (uint32_t)(options->scenario - scenarios));
        pass.tally = tally;
        pass.only = options->cut == 0 ? PASS_UNCUT : options->cut;
        pass_run(&pass);
    }
}

int main(int argc, char **argv) {
    const struct options options = parse(argc, argv);
    struct run run = {.options = &options};
    for (uint32_t i = 0; i < PARTS; i++) {
        if (options.part == NULL || strcmp(options.part, parts[i]) == 0) {
            run.products[run.product_count++] = load_part(&options, parts[i]);
        }
    }
    if (run.product_count == 0) {
        fail("no such part");
    }
    run.tallies = tally_create(tally_count(&run));
    if (options.has_cut || options.random != 0 || options.reset != NULL) {
        replay(&run);
    } else if (options.uncut != 0) {
        explore_uncut(&run);
    } else if (options.full) {
        explore_full(&run);
    } else {
        explore_sample(&run);
    }
    bool ended_well = jobs_wait();
    if (!ended_well) {
        printf("a process of the exploration itself crashed\n");
    }
    tally_print(run.tallies, tally_count(&run));
    uint32_t found = 0;
    for (uint32_t i = 0; i < tally_count(&run); i++) {
        found += tally_found(&run.tallies[i]);
    }
    return found == 0 && ended_well ? 0 : 1;
}
