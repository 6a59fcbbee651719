// Is the image in flash what its header says?
#ifndef IAP_IMAGE_H
#define IAP_IMAGE_H

#include "iap_header.h"
#include "iap_identity.h"
#include "iap_port.h"
#include "iap_result.h"
#include "iap_sha256.h"

// What this bootloader can do beyond the required: IAP_CAPABILITY_*
uint32_t iap_capabilities(void);

// Whether an image with this header may be installed here. Checks in the order of docs/protocol.md,
// BEGIN. verified is the header of the newest image that was verified, or NULL.
iap_result iap_header_accept(const struct iap_target *target, const struct iap_identity *identity,
                             const struct iap_header *header, const struct iap_header *verified);

// Whether load address and size of a header lie within the application's area.
bool iap_header_fits(const struct iap_config *config, const struct iap_header *header);

// Whether the first two vectors in flash can be started: stack pointer in RAM and aligned, reset
// vector odd and inside the image of size bytes.
bool iap_vectors_good(const struct iap_target *target, uint32_t size);

// CRC-32 and vectors of an image, checked a piece at a time while the bootloader listens.
struct iap_check {
    // Entry that is checked; 0: none.
    uint32_t slot;

    // Bytes.
    uint32_t done;

    // CRC-32 of these.
    uint32_t crc;

    // Nothing is left to do, and what came of it.
    bool checked;
    bool good;
};

void iap_check_start(struct iap_check *check, uint32_t slot);

// Works on the next piece, at most about 4 ms of an 8 MHz Cortex-M0 without hardware for it.
void iap_check_step(struct iap_check *check, const struct iap_target *target,
                    const struct iap_header *header);

// SHA-256, CRC-32 and vectors of an image from flash, a block at a time while the rest of it is on
// the line. What was read must not be written again before the end, or all begins anew.
struct iap_verify {
    // Its size is how far this got, in bytes.
    struct iap_sha256 sha;

    // CRC-32 of the same.
    uint32_t crc;
};

void iap_verify_start(struct iap_verify *verify);

// Reads the next IAP_SHA256_BLOCK bytes, all of them inside the image: about 0.1 ms.
void iap_verify_step(struct iap_verify *verify, const struct iap_target *target);

// Reads the last bytes, less than a block, and begins anew. VERIFY_FAILED with bits of IAP_CHECK_*:
// what is wrong with the whole image.
iap_result iap_verify_finish(struct iap_verify *verify, const struct iap_target *target,
                             const struct iap_header *header);

#endif
