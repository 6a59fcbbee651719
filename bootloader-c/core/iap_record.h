// The boot record: which images were begun, verified, confirmed. Two areas in flash that take
// turns. Layout and meaning: docs/protocol.md, sections area_header and record_slot.
#ifndef IAP_RECORD_H
#define IAP_RECORD_H

#include "iap_port.h"

// One entry as read from flash. slot is 0 if there is none.
struct iap_entry {
    uint32_t slot; // its address
    uint32_t sequence;
    uint32_t crc32;        // of sequence and header
    const uint8_t *header; // IAP_HEADER_SIZE bytes, in flash
    uint32_t states;       // IAP_ENTRY_* that are set
    uint32_t trials;       // marks set
};

// Bit of a state in states: the number of its half-word, counted from WRITTEN.
#define IAP_ENTRY_BIT(at)   (1u << ((at)-IAP_RECORD_SLOT_AT_WRITTEN) / 2u)
#define IAP_ENTRY_WRITTEN   IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_WRITTEN)
#define IAP_ENTRY_TOUCHED   IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_TOUCHED)
#define IAP_ENTRY_VALID     IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_VALID)
#define IAP_ENTRY_SEALED    IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_SEALED)
#define IAP_ENTRY_CONFIRMED IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_CONFIRMED)
#define IAP_ENTRY_CLOSED    IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_CLOSED)
#define IAP_ENTRY_TRIALS    IAP_ENTRY_BIT(IAP_RECORD_SLOT_AT_TRIALS) // the first of IAP_RECORD_TRIALS

static inline bool iap_entry_is(const struct iap_entry *entry, uint32_t state) {
    return (entry->states & state) != 0;
}

struct iap_record {
    uint32_t area;              // address of the active area; 0: none is good
    uint32_t generation;        // of the active area
    uint32_t last_sequence;     // highest of any entry
    struct iap_entry installed; // the newest entry that is TOUCHED
    struct iap_entry
        verified; // the newest entry that is VALID: the installed one, unless that is unfinished
    struct iap_entry pending; // a newer entry, neither TOUCHED nor CLOSED
};

struct iap_record iap_record_read(const struct iap_target *target);

// Writes a new entry, into the other area if the active one is full. false: *failed is the address.
bool iap_record_append(const struct iap_target *target, const uint8_t *header,
                       struct iap_entry *entry, uint32_t *failed);

// Makes sure that the entry and its area can no longer be half-programmed cells of a session that
// power ended: programs the marks that vouch for them once more. To be called before an entry found
// in flash is built upon.
bool iap_record_firm(const struct iap_target *target, uint32_t slot);

// Sets a state of an entry. at is the state's offset in the slot. Repeating it is harmless.
bool iap_record_mark(const struct iap_target *target, uint32_t slot, uint32_t at);

// Sets VALID, then SEALED.
bool iap_record_mark_valid(const struct iap_target *target, uint32_t slot);

// Names one entry for the mailbox's START: a stale or foreign mailbox does not fit it.
static inline uint32_t iap_entry_token(const struct iap_entry *entry) {
    return entry->sequence ^ entry->crc32;
}

#endif
