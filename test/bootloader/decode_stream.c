// The device's frame decoder as a filter, for tests in other languages. A line in: longest payload,
// then the stream in hex. A line out: the events as a JSON array, as in protocol/vectors.json.
#include <stdio.h>
#include <string.h>

#include "iap_frame.h"

#define MAX_STREAM 0x40000u

static const char *const reasons[] = {
    [IAP_DECODED_COBS] = "cobs",
    [IAP_DECODED_SHORT] = "short",
    [IAP_DECODED_LONG] = "long",
    [IAP_DECODED_CRC] = "crc",
};

static void print_frame(const struct iap_frame *frame) {
    printf("{\"frame\":{\"address\":%u,\"type\":%u,\"seq\":%u,\"payload\":\"", frame->address,
           frame->type, frame->seq);
    for (uint32_t i = 0; i < frame->size; i++) {
        printf("%02x", frame->payload[i]);
    }
    printf("\"}}");
}

int main(void) {
    static uint8_t buffer[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    static char line[2 * MAX_STREAM + 16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned max_payload;
        int at = 0;
        if (sscanf(line, "%u %n", &max_payload, &at) != 1 || max_payload > IAP_MAX_PAYLOAD) {
            return 1;
        }
        struct iap_decoder decoder;
        iap_decoder_init(&decoder, buffer, max_payload + IAP_FRAME_OVERHEAD);
        const char *separator = "";
        unsigned byte;
        putchar('[');
        for (const char *hex = line + at; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
            enum iap_decoded decoded = iap_decoder_sink(&decoder, (uint8_t)byte);
            if (decoded == IAP_DECODED_NOTHING) {
                continue;
            }
            printf("%s", separator);
            separator = ",";
            if (decoded == IAP_DECODED_FRAME) {
                struct iap_frame frame = iap_decoder_frame(&decoder);
                print_frame(&frame);
            } else {
                printf("{\"discarded\":{\"reason\":\"%s\",\"bytes\":%u}}", reasons[decoded],
                       (unsigned)decoder.discarded);
            }
        }
        printf("]\n");
        fflush(stdout);
    }
    return 0;
}
