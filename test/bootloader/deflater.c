#include "deflater.h"

#include <stddef.h>

#define LONGEST  258u
#define SHORTEST 3u

// Of the dynamic codes: symbols below have the short ones.
#define SYMBOLS         286u
#define SHORT_SYMBOLS   226u // 226/256 + 60/512: complete
#define DISTANCES       30u
#define SHORT_DISTANCES 2u // 2/16 + 28/32: complete

#define END_OF_BLOCK 256u

struct deflater deflater_open(uint8_t *bytes, uint32_t room) {
    return (struct deflater){.bytes = bytes, .room = room};
}

void deflater_bits(struct deflater *to, uint32_t bits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (to->bits == 0) {
            to->size++;
        }
        if (to->size <= to->room) {
            uint8_t *byte = &to->bytes[to->size - 1];
            *byte = (uint8_t)((to->bits == 0 ? 0u : *byte) | (bits >> i & 1u) << to->bits);
        }
        to->bits = (to->bits + 1) % 8;
    }
}

void deflater_code(struct deflater *to, uint32_t code, uint32_t count) {
    for (uint32_t i = count; i > 0; i--) {
        deflater_bits(to, code >> (i - 1), 1);
    }
}

void deflater_stored(struct deflater *to, bool last, const uint8_t *bytes, uint32_t size) {
    deflater_bits(to, last, 3);
    to->bits = 0;
    deflater_bits(to, size, 16);
    deflater_bits(to, ~size, 16);
    for (uint32_t i = 0; i < size; i++) {
        deflater_bits(to, bytes[i], 8);
    }
}

// So many code lengths: one, then repeats of it (3.2.7). Codes of the lengths 4, 8 and 9 have two
// bits, of 5 and of "again" three.
static void put_lengths(struct deflater *to, uint32_t code, uint32_t bits, uint32_t count) {
    deflater_code(to, code, bits);
    for (count--; count > 0;) {
        uint32_t again = count > 6 ? (count < 9 ? 3 : 6) : count;
        if (again < 3) {
            deflater_code(to, code, bits);
            count--;
        } else {
            deflater_code(to, 7, 3);
            deflater_bits(to, again - 3, 2);
            count -= again;
        }
    }
}

static void put_codes(struct deflater *to) {
    // In the order 16 17 18 0 8 7 9 6 10 5 11 4
    static const uint8_t lengths[] = {3, 0, 0, 0, 2, 0, 2, 0, 0, 3, 0, 2};
    deflater_bits(to, SYMBOLS - 257, 5);
    deflater_bits(to, DISTANCES - 1, 5);
    deflater_bits(to, sizeof lengths - 4, 4);
    for (size_t i = 0; i < sizeof lengths; i++) {
        deflater_bits(to, lengths[i], 3);
    }
    put_lengths(to, 1, 2, SHORT_SYMBOLS); // 8
    put_lengths(to, 2, 2, SYMBOLS - SHORT_SYMBOLS);
    put_lengths(to, 0, 2, SHORT_DISTANCES);
    put_lengths(to, 6, 3, DISTANCES - SHORT_DISTANCES);
}

void deflater_begin(struct deflater *to, bool last, enum deflater_codes codes) {
    deflater_bits(to, last, 1);
    deflater_bits(to, codes == DEFLATER_FIXED ? 1 : 2, 2);
    if (codes == DEFLATER_DYNAMIC) {
        put_codes(to);
    }
}

static void put_symbol(struct deflater *to, enum deflater_codes codes, uint32_t symbol) {
    if (codes == DEFLATER_DYNAMIC) {
        bool is_short = symbol < SHORT_SYMBOLS;
        deflater_code(to, is_short ? symbol : symbol + SHORT_SYMBOLS, is_short ? 8 : 9);
    } else if (symbol < 144) { // 3.2.6
        deflater_code(to, 0x30 + symbol, 8);
    } else if (symbol < 256) {
        deflater_code(to, 0x190 + symbol - 144, 9);
    } else if (symbol < 280) {
        deflater_code(to, symbol - 256, 7);
    } else {
        deflater_code(to, 0xc0 + symbol - 280, 8);
    }
}

static void put_distance(struct deflater *to, enum deflater_codes codes, uint32_t symbol) {
    if (codes == DEFLATER_FIXED) {
        deflater_code(to, symbol, 5);
    } else if (symbol < SHORT_DISTANCES) {
        deflater_code(to, symbol, 4);
    } else {
        deflater_code(to, symbol + SHORT_DISTANCES, 5);
    }
}

void deflater_end(struct deflater *to, enum deflater_codes codes) {
    put_symbol(to, codes, END_OF_BLOCK);
}

void deflater_literal(struct deflater *to, enum deflater_codes codes, uint8_t byte) {
    put_symbol(to, codes, byte);
}

// What a symbol stands for (3.2.5): values from first on, a power of two of them; each of so many
// symbols has as many as the others before it are doubled.
static uint32_t symbol_of(uint32_t value, uint32_t each, uint32_t *extra, uint32_t *rest) {
    uint32_t symbol = 0;
    uint32_t first = 0;
    *extra = 0;
    while (value - first >= 1u << *extra) {
        first += 1u << *extra;
        symbol++;
        *extra = symbol < 2 * each ? 0 : symbol / each - 1;
    }
    *rest = value - first;
    return symbol;
}

void deflater_copy(struct deflater *to, enum deflater_codes codes, uint32_t distance,
                   uint32_t length) {
    uint32_t extra, rest;
    uint32_t symbol = symbol_of(length - SHORTEST, 4, &extra, &rest);
    if (length == LONGEST) {
        put_symbol(to, codes, 285);
    } else {
        put_symbol(to, codes, 257 + symbol);
        deflater_bits(to, rest, extra);
    }
    symbol = symbol_of(distance - 1, 2, &extra, &rest);
    put_distance(to, codes, symbol);
    deflater_bits(to, rest, extra);
}

static uint32_t length_of(const uint8_t *data, uint32_t at, uint32_t end, uint32_t distance) {
    uint32_t length = 0;
    if (distance == 0 || distance > at) {
        return 0;
    }
    while (length < LONGEST && at + length < end &&
           data[at + length] == data[at + length - distance]) {
        length++;
    }
    return length;
}

void deflater_page(struct deflater *to, enum deflater_codes codes, const uint8_t *data,
                   uint32_t before, uint32_t size, const uint32_t *distances, uint32_t count) {
    uint32_t end = before + size;
    deflater_begin(to, true, codes);
    for (uint32_t at = before; at < end;) {
        uint32_t longest = 0;
        uint32_t distance = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t length = length_of(data, at, end, distances[i]);
            if (length > longest) {
                longest = length;
                distance = distances[i];
            }
        }
        if (longest < SHORTEST) {
            deflater_literal(to, codes, data[at++]);
        } else {
            deflater_copy(to, codes, distance, longest);
            at += longest;
        }
    }
    deflater_end(to, codes);
}
