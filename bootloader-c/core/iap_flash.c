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
    const struct iap_port *port = target->port;
    return port->supply_low != NULL && port->supply_low(port->context);
}

bool iap_flash_erase_page(const struct iap_target *target, uint32_t address) {
    uint32_t size = target->config->page_size;
    if (address % size != 0 || !iap_flash_writable(target->config, address, size)) {
        return false;
    }
    target->port->poll(target->port->context);
    return !iap_supply_low(target) && target->port->erase_page(target->port->context, address) &&
           iap_all(iap_flash_read(target, address), 0xff, size);
}

uint32_t iap_flash_program(const struct iap_target *target, uint32_t address, const uint8_t *bytes,
                           uint32_t size) {
    if (address % 2 != 0 || size % 2 != 0 || !iap_flash_writable(target->config, address, size)) {
        return 0;
    }
    target->port->poll(target->port->context);
    const uint8_t *flash = iap_flash_read(target, address);
    for (uint32_t i = 0; i < size; i += 2) {
        uint16_t value = iap_get16(bytes + i);
        if (value != 0xffff && !target->port->program(target->port->context, address + i, value)) {
            return i;
        }
    }
    for (uint32_t i = 0; i < size; i += 2) {
        if (iap_get16(flash + i) != iap_get16(bytes + i)) {
            return i;
        }
    }
    return size;
}
