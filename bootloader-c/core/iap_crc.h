// CRC-32/ISO-HDLC: of frames, pages, images and records.
#ifndef IAP_CRC_H
#define IAP_CRC_H

#include <stddef.h>
#include <stdint.h>

struct iap_port;

// CRC of bytes, continued from the CRC of what came before them (0 for nothing).
uint32_t iap_crc32(uint32_t previous, const uint8_t *bytes, size_t size);

// The same, by the port's hardware where it has any. port may be NULL.
uint32_t iap_port_crc32(const struct iap_port *port, uint32_t previous, const uint8_t *bytes,
                        size_t size);

#endif
