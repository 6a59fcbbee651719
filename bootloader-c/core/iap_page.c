#include "iap_page.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_inflate.h"
#include "iap_trust.h"

static uint32_t room(const struct iap_config *config) {
    return config->page_size + IAP_PAGE_SPARE;
}

bool iap_page_takes_deflate(const struct iap_config *config) {
    return config->page_buffer_size >= room(config);
}

bool iap_page_takes_dictionary(const struct iap_target *target) {
    return iap_page_takes_deflate(target->config) && !iap_trust_signed_only() &&
           iap_port_knows_protection(target->port) &&
           (iap_port_protection(target->port) & IAP_SECURITY_FLAG_READ_PROTECTED) == 0;
}

iap_result iap_page_reject(struct iap_page *page, enum iap_rejection reason) {
    page->open = false;
    return iap_failure(IAP_STATUS_PAGE_REJECTED, reason);
}

static bool encoded_length_good(const struct iap_page_head *head, const struct iap_config *config) {
    if (head->encoding == IAP_ENCODING_RAW) {
        return head->encoded_length == head->decoded_length;
    }
    return head->encoded_length >= IAP_DEFLATE_HEAD_SIZE && head->encoded_length <= room(config);
}

iap_result iap_page_open(struct iap_page *page, const struct iap_config *config,
                         const struct iap_page_head *head, uint32_t image_size) {
    uint32_t before = head->page * config->page_size;
    if (before >= image_size) {
        return iap_page_reject(page, IAP_REJECTION_PAGE);
    }
    if (head->encoding != IAP_ENCODING_RAW &&
        (head->encoding != IAP_ENCODING_DEFLATE || !iap_page_takes_deflate(config))) {
        return iap_page_reject(page, IAP_REJECTION_ENCODING);
    }
    uint32_t left = image_size - before;
    if (head->decoded_length != (left < config->page_size ? left : config->page_size) ||
        !encoded_length_good(head, config)) {
        return iap_page_reject(page, IAP_REJECTION_LENGTH);
    }
    *page = (struct iap_page){
        .open = true,
        .number = head->page,
        .flags = head->flags,
        .encoding = head->encoding,
        .length = head->decoded_length,
        .encoded = head->encoded_length,
        .crc32 = head->crc32,
    };
    return iap_success();
}

// A compressed page lies at the end of the room, and is decoded to its beginning.
static uint8_t *encoded_at(const struct iap_page *page, const struct iap_config *config) {
    return config->page_buffer +
           (page->encoding == IAP_ENCODING_RAW ? 0 : room(config) - page->encoded);
}

iap_result iap_page_add(struct iap_page *page, const struct iap_config *config,
                        const uint8_t *bytes, uint32_t size) {
    if (!page->open) {
        return iap_page_reject(page, IAP_REJECTION_NO_HEAD);
    }
    if (size > (uint32_t)(page->encoded - page->filled)) {
        return iap_page_reject(page, IAP_REJECTION_LENGTH);
    }
    iap_copy(encoded_at(page, config) + page->filled, bytes, size);
    page->filled = (uint16_t)(page->filled + size);
    return iap_success();
}

static uint32_t address_of(const struct iap_page *page, const struct iap_config *config) {
    return config->app_base + page->number * config->page_size;
}

bool iap_page_differs(const struct iap_page *page, const struct iap_target *target) {
    const uint8_t *flash = iap_flash_read(target, address_of(page, target->config));
    return (page->flags & IAP_PAGE_FLAG_FORCE) != 0 ||
           iap_port_crc32(target->port, 0, flash, target->config->page_size) != page->crc32;
}

static iap_result decode_page(struct iap_page *page, const struct iap_target *target) {
    const struct iap_config *config = target->config;
    const uint8_t *head = encoded_at(page, config);
    uint32_t end = iap_get16(head + IAP_DEFLATE_HEAD_AT_DICTIONARY_END);
    uint32_t pages = iap_get16(head + IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES);
    struct iap_inflate inflate = {
        .buffer = config->page_buffer,
        .read = room(config) - page->encoded + IAP_DEFLATE_HEAD_SIZE,
        .end = room(config),
        .size = page->length,
        .dictionary_size = pages * config->page_size,
    };
    if (pages > 0) {
        if (!iap_page_takes_dictionary(target) || pages > end ||
            inflate.dictionary_size > IAP_MAX_DICTIONARY ||
            end > (config->app_end - config->app_base) / config->page_size) {
            return iap_page_reject(page, IAP_REJECTION_DICTIONARY);
        }
        inflate.dictionary = iap_flash_read(target, config->app_base + end * config->page_size -
                                                        inflate.dictionary_size);
    }
    iap_port_poll(target->port);
    return iap_inflate(&inflate) ? iap_success() : iap_page_reject(page, IAP_REJECTION_STREAM);
}

iap_result iap_page_check(struct iap_page *page, const struct iap_target *target) {
    const struct iap_config *config = target->config;
    page->differs = iap_page_differs(page, target);
    if (page->encoding != IAP_ENCODING_RAW) {
        if (!page->differs) {
            page->open = false;
            return iap_success();
        }
        iap_result result = decode_page(page, target);
        if (!iap_ok(result)) {
            return result;
        }
    }
    iap_fill(config->page_buffer + page->length, 0xff, config->page_size - page->length);
    if (iap_port_crc32(target->port, 0, config->page_buffer, config->page_size) != page->crc32) {
        return iap_page_reject(page, IAP_REJECTION_CRC);
    }
    page->open = false;
    return iap_success();
}

// Offset of the last half-word of 0x0000; size, that of a page, if there is none.
static uint32_t last_zero(const uint8_t *bytes, uint32_t size) {
    for (uint32_t at = size; at > 0; at -= 4) {
        uint32_t two = iap_get32(bytes + at - 4);
        // Only a half-word that is 0 sets its highest bit by borrowing.
        if (((two - 0x00010001u) & ~two & 0x80008000u) != 0) {
            return two >> 16 == 0 ? at - 2 : at - 4;
        }
    }
    return size;
}

static iap_result program_zero(const struct iap_target *target, uint32_t address) {
    static const uint8_t zero[2] = {0, 0};
    return iap_flash_program(target, address, zero, sizeof zero);
}

// The half-word that power may leave in doubt is the last one programmed. If that is 0x0000 it can
// be programmed once more later.
static iap_result program_page(const struct iap_target *target, uint32_t address) {
    uint8_t *bytes = target->config->page_buffer;
    uint32_t size = target->config->page_size;
    uint32_t last = last_zero(bytes, size);
    if (last < size) {
        iap_put16(bytes + last, 0xffff);
    }
    iap_result result = iap_flash_program(target, address, bytes, size);
    if (iap_ok(result) && last < size) {
        result = program_zero(target, address + last);
    }
    return result;
}

// What is 0x0000 in the new page may be all that a page of it still lacked, and what is 0xFFFF in
// flash all that one of an earlier image did: the first is the last choice, the other the one
// before.
void iap_page_invalidate(const struct iap_target *target, uint32_t address, const uint8_t *next) {
    const uint8_t *flash = iap_flash_read(target, address);
    uint32_t chosen = 0;
    uint32_t best = 0;
    for (uint32_t at = 0; at < target->config->page_size; at += 2) {
        uint32_t now = iap_get16(flash + at);
        uint32_t rank = 1u + (now != 0xffff ? 1u : 0u);
        rank += next == NULL || iap_get16(next + at) != 0 ? 2u : 0u;
        if (now != 0 && rank > best) {
            best = rank;
            chosen = at;
        }
    }
    if (best > 0) {
        (void)program_zero(target, address + chosen);
    }
}

iap_result iap_page_write(const struct iap_page *page, const struct iap_target *target,
                          bool trust_blank) {
    const struct iap_config *config = target->config;
    uint32_t address = address_of(page, config);
    bool blank = iap_all(iap_flash_read(target, address), 0xff, config->page_size);
    bool erase = !blank || !trust_blank || (page->flags & IAP_PAGE_FLAG_FORCE) != 0;
    if (erase && !blank) {
        iap_page_invalidate(target, address, config->page_buffer);
    }
    if (erase) {
        iap_result result = iap_flash_erase_page(target, address);
        if (!iap_ok(result)) {
            return result;
        }
    }
    return program_page(target, address);
}

void iap_page_refresh(const struct iap_target *target, uint32_t address) {
    uint32_t size = target->config->page_size;
    uint32_t last = last_zero(iap_flash_read(target, address), size);
    if (last < size) {
        (void)program_zero(target, address + last);
    }
}
