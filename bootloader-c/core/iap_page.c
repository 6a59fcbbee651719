#include "iap_page.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"

static struct iap_page_result result(uint8_t status, uint32_t detail) {
    return (struct iap_page_result){status, detail};
}

static struct iap_page_result reject(struct iap_page *page, enum iap_rejection reason) {
    page->open = false;
    return result(IAP_STATUS_PAGE_REJECTED, reason);
}

struct iap_page_result iap_page_open(struct iap_page *page, const struct iap_config *config,
                                     const uint8_t *head, uint32_t image_size) {
    uint32_t number = iap_get16(head + IAP_PAGE_HEAD_AT_PAGE);
    uint32_t length = iap_get16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH);
    uint32_t before = number * config->page_size;
    if (before >= image_size) {
        return reject(page, IAP_REJECTION_PAGE);
    }
    if (head[IAP_PAGE_HEAD_AT_ENCODING] != IAP_ENCODING_RAW) {
        return reject(page, IAP_REJECTION_ENCODING);
    }
    uint32_t left = image_size - before;
    if (length != (left < config->page_size ? left : config->page_size) ||
        length != iap_get16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH)) {
        return reject(page, IAP_REJECTION_LENGTH);
    }
    *page = (struct iap_page){
        .open = true,
        .number = (uint16_t)number,
        .flags = head[IAP_PAGE_HEAD_AT_FLAGS],
        .length = (uint16_t)length,
        .crc32 = iap_get32(head + IAP_PAGE_HEAD_AT_CRC32),
    };
    return result(IAP_STATUS_OK, 0);
}

struct iap_page_result iap_page_add(struct iap_page *page, const struct iap_config *config,
                                    const uint8_t *bytes, uint32_t size) {
    if (!page->open) {
        return reject(page, IAP_REJECTION_NO_HEAD);
    }
    if (size > (uint32_t)(page->length - page->filled)) {
        return reject(page, IAP_REJECTION_LENGTH);
    }
    iap_copy(config->page_buffer + page->filled, bytes, size);
    page->filled = (uint16_t)(page->filled + size);
    return result(IAP_STATUS_OK, 0);
}

struct iap_page_result iap_page_check(struct iap_page *page, const struct iap_config *config) {
    iap_fill(config->page_buffer + page->length, 0xff, config->page_size - page->length);
    if (iap_crc32(0, config->page_buffer, config->page_size) != page->crc32) {
        return reject(page, IAP_REJECTION_CRC);
    }
    page->open = false;
    return result(IAP_STATUS_OK, 0);
}

static uint32_t address_of(const struct iap_page *page, const struct iap_config *config) {
    return config->app_base + page->number * config->page_size;
}

bool iap_page_differs(const struct iap_page *page, const struct iap_target *target) {
    const uint8_t *flash = iap_flash_read(target, address_of(page, target->config));
    return (page->flags & IAP_PAGE_FLAG_FORCE) != 0 ||
           iap_crc32(0, flash, target->config->page_size) != page->crc32;
}

// Offset of the last half-word of 0x0000; size if there is none.
static uint32_t last_zero(const uint8_t *bytes, uint32_t size) {
    for (uint32_t at = size; at > 0; at -= 2) {
        if (iap_get16(bytes + at - 2) == 0) {
            return at - 2;
        }
    }
    return size;
}

static bool program_zero(const struct iap_target *target, uint32_t address) {
    static const uint8_t zero[2] = {0, 0};
    return iap_flash_program(target, address, zero, sizeof zero) == sizeof zero;
}

// The half-word that power may leave in doubt is the last one programmed. If that is 0x0000 it can
// be made sure later.
static struct iap_page_result program_page(const struct iap_target *target, uint32_t address) {
    uint8_t *bytes = target->config->page_buffer;
    uint32_t size = target->config->page_size;
    uint32_t last = last_zero(bytes, size);
    if (last < size) {
        iap_put16(bytes + last, 0xffff);
    }
    uint32_t done = iap_flash_program(target, address, bytes, size);
    if (done == size && last < size && !program_zero(target, address + last)) {
        done = last;
    }
    return done == size ? result(IAP_STATUS_OK, 0)
                        : result(IAP_STATUS_FLASH_FAILED, address + done);
}

// What power cuts early in an erase still reads as it was, and drifts later: it must not be taken
// for right.
static void spoil_page(const struct iap_target *target, uint32_t address) {
    uint32_t end = address + target->config->page_size;
    while (address < end && iap_get16(iap_flash_read(target, address)) == 0) {
        address += 2;
    }
    if (address < end) {
        (void)program_zero(target, address);
    }
}

struct iap_page_result iap_page_write(const struct iap_page *page, const struct iap_target *target,
                                      bool trust_blank) {
    const struct iap_config *config = target->config;
    uint32_t address = address_of(page, config);
    bool blank = iap_all(iap_flash_read(target, address), 0xff, config->page_size);
    bool erase = !blank || !trust_blank || (page->flags & IAP_PAGE_FLAG_FORCE) != 0;
    if (erase && !blank) {
        spoil_page(target, address);
    }
    if (erase && !iap_flash_erase_page(target, address)) {
        return result(IAP_STATUS_FLASH_FAILED, address);
    }
    return program_page(target, address);
}

void iap_page_firm(const struct iap_target *target, uint32_t address) {
    uint32_t size = target->config->page_size;
    uint32_t last = last_zero(iap_flash_read(target, address), size);
    if (last < size) {
        (void)program_zero(target, address + last);
    }
}
