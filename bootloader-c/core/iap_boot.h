// Stay or start: the boot decision, pure. The table is in docs/design.md.
#ifndef IAP_BOOT_H
#define IAP_BOOT_H

#include <stdbool.h>

#include "iap_protocol.h"

// What the decision is made from.
struct iap_boot_facts {
    bool fault;            // the bootloader met a fault before this reset
    enum iap_stay held_by; // who holds: IAP_STAY_ASKED, _BUTTON, _HOST; IAP_STAY_NONE once the idle
                           // time is over
    bool listening;        // the listening window is open
    bool installed;        // there is an entry with TOUCHED
    bool valid;            // it is VALID
    bool checked;          // CRC-32 and vectors of its image were checked
    bool good;             // and are right
    bool trials_used;      // it wants confirmation, has none, and its trial boots are used up
    bool stayed; // IAP_TRIALS_STAY_MS are over, after which neither that nor a fault keeps a
                 // good image from being started
};

enum iap_boot_action {
    IAP_BOOT_WAIT,  // undecided: listening, or checking the image
    IAP_BOOT_STAY,  // the reason is in stay
    IAP_BOOT_START, // start the application
};

struct iap_boot_decision {
    enum iap_boot_action action;
    enum iap_stay stay;
};

struct iap_boot_decision iap_boot_decide(const struct iap_boot_facts *facts);

#endif
