// The record's two areas at their edges: what is read of them, and what is named when they fail.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_header.h"
#include "sim.h"

static struct sim sim;
static struct iap_target target;
static uint8_t header[IAP_HEADER_SIZE];

static void fresh(void) {
    sim_init(&sim);
    target = sim_target(&sim);
}

static uint8_t *cells(uint32_t address) {
    return sim.flash + (address - IAP_BOOTLOADER_BASE);
}

static iap_result try_append(uint8_t marker, struct iap_entry *entry) {
    memset(header, marker, sizeof header);
    return iap_record_append(&target, iap_header_at(header), entry);
}

static struct iap_entry append(uint8_t marker) {
    struct iap_entry entry;
    CHECK(iap_ok(try_append(marker, &entry)));
    return entry;
}

static uint32_t slot_of(uint32_t area, uint32_t number) {
    return area + IAP_AREA_HEADER_SIZE + number * IAP_RECORD_SLOT_SIZE;
}

static void seal_area(uint32_t area, uint32_t generation) {
    iap_put32(cells(area) + IAP_AREA_HEADER_AT_GENERATION, generation);
    iap_put32(cells(area) + IAP_AREA_HEADER_AT_CRC32,
              iap_crc32(0, cells(area), IAP_AREA_HEADER_AT_CRC32));
}

static void refuse(uint32_t address, uint32_t size) {
    sim.refuse_from = address;
    sim.refuse_to = address + size;
}

static uint32_t failure_of_append(void) {
    struct iap_entry entry;
    iap_result result = try_append(9, &entry);
    CHECK_EQUAL(iap_status_of(result), IAP_STATUS_RECORD_FAILED);
    return iap_detail_of(result);
}

// What an application's first page holds is never a record, however good it looks.
static void the_application_is_no_area(void) {
    fresh();
    struct iap_entry entry = append(1);
    CHECK(iap_ok(iap_record_set(&target, entry.slot, IAP_ENTRY_TOUCHED)));
    uint32_t area = iap_record_read(&target).area;
    memcpy(cells(IAP_APP_BASE), cells(area), IAP_RECORD_AREA_SIZE);
    seal_area(IAP_APP_BASE, 100);
    CHECK_EQUAL(iap_record_read(&target).area, area);
    memset(cells(area), 0xff, IAP_RECORD_AREA_SIZE);
    CHECK_EQUAL(iap_record_read(&target).area, 0);
    // Nor is what lies below.
    memcpy(cells(IAP_RECORD_A_ADDRESS - IAP_RECORD_AREA_SIZE), cells(IAP_APP_BASE),
           IAP_RECORD_AREA_SIZE);
    CHECK_EQUAL(iap_record_read(&target).area, 0);
}

static void either_area_alone_is_enough(void) {
    fresh();
    (void)append(1);
    CHECK_EQUAL(iap_record_read(&target).area, IAP_RECORD_A_ADDRESS);
    CHECK_EQUAL(iap_record_read(&target).generation, 1);
    memcpy(cells(IAP_RECORD_B_ADDRESS), cells(IAP_RECORD_A_ADDRESS), IAP_RECORD_AREA_SIZE);
    seal_area(IAP_RECORD_B_ADDRESS, 0); // also the lowest generation
    memset(cells(IAP_RECORD_A_ADDRESS), 0xff, IAP_RECORD_AREA_SIZE);
    CHECK_EQUAL(iap_record_read(&target).area, IAP_RECORD_B_ADDRESS);
    CHECK_EQUAL(iap_record_read(&target).generation, 0);
}

static void an_area_of_another_kind_is_none(void) {
    fresh();
    (void)append(1);
    iap_put32(cells(IAP_RECORD_A_ADDRESS) + IAP_AREA_HEADER_AT_MAGIC, IAP_RECORD_MAGIC + 1);
    seal_area(IAP_RECORD_A_ADDRESS, 1);
    CHECK_EQUAL(iap_record_read(&target).area, 0);
}

static void any_mark_in_the_seal_counts(void) {
    fresh();
    (void)append(1);
    static const uint16_t marks[] = {0, 0xfffe, 0x7fff, 0xff00, 0x00ff};
    for (size_t i = 0; i < 5; i++) {
        iap_put16(cells(IAP_RECORD_A_ADDRESS) + IAP_AREA_HEADER_AT_SEALED, marks[i]);
        CHECK_EQUAL(iap_record_read(&target).area, IAP_RECORD_A_ADDRESS);
    }
}

static void each_state_is_read_at_its_place(void) {
    fresh();
    struct iap_entry entry = append(1);
    CHECK_EQUAL(entry.states, 1u << IAP_ENTRY_WRITTEN);
    CHECK_EQUAL(entry.sequence, 1);
    CHECK_EQUAL(entry.trials, 0);
    CHECK_EQUAL(entry.slot, slot_of(IAP_RECORD_A_ADDRESS, 0));
    CHECK_EQUAL(iap_entry_token(&entry), entry.sequence ^ entry.crc32);
    CHECK(iap_ok(iap_record_set(&target, entry.slot, IAP_ENTRY_TOUCHED)));
    // Whatever follows the last trial mark belongs to the next entry.
    iap_put16(cells(entry.slot) + IAP_RECORD_SLOT_SIZE, 0);
    for (uint32_t at = IAP_RECORD_SLOT_AT_VALID; at < IAP_RECORD_SLOT_SIZE; at += 2) {
        CHECK(iap_ok(iap_record_set(&target, entry.slot, (at - IAP_RECORD_SLOT_AT_WRITTEN) / 2)));
        struct iap_record record = iap_record_read(&target);
        CHECK_EQUAL(record.installed.states,
                    ((at - IAP_RECORD_SLOT_AT_WRITTEN) / 2 + 1 == 32)
                        ? 0xffffffff
                        : (1u << ((at - IAP_RECORD_SLOT_AT_WRITTEN) / 2 + 1)) - 1);
        uint32_t trials =
            at < IAP_RECORD_SLOT_AT_TRIALS ? 0 : (at - IAP_RECORD_SLOT_AT_TRIALS) / 2 + 1;
        CHECK_EQUAL(record.installed.trials, trials);
    }
}

static void an_entry_that_is_closed_waits_no_more(void) {
    fresh();
    (void)append(1);
    struct iap_entry second = append(2);
    CHECK_EQUAL(iap_record_read(&target).pending.header->bytes[0], 2);
    CHECK(iap_ok(iap_record_set(&target, second.slot, IAP_ENTRY_CLOSED)));
    CHECK_EQUAL(iap_record_read(&target).pending.header->bytes[0], 1);
    CHECK_EQUAL(iap_record_read(&target).last_sequence, 2);
    // TOUCHED and CLOSED: its pages are in flash all the same.
    CHECK(iap_ok(iap_record_set(&target, second.slot, IAP_ENTRY_TOUCHED)));
    CHECK_EQUAL(iap_record_read(&target).installed.header->bytes[0], 2);
    CHECK_EQUAL(iap_record_read(&target).pending.slot, 0); // older than what is installed
}

// All slots are used, in order; then the other area begins with what lives.
static void all_slots_are_used(void) {
    fresh();
    for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
        CHECK_EQUAL(append((uint8_t)(i + 1)).slot, slot_of(IAP_RECORD_A_ADDRESS, i));
    }
    CHECK_EQUAL(sim.erases, 2); // of the first area
    CHECK_EQUAL(append(50).slot, slot_of(IAP_RECORD_B_ADDRESS, 0));
    CHECK_EQUAL(sim.erases, 4);
    struct iap_record record = iap_record_read(&target);
    CHECK_EQUAL(record.area, IAP_RECORD_B_ADDRESS);
    CHECK_EQUAL(record.generation, 2);
    CHECK_EQUAL(record.last_sequence, IAP_RECORD_SLOTS + 1);
}

// Behind the last slot there is none, whatever lies there.
static void there_are_no_more_slots(void) {
    fresh();
    (void)append(1);
    uint8_t *behind = cells(slot_of(IAP_RECORD_A_ADDRESS, IAP_RECORD_SLOTS));
    memcpy(behind, cells(slot_of(IAP_RECORD_A_ADDRESS, 0)), IAP_RECORD_SLOT_SIZE);
    iap_put32(behind + IAP_RECORD_SLOT_AT_SEQUENCE, 100);
    iap_put32(behind + IAP_RECORD_SLOT_AT_CRC32, iap_crc32(0, behind, IAP_RECORD_SLOT_AT_CRC32));
    CHECK_EQUAL(iap_record_read(&target).last_sequence, 1);
    CHECK_EQUAL(iap_record_read(&target).pending.sequence, 1);
}

static void both_live_entries_move(void) {
    fresh();
    struct iap_entry first = append(1);
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TOUCHED)));
    CHECK(iap_ok(iap_record_set_valid(&target, first.slot)));
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_CONFIRMED)));
    struct iap_entry second = append(2);
    CHECK(iap_ok(iap_record_set(&target, second.slot, IAP_ENTRY_TOUCHED)));
    struct iap_record before = iap_record_read(&target);
    for (uint8_t i = 3; i <= IAP_RECORD_SLOTS; i++) {
        (void)append(i);
    }
    CHECK_EQUAL(append(50).slot, slot_of(IAP_RECORD_B_ADDRESS, 2));
    struct iap_record after = iap_record_read(&target);
    CHECK_EQUAL(after.verified.slot, slot_of(IAP_RECORD_B_ADDRESS, 0));
    CHECK_EQUAL(after.installed.slot, slot_of(IAP_RECORD_B_ADDRESS, 1));
    CHECK_EQUAL(after.verified.states, before.verified.states);
    CHECK_EQUAL(after.installed.states, before.installed.states);
    CHECK_EQUAL(after.verified.sequence, before.verified.sequence);
    CHECK_EQUAL(after.installed.sequence, before.installed.sequence);
    // A state that is not set is not set by moving, nor is anything if one of them fails.
    fresh();
    first = append(1);
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TOUCHED)));
    CHECK(iap_ok(iap_record_set_valid(&target, first.slot)));
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TRIALS + 1)));
    second = append(2);
    CHECK(iap_ok(iap_record_set(&target, second.slot, IAP_ENTRY_TOUCHED)));
    before = iap_record_read(&target);
    for (uint8_t i = 3; i <= IAP_RECORD_SLOTS; i++) {
        (void)append(i);
    }
    refuse(slot_of(IAP_RECORD_B_ADDRESS, 0), 2);
    CHECK_EQUAL(failure_of_append(), slot_of(IAP_RECORD_B_ADDRESS, 0));
    refuse(0, 0);
    (void)append(50);
    after = iap_record_read(&target);
    CHECK_EQUAL(after.verified.states, before.verified.states);
    CHECK(!iap_entry_is(&after.verified, IAP_ENTRY_CONFIRMED));
    // One that is both moves once.
    fresh();
    first = append(1);
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TOUCHED)));
    CHECK(iap_ok(iap_record_set_valid(&target, first.slot)));
    for (uint8_t i = 2; i <= IAP_RECORD_SLOTS; i++) {
        (void)append(i);
    }
    CHECK_EQUAL(append(50).slot, slot_of(IAP_RECORD_B_ADDRESS, 1));
}

// Without an area the first one is made: each step of it may fail, and names its address.
static void a_first_area_that_fails_is_named(void) {
    const uint32_t area = IAP_RECORD_A_ADDRESS;
    fresh();
    refuse(area, 2);
    CHECK_EQUAL(failure_of_append(), area);
    fresh();
    refuse(area + SIM_PAGE_SIZE, 2);
    CHECK_EQUAL(failure_of_append(), area + SIM_PAGE_SIZE);
    fresh();
    refuse(area + IAP_AREA_HEADER_AT_CRC32, 2);
    CHECK_EQUAL(failure_of_append(), area + IAP_AREA_HEADER_AT_CRC32);
    fresh();
    refuse(area + IAP_AREA_HEADER_AT_SEALED, 2);
    (void)failure_of_append();
    CHECK_EQUAL(iap_record_read(&target).area, 0);
    // Every slot of it: the last is named.
    fresh();
    sim.worn_from = slot_of(area, 0);
    sim.worn_to = slot_of(area, IAP_RECORD_SLOTS);
    CHECK_EQUAL(failure_of_append(), slot_of(area, IAP_RECORD_SLOTS - 1));
}

// A slot that fails is passed over; an area that does is left.
static void a_slot_that_fails_is_passed_over(void) {
    static const uint32_t places[] = {IAP_RECORD_SLOT_AT_SEQUENCE, IAP_RECORD_SLOT_AT_HEADER + 8,
                                      IAP_RECORD_SLOT_AT_CRC32, IAP_RECORD_SLOT_AT_WRITTEN};
    for (size_t i = 0; i < 4; i++) {
        fresh();
        (void)append(1);
        refuse(slot_of(IAP_RECORD_A_ADDRESS, 1) + places[i], 2);
        CHECK_EQUAL(append(2).slot, slot_of(IAP_RECORD_A_ADDRESS, 2));
        CHECK_EQUAL(iap_record_read(&target).pending.sequence, 2);
    }
    // Not blank: not even tried
    fresh();
    (void)append(1);
    cells(slot_of(IAP_RECORD_A_ADDRESS, 2))[-1] = 0xfe;
    uint32_t operations = sim.operations;
    CHECK_EQUAL(append(2).slot, slot_of(IAP_RECORD_A_ADDRESS, 2));
    for (uint32_t i = operations; i < sim.operations; i++) {
        CHECK(sim.log[i].address < slot_of(IAP_RECORD_A_ADDRESS, 1) ||
              sim.log[i].address >= slot_of(IAP_RECORD_A_ADDRESS, 2));
    }
    // A slot is blank whatever lies behind it.
    fresh();
    (void)append(1);
    cells(slot_of(IAP_RECORD_A_ADDRESS, 2))[0] = 0xfe;
    CHECK_EQUAL(append(2).slot, slot_of(IAP_RECORD_A_ADDRESS, 1));
    // The area's own seal
    fresh();
    (void)append(1);
    refuse(IAP_RECORD_A_ADDRESS + IAP_AREA_HEADER_AT_SEALED, 2);
    CHECK_EQUAL(append(2).slot, slot_of(IAP_RECORD_B_ADDRESS, 0));
    // It is not gone on with if the other area fails too.
    fresh();
    struct iap_entry first = append(1);
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TOUCHED)));
    CHECK(iap_ok(iap_record_set_valid(&target, first.slot)));
    refuse(IAP_RECORD_A_ADDRESS + IAP_AREA_HEADER_AT_SEALED, 2);
    sim.worn_from = slot_of(IAP_RECORD_B_ADDRESS, 0);
    sim.worn_to = sim.worn_from + 4;
    CHECK_EQUAL(failure_of_append(), slot_of(IAP_RECORD_B_ADDRESS, 0));
    CHECK_EQUAL(iap_record_read(&target).last_sequence, 1);
}

static void an_area_that_can_not_be_left_stays(void) {
    fresh();
    struct iap_entry first = append(1);
    CHECK(iap_ok(iap_record_set(&target, first.slot, IAP_ENTRY_TOUCHED)));
    CHECK(iap_ok(iap_record_set_valid(&target, first.slot)));
    for (uint8_t i = 2; i <= IAP_RECORD_SLOTS; i++) {
        (void)append(i);
    }
    const uint32_t other = IAP_RECORD_B_ADDRESS;
    static const uint32_t places[] = {IAP_RECORD_SLOT_AT_SEQUENCE, IAP_RECORD_SLOT_AT_HEADER,
                                      IAP_RECORD_SLOT_AT_CRC32};
    for (size_t i = 0; i < 3; i++) { // the copy of the entry that lives
        refuse(slot_of(other, 0) + places[i], 2);
        CHECK_EQUAL(failure_of_append(), slot_of(other, 0) + places[i]);
        CHECK_EQUAL(iap_record_read(&target).area, IAP_RECORD_A_ADDRESS);
    }
    for (uint32_t at = IAP_RECORD_SLOT_AT_WRITTEN; at <= IAP_RECORD_SLOT_AT_SEALED; at += 2) {
        refuse(slot_of(other, 0) + at, 2);
        (void)failure_of_append();
        CHECK_EQUAL(iap_record_read(&target).area, IAP_RECORD_A_ADDRESS);
    }
    refuse(0, 0);
    CHECK_EQUAL(append(9).slot, slot_of(other, 1));
}

static void refresh_programs_both_marks(void) {
    for (uint32_t turn = 0; turn < 2; turn++) {
        const uint32_t area = turn == 0 ? IAP_RECORD_A_ADDRESS : IAP_RECORD_B_ADDRESS;
        fresh();
        struct iap_entry entry = append(1);
        for (uint8_t i = 0; turn == 1 && i < IAP_RECORD_SLOTS; i++) {
            entry = append(i);
        }
        CHECK_EQUAL(entry.slot, slot_of(area, 0));
        sim.operations = 0;
        CHECK(iap_ok(iap_record_refresh(&target, entry.slot)));
        CHECK_EQUAL(sim.operations, 2);
        CHECK_EQUAL(sim.log[0].address, area + IAP_AREA_HEADER_AT_SEALED);
        CHECK_EQUAL(sim.log[1].address, entry.slot + IAP_RECORD_SLOT_AT_WRITTEN);
        refuse(area + IAP_AREA_HEADER_AT_SEALED, 2);
        iap_result result = iap_record_refresh(&target, entry.slot);
        CHECK_EQUAL(iap_status_of(result), IAP_STATUS_RECORD_FAILED);
        CHECK_EQUAL(iap_detail_of(result), area + IAP_AREA_HEADER_AT_SEALED);
        refuse(entry.slot + IAP_RECORD_SLOT_AT_WRITTEN, 2);
        CHECK(!iap_ok(iap_record_refresh(&target, entry.slot)));
        for (uint32_t at = IAP_RECORD_SLOT_AT_VALID; at <= IAP_RECORD_SLOT_AT_SEALED; at += 2) {
            refuse(entry.slot + at, 2);
            CHECK(!iap_ok(iap_record_set_valid(&target, entry.slot)));
        }
    }
}

// Record and identity are where the configuration says, not where a board usually has them.
static void areas_follow_the_application(void) {
    fresh();
    CHECK_EQUAL(iap_record_a(&sim.config), IAP_RECORD_A_ADDRESS);
    CHECK_EQUAL(iap_record_b(&sim.config), IAP_RECORD_B_ADDRESS);
}

int main(void) {
    RUN(the_application_is_no_area);
    RUN(either_area_alone_is_enough);
    RUN(an_area_of_another_kind_is_none);
    RUN(any_mark_in_the_seal_counts);
    RUN(each_state_is_read_at_its_place);
    RUN(an_entry_that_is_closed_waits_no_more);
    RUN(all_slots_are_used);
    RUN(there_are_no_more_slots);
    RUN(both_live_entries_move);
    RUN(a_first_area_that_fails_is_named);
    RUN(a_slot_that_fails_is_passed_over);
    RUN(an_area_that_can_not_be_left_stays);
    RUN(refresh_programs_both_marks);
    RUN(areas_follow_the_application);
}
