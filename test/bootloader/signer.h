// A unit whose factory wrote identity and keys, and images signed for it. The keys are made from
// their number; BearSSL signs.
#ifndef SIGNER_H
#define SIGNER_H

#include "sim.h"

#define SIGNER_PRODUCT "product number 1"

// Flash with an identity block for SIGNER_PRODUCT, hardware revision 1, and a key block: root,
// release, spare, none.
void signer_factory(struct sim *sim);

// A slot of the key block; the block's CRC-32 is made again. NONE empties it.
void signer_slot(struct sim *sim, uint32_t key, enum iap_key_role role);

uint8_t *signer_block(struct sim *sim);

// Makes the CRC-32 of the key block again.
void signer_seal(struct sim *sim);

// A header for the product, signed with a key.
void signer_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size,
                   uint32_t key);

// Signs what is in the header with the key that it names.
void signer_sign(uint8_t header[IAP_HEADER_SIZE]);

// s → n - s: the other signature of the same key and message.
void signer_other_s(uint8_t s[32]);

// Begins, sends all pages, ends, unless it is installed already; the status of what failed.
uint8_t signer_update(struct sim *sim, const uint8_t *header, const uint8_t *image, uint32_t size);

// Status and detail of a refused BEGIN.
uint8_t signer_begin(struct sim *sim, const uint8_t *header, uint32_t *detail);

#endif
