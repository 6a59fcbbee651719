// What became of an operation: a status of the protocol and its detail, as the host will read them.
#ifndef IAP_RESULT_H
#define IAP_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "iap_protocol.h"

// Status in the lower half, detail in the upper. An integer, because two registers return it: a
// structure of the same size is returned through memory, which makes 300 bytes more of code. To be
// looked at with the functions below only.
typedef uint64_t iap_result;

// detail is what the device has or expects, by status: docs/protocol.md, section status.
static inline iap_result iap_failure(enum iap_status status, uint32_t detail) {
    return (uint64_t)detail << 32 | (uint32_t)status;
}

static inline iap_result iap_success(void) {
    return iap_failure(IAP_STATUS_OK, 0);
}

static inline uint8_t iap_status_of(iap_result result) {
    return (uint8_t)result;
}

static inline uint32_t iap_detail_of(iap_result result) {
    return (uint32_t)(result >> 32);
}

static inline bool iap_ok(iap_result result) {
    return (uint32_t)result == IAP_STATUS_OK;
}

#endif
