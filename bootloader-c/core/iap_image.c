#include "iap_image.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_identity.h"

#define SMALLEST_IMAGE 8u // stack pointer and reset vector
#define CHECK_PIECE    256u

bool iap_header_fits(const struct iap_config *config, const uint8_t *header) {
    uint32_t size = iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE);
    return iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) == config->app_base &&
           size >= SMALLEST_IMAGE && size <= config->app_end - config->app_base;
}

static struct iap_verdict refuse(uint8_t status, uint32_t detail) {
    return (struct iap_verdict){status, detail};
}

static struct iap_verdict accept_format(const uint8_t *header) {
    if (iap_get32(header + IAP_HEADER_AT_MAGIC) != IAP_HEADER_MAGIC) {
        return refuse(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_MAGIC);
    }
    if (iap_get16(header + IAP_HEADER_AT_FORMAT) != IAP_HEADER_FORMAT) {
        return refuse(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_FORMAT);
    }
    if (iap_get16(header + IAP_HEADER_AT_HEADER_SIZE) != IAP_HEADER_SIZE) {
        return refuse(IAP_STATUS_BAD_HEADER, IAP_HEADER_AT_HEADER_SIZE);
    }
    return refuse(IAP_STATUS_OK, 0);
}

static struct iap_verdict accept_product(const struct iap_config *config,
                                         const struct iap_identity *identity,
                                         const uint8_t *header) {
    const uint8_t *product = header + IAP_HEADER_AT_PRODUCT;
    if (identity->product != NULL) {
        bool any = iap_all(product, 0, 16);
        if (any && (identity->flags & IAP_IDENTITY_FLAG_ANY_IMAGE) == 0) {
            return refuse(IAP_STATUS_PACKAGE_ONLY, 0);
        }
        if (!any && !iap_equal(product, identity->product, 16)) {
            return refuse(IAP_STATUS_WRONG_PRODUCT, 0);
        }
        if (identity->hardware < iap_get16(header + IAP_HEADER_AT_HARDWARE_MIN) ||
            identity->hardware > iap_get16(header + IAP_HEADER_AT_HARDWARE_MAX)) {
            return refuse(IAP_STATUS_WRONG_HARDWARE, identity->hardware);
        }
    }
    const uint8_t *unique_id = header + IAP_HEADER_AT_UNIQUE_ID;
    if (!iap_all(unique_id, 0, 12) && !iap_equal(unique_id, config->unique_id, 12)) {
        return refuse(IAP_STATUS_WRONG_DEVICE, 0);
    }
    return refuse(IAP_STATUS_OK, 0);
}

struct iap_verdict iap_header_accept(const struct iap_target *target,
                                     const struct iap_identity *identity, const uint8_t *header,
                                     const uint8_t *verified) {
    const struct iap_config *config = target->config;
    struct iap_verdict verdict = accept_format(header);
    if (verdict.status == IAP_STATUS_OK) {
        verdict = accept_product(config, identity, header);
    }
    if (verdict.status != IAP_STATUS_OK) {
        return verdict;
    }
    if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) != config->app_base) {
        return refuse(IAP_STATUS_WRONG_ADDRESS, config->app_base);
    }
    if (!iap_header_fits(config, header)) {
        return refuse(IAP_STATUS_WRONG_SIZE, config->app_end - config->app_base);
    }
    if (verified != NULL) {
        uint32_t floor = iap_get32(verified + IAP_HEADER_AT_SECURITY_COUNTER);
        if (iap_get32(header + IAP_HEADER_AT_SECURITY_COUNTER) < floor) {
            return refuse(IAP_STATUS_ROLLBACK, floor);
        }
    }
    uint32_t flags =
        iap_get32(header + IAP_HEADER_AT_FLAGS) & 0xffff0000u & ~IAP_IMAGE_FLAG_CONFIRM;
    uint32_t missing = iap_get32(header + IAP_HEADER_AT_CAPABILITIES) & ~IAP_CAPABILITIES;
    if (flags != 0 || missing != 0) {
        return refuse(IAP_STATUS_NOT_CAPABLE, flags != 0 ? flags : missing);
    }
    if (header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] != IAP_SIGNATURE_NONE) {
        return refuse(IAP_STATUS_BAD_SIGNATURE, 0);
    }
    return verdict;
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
                    const uint8_t *header) {
    if (!iap_header_fits(target->config, header)) {
        check->checked = true;
        return;
    }
    uint32_t size = iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE);
    uint32_t piece = size - check->done < CHECK_PIECE ? size - check->done : CHECK_PIECE;
    check->crc = iap_crc32(check->crc,
                           iap_flash_read(target, target->config->app_base + check->done), piece);
    check->done += piece;
    if (check->done == size) {
        check->checked = true;
        check->good = check->crc == iap_get32(header + IAP_HEADER_AT_IMAGE_CRC32) &&
                      iap_vectors_good(target, size);
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
    verify->crc = iap_crc32(verify->crc, block, IAP_SHA256_BLOCK);
    iap_sha256_blocks(&verify->sha, block, IAP_SHA256_BLOCK);
}

uint32_t iap_verify_finish(struct iap_verify *verify, const struct iap_target *target,
                           const uint8_t *header) {
    uint32_t size = iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE);
    uint32_t rest = size - verify->sha.size;
    const uint8_t *bytes = unread(verify, target);
    uint32_t crc = iap_crc32(verify->crc, bytes, rest);
    uint8_t digest[IAP_SHA256_DIGEST];
    iap_sha256_finish(&verify->sha, bytes, rest, digest);
    iap_verify_start(verify); // for an END that comes again
    uint32_t wrong = 0;
    if (!iap_equal(digest, header + IAP_HEADER_AT_IMAGE_SHA256, sizeof digest)) {
        wrong |= IAP_CHECK_SHA256;
    }
    if (crc != iap_get32(header + IAP_HEADER_AT_IMAGE_CRC32)) {
        wrong |= IAP_CHECK_CRC32;
    }
    if (!iap_vectors_good(target, size)) {
        wrong |= IAP_CHECK_VECTORS;
    }
    return wrong;
}
