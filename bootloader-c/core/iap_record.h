// The boot record: which images were begun, verified, confirmed. Two areas in flash that take
// turns. Layout and meaning: docs/protocol.md, sections area_header and record_slot.
#ifndef IAP_RECORD_H
#define IAP_RECORD_H

#include "iap_port.h"
#include "iap_result.h"

struct iap_header;

// States of an entry: half-words in flash that are set one by one, in their order there.
enum iap_entry_state {
    IAP_ENTRY_WRITTEN,
    IAP_ENTRY_TOUCHED,
    IAP_ENTRY_VALID,
    IAP_ENTRY_SEALED,
    IAP_ENTRY_CONFIRMED,
    IAP_ENTRY_CLOSED,
    // The first of IAP_RECORD_TRIALS.
    IAP_ENTRY_TRIALS,
};

// One entry as read from flash. slot is 0 if there is none.
struct iap_entry {
    // Its address.
    uint32_t slot;

    // Counts from 1.
    uint32_t sequence;

    // Of sequence and header.
    uint32_t crc32;

    // In flash.
    const struct iap_header *header;

    // Bit enum iap_entry_state of those that are set.
    uint32_t states;

    // How many of IAP_ENTRY_TRIALS are set.
    uint32_t trials;
};

static inline bool iap_entry_is(const struct iap_entry *entry, uint32_t state) {
    return (entry->states & (1u << state)) != 0;
}

// Address of a state in flash.
static inline uint32_t iap_entry_state_address(uint32_t slot, uint32_t state) {
    return slot + IAP_RECORD_SLOT_AT_WRITTEN + 2 * state;
}

struct iap_record {
    // Address of the active area; 0: none is good.
    uint32_t area;

    // Of the active area.
    uint32_t generation;

    // Highest of any entry.
    uint32_t last_sequence;

    // The newest entry that is TOUCHED.
    struct iap_entry installed;

    // The newest entry that is VALID: the installed one, unless that is unfinished.
    struct iap_entry verified;

    // A newer entry, neither TOUCHED nor CLOSED.
    struct iap_entry pending;
};

struct iap_record iap_record_read(const struct iap_target *target);

// What writes the record fails with RECORD_FAILED and the address.

// Writes a new entry, into the other area if the active one is full.
iap_result iap_record_append(const struct iap_target *target, const struct iap_header *header,
                             struct iap_entry *entry);

// Programs SEALED of the entry's area and WRITTEN of the entry once more: they may be half-
// programmed cells of a session that power ended. To be called before an entry found in flash is
// built upon.
iap_result iap_record_refresh(const struct iap_target *target, uint32_t slot);

// Sets a state of an entry. Repeating it is harmless.
iap_result iap_record_set(const struct iap_target *target, uint32_t slot, uint32_t state);

// Sets VALID twice, then SEALED.
iap_result iap_record_set_valid(const struct iap_target *target, uint32_t slot);

// Names one entry for the mailbox's START: a stale or foreign mailbox does not fit it.
static inline uint32_t iap_entry_token(const struct iap_entry *entry) {
    return entry->sequence ^ entry->crc32;
}

#endif
