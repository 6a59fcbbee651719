#include "iap_frame.h"

#include "iap_bytes.h"
#include "iap_crc.h"

// Longest run of non-zero bytes one code byte announces.
#define COBS_RUN 254u

void iap_decoder_init(struct iap_decoder *decoder, uint8_t *buffer, uint32_t size) {
    *decoder = (struct iap_decoder){.buffer = buffer, .size = size};
}

static void store(struct iap_decoder *decoder, uint8_t byte) {
    if (decoder->length < decoder->size) {
        decoder->buffer[decoder->length++] = byte;
    } else {
        decoder->length = decoder->size + 1;
    }
}

static enum iap_decoded classify(const struct iap_decoder *decoder) {
    if (decoder->length > decoder->size) {
        return IAP_DECODED_LONG;
    }
    if (decoder->left > 0) {
        return IAP_DECODED_COBS;
    }
    if (decoder->length < IAP_FRAME_OVERHEAD) {
        return IAP_DECODED_SHORT;
    }
    uint32_t body = decoder->length - IAP_FRAME_CRC_SIZE;
    if (iap_port_crc32(decoder->port, 0, decoder->buffer, body) !=
        iap_get32(decoder->buffer + body)) {
        return IAP_DECODED_CRC;
    }
    return IAP_DECODED_FRAME;
}

static enum iap_decoded finish(struct iap_decoder *decoder) {
    enum iap_decoded decoded = decoder->encoded == 0 ? IAP_DECODED_NOTHING : classify(decoder);
    decoder->discarded = decoder->encoded;
    decoder->encoded = 0;
    decoder->left = 0;
    decoder->zero_after = false;
    return decoded;
}

enum iap_decoded iap_decoder_sink(struct iap_decoder *decoder, uint8_t byte) {
    if (byte == IAP_FRAME_DELIMITER) {
        return finish(decoder);
    }
    if (decoder->encoded == 0) {
        decoder->length = 0;
    }
    decoder->encoded++;
    if (decoder->left > 0) {
        decoder->left--;
        store(decoder, byte);
        return IAP_DECODED_NOTHING;
    }
    if (decoder->zero_after) {
        store(decoder, 0);
    }
    decoder->left = (uint8_t)(byte - 1);
    decoder->zero_after = byte != COBS_RUN + 1;
    return IAP_DECODED_NOTHING;
}

size_t iap_decoder_run(struct iap_decoder *decoder, const uint8_t *bytes, size_t size) {
    size_t most = decoder->length < decoder->size ? decoder->size - decoder->length : 0;
    most = most < decoder->left ? most : decoder->left;
    most = most < size ? most : size;
    uint8_t *to = decoder->buffer + decoder->length;
    size_t run = 0;
    while (run < most && bytes[run] != IAP_FRAME_DELIMITER) {
        to[run] = bytes[run];
        run++;
    }
    decoder->left = (uint8_t)(decoder->left - run);
    decoder->length += (uint32_t)run;
    decoder->encoded += (uint32_t)run;
    return run;
}

struct iap_frame iap_decoder_frame(const struct iap_decoder *decoder) {
    return (struct iap_frame){
        .address = decoder->buffer[0],
        .type = decoder->buffer[1],
        .seq = decoder->buffer[2],
        .payload = decoder->buffer + IAP_FRAME_HEADER_SIZE,
        .size = decoder->length - IAP_FRAME_OVERHEAD,
    };
}

void iap_frame_send(uint8_t *frame, uint32_t payload_size, iap_emit *emit, void *context) {
    static const uint8_t delimiter = IAP_FRAME_DELIMITER;
    uint32_t body = IAP_FRAME_HEADER_SIZE + payload_size;
    iap_put32(frame + body, iap_crc32(0, frame, body));
    uint32_t size = body + IAP_FRAME_CRC_SIZE;

    emit(context, &delimiter, 1);
    uint32_t at = 0;
    bool more = true;
    while (more) {
        uint32_t run = 0;
        while (at + run < size && run < COBS_RUN && frame[at + run] != 0) {
            run++;
        }
        uint8_t code = (uint8_t)(run + 1);
        emit(context, &code, 1);
        emit(context, frame + at, run);
        at += run;
        more = at < size;
        if (more && run < COBS_RUN) {
            // The zero that this block stands for; a zero at the very end leaves one empty block.
            at++;
        }
    }
    emit(context, &delimiter, 1);
}
