// An update from BEGIN to END: which frames and pages are due, and the order in which record and
// pages are written. A request a file: iap_update_begin.c, iap_update_data.c, iap_update_end.c.
#ifndef IAP_UPDATE_H
#define IAP_UPDATE_H

#include "iap_header.h"
#include "iap_identity.h"
#include "iap_image.h"
#include "iap_page.h"
#include "iap_record.h"

struct iap_session {
    bool active;

    // END was answered OK; next still counts for its repetition.
    bool ended;

    // TOUCHED was programmed in this session.
    bool touched;

    // No update ever began here, so no cut erase can have left a page that reads blank and drifts.
    bool trust_blank;

    // Number of the frame that is expected.
    uint16_t next;

    // Number of the frame that opened the page.
    uint16_t page_number;

    // Pages completed.
    uint16_t pages;

    // What DATA answers; kept until frame next is taken. Aligned as all the rest is: 8 would leave
    // gaps in the RAM of struct iap.
    iap_result result __attribute__((packed, aligned(4)));

    // Entry of the image; 0: made with the first page.
    uint32_t slot;

    // Its header: in flash, or of struct iap_update while there is no entry.
    const struct iap_header *header;

    struct iap_page page;

    // Bytes of the image up to the end of the newest page.
    uint32_t newest_end;

    struct iap_verify verify;
};

// The device as updates see and change it.
struct iap_update {
    struct iap_target target;
    struct iap_identity identity;

    // Read again after every change.
    struct iap_record record;

    // Of the installed image.
    struct iap_check check;

    struct iap_session session;

    // What BEGIN brought, until the record has it.
    struct iap_header begun;
};

// Each handles one request, writes the answer's payload and returns its size; 0: no answer.
uint32_t iap_update_begin(struct iap_update *update, const struct iap_frame *request,
                          uint8_t *answer);
uint32_t iap_update_data(struct iap_update *update, const struct iap_frame *request,
                         uint8_t *answer);
uint32_t iap_update_end(struct iap_update *update, const struct iap_frame *request,
                        uint8_t *answer);
uint32_t iap_update_abort(struct iap_update *update, const struct iap_frame *request,
                          uint8_t *answer);

// Verifies a block of what is in flash already, to be done when END comes.
void iap_update_verify(struct iap_update *update);

// A step of the check whether the installed image is good.
void iap_update_check(struct iap_update *update);

// Finishes that check at once.
void iap_update_check_now(struct iap_update *update);

// Reads the record again. To be called after each change of it.
void iap_update_read_record(struct iap_update *update);

// Makes the session's entry if it has none yet: whoever only begins wears nothing out. Then sets
// TOUCHED, before the first page that changes, and once a session even where it was set: the cell
// may be one that power left half-programmed. The record must then name this entry, or a start
// would not know of the pages. RECORD_FAILED with the address if not.
iap_result iap_update_set_touched(struct iap_update *update);

#endif
