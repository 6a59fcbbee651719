#include "iap_flash.h"

#include "iap_bytes.h"

static bool inside(uint32_t address, uint32_t size, uint32_t begin, uint32_t end) {
    return address >= begin && address <= end && size <= end - address;
}

bool iap_flash_writable(const struct iap_config *config, uint32_t address, uint32_t size) {
    return inside(address, size, config->app_base, config->app_end) ||
           inside(address, size, iap_record_a(config), iap_record_b(config)) ||
           inside(address, size, iap_record_b(config), config->app_base);
}

bool iap_supply_low(const struct iap_target *target) {
    return iap_port_knows_supply(target->port) && iap_port_supply_low(target->port);
}

iap_result iap_flash_erase_page(const struct iap_target *target, uint32_t address) {
    uint32_t size = target->config->page_size;
    if (address % size != 0 || !iap_flash_writable(target->config, address, size)) {
        return iap_failure(IAP_STATUS_FLASH_FAILED, address);
    }
    iap_port_poll(target->port);
    if (iap_supply_low(target) || !iap_port_erase_page(target->port, address) ||
        !iap_all(iap_flash_read(target, address), 0xff, size)) {
        return iap_failure(IAP_STATUS_FLASH_FAILED, address);
    }
    return iap_success();
}

// How many bytes are done
static uint32_t program_bytes(const struct iap_port *port, uint32_t address, const uint8_t *bytes,
                              uint32_t size) {
    if (iap_port_has_program_run(port)) {
        return (uint32_t)iap_port_program_run(port, address, bytes, size);
    }
    for (uint32_t i = 0; i < size; i += 2) {
        uint16_t value = iap_get16(bytes + i);
        if (value != 0xffff && !iap_port_program(port, address + i, value)) {
            return i;
        }
    }
    return size;
}

iap_result iap_flash_program(const struct iap_target *target, uint32_t address,
                             const uint8_t *bytes, uint32_t size) {
    if (address % 2 != 0 || size % 2 != 0 || !iap_flash_writable(target->config, address, size)) {
        return iap_failure(IAP_STATUS_FLASH_FAILED, address);
    }
    iap_port_poll(target->port);
    const uint8_t *flash = iap_flash_read(target, address);
    uint32_t done = program_bytes(target->port, address, bytes, size);
    if (done < size) {
        return iap_failure(IAP_STATUS_FLASH_FAILED, address + done);
    }
    if (iap_equal(flash, bytes, size)) {
        return iap_success();
    }
    uint32_t at = 0;
    while (at < size && iap_get16(flash + at) == iap_get16(bytes + at)) {
        at += 2;
    }
    return iap_failure(IAP_STATUS_FLASH_FAILED, address + at);
}
