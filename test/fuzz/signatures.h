// Signatures of fuzz-signed: as long as real ones and as easy to get wrong, but made and verified
// in no time, so that thousands of inputs a second go through all that surrounds a verification.
// The real arithmetic is held against other libraries by test/bootloader and Wycheproof's vectors.
#ifndef SIGNATURES_H
#define SIGNATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "iap_protocol.h"

// Keys of a factory-fresh device: root, release, release, and development or none.
void signatures_block(uint8_t block[IAP_KEY_BLOCK_SIZE], bool development);

// Signs what is in the header with the key that it names.
void signatures_sign(uint8_t header[IAP_HEADER_SIZE]);

// What docs/bootloader-spec.md, section 7, says of a header, read a second way: whether a key of
// the block has signed it, whatever is revoked.
bool signatures_genuine(const uint8_t *block, const uint8_t *header);

// Whether the key block is right.
bool signatures_block_good(const uint8_t *block);

// Whether the key may sign, and says of revocations what it may. verified is the header of the
// newest verified image, or NULL.
bool signatures_allowed(const uint8_t *block, const uint8_t *header, const uint8_t *verified);

// Numbers of keys as bits: those of a role, or with IAP_KEY_ROLE_NONE those that are not there.
uint32_t signatures_keys(const uint8_t *block, uint32_t role);

#endif
