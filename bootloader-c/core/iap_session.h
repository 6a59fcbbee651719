// An update from BEGIN to END: which frames and pages are due, and the order in which record and
// pages are written.
#ifndef IAP_SESSION_H
#define IAP_SESSION_H

#include "iap_identity.h"
#include "iap_image.h"
#include "iap_page.h"
#include "iap_record.h"

struct iap_session {
    bool active;
    bool ended;       // END was answered OK; next still counts for its repetition
    bool touched;     // TOUCHED was programmed in this session
    bool trust_blank; // no update ever began here, so no cut erase can have left a page that reads
                      // blank and drifts
    uint8_t status;   // kept until frame next is taken
    uint16_t next;    // number expected
    uint16_t page_number; // number of the frame that opened the page
    uint16_t pages;       // completed
    uint32_t detail;
    uint32_t slot;
    const uint8_t *header; // in flash
    struct iap_page page;
    uint32_t settled; // bytes of the image up to the end of the newest page
    struct iap_verify verify;
};

// The device as updates see and change it.
struct iap_update {
    struct iap_target target;
    struct iap_identity identity;
    struct iap_record record; // read again after every change
    struct iap_check check;   // of the installed image
    struct iap_session session;
};

// Each handles one request's payload, writes the answer's and returns its size; 0: no answer.
uint32_t iap_session_begin(struct iap_update *update, const uint8_t *request, uint8_t *answer);
uint32_t iap_session_data(struct iap_update *update, const uint8_t *request, uint32_t size,
                          uint8_t *answer);
uint32_t iap_session_end(struct iap_update *update, const uint8_t *request, uint8_t *answer);
uint32_t iap_session_abort(struct iap_update *update, uint8_t *answer);

// Verifies a block of what is in flash already, to be done when END comes.
void iap_session_work(struct iap_update *update);

// A step of the check whether the installed image is good.
void iap_update_check(struct iap_update *update);

// Finishes that check at once.
void iap_update_check_now(struct iap_update *update);

// The answer to a request that changes nothing.
uint32_t iap_refuse(uint8_t *answer, enum iap_status status, uint32_t detail);

#endif
