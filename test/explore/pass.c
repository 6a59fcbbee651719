#include "pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs.h"

#define MOST_OPERATIONS 20000u

// Operations of the explored step, in order.
struct journal {
    const struct rig *rig;
    bool vouched_wrongly;   // VALID while the image was not complete
    bool lost;              // an image that would have started no longer does, without TOUCHED
    bool revived;           // a key that was revoked is usable again
    enum image_name starts; // what a boot would start now
    uint8_t usable_keys;
    uint32_t address[MOST_OPERATIONS];
    bool erase[MOST_OPERATIONS];
    uint32_t count;
    uint32_t page_size;
};

struct exploration {
    const struct pass *pass;
    struct rig *rig;
    const struct journal *journal;
    uint64_t operations; // begun so far
    struct point point;
    bool cutting; // this process cuts at point.cut
};

static void note(void *context, const struct board_flash_op *operation) {
    struct journal *journal = context;
    uint32_t app_base = journal->rig->product->app_base;
    if (journal->count < MOST_OPERATIONS) {
        journal->address[journal->count] = operation->address;
        journal->erase[journal->count] = operation->kind == BOARD_FLASH_ERASE;
        journal->count++;
    }
    // The record must be right before and after every operation, not only where power is cut: the
    // check at boot hides the difference until a cell flaps.
    if (operation->kind == BOARD_FLASH_ERASE || operation->address < app_base) {
        struct expectation expectation =
            record_expect(rig_app(journal->rig), journal->rig->product->images);
        journal->vouched_wrongly |= expectation.valid && expectation.starts == IMAGE_NONE;
        journal->lost |= journal->starts != IMAGE_NONE && expectation.starts != journal->starts &&
                         !record_is_touched(app_base, operation->address);
        journal->starts = expectation.starts;
        journal->revived |= (expectation.usable_keys & ~journal->usable_keys) != 0;
        journal->usable_keys = expectation.usable_keys;
    }
}

// Erases, the states and check values of the record, and the first and last half-words of a page.
// All others leave a page, or a slot without WRITTEN, in the middle.
static bool is_key(const struct journal *journal, uint64_t cut) {
    uint32_t at = (uint32_t)cut - 1;
    uint32_t app_base = journal->rig->product->app_base;
    bool app = journal->address[at] >= app_base;
    bool first = at == 0 || journal->erase[at - 1];
    bool last = at + 1 == journal->count || journal->erase[at + 1] ||
                journal->address[at + 1] < app_base ||
                journal->address[at + 1] % journal->page_size == 0;
    return journal->erase[at] || record_in_states(app_base, journal->address[at]) ||
           (app && (first || last));
}

static bool chosen(const struct exploration *exploration, uint64_t cut) {
    const struct pass *pass = exploration->pass;
    if (pass->only != 0) {
        return cut == pass->only;
    }
    uint32_t share = is_key(exploration->journal, cut) ? pass->key_share : pass->share;
    return share != 0 && rig_choose(pass->seed, cut, share) == 0;
}

static bool thorough(const struct exploration *exploration, uint64_t cut) {
    const struct pass *pass = exploration->pass;
    return pass->only != 0 || scenario_revokes(pass->scenario) ||
           is_key(exploration->journal, cut) ||
           (pass->thorough_share != 0 &&
            rig_choose(pass->seed + 1, cut, pass->thorough_share) == 0);
}

// Called between two operations: decides whether power is cut in the next one.
static void before_operation(struct exploration *exploration) {
    const struct pass *pass = exploration->pass;
    uint64_t cut = exploration->operations + 1;
    if (exploration->cutting || cut > exploration->journal->count || !chosen(exploration, cut)) {
        return;
    }
    if (pass->only == 0 && !jobs_fork()) {
        return;
    }
    exploration->cutting = true;
    exploration->point.cut = cut;
    exploration->point.thorough = thorough(exploration, cut);
    exploration->point.before = record_expect(rig_app(exploration->rig), pass->product->images);
    board_cut_at(exploration->rig->board, 1, pass->seed * MOST_OPERATIONS + cut);
}

// The flash holds the result of the operation already: what it would have been without the cut.
static void on_operation(void *context, const struct board_flash_op *operation) {
    struct exploration *exploration = context;
    exploration->operations++;
    if (exploration->cutting && exploration->operations == exploration->point.cut) {
        exploration->point.after =
            record_expect(rig_app(exploration->rig), exploration->pass->product->images);
        if (exploration->pass->verbose) {
            fprintf(stderr, "  cut in operation %llu: %s 0x%08x 0x%04x\n",
                    (unsigned long long)exploration->point.cut,
                    operation->kind == BOARD_FLASH_ERASE ? "erase" : "program", operation->address,
                    operation->value);
        }
    }
    before_operation(exploration);
}

static bool open_prepared(const struct pass *pass, struct rig *rig) {
    return rig_open(rig, pass->product, pass->seed, pass->verbose) &&
           scenario_prepare(pass->scenario, rig, pass->seed);
}

static bool clean_run(const struct pass *pass, struct journal *journal) {
    struct rig rig;
    bool done = open_prepared(pass, &rig);
    journal->rig = &rig;
    const struct expectation before = record_expect(rig_app(&rig), pass->product->images);
    journal->starts = before.starts;
    journal->usable_keys = before.usable_keys;
    rig.on_operation = note;
    rig.context = journal;
    done = done && scenario_step(&rig, &pass->scenario->explored, pass->seed);
    rig.on_operation = NULL;
    bool started = true;
    // An interruption before the explored step may have left cells in doubt.
    uint32_t boots = board_weak_cells(rig.board) > 0 ? pass->boots : 1;
    for (uint32_t i = 0; i < boots && done && started; i++) {
        struct outcome outcome = rig_boot(&rig);
        started = outcome.state == RIG_STARTED && outcome.image == pass->scenario->explored.image;
    }
    char replay[160];
    snprintf(replay, sizeof replay, "--part %s --scenario %s --cut 0 --seed %llu",
             pass->product->replay, pass->scenario->name, (unsigned long long)pass->seed);
    if (journal->vouched_wrongly) {
        tally_find(pass->tally, FINDING_UNVERIFIED, replay,
                   "the record calls an image valid that is not complete in flash");
    }
    if (journal->lost) {
        tally_find(pass->tally, FINDING_LOST, replay,
                   "the record gives the installed image up before TOUCHED");
    }
    if (journal->revived) {
        tally_find(pass->tally, FINDING_REVIVED, replay, "the record gives a key back");
    }
    if (!done || !started) {
        tally_find(pass->tally, done ? FINDING_FLAPPING : FINDING_FAILED, replay,
                   done ? "after an update that was not cut the image does not start"
                        : "an update that was not cut does not succeed");
    }
    pass->tally->points++;
    rig_close(&rig);
    return done && started;
}

bool pass_run(const struct pass *pass) {
    struct journal *journal = calloc(1, sizeof *journal);
    journal->page_size = pass->product->part->page_size;
    bool clean = clean_run(pass, journal);
    pass->tally->operations = journal->count;
    clean = clean && pass->only != PASS_UNCUT;
    struct rig rig;
    struct exploration exploration = {
        .pass = pass,
        .rig = &rig,
        .journal = journal,
        .point = {.scenario = pass->scenario, .seed = pass->seed, .boots = pass->boots},
    };
    // A device that does not come through a clean run has shown what there is to see.
    if (clean && open_prepared(pass, &rig)) {
        rig.on_operation = on_operation;
        rig.context = &exploration;
        before_operation(&exploration);
        scenario_step(&rig, &pass->scenario->explored, pass->seed);
        rig.on_operation = NULL;
        if (exploration.cutting) {
            point_check(&exploration.point, &rig, pass->tally);
        }
        if (exploration.cutting && pass->only == 0) {
            _exit(0);
        }
        rig_close(&rig);
    }
    free(journal);
    return clean;
}
