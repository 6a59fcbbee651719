// The frame codec of the device: every length round, and noise before a frame costs nothing.
#include <string.h>

#include "check.h"
#include "iap_crc.h"
#include "iap_frame.h"

#define PAYLOAD 1100u

static uint8_t line[4096];
static size_t line_size;

static void emit(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    memcpy(line + line_size, bytes, size);
    line_size += size;
}

static void encode(uint8_t *frame, uint32_t size) {
    line_size = 0;
    iap_frame_send(frame, size, emit, NULL);
}

static void crc_has_its_check_value(void) {
    CHECK_EQUAL(iap_crc32(0, (const uint8_t *)"123456789", 9), IAP_CRC_CHECK);
    CHECK_EQUAL(iap_crc32(iap_crc32(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5),
                IAP_CRC_CHECK);
}

static void every_length_comes_back(void) {
    static const uint8_t fills[] = {0, 1, 0xff};
    for (uint32_t size = 0; size < PAYLOAD; size++) {
        for (size_t fill = 0; fill < sizeof fills; fill++) {
            uint8_t frame[PAYLOAD + IAP_FRAME_OVERHEAD];
            uint8_t buffer[PAYLOAD + IAP_FRAME_OVERHEAD];
            memset(frame, fills[fill], sizeof frame);
            frame[IAP_FRAME_HEADER_SIZE + size / 2] = 7;
            encode(frame, size);
            for (size_t i = 1; i < line_size - 1; i++) {
                CHECK(line[i] != 0);
            }
            struct iap_decoder decoder;
            iap_decoder_init(&decoder, buffer, sizeof buffer);
            for (size_t i = 0; i < line_size - 1; i++) {
                CHECK_EQUAL(iap_decoder_sink(&decoder, line[i]), IAP_DECODED_NOTHING);
            }
            CHECK_EQUAL(iap_decoder_sink(&decoder, 0), IAP_DECODED_FRAME);
            struct iap_frame got = iap_decoder_frame(&decoder);
            CHECK_EQUAL(got.size, size);
            CHECK_EQUAL(got.type, fills[fill]);
            CHECK(memcmp(buffer, frame, size + IAP_FRAME_OVERHEAD) == 0);
        }
    }
}

static void noise_before_a_burst_costs_nothing(void) {
    uint8_t frame[8 + IAP_FRAME_OVERHEAD] = {0, 1, 2, 3, 0, 5};
    uint8_t buffer[8 + IAP_FRAME_OVERHEAD];
    uint32_t seed = 1;
    encode(frame, 8);
    struct iap_decoder decoder;
    iap_decoder_init(&decoder, buffer, sizeof buffer);
    for (uint32_t round = 0; round < 100000; round++) {
        for (uint32_t i = 0; i < round % 50; i++) {
            seed = seed * 1664525u + 1013904223u;
            CHECK(iap_decoder_sink(&decoder, (uint8_t)(seed >> 24)) != IAP_DECODED_FRAME);
        }
        for (size_t i = 0; i < line_size; i++) {
            enum iap_decoded decoded = iap_decoder_sink(&decoder, line[i]);
            CHECK((decoded == IAP_DECODED_FRAME) == (i == line_size - 1));
        }
    }
}

int main(void) {
    RUN(crc_has_its_check_value);
    RUN(every_length_comes_back);
    RUN(noise_before_a_burst_costs_nothing);
}
