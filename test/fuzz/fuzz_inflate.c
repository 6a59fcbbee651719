// Any bytes into the inflate, in buffers of exactly their size: it makes of them what the reference
// makes of them, or nothing.
//
// An input: which dictionary; bytes wanted, low and high (from 0x8000 on: as many as come); how
// much more room there is than the stream or what it gives needs; then the stream.
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "iap_inflate.h"
#include "reference.h"

#define HEAD 4u
#define MOST 2100u // bytes decoded: a page, and more than it

static const uint32_t sizes[] = {0, 1024, 1, 100, 2047, 32768};
#define SIZES (sizeof sizes / sizeof sizes[0])
static uint8_t *dictionaries[SIZES];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < SIZES; i++) {
        dictionaries[i] = malloc(sizes[i]); // a block of its own, so that one byte too far shows
        for (uint32_t at = 0; at < sizes[i]; at++) {
            dictionaries[i][at] = (uint8_t)(at * 7 ^ at >> 5);
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t expected[MOST];
    if (size < HEAD) {
        return 0;
    }
    size_t which = data[0] % SIZES;
    uint32_t wanted = data[1] | (uint32_t)data[2] << 8;
    const uint8_t *stream = data + HEAD;
    uint32_t stream_size = (uint32_t)(size - HEAD);
    size_t came, behind;
    enum reference_inflated found = reference_inflate(stream, stream_size, dictionaries[which],
                                                      sizes[which], expected, MOST, &came, &behind);
    wanted = wanted < 0x8000 ? wanted % MOST : (uint32_t)came;
    uint32_t room = (wanted > stream_size ? wanted : stream_size) + data[3] % 64u;
    uint8_t *buffer = malloc(room);
    memset(buffer, 0xa5, room);
    memcpy(buffer + room - stream_size, stream, stream_size);
    struct iap_inflate inflate = {
        .buffer = buffer,
        .read = room - stream_size,
        .end = room,
        .size = wanted,
        .dictionary = dictionaries[which],
        .dictionary_size = sizes[which],
    };
    bool taken = iap_inflate(&inflate);
    if (found != REFERENCE_CODES) {
        CHECK_EQUAL(taken,
                    found == REFERENCE_INFLATED && came == wanted && behind <= room - stream_size);
        CHECK(!taken || memcmp(buffer, expected, wanted) == 0);
    }
    free(buffer);
    return 0;
}
