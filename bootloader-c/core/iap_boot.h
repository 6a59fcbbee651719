// Stay or start: the boot decision, pure. The table is in docs/design.md.
#ifndef IAP_BOOT_H
#define IAP_BOOT_H

#include <stdbool.h>

#include "iap_protocol.h"

// What the decision is made from.
struct iap_boot_facts {
    // The bootloader met a fault before this reset.
    bool fault;

    // Who holds: IAP_STAY_ASKED, _BUTTON, _HOST; IAP_STAY_NONE once the idle time is over.
    enum iap_stay held_by;

    // The listening window is open.
    bool listening;

    // There is an entry with TOUCHED.
    bool installed;

    // It is VALID.
    bool valid;

    // CRC-32 and vectors of its image were checked.
    bool checked;

    // They are right.
    bool good;

    // It wants confirmation, has none, and its trial boots are used up.
    bool trials_used;

    // IAP_TRIALS_STAY_MS are over, after which neither that nor a fault keeps a good image from
    // being started.
    bool stayed;
};

enum iap_boot_action {
    // Undecided: listening, or checking the image.
    IAP_BOOT_WAIT,

    // The reason is in stay.
    IAP_BOOT_STAY,

    // Start the application.
    IAP_BOOT_START,
};

struct iap_boot_decision {
    enum iap_boot_action action;
    enum iap_stay stay;
};

struct iap_boot_decision iap_boot_decide(const struct iap_boot_facts *facts);

#endif
