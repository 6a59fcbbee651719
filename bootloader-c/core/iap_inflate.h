// Raw DEFLATE (RFC 1951) with a dictionary, in one buffer: the stream lies at its end and is
// decoded to its beginning.
#ifndef IAP_INFLATE_H
#define IAP_INFLATE_H

#include <stdbool.h>
#include <stdint.h>

struct iap_inflate {
    // Where the stream lies and what is decoded of it goes.
    uint8_t *buffer;

    // Of the stream: next byte to read, and the first behind it.
    uint32_t read;
    uint32_t end;

    // Bytes decoded so far, and wanted.
    uint32_t written;
    uint32_t size;

    // What the stream may copy from as if it had been decoded before.
    const uint8_t *dictionary;
    uint32_t dictionary_size;

    // Bits that were read and not used, the next one lowest.
    uint32_t bits;
    uint32_t bit_count;

    bool failed;
};

// Decodes the whole stream. false: it is damaged, gives more or fewer bytes than wanted, copies
// from before the dictionary, or would be overwritten before it is read. Any bytes are safe to
// decode; some damaged ones decode to wrong bytes, so the caller has to check what came of it.
// Needs about 1.2 KB of stack.
bool iap_inflate(struct iap_inflate *inflate);

#endif
