#include "pack.h"

#include <string.h>

#include "deflater.h"
#include "iap_bytes.h"

// The longest run of pages of which the host knows what flash holds.
static void known_run(const enum pack_known known[PACK_PAGES], uint32_t *first, uint32_t *end) {
    *first = *end = 0;
    for (uint32_t at = 0, from = 0; at < PACK_PAGES; at++) {
        if (known[at] == PACK_UNKNOWN) {
            from = at + 1;
        } else if (at + 1 - from > *end - *first) {
            *first = from;
            *end = at + 1;
        }
    }
}

uint32_t pack_page(const struct image *image, const struct image *old, uint32_t page,
                   const enum pack_known known[PACK_PAGES], bool dictionary, uint8_t *to) {
    static uint8_t data[2 * IMAGE_ROOM];
    uint32_t size = image->page_size;
    uint32_t left = image->size - page * size;
    uint32_t length = left < size ? left : size;
    uint32_t first = 0;
    uint32_t end = 0;
    if (dictionary) {
        known_run(known, &first, &end);
    }
    uint32_t before = (end - first) * size;
    for (uint32_t i = first; i < end; i++) {
        const struct image *there = known[i] == PACK_NEW ? image : old;
        memcpy(data + (i - first) * size, there->bytes + i * size, size);
    }
    memcpy(data + before, image->bytes + page * size, length);
    iap_put16(to + IAP_DEFLATE_HEAD_AT_DICTIONARY_END, end);
    iap_put16(to + IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES, end - first);
    struct deflater stream =
        deflater_open(to + IAP_DEFLATE_HEAD_SIZE, size + IAP_PAGE_SPARE - IAP_DEFLATE_HEAD_SIZE);
    if (before == 0) {
        deflater_stored(&stream, true, data, length);
    } else {
        // Where the image's bytes come from: the old image's place before they moved, the same
        // place, and what of the new image comes later.
        uint32_t here = (end - page) * size;
        const uint32_t distances[] = {here + image->moved, here, here - image->repeats, 1};
        deflater_page(&stream, page % 2 == 0 ? DEFLATER_FIXED : DEFLATER_DYNAMIC, data, before,
                      length, distances, sizeof distances / sizeof distances[0]);
    }
    // Most of it is copied, or it would not surely fit while it is decoded.
    bool fits = stream.size <= stream.room && (before == 0 || stream.size < length / 2);
    return fits ? IAP_DEFLATE_HEAD_SIZE + stream.size : 0;
}
