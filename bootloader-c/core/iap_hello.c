#include "iap_hello.h"

#include "iap_bytes.h"
#include "iap_header.h"

static void put_image(uint8_t *to, const struct iap_entry *entry, uint8_t state) {
    if (entry->slot == 0) {
        return;
    }
    to[IAP_IMAGE_AT_STATE] =
        (uint8_t)(state | IAP_IMAGE_STATE_PRESENT |
                  (iap_entry_is(entry, IAP_ENTRY_TOUCHED) ? IAP_IMAGE_STATE_TOUCHED : 0) |
                  (iap_entry_is(entry, IAP_ENTRY_VALID) ? IAP_IMAGE_STATE_VALID : 0) |
                  (iap_entry_is(entry, IAP_ENTRY_CONFIRMED) ? IAP_IMAGE_STATE_CONFIRMED : 0));
    to[IAP_IMAGE_AT_TRIALS] = (uint8_t)entry->trials;
    iap_put32(to + IAP_IMAGE_AT_SEQUENCE, entry->sequence);
    const struct iap_header *header = entry->header;
    iap_put32(to + IAP_IMAGE_AT_SIZE, iap_header_image_size(header));
    iap_put32(to + IAP_IMAGE_AT_CRC32, iap_header_image_crc32(header));
    iap_copy(to + IAP_IMAGE_AT_SHA256, iap_header_image_sha256(header), 32);
    iap_copy(to + IAP_IMAGE_AT_VERSION, iap_header_version(header), IAP_VERSION_SIZE);
}

static void put_identity(uint8_t *to, const struct iap_identity *identity) {
    if (identity->product != NULL) {
        iap_copy(to + IAP_HELLO_RESPONSE_AT_PRODUCT, identity->product, 16);
        iap_copy(to + IAP_HELLO_RESPONSE_AT_SERIAL, identity->serial, 16);
    }
    iap_put16(to + IAP_HELLO_RESPONSE_AT_HARDWARE, identity->hardware);
    to[IAP_HELLO_RESPONSE_AT_ADDRESS] = identity->address;
    to[IAP_HELLO_RESPONSE_AT_IDENTITY_FLAGS] = identity->flags;
}

void iap_hello_encode(const struct iap_hello *hello, uint8_t *to) {
    const struct iap_config *config = hello->config;
    iap_fill(to, 0, IAP_HELLO_RESPONSE_SIZE);
    to[IAP_HELLO_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    to[IAP_HELLO_RESPONSE_AT_MAJOR] = IAP_PROTOCOL_MAJOR;
    to[IAP_HELLO_RESPONSE_AT_MINOR] = IAP_PROTOCOL_MINOR;
    to[IAP_HELLO_RESPONSE_AT_MODE] = (uint8_t)hello->mode;
    to[IAP_HELLO_RESPONSE_AT_STAY] = (uint8_t)hello->stay;
    iap_copy(to + IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR, hello->version, sizeof hello->version);
    for (uint32_t i = 0; i < 16 && config->part[i] != '\0'; i++) {
        to[IAP_HELLO_RESPONSE_AT_PART + i] = (uint8_t)config->part[i];
    }
    put_identity(to, hello->identity);
    iap_copy(to + IAP_HELLO_RESPONSE_AT_UNIQUE_ID, config->unique_id, 12);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_PAGE_SIZE, config->page_size);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_APP_BASE, config->app_base);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_APP_END, config->app_end);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_MAX_PAYLOAD, config->max_payload);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_WINDOW, config->window);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_DEFAULT_RATE, hello->identity->default_rate);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_MAX_RATE, config->max_rate);
    iap_put32(to + IAP_HELLO_RESPONSE_AT_CAPABILITIES, hello->capabilities);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_HOLD_MS, config->idle_ms);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_BEGIN_MS, config->begin_ms);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_PAGE_MS, config->page_ms);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_PAGES_MS, config->pages_ms);
    iap_put16(to + IAP_HELLO_RESPONSE_AT_END_MS, config->end_ms);
    put_image(to + IAP_HELLO_RESPONSE_AT_INSTALLED, &hello->record->installed,
              hello->installed_state);
    put_image(to + IAP_HELLO_RESPONSE_AT_PENDING, &hello->record->pending, 0);
}
