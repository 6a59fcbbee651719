// The only door from the core to hardware, and what the core must know of it. All addresses are the
// device's.
#ifndef IAP_PORT_H
#define IAP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iap_protocol.h"

// Functions a port provides. context is passed to each. None may call back into the core.
struct iap_port {
    void *context;

    // Milliseconds since start, wrapping. Called at least every 500 ms.
    uint32_t (*now_ms)(void *context);

    // Feeds the watchdog and clears reception errors. Called in every loop that can take longer
    // than 10 ms.
    void (*poll)(void *context);

    // Copies at most size received bytes, returns how many. Never waits.
    size_t (*receive)(void *context, uint8_t *bytes, size_t size);

    // Sends; returns when all bytes are handed to the line. Waits no longer than their line time.
    void (*send)(void *context, const uint8_t *bytes, size_t size);

    // The baud rate nearest to rate that the port can make.
    uint32_t (*nearest_rate)(void *context, uint32_t rate);

    // Waits until the last bit is out, then changes the rate.
    void (*set_rate)(void *context, uint32_t rate);

    // Flash as memory. The core reads what lies within the flash only.
    const uint8_t *(*flash)(void *context, uint32_t address);

    // Erases the page that begins at address. false if the hardware reports a failure.
    bool (*erase_page)(void *context, uint32_t address);

    // Programs the half-word at an even address. false if the hardware reports a failure.
    bool (*program)(void *context, uint32_t address, uint16_t value);

    // Whether the supply is too low for what takes long: to erase a page, to program one, to write
    // an entry of the record. A look, no wait. NULL: nobody knows, and it is never too low.
    bool (*supply_low)(void *context);

    // Whether the button is held; NULL: there is none.
    bool (*button)(void *context);

    // Waits until the last bit is out, writes the mailbox and resets. Does not return on hardware.
    void (*restart)(void *context, const uint8_t mailbox[IAP_MAILBOX_SIZE]);
};

// What the core must know of the device. Constant while it runs.
struct iap_config {
    const char *part;         // name, at most 16 characters
    const uint8_t *unique_id; // 12 bytes
    uint32_t page_size;       // bytes
    uint32_t app_base;        // first address of the application, a page
    uint32_t app_end;         // first address after it, a page
    uint32_t ram_base;
    uint32_t ram_end;
    uint32_t default_rate;  // baud, if the identity block has none
    uint32_t max_rate;      // baud
    uint32_t window;        // bytes the port holds that the core has not fetched
    uint32_t max_payload;   // bytes; size of the buffers below
    uint8_t *frame_buffer;  // max_payload + IAP_FRAME_OVERHEAD
    uint8_t *answer_buffer; // max_payload + IAP_FRAME_OVERHEAD
    uint8_t *page_buffer;   // page_size
    uint16_t listen_ms;     // window in which a host may call after a reset
    uint16_t idle_ms;       // how long a host, the button or the application keep the bootloader
    uint16_t begin_ms;      // the four time limits that HELLO announces
    uint16_t page_ms;
    uint16_t pages_ms;
    uint16_t end_ms;
    uint8_t trials; // trial boots of an image that wants confirmation, 1 to IAP_RECORD_TRIALS
};

// One device: what it is and how to reach its hardware.
struct iap_target {
    const struct iap_config *config;
    const struct iap_port *port;
};

#endif
