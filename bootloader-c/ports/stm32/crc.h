// The CRC unit: CRC-32 of words in 4 cycles each.
#ifndef CRC_H
#define CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// As struct iap_port has it.
bool crc_words(uint32_t *crc, const uint8_t *bytes, size_t words);

#endif
