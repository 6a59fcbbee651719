#include "random.h"

#include <stdio.h>
#include <unistd.h>

#include "host.h"
#include "jobs.h"

#define MOST_INTERRUPTIONS 6u
#define TRIES              4u // an update may be refused once by what a reset left
#define BOOTS              3u

enum interruption { CUT_AT_OPERATION, CUT_AFTER_CYCLES, RESET_PIN, INTERRUPTIONS };

static void find(struct tally *tally, enum finding finding, const struct rig *rig, uint64_t seed,
                 const char *what) {
    char replay[160];
    snprintf(replay, sizeof replay, "--part %s --random %llu", rig->product->replay,
             (unsigned long long)seed);
    tally_find(tally, finding, replay, what);
}

// Arms what ends the next update, at a moment of its whole length.
static void arm(struct rig *rig, const struct image *image, uint64_t seed, uint32_t number) {
    uint32_t operations = 200 + image->size / 2 + 8;
    uint32_t update_ms = image_pages(image) * 70 + 60;
    uint64_t purpose = 100 + 10 * number;
    enum interruption kind = rig_choose(seed, purpose, INTERRUPTIONS);
    rig->reset_at_ps = 0;
    if (kind == CUT_AT_OPERATION) {
        // Half of them early, where the record is written.
        uint32_t limit = rig_choose(seed, purpose + 1, 2) == 0 ? 200 : operations;
        board_cut_at(rig->board, 1 + rig_choose(seed, purpose + 2, limit), seed + number);
    } else if (kind == CUT_AFTER_CYCLES) {
        uint64_t us = 1 + rig_choose(seed, purpose + 3, update_ms * 1000);
        board_cut_at(rig->board, 100000, seed + number); // only to seed what the cut leaves
        board_cut_after_cycles(rig->board, us * (rig->product->part->max_hz / 1000000));
    } else {
        rig->reset_at_ps = board_time_ps(rig->board) +
                           (1 + rig_choose(seed, purpose + 4, update_ms * 1000)) * BOARD_PS_PER_US;
    }
}

static void disarm(struct rig *rig) {
    rig->reset_at_ps = 0;
    board_cut_at(rig->board, 0, 0);
    board_cut_after_cycles(rig->board, UINT64_MAX);
}

static bool boots_well(struct rig *rig, uint64_t seed, struct tally *tally, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        struct outcome outcome = rig_boot(rig);
        if (outcome.state == RIG_UNVERIFIED || outcome.state == RIG_DEAD) {
            find(tally, outcome.state == RIG_DEAD ? FINDING_BRICK : FINDING_UNVERIFIED, rig, seed,
                 outcome_label(outcome));
            return false;
        }
    }
    return true;
}

static bool completes(struct rig *rig, enum image_name name, uint64_t seed, struct tally *tally) {
    const struct image *image = &rig->product->images[name];
    struct host host;
    host_open(&host, rig);
    enum host_result result = HOST_LOST;
    for (unsigned i = 0; i < TRIES && result != HOST_DONE; i++) {
        rig_power_cycle(rig);
        if (host_call(&host, 300) != HOST_DONE) {
            find(tally, FINDING_BRICK, rig, seed, "no answer to HELLO");
            return false;
        }
        result = host_update(&host, image, HOST_NO_BOOT);
    }
    if (result != HOST_DONE || !image_in_flash(image, rig_app(rig))) {
        find(tally, FINDING_FAILED, rig, seed, "the last update does not succeed");
        return false;
    }
    for (uint32_t i = 0; i < BOOTS; i++) {
        struct outcome outcome = rig_boot(rig);
        if (outcome.state != RIG_STARTED || outcome.image != name) {
            find(tally, FINDING_FLAPPING, rig, seed, outcome_label(outcome));
            return false;
        }
    }
    return true;
}

static void run(struct rig *rig, uint64_t seed, struct tally *tally) {
    struct host host;
    host_open(&host, rig);
    bool fresh = rig_choose(seed, 1, 3) == 0;
    enum image_name target = rig_choose(seed, 2, IMAGE_DEMO);
    board_hw_watchdog(rig->board, rig_choose(seed, 3, 4) == 0);
    board_power_on(rig->board);
    if (!fresh && host_update(&host, &rig->product->images[IMAGE_OLD], HOST_NO_BOOT) != HOST_DONE) {
        find(tally, FINDING_FAILED, rig, seed, "the first installation does not succeed");
        return;
    }
    uint32_t interruptions = 2 + rig_choose(seed, 4, MOST_INTERRUPTIONS - 1);
    for (uint32_t i = 0; i < interruptions; i++) {
        arm(rig, &rig->product->images[target], seed, i);
        enum host_result result = host_update(&host, &rig->product->images[target], HOST_NO_BOOT);
        disarm(rig);
        if (rig->verbose) {
            fprintf(stderr, "  update to %s: result %d, status 0x%02x, board %d\n",
                    image_label(target), result, host.status, board_get_state(rig->board));
        }
        // Now and then somebody changes his mind; after a success there must be something to do.
        if (result == HOST_DONE || rig_choose(seed, 200 + i, 4) == 0) {
            target = (target + 1 + rig_choose(seed, 210 + i, IMAGE_DEMO - 1)) % IMAGE_DEMO;
        }
        if (!boots_well(rig, seed, tally, rig_choose(seed, 220 + i, 4))) {
            return;
        }
        if (board_get_state(rig->board) != BOARD_RUNNING || rig_choose(seed, 230 + i, 2) == 0) {
            rig_power_cycle(rig);
        }
    }
    completes(rig, target, seed, tally);
}

void random_run(const struct product *product, uint64_t seed, bool verbose, struct tally *tally) {
    struct rig rig;
    if (!rig_open(&rig, product, seed, verbose)) {
        return;
    }
    run(&rig, seed, tally);
    if (!rig_bootloader_intact(&rig)) {
        find(tally, FINDING_BRICK, &rig, seed, "the bootloader's own area has changed");
    }
    if (!rig_rules_kept(&rig)) {
        find(tally, FINDING_RULES, &rig, seed, rig_rule_broken(&rig));
    }
    tally->points++;
    tally->recoveries++;
    rig_close(&rig);
}

void random_fork(const struct product *product, uint64_t seed, struct tally *tally) {
    if (jobs_fork()) {
        random_run(product, seed, false, tally);
        _exit(0);
    }
}
