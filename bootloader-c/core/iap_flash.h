// Every erase and every write of the core, each checked against the areas it may change and read
// back.
#ifndef IAP_FLASH_H
#define IAP_FLASH_H

#include "iap_port.h"
#include "iap_result.h"

// Whether [address, address + size) lies within one area that may be written: the application's or
// a record's.
bool iap_flash_writable(const struct iap_config *config, uint32_t address, uint32_t size);

// Whether the supply is too low for more than a half-word.
bool iap_supply_low(const struct iap_target *target);

// Erases the page at address and reads it back. FLASH_FAILED with address if that is not allowed or
// fails, or the supply is too low.
iap_result iap_flash_erase_page(const struct iap_target *target, uint32_t address);

// Programs size bytes (even) at an even address; half-words of 0xFFFF are left as they are. Reads
// back. FLASH_FAILED with the address of the first half-word that is not allowed or failed.
iap_result iap_flash_program(const struct iap_target *target, uint32_t address,
                             const uint8_t *bytes, uint32_t size);

// What lies below the application: record areas A and B, and below them the identity block.
static inline uint32_t iap_record_a(const struct iap_config *config) {
    return config->app_base - 2 * IAP_RECORD_AREA_SIZE;
}

static inline uint32_t iap_record_b(const struct iap_config *config) {
    return config->app_base - IAP_RECORD_AREA_SIZE;
}

static inline uint32_t iap_identity_block(const struct iap_config *config) {
    return iap_record_a(config) - IAP_IDENTITY_SIZE;
}

// Flash as memory.
static inline const uint8_t *iap_flash_read(const struct iap_target *target, uint32_t address) {
    return iap_port_flash(target->port, address);
}

#endif
