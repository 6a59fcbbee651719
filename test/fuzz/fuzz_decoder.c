// Any bytes into the frame decoder, with buffers of many sizes: it makes of them what the reference
// makes of them, leaves its buffer's surroundings alone, and takes the next good frame.
//
// An input: a byte for the buffer's size, then pieces of a stream. A piece begins with a byte
// below; what follows is taken as it is.
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "iap_frame.h"
#include "reference.h"

#define MAX_STREAM 10000u

enum piece {
    PIECE_LITERAL,   // n, then n bytes
    PIECE_FRAME,     // size low, size high, seed: a good frame
    PIECE_DAMAGED,   // as FRAME, then where low, where high, with what the byte is changed
    PIECE_TRUNCATED, // as FRAME, then bytes lost at its end
    PIECE_RUN,       // byte, length: up to 16 times 256 bytes
    PIECE_DELIMITER,
    PIECES,
};

// Around one block, two blocks, and what boards have.
static const uint16_t sizes[] = {7,   8,   9,   10,  11,   16,   23,   253,  254,  255,
                                 256, 260, 261, 262, 279,  300,  508,  509,  515,  516,
                                 517, 520, 767, 768, 1031, 1047, 2055, 4102, 4103, 71};
#define SIZES (sizeof sizes / sizeof sizes[0])

struct input {
    const uint8_t *bytes;
    size_t left;
};

static uint8_t *buffers[SIZES];
static uint8_t stream[MAX_STREAM + REFERENCE_MAX_ENCODED];
static size_t stream_size;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < SIZES; i++) {
        buffers[i] = malloc(sizes[i]); // its own block: the sanitizer sees one byte too many
    }
    return 0;
}

static uint8_t next(struct input *input) {
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->bytes++;
}

static uint32_t next16(struct input *input) {
    uint32_t low = next(input);
    return low | (uint32_t)next(input) << 8;
}

static size_t put_frame(struct input *input, size_t longest) {
    static uint8_t payload[IAP_MAX_PAYLOAD];
    size_t size = next16(input) % (longest + 3); // some too long
    size = size < IAP_MAX_PAYLOAD ? size : IAP_MAX_PAYLOAD;
    uint8_t seed = next(input);
    for (size_t i = 0; i < size; i++) {
        // Constant, or with zeros at a distance that makes short and full blocks.
        payload[i] = seed < 16 ? seed : (uint8_t)(i % seed == 0 ? 0 : i + seed);
    }
    size_t encoded = reference_encode(seed, (uint8_t)(seed * 3), (uint8_t)(seed * 5), payload, size,
                                      stream + stream_size);
    stream_size += encoded;
    return encoded;
}

static void put_piece(struct input *input, size_t longest) {
    size_t begin = stream_size;
    switch (next(input) % PIECES) {
    case PIECE_LITERAL:
        for (size_t n = next(input); n > 0 && input->left > 0; n--) {
            stream[stream_size++] = next(input);
        }
        break;
    case PIECE_FRAME:
        put_frame(input, longest);
        break;
    case PIECE_DAMAGED: {
        size_t encoded = put_frame(input, longest);
        size_t at = next16(input) % encoded;
        stream[begin + at] ^= next(input);
        break;
    }
    case PIECE_TRUNCATED: {
        size_t encoded = put_frame(input, longest);
        stream_size -= next(input) % encoded;
        break;
    }
    case PIECE_RUN: {
        uint8_t byte = next(input);
        size_t length = next(input) * 16u;
        memset(stream + stream_size, byte, length);
        stream_size += length;
        break;
    }
    default:
        stream[stream_size++] = 0;
        break;
    }
}

static const enum iap_decoded meaning[] = {
    [REFERENCE_NOTHING] = IAP_DECODED_NOTHING, [REFERENCE_FRAME] = IAP_DECODED_FRAME,
    [REFERENCE_COBS] = IAP_DECODED_COBS,       [REFERENCE_SHORT] = IAP_DECODED_SHORT,
    [REFERENCE_LONG] = IAP_DECODED_LONG,       [REFERENCE_CRC] = IAP_DECODED_CRC,
};

static void collect(void *context, const uint8_t *bytes, size_t size) {
    size_t *at = context;
    static uint8_t sent[REFERENCE_MAX_ENCODED];
    CHECK(*at + size <= sizeof sent);
    CHECK(memcmp(bytes, stream + *at, size) == 0);
    *at += size;
}

static void check_frame(const struct iap_decoder *decoder, const uint8_t *decoded, size_t size) {
    struct iap_frame frame = iap_decoder_frame(decoder);
    CHECK_EQUAL(frame.size, size - REFERENCE_OVERHEAD);
    CHECK_EQUAL(frame.address, decoded[0]);
    CHECK_EQUAL(frame.type, decoded[1]);
    CHECK_EQUAL(frame.seq, decoded[2]);
    CHECK(memcmp(frame.payload, decoded + IAP_FRAME_HEADER_SIZE, frame.size) == 0);
}

// The encoder makes of a frame what the reference makes of it; stream has the latter.
static void check_encoder(const uint8_t *decoded, size_t size) {
    static uint8_t frame[REFERENCE_MAX_FRAME];
    memcpy(frame, decoded, size);
    memset(frame + size - IAP_FRAME_CRC_SIZE, 0x5a, IAP_FRAME_CRC_SIZE);
    size_t payload_size = size - REFERENCE_OVERHEAD;
    stream_size = reference_encode(frame[0], frame[1], frame[2], frame + IAP_FRAME_HEADER_SIZE,
                                   payload_size, stream);
    size_t sent = 0;
    iap_frame_send(frame, (uint32_t)payload_size, collect, &sent);
    CHECK_EQUAL(sent, stream_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t decoded[REFERENCE_MAX_FRAME];
    static uint8_t one[REFERENCE_MAX_FRAME];
    struct input input = {data, size};
    size_t which = next(&input) % SIZES;
    size_t limit = sizes[which];
    struct iap_decoder decoder;
    iap_decoder_init(&decoder, buffers[which], (uint32_t)limit);

    stream_size = 0;
    while (input.left > 0 && stream_size < MAX_STREAM - REFERENCE_MAX_ENCODED) {
        put_piece(&input, limit - REFERENCE_OVERHEAD);
    }
    // A good frame comes through whatever came before.
    size_t noise = stream_size;
    size_t payload_size = size % (limit - REFERENCE_OVERHEAD + 1);
    static const uint8_t zeros[IAP_MAX_PAYLOAD];
    stream_size += reference_encode(9, 8, 7, zeros, payload_size, stream + stream_size);

    size_t begin = 0;
    size_t counted = 0;
    size_t one_size = 0;
    bool came_through = false;
    for (size_t i = 0; i < stream_size; i++) {
        enum iap_decoded found = iap_decoder_sink(&decoder, stream[i]);
        if (stream[i] != IAP_FRAME_DELIMITER) {
            CHECK_EQUAL(found, IAP_DECODED_NOTHING);
            continue;
        }
        size_t decoded_size = 0;
        enum reference_kind kind =
            reference_decode(stream + begin, i - begin, limit, decoded, &decoded_size);
        CHECK_EQUAL(found, meaning[kind]);
        if (kind == REFERENCE_FRAME) {
            check_frame(&decoder, decoded, decoded_size);
            if (begin >= noise) {
                CHECK_EQUAL(decoded_size, payload_size + REFERENCE_OVERHEAD);
                CHECK_EQUAL(decoded[0], 9);
                came_through = true;
            }
            if (begin < noise || one_size == 0) {
                memcpy(one, decoded, decoded_size);
                one_size = decoded_size;
            }
            counted += i - begin;
        } else if (kind != REFERENCE_NOTHING) {
            CHECK_EQUAL(decoder.discarded, i - begin);
            counted += decoder.discarded;
        }
        begin = i + 1;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < stream_size; i++) {
        bytes += stream[i] != IAP_FRAME_DELIMITER;
    }
    CHECK_EQUAL(counted, bytes);
    CHECK(came_through);
    check_encoder(one, one_size);
    return 0;
}
