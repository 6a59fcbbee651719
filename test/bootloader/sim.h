// A device of RAM for tests of the core on a PC: strict flash, a clock that the test moves, a line
// of two buffers.
#ifndef SIM_H
#define SIM_H

#include <setjmp.h>

#include "iap.h"

#define SIM_FLASH_SIZE  0x20000u // bytes
#define SIM_PAGE_SIZE   1024u
#define SIM_MAX_PAYLOAD 1040u
#define SIM_WINDOW      4096u
#define SIM_LINE        65536u
#define SIM_LOG         4096u

// One erase or one half-word programmed.
struct sim_operation {
    uint32_t address;
    uint16_t value;
    bool erase;
};

struct sim {
    uint8_t flash[SIM_FLASH_SIZE];
    uint8_t mailbox[IAP_MAILBOX_SIZE];
    uint8_t frame[SIM_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    uint8_t answer[SIM_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    uint8_t page[SIM_PAGE_SIZE + IAP_PAGE_SPARE];
    uint8_t to_device[SIM_LINE];
    size_t to_device_begin, to_device_end;
    uint8_t from_device[SIM_LINE];
    size_t from_device_size;
    uint32_t now_ms;
    uint32_t polls;
    uint32_t rate;
    bool button;
    bool supply_low;
    uint8_t protection;
    uint32_t low_at; // after this operation the supply is too low; 0: never
    bool restarted;
    uint32_t operations;               // erases and half-words programmed
    struct sim_operation log[SIM_LOG]; // the first of them
    uint32_t rate_changes;
    uint32_t erases;      // of pages
    uint32_t cut_at;      // number of the operation that power does not survive; 0: none
    uint32_t refuse_from; // operations in [refuse_from, refuse_to) fail at these addresses
    uint32_t refuse_to;
    uint32_t worn_from; // in [worn_from, worn_to) they are reported as done, and change nothing
    uint32_t worn_to;
    jmp_buf power; // where a cut jumps to
    uint32_t seed; // of what a cut leaves
    struct iap_config config;
    struct iap_port port;
    struct iap_mailbox report;
    struct iap iap;
};

// Blank flash, no identity.
void sim_init(struct sim *sim);

struct iap_target sim_target(struct sim *sim);

// First pass, with what the mailbox holds.
void sim_boot(struct sim *sim);

// Moves time on in steps of 1 ms, the bootloader running.
void sim_run(struct sim *sim, uint32_t ms);

// Sends one request and runs until it is worked through.
void sim_request(struct sim *sim, uint8_t address, uint8_t type, const uint8_t *payload,
                 uint32_t size);

// The newest response's payload; NULL if nothing was answered since the last call.
const uint8_t *sim_response(struct sim *sim, uint8_t type, uint32_t *size);

// Runs work with power cut at its cut-th operation, counted from 1. Whether it got to its end.
bool sim_survives(struct sim *sim, uint32_t cut, void (*work)(void));

// A header for an image of these bytes at APP_BASE, any product.
void sim_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size);

// An image with good vectors and random rest.
void sim_image(uint8_t *image, uint32_t size, uint32_t seed);

// Writes an entry of the record that no page followed: as power leaves it, or BEGIN of a bootloader
// before 0.3. Reads the record again; returns the entry's slot.
uint32_t sim_pending(struct sim *sim, const uint8_t *header);

// HELLO's answer.
const uint8_t *sim_hello(struct sim *sim, uint8_t flags);

// Whole steps of an update; each returns the response's status.
uint8_t sim_begin(struct sim *sim, const uint8_t *header, uint8_t flags);
uint8_t sim_page(struct sim *sim, uint16_t number, const uint8_t *image, uint32_t size,
                 uint16_t page, uint8_t flags);
uint8_t sim_end(struct sim *sim, uint16_t count);
uint8_t sim_update(struct sim *sim, const uint8_t *image, uint32_t size);

#endif
