// Compressed pages: what is decoded, what flash may be copied from, and what is rejected, with
// nothing written.
#include <string.h>

#include "check.h"
#include "deflater.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_trust.h"
#include "sim.h"

#define SIZE  5000u // bytes: five pages, the last not full
#define PAGES 5u
#define ROOM  (SIM_PAGE_SIZE + IAP_PAGE_SPARE)

static struct sim sim;
static uint8_t old[SIZE], image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];
static uint16_t number;

// A page as it travels: the head, then the stream.
static uint8_t encoded[2 * ROOM];
static struct deflater stream;

static void open_stream(uint32_t dictionary_end, uint32_t dictionary_pages) {
    iap_put16(encoded + IAP_DEFLATE_HEAD_AT_DICTIONARY_END, dictionary_end);
    iap_put16(encoded + IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES, dictionary_pages);
    stream = deflater_open(encoded + IAP_DEFLATE_HEAD_SIZE, sizeof encoded - IAP_DEFLATE_HEAD_SIZE);
}

static uint32_t encoded_size(void) {
    CHECK(stream.size <= stream.room);
    return IAP_DEFLATE_HEAD_SIZE + stream.size;
}

static void put_stored(const uint8_t *bytes, uint32_t size) {
    deflater_stored(&stream, true, bytes, size);
}

// With fixed codes, the last block: a page copied from so many pages before.
static void put_copied_page(uint32_t pages) {
    deflater_begin(&stream, true, DEFLATER_FIXED);
    for (uint32_t left = SIM_PAGE_SIZE; left > 0;) {
        uint32_t length = left > 258 ? 258 : left;
        deflater_copy(&stream, DEFLATER_FIXED, pages * SIM_PAGE_SIZE, length);
        left -= length;
    }
    deflater_end(&stream, DEFLATER_FIXED);
}

static uint32_t padded_crc(uint32_t page) {
    uint8_t padded[SIM_PAGE_SIZE];
    uint32_t begin = page * SIM_PAGE_SIZE;
    memset(padded, 0xff, sizeof padded);
    memcpy(padded, image + begin, SIZE - begin < SIM_PAGE_SIZE ? SIZE - begin : SIM_PAGE_SIZE);
    return iap_crc32(0, padded, sizeof padded);
}

// The stream in frames of so many bytes, as a page of the image. The answer's status and detail.
static uint32_t send_in(uint32_t piece, uint32_t page, uint8_t flags, uint32_t encoded_length,
                        uint32_t *detail) {
    uint32_t left = SIZE - page * SIM_PAGE_SIZE;
    const uint8_t *response = NULL;
    uint32_t size;
    for (uint32_t at = 0; at < encoded_size(); at += piece) {
        uint8_t request[SIM_MAX_PAYLOAD] = {0};
        uint32_t length = encoded_size() - at < piece ? encoded_size() - at : piece;
        uint8_t *body = request + IAP_DATA_REQUEST_AT_BODY;
        iap_put16(request, number++);
        request[IAP_DATA_REQUEST_AT_FLAGS] = IAP_DATA_FLAG_ASK | (at == 0 ? IAP_DATA_FLAG_HEAD : 0);
        if (at == 0) {
            iap_put16(body + IAP_PAGE_HEAD_AT_PAGE, page);
            body[IAP_PAGE_HEAD_AT_ENCODING] = IAP_ENCODING_DEFLATE;
            body[IAP_PAGE_HEAD_AT_FLAGS] = flags;
            iap_put16(body + IAP_PAGE_HEAD_AT_DECODED_LENGTH,
                      left < SIM_PAGE_SIZE ? left : SIM_PAGE_SIZE);
            iap_put16(body + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, encoded_length);
            iap_put32(body + IAP_PAGE_HEAD_AT_CRC32, padded_crc(page));
            body += IAP_PAGE_HEAD_SIZE;
        }
        memcpy(body, encoded + at, length);
        sim_request(&sim, 0, IAP_COMMAND_DATA, request, (uint32_t)(body + length - request));
        response = sim_response(&sim, IAP_COMMAND_DATA, &size);
        CHECK(response != NULL);
        if (response[IAP_DATA_RESPONSE_AT_STATUS] != IAP_STATUS_OK) {
            break;
        }
    }
    number = iap_get16(response + IAP_DATA_RESPONSE_AT_NEXT);
    *detail = iap_get32(response + IAP_DATA_RESPONSE_AT_DETAIL);
    return response[IAP_DATA_RESPONSE_AT_STATUS];
}

static void accepted(uint32_t page, uint8_t flags) {
    uint32_t detail;
    CHECK_EQUAL(send_in(500, page, flags, encoded_size(), &detail), IAP_STATUS_OK);
    uint32_t begin = page * SIM_PAGE_SIZE;
    uint32_t left = SIZE - begin;
    CHECK(memcmp(sim.flash + 0x8000 + begin, image + begin,
                 left < SIM_PAGE_SIZE ? left : SIM_PAGE_SIZE) == 0);
}

// Rejected for this reason, with nothing written; the page is taken as it is afterwards.
static void rejected_as(uint32_t page, uint32_t encoded_length, uint32_t reason) {
    uint32_t detail, before = sim.operations;
    CHECK_EQUAL(send_in(500, page, 0, encoded_length, &detail), IAP_STATUS_PAGE_REJECTED);
    CHECK_EQUAL(detail, reason);
    CHECK_EQUAL(sim.operations, before);
}

static void rejected(uint32_t page, uint32_t reason) {
    rejected_as(page, encoded_size(), reason);
}

// An older image is installed, and the update to another one begun.
static void begun(void) {
    sim_init(&sim);
    sim_image(old, SIZE, 1);
    sim_image(image, SIZE, 2);
    sim_boot(&sim);
    CHECK_EQUAL(sim_update(&sim, old, SIZE), IAP_STATUS_OK);
    sim_header(header, image, SIZE);
    number = 0;
}

static void begin(void) {
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

static void page_of_old(uint32_t page, uint32_t from) {
    memcpy(image + page * SIM_PAGE_SIZE, old + from * SIM_PAGE_SIZE, SIM_PAGE_SIZE);
}

static void whole_updates_come_compressed(void) {
    begun();
    begin();
    for (uint32_t page = PAGES; page-- > 0;) { // in any order
        open_stream(0, 0);
        put_stored(image + page * SIM_PAGE_SIZE,
                   page == PAGES - 1 ? SIZE % SIM_PAGE_SIZE : SIM_PAGE_SIZE);
        accepted(page, 0);
    }
    CHECK_EQUAL(sim_end(&sim, number), IAP_STATUS_OK);
    CHECK(memcmp(sim.flash + 0x8000, image, SIZE) == 0);
}

static void a_page_in_the_shortest_frames_is_assembled(void) {
    uint32_t detail;
    begun();
    begin();
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE);
    CHECK_EQUAL(send_in(1, 0, 0, encoded_size(), &detail), IAP_STATUS_OK);
    CHECK(memcmp(sim.flash + 0x8000, image, SIM_PAGE_SIZE) == 0);
}

// Its own old content among it, and as it is now.
static void pages_are_copied_from_flash(void) {
    begun();
    page_of_old(1, 0);
    page_of_old(3, 1);
    begin();
    open_stream(2, 2);
    put_copied_page(2);
    accepted(1, 0);
    open_stream(4, 4); // page 1 is another one now
    put_copied_page(2);
    rejected(3, IAP_REJECTION_CRC);
    page_of_old(2, 2);
    open_stream(3, 1); // itself
    put_copied_page(1);
    accepted(2, IAP_PAGE_FLAG_FORCE);
}

static void dictionaries_stay_inside_the_application(void) {
    const uint32_t area = (SIM_FLASH_SIZE - 0x8000) / SIM_PAGE_SIZE;
    const uint32_t longest = IAP_MAX_DICTIONARY / SIM_PAGE_SIZE;
    const struct {
        uint32_t end, pages;
    } wrong[] = {{1, 2},      {0, 1},           {area + 1, 1}, {area + 1, 32},
                 {0xffff, 1}, {0xffff, 0xffff}, {1, 0xffff},   {area, longest + 1}},
      right[] = {{area, longest}, {longest, longest}, {area, 1}, {4, 4}};
    begun();
    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        open_stream(wrong[i].end, wrong[i].pages);
        put_stored(image, SIM_PAGE_SIZE);
        rejected(0, IAP_REJECTION_DICTIONARY);
    }
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        open_stream(right[i].end, right[i].pages);
        put_stored(image, SIM_PAGE_SIZE);
        accepted(0, IAP_PAGE_FLAG_FORCE);
    }
}

// A CRC-32 of a page with a few unknown bytes tells them.
static void protected_flash_is_not_copied_from(void) {
    static const uint8_t readable = IAP_SECURITY_FLAG_WRITE_PROTECTED;
    begun();
    page_of_old(1, 0);
    begin();
    for (int port = 0; port < 2; port++) {
        sim.protection = port == 0 ? IAP_SECURITY_FLAG_READ_PROTECTED : 0;
        sim.port.protection = port == 0 ? sim.port.protection : NULL; // nobody knows
        CHECK_EQUAL(iap_capabilities(&sim.iap.update.target) &
                        (IAP_CAPABILITY_DEFLATE | IAP_CAPABILITY_DICTIONARY),
                    IAP_CAPABILITY_DEFLATE);
        open_stream(2, 2);
        put_copied_page(2);
        rejected(1, IAP_REJECTION_DICTIONARY);
    }
    open_stream(7, 0); // no dictionary, wherever it ends
    put_stored(image, SIM_PAGE_SIZE);
    accepted(0, 0);
    begun();
    page_of_old(1, 0);
    begin();
    sim.protection = readable;
    open_stream(2, 2);
    put_copied_page(2);
    accepted(1, 0);
}

// Sent again it may no longer decode: what it was copied from is written over.
static void a_repeated_page_is_not_decoded(void) {
    begun();
    begin();
    CHECK_EQUAL(sim_page(&sim, number++, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t before = sim.operations;
    open_stream(0xffff, 0xffff);
    deflater_bits(&stream, 0xffffffff, 32);
    accepted(0, 0);
    CHECK_EQUAL(sim.operations, before);
    uint8_t more[IAP_DATA_REQUEST_SIZE + 1] = {0, 0, IAP_DATA_FLAG_ASK, 0}; // it is complete
    iap_put16(more, number);
    uint32_t size;
    sim_request(&sim, 0, IAP_COMMAND_DATA, more, sizeof more);
    const uint8_t *response = sim_response(&sim, IAP_COMMAND_DATA, &size);
    CHECK_EQUAL(response[IAP_DATA_RESPONSE_AT_STATUS], IAP_STATUS_PAGE_REJECTED);
    CHECK_EQUAL(iap_get32(response + IAP_DATA_RESPONSE_AT_DETAIL), IAP_REJECTION_NO_HEAD);
    rejected(1, IAP_REJECTION_DICTIONARY);
    uint32_t detail;
    CHECK_EQUAL(send_in(500, 0, IAP_PAGE_FLAG_FORCE, encoded_size(), &detail),
                IAP_STATUS_PAGE_REJECTED);
}

static uint32_t reads; // of page 0 in flash

// A half-word in doubt: the page reads right once, and wrong from then on.
static bool flicker(void *context, uint32_t *crc, const uint8_t *bytes, size_t words) {
    struct sim *device = context;
    *crc = iap_crc32(*crc, bytes, 4 * words);
    if (bytes == device->flash + (IAP_APP_BASE - IAP_BOOTLOADER_BASE)) {
        *crc ^= reads++ > 0;
    }
    return true;
}

// Bytes that were not decoded are not written, however flash reads next.
static void whether_a_page_is_there_is_read_once(void) {
    begun();
    begin();
    CHECK_EQUAL(sim_page(&sim, number++, image, SIZE, 0, 0), IAP_STATUS_OK);
    uint32_t before = sim.operations;
    reads = 0;
    sim.port.crc32 = flicker;
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE);
    accepted(0, 0);
    CHECK_EQUAL(sim.operations, before);
    accepted(0, 0); // it reads wrong now
    CHECK(sim.operations > before);
}

// It takes as long as many bytes on the line.
static void decoding_polls(void) {
    begun();
    begin();
    open_stream(0, 1); // not decoded
    deflater_bits(&stream, 7, 3);
    uint32_t polls = sim.polls;
    rejected(0, IAP_REJECTION_DICTIONARY);
    uint32_t without = sim.polls - polls;
    open_stream(0, 0);
    deflater_bits(&stream, 7, 3);
    polls = sim.polls;
    rejected(0, IAP_REJECTION_STREAM);
    CHECK_EQUAL(sim.polls - polls, without + 1);
}

static void wrong_streams_are_rejected(void) {
    begun();
    begin();
    open_stream(0, 0); // nothing
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(0, 0); // a block of the type that there is not
    deflater_bits(&stream, 7, 3);
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(0, 0); // too few bytes, too many, some left over, wrong ones
    put_stored(image, SIM_PAGE_SIZE - 1);
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE + 1);
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE);
    deflater_bits(&stream, 0, 8);
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(0, 0);
    put_stored(image + 1, SIM_PAGE_SIZE);
    rejected(0, IAP_REJECTION_CRC);
    open_stream(0, 0); // from before its beginning
    put_copied_page(1);
    rejected(0, IAP_REJECTION_STREAM);
    open_stream(2, 1); // from before the dictionary
    put_copied_page(2);
    rejected(0, IAP_REJECTION_STREAM);
    CHECK_EQUAL(sim_page(&sim, number, image, SIZE, 0, 0), IAP_STATUS_OK);
}

// Decoded bytes must not come over those of the stream that are still to be read.
static void a_stream_is_not_written_over(void) {
    begun();
    begin();
    open_stream(1, 1);
    deflater_begin(&stream, false, DEFLATER_FIXED);
    deflater_copy(&stream, DEFLATER_FIXED, SIM_PAGE_SIZE, 258);
    deflater_end(&stream, DEFLATER_FIXED);
    put_stored(image + 258, SIM_PAGE_SIZE - 258);
    memcpy(image, old, 258);
    begin();
    number = 0;
    accepted(0, 0); // it fits
    begun();
    begin();
    open_stream(0, 0);
    for (uint32_t i = 0; i < 10; i++) { // and this one never could
        deflater_stored(&stream, false, NULL, 0);
    }
    put_stored(image, SIM_PAGE_SIZE - 24);
    CHECK(encoded_size() > ROOM);
    rejected(0, IAP_REJECTION_LENGTH);
}

// The copy comes over the blocks behind it, with what they are anyway: it would decode all the
// same.
static void a_stream_without_room_is_rejected(void) {
    const uint32_t copied = 258;
    begun();
    open_stream(1, 1);
    deflater_stored(&stream, false, image, SIM_PAGE_SIZE - copied);
    deflater_begin(&stream, false, DEFLATER_FIXED);
    deflater_copy(&stream, DEFLATER_FIXED, SIM_PAGE_SIZE, copied);
    deflater_end(&stream, DEFLATER_FIXED);
    for (uint32_t i = 0; i < 10; i++) {
        deflater_stored(&stream, i == 9, NULL, 0);
    }
    memcpy(old + SIM_PAGE_SIZE - 30, stream.bytes + stream.size - IAP_PAGE_SPARE - 30, 30);
    memcpy(image + SIM_PAGE_SIZE - copied, old + SIM_PAGE_SIZE - copied, copied);
    CHECK_EQUAL(sim_update(&sim, old, SIZE), IAP_STATUS_OK);
    number = 0;
    begin();
    rejected(0, IAP_REJECTION_STREAM);
}

static void lengths_are_looked_at(void) {
    begun();
    begin();
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE);
    uint32_t detail; // not even if no more comes
    CHECK_EQUAL(send_in(1, 0, 0, IAP_DEFLATE_HEAD_SIZE - 1, &detail), IAP_STATUS_PAGE_REJECTED);
    CHECK_EQUAL(detail, IAP_REJECTION_LENGTH);
    rejected_as(0, ROOM + 1, IAP_REJECTION_LENGTH);
    rejected_as(0, 0, IAP_REJECTION_LENGTH);
    rejected_as(0, encoded_size() - 1, IAP_REJECTION_LENGTH); // more comes than was said
}

static void all_the_room_may_be_used(void) {
    begun();
    begin();
    open_stream(0, 0);
    for (uint32_t i = 0; i < 4; i++) {
        if (i > 0) { // one byte more
            deflater_begin(&stream, false, DEFLATER_FIXED);
            deflater_end(&stream, DEFLATER_FIXED);
        }
        deflater_stored(&stream, false, NULL, 0);
    }
    put_stored(image, SIM_PAGE_SIZE);
    CHECK_EQUAL(encoded_size(), ROOM);
    accepted(0, 0);
}

// A port from before there were compressed pages gives room for a page alone.
static void without_room_there_is_no_compression(void) {
    begun();
    begin();
    for (uint32_t size = 0; size < ROOM; size++) {
        sim.config.page_buffer_size = size;
        CHECK_EQUAL(iap_capabilities(&sim.iap.update.target) &
                        (IAP_CAPABILITY_DEFLATE | IAP_CAPABILITY_DICTIONARY),
                    0);
    }
    open_stream(0, 0);
    put_stored(image, SIM_PAGE_SIZE);
    rejected(0, IAP_REJECTION_ENCODING);
}

int main(void) {
    RUN(whole_updates_come_compressed);
    RUN(a_page_in_the_shortest_frames_is_assembled);
    RUN(pages_are_copied_from_flash);
    RUN(dictionaries_stay_inside_the_application);
    RUN(protected_flash_is_not_copied_from);
    RUN(a_repeated_page_is_not_decoded);
    RUN(whether_a_page_is_there_is_read_once);
    RUN(decoding_polls);
    RUN(wrong_streams_are_rejected);
    RUN(a_stream_is_not_written_over);
    RUN(a_stream_without_room_is_rejected);
    RUN(lengths_are_looked_at);
    RUN(all_the_room_may_be_used);
    RUN(without_room_there_is_no_compression);
    return 0;
}
