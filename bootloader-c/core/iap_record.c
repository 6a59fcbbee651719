#include "iap_record.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_header.h"

_Static_assert(IAP_AREA_HEADER_SIZE + IAP_RECORD_SLOTS * IAP_RECORD_SLOT_SIZE <=
                   IAP_RECORD_AREA_SIZE,
               "an area holds its slots");
_Static_assert(IAP_RECORD_SLOT_SIZE - IAP_RECORD_SLOT_AT_TRIALS == 2 * IAP_RECORD_TRIALS,
               "one half-word a trial");

#define IS_STATE(name)                                                                             \
    _Static_assert(IAP_RECORD_SLOT_AT_##name == IAP_RECORD_SLOT_AT_WRITTEN + 2 * IAP_ENTRY_##name, \
                   "enum iap_entry_state has the order in flash")
IS_STATE(TOUCHED);
IS_STATE(VALID);
IS_STATE(SEALED);
IS_STATE(CONFIRMED);
IS_STATE(CLOSED);
IS_STATE(TRIALS);

static bool area_good(const struct iap_port *port, const uint8_t *area) {
    return iap_get32(area + IAP_AREA_HEADER_AT_MAGIC) == IAP_RECORD_MAGIC &&
           iap_get16(area + IAP_AREA_HEADER_AT_FORMAT) == IAP_RECORD_FORMAT &&
           iap_get16(area + IAP_AREA_HEADER_AT_SLOT_SIZE) == IAP_RECORD_SLOT_SIZE &&
           iap_get32(area + IAP_AREA_HEADER_AT_CRC32) ==
               iap_port_crc32(port, 0, area, IAP_AREA_HEADER_AT_CRC32) &&
           iap_get16(area + IAP_AREA_HEADER_AT_SEALED) != IAP_STATE_CLEAR;
}

static uint32_t slot_address(uint32_t area, uint32_t index) {
    return area + IAP_AREA_HEADER_SIZE + index * IAP_RECORD_SLOT_SIZE;
}

// Each state as it reads now: a cell that power left half-programmed may read differently the next
// time. VALID counts only as it was programmed, the others with any value but blank.
static uint32_t read_states(const uint8_t *slot) {
    uint32_t states = 0;
    for (uint32_t state = 0; state < IAP_ENTRY_TRIALS + IAP_RECORD_TRIALS; state++) {
        uint16_t value = iap_get16(slot + iap_entry_state_address(0, state));
        bool set = state == IAP_ENTRY_VALID ? value == IAP_STATE_SET : value != IAP_STATE_CLEAR;
        states |= set ? 1u << state : 0;
    }
    return states;
}

// An entry counts once WRITTEN is set: then all before it was read back in the same powered
// session.
static struct iap_entry read_entry(const struct iap_target *target, uint32_t address) {
    const uint8_t *slot = iap_flash_read(target, address);
    struct iap_entry entry = {
        .slot = address,
        .sequence = iap_get32(slot + IAP_RECORD_SLOT_AT_SEQUENCE),
        .crc32 = iap_get32(slot + IAP_RECORD_SLOT_AT_CRC32),
        .header = iap_header_at(slot + IAP_RECORD_SLOT_AT_HEADER),
        .states = read_states(slot),
    };
    if (!iap_entry_is(&entry, IAP_ENTRY_WRITTEN) ||
        entry.crc32 != iap_port_crc32(target->port, 0, slot, IAP_RECORD_SLOT_AT_CRC32)) {
        return (struct iap_entry){0};
    }
    for (uint32_t trials = entry.states >> IAP_ENTRY_TRIALS; trials != 0; trials >>= 1) {
        entry.trials += trials & 1;
    }
    return entry;
}

static void find_area(const struct iap_target *target, struct iap_record *record) {
    const struct iap_config *config = target->config;
    for (uint32_t at = iap_record_a(config); at < config->app_base; at += IAP_RECORD_AREA_SIZE) {
        const uint8_t *area = iap_flash_read(target, at);
        if (!area_good(target->port, area)) {
            continue;
        }
        uint32_t generation = iap_get32(area + IAP_AREA_HEADER_AT_GENERATION);
        if (record->area == 0 || generation > record->generation) {
            record->area = at;
            record->generation = generation;
        }
    }
}

// Sequences count from 1, so an absent entry is older than any.
static void keep_newer(struct iap_entry *kept, const struct iap_entry *entry) {
    if (entry->sequence > kept->sequence) {
        *kept = *entry;
    }
}

struct iap_record iap_record_read(const struct iap_target *target) {
    struct iap_record record = {0};
    find_area(target, &record);
    if (record.area == 0) {
        return record;
    }
    struct iap_entry waiting = {0};
    for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
        struct iap_entry entry = read_entry(target, slot_address(record.area, i));
        if (entry.slot == 0) {
            continue;
        }
        if (entry.sequence > record.last_sequence) {
            record.last_sequence = entry.sequence;
        }
        if (iap_entry_is(&entry, IAP_ENTRY_TOUCHED)) {
            keep_newer(&record.installed, &entry);
            if (iap_entry_is(&entry, IAP_ENTRY_VALID)) {
                keep_newer(&record.verified, &entry);
            }
        } else if (!iap_entry_is(&entry, IAP_ENTRY_CLOSED)) {
            keep_newer(&waiting, &entry);
        }
    }
    if (waiting.sequence > record.installed.sequence) {
        record.pending = waiting;
    }
    return record;
}

static iap_result program(const struct iap_target *target, uint32_t address, const uint8_t *bytes,
                          uint32_t size) {
    iap_result result = iap_flash_program(target, address, bytes, size);
    return iap_ok(result) ? result : iap_failure(IAP_STATUS_RECORD_FAILED, iap_detail_of(result));
}

static iap_result set_state(const struct iap_target *target, uint32_t address) {
    static const uint8_t set[2] = {IAP_STATE_SET & 0xff, IAP_STATE_SET >> 8};
    return program(target, address, set, sizeof set);
}

static iap_result set_area_sealed(const struct iap_target *target, uint32_t area) {
    return set_state(target, area + IAP_AREA_HEADER_AT_SEALED);
}

iap_result iap_record_set(const struct iap_target *target, uint32_t slot, uint32_t state) {
    return set_state(target, iap_entry_state_address(slot, state));
}

iap_result iap_record_set_valid(const struct iap_target *target, uint32_t slot) {
    static const uint8_t order[] = {IAP_ENTRY_VALID, IAP_ENTRY_VALID, IAP_ENTRY_SEALED};
    iap_result result = iap_success();
    for (uint32_t i = 0; i < sizeof order && iap_ok(result); i++) {
        result = iap_record_set(target, slot, order[i]);
    }
    return result;
}

iap_result iap_record_refresh(const struct iap_target *target, uint32_t slot) {
    const struct iap_config *config = target->config;
    uint32_t area = slot < iap_record_b(config) ? iap_record_a(config) : iap_record_b(config);
    iap_result result = set_area_sealed(target, area);
    if (!iap_ok(result)) {
        return result;
    }
    return iap_record_set(target, slot, IAP_ENTRY_WRITTEN);
}

static iap_result write_entry(const struct iap_target *target, uint32_t slot, uint32_t sequence,
                              const struct iap_header *header) {
    uint8_t number[4];
    uint8_t crc[4];
    iap_put32(number, sequence);
    iap_put32(crc, iap_crc32(iap_crc32(0, number, sizeof number), header->bytes, IAP_HEADER_SIZE));
    iap_result result = program(target, slot + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number);
    if (!iap_ok(result)) {
        return result;
    }
    result = program(target, slot + IAP_RECORD_SLOT_AT_HEADER, header->bytes, IAP_HEADER_SIZE);
    if (!iap_ok(result)) {
        return result;
    }
    result = program(target, slot + IAP_RECORD_SLOT_AT_CRC32, crc, sizeof crc);
    if (!iap_ok(result)) {
        return result;
    }
    return iap_record_set(target, slot, IAP_ENTRY_WRITTEN);
}

// A copied state is programmed anew, so it is in no doubt whatever the original was.
static iap_result copy_entry(const struct iap_target *target, uint32_t slot,
                             const struct iap_entry *entry) {
    iap_result result = write_entry(target, slot, entry->sequence, entry->header);
    for (uint32_t state = IAP_ENTRY_WRITTEN; entry->states >> state != 0; state++) {
        if (iap_ok(result) && iap_entry_is(entry, state)) {
            result = iap_record_set(target, slot, state);
        }
    }
    return result;
}

static iap_result erase_area(const struct iap_target *target, uint32_t area) {
    iap_result result = iap_success();
    for (uint32_t at = 0; at < IAP_RECORD_AREA_SIZE && iap_ok(result);
         at += target->config->page_size) {
        result = iap_flash_erase_page(target, area + at);
    }
    return iap_ok(result) ? result : iap_failure(IAP_STATUS_RECORD_FAILED, iap_detail_of(result));
}

static iap_result write_area_header(const struct iap_target *target, uint32_t area,
                                    uint32_t generation) {
    uint8_t header[IAP_AREA_HEADER_AT_SEALED];
    iap_put32(header + IAP_AREA_HEADER_AT_MAGIC, IAP_RECORD_MAGIC);
    iap_put16(header + IAP_AREA_HEADER_AT_FORMAT, IAP_RECORD_FORMAT);
    iap_put16(header + IAP_AREA_HEADER_AT_SLOT_SIZE, IAP_RECORD_SLOT_SIZE);
    iap_put32(header + IAP_AREA_HEADER_AT_GENERATION, generation);
    iap_put32(header + IAP_AREA_HEADER_AT_CRC32, iap_crc32(0, header, IAP_AREA_HEADER_AT_CRC32));
    iap_result result = program(target, area, header, sizeof header);
    if (!iap_ok(result)) {
        return result;
    }
    return set_area_sealed(target, area);
}

// The installed entry, and the newest that is VALID if that is another.
static iap_result copy_live_entries(const struct iap_target *target,
                                    const struct iap_record *record, uint32_t area) {
    const struct iap_entry *live[2] = {&record->verified, &record->installed};
    bool unfinished = record->installed.slot != record->verified.slot;
    iap_result result = iap_success();
    for (uint32_t i = 0; i < (unfinished ? 2u : 1u); i++) {
        if (iap_ok(result) && live[i]->slot != 0) {
            result = copy_entry(target, slot_address(area, i), live[i]);
        }
    }
    return result;
}

// Makes the other area the active one, with the live entries in it. The old area holds nothing of
// value then.
static iap_result rotate(const struct iap_target *target, struct iap_record *record) {
    const struct iap_config *config = target->config;
    uint32_t area =
        record->area == iap_record_a(config) ? iap_record_b(config) : iap_record_a(config);
    iap_result result = erase_area(target, area);
    if (!iap_ok(result)) {
        return result;
    }
    result = copy_live_entries(target, record, area);
    if (!iap_ok(result)) {
        return result;
    }
    result = write_area_header(target, area, record->generation + 1);
    if (!iap_ok(result)) {
        return result;
    }
    record->area = area;
    return result;
}

// Tries every slot that reads blank: one that power left half-programmed may read blank now and
// fail.
static iap_result append(const struct iap_target *target, const struct iap_record *record,
                         const struct iap_header *header, struct iap_entry *entry) {
    iap_result result = iap_failure(IAP_STATUS_RECORD_FAILED, record->area);
    for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
        uint32_t slot = slot_address(record->area, i);
        if (!iap_all(iap_flash_read(target, slot), 0xff, IAP_RECORD_SLOT_SIZE)) {
            continue;
        }
        result = write_entry(target, slot, record->last_sequence + 1, header);
        if (iap_ok(result)) {
            *entry = read_entry(target, slot);
            return entry->slot != 0 ? result : iap_failure(IAP_STATUS_RECORD_FAILED, slot);
        }
    }
    return result;
}

iap_result iap_record_append(const struct iap_target *target, const struct iap_header *header,
                             struct iap_entry *entry) {
    struct iap_record record = iap_record_read(target);
    if (record.area != 0 && iap_ok(set_area_sealed(target, record.area)) &&
        iap_ok(append(target, &record, header, entry))) {
        return iap_success();
    }
    iap_result result = rotate(target, &record);
    if (!iap_ok(result)) {
        return result;
    }
    return append(target, &record, header, entry);
}
