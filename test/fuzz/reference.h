// What the tests hold the core against: frames, CRC and boot record, read a second way from
// docs/protocol.md. Shares no code with the core but the generated constants.
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iap_protocol.h"

#define REFERENCE_OVERHEAD    (IAP_FRAME_HEADER_SIZE + IAP_FRAME_CRC_SIZE)
#define REFERENCE_MAX_FRAME   (IAP_MAX_PAYLOAD + REFERENCE_OVERHEAD)
#define REFERENCE_MAX_ENCODED (REFERENCE_MAX_FRAME + REFERENCE_MAX_FRAME / 254 + 3)

uint32_t reference_crc32(const uint8_t *bytes, size_t size);

// The same, continued from the CRC of the bytes before.
uint32_t reference_crc32_from(uint32_t previous, const uint8_t *bytes, size_t size);

enum reference_kind {
    REFERENCE_NOTHING,
    REFERENCE_FRAME,
    REFERENCE_COBS,
    REFERENCE_SHORT,
    REFERENCE_LONG,
    REFERENCE_CRC,
};

// What the bytes between two delimiters are to a decoder that accepts frames of limit bytes.
// decoded takes limit bytes; of a frame all *size are there.
enum reference_kind reference_decode(const uint8_t *encoded, size_t encoded_size, size_t limit,
                                     uint8_t *decoded, size_t *size);

// A delimiter, the encoded frame with its CRC, a delimiter. Returns the size.
size_t reference_encode(uint8_t address, uint8_t type, uint8_t seq, const uint8_t *payload,
                        size_t size, uint8_t *to);

enum reference_inflated {
    REFERENCE_INFLATED,
    REFERENCE_DAMAGED, // or it gives too many bytes
    REFERENCE_CODES,   // a code that RFC 1951 does not allow: what comes of it is not said
};

// A raw DEFLATE stream, at most so many bytes of it. Where it lies behind its output in one buffer,
// it has to begin *behind bytes after it, or more.
enum reference_inflated reference_inflate(const uint8_t *stream, size_t stream_size,
                                          const uint8_t *dictionary, size_t dictionary_size,
                                          uint8_t *to, size_t most, size_t *size, size_t *behind);

// The entry that decides what is started, from an image of flash.
struct reference_entry {
    const uint8_t *slot; // NULL: none
    bool valid;
    bool sealed;
};

struct reference_entry reference_installed(const uint8_t *flash);

// The header of the newest entry with TOUCHED and VALID; NULL: none.
const uint8_t *reference_verified(const uint8_t *flash);

// The slot in an area that is sealed, with VALID set, that has the same sequence and header.
bool reference_vouched(const uint8_t *flash, const uint8_t *slot);

// Whether an area of the boot record counts.
bool reference_area_good(const uint8_t *area);

// Whether flash holds the image of a header for an application's area of app_size bytes: by
// SHA-256 and vectors, or only by CRC-32 and vectors.
bool reference_image_good(const uint8_t *flash, const uint8_t *header, uint32_t app_size,
                          bool by_sha256);

#endif
