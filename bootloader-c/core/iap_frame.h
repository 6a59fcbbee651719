// Frames ↔ bytes: COBS(address, type, seq, payload, CRC-32) and a delimiter. docs/protocol.md,
// section 2.
#ifndef IAP_FRAME_H
#define IAP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iap_protocol.h"

#define IAP_FRAME_OVERHEAD (IAP_FRAME_HEADER_SIZE + IAP_FRAME_CRC_SIZE)

// What a byte made of the stream so far.
enum iap_decoded {
    // More bytes are needed.
    IAP_DECODED_NOTHING,

    // A frame is in the buffer, until the next byte.
    IAP_DECODED_FRAME,

    // Discarded: cut short inside a block.
    IAP_DECODED_COBS,

    // Discarded: fewer bytes than a frame has.
    IAP_DECODED_SHORT,

    // Discarded: more bytes than the buffer holds.
    IAP_DECODED_LONG,

    // Discarded: wrong CRC.
    IAP_DECODED_CRC,
};

struct iap_port;

struct iap_decoder {
    // Whose hardware checks the CRC-32, set after iap_decoder_init; NULL: the core does.
    const struct iap_port *port;

    // IAP_FRAME_OVERHEAD + the longest payload.
    uint8_t *buffer;

    // Bytes.
    uint32_t size;

    // Decoded so far; size + 1 once there are too many.
    uint32_t length;

    uint32_t encoded;

    // Encoded bytes of the newest discard, without the delimiter.
    uint32_t discarded;

    // Bytes left in the current block.
    uint8_t left;

    // The current block is followed by a zero, if anything follows.
    bool zero_after;
};

struct iap_frame {
    uint8_t address;
    uint8_t type;
    uint8_t seq;
    const uint8_t *payload;

    // Of the payload.
    uint32_t size;
};

void iap_decoder_init(struct iap_decoder *decoder, uint8_t *buffer, uint32_t size);

enum iap_decoded iap_decoder_sink(struct iap_decoder *decoder, uint8_t byte);

// Takes the bytes of the current block that are at hand, as iap_decoder_sink would one by one, and
// returns how many; 0: iap_decoder_sink has to take the next.
size_t iap_decoder_run(struct iap_decoder *decoder, const uint8_t *bytes, size_t size);

// The frame after IAP_DECODED_FRAME. Its payload points into the decoder's buffer.
struct iap_frame iap_decoder_frame(const struct iap_decoder *decoder);

// Takes the encoded bytes of a frame, piece by piece.
typedef void iap_emit(void *context, const uint8_t *bytes, size_t size);

// Completes and encodes a frame, a delimiter on either side. frame holds address, type, seq and
// payload, and has IAP_FRAME_CRC_SIZE bytes more at its end.
void iap_frame_send(uint8_t *frame, uint32_t payload_size, iap_emit *emit, void *context);

#endif
