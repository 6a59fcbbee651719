// Makes raw DEFLATE streams (RFC 1951) block by block, for tests of what decodes them.
#ifndef DEFLATER_H
#define DEFLATER_H

#include <stdbool.h>
#include <stdint.h>

struct deflater {
    uint8_t *bytes;
    uint32_t room; // of bytes; what is beyond it is counted, not written
    uint32_t size; // bytes so far
    uint32_t bits; // of the newest byte that are used; 0: all
};

// How literals and copies of a block are coded.
enum deflater_codes {
    DEFLATER_FIXED,
    DEFLATER_DYNAMIC, // all symbols in codes of 8 and 9 bits, all distances in codes of 4 and 5
};

struct deflater deflater_open(uint8_t *bytes, uint32_t room);

// The lowest bit first.
void deflater_bits(struct deflater *to, uint32_t bits, uint32_t count);

// A Huffman code: the highest bit first (3.1.1).
void deflater_code(struct deflater *to, uint32_t code, uint32_t count);

// A stored block (3.2.4), 65535 bytes at most.
void deflater_stored(struct deflater *to, bool last, const uint8_t *bytes, uint32_t size);

// Begins and ends a block of codes; between them what is in it.
void deflater_begin(struct deflater *to, bool last, enum deflater_codes codes);
void deflater_end(struct deflater *to, enum deflater_codes codes);
void deflater_literal(struct deflater *to, enum deflater_codes codes, uint8_t byte);

// length: 3 to 258. distance: 1 to 32768.
void deflater_copy(struct deflater *to, enum deflater_codes codes, uint32_t distance,
                   uint32_t length);

// One block, the last, of size bytes from data + before on: the longest copy from one of these
// distances at each place, else a literal. The before bytes in front are the dictionary.
void deflater_page(struct deflater *to, enum deflater_codes codes, const uint8_t *data,
                   uint32_t before, uint32_t size, const uint32_t *distances, uint32_t count);

#endif
