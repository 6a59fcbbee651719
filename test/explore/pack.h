// Compressed pages as the exploration's host sends them: copied from what flash holds at that
// moment, as far as its CRCs tell.
#ifndef EXPLORE_PACK_H
#define EXPLORE_PACK_H

#include "images.h"

#define PACK_PAGES 16u   // more are not looked at
#define PACK_PAGE  2048u // bytes of the largest page

// What flash holds of each page.
enum pack_known {
    PACK_UNKNOWN, // torn, or of another image
    PACK_OLD,
    PACK_NEW,
};

// The page as it travels, at most a page and IAP_PAGE_SPARE bytes of it. 0: it goes as it is.
uint32_t pack_page(const struct image *image, const struct image *old, uint32_t page,
                   const enum pack_known known[PACK_PAGES], bool dictionary, uint8_t *to);

#endif
