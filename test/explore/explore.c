// Cuts power, or resets, at every moment of an update and judges what the device does then.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jobs.h"
#include "options.h"
#include "pass.h"
#include "random.h"
#include "resets.h"

static const struct board_entry boards[] = {
#include "boards.generated.h"
};
#define BOARDS (sizeof boards / sizeof boards[0])

static struct product *load_board(const struct options *options, const struct board_entry *entry) {
    char bootloader[512];
    char demo[512];
    snprintf(bootloader, sizeof bootloader, "%s/%s/bootloader%s.bin", options->build, entry->name,
             options->is_signed ? "-signed" : "");
    snprintf(demo, sizeof demo, "%s/%s/demo-v1.bin", options->build, entry->name);
    struct product *product = calloc(1, sizeof *product);
    const char *binary = options->bootloader != NULL ? options->bootloader : bootloader;
    if (!product_load(product, entry, binary, demo, options->is_signed)) {
        exit(2);
    }
    if (options->is_signed && options->check_every != 0) {
        product_remember(product, binary, options->check_every);
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
    const struct product *products[BOARDS];
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
    printf("%-15s %-13s %10s %7s %10s %6s %7s %10s %5s %7s %9s %7s %8s\n", "board", "scenario",
           "operations", "points", "recoveries", "weak", "bricks", "unverified", "lost", "failed",
           "flapping", "revived", "seconds");
}

static void print_row(const struct run *run, uint32_t product, uint32_t row, double begun) {
    bool all_ended = jobs_wait(); // before their counts are read
    const struct tally *tally = tally_of(run, product, row);
    printf("%-15s %-13s %10u %7u %10u %6u %7u %10u %5u %7u %9u %7u %8.0f%s\n",
           run->products[product]->name,
           row < scenario_count    ? scenarios[row].name
           : row == scenario_count ? "several cuts"
                                   : "resets",
           tally->operations, tally->points, tally->recoveries, tally->weak,
           tally->findings[FINDING_BRICK], tally->findings[FINDING_UNVERIFIED],
           tally->findings[FINDING_LOST], tally->findings[FINDING_FAILED],
           tally->findings[FINDING_FLAPPING], tally->findings[FINDING_REVIVED], seconds() - begun,
           all_ended ? "" : " crashed");
    fflush(stdout);
}

static void print_signatures(const struct run *run) {
    for (uint32_t i = 0; i < run->product_count; i++) {
        const struct product *product = run->products[i];
        if (product->memo != NULL) {
            struct board_memo_counts counts = board_memo_counts(product->memo);
            printf("%s: %llu signatures computed, %llu of them once more, %llu known\n",
                   product->name, (unsigned long long)(counts.computed + counts.checked),
                   (unsigned long long)counts.checked, (unsigned long long)counts.left_out);
        }
    }
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

static bool wanted(const struct run *run, uint32_t product, uint32_t scenario) {
    const struct scenario *only = run->options->scenario;
    return (only == NULL || only == &scenarios[scenario]) &&
           scenario_fits(&scenarios[scenario], run->products[product]);
}

static void explore_full(const struct run *run) {
    print_heads();
    for (uint32_t p = 0; p < run->product_count; p++) {
        for (uint32_t s = 0; s < scenario_count; s++) {
            if (wanted(run, p, s)) {
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
                if (s < scenario_count && !wanted(run, p, s)) {
                    continue;
                }
                if (s == scenario_count) {
                    random_fork(run->products[p], round, tally_of(run, p, s));
                } else {
                    struct pass pass = pass_of(run, p, s);
                    pass.seed = round;
                    pass.share = 500;
                    pass.thorough_share = 2;
                    pass.key_share = 25;
                    pass_run(&pass);
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
            options_fail("no such case of resets");
        }
    } else {
        struct pass pass = pass_of(run, 0, (uint32_t)(options->scenario - scenarios));
        pass.tally = tally;
        pass.only = options->cut == 0 ? PASS_UNCUT : options->cut;
        pass_run(&pass);
    }
}

int main(int argc, char **argv) {
    const struct options options = options_parse(argc, argv);
    struct run run = {.options = &options};
    for (uint32_t i = 0; i < BOARDS; i++) {
        if (options.part == NULL || strcmp(options.part, boards[i].name) == 0) {
            run.products[run.product_count++] = load_board(&options, &boards[i]);
        }
    }
    if (run.product_count == 0) {
        options_fail("no such board");
    }
    if (options.scenario != NULL && !scenario_fits(options.scenario, run.products[0])) {
        options_fail("this scenario is of signed images: --signed");
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
    print_signatures(&run);
    tally_print(run.tallies, tally_count(&run));
    uint32_t found = 0;
    for (uint32_t i = 0; i < tally_count(&run); i++) {
        found += tally_found(&run.tallies[i]);
    }
    return found == 0 && ended_well ? 0 : 1;
}
