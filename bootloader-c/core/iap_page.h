// One page on its way from DATA frames into flash: assembled in RAM, checked, then written.
#ifndef IAP_PAGE_H
#define IAP_PAGE_H

#include "iap_messages.h"
#include "iap_port.h"
#include "iap_result.h"

struct iap_page {
    // Begun and not complete.
    bool open;

    // Flash does not have it: read once, for what is in doubt may read right now and wrong next.
    bool differs;

    // 0 at app_base.
    uint16_t number;

    // IAP_PAGE_FLAG_*
    uint8_t flags;

    // enum iap_encoding
    uint8_t encoding;

    // Bytes of the image; the rest of the page is 0xFF.
    uint16_t length;

    // Bytes that DATA carries.
    uint16_t encoded;

    // Bytes that came so far.
    uint16_t filled;

    // Of the page as it shall be in flash.
    uint32_t crc32;
};

// Whether compressed pages are taken.
bool iap_page_takes_deflate(const struct iap_config *config);

// Whether these may copy from flash. Not where flash must not be read out: whoever sends a page of
// a few unknown bytes, and is told whether its CRC-32 fits, finds out what they are. Nor where
// nobody knows whether it must.
bool iap_page_takes_dictionary(const struct iap_target *target);

// Opens the page that head describes, for an image of image_size bytes.
iap_result iap_page_open(struct iap_page *page, const struct iap_config *config,
                         const struct iap_page_head *head, uint32_t image_size);

// Drops what came of the page. PAGE_REJECTED with the reason.
iap_result iap_page_reject(struct iap_page *page, enum iap_rejection reason);

// Adds bytes to the open page.
iap_result iap_page_add(struct iap_page *page, const struct iap_config *config,
                        const uint8_t *bytes, uint32_t size);

static inline bool iap_page_complete(const struct iap_page *page) {
    return page->open && page->filled == page->encoded;
}

// Whether the page in flash has to be written.
bool iap_page_differs(const struct iap_page *page, const struct iap_target *target);

// Decodes the complete page, pads it with 0xFF and checks its CRC-32. A compressed page from which
// flash does not differ is right without that: sent again, it may no longer decode, for its
// dictionary may have held what was there before.
iap_result iap_page_check(struct iap_page *page, const struct iap_target *target);

// Erases, programs, reads back. A page that reads blank is not erased if trust_blank.
iap_result iap_page_write(const struct iap_page *page, const struct iap_target *target,
                          bool trust_blank);

// Programs a half-word that is not 0x0000 to it, before an erase. What power cuts early in an erase
// still reads as it was, and drifts later: no CRC-32 takes the page for right after this. next: the
// new page; NULL if it stays blank.
void iap_page_invalidate(const struct iap_target *target, uint32_t address, const uint8_t *next);

// Programs the page's last half-word of 0x0000 once more: it was the last one programmed, so power
// may have cut that, and it reads right by chance. Does nothing for a page without one.
void iap_page_refresh(const struct iap_target *target, uint32_t address);

#endif
