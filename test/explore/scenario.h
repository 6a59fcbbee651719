// The updates that are explored: how a device comes to its state, and the step in which power is
// cut.
#ifndef EXPLORE_SCENARIO_H
#define EXPLORE_SCENARIO_H

#include "host.h"

enum step_kind {
    STEP_NONE,
    STEP_INSTALL,   // a complete update
    STEP_RENEW,     // the same, although the image is installed
    STEP_INTERRUPT, // an update that power ends; amount: operations after TOUCHED, per cent of the
                    // image's half-words
    STEP_LAST_WORD, // an update that power ends in the last half-word of its first page
    STEP_FILL,      // amount entries of the installed image, by renewing it
    STEP_PENDING,   // an update that power ends between its entry and TOUCHED
    STEP_REBEGIN,   // BEGIN and ABORT, then a complete update
    STEP_CONFIRM,   // start the application and let it confirm itself
};

struct step {
    enum step_kind kind;
    enum image_name image;
    uint32_t amount;
};

#define SCENARIO_STEPS 6

struct scenario {
    const char *name;
    const char *what;
    struct step before[SCENARIO_STEPS];
    struct step explored;
};

extern const struct scenario scenarios[];
extern const uint32_t scenario_count;

const struct scenario *scenario_find(const char *name);

// Whether it is about a key that is revoked; then every cut is thorough.
bool scenario_revokes(const struct scenario *scenario);

// Whether the product can show it: revocation needs one that takes signed images alone.
bool scenario_fits(const struct scenario *scenario, const struct product *product);

// From factory state, power off, to the explored step, power off. false: a step failed.
bool scenario_prepare(const struct scenario *scenario, struct rig *rig, uint64_t seed);

// false: a step that should succeed did not.
bool scenario_step(struct rig *rig, const struct step *step, uint64_t seed);

#endif
