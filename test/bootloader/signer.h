// Keys made from their number, and signatures with them.
#ifndef SIGNER_H
#define SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "iap_protocol.h"

// A key block with root, release, release, none.
void signer_block(uint8_t block[IAP_KEY_BLOCK_SIZE]);

// Fills a slot, NONE empties it; makes the block's CRC-32 again.
void signer_slot(uint8_t block[IAP_KEY_BLOCK_SIZE], uint32_t key, enum iap_key_role role);

// Makes the block's CRC-32 again.
void signer_seal(uint8_t block[IAP_KEY_BLOCK_SIZE]);

// Signs what is in the header with the key that it names.
void signer_sign(uint8_t header[IAP_HEADER_SIZE]);

// A signature of the header with this s, whatever it is, and the key of a slot that it fits.
void signer_sign_with_s(uint8_t header[IAP_HEADER_SIZE], uint8_t block[IAP_KEY_BLOCK_SIZE],
                        const uint8_t s[32]);

// s -> n - s: the other signature of the same key and message.
void signer_other_s(uint8_t s[32]);

#endif
