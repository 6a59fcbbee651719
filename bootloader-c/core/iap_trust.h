// Whom a device believes that an image is good. Two ways, one of which is linked: iap_trust_none.c
// takes unsigned images, iap_trust_keys.c only images that a key of the key block signed. So a
// bootloader of the second kind has no branch that takes an unsigned one.
#ifndef IAP_TRUST_H
#define IAP_TRUST_H

#include "iap_header.h"
#include "iap_identity.h"
#include "iap_port.h"
#include "iap_record.h"
#include "iap_result.h"

// Whether only signed images are taken, of the device's own product. Then PAGES is answered in a
// session alone, and what is behind an image is erased before it becomes VALID.
bool iap_trust_signed_only(void);

// Whether somebody who may has signed this header, as far as that is seen without computing:
// BAD_SIGNATURE with enum iap_signature_fault. verified is the header of the newest image that was
// verified, or NULL.
iap_result iap_trust_accept(const struct iap_target *target, const struct iap_identity *identity,
                            const struct iap_header *header, const struct iap_header *verified);

// Whether the signature fits: BAD_SIGNATURE if not. Takes seconds on a Cortex-M0, in which nothing
// is polled; needs about 900 bytes of stack. To be called only for a header that is accepted.
iap_result iap_trust_verify(const struct iap_target *target, const struct iap_header *header);

// Writes what HELLO appends, and returns its size.
uint32_t iap_trust_hello(const struct iap_target *target, const struct iap_record *record,
                         uint8_t *to);

#endif
