#include "iap_boot.h"

static struct iap_boot_decision stay(enum iap_stay reason) {
    return (struct iap_boot_decision){IAP_BOOT_STAY, reason};
}

static struct iap_boot_decision without_fault(const struct iap_boot_facts *facts) {
    if (facts->held_by != IAP_STAY_NONE) {
        return stay(facts->held_by);
    }
    if (!facts->installed) {
        return stay(IAP_STAY_NO_RECORD);
    }
    if (!facts->valid) {
        return stay(IAP_STAY_IN_PROGRESS);
    }
    if (facts->checked && !facts->good) {
        return stay(IAP_STAY_IMAGE_BAD);
    }
    if (!facts->checked || facts->listening) {
        return (struct iap_boot_decision){IAP_BOOT_WAIT, IAP_STAY_NONE};
    }
    if (facts->trials_used && !facts->stayed) {
        return stay(IAP_STAY_TRIALS_USED);
    }
    return (struct iap_boot_decision){IAP_BOOT_START, IAP_STAY_NONE};
}

struct iap_boot_decision iap_boot_decide(const struct iap_boot_facts *facts) {
    struct iap_boot_decision decision = without_fault(facts);
    if (facts->fault && (!facts->stayed || decision.action == IAP_BOOT_STAY)) {
        return stay(IAP_STAY_FAULT);
    }
    return decision;
}
