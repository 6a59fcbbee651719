// The boot record: entries, states, and the turn of the two areas, with power cut at every
// operation.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "sim.h"

static struct sim sim;
static uint8_t header[IAP_HEADER_SIZE];

static void append(uint8_t marker, bool touched, bool valid) {
    struct iap_target target = sim_target(&sim);
    struct iap_entry entry;
    memset(header, marker, sizeof header);
    CHECK(iap_ok(iap_record_append(&target, iap_header_at(header), &entry)));
    if (touched) {
        CHECK(iap_ok(iap_record_set(&target, entry.slot, IAP_ENTRY_TOUCHED)));
    }
    if (valid) {
        CHECK(iap_ok(iap_record_set_valid(&target, entry.slot)));
    }
}

static struct iap_record read_record(void) {
    struct iap_target target = sim_target(&sim);
    return iap_record_read(&target);
}

static void blank_flash_has_no_record(void) {
    sim_init(&sim);
    struct iap_record record = read_record();
    CHECK_EQUAL(record.area, 0);
    CHECK_EQUAL(record.installed.slot, 0);
    CHECK_EQUAL(record.pending.slot, 0);
}

static void newest_touched_entry_is_installed(void) {
    sim_init(&sim);
    append(1, true, true);
    append(2, false, false);
    struct iap_record record = read_record();
    CHECK_EQUAL(record.installed.header->bytes[0], 1);
    CHECK_EQUAL(record.pending.header->bytes[0], 2);
    append(3, true, false);
    record = read_record();
    CHECK_EQUAL(record.installed.header->bytes[0], 3);
    CHECK_EQUAL(record.verified.header->bytes[0], 1);
    CHECK_EQUAL(record.pending.slot, 0);
}

static void areas_take_turns(void) {
    sim_init(&sim);
    append(1, true, true);
    for (uint8_t i = 2; i < 60; i++) {
        append(i, true, false);
        struct iap_record record = read_record();
        CHECK_EQUAL(record.installed.header->bytes[0], i);
        CHECK_EQUAL(record.installed.sequence, i);
        CHECK_EQUAL(record.verified.header->bytes[0], 1);
        CHECK(iap_entry_is(&record.verified, IAP_ENTRY_SEALED));
    }
    CHECK(read_record().generation > 8);
}

// The installed entry, unfinished, and the newest VALID one outlive any number of updates that only
// began.
static void live_entries_are_taken_over(void) {
    sim_init(&sim);
    append(1, true, true);
    append(2, true, false);
    uint32_t generation = read_record().generation;
    for (uint8_t i = 3; i < 60; i++) {
        append(i, false, false);
        struct iap_record record = read_record();
        CHECK_EQUAL(record.installed.header->bytes[0], 2);
        CHECK_EQUAL(record.verified.header->bytes[0], 1);
        CHECK_EQUAL(record.pending.header->bytes[0], i);
    }
    CHECK(read_record().generation > generation + 8);
}

static void a_damaged_entry_does_not_count(void) {
    sim_init(&sim);
    append(1, true, true);
    append(2, true, true);
    struct iap_record record = read_record();
    for (uint32_t at = 0; at < IAP_RECORD_SLOT_AT_TOUCHED; at += 2) {
        uint8_t *cell = sim.flash + (record.installed.slot - IAP_BOOTLOADER_BASE) + at;
        uint8_t saved = *cell;
        *cell ^= 0x10;
        struct iap_record damaged = read_record();
        // WRITTEN counts with any value but blank; all before it is under the CRC.
        CHECK_EQUAL(damaged.installed.header->bytes[0], at == IAP_RECORD_SLOT_AT_WRITTEN ? 2 : 1);
        *cell = saved;
    }
    // Right to the last bit, and perhaps by chance: what was not read back does not count.
    iap_put16(sim.flash + (record.installed.slot - IAP_BOOTLOADER_BASE) +
                  IAP_RECORD_SLOT_AT_WRITTEN,
              IAP_STATE_CLEAR);
    CHECK_EQUAL(read_record().installed.header->bytes[0], 1);
}

static void only_zero_is_valid(void) {
    sim_init(&sim);
    append(1, true, true);
    uint8_t *valid =
        sim.flash + (read_record().installed.slot - IAP_BOOTLOADER_BASE) + IAP_RECORD_SLOT_AT_VALID;
    for (uint32_t bit = 0; bit < 16; bit++) {
        iap_put16(valid, 1u << bit);
        const struct iap_entry installed = read_record().installed;
        CHECK(!iap_entry_is(&installed, IAP_ENTRY_VALID));
    }
}

static volatile uint8_t newest;

static void append_through_two_turns(void) {
    for (uint8_t i = 2; i < 20; i++) {
        append(i, true, true);
        newest = i;
    }
}

static void power_cut_loses_no_entry(void) {
    uint32_t cuts = 0;
    bool whole = false;
    while (!whole) {
        sim_init(&sim);
        append(1, true, true);
        newest = 1;
        whole = sim_survives(&sim, ++cuts, append_through_two_turns);
        struct iap_record record = read_record();
        CHECK(record.verified.slot != 0);
        CHECK(record.verified.header->bytes[0] == newest ||
              record.verified.header->bytes[0] == newest + 1);
        append(99, true, true);
        CHECK_EQUAL(read_record().installed.header->bytes[0], 99);
    }
    printf("   %u cuts\n", (unsigned)cuts - 1);
    CHECK(cuts > 2000);
}

int main(void) {
    RUN(blank_flash_has_no_record);
    RUN(newest_touched_entry_is_installed);
    RUN(areas_take_turns);
    RUN(live_entries_are_taken_over);
    RUN(a_damaged_entry_does_not_count);
    RUN(only_zero_is_valid);
    RUN(power_cut_loses_no_entry);
}
