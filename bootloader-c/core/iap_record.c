#include "iap_record.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"

_Static_assert(IAP_AREA_HEADER_SIZE + IAP_RECORD_SLOTS * IAP_RECORD_SLOT_SIZE <=
                   IAP_RECORD_AREA_SIZE,
               "an area holds its slots");
_Static_assert(IAP_RECORD_SLOT_SIZE - IAP_RECORD_SLOT_AT_TRIALS == 2 * IAP_RECORD_TRIALS,
               "one half-word a trial");

static bool is_set(const uint8_t *state) {
    return iap_get16(state) != IAP_STATE_CLEAR;
}

static bool area_good(const uint8_t *area) {
    return iap_get32(area + IAP_AREA_HEADER_AT_MAGIC) == IAP_RECORD_MAGIC &&
           iap_get16(area + IAP_AREA_HEADER_AT_FORMAT) == IAP_RECORD_FORMAT &&
           iap_get16(area + IAP_AREA_HEADER_AT_SLOT_SIZE) == IAP_RECORD_SLOT_SIZE &&
           iap_get32(area + IAP_AREA_HEADER_AT_CRC32) ==
               iap_crc32(0, area, IAP_AREA_HEADER_AT_CRC32) &&
           is_set(area + IAP_AREA_HEADER_AT_SEALED);
}

static uint32_t slot_address(uint32_t area, uint32_t index) {
    return area + IAP_AREA_HEADER_SIZE + index * IAP_RECORD_SLOT_SIZE;
}

// Each state as it reads now: a cell that power left half-programmed may read differently the next
// time.
static uint32_t read_states(const uint8_t *slot) {
    uint32_t states = 0;
    for (uint32_t at = IAP_RECORD_SLOT_AT_WRITTEN; at < IAP_RECORD_SLOT_SIZE; at += 2) {
        uint16_t state = iap_get16(slot + at);
        bool set =
            at == IAP_RECORD_SLOT_AT_VALID ? state == IAP_STATE_SET : state != IAP_STATE_CLEAR;
        states |= set ? IAP_ENTRY_BIT(at) : 0;
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
        .header = slot + IAP_RECORD_SLOT_AT_HEADER,
        .states = read_states(slot),
    };
    if (!iap_entry_is(&entry, IAP_ENTRY_WRITTEN) ||
        entry.crc32 != iap_crc32(0, slot, IAP_RECORD_SLOT_AT_CRC32)) {
        return (struct iap_entry){0};
    }
    for (uint32_t marks = entry.states / IAP_ENTRY_TRIALS; marks != 0; marks >>= 1) {
        entry.trials += marks & 1;
    }
    return entry;
}

static void find_area(const struct iap_target *target, struct iap_record *record) {
    const struct iap_config *config = target->config;
    for (uint32_t at = iap_record_a(config); at < config->app_base; at += IAP_RECORD_AREA_SIZE) {
        const uint8_t *area = iap_flash_read(target, at);
        if (!area_good(area)) {
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

static bool program(const struct iap_target *target, uint32_t address, const uint8_t *bytes,
                    uint32_t size, uint32_t *failed) {
    uint32_t done = iap_flash_program(target, address, bytes, size);
    *failed = address + done;
    return done == size;
}

bool iap_record_mark(const struct iap_target *target, uint32_t slot, uint32_t at) {
    static const uint8_t set[2] = {IAP_STATE_SET & 0xff, IAP_STATE_SET >> 8};
    return iap_flash_program(target, slot + at, set, sizeof set) == sizeof set;
}

bool iap_record_mark_valid(const struct iap_target *target, uint32_t slot) {
    return iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_VALID) &&
           iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_VALID) &&
           iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_SEALED);
}

bool iap_record_firm(const struct iap_target *target, uint32_t slot) {
    const struct iap_config *config = target->config;
    uint32_t area = slot < iap_record_b(config) ? iap_record_a(config) : iap_record_b(config);
    return iap_record_mark(target, area, IAP_AREA_HEADER_AT_SEALED) &&
           iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_WRITTEN);
}

static bool write_entry(const struct iap_target *target, uint32_t address, uint32_t sequence,
                        const uint8_t *header, uint32_t *failed) {
    uint8_t number[4];
    uint8_t crc[4];
    iap_put32(number, sequence);
    iap_put32(crc, iap_crc32(iap_crc32(0, number, sizeof number), header, IAP_HEADER_SIZE));
    return program(target, address + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number, failed) &&
           program(target, address + IAP_RECORD_SLOT_AT_HEADER, header, IAP_HEADER_SIZE, failed) &&
           program(target, address + IAP_RECORD_SLOT_AT_CRC32, crc, sizeof crc, failed) &&
           iap_record_mark(target, address, IAP_RECORD_SLOT_AT_WRITTEN);
}

// A copied state is programmed anew, so it is firm whatever the original was.
static bool copy_entry(const struct iap_target *target, uint32_t address,
                       const struct iap_entry *entry, uint32_t *failed) {
    bool copied = write_entry(target, address, entry->sequence, entry->header, failed);
    for (uint32_t at = IAP_RECORD_SLOT_AT_WRITTEN; at < IAP_RECORD_SLOT_SIZE; at += 2) {
        if (iap_entry_is(entry, IAP_ENTRY_BIT(at))) {
            copied = copied && iap_record_mark(target, address, at);
        }
    }
    return copied;
}

// Makes the other area the active one, with the live entries in it. The old area holds nothing of
// value then.
static bool rotate(const struct iap_target *target, struct iap_record *record, uint32_t *failed) {
    const struct iap_config *config = target->config;
    uint32_t area =
        record->area == iap_record_a(config) ? iap_record_b(config) : iap_record_a(config);
    for (uint32_t at = 0; at < IAP_RECORD_AREA_SIZE; at += target->config->page_size) {
        *failed = area + at;
        if (!iap_flash_erase_page(target, area + at)) {
            return false;
        }
    }
    const struct iap_entry *live[2] = {&record->verified, &record->installed};
    bool unfinished = record->installed.slot != record->verified.slot;
    for (uint32_t i = 0; i < (unfinished ? 2u : 1u); i++) {
        if (live[i]->slot != 0 && !copy_entry(target, slot_address(area, i), live[i], failed)) {
            return false;
        }
    }
    uint8_t header[IAP_AREA_HEADER_AT_SEALED];
    iap_put32(header + IAP_AREA_HEADER_AT_MAGIC, IAP_RECORD_MAGIC);
    iap_put16(header + IAP_AREA_HEADER_AT_FORMAT, IAP_RECORD_FORMAT);
    iap_put16(header + IAP_AREA_HEADER_AT_SLOT_SIZE, IAP_RECORD_SLOT_SIZE);
    iap_put32(header + IAP_AREA_HEADER_AT_GENERATION, record->generation + 1);
    iap_put32(header + IAP_AREA_HEADER_AT_CRC32, iap_crc32(0, header, IAP_AREA_HEADER_AT_CRC32));
    if (!program(target, area, header, sizeof header, failed) ||
        !iap_record_mark(target, area, IAP_AREA_HEADER_AT_SEALED)) {
        return false;
    }
    record->area = area;
    record->generation++;
    return true;
}

// Tries every slot that reads blank: one that power left half-programmed may read blank now and
// fail.
static bool append(const struct iap_target *target, const struct iap_record *record,
                   const uint8_t *header, struct iap_entry *entry, uint32_t *failed) {
    for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
        uint32_t address = slot_address(record->area, i);
        if (iap_all(iap_flash_read(target, address), 0xff, IAP_RECORD_SLOT_SIZE) &&
            write_entry(target, address, record->last_sequence + 1, header, failed)) {
            *entry = read_entry(target, address);
            return entry->slot != 0;
        }
    }
    return false;
}

bool iap_record_append(const struct iap_target *target, const uint8_t *header,
                       struct iap_entry *entry, uint32_t *failed) {
    struct iap_record record = iap_record_read(target);
    *failed = record.area;
    if (record.area != 0 && iap_record_mark(target, record.area, IAP_AREA_HEADER_AT_SEALED) &&
        append(target, &record, header, entry, failed)) {
        return true;
    }
    return rotate(target, &record, failed) && append(target, &record, header, entry, failed);
}
