#include "iap_inflate.h"

// RFC 1951, 3.2.5 to 3.2.7
#define LONGEST_CODE   15u
#define LITERALS       288u
#define DISTANCES      32u
#define LENGTH_CODES   19u
#define END_OF_BLOCK   256u
#define LONGEST_COPY   285u
#define MOST_DISTANCES 30u

// A Huffman code: how many of its codes have each length, and its symbols in the order of their
// codes. Incomplete ones are taken, as RFC 1951 wants of distances. One with too many codes of a
// length does no harm: no index leaves the symbols, and the page's CRC-32 tells what came of it.
struct code {
    uint16_t counts[LONGEST_CODE + 1];
    uint16_t *symbols;
};

struct codes {
    struct code literals;
    struct code distances;
    uint16_t literal_symbols[LITERALS];
    uint16_t distance_symbols[DISTANCES];

    // Of both, one behind the other, while the codes are made.
    uint8_t lengths[LITERALS + DISTANCES];
};

static uint32_t fail(struct iap_inflate *inflate) {
    inflate->failed = true;
    return 0;
}

// The next bits, 16 at most, the first one lowest; 0 behind the end of the stream.
static uint32_t take_bits(struct iap_inflate *inflate, uint32_t count) {
    while (inflate->bit_count < count) {
        if (inflate->read == inflate->end) {
            return fail(inflate);
        }
        inflate->bits |= (uint32_t)inflate->buffer[inflate->read++] << inflate->bit_count;
        inflate->bit_count += 8;
    }
    uint32_t bits = inflate->bits & ((1u << count) - 1);
    inflate->bits >>= count;
    inflate->bit_count -= count;
    return bits;
}

static uint32_t take_symbol(struct iap_inflate *inflate, const struct code *code) {
    const uint16_t *symbols = code->symbols;
    uint32_t place = 0; // among the codes of this length
    for (uint32_t length = 1; length <= LONGEST_CODE; length++) {
        uint32_t count = code->counts[length];
        place = place << 1 | take_bits(inflate, 1);
        if (place < count) {
            return symbols[place];
        }
        place -= count;
        symbols += count;
    }
    return fail(inflate);
}

// Whether so many bytes more are wanted, and the stream is read where they go.
static bool room_for(const struct iap_inflate *inflate, uint32_t size) {
    return size <= inflate->size - inflate->written && inflate->written + size <= inflate->read;
}

static void put(struct iap_inflate *inflate, uint32_t byte) {
    if (room_for(inflate, 1)) {
        inflate->buffer[inflate->written++] = (uint8_t)byte;
    } else {
        inflate->failed = true;
    }
}

// Bytes from so far back, in the dictionary first and then in what is decoded. What is copied may
// be copied again: forwards, byte by byte.
static void copy(struct iap_inflate *inflate, uint32_t distance, uint32_t size) {
    if (!room_for(inflate, size) || distance > inflate->written + inflate->dictionary_size) {
        inflate->failed = true;
        return;
    }
    while (size > 0) {
        const uint8_t *from = inflate->buffer + inflate->written - distance;
        uint32_t piece = size;
        if (distance > inflate->written) {
            uint32_t before = distance - inflate->written;
            from = inflate->dictionary + inflate->dictionary_size - before;
            piece = size < before ? size : before;
        }
        size -= piece;
        for (; piece > 0; piece--) {
            inflate->buffer[inflate->written++] = *from++;
        }
    }
}

static void make_code(struct code *code, const uint8_t *lengths, uint32_t size) {
    uint16_t next[LONGEST_CODE + 1];
    for (uint32_t i = 0; i <= LONGEST_CODE; i++) {
        code->counts[i] = 0;
    }
    for (uint32_t i = 0; i < size; i++) {
        code->counts[lengths[i]]++;
    }
    code->counts[0] = 0; // no code
    next[0] = 0;
    for (uint32_t i = 1; i <= LONGEST_CODE; i++) {
        next[i] = (uint16_t)(next[i - 1] + code->counts[i - 1]);
    }
    for (uint32_t i = 0; i < size; i++) {
        if (lengths[i] != 0) {
            code->symbols[next[lengths[i]]++] = (uint16_t)i;
        }
    }
}

// 3.2.6
static void make_fixed_codes(struct codes *codes) {
    uint8_t *lengths = codes->lengths;
    for (uint32_t i = 0; i < LITERALS; i++) {
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    make_code(&codes->literals, lengths, LITERALS);
    for (uint32_t i = 0; i < MOST_DISTANCES; i++) {
        lengths[i] = 5;
    }
    make_code(&codes->distances, lengths, MOST_DISTANCES);
}

// The length of the codes that follow, and how many of them.
static uint32_t take_repeat(struct iap_inflate *inflate, uint32_t symbol, uint8_t *length) {
    switch (symbol) {
    case 16: // as the one before
        return 3 + take_bits(inflate, 2);
    case 17:
        *length = 0;
        return 3 + take_bits(inflate, 3);
    case 18:
        *length = 0;
        return 11 + take_bits(inflate, 7);
    default:
        *length = (uint8_t)symbol;
        return 1;
    }
}

// 3.2.7
static void take_codes(struct iap_inflate *inflate, struct codes *codes) {
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t *lengths = codes->lengths;
    for (uint32_t i = 0; i < LENGTH_CODES; i++) {
        lengths[i] = 0;
    }
    uint32_t literals = take_bits(inflate, 5) + 257;
    uint32_t all = literals + take_bits(inflate, 5) + 1;
    uint32_t given = take_bits(inflate, 4) + 4;
    for (uint32_t i = 0; i < given; i++) {
        lengths[order[i]] = (uint8_t)take_bits(inflate, 3);
    }
    make_code(&codes->distances, lengths, LENGTH_CODES);

    uint8_t length = 0;
    for (uint32_t at = 0; at < all;) {
        uint32_t count = take_repeat(inflate, take_symbol(inflate, &codes->distances), &length);
        if (count > all - at) {
            inflate->failed = true;
            return;
        }
        for (; count > 0; count--) {
            lengths[at++] = length;
        }
    }
    make_code(&codes->literals, lengths, literals);
    make_code(&codes->distances, lengths + literals, all - literals);
}

// 3.2.5
static uint32_t take_length(struct iap_inflate *inflate, uint32_t symbol) {
    uint32_t n = symbol - END_OF_BLOCK - 1;
    if (symbol == LONGEST_COPY) {
        return 258;
    }
    if (symbol > LONGEST_COPY) {
        return fail(inflate);
    }
    uint32_t extra = n < 8 ? 0 : (n - 4) >> 2;
    return 3 + (n < 8 ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra);
}

static uint32_t take_distance(struct iap_inflate *inflate, const struct code *code) {
    uint32_t symbol = take_symbol(inflate, code);
    if (symbol >= MOST_DISTANCES) {
        return fail(inflate);
    }
    uint32_t extra = symbol < 4 ? 0 : (symbol - 2) >> 1;
    return 1 + (symbol < 4 ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra);
}

static void take_compressed(struct iap_inflate *inflate, const struct codes *codes) {
    while (!inflate->failed) {
        uint32_t symbol = take_symbol(inflate, &codes->literals);
        if (symbol == END_OF_BLOCK) {
            return;
        }
        if (symbol < END_OF_BLOCK) {
            put(inflate, symbol);
        } else {
            uint32_t length = take_length(inflate, symbol);
            copy(inflate, take_distance(inflate, &codes->distances), length);
        }
    }
}

// 3.2.4: from the next whole byte on
static void take_stored(struct iap_inflate *inflate) {
    inflate->bits = 0;
    inflate->bit_count = 0;
    uint32_t size = take_bits(inflate, 16);
    if ((size ^ take_bits(inflate, 16)) != 0xffff) {
        inflate->failed = true;
    }
    for (; size > 0 && !inflate->failed; size--) {
        put(inflate, take_bits(inflate, 8));
    }
}

static void take_block(struct iap_inflate *inflate) {
    struct codes codes;
    codes.literals.symbols = codes.literal_symbols;
    codes.distances.symbols = codes.distance_symbols;
    switch (take_bits(inflate, 2)) {
    case 0:
        take_stored(inflate);
        return;
    case 1:
        make_fixed_codes(&codes);
        break;
    case 2:
        take_codes(inflate, &codes);
        break;
    default:
        inflate->failed = true;
    }
    take_compressed(inflate, &codes);
}

bool iap_inflate(struct iap_inflate *inflate) {
    bool last = false;
    while (!last && !inflate->failed) {
        last = take_bits(inflate, 1) != 0;
        take_block(inflate);
    }
    return !inflate->failed && inflate->written == inflate->size && inflate->read == inflate->end;
}
