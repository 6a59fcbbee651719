#include "record.h"

#include <string.h>

#include "iap_bytes.h"
#include "iap_crc.h"

// Generation of an area, 0 if it is not good. They count from 1.
static uint32_t generation_of(const uint8_t *area) {
    bool good = iap_get32(area) == IAP_RECORD_MAGIC && iap_get16(area + 4) == IAP_RECORD_FORMAT &&
                iap_get16(area + 6) == IAP_RECORD_SLOT_SIZE &&
                iap_get32(area + 12) == iap_crc32(0, area, 12) && iap_get16(area + 16) != 0xffff;
    return good ? iap_get32(area + 8) : 0;
}

static bool is_set(const uint8_t *slot, uint32_t at) {
    return iap_get16(slot + at) != IAP_STATE_CLEAR;
}

// Of the entries that have TOUCHED, or only of those that have VALID too.
static const uint8_t *newest_entry(const uint8_t *area, bool valid) {
    const uint8_t *newest = NULL;
    for (uint32_t i = 0; i < IAP_RECORD_SLOTS; i++) {
        const uint8_t *slot = area + IAP_AREA_HEADER_SIZE + i * IAP_RECORD_SLOT_SIZE;
        if (is_set(slot, IAP_RECORD_SLOT_AT_WRITTEN) && is_set(slot, IAP_RECORD_SLOT_AT_TOUCHED) &&
            iap_get32(slot + IAP_RECORD_SLOT_AT_CRC32) ==
                iap_crc32(0, slot, IAP_RECORD_SLOT_AT_CRC32) &&
            (!valid || iap_get16(slot + IAP_RECORD_SLOT_AT_VALID) == IAP_STATE_SET) &&
            (newest == NULL || iap_get32(slot) > iap_get32(newest))) {
            newest = slot;
        }
    }
    return newest;
}

struct expectation record_expect(const uint8_t *app, const struct image images[IMAGE_COUNT]) {
    const uint8_t *area_b = app - IAP_RECORD_AREA_SIZE;
    const uint8_t *area_a = area_b - IAP_RECORD_AREA_SIZE;
    struct expectation expectation = {.starts = IMAGE_NONE, .usable_keys = 0xff};
    uint32_t a = generation_of(area_a);
    uint32_t b = generation_of(area_b);
    const uint8_t *area = a > b ? area_a : area_b;
    const uint8_t *slot = a == 0 && b == 0 ? NULL : newest_entry(area, false);
    const uint8_t *verified = a == 0 && b == 0 ? NULL : newest_entry(area, true);
    if (verified != NULL) {
        expectation.usable_keys = verified[IAP_RECORD_SLOT_AT_HEADER + IAP_HEADER_AT_USABLE_KEYS];
    }
    if (slot == NULL || iap_get16(slot + IAP_RECORD_SLOT_AT_VALID) != IAP_STATE_SET) {
        return expectation;
    }
    expectation.valid = true;
    for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
        if (memcmp(slot + IAP_RECORD_SLOT_AT_HEADER, images[i].header, IAP_HEADER_SIZE) == 0 &&
            image_complete(&images[i], app)) {
            expectation.starts = (enum image_name)i;
        }
    }
    for (uint32_t i = 0; i < IAP_RECORD_TRIALS; i++) {
        expectation.trials += is_set(slot, IAP_RECORD_SLOT_AT_TRIALS + 2 * i);
    }
    expectation.confirmed = is_set(slot, IAP_RECORD_SLOT_AT_CONFIRMED);
    return expectation;
}

#define IN_AREA_HEADER UINT32_MAX

// Offset in the slot of an address in the record.
static uint32_t slot_offset(uint32_t app_base, uint32_t address) {
    uint32_t offset = (address + 2 * IAP_RECORD_AREA_SIZE - app_base) % IAP_RECORD_AREA_SIZE;
    return offset < IAP_AREA_HEADER_SIZE ? IN_AREA_HEADER
                                         : (offset - IAP_AREA_HEADER_SIZE) % IAP_RECORD_SLOT_SIZE;
}

static bool in_record(uint32_t app_base, uint32_t address) {
    return address < app_base && app_base - address <= 2 * IAP_RECORD_AREA_SIZE;
}

bool record_in_states(uint32_t app_base, uint32_t address) {
    return in_record(app_base, address) &&
           slot_offset(app_base, address) >= IAP_RECORD_SLOT_AT_CRC32;
}

bool record_is_written(uint32_t app_base, uint32_t address) {
    return in_record(app_base, address) &&
           slot_offset(app_base, address) == IAP_RECORD_SLOT_AT_WRITTEN;
}

bool record_is_touched(uint32_t app_base, uint32_t address) {
    return in_record(app_base, address) &&
           slot_offset(app_base, address) == IAP_RECORD_SLOT_AT_TOUCHED;
}

bool record_is_valid(uint32_t app_base, uint32_t address) {
    return in_record(app_base, address) &&
           slot_offset(app_base, address) == IAP_RECORD_SLOT_AT_VALID;
}
