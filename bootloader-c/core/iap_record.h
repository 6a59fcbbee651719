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
    bool touched;
    bool valid;
    bool sealed;
    bool confirmed;
    bool closed;
    uint8_t trials; // marks set
};

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
