// The device's inflate as a filter, for tests in other languages. A line in: bytes wanted, room,
// dictionary and stream in hex, "-" for none. A line out: what it decodes to in hex, or "-".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iap_inflate.h"

#define MAX_HEX 0x20000u

// Exactly so many bytes, so that the sanitizer sees each one beyond them.
static uint8_t *from_hex(const char *hex, uint32_t *size) {
    *size = strcmp(hex, "-") == 0 ? 0 : (uint32_t)strlen(hex) / 2;
    uint8_t *bytes = malloc(*size);
    for (uint32_t i = 0; i < *size; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            exit(1);
        }
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

int main(void) {
    static char dictionary_hex[MAX_HEX + 1], stream_hex[MAX_HEX + 1];
    unsigned wanted, room;
    while (scanf("%u %u %131072s %131072s", &wanted, &room, dictionary_hex, stream_hex) == 4) {
        uint32_t dictionary_size, stream_size;
        uint8_t *dictionary = from_hex(dictionary_hex, &dictionary_size);
        uint8_t *stream = from_hex(stream_hex, &stream_size);
        if (stream_size > room || wanted > room) {
            return 1;
        }
        uint8_t *buffer = malloc(room);
        memcpy(buffer + room - stream_size, stream, stream_size);
        struct iap_inflate inflate = {
            .buffer = buffer,
            .read = room - stream_size,
            .end = room,
            .size = wanted,
            .dictionary = dictionary,
            .dictionary_size = dictionary_size,
        };
        if (iap_inflate(&inflate)) {
            for (uint32_t i = 0; i < wanted; i++) {
                printf("%02x", buffer[i]);
            }
            printf(".\n");
        } else {
            printf("-\n");
        }
        fflush(stdout);
        free(buffer);
        free(stream);
        free(dictionary);
    }
    return 0;
}
