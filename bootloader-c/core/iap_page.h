// One page on its way from DATA frames into flash: assembled in RAM, checked, then committed.
#ifndef IAP_PAGE_H
#define IAP_PAGE_H

#include "iap_port.h"

struct iap_page {
    bool open;       // begun and not complete
    uint16_t number; // 0 at APP_BASE
    uint8_t flags;
    uint16_t length; // bytes that DATA carries; the rest of the page is 0xFF
    uint16_t filled;
    uint32_t crc32; // of the page as it shall be in flash
};

// What became of bytes: a status of enum iap_status with its detail, OK if they were taken.
struct iap_page_result {
    uint8_t status;
    uint32_t detail;
};

// Opens the page that head describes, for an image of image_size bytes.
struct iap_page_result iap_page_open(struct iap_page *page, const struct iap_config *config,
                                     const uint8_t *head, uint32_t image_size);

// Adds bytes to the open page.
struct iap_page_result iap_page_add(struct iap_page *page, const struct iap_config *config,
                                    const uint8_t *bytes, uint32_t size);

static inline bool iap_page_complete(const struct iap_page *page) {
    return page->open && page->filled == page->length;
}

// Pads the complete page with 0xFF and checks its CRC-32.
struct iap_page_result iap_page_check(struct iap_page *page, const struct iap_config *config);

// Whether the page in flash has to be written.
bool iap_page_differs(const struct iap_page *page, const struct iap_target *target);

// Erases, programs, reads back. A page that reads blank is not erased if trust_blank.
struct iap_page_result iap_page_write(const struct iap_page *page, const struct iap_target *target,
                                      bool trust_blank);

// Makes sure of the half-word that was programmed last in the page at address: power may have cut
// that, and it reads right by chance. Does nothing for a page without a half-word of 0x0000.
void iap_page_firm(const struct iap_target *target, uint32_t address);

#endif
