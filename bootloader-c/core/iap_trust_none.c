// Unsigned images are taken; signed ones not, for nobody here could tell a good signature.
#include "iap_trust.h"

bool iap_trust_signed_only(void) {
    return false;
}

iap_result iap_trust_accept(const struct iap_target *target, const struct iap_identity *identity,
                            const struct iap_header *header, const struct iap_header *verified) {
    (void)target;
    (void)identity;
    (void)verified;
    return iap_header_signature_algorithm(header) == IAP_SIGNATURE_NONE
               ? iap_success()
               : iap_failure(IAP_STATUS_BAD_SIGNATURE, IAP_SIGNATURE_FAULT_UNSAID);
}

iap_result iap_trust_verify(const struct iap_target *target, const struct iap_header *header) {
    (void)target;
    (void)header;
    return iap_success();
}

uint32_t iap_trust_hello(const struct iap_target *target, const struct iap_record *record,
                         uint8_t *to) {
    (void)target;
    (void)record;
    (void)to;
    return 0;
}
