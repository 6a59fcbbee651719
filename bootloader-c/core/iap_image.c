#include "iap_image.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_page.h"
#include "iap_trust.h"

// Stack pointer and reset vector [bytes].
#define SMALLEST_IMAGE 8u

// What one step of a check reads [bytes].
#define CHECK_PIECE 1024u

// A bootloader refuses an image with a flag that it does not know, of these.
#define REQUIRED_FLAGS 0xffff0000u

uint32_t iap_capabilities(const struct iap_target *target) {
    return IAP_CAPABILITY_BAUD | IAP_CAPABILITY_CONFIRM | target->config->capabilities |
           (iap_trust_signed_only() ? IAP_CAPABILITY_SIGNATURE : 0) |
           (iap_page_takes_deflate(target->config) ? IAP_CAPABILITY_DEFLATE : 0) |
           (iap_page_takes_dictionary(target) ? IAP_CAPABILITY_DICTIONARY : 0);
}

bool iap_header_fits(const struct iap_config *config, const struct iap_header *header) {
    uint32_t size = iap_header_image_size(header);
    return iap_header_load_address(header) == config->app_base && size >= SMALLEST_IMAGE &&
           size <= config->app_end - config->app_base;
}

// The product whose packages alone are taken; NULL: any. Where the identity block is damaged, what
// was verified last still says which device this is.
static const uint8_t *wanted_product(const struct iap_identity *identity,
                                     const struct iap_header *verified) {
    if (!identity->damaged) {
        return identity->product;
    }
    if (verified == NULL || iap_all(iap_header_product(verified), 0, 16)) {
        return NULL;
    }
    return iap_header_product(verified);
}

static iap_result accept_product(const struct iap_identity *identity,
                                 const struct iap_header *header,
                                 const struct iap_header *verified) {
    const uint8_t *product = wanted_product(identity, verified);
    if (product == NULL) {
        return iap_success();
    }
    bool any = iap_all(iap_header_product(header), 0, 16);
    if (any && (iap_trust_signed_only() || identity->damaged ||
                (identity->flags & IAP_IDENTITY_FLAG_ANY_IMAGE) == 0)) {
        return iap_failure(IAP_STATUS_PACKAGE_ONLY, 0);
    }
    if (!any && !iap_equal(iap_header_product(header), product, 16)) {
        return iap_failure(IAP_STATUS_WRONG_PRODUCT, 0);
    }
    // Nobody knows the revision of a device whose block is damaged.
    if (!identity->damaged && (identity->hardware < iap_header_hardware_min(header) ||
                               identity->hardware > iap_header_hardware_max(header))) {
        return iap_failure(IAP_STATUS_WRONG_HARDWARE, identity->hardware);
    }
    return iap_success();
}

static iap_result accept_place(const struct iap_config *config, const struct iap_header *header) {
    if (!iap_all(iap_header_unique_id(header), 0, 12) &&
        !iap_equal(iap_header_unique_id(header), config->unique_id, 12)) {
        return iap_failure(IAP_STATUS_WRONG_DEVICE, 0);
    }
    if (iap_header_load_address(header) != config->app_base) {
        return iap_failure(IAP_STATUS_WRONG_ADDRESS, config->app_base);
    }
    if (!iap_header_fits(config, header)) {
        return iap_failure(IAP_STATUS_WRONG_SIZE, config->app_end - config->app_base);
    }
    return iap_success();
}

static iap_result accept_needs(const struct iap_target *target, const struct iap_header *header,
                               const struct iap_header *verified) {
    if (verified != NULL) {
        uint32_t floor = iap_header_security_counter(verified);
        if (iap_header_security_counter(header) < floor) {
            return iap_failure(IAP_STATUS_ROLLBACK, floor);
        }
    }
    uint32_t flags = iap_header_flags(header) & REQUIRED_FLAGS & ~IAP_IMAGE_FLAG_CONFIRM;
    uint32_t missing = iap_header_capabilities(header) & ~iap_capabilities(target);
    if (flags != 0 || missing != 0) {
        return iap_failure(IAP_STATUS_NOT_CAPABLE, flags != 0 ? flags : missing);
    }
    return iap_success();
}

iap_result iap_header_accept(const struct iap_target *target, const struct iap_identity *identity,
                             const struct iap_header *header, const struct iap_header *verified) {
    iap_result result = iap_header_check_format(header);
    if (!iap_ok(result)) {
        return result;
    }
    result = accept_product(identity, header, verified);
    if (!iap_ok(result)) {
        return result;
    }
    result = accept_place(target->config, header);
    if (!iap_ok(result)) {
        return result;
    }
    result = accept_needs(target, header, verified);
    if (!iap_ok(result)) {
        return result;
    }
    return iap_trust_accept(target, identity, header, verified);
}

bool iap_vectors_good(const struct iap_target *target, uint32_t size) {
    const struct iap_config *config = target->config;
    const uint8_t *vectors = iap_flash_read(target, config->app_base);
    uint32_t stack = iap_get32(vectors);
    uint32_t reset = iap_get32(vectors + 4);
    return stack % 4 == 0 && stack > config->ram_base && stack <= config->ram_end &&
           reset % 2 == 1 && reset > config->app_base && reset < config->app_base + size;
}

void iap_check_start(struct iap_check *check, uint32_t slot) {
    *check = (struct iap_check){.slot = slot};
}

void iap_check_step(struct iap_check *check, const struct iap_target *target,
                    const struct iap_header *header) {
    if (!iap_header_fits(target->config, header)) {
        check->checked = true;
        return;
    }
    uint32_t size = iap_header_image_size(header);
    uint32_t left = size - check->done;
    uint32_t piece = left < CHECK_PIECE ? left : CHECK_PIECE;
    check->crc =
        iap_port_crc32(target->port, check->crc,
                       iap_flash_read(target, target->config->app_base + check->done), piece);
    check->done += piece;
    if (check->done == size) {
        check->checked = true;
        check->good =
            check->crc == iap_header_image_crc32(header) && iap_vectors_good(target, size);
    }
}

void iap_verify_start(struct iap_verify *verify) {
    iap_sha256_start(&verify->sha);
    verify->crc = 0;
}

static const uint8_t *unread(const struct iap_verify *verify, const struct iap_target *target) {
    return iap_flash_read(target, target->config->app_base + verify->sha.size);
}

void iap_verify_step(struct iap_verify *verify, const struct iap_target *target) {
    const uint8_t *block = unread(verify, target);
    verify->crc = iap_port_crc32(target->port, verify->crc, block, IAP_SHA256_BLOCK);
    iap_sha256_blocks(&verify->sha, block, IAP_SHA256_BLOCK);
}

iap_result iap_verify_finish(struct iap_verify *verify, const struct iap_target *target,
                             const struct iap_header *header) {
    uint32_t size = iap_header_image_size(header);
    uint32_t rest = size - verify->sha.size;
    const uint8_t *bytes = unread(verify, target);
    uint32_t crc = iap_port_crc32(target->port, verify->crc, bytes, rest);
    uint8_t digest[IAP_SHA256_DIGEST];
    iap_sha256_finish(&verify->sha, bytes, rest, digest);
    // For an END that comes again.
    iap_verify_start(verify);
    uint32_t wrong = 0;
    if (!iap_equal(digest, iap_header_image_sha256(header), sizeof digest)) {
        wrong |= IAP_CHECK_SHA256;
    }
    if (crc != iap_header_image_crc32(header)) {
        wrong |= IAP_CHECK_CRC32;
    }
    if (!iap_vectors_good(target, size)) {
        wrong |= IAP_CHECK_VECTORS;
    }
    return wrong == 0 ? iap_success() : iap_failure(IAP_STATUS_VERIFY_FAILED, wrong);
}
