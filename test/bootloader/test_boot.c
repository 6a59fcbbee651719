// The boot decision, against the table of docs/design.md, for every combination of facts.
#include "check.h"
#include "iap_boot.h"

static const enum iap_stay holders[] = {IAP_STAY_NONE, IAP_STAY_ASKED, IAP_STAY_BUTTON,
                                        IAP_STAY_HOST};

// The table's rows 3 to 10, first match wins; row 1 is the second pass. -1: start, 0: wait.
static int without_fault(const struct iap_boot_facts *f) {
    const struct {
        int applies;
        int result;
    } rows[] = {
        {f->held_by == IAP_STAY_ASKED, IAP_STAY_ASKED},
        {f->held_by == IAP_STAY_BUTTON, IAP_STAY_BUTTON},
        {f->held_by == IAP_STAY_HOST, IAP_STAY_HOST},
        {!f->installed, IAP_STAY_NO_RECORD},
        {!f->valid, IAP_STAY_IN_PROGRESS},
        {f->checked && !f->good, IAP_STAY_IMAGE_BAD},
        {f->listening || !f->checked, 0},
        {f->trials_used && !f->stayed, IAP_STAY_TRIALS_USED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].applies) {
            return rows[i].result;
        }
    }
    return -1;
}

// Row 2 goes before all others, until its time is over and there is an image to start.
static int expected(const struct iap_boot_facts *f) {
    int result = without_fault(f);
    return f->fault && (!f->stayed || result > 0) ? IAP_STAY_FAULT : result;
}

static void every_combination(void) {
    unsigned starts = 0;
    for (unsigned bits = 0; bits < 1u << 10; bits++) {
        const struct iap_boot_facts facts = {
            .fault = bits & 1,
            .held_by = holders[bits >> 1 & 3],
            .listening = bits >> 3 & 1,
            .installed = bits >> 4 & 1,
            .valid = bits >> 5 & 1,
            .checked = bits >> 6 & 1,
            .good = bits >> 7 & 1,
            .trials_used = bits >> 8 & 1,
            .stayed = bits >> 9 & 1,
        };
        struct iap_boot_decision decision = iap_boot_decide(&facts);
        int want = expected(&facts);
        CHECK_EQUAL(decision.action, want < 0    ? IAP_BOOT_START
                                     : want == 0 ? IAP_BOOT_WAIT
                                                 : IAP_BOOT_STAY);
        CHECK_EQUAL(decision.stay, want > 0 ? want : IAP_STAY_NONE);
        if (decision.action == IAP_BOOT_START) {
            CHECK(facts.installed && facts.valid && facts.checked && facts.good);
            starts++;
        }
    }
    CHECK_EQUAL(starts, 5);
}

int main(void) {
    RUN(every_combination);
}
