// A unit whose factory wrote identity and keys, and images signed for it.
#ifndef SIGNED_UNIT_H
#define SIGNED_UNIT_H

#include "signer.h"
#include "sim.h"

#define UNIT_PRODUCT "product number 1"

// Flash with an identity block for UNIT_PRODUCT, hardware revision 1, and signer_block.
void unit_factory(struct sim *sim);

// The key block in flash.
uint8_t *unit_keys(struct sim *sim);

// A header for the product, signed with a key.
void unit_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size,
                 uint32_t key);

// Begins, sends all pages, ends, unless it is installed already; the status of what failed.
uint8_t unit_update(struct sim *sim, const uint8_t *header, const uint8_t *image, uint32_t size);

// Status and detail of BEGIN's answer.
uint8_t unit_begin(struct sim *sim, const uint8_t *header, uint32_t *detail);

#endif
