// The bootloader: listens, answers, and decides whether to stay or to start the application.
//
// A port fills in struct iap_config and struct iap_port, takes the mailbox, and calls
// iap_start_allowed (second pass), or iap_init once and iap_step for ever (first pass).
#ifndef IAP_H
#define IAP_H

#include "iap_boot.h"
#include "iap_frame.h"
#include "iap_identity.h"
#include "iap_mailbox.h"
#include "iap_update.h"

#define IAP_VERSION_MAJOR 0
#define IAP_VERSION_MINOR 4
#define IAP_VERSION_PATCH 0

// State of one bootloader, owned by the caller. Small members first: short offsets make short code.
struct iap {
    // Who keeps the bootloader, until the idle time is over.
    enum iap_stay held_by;

    // Why it stays.
    enum iap_stay stay;

    // It stays because of a fault.
    bool fault;

    // The record was read; after a fault once a host asks, or stayed.
    bool record_known;

    // The listening window is open.
    bool listening;

    // A fault or used-up trials have kept it long enough.
    bool stayed;

    // A valid frame came at the changed rate.
    bool rate_proven;

    // BOOT was answered: start after the answer.
    bool boot_asked;

    // Baud.
    uint32_t rate;

    // When listening began.
    uint32_t start_ms;

    // When the last frame that counts was handled.
    uint32_t frame_ms;

    // When the rate was changed or last proven.
    uint32_t rate_ms;

    // When the button was last seen released, or listening began.
    uint32_t button_ms;

    // As the last pass left it.
    struct iap_mailbox mailbox;

    struct iap_update update;
    struct iap_decoder decoder;
};

// Second pass: whether the mailbox asks to start an application that the record allows, and whose
// CRC-32 and vectors in flash are right. Reads all of the image.
bool iap_start_allowed(const struct iap_target *target, const struct iap_mailbox *mailbox);

// First pass. mailbox is what iap_mailbox_take gave, reset_flags what the reset left; both go on to
// the application.
void iap_init(struct iap *iap, struct iap_target target, struct iap_mailbox mailbox,
              uint32_t reset_flags);

// Handles what was received and moves the boot decision on. Takes a few milliseconds, longer while
// it answers.
void iap_step(struct iap *iap);

// Handles one frame that is addressed to this device, writes the answer's payload and returns its
// size; 0: none.
uint32_t iap_command(struct iap *iap, const struct iap_frame *request, uint8_t *answer);

// Whether a HELLO keeps the bootloader; otherwise it only identifies.
static inline bool iap_hello_holds(const struct iap_frame *hello) {
    return hello->size > IAP_HELLO_REQUEST_AT_FLAGS &&
           (hello->payload[IAP_HELLO_REQUEST_AT_FLAGS] & IAP_HELLO_FLAG_HOLD) != 0;
}

// Whether the installed image's trial boots are used up.
bool iap_trials_used(const struct iap *iap);

#endif
