// The decoder's verdict on each kind of wrong frame, and the encoder's delimiters.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_frame.h"

#define ROOM 20u // bytes of a decoded frame

static uint8_t line[512];
static size_t line_size;
static uint8_t buffer[ROOM + 4];
static struct iap_decoder decoder;

static void emit(void *context, const uint8_t *bytes, size_t size) {
    CHECK(context == line);
    memcpy(line + line_size, bytes, size);
    line_size += size;
}

static void encode(uint32_t payload) {
    uint8_t frame[512] = {1, 2, 3};
    memset(frame + IAP_FRAME_HEADER_SIZE, 0x21, payload);
    line_size = 0;
    iap_frame_send(frame, payload, emit, line);
}

// Feeds bytes that end no frame, then a delimiter.
static enum iap_decoded verdict(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        CHECK_EQUAL(iap_decoder_sink(&decoder, bytes[i]), IAP_DECODED_NOTHING);
    }
    return iap_decoder_sink(&decoder, IAP_FRAME_DELIMITER);
}

static void fresh(void) {
    memset(buffer, 0x5a, sizeof buffer);
    iap_decoder_init(&decoder, buffer, ROOM);
}

static void a_frame_has_a_delimiter_on_either_side(void) {
    encode(4);
    CHECK_EQUAL(line[0], IAP_FRAME_DELIMITER);
    CHECK_EQUAL(line[line_size - 1], IAP_FRAME_DELIMITER);
    // One code byte, as no byte is zero
    CHECK_EQUAL(line_size, 1 + 1 + IAP_FRAME_HEADER_SIZE + 4 + IAP_FRAME_CRC_SIZE + 1);
    for (size_t i = 1; i < line_size - 1; i++) {
        CHECK(line[i] != IAP_FRAME_DELIMITER);
    }
}

static void what_a_frame_may_have(void) {
    for (uint32_t payload = 0; payload <= ROOM - IAP_FRAME_OVERHEAD; payload++) {
        fresh();
        encode(payload);
        CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_FRAME);
        CHECK_EQUAL(decoder.discarded, line_size - 2);
        struct iap_frame frame = iap_decoder_frame(&decoder);
        CHECK_EQUAL(frame.address, 1);
        CHECK_EQUAL(frame.type, 2);
        CHECK_EQUAL(frame.seq, 3);
        CHECK_EQUAL(frame.size, payload);
        CHECK(frame.payload == buffer + IAP_FRAME_HEADER_SIZE);
        CHECK_EQUAL(verdict(NULL, 0), IAP_DECODED_NOTHING); // delimiters alone are nothing
    }
}

// The frame before is gone with the first byte of the next, were that all of it.
static void a_frame_is_taken_once(void) {
    static const uint8_t nothing[] = {1};
    fresh();
    encode(4);
    CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_FRAME);
    CHECK_EQUAL(verdict(nothing, 1), IAP_DECODED_SHORT);
}

// Zeros just before, at and after the longest run of a block
static void zeros_around_a_whole_block_come_back(void) {
    static uint8_t room[600];
    for (uint32_t at = 240; at < 270; at++) {
        for (uint32_t zeros = 1; zeros < 3; zeros++) {
            uint8_t frame[600];
            memset(frame, 0x21, sizeof frame);
            memset(frame + at, 0, zeros);
            line_size = 0;
            iap_frame_send(frame, 400, emit, line);
            iap_decoder_init(&decoder, room, sizeof room);
            CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_FRAME);
            CHECK(memcmp(room, frame, IAP_FRAME_OVERHEAD + 400) == 0);
        }
    }
}

static void a_longer_frame_is_long(void) {
    for (uint32_t more = 1; more < 100; more++) {
        fresh();
        encode(ROOM - IAP_FRAME_OVERHEAD + more);
        CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_LONG);
        CHECK_EQUAL(decoder.discarded, line_size - 2);
        for (uint32_t i = ROOM; i < sizeof buffer; i++) {
            CHECK_EQUAL(buffer[i], 0x5a); // nothing beyond the buffer
        }
        encode(2); // the next one is taken
        CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_FRAME);
    }
}

static void a_frame_cut_short_is_cut(void) {
    for (size_t size = 1; size < 1 + IAP_FRAME_OVERHEAD + 4; size++) {
        fresh();
        encode(4);
        CHECK_EQUAL(verdict(line + 1, size), IAP_DECODED_COBS);
        CHECK_EQUAL(decoder.discarded, size);
    }
}

static void a_frame_too_short_is_short(void) {
    uint8_t bytes[IAP_FRAME_OVERHEAD];
    for (uint32_t size = 0; size < IAP_FRAME_OVERHEAD; size++) {
        // The CRC-32 of what comes before it is right where there is room for one.
        memset(bytes, 0x21, sizeof bytes);
        if (size >= IAP_FRAME_CRC_SIZE) {
            uint32_t body = size - IAP_FRAME_CRC_SIZE;
            iap_put32(bytes + body, iap_crc32(0, bytes, body));
        }
        uint8_t coded[IAP_FRAME_OVERHEAD + 2];
        uint32_t coded_size = 0;
        uint32_t code_at = coded_size++;
        uint8_t code = 1;
        for (uint32_t i = 0; i < size; i++) {
            if (bytes[i] == 0) {
                coded[code_at] = code;
                code_at = coded_size++;
                code = 1;
            } else {
                coded[coded_size++] = bytes[i];
                code++;
            }
        }
        coded[code_at] = code;
        fresh();
        CHECK_EQUAL(verdict(coded, coded_size), IAP_DECODED_SHORT);
    }
}

static void a_wrong_crc_is_wrong(void) {
    for (uint32_t bit = 0; bit < 8; bit++) {
        fresh();
        encode(4);
        line[3] ^= (uint8_t)(1u << bit);
        if (line[3] != 0) {
            CHECK_EQUAL(verdict(line + 1, line_size - 2), IAP_DECODED_CRC);
        }
    }
}

// Random bytes, many zeros among them, in pieces of any size: both decoders are always the same.
static void runs_are_what_single_bytes_are(void) {
    uint8_t other_buffer[ROOM + 4];
    struct iap_decoder other;
    uint32_t seed = 1;
    uint32_t frames = 0;
    fresh();
    memset(other_buffer, 0x5a, sizeof other_buffer);
    iap_decoder_init(&other, other_buffer, ROOM);
    for (uint32_t round = 0; round < 20000; round++) {
        encode(round % (ROOM + 4));
        for (uint32_t i = 0; i < line_size; i++) {
            seed = seed * 1664525u + 1013904223u;
            if (seed >> 26 == 0) {
                line[i] = (uint8_t)(seed >> 16);
            }
        }
        for (size_t at = 0; at < line_size;) {
            seed = seed * 1664525u + 1013904223u;
            size_t piece = 1 + (seed >> 28);
            size_t end = at + piece < line_size ? at + piece : line_size;
            while (at < end) {
                size_t run = iap_decoder_run(&decoder, line + at, end - at);
                CHECK(run <= end - at);
                for (size_t i = 0; i < run; i++) {
                    CHECK_EQUAL(iap_decoder_sink(&other, line[at++]), IAP_DECODED_NOTHING);
                }
                if (at == end) {
                    break;
                }
                enum iap_decoded decoded = iap_decoder_sink(&decoder, line[at]);
                CHECK_EQUAL(iap_decoder_sink(&other, line[at++]), decoded);
                CHECK_EQUAL(other.discarded, decoder.discarded);
                frames += decoded == IAP_DECODED_FRAME;
            }
            CHECK_EQUAL(other.length, decoder.length);
            CHECK_EQUAL(other.encoded, decoder.encoded);
            CHECK(memcmp(other_buffer, buffer, sizeof buffer) == 0);
        }
    }
    CHECK(frames > 1000);
}

int main(void) {
    RUN(a_frame_has_a_delimiter_on_either_side);
    RUN(what_a_frame_may_have);
    RUN(a_frame_is_taken_once);
    RUN(zeros_around_a_whole_block_come_back);
    RUN(a_longer_frame_is_long);
    RUN(a_frame_cut_short_is_cut);
    RUN(a_frame_too_short_is_short);
    RUN(a_wrong_crc_is_wrong);
    RUN(runs_are_what_single_bytes_are);
}
