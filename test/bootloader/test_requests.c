// Frames and single requests: which are taken, how they are answered, and that they change nothing.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "sim.h"

#define SIZE 5000u // bytes: five pages, the last not full

static struct sim sim;
static uint8_t image[SIZE];
static uint8_t header[IAP_HEADER_SIZE];
static uint8_t line[4 * IAP_MAX_PAYLOAD];
static size_t line_size;

static void fresh(void) {
    sim_init(&sim);
    sim_image(image, SIZE, 1);
    sim_header(header, image, SIZE);
    sim_boot(&sim);
}

static void to_line(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    memcpy(line + line_size, bytes, size);
    line_size += size;
}

// Encodes a frame into line, a delimiter on either side.
static void encode(uint8_t address, uint8_t type, uint8_t seq, const uint8_t *payload,
                   uint32_t size) {
    static uint8_t frame[2 * IAP_MAX_PAYLOAD];
    frame[0] = address;
    frame[1] = type;
    frame[2] = seq;
    if (size > 0) {
        memcpy(frame + IAP_FRAME_HEADER_SIZE, payload, size);
    }
    line_size = 0;
    iap_frame_send(frame, size, to_line, NULL);
}

static void send(const uint8_t *bytes, size_t size) {
    CHECK(size <= SIM_LINE);
    memcpy(sim.to_device, bytes, size);
    sim.to_device_end = size;
    while (sim.to_device_begin < sim.to_device_end) {
        iap_step(&sim.iap);
    }
    sim.to_device_begin = sim.to_device_end = 0;
}

// The one frame that was sent since the last call.
static struct iap_frame answer(void) {
    static uint8_t buffer[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    struct iap_decoder decoder;
    struct iap_frame frame = {0};
    uint32_t frames = 0;
    iap_decoder_init(&decoder, buffer, sizeof buffer);
    for (size_t i = 0; i < sim.from_device_size; i++) {
        enum iap_decoded decoded = iap_decoder_sink(&decoder, sim.from_device[i]);
        CHECK(decoded == IAP_DECODED_NOTHING || decoded == IAP_DECODED_FRAME);
        if (decoded == IAP_DECODED_FRAME) {
            frame = iap_decoder_frame(&decoder);
            frames++;
        }
    }
    sim.from_device_size = 0;
    CHECK_EQUAL(frames, 1);
    return frame;
}

static void damaged_frames_are_dropped(void) {
    fresh();
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    encode(0, IAP_COMMAND_BEGIN, 1, request, sizeof request);
    for (size_t bit = 8; bit < 8 * (line_size - 1); bit++) {
        line[bit / 8] ^= (uint8_t)(1u << bit % 8);
        send(line, line_size);
        line[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQUAL(sim.from_device_size, 0);
    }
    for (size_t size = 1; size < line_size - 1; size++) {
        static uint8_t cut[sizeof line];
        memcpy(cut, line, size);
        cut[size] = IAP_FRAME_DELIMITER;
        send(cut, size + 1);
        CHECK_EQUAL(sim.from_device_size, 0);
    }
    CHECK_EQUAL(sim.operations, 0);
    send(line, line_size);
    CHECK_EQUAL(answer().payload[0], IAP_STATUS_OK);
}

static void a_frame_too_long_is_dropped(void) {
    static uint8_t payload[IAP_MAX_PAYLOAD];
    fresh();
    // A buffer of its own, so that the sanitizer sees a byte beyond it
    uint8_t *buffer = malloc(SIM_MAX_PAYLOAD + IAP_FRAME_OVERHEAD);
    sim.config.frame_buffer = buffer;
    sim_boot(&sim);
    payload[0] = IAP_PROTOCOL_MAJOR;
    for (uint32_t size = SIM_MAX_PAYLOAD + 1; size <= IAP_MAX_PAYLOAD; size += 61) {
        memset(payload + 4, (int)size, size - 4);
        encode(0, IAP_COMMAND_HELLO, 1, payload, size);
        send(line, line_size);
        CHECK_EQUAL(sim.from_device_size, 0);
        CHECK_EQUAL(sim_hello(&sim, 0)[0], IAP_STATUS_OK);
    }
    encode(0, IAP_COMMAND_HELLO, 1, payload, SIM_MAX_PAYLOAD);
    send(line, line_size);
    CHECK_EQUAL(answer().type, IAP_COMMAND_HELLO | IAP_RESPONSE_BIT);
    free(buffer);
}

static void every_request_is_answered_once(void) {
    static const uint8_t payload[IAP_BEGIN_REQUEST_SIZE] = {0, 0, IAP_DATA_FLAG_ASK};
    fresh();
    for (uint32_t seq = 0; seq < 256; seq += 15) {
        for (uint32_t type = 0; type < IAP_RESPONSE_BIT; type++) {
            if (type == IAP_COMMAND_BAUD) {
                continue; // changes how the test would have to listen
            }
            encode(0, (uint8_t)type, (uint8_t)seq, payload, sizeof payload);
            send(line, line_size);
            struct iap_frame got = answer();
            CHECK_EQUAL(got.address, 0);
            CHECK_EQUAL(got.type, type | IAP_RESPONSE_BIT);
            CHECK_EQUAL(got.seq, seq);
            CHECK(got.size > 0);
        }
    }
    // DATA is answered only if it asks, and nothing comes by itself.
    static const uint8_t quiet[IAP_DATA_REQUEST_SIZE] = {0};
    encode(0, IAP_COMMAND_DATA, 1, quiet, sizeof quiet);
    send(line, line_size);
    sim_run(&sim, 20000);
    CHECK_EQUAL(sim.from_device_size, 0);
}

static void responses_are_ignored(void) {
    fresh();
    uint8_t request[IAP_BEGIN_REQUEST_SIZE] = {0};
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    for (uint32_t type = 0; type < IAP_RESPONSE_BIT; type++) {
        encode(0, (uint8_t)(type | IAP_RESPONSE_BIT), 1, request, sizeof request);
        send(line, line_size);
        CHECK_EQUAL(sim.from_device_size, 0);
    }
    CHECK_EQUAL(sim.operations, 0);
}

static void longer_requests_are_taken(void) {
    static const struct {
        uint8_t type;
        uint32_t size;
        uint8_t status;
    } cases[] = {
        {IAP_COMMAND_HELLO, IAP_HELLO_REQUEST_SIZE, IAP_STATUS_OK},
        {IAP_COMMAND_BEGIN, IAP_BEGIN_REQUEST_SIZE, IAP_STATUS_OK},
        {IAP_COMMAND_PAGES, IAP_PAGES_REQUEST_SIZE, IAP_STATUS_OK},
        {IAP_COMMAND_END, IAP_END_REQUEST_SIZE, IAP_STATUS_GAP},
        {IAP_COMMAND_ABORT, IAP_ABORT_REQUEST_SIZE, IAP_STATUS_OK},
        {IAP_COMMAND_ENTER, IAP_ENTER_REQUEST_SIZE, IAP_STATUS_OK},
        {IAP_COMMAND_BAUD, IAP_BAUD_REQUEST_SIZE, IAP_STATUS_OK},
    };
    fresh();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t request[SIM_MAX_PAYLOAD] = {0};
        request[0] = 1;
        if (cases[i].type == IAP_COMMAND_PAGES) {
            iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, 1);
        } else if (cases[i].type == IAP_COMMAND_BEGIN) {
            request[0] = 0;
            memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
        } else if (cases[i].type == IAP_COMMAND_BAUD) {
            iap_put32(request, 57600);
        }
        memset(request + cases[i].size, 0xa5, sizeof request - cases[i].size);
        encode(0, cases[i].type, 1, request, sizeof request);
        send(line, line_size);
        CHECK_EQUAL(answer().payload[0], cases[i].status);
    }
}

static void hello_is_always_answered(void) {
    fresh();
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    for (uint16_t page = 0; page < 5; page++) {
        CHECK_EQUAL(sim_page(&sim, page, image, SIZE, page, 0), IAP_STATUS_OK);
        CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    }
    CHECK_EQUAL(sim_end(&sim, 4), IAP_STATUS_GAP);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    CHECK_EQUAL(sim_end(&sim, 5), IAP_STATUS_OK);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    sim_boot(&sim); // in the listening window
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STATUS], IAP_STATUS_OK);
    const struct iap_mailbox fault = {.request = IAP_REQUEST_FAULT};
    iap_mailbox_pack(sim.mailbox, &fault);
    sim_boot(&sim);
    CHECK_EQUAL(sim_hello(&sim, 0)[IAP_HELLO_RESPONSE_AT_STAY], IAP_STAY_FAULT);
}

static uint8_t pages(uint32_t first, uint32_t count, uint32_t *crc) {
    uint8_t request[IAP_PAGES_REQUEST_SIZE];
    iap_put16(request + IAP_PAGES_REQUEST_AT_FIRST, first);
    iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, count);
    encode(0, IAP_COMMAND_PAGES, 1, request, sizeof request);
    send(line, line_size);
    struct iap_frame got = answer();
    if (got.payload[0] == IAP_STATUS_OK) {
        CHECK_EQUAL(got.size, IAP_PAGES_RESPONSE_SIZE + 4 * count);
        *crc = iap_get32(got.payload + got.size - 4);
    }
    return got.payload[0];
}

// Begins an image of this size; nothing of it is sent.
static void begin_image_of(uint32_t size) {
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, size);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
}

static void pages_stay_inside_the_application(void) {
    fresh();
    const uint32_t all = (SIM_FLASH_SIZE - 0x8000) / SIM_PAGE_SIZE;
    uint32_t crc;
    begin_image_of(SIM_FLASH_SIZE - 0x8000);
    for (uint32_t first = 0; first < 0x10000; first += first < all + 2 ? 1 : 997) {
        static const uint32_t counts[] = {0, 1, 2, 95, 96, 97, 258, 259, 0xffff};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            bool inside = counts[i] > 0 && first + counts[i] <= all;
            CHECK_EQUAL(pages(first, counts[i], &crc),
                        inside ? IAP_STATUS_OK : IAP_STATUS_BAD_REQUEST);
        }
    }
    // More than an answer holds, where the application has them
    sim.config.max_payload = 272;
    CHECK_EQUAL(pages(0, (272 - IAP_PAGES_RESPONSE_SIZE) / 4, &crc), IAP_STATUS_OK);
    CHECK_EQUAL(pages(0, (272 - IAP_PAGES_RESPONSE_SIZE) / 4 + 1, &crc), IAP_STATUS_BAD_REQUEST);
}

// Whether these pages are answered for and none behind them.
static void pages_are(uint32_t count) {
    uint32_t crc;
    for (uint32_t page = 0; page < count; page++) {
        CHECK_EQUAL(pages(page, 1, &crc), IAP_STATUS_OK);
        CHECK_EQUAL(crc, iap_crc32(0, sim.flash + 0x8000 + page * SIM_PAGE_SIZE, SIM_PAGE_SIZE));
        CHECK_EQUAL(pages(page, count - page, &crc), IAP_STATUS_OK);
        CHECK_EQUAL(pages(page, count - page + 1, &crc), IAP_STATUS_BAD_REQUEST);
    }
    for (uint32_t page = count; page < count + 3; page++) {
        CHECK_EQUAL(pages(page, 1, &crc), IAP_STATUS_BAD_REQUEST);
    }
}

// Of other flash its bytes could be found out, four at a time.
static void pages_stay_inside_the_image(void) {
    fresh();
    pages_are(0);
    begin_image_of(2 * SIM_PAGE_SIZE + 1); // the last page has one byte of it
    pages_are(3);
    sim_boot(&sim); // nothing was written
    pages_are(0);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 0, 0), IAP_STATUS_OK);
    sim_boot(&sim); // an update that is not finished is one
    pages_are(5);
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    pages_are(5);
    begin_image_of(7 * SIM_PAGE_SIZE);
    pages_are(7);
    begin_image_of(SIM_PAGE_SIZE);
    pages_are(1);
    sim_boot(&sim);
    pages_are(5);
    // An entry that no BEGIN would have made
    static const uint32_t sizes[] = {0, 7, SIM_FLASH_SIZE, 0xffffffff};
    struct iap_target target = sim_target(&sim);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, sizes[i]);
        uint32_t slot = sim_pending(&sim, header);
        CHECK(iap_ok(iap_record_set(&target, slot, IAP_ENTRY_TOUCHED)));
        sim_boot(&sim);
        pages_are(0);
    }
}

static void pages_are_read_from_flash(void) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    for (uint32_t page = 0; page < 5; page++) {
        uint8_t *flash = sim.flash + 0x8000 + page * SIM_PAGE_SIZE;
        uint32_t crc;
        CHECK_EQUAL(pages(page, 1, &crc), IAP_STATUS_OK);
        CHECK_EQUAL(crc, iap_crc32(0, flash, SIM_PAGE_SIZE));
        flash[page] ^= 1;
        CHECK_EQUAL(pages(page, 1, &crc), IAP_STATUS_OK);
        CHECK_EQUAL(crc, iap_crc32(0, flash, SIM_PAGE_SIZE));
    }
}

static void rates_that_are_off_are_refused(void) {
    uint8_t request[IAP_BAUD_REQUEST_SIZE];
    fresh();
    sim.config.max_rate = 8000000; // the simulated UART divides 64 MHz: coarse up there
    for (uint32_t rate = 1000000; rate <= 8000000; rate += 12345) {
        uint32_t real = 64000000u / (64000000u / rate);
        bool near = real - rate <= rate / 50;
        iap_put32(request, rate);
        encode(0, IAP_COMMAND_BAUD, 1, request, sizeof request);
        send(line, line_size);
        struct iap_frame got = answer();
        CHECK_EQUAL(got.payload[0], near ? IAP_STATUS_OK : IAP_STATUS_RATE_UNAVAILABLE);
        CHECK_EQUAL(iap_get32(got.payload + 1), near ? real : 8000000);
    }
}

static void worn_flash_is_found(uint32_t from, uint32_t to) {
    fresh();
    CHECK_EQUAL(sim_update(&sim, image, SIZE), IAP_STATUS_OK);
    sim_image(image, SIZE, 2);
    sim_header(header, image, SIZE);
    CHECK_EQUAL(sim_begin(&sim, header, 0), IAP_STATUS_OK);
    sim.worn_from = from;
    sim.worn_to = to;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 1, 0), IAP_STATUS_FLASH_FAILED);
    CHECK_EQUAL(sim.iap.update.session.next, 0);
    sim.worn_from = sim.worn_to = 0;
    CHECK_EQUAL(sim_page(&sim, 0, image, SIZE, 1, 0), IAP_STATUS_OK);
}

// Flash that reports success and did nothing is found by reading back.
static void every_page_is_read_back(void) {
    const uint32_t page = IAP_APP_BASE + SIM_PAGE_SIZE;
    worn_flash_is_found(page, page + 2);                                 // the erase
    worn_flash_is_found(page + 0x200, page + 0x202);                     // one half-word
    worn_flash_is_found(page + SIM_PAGE_SIZE - 2, page + SIM_PAGE_SIZE); // the last
}

int main(void) {
    RUN(damaged_frames_are_dropped);
    RUN(a_frame_too_long_is_dropped);
    RUN(every_request_is_answered_once);
    RUN(responses_are_ignored);
    RUN(longer_requests_are_taken);
    RUN(hello_is_always_answered);
    RUN(pages_stay_inside_the_application);
    RUN(pages_stay_inside_the_image);
    RUN(pages_are_read_from_flash);
    RUN(rates_that_are_off_are_refused);
    RUN(every_page_is_read_back);
}
