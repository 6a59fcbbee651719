#include "reference.h"

#include <bearssl_hash.h>
#include <string.h>

static uint32_t get(const uint8_t *from, size_t size) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint32_t)from[i] << 8 * i;
    }
    return value;
}

// Slices of 8 bytes: most of an input's time is spent here.
uint32_t reference_crc32_from(uint32_t previous, const uint8_t *bytes, size_t size) {
    static uint32_t table[8][256];
    if (table[0][1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
            }
            table[0][i] = crc;
        }
        for (uint32_t i = 0; i < 7 * 256; i++) {
            uint32_t crc = table[i / 256][i % 256];
            table[i / 256 + 1][i % 256] = crc >> 8 ^ table[0][crc & 0xff];
        }
    }
    uint32_t crc = ~previous;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        word ^= crc;
        crc = 0;
        for (int i = 0; i < 8; i++) {
            crc ^= table[7 - i][word >> 8 * i & 0xff];
        }
    }
    for (; size > 0; size--) {
        crc = crc >> 8 ^ table[0][(crc ^ *bytes++) & 0xff];
    }
    return ~crc;
}

uint32_t reference_crc32(const uint8_t *bytes, size_t size) {
    return reference_crc32_from(0, bytes, size);
}

enum reference_kind reference_decode(const uint8_t *encoded, size_t encoded_size, size_t limit,
                                     uint8_t *decoded, size_t *size) {
    size_t length = 0;
    bool cut = false;
    if (encoded_size == 0) {
        return REFERENCE_NOTHING;
    }
    for (size_t i = 0; i < encoded_size;) {
        size_t code = encoded[i++];
        size_t run = code - 1;
        cut = run > encoded_size - i;
        run = cut ? encoded_size - i : run;
        if (length + run <= limit) {
            memcpy(decoded + length, encoded + i, run);
        }
        length += run;
        i += run;
        if (code != 255 && i < encoded_size) {
            if (length < limit) {
                decoded[length] = 0;
            }
            length++;
        }
    }
    *size = length;
    if (length > limit) {
        return REFERENCE_LONG;
    }
    if (cut) {
        return REFERENCE_COBS;
    }
    if (length < REFERENCE_OVERHEAD) {
        return REFERENCE_SHORT;
    }
    return reference_crc32(decoded, length - 4) == get(decoded + length - 4, 4) ? REFERENCE_FRAME
                                                                                : REFERENCE_CRC;
}

size_t reference_encode(uint8_t address, uint8_t type, uint8_t seq, const uint8_t *payload,
                        size_t size, uint8_t *to) {
    static uint8_t frame[REFERENCE_MAX_FRAME];
    frame[0] = address;
    frame[1] = type;
    frame[2] = seq;
    if (size > 0) {
        memcpy(frame + 3, payload, size);
    }
    uint32_t crc = reference_crc32(frame, 3 + size);
    for (int i = 0; i < 4; i++) {
        frame[3 + size + i] = (uint8_t)(crc >> 8 * i);
    }
    size += REFERENCE_OVERHEAD;

    size_t at = 0;
    to[at++] = 0;
    size_t code = at++;
    for (size_t i = 0; i < size; i++) {
        if (at - code == 255) { // a full block: another only because bytes follow
            to[code] = 255;
            code = at++;
        }
        if (frame[i] == 0) {
            to[code] = (uint8_t)(at - code);
            code = at++;
        } else {
            to[at++] = frame[i];
        }
    }
    to[code] = (uint8_t)(at - code);
    to[at++] = 0;
    return at;
}

bool reference_area_good(const uint8_t *area) {
    return get(area, 4) == IAP_RECORD_MAGIC && get(area + 4, 2) == 1 && get(area + 6, 2) == 288 &&
           get(area + 12, 4) == reference_crc32(area, 12) && get(area + 16, 2) != 0xffff;
}

static bool entry_good(const uint8_t *slot) {
    return get(slot + 264, 2) != 0xffff && get(slot + 260, 4) == reference_crc32(slot, 260);
}

static const uint8_t *area_of(const uint8_t *flash, int which) {
    return flash + (which == 0 ? 0x7000 : 0x7800);
}

static const uint8_t *active_area(const uint8_t *flash) {
    const uint8_t *a = area_of(flash, 0);
    const uint8_t *b = area_of(flash, 1);
    bool good_a = reference_area_good(a);
    bool good_b = reference_area_good(b);
    if (good_a && good_b) {
        return get(b + 8, 4) > get(a + 8, 4) ? b : a;
    }
    return good_a ? a : good_b ? b : NULL;
}

static const uint8_t *newest(const uint8_t *flash, bool only_valid) {
    const uint8_t *found = NULL;
    const uint8_t *area = active_area(flash);
    for (int i = 0; area != NULL && i < 7; i++) {
        const uint8_t *slot = area + 20 + 288 * i;
        bool wanted = get(slot + 266, 2) != 0xffff && (!only_valid || get(slot + 268, 2) == 0);
        if (wanted && entry_good(slot) && get(slot, 4) != 0 &&
            (found == NULL || get(slot, 4) > get(found, 4))) {
            found = slot;
        }
    }
    return found;
}

const uint8_t *reference_verified(const uint8_t *flash) {
    const uint8_t *slot = newest(flash, true);
    return slot == NULL ? NULL : slot + IAP_RECORD_SLOT_AT_HEADER;
}

struct reference_entry reference_installed(const uint8_t *flash) {
    struct reference_entry found = {.slot = newest(flash, false)};
    if (found.slot != NULL) {
        found.valid = get(found.slot + 268, 2) == 0;
        found.sealed = get(found.slot + 270, 2) != 0xffff;
    }
    return found;
}

bool reference_vouched(const uint8_t *flash, const uint8_t *slot) {
    for (int which = 0; which < 2; which++) {
        const uint8_t *area = area_of(flash, which);
        for (int i = 0; reference_area_good(area) && i < 7; i++) {
            const uint8_t *other = area + 20 + 288 * i;
            if (other != slot && entry_good(other) && get(other + 268, 2) == 0 &&
                memcmp(other, slot, 260) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool reference_image_good(const uint8_t *flash, const uint8_t *header, uint32_t app_size,
                          bool by_sha256) {
    const uint8_t *image = flash + 0x8000;
    uint32_t size = get(header + 44, 4);
    if (get(header + 40, 4) != IAP_APP_BASE || size < 8 || size > app_size) {
        return false;
    }
    uint32_t stack = get(image, 4);
    uint32_t reset = get(image + 4, 4);
    if (stack <= 0x20000000 || stack > 0x20005000 || stack % 4 != 0 || reset % 2 == 0 ||
        reset < IAP_APP_BASE || reset >= IAP_APP_BASE + size ||
        reference_crc32(image, size) != get(header + 48, 4)) {
        return false;
    }
    if (!by_sha256) {
        return true;
    }
    uint8_t digest[32];
    br_sha256_context sha;
    br_sha256_init(&sha);
    br_sha256_update(&sha, image, size);
    br_sha256_out(&sha, digest);
    return memcmp(digest, header + 52, sizeof digest) == 0;
}
