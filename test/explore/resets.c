#include "resets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doubt.h"
#include "host.h"
#include "jobs.h"
#include "record.h"
#include "scenario.h"

#define MOMENTS          12u    // at which the reset pin is pulled, for each of two updates
#define STORM            60u    // resets in a row
#define WATCHDOG_MS      1500u  // a hardware watchdog's period, by far
#define WATCHDOG_MOST_MS 28000u // its longest period is 26 s

// Each case begins with a device as it leaves the factory, power off, and returns what went wrong;
// NULL: nothing.
typedef const char *reset_case(struct rig *rig);

static bool install(struct rig *rig, enum image_name name, unsigned flags) {
    struct host host;
    host_open(&host, rig);
    rig_power_cycle(rig);
    return host_update(&host, &rig->product->images[name], flags) == HOST_DONE;
}

static uint32_t idle_ms(const struct rig *rig) {
    return rig->product->entry->idle_ms;
}

static bool starts(struct outcome outcome, enum image_name name) {
    return outcome.state == RIG_STARTED && outcome.image == name;
}

// The option byte's watchdog runs from reset on: neither waiting, nor erasing, nor verifying may
// let it bite.
static const char *watchdog_update(struct rig *rig) {
    board_hw_watchdog(rig->board, true);
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT) || !install(rig, IMAGE_LARGE, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    // Nothing to start: it waits for ever.
    const struct step unfinished = {STEP_INTERRUPT, IMAGE_SAME, 30};
    scenario_step(rig, &unfinished, 1);
    rig_power_cycle(rig);
    rig_run(rig, WATCHDOG_MOST_MS);
    if (board_counters(rig->board)->resets[BOARD_RESET_IWDG] != 0) {
        return "the watchdog bit in the bootloader";
    }
    if (!install(rig, IMAGE_LARGE, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    return starts(rig_boot(rig), IMAGE_LARGE) ? NULL : "the image does not start";
}

// An application that hangs is reset for ever: a host that calls gets hold of the device.
static const char *watchdog_loop(struct rig *rig) {
    struct host host;
    host_open(&host, rig);
    board_hw_watchdog(rig->board, true);
    if (!install(rig, IMAGE_OLD, 0)) {
        return "an update does not succeed";
    }
    rig_pass(rig, 3 * WATCHDOG_MS * RIG_MS);
    if (board_counters(rig->board)->resets[BOARD_RESET_IWDG] < 2) {
        return "the hanging application is not reset";
    }
    if (host_update(&host, &rig->product->images[IMAGE_SAME], HOST_NO_BOOT) != HOST_DONE) {
        return "a host does not catch the device between two resets";
    }
    return starts(rig_boot(rig), IMAGE_SAME) ? NULL : "the image does not start";
}

static const char *reset_at(struct rig *rig, enum image_name name, uint32_t moment) {
    struct host host;
    host_open(&host, rig);
    const struct image *image = &rig->product->images[name];
    uint32_t update_us = (image_pages(image) * 100 + 60) * 1000;
    rig->reset_at_ps =
        board_time_ps(rig->board) + (1 + rig_choose(moment, name, update_us)) * BOARD_PS_PER_US;
    host_update(&host, image, HOST_NO_BOOT);
    rig->reset_at_ps = 0;
    struct outcome outcome = rig_run(rig, rig_boot_ms(rig));
    if (outcome.state == RIG_DEAD || outcome.state == RIG_UNVERIFIED) {
        return outcome_label(outcome);
    }
    return NULL;
}

// A reset leaves SRAM, and a torn operation like a power cut.
static const char *pin_reset(struct rig *rig) {
    static const enum image_name images[2] = {IMAGE_OLD, IMAGE_SAME};
    board_power_on(rig->board);
    for (uint32_t i = 0; i < 2 * MOMENTS; i++) {
        const char *wrong = reset_at(rig, images[i / MOMENTS], i);
        if (wrong != NULL) {
            return wrong;
        }
        board_reset_pin(rig->board);
    }
    if (!install(rig, IMAGE_SAME, HOST_NO_BOOT)) {
        return "the update does not succeed in the end";
    }
    return starts(rig_boot(rig), IMAGE_SAME) ? NULL : "the image does not start";
}

static const char *reset_storm(struct rig *rig) {
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    for (uint32_t i = 0; i < STORM; i++) {
        board_reset_pin(rig->board);
        rig_pass(rig, rig_choose(i, 7, 30000) * BOARD_PS_PER_US);
    }
    uint64_t operations = rig->operations;
    board_reset_pin(rig->board);
    if (!starts(rig_run(rig, rig_boot_ms(rig)), IMAGE_OLD)) {
        return "the image does not start after many resets";
    }
    // VALID is sealed at END: booting wears nothing.
    return rig->operations == operations ? NULL : "a boot programs flash";
}

static const char *stuck_button(struct rig *rig) {
    const struct board_entry *entry = rig->product->entry;
    if (entry->button_port == NO_PIN) {
        return NULL;
    }
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    board_pin_drive(rig->board, entry->button_port, entry->button_pin, entry->button_high);
    if (rig_boot(rig).state != RIG_STAYED) {
        return "the button does not keep the bootloader";
    }
    return starts(rig_run(rig, idle_ms(rig) + 500), IMAGE_OLD) ? NULL
                                                               : "a stuck button parks the device";
}

static const char *idle_return(struct rig *rig) {
    struct host host;
    host_open(&host, rig);
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    rig_power_cycle(rig);
    if (host_call(&host, 300) != HOST_DONE ||
        rig_run(rig, idle_ms(rig) - 500).state != RIG_STAYED) {
        return "a host does not hold the device";
    }
    return starts(rig_run(rig, 1000), IMAGE_OLD) ? NULL : "an idle device does not leave";
}

static bool old_image_left(const struct rig *rig) {
    return record_expect(rig_app(rig), rig->product->images).starts == IMAGE_OLD;
}

// The host goes away in the middle of an update; nothing else happens to the device.
static const char *killed_host(struct rig *rig) {
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    struct host host;
    rig_power_cycle(rig);
    // How many frames come before the first page differs from part to part.
    for (uint32_t frames = 5; old_image_left(rig) && frames < 12; frames++) {
        host_open(&host, rig);
        host.quits_after = frames;
        if (host_update(&host, &rig->product->images[IMAGE_SAME], HOST_NO_BOOT) == HOST_DONE) {
            return "the update was not interrupted";
        }
    }
    if (rig_run(rig, idle_ms(rig) + 500).state != RIG_STAYED) {
        return "a device without a complete image does not stay";
    }
    host_open(&host, rig);
    if (host_update(&host, &rig->product->images[IMAGE_SAME], HOST_NO_BOOT) != HOST_DONE) {
        return "the update is not resumed";
    }
    return starts(rig_boot(rig), IMAGE_SAME) ? NULL : "the image does not start";
}

static const char *trials_used(struct rig *rig) {
    if (!install(rig, IMAGE_DEMO, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    for (uint32_t i = 0; i < rig->product->entry->trials; i++) {
        rig_power_cycle(rig);
        if (!starts(rig_run(rig, rig_boot_ms(rig)), IMAGE_DEMO)) {
            return "a trial boot does not start the image";
        }
    }
    rig_power_cycle(rig);
    if (rig_run(rig, 1000).state != RIG_STAYED) {
        return "an image that never confirmed itself is started once more at once";
    }
    return starts(rig_run(rig, IAP_TRIALS_STAY_MS), IMAGE_DEMO)
               ? NULL
               : "used-up trials park the device for ever";
}

// What the record vouches for is checked at each boot all the same.
static const char *damaged_image(struct rig *rig) {
    uint8_t byte;
    uint32_t address = rig->product->app_base + rig->product->part->page_size + 33;
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    rig_power_off(rig);
    board_peek(rig->board, address, &byte, 1);
    byte ^= 0x10;
    board_poke(rig->board, address, &byte, 1);
    if (rig_boot(rig).state != RIG_STAYED) {
        return "a damaged image starts";
    }
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "a damaged image is not repaired";
    }
    return starts(rig_boot(rig), IMAGE_OLD) ? NULL : "the image does not start";
}

// The pass that jumps reads all of the image with the clock up, and the CRC unit on: the
// application finds clock tree, flash access and CRC unit as a reset leaves them all the same.
static const char *clean_entry(struct rig *rig) {
    // CR, CFGR, AHBENR; ACR; CRC_DR, CRC_CR
    static const uint32_t registers[] = {0x40021000, 0x40021004, 0x40021014,
                                         0x40022000, 0x40023000, 0x40023008};
    enum { REGISTERS = sizeof registers / sizeof registers[0] };
    uint32_t after_reset[REGISTERS];
    if (!install(rig, IMAGE_OLD, HOST_NO_BOOT)) {
        return "an update does not succeed";
    }
    rig_power_cycle(rig);
    for (uint32_t i = 0; i < REGISTERS; i++) {
        after_reset[i] = board_peek_register(rig->board, registers[i]);
    }
    if (!starts(rig_run(rig, rig_boot_ms(rig)), IMAGE_OLD)) {
        return "the image does not start";
    }
    for (uint32_t i = 0; i < REGISTERS; i++) {
        if (board_peek_register(rig->board, registers[i]) != after_reset[i]) {
            return "clock tree, flash access or CRC unit are not as after a reset";
        }
    }
    return NULL;
}

// CRC-32 right, SHA-256 wrong: only what happens before VALID can see it.
static const char *wrong_hash(struct rig *rig) {
    struct image image = rig->product->images[IMAGE_OLD];
    image.header[IAP_HEADER_AT_IMAGE_SHA256] ^= 1;
    struct host host;
    host_open(&host, rig);
    board_power_on(rig->board);
    if (host_update(&host, &image, HOST_NO_BOOT) != HOST_REFUSED ||
        host.status != IAP_STATUS_VERIFY_FAILED) {
        return "an image with a wrong SHA-256 is accepted";
    }
    return rig_boot(rig).state == RIG_STAYED ? NULL : "an image with a wrong SHA-256 starts";
}

static const struct {
    const char *name;
    reset_case *run;
} cases[] = {
    {"watchdog-update", watchdog_update},
    {"watchdog-loop", watchdog_loop},
    {"pin-reset", pin_reset},
    {"reset-storm", reset_storm},
    {"stuck-button", stuck_button},
    {"idle-return", idle_return},
    {"killed-host", killed_host},
    {"trials-used", trials_used},
    {"damaged-image", damaged_image},
    {"wrong-hash", wrong_hash},
    {"clean-entry", clean_entry},
    {"doubtful-valid", doubtful_valid},
};
#define CASES (sizeof cases / sizeof cases[0])

static void run_case(const struct product *product, uint32_t number, bool verbose,
                     struct tally *tally) {
    struct rig rig;
    char replay[160];
    snprintf(replay, sizeof replay, "--part %s --reset %s", product->replay, cases[number].name);
    if (!rig_open(&rig, product, 1, verbose)) {
        return;
    }
    const char *wrong = cases[number].run(&rig);
    if (wrong != NULL) {
        tally_find(tally, FINDING_FAILED, replay, wrong);
    }
    if (!rig_bootloader_intact(&rig)) {
        tally_find(tally, FINDING_BRICK, replay, "the bootloader's own area has changed");
    }
    if (!rig_rules_kept(&rig)) {
        tally_find(tally, FINDING_RULES, replay, rig_rule_broken(&rig));
    }
    tally->points++;
    rig_close(&rig);
}

void resets_all(const struct product *product, struct tally *tally) {
    for (uint32_t i = 0; i < CASES; i++) {
        if (jobs_fork()) {
            run_case(product, i, false, tally);
            _exit(0);
        }
    }
}

bool resets_run(const struct product *product, const char *name, bool verbose,
                struct tally *tally) {
    bool all = strcmp(name, "all") == 0;
    bool found = all;
    for (uint32_t i = 0; i < CASES; i++) {
        if (all || strcmp(cases[i].name, name) == 0) {
            run_case(product, i, verbose, tally);
            found = true;
        }
    }
    return found;
}
