// Two passes, a reset between them: the first listens and decides, the second starts the
// application from the state that a reset leaves.
#include "cortexm.h"
#include "iap.h"
#include "port.h"

static struct iap iap;

// Leaves the report for the application, then starts it.
_Noreturn static void second_pass(const struct iap_target *target, struct iap_mailbox mailbox) {
    mailbox.request = IAP_REQUEST_REPORT;
    iap_mailbox_pack(MAILBOX, &mailbox);
    start_program(target->config->app_base);
}

int main(void) {
    struct iap_target target = port_target();
    struct iap_mailbox mailbox = iap_mailbox_take(MAILBOX);
    if (mailbox.request == IAP_REQUEST_START) {
        port_clock_start();
        bool allowed = iap_start_allowed(&target, &mailbox);
        port_clock_stop();
        if (allowed) {
            second_pass(&target, mailbox);
        }
    }
    port_start(iap_identity_read(&target).default_rate);
    iap_init(&iap, target, mailbox, port_reset_flags());
    for (;;) {
        iap_step(&iap);
    }
}
