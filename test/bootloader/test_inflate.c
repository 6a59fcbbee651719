// The inflate alone, in buffers of exactly their size: each symbol, each way to say a code's
// lengths, and where it has to stop.
#include "check.h"
#include "deflater.h"
#include "iap_inflate.h"

#define MOST       40000u // bytes
#define DICTIONARY 32768u

static uint8_t bytes[MOST], dictionary[DICTIONARY], expected[MOST];
static struct deflater stream;
static uint32_t wanted;
static uint32_t dictionary_size;

static void open_stream(uint32_t of_dictionary) {
    stream = deflater_open(bytes, sizeof bytes);
    dictionary_size = of_dictionary;
    wanted = 0;
    for (uint32_t i = 0; i < DICTIONARY; i++) {
        dictionary[i] = (uint8_t)(i * 13 ^ i >> 7);
    }
}

static void literal(enum deflater_codes codes, uint8_t byte) {
    deflater_literal(&stream, codes, byte);
    expected[wanted++] = byte;
}

static void expect_copy(uint32_t distance, uint32_t length) {
    for (uint32_t i = 0; i < length; i++, wanted++) {
        expected[wanted] = distance <= wanted ? expected[wanted - distance]
                                              : dictionary[dictionary_size + wanted - distance];
    }
}

static void copy(enum deflater_codes codes, uint32_t distance, uint32_t length) {
    deflater_copy(&stream, codes, distance, length);
    expect_copy(distance, length);
}

// The stream's first bytes, with so many more in front of them.
static bool inflates_in(uint32_t front, uint32_t size, uint32_t want) {
    uint32_t room = size + front;
    uint8_t *buffer = malloc(room > want ? room : want);
    uint8_t *before = malloc(dictionary_size);
    memcpy(buffer + front, bytes, size);
    memcpy(before, dictionary, dictionary_size);
    struct iap_inflate inflate = {.buffer = buffer,
                                  .read = front,
                                  .end = room,
                                  .size = want,
                                  .dictionary = before,
                                  .dictionary_size = dictionary_size};
    bool taken = iap_inflate(&inflate);
    CHECK(!taken || memcmp(buffer, expected, want < wanted ? want : wanted) == 0);
    free(before);
    free(buffer);
    return taken;
}

static bool inflates(void) {
    CHECK(stream.size <= stream.room);
    return inflates_in(MOST, stream.size, wanted);
}

// As it is, and neither cut short nor with something behind it, nor more or fewer bytes; and only
// where it is read before it is written over.
static void inflates_exactly(void) {
    CHECK(inflates());
    for (uint32_t size = 0; size < stream.size; size++) {
        CHECK(!inflates_in(MOST, size, wanted));
    }
    bytes[stream.size] = 0;
    CHECK(!inflates_in(MOST, stream.size + 1, wanted));
    CHECK(!inflates_in(MOST, stream.size, wanted + 1));
    CHECK(!inflates_in(MOST, stream.size, wanted - 1));
}

static void each_literal_and_length(void) {
    for (int codes = DEFLATER_FIXED; codes <= DEFLATER_DYNAMIC; codes++) {
        open_stream(0);
        deflater_begin(&stream, true, codes);
        for (uint32_t i = 0; i < 256; i++) {
            literal(codes, (uint8_t)i);
        }
        for (uint32_t length = 3; length <= 258; length++) {
            copy(codes, 200, length);
        }
        deflater_end(&stream, codes);
        CHECK(inflates());
    }
}

static void each_distance(void) {
    for (int codes = DEFLATER_FIXED; codes <= DEFLATER_DYNAMIC; codes++) {
        open_stream(DICTIONARY);
        deflater_begin(&stream, true, codes);
        literal(codes, 1);
        for (uint32_t power = 1; power < DICTIONARY; power *= 2) {
            copy(codes, power, 3);
            copy(codes, power + power / 2, 4);
            copy(codes, power + power / 2 + 1, 5);
            copy(codes, 2 * power - 1, 6);
        }
        copy(codes, DICTIONARY, 258);
        deflater_end(&stream, codes);
        inflates_exactly();
    }
}

// From the dictionary into what is decoded, and no byte farther than it reaches.
static void copies_begin_in_the_dictionary(void) {
    for (uint32_t of = 0; of < 6; of++) {
        open_stream(of);
        deflater_begin(&stream, true, DEFLATER_FIXED);
        literal(DEFLATER_FIXED, 9);
        copy(DEFLATER_FIXED, 1 + of, 10);
        deflater_end(&stream, DEFLATER_FIXED);
        inflates_exactly();
        open_stream(of);
        deflater_begin(&stream, true, DEFLATER_FIXED);
        literal(DEFLATER_FIXED, 9);
        deflater_copy(&stream, DEFLATER_FIXED, 2 + of, 10);
        literal(DEFLATER_FIXED, 9);
        deflater_end(&stream, DEFLATER_FIXED);
        CHECK(!inflates()); // neither without what it copies
        wanted += 10;
        CHECK(!inflates());
        open_stream(of);
        deflater_begin(&stream, true, DEFLATER_FIXED);
        literal(DEFLATER_FIXED, 9);
        copy(DEFLATER_FIXED, 1 + of, of + 1 < 3 ? 3 : of + 1); // the last byte is the first decoded
        deflater_end(&stream, DEFLATER_FIXED);
        CHECK(inflates());
    }
}

static void blocks_follow_each_other(void) {
    static const uint8_t some[] = {1, 2, 3, 4, 5};
    open_stream(0);
    for (uint32_t i = 0; i < 4; i++) {
        deflater_stored(&stream, false, some, sizeof some);
        memcpy(expected + wanted, some, sizeof some);
        wanted += sizeof some;
        deflater_begin(&stream, i == 3, i % 2 == 0 ? DEFLATER_FIXED : DEFLATER_DYNAMIC);
        literal(i % 2 == 0 ? DEFLATER_FIXED : DEFLATER_DYNAMIC, (uint8_t)(200 + i));
        copy(i % 2 == 0 ? DEFLATER_FIXED : DEFLATER_DYNAMIC, 6, 7);
        deflater_end(&stream, i % 2 == 0 ? DEFLATER_FIXED : DEFLATER_DYNAMIC);
    }
    inflates_exactly();
    for (uint32_t bit = 24; bit < 40; bit++) { // the first length's complement
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!inflates());
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

// Codes of 1 to 15 bits, and all ways to say their lengths (3.2.7).
static void put_length_symbol(uint32_t symbol, uint32_t extra, uint32_t bits) {
    // Symbols 1 to 14 have codes of four bits, 15 to 18 of five.
    if (symbol < 15) {
        deflater_code(&stream, symbol - 1, 4);
    } else {
        deflater_code(&stream, 28 + symbol - 15, 5);
    }
    deflater_bits(&stream, extra, bits);
}

static void put_long_codes(uint32_t last_repeat) {
    static const uint8_t lengths[19] = {5, 5, 5, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5};
    deflater_bits(&stream, 1 | 2 << 1, 3);
    deflater_bits(&stream, 1, 5); // 258 literals: the last one 3 bytes
    deflater_bits(&stream, 7, 5); // 8 distances
    deflater_bits(&stream, 15, 4);
    for (uint32_t i = 0; i < 19; i++) {
        deflater_bits(&stream, lengths[i], 3);
    }
    for (uint32_t i = 1; i <= 14; i++) { // literals 0 to 13
        put_length_symbol(i, 0, 0);
    }
    put_length_symbol(18, 127, 7); // 138
    put_length_symbol(18, 0, 7);   // 11
    put_length_symbol(17, 7, 3);   // 10
    put_length_symbol(17, 0, 3);   // 3
    put_length_symbol(18, 80 - 11, 7);
    put_length_symbol(15, 0, 0); // 256
    put_length_symbol(15, 0, 0); // 257
    put_length_symbol(3, 0, 0);
    put_length_symbol(16, 0, 2); // 3
    put_length_symbol(16, last_repeat - 3, 2);
}

// Only as far as it is read before: by a copy, and by literals of one bit.
static void nothing_is_written_over(void) {
    for (uint32_t kind = 0; kind < 2; kind++) {
        open_stream(300);
        if (kind == 0) {
            deflater_begin(&stream, true, DEFLATER_FIXED);
            copy(DEFLATER_FIXED, 300, 258);
        } else {
            put_long_codes(4);
            wanted = 600;
            memset(expected, 0, wanted);
            for (uint32_t i = 0; i < wanted; i++) {
                deflater_code(&stream, 0, 1);
            }
        }
        uint32_t least = wanted - stream.size; // the rest is still to be read
        if (kind == 0) {
            deflater_end(&stream, DEFLATER_FIXED);
        } else {
            deflater_code(&stream, 0x7ffe, 15);
        }
        CHECK(inflates_in(least, stream.size, wanted));
        for (uint32_t front = 0; front < least; front++) {
            CHECK(!inflates_in(front, stream.size, wanted));
        }
    }
}

// Literal 255 in one bit, 0 and the end in two (10, 11); no distance.
static void put_short_codes(bool last) {
    static const uint8_t lengths[18] = {0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2};
    deflater_bits(&stream, (uint32_t)last | 2 << 1, 3);
    deflater_bits(&stream, 0, 5);
    deflater_bits(&stream, 0, 5);
    deflater_bits(&stream, 14, 4);
    for (uint32_t i = 0; i < 18; i++) {
        deflater_bits(&stream, lengths[i], 3);
    }
    deflater_code(&stream, 2, 2); // 0: two bits
    deflater_code(&stream, 6, 3); // 17: ten times none
    deflater_bits(&stream, 7, 3);
    deflater_code(&stream, 7, 3); // 18: 138
    deflater_bits(&stream, 127, 7);
    deflater_code(&stream, 7, 3);
    deflater_bits(&stream, 106 - 11, 7);
    deflater_code(&stream, 1, 2); // 255
    deflater_code(&stream, 2, 2); // 256
    deflater_code(&stream, 0, 2);
}

// The literal would come over the byte that is read next, and that has its value.
static void no_literal_comes_too_early(void) {
    open_stream(0);
    put_short_codes(true);
    for (wanted = 0; wanted < 300 || stream.bits != 0; wanted++) {
        expected[wanted] = 255;
        deflater_code(&stream, 0, 1);
    }
    uint32_t least = wanted - stream.size;
    deflater_bits(&stream, 0xff, 8); // the end, and whatever is behind it
    CHECK(inflates_in(least, stream.size, wanted));
    CHECK(!inflates_in(least - 1, stream.size, wanted));
}

// 255 and the end in two bits, the other two codes of two bits unused.
static void put_few_codes(void) {
    static const uint8_t lengths[16] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    deflater_bits(&stream, 1 | 2 << 1, 3);
    deflater_bits(&stream, 0, 5);
    deflater_bits(&stream, 0, 5);
    deflater_bits(&stream, 12, 4);
    for (uint32_t i = 0; i < 16; i++) {
        deflater_bits(&stream, lengths[i], 3);
    }
    deflater_code(&stream, 1, 1); // 18: 138 and 117 times none
    deflater_bits(&stream, 127, 7);
    deflater_code(&stream, 1, 1);
    deflater_bits(&stream, 117 - 11, 7);
    deflater_code(&stream, 0, 1); // 2, for 255, 256 and the one distance
    deflater_code(&stream, 0, 1);
    deflater_code(&stream, 0, 1);
}

// Nothing of a block's codes is left for the next one.
static void codes_end_with_their_block(void) {
    for (uint32_t kind = 0; kind < 3; kind++) {
        open_stream(0);
        put_long_codes(4);
        bytes[0] &= 0xfe; // not the last
        deflater_code(&stream, 0, 1);
        deflater_code(&stream, 0x7ffe, 15);
        expected[wanted++] = 0;
        if (kind == 0) { // there is no such block
            deflater_bits(&stream, 1 | 3 << 1, 3);
            deflater_code(&stream, 0x7ffe, 15);
        } else if (kind == 1) { // more lengths than there are codes
            deflater_bits(&stream, 1 | 2 << 1, 3);
            deflater_bits(&stream, 31, 5);
            deflater_bits(&stream, 31, 5);
            deflater_bits(&stream, 0, 4);
            deflater_bits(&stream, 0, 6);
            deflater_bits(&stream, 1, 3); // 18, in one bit
            deflater_bits(&stream, 0, 3);
            for (uint32_t i = 0; i < 3; i++) {
                deflater_bits(&stream, 0, 1);
                deflater_bits(&stream, 127, 7);
            }
            deflater_code(&stream, 0x7ffe, 15);
        } else { // a code that no symbol has: two bits for 255 and for the end alone
            put_few_codes();
            deflater_code(&stream, 1 << 14, 15);
            deflater_code(&stream, 1, 2);
            wanted++;
        }
        CHECK(!inflates());
    }
}

// 30 and 31, where all 32 have a code.
static void distances_that_there_are_not(void) {
    static const uint8_t lengths[18] = {2, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2};
    for (uint32_t which = 0; which < 5; which++) {
        uint32_t symbol = 29 + (which + 1) / 2; // 29, 30, 30, 31, 31
        uint32_t extra = which == 0 ? 13 : which % 2 == 0 ? 0 : 14;
        open_stream(DICTIONARY);
        deflater_bits(&stream, 1 | 2 << 1, 3);
        deflater_bits(&stream, 1, 5);
        deflater_bits(&stream, 31, 5);
        deflater_bits(&stream, 14, 4);
        for (uint32_t i = 0; i < 18; i++) {
            deflater_bits(&stream, lengths[i], 3);
        }
        deflater_code(&stream, 3, 2); // 18: 256 times none
        deflater_bits(&stream, 127, 7);
        deflater_code(&stream, 3, 2);
        deflater_bits(&stream, 118 - 11, 7);
        deflater_code(&stream, 0, 2); // the end and 3 bytes: one bit
        deflater_code(&stream, 0, 2);
        deflater_code(&stream, 1, 2); // 32 distances of five
        for (uint32_t left = 31; left > 0;) {
            uint32_t again = left > 7 ? 6 : left == 7 ? 4 : left;
            deflater_code(&stream, 2, 2);
            deflater_bits(&stream, again - 3, 2);
            left -= again;
        }
        deflater_code(&stream, 1, 1);
        deflater_code(&stream, 0, 5);
        expect_copy(1, 3);
        deflater_code(&stream, 1, 1);
        deflater_code(&stream, symbol, 5);
        deflater_bits(&stream, 0, extra);
        expect_copy(symbol == 29 ? 24577 : 1, 3);
        deflater_code(&stream, 0, 1);
        CHECK(inflates() == (symbol == 29));
    }
}

// What is left of the byte before a stored block is nobody's.
static void bits_before_a_stored_block(void) {
    open_stream(0);
    deflater_bits(&stream, 1 | 0x1f << 3, 8);
    deflater_bits(&stream, 1, 16);
    deflater_bits(&stream, 0xfffe, 16);
    deflater_bits(&stream, 7, 8);
    expected[wanted++] = 7;
    inflates_exactly();
}

static void the_longest_codes(void) {
    open_stream(0);
    put_long_codes(4);
    for (uint32_t i = 0; i < 14; i++) {
        deflater_code(&stream, (1u << (i + 1)) - 2, i + 1);
        expected[wanted++] = (uint8_t)i;
    }
    static const uint32_t distances[] = {1, 2, 3, 4, 5, 7, 9, 13};
    for (uint32_t i = 0; i < 8; i++) {
        deflater_code(&stream, 0x7fff, 15); // 257: 3 bytes
        deflater_code(&stream, i, 3);
        deflater_bits(&stream, 0, i < 4 ? 0 : i / 2 - 1);
        expect_copy(distances[i], 3);
    }
    deflater_code(&stream, 0x7ffe, 15);
    inflates_exactly();
    open_stream(0); // a repeat too many
    put_long_codes(5);
    deflater_code(&stream, 0x7ffe, 15);
    CHECK(!inflates());
}

static void symbols_that_there_are_not(void) {
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t symbol = 286 + i / 2;
        open_stream(DICTIONARY);
        deflater_bits(&stream, 1 | 1 << 1, 3);
        deflater_code(&stream, 0xc0 + symbol - 280, 8);
        deflater_bits(&stream, 0, i % 2 == 0 ? 0 : 6); // as many as would be next
        deflater_bits(&stream, 0, 5 + 7);              // a distance, and the end
        for (wanted = 0; wanted < 600; wanted++) {
            CHECK(!inflates());
        }
    }
    for (uint32_t symbol = 30; symbol < 32; symbol++) {
        open_stream(DICTIONARY);
        deflater_bits(&stream, 1 | 1 << 1, 3);
        deflater_code(&stream, 1, 7); // 3 bytes
        deflater_code(&stream, symbol, 5);
        deflater_bits(&stream, 0, 14);
        deflater_end(&stream, DEFLATER_FIXED);
        wanted = 3;
        CHECK(!inflates());
    }
    open_stream(0); // a block of the kind that there is not
    deflater_bits(&stream, 1 | 3 << 1, 3);
    CHECK(!inflates());
}

int main(void) {
    RUN(each_literal_and_length);
    RUN(each_distance);
    RUN(copies_begin_in_the_dictionary);
    RUN(blocks_follow_each_other);
    RUN(the_longest_codes);
    RUN(nothing_is_written_over);
    RUN(no_literal_comes_too_early);
    RUN(codes_end_with_their_block);
    RUN(distances_that_there_are_not);
    RUN(bits_before_a_stored_block);
    RUN(symbols_that_there_are_not);
    return 0;
}
