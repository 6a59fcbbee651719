#include "point.h"

#include <stdio.h>

#define VARIANTS     3u // power-ups of the same torn flash
#define BOOTS_BEFORE 2u // without a host, before one comes
#define EVERY_KEY    0xffu
#define SPARE_SHARE  8u // one of so many; the others end as scenario "revoked" begins

struct judge {
    const struct point *point;
    struct rig *rig;
    struct tally *tally;
    char replay[160];
    bool found;
    bool finished; // an earlier boot took the operation for done
};

static void find(struct judge *judge, enum finding finding, const char *what) {
    judge->found = true;
    tally_find(judge->tally, finding, judge->replay, what);
}

static void judge_boot(struct judge *judge, struct outcome outcome) {
    enum image_name before = judge->point->before.starts;
    enum image_name after = judge->point->after.starts;
    char what[160];
    snprintf(what, sizeof what, "%s, should be %s or %s", outcome_label(outcome),
             image_label(before), image_label(after));
    if (outcome.state == RIG_DEAD) {
        find(judge, FINDING_BRICK, board_error_text(judge->rig->board));
    } else if (outcome.state == RIG_UNVERIFIED ||
               (outcome.state == RIG_STARTED && outcome.image != before &&
                outcome.image != after)) {
        find(judge, FINDING_UNVERIFIED, what);
    } else if (outcome.state == RIG_STAYED && before != IMAGE_NONE && after != IMAGE_NONE) {
        find(judge, FINDING_LOST, what);
    } else if (outcome.state == RIG_STAYED && judge->finished) {
        find(judge, FINDING_FLAPPING, "an image that started once starts no longer");
    }
    judge->finished |= outcome.state == RIG_STARTED && outcome.image == after;
}

static void judge_answer(struct judge *judge) {
    struct host host;
    host_open(&host, judge->rig);
    rig_power_cycle(judge->rig);
    if (host_call(&host, 300) != HOST_DONE) {
        find(judge, FINDING_BRICK, "no answer to HELLO after the cut");
    }
}

static void judge_recovery(struct judge *judge) {
    struct rig *rig = judge->rig;
    enum image_name name = judge->point->scenario->explored.image;
    const struct image *image = &rig->product->images[name];
    struct host host;
    host_open(&host, rig);
    rig_power_cycle(rig);
    enum host_result result = host_update(&host, image, HOST_NO_BOOT);
    char what[160];
    if (result != HOST_DONE) {
        snprintf(what, sizeof what, "the next update ends with result %d, status 0x%02x", result,
                 host.status);
        find(judge, FINDING_FAILED, what);
        return;
    }
    if (!image_in_flash(image, rig_app(rig))) {
        find(judge, FINDING_FAILED, "the next update succeeds, but flash is not the image");
        return;
    }
    if (rig->product->is_signed && !rig_nothing_behind(rig, image)) {
        find(judge, FINDING_FAILED, "something is left behind the image");
        return;
    }
    // Without a cell in doubt all further power-ups are alike.
    uint32_t boots = board_weak_cells(rig->board) > 0 ? judge->point->boots : 1;
    for (uint32_t i = 0; i < boots; i++) {
        struct outcome outcome = rig_boot(rig);
        if (outcome.state != RIG_STARTED || outcome.image != name) {
            snprintf(what, sizeof what, "after a complete update, at power-up %u: %s", i + 1,
                     outcome_label(outcome));
            find(judge,
                 outcome.state == RIG_UNVERIFIED ? FINDING_UNVERIFIED
                 : outcome.state == RIG_DEAD     ? FINDING_BRICK
                                                 : FINDING_FLAPPING,
                 what);
            return;
        }
    }
}

// Packages of the key that was revoked: the one that was installed before, and another one.
static void judge_revoked(struct judge *judge) {
    static const enum image_name leaked[] = {IMAGE_OLD, IMAGE_SAME};
    struct rig *rig = judge->rig;
    for (uint32_t i = 0; i < sizeof leaked / sizeof leaked[0] && !judge->found; i++) {
        struct host host;
        host_open(&host, rig);
        rig_power_cycle(rig);
        // Only a host: the bootloader may seal a VALID that it finds in doubt, and nothing else.
        if (host_call(&host, 300) != HOST_DONE) {
            find(judge, FINDING_BRICK, "no answer to HELLO");
            return;
        }
        uint64_t operations = rig->operations;
        if (host_begin_and_abort(&host, rig->product->images[leaked[i]].header) != HOST_REFUSED ||
            host.status != IAP_STATUS_BAD_SIGNATURE) {
            find(judge, FINDING_REVIVED, "a package of the key that was revoked is taken");
        } else if (rig->operations != operations) {
            find(judge, FINDING_REVIVED, "a refusal changes flash");
        }
    }
}

// After an update that revokes a key, the key is revoked for ever, and the spare key goes on.
static void judge_revocation(struct judge *judge) {
    struct rig *rig = judge->rig;
    const struct image *spare = &rig->product->images[IMAGE_SPARE];
    judge_revoked(judge);
    bool doubtful = board_weak_cells(rig->board) > 0 ||
                    rig_choose(judge->point->seed, judge->point->cut, SPARE_SHARE) == 0;
    if (judge->found || !doubtful || judge->point->scenario->explored.image == IMAGE_SPARE) {
        return;
    }
    struct host host;
    host_open(&host, rig);
    rig_power_cycle(rig);
    if (host_update(&host, spare, HOST_NO_BOOT) != HOST_DONE) {
        find(judge, FINDING_FAILED, "the spare key's update does not succeed");
        return;
    }
    judge_revoked(judge);
    struct outcome outcome = rig_boot(rig);
    if (!judge->found && (outcome.state != RIG_STARTED || outcome.image != IMAGE_SPARE)) {
        find(judge, FINDING_LOST, "the spare key's image does not start");
    }
}

// What a bootloader that has nothing to start says of itself. That it then stays for ever is seen
// where a point is thorough.
static bool says_it_stays(struct judge *judge) {
    struct host host;
    enum iap_stay stay;
    host_open(&host, judge->rig);
    rig_power_cycle(judge->rig);
    return host_identify(&host, &stay) == HOST_DONE &&
           (stay == IAP_STAY_NO_RECORD || stay == IAP_STAY_IN_PROGRESS ||
            stay == IAP_STAY_IMAGE_BAD);
}

static void judge_quickly(struct judge *judge) {
    if (says_it_stays(judge)) {
        judge_boot(judge, (struct outcome){RIG_STAYED, IMAGE_NONE});
    } else {
        judge_boot(judge, rig_boot(judge->rig));
        judge_answer(judge);
    }
}

// Without a host and with one; then an update.
static void judge_thoroughly(struct judge *judge, uint32_t variant) {
    // Every other time a host calls at once, before the bootloader has tried a start.
    for (uint32_t i = 0; i < BOOTS_BEFORE && variant % 2 == 0 && !judge->found; i++) {
        judge_boot(judge, rig_boot(judge->rig));
        if (board_weak_cells(judge->rig->board) == 0) {
            break;
        }
    }
    if (!judge->found) {
        judge_answer(judge);
    }
    const struct point *point = judge->point;
    bool revokes = scenario_revokes(point->scenario);
    const struct expectation *sure = judge->finished ? &point->after : &point->before;
    if (revokes && !judge->found && sure->usable_keys != EVERY_KEY) {
        judge_revoked(judge);
    }
    if (!judge->found) {
        judge_recovery(judge);
    }
    if (revokes && !judge->found) {
        judge_revocation(judge);
    }
}

// The board's stream of power-up states depends on its seed only: moving it on by some power-ups
// makes the points of one run differ.
static void stir(struct rig *rig, const struct board_flash_image *torn, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        board_power_on(rig->board);
        board_power_off(rig->board);
        board_flash_restore(rig->board, torn);
    }
}

void point_check(const struct point *point, struct rig *rig, struct tally *tally) {
    struct judge judge = {.point = point, .rig = rig, .tally = tally};
    const char *part = rig->product->replay;
    snprintf(judge.replay, sizeof judge.replay,
             "--part %s --scenario %s --cut %llu --seed %llu --boots %u", part,
             point->scenario->name, (unsigned long long)point->cut, (unsigned long long)point->seed,
             point->boots);
    rig_power_off(rig);
    bool weak = board_weak_cells(rig->board) > 0;
    struct board_flash_image *torn = board_flash_snapshot(rig->board);
    stir(rig, torn, weak ? rig_choose(point->seed, point->cut, 16) : 0);
    for (uint32_t i = 0; i < (point->thorough && weak ? VARIANTS : 1) && !judge.found; i++) {
        judge.finished = false;
        if (i > 0) {
            rig_power_off(rig);
            board_flash_restore(rig->board, torn);
        }
        if (point->thorough) {
            judge_thoroughly(&judge, i);
        } else {
            judge_quickly(&judge);
        }
    }
    board_flash_image_free(torn);
    if (!rig_bootloader_intact(rig)) {
        find(&judge, FINDING_BRICK, "the bootloader's own area has changed");
    }
    if (!rig_rules_kept(rig)) {
        find(&judge, FINDING_RULES, rig_rule_broken(rig));
    }
    tally->points++;
    tally->recoveries += point->thorough;
    tally->weak += weak;
}
