// The only door from the core to hardware, and the manual of a port: what each function must do,
// what it must not, and what the core does when it fails. All addresses are the device's.
//
// The core calls from one context only, the one that runs iap_start_allowed, iap_init and iap_step:
// never from an interrupt, never two functions at once. No function may call back into the core,
// and none needs an interrupt to be on. Everything that waits has a bound of its own: a port that
// waits for ever is a device that must be opened. What a watchdog must stand without a call of
// poll: a page erased, or one programmed, or 255 bytes sent at the lowest rate.
#ifndef IAP_PORT_H
#define IAP_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iap_protocol.h"

struct iap_port {
    // Handed to each function below. The core does not look at it.
    void *context;

    // Milliseconds since any start; wraps at 2^32.
    //
    // Called at least every 500 ms, so a counter of fewer bits may be extended here. Must not go
    // back. Need not be exact: HSI is, within 2 %.
    uint32_t (*now_ms)(void *context);

    // Feeds the watchdogs and clears reception errors: an overrun stops reception on some USARTs.
    //
    // Called in every loop that can take longer than 10 ms, and before each erase. Must not wait.
    // Does nothing where there is nothing to feed or to clear; never NULL.
    //
    // Must work before anything is set up, as flash: iap_start_allowed calls these two and crc32
    // alone. Where it verifies a signature it calls nothing for seconds, and a watchdog must stand
    // that. What a reset leaves must be as before then, but for a watchdog that runs already being
    // fed: the application starts next.
    void (*poll)(void *context);

    // Copies up to size received bytes, in the order in which they came, each once. Returns how
    // many; 0 if there are none.
    //
    // Must not wait. Reception goes on between the calls, also while the CPU stands still for an
    // erase: DMA, or a FIFO and code in RAM. Must not report loss: a full ring may overwrite, and
    // a byte with an error may be handed out, for the frame's CRC tells.
    size_t (*receive)(void *context, uint8_t *bytes, size_t size);

    // Sends size bytes. Returns when the last is handed to the line, not when it is out.
    //
    // Must not wait longer than the bytes' line time: a stuck line must not hang the device. What
    // could not be sent is lost, and the host asks again. Reception goes on meanwhile.
    //
    // An answer comes in pieces, some of size 0. 0x00 is its first byte and its last, and no other:
    // on a half-duplex pair the driver is on from the one to the other.
    void (*send)(void *context, const uint8_t *bytes, size_t size);

    // The baud rate nearest to rate that the port can make, from the clock that is really running.
    //
    // rate is 1 to max_rate. Must not change the rate. A result more than 2 % off is refused by the
    // core (RATE_UNAVAILABLE).
    uint32_t (*nearest_rate)(void *context, uint32_t rate);

    // Waits until the last bit is out, then changes to nearest_rate(rate).
    //
    // Bounded like send. May lose what is received in that moment, and nothing later. Cannot fail:
    // nearest_rate was asked before, or it is the default rate.
    void (*set_rate)(void *context, uint32_t rate);

    // Flash at address, as memory.
    //
    // Must work before anything is set up, for iap_start_allowed. The pointer stays valid, and
    // reads what is in flash now. The core reads within the flash only.
    const uint8_t *(*flash)(void *context, uint32_t address);

    // Erases the page that begins at address, to 0xFF.
    //
    // address is a multiple of page_size, in the application's area or the record's. Waits, with a
    // bound, until the hardware is done; then looks at its errors. Must not touch another page, and
    // leaves the controller locked. false: the hardware reports a failure or did not end in time.
    // The core reads back whatever it says, and answers FLASH_FAILED or RECORD_FAILED.
    bool (*erase_page)(void *context, uint32_t address);

    // Programs the half-word at an even address.
    //
    // The half-word is erased, or value is 0x0000: that must be possible over anything, for the
    // record marks its states so. Waits and looks at errors as erase_page does, leaves the
    // controller locked, and must not program anything else. false as above.
    bool (*program)(void *context, uint32_t address, uint16_t value);

    // Whether the supply is too low for what takes long: to erase a page, to program one, to write
    // an entry of the record. NULL: nobody knows, and it is never too low.
    //
    // A look: must not wait. Asked before each BEGIN, DATA, END and erase.
    bool (*supply_low)(void *context);

    // Whether the button is held now. NULL: there is none.
    //
    // The level of the pin; the core does the debouncing (25 ms). Must not wait.
    bool (*button)(void *context);

    // IAP_SECURITY_FLAG_* of what protects the chip: read-out protection, write protection. NULL:
    // not known.
    //
    // As it is in force now. Must not wait. HELLO tells it, where only signed images are taken.
    // Pages that copy from flash are taken only where it says that flash may be read out.
    uint8_t (*protection)(void *context);

    // Waits until the last bit is out, masks interrupts, writes the mailbox and resets.
    //
    // Bounded like send. Must leave all RAM but the mailbox as it is. Does not return on hardware;
    // where it does (a simulation), iap_step returns next.
    void (*restart)(void *context, const uint8_t mailbox[IAP_MAILBOX_SIZE]);

    // Goes on with a CRC-32/ISO-HDLC by hardware: *crc, of what came before (0 for nothing),
    // becomes that of the words at bytes as well. NULL: there is none, the core computes.
    //
    // bytes is a multiple of 4, words not 0. Must work before anything is set up, as flash, and
    // leaves the hardware as a reset does. false: it does not compute rightly; *crc is as it was,
    // and the core computes.
    bool (*crc32)(void *context, uint32_t *crc, const uint8_t *bytes, size_t words);

    // Programs size bytes at an even address: each half-word that is not 0xFFFF, in order, as
    // program does. NULL: the core calls program for each; otherwise program may be NULL.
    //
    // size is even; bytes have any alignment. Returns how many bytes are done: size, or those
    // before the half-word that failed.
    size_t (*program_run)(void *context, uint32_t address, const uint8_t *bytes, size_t size);
};

// What the core must know of the device. Addresses and sizes are constant from the start, the rest
// from iap_init on: a port may know its time limits only once its clock runs.
struct iap_config {
    // Name of the part in HELLO, 16 characters at most, shorter ones ended by a zero.
    const char *part;

    // 12 bytes.
    const uint8_t *unique_id;

    // Size of what is erased at once [bytes]: 1024 or 2048. A record area is a multiple of it.
    uint32_t page_size;

    // First address of the application, and the first after it. Both begin a page. The boot record
    // lies below app_base, the identity block below that.
    uint32_t app_base;
    uint32_t app_end;

    // Where an application's stack pointer may point to, and the first address behind that.
    uint32_t ram_base;
    uint32_t ram_end;

    // Rate if the identity block has none, and the highest that BAUD may ask for [baud].
    uint32_t default_rate;
    uint32_t max_rate;

    // How much a host may send ahead of its answers [bytes]: what the port holds and the core has
    // not fetched. Less than the ring: the core may be busy with the frame before.
    uint32_t window;

    // Longest payload of a frame, received or sent [bytes]. At least IAP_MIN_PAYLOAD_LIMIT.
    uint32_t max_payload;

    // max_payload + IAP_FRAME_OVERHEAD bytes each, any alignment. The core's own: a port that
    // receives by DMA needs a buffer besides.
    uint8_t *frame_buffer;
    uint8_t *answer_buffer;

    // page_size bytes, any alignment; with IAP_PAGE_SPARE more, compressed pages are taken.
    uint8_t *page_buffer;

    // Its bytes; 0: page_size.
    uint32_t page_buffer_size;

    // How long a host may call after a reset before the application is started; at least
    // IAP_LISTEN_MS.
    uint16_t listen_ms;

    // How long a host, the button or the application keep the bootloader without another frame.
    uint16_t idle_ms;

    // How long a host waits for an answer to BEGIN, to the DATA frame that ends a page, to PAGES
    // and to END: HELLO announces them. Promise twice what you measure. A host gives the first page
    // begin_ms more: it makes an entry of the record, as END does where no page had to be written.
    uint16_t begin_ms;
    uint16_t page_ms;
    uint16_t pages_ms;
    uint16_t end_ms;

    // Hash and signature are verified at each start, too; only where signed images alone are taken.
    bool verify_at_boot;

    // Trial boots of an image that wants confirmation, 1 to IAP_RECORD_TRIALS.
    uint8_t trials;

    // IAP_CAPABILITY_* that the board has and the core does not know of: HALF_DUPLEX, or 0. Last: a
    // Cortex-M0 reaches half-words and bytes only near the beginning in one instruction.
    uint32_t capabilities;
};

// One device: what it is and how to reach its hardware.
struct iap_target {
    const struct iap_config *config;
    const struct iap_port *port;
};

static inline uint32_t iap_port_now_ms(const struct iap_port *port) {
    return port->now_ms(port->context);
}

static inline void iap_port_poll(const struct iap_port *port) {
    port->poll(port->context);
}

static inline size_t iap_port_receive(const struct iap_port *port, uint8_t *bytes, size_t size) {
    return port->receive(port->context, bytes, size);
}

static inline void iap_port_send(const struct iap_port *port, const uint8_t *bytes, size_t size) {
    port->send(port->context, bytes, size);
}

static inline uint32_t iap_port_nearest_rate(const struct iap_port *port, uint32_t rate) {
    return port->nearest_rate(port->context, rate);
}

static inline void iap_port_set_rate(const struct iap_port *port, uint32_t rate) {
    port->set_rate(port->context, rate);
}

static inline const uint8_t *iap_port_flash(const struct iap_port *port, uint32_t address) {
    return port->flash(port->context, address);
}

static inline bool iap_port_erase_page(const struct iap_port *port, uint32_t address) {
    return port->erase_page(port->context, address);
}

static inline bool iap_port_program(const struct iap_port *port, uint32_t address, uint16_t value) {
    return port->program(port->context, address, value);
}

static inline bool iap_port_has_program_run(const struct iap_port *port) {
    return port->program_run != NULL;
}

static inline size_t iap_port_program_run(const struct iap_port *port, uint32_t address,
                                          const uint8_t *bytes, size_t size) {
    return port->program_run(port->context, address, bytes, size);
}

static inline bool iap_port_knows_supply(const struct iap_port *port) {
    return port->supply_low != NULL;
}

static inline bool iap_port_supply_low(const struct iap_port *port) {
    return port->supply_low(port->context);
}

static inline bool iap_port_has_button(const struct iap_port *port) {
    return port->button != NULL;
}

static inline bool iap_port_button(const struct iap_port *port) {
    return port->button(port->context);
}

static inline bool iap_port_knows_protection(const struct iap_port *port) {
    return port->protection != NULL;
}

static inline uint8_t iap_port_protection(const struct iap_port *port) {
    return port->protection != NULL ? port->protection(port->context) : 0;
}

static inline void iap_port_restart(const struct iap_port *port,
                                    const uint8_t mailbox[IAP_MAILBOX_SIZE]) {
    port->restart(port->context, mailbox);
}

#endif
