// The smallest host that follows docs/protocol.md: one update, or resume, over the virtual line.
// It keeps nothing from one call to the next. It is not the product's host library.
#ifndef EXPLORE_HOST_H
#define EXPLORE_HOST_H

#include "iap_frame.h"
#include "pack.h"
#include "rig.h"

enum host_result {
    HOST_DONE,
    HOST_LOST,    // no answer: power is off, a reset, or a dead device
    HOST_REFUSED, // a status that ends the update
};

enum host_flags {
    HOST_RENEW = 1,  // write an image anew that is installed
    HOST_NO_BOOT = 2 // leave the device in the bootloader
};

struct host {
    struct rig *rig;
    uint8_t seq;
    uint32_t sent;     // frames
    uint64_t heard_ps; // when the newest byte came
    struct iap_decoder decoder;
    uint8_t heard[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    const uint8_t *answer; // payload of the newest response
    uint32_t answer_size;
    uint8_t status;       // that ended the update
    uint32_t quits_after; // frames, then the host sends nothing any more; 0: never
    // From HELLO.
    uint32_t max_payload, window, begin_ms, page_ms, pages_ms, end_ms;
    uint32_t capabilities;
    uint8_t installed[IAP_IMAGE_SIZE];
    enum pack_known known[PACK_PAGES]; // of an image that is sent compressed
    uint32_t packed;                   // pages taken so
};

void host_open(struct host *host, struct rig *rig);

// Calls with hold until a bootloader answers, at most ms: docs/protocol.md, section 4, number 3.
enum host_result host_call(struct host *host, uint32_t ms);

// HELLO without hold, after power-up: why the bootloader stays, if it does so by itself.
enum host_result host_identify(struct host *host, enum iap_stay *stay);

// Sections 6 and 7, beginning with host_call.
enum host_result host_update(struct host *host, const struct image *image, unsigned flags);

// BEGIN, and ABORT before the first page.
enum host_result host_begin_and_abort(struct host *host, const uint8_t header[IAP_HEADER_SIZE]);

enum host_result host_boot(struct host *host);

#endif
