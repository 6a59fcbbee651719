#include "scenario.h"

#include <string.h>

#include "record.h"

const struct scenario scenarios[] = {
    {"fresh", "first installation", {{0}}, {STEP_INSTALL, IMAGE_OLD, 0}},
    {"ragged", "first installation, runs of 0xFF and 0x00", {{0}}, {STEP_INSTALL, IMAGE_RAGGED, 0}},
    {"same",
     "over an older image of the same size",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_SAME, 0}},
    {"smaller",
     "over a larger image",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_SMALL, 0}},
    {"larger",
     "over a smaller image",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_LARGE, 0}},
    {"patched",
     "one page changed",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"resume",
     "resume of an interrupted update",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_INTERRUPT, IMAGE_SAME, 40}},
     {STEP_INSTALL, IMAGE_SAME, 0}},
    {"resume-last",
     "resume after the last half-word of a page was torn",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_LAST_WORD, IMAGE_SAME, 0}},
     {STEP_INSTALL, IMAGE_SAME, 0}},
    {"resume-dense",
     "the same, and the page has no half-word of 0x0000",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_LAST_WORD, IMAGE_DENSE, 0}},
     {STEP_INSTALL, IMAGE_DENSE, 0}},
    {"resume-again",
     "resume of an interrupted resume",
     {{STEP_INSTALL, IMAGE_OLD, 0},
      {STEP_INTERRUPT, IMAGE_SAME, 20},
      {STEP_INTERRUPT, IMAGE_SAME, 30}},
     {STEP_INSTALL, IMAGE_SAME, 0}},
    {"resume-fresh",
     "resume of an interrupted first installation",
     {{STEP_INTERRUPT, IMAGE_LARGE, 70}},
     {STEP_INSTALL, IMAGE_LARGE, 0}},
    {"resume-pending",
     "resume of an update of which there is only the entry",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_PENDING, IMAGE_SAME, 0}},
     {STEP_INSTALL, IMAGE_SAME, 0}},
    {"other-pending",
     "another image after an update of which there is only the entry",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_PENDING, IMAGE_SAME, 0}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"other",
     "another image after an interrupted update",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_INTERRUPT, IMAGE_SAME, 0}},
     {STEP_INSTALL, IMAGE_LARGE, 0}},
    {"back",
     "the older image again after an interrupted update",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_INTERRUPT, IMAGE_SAME, 0}},
     {STEP_INSTALL, IMAGE_OLD, 0}},
    {"grow-late",
     "a larger image after a small one that followed an interrupted larger one",
     {{STEP_INTERRUPT, IMAGE_LARGE, 60}, {STEP_INSTALL, IMAGE_SMALL, 0}},
     {STEP_INSTALL, IMAGE_LARGE, 0}},
    {"nearly-full",
     "the last slot of record area A",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_FILL, IMAGE_OLD, 5}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"rotate-ab",
     "record area A is full",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_FILL, IMAGE_OLD, 6}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"rotate-ba",
     "record area B is full, A holds old entries",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_FILL, IMAGE_OLD, 12}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"rotate-open",
     "record area full, the installed entry unfinished",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_FILL, IMAGE_OLD, 5}, {STEP_INTERRUPT, IMAGE_SAME, 30}},
     {STEP_INSTALL, IMAGE_PATCHED, 0}},
    {"renew",
     "the installed image again, with renew",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_RENEW, IMAGE_OLD, 0}},
    {"rebegin",
     "given up before its first page, then begun again",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_REBEGIN, IMAGE_PATCHED, 0}},
    {"confirm",
     "trial boot and confirmation by the app kit",
     {{STEP_INSTALL, IMAGE_DEMO, 0}},
     {STEP_CONFIRM, IMAGE_DEMO, 0}},
    {"moved",
     "over an older image, compressed, last page first, copied from old and new pages",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_MOVED, 0}},
    {"resume-moved",
     "resume of that",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_INTERRUPT, IMAGE_MOVED, 40}},
     {STEP_INSTALL, IMAGE_MOVED, 0}},
    {"revoke",
     "the root key revokes the release key",
     {{STEP_INSTALL, IMAGE_OLD, 0}},
     {STEP_INSTALL, IMAGE_REVOKES, 0}},
    {"revoked",
     "the next update after that, by the spare key",
     {{STEP_INSTALL, IMAGE_OLD, 0}, {STEP_INSTALL, IMAGE_REVOKES, 0}},
     {STEP_INSTALL, IMAGE_SPARE, 0}},
    {"revoked-full",
     "the same, and the record area is full",
     {{STEP_INSTALL, IMAGE_OLD, 0},
      {STEP_INSTALL, IMAGE_REVOKES, 0},
      {STEP_FILL, IMAGE_REVOKES, 5}},
     {STEP_INSTALL, IMAGE_SPARE, 0}},
};
const uint32_t scenario_count = sizeof scenarios / sizeof scenarios[0];

const struct scenario *scenario_find(const char *name) {
    for (uint32_t i = 0; i < scenario_count; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}

bool scenario_revokes(const struct scenario *scenario) {
    return scenario->explored.image == IMAGE_REVOKES || scenario->explored.image == IMAGE_SPARE;
}

bool scenario_fits(const struct scenario *scenario, const struct product *product) {
    return product->is_signed || !scenario_revokes(scenario);
}

// Cuts power a number of operations after TOUCHED was set.
struct interruption {
    struct rig *rig;
    uint64_t seed;
    uint32_t left;
    bool touched;
};

static void interrupt(void *context, const struct board_flash_op *operation) {
    struct interruption *interruption = context;
    if (interruption->touched && interruption->left > 0) {
        interruption->left--;
    }
    if (operation->kind == BOARD_FLASH_PROGRAM &&
        record_is_touched(interruption->rig->product->app_base, operation->address)) {
        interruption->touched = true;
    }
    if (interruption->touched && interruption->left == 0) {
        board_cut_at(interruption->rig->board, 1, interruption->seed);
        interruption->rig->on_operation = NULL;
    }
}

// Of the explored update after TOUCHED, before the operation that is cut.
static uint32_t operations_before(const struct image *image, const struct step *step) {
    uint32_t invalidated = 1; // a half-word of what the page had
    if (step->kind == STEP_INTERRUPT) {
        return invalidated + image->size / 2 * step->amount / 100;
    }
    uint32_t erase = 1;
    uint32_t programmed = 0;
    for (uint32_t i = 0; i < image->page_size; i += 2) {
        programmed += image->bytes[i] != 0xff || image->bytes[i + 1] != 0xff;
    }
    return invalidated + erase + programmed - 1;
}

static bool interrupted_update(struct rig *rig, const struct step *step, uint64_t seed) {
    const struct image *image = &rig->product->images[step->image];
    struct interruption interruption = {
        .rig = rig, .seed = seed, .left = operations_before(image, step)};
    struct host host;
    host_open(&host, rig);
    rig->on_operation = interrupt;
    rig->context = &interruption;
    enum host_result result = host_update(&host, image, HOST_NO_BOOT);
    rig->on_operation = NULL;
    return result == HOST_LOST;
}

static bool fill(struct rig *rig, const struct image *image, uint32_t amount) {
    struct host host;
    host_open(&host, rig);
    bool done = true;
    for (uint32_t i = 0; i < amount && done; i++) {
        done = host_update(&host, image, HOST_NO_BOOT | HOST_RENEW) == HOST_DONE;
    }
    return done;
}

// Cuts power in the first of the marks that are programmed once more, before TOUCHED.
static void cut_after_written(void *context, const struct board_flash_op *operation) {
    struct interruption *interruption = context;
    if (operation->kind == BOARD_FLASH_PROGRAM &&
        record_is_written(interruption->rig->product->app_base, operation->address)) {
        board_cut_at(interruption->rig->board, 1, interruption->seed);
        interruption->rig->on_operation = NULL;
    }
}

static bool pending_entry(struct rig *rig, const struct image *image, uint64_t seed) {
    struct interruption interruption = {.rig = rig, .seed = seed};
    struct host host;
    host_open(&host, rig);
    rig->on_operation = cut_after_written;
    rig->context = &interruption;
    enum host_result result = host_update(&host, image, HOST_NO_BOOT);
    rig->on_operation = NULL;
    return result == HOST_LOST;
}

bool scenario_step(struct rig *rig, const struct step *step, uint64_t seed) {
    const struct image *image = &rig->product->images[step->image];
    struct host host;
    host_open(&host, rig);
    board_power_on(rig->board);
    switch (step->kind) {
    case STEP_INSTALL:
        return host_update(&host, image, HOST_NO_BOOT) == HOST_DONE &&
               (image->moved == 0 || host.packed > 0);
    case STEP_RENEW:
        return host_update(&host, image, HOST_NO_BOOT | HOST_RENEW) == HOST_DONE;
    case STEP_INTERRUPT:
    case STEP_LAST_WORD:
        return interrupted_update(rig, step, seed);
    case STEP_FILL:
        return fill(rig, image, step->amount);
    case STEP_PENDING:
        return pending_entry(rig, image, seed);
    case STEP_REBEGIN:
        return host_begin_and_abort(&host, image->header) == HOST_DONE &&
               host_update(&host, image, HOST_NO_BOOT) == HOST_DONE;
    case STEP_CONFIRM:
        return rig_run(rig, rig_boot_ms(rig)).state == RIG_STARTED && rig_confirm(rig);
    case STEP_NONE:
        break;
    }
    return true;
}

bool scenario_prepare(const struct scenario *scenario, struct rig *rig, uint64_t seed) {
    bool done = true;
    for (uint32_t i = 0; i < SCENARIO_STEPS && scenario->before[i].kind != STEP_NONE; i++) {
        done = done && scenario_step(rig, &scenario->before[i], seed + i);
        rig_power_off(rig);
    }
    return done;
}
