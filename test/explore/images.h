// The applications that the explorations install, and their image headers.
#ifndef EXPLORE_IMAGES_H
#define EXPLORE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "iap_protocol.h"

#define IMAGE_ROOM (12u * 1024u) // bytes; the largest image

enum image_name {
    IMAGE_OLD,     // what is installed before the update, where anything is
    IMAGE_SAME,    // as large as OLD, every page different
    IMAGE_SMALL,   // smaller than OLD
    IMAGE_LARGE,   // larger than OLD
    IMAGE_PATCHED, // OLD with one page changed
    IMAGE_RAGGED,  // ends in the middle of a page, with runs of 0xFF and 0x00
    IMAGE_DENSE,   // as large as OLD, no half-word of 0x0000, as compressed or encrypted data
    IMAGE_MOVED,   // OLD moved up and a little changed: sent compressed, its last page first
    IMAGE_REVOKES, // signed by root, revokes the key of all others but SPARE
    IMAGE_SPARE,   // signed by the spare key, after that
    IMAGE_DEMO,    // the demo application, which confirms itself and must
    IMAGE_COUNT,
    IMAGE_NONE = IMAGE_COUNT,
};

struct image {
    uint8_t header[IAP_HEADER_SIZE];
    uint8_t bytes[IMAGE_ROOM]; // 0xFF after size
    uint32_t base;             // load address
    uint32_t size;
    uint32_t page_size;
    uint32_t moved;   // bytes by which OLD is moved in it; 0: it is not sent compressed
    uint32_t repeats; // bytes from what it has twice to the second of them
};

// Where applications are: the part, and APP_BASE of the board.
struct image_place {
    const struct board_part *part;
    uint32_t app_base;
};

// demo is the demo application's binary, demo_size its bytes.
void images_make(struct image images[IMAGE_COUNT], const struct image_place *place,
                 const uint8_t *demo, uint32_t demo_size);

const char *image_label(enum image_name name);

uint32_t image_pages(const struct image *image);

// CRC-32 of one page as it shall be in flash.
uint32_t image_page_crc(const struct image *image, uint32_t page);

// Whether app, the flash from APP_BASE on, holds the image with its last page's padding.
bool image_in_flash(const struct image *image, const uint8_t *app);

// Like image_in_flash, without the padding: all that a check at boot can see.
bool image_complete(const struct image *image, const uint8_t *app);

// Makes the header name the key of this image, and signs it.
void image_sign(struct image *image, enum image_name name);

#endif
