#include "sim.h"

#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_sha256.h"
#include "iap_trust.h"

static uint8_t *at(struct sim *sim, uint32_t address) {
    CHECK(address >= IAP_BOOTLOADER_BASE && address - IAP_BOOTLOADER_BASE < SIM_FLASH_SIZE);
    return sim->flash + (address - IAP_BOOTLOADER_BASE);
}

static uint32_t random_word(struct sim *sim) {
    sim->seed = sim->seed * 1664525u + 1013904223u;
    return sim->seed >> 8;
}

static bool cut_now(struct sim *sim, uint32_t address, uint16_t value, bool erase) {
    if (sim->operations < SIM_LOG) {
        sim->log[sim->operations] = (struct sim_operation){address, value, erase};
    }
    return ++sim->operations == sim->cut_at;
}

static uint32_t now_ms(void *context) {
    return ((struct sim *)context)->now_ms;
}

static void poll(void *context) {
    ((struct sim *)context)->polls++;
}

static size_t receive(void *context, uint8_t *bytes, size_t size) {
    struct sim *sim = context;
    size_t count = sim->to_device_end - sim->to_device_begin;
    count = count < size ? count : size;
    memcpy(bytes, sim->to_device + sim->to_device_begin, count);
    sim->to_device_begin += count;
    return count;
}

static void send(void *context, const uint8_t *bytes, size_t size) {
    struct sim *sim = context;
    CHECK(sim->from_device_size + size <= SIM_LINE);
    memcpy(sim->from_device + sim->from_device_size, bytes, size);
    sim->from_device_size += size;
}

static uint32_t nearest_rate(void *context, uint32_t rate) {
    (void)context;
    return 64000000u / (64000000u / rate);
}

static void set_rate(void *context, uint32_t rate) {
    struct sim *sim = context;
    sim->rate = rate;
    sim->rate_changes++;
}

static const uint8_t *flash(void *context, uint32_t address) {
    return at(context, address);
}

static bool erase_page(void *context, uint32_t address) {
    struct sim *sim = context;
    CHECK_EQUAL(address % SIM_PAGE_SIZE, 0);
    CHECK(address >= iap_record_a(&sim->config));
    uint8_t *page = at(sim, address);
    if (address >= sim->refuse_from && address < sim->refuse_to) {
        return false;
    }
    if (cut_now(sim, address, 0xffff, true)) {
        for (uint32_t i = 0; i < SIM_PAGE_SIZE; i++) {
            page[i] |= (uint8_t)random_word(sim);
        }
        longjmp(sim->power, 1);
    }
    sim->erases++;
    if (address >= sim->worn_from && address < sim->worn_to) {
        return true;
    }
    memset(page, 0xff, SIM_PAGE_SIZE);
    return true;
}

static bool program(void *context, uint32_t address, uint16_t value) {
    struct sim *sim = context;
    CHECK_EQUAL(address % 2, 0);
    CHECK(address >= iap_record_a(&sim->config));
    uint8_t *cell = at(sim, address);
    if (address >= sim->refuse_from && address < sim->refuse_to) {
        return false;
    }
    if (cut_now(sim, address, value, false)) {
        iap_put16(cell, iap_get16(cell) & (value | random_word(sim)));
        longjmp(sim->power, 1);
    }
    if (address >= sim->worn_from && address < sim->worn_to) {
        return true;
    }
    if (iap_get16(cell) != 0xffff && value != 0) {
        return false; // PGERR
    }
    iap_put16(cell, value);
    return true;
}

static bool supply_low(void *context) {
    const struct sim *sim = context;
    return sim->supply_low || (sim->low_at != 0 && sim->operations >= sim->low_at);
}

static uint8_t protection(void *context) {
    return ((struct sim *)context)->protection;
}

static bool button(void *context) {
    return ((struct sim *)context)->button;
}

static void restart(void *context, const uint8_t mailbox[IAP_MAILBOX_SIZE]) {
    struct sim *sim = context;
    memcpy(sim->mailbox, mailbox, IAP_MAILBOX_SIZE);
    sim->restarted = true;
}

void sim_init(struct sim *sim) {
    static const uint8_t unique_id[12] = "unique id 01";
    memset(sim, 0, sizeof *sim);
    memset(sim->flash, 0xff, sizeof sim->flash);
    sim->config = (struct iap_config){
        .part = "sim",
        .unique_id = unique_id,
        .page_size = SIM_PAGE_SIZE,
        .app_base = IAP_APP_BASE,
        .app_end = IAP_BOOTLOADER_BASE + SIM_FLASH_SIZE,
        .ram_base = 0x20000000,
        .ram_end = 0x20005000,
        .default_rate = 115200,
        .max_rate = 921600,
        .window = SIM_WINDOW,
        .max_payload = SIM_MAX_PAYLOAD,
        .frame_buffer = sim->frame,
        .answer_buffer = sim->answer,
        .page_buffer = sim->page,
        .page_buffer_size = sizeof sim->page,
        .listen_ms = 100,
        .idle_ms = 10000,
        .begin_ms = 500,
        .page_ms = 200,
        .pages_ms = 100,
        .end_ms = 1000,
        .trials = 3,
    };
    sim->port = (struct iap_port){
        .context = sim,
        .now_ms = now_ms,
        .poll = poll,
        .receive = receive,
        .send = send,
        .nearest_rate = nearest_rate,
        .set_rate = set_rate,
        .flash = flash,
        .erase_page = erase_page,
        .program = program,
        .supply_low = supply_low,
        .protection = protection,
        .button = button,
        .restart = restart,
    };
}

struct iap_target sim_target(struct sim *sim) {
    return (struct iap_target){&sim->config, &sim->port};
}

void sim_boot(struct sim *sim) {
    sim->restarted = false;
    sim->to_device_begin = sim->to_device_end = sim->from_device_size = 0;
    iap_init(&sim->iap, sim_target(sim), iap_mailbox_take(sim->mailbox), 0);
}

void sim_run(struct sim *sim, uint32_t ms) {
    for (uint32_t i = 0; i < ms && !sim->restarted; i++) {
        sim->now_ms++;
        for (uint32_t step = 0; step < 100 && !sim->restarted; step++) {
            iap_step(&sim->iap);
        }
    }
}

static void to_device(void *context, const uint8_t *bytes, size_t size) {
    struct sim *sim = context;
    CHECK(sim->to_device_end + size <= SIM_LINE);
    memcpy(sim->to_device + sim->to_device_end, bytes, size);
    sim->to_device_end += size;
}

bool sim_survives(struct sim *sim, uint32_t cut, void (*work)(void)) {
    sim->seed = cut;
    sim->cut_at = sim->operations + cut;
    bool whole = setjmp(sim->power) == 0;
    if (whole) {
        work();
    }
    sim->cut_at = 0;
    return whole;
}

void sim_request(struct sim *sim, uint8_t address, uint8_t type, const uint8_t *payload,
                 uint32_t size) {
    static uint8_t frame[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    static uint8_t seq;
    frame[0] = address;
    frame[1] = type;
    frame[2] = seq++;
    if (size > 0) {
        memcpy(frame + IAP_FRAME_HEADER_SIZE, payload, size);
    }
    iap_frame_send(frame, size, to_device, sim);
    while (sim->to_device_begin < sim->to_device_end && !sim->restarted) {
        iap_step(&sim->iap);
    }
    sim->to_device_begin = sim->to_device_end = 0;
}

const uint8_t *sim_response(struct sim *sim, uint8_t type, uint32_t *size) {
    static uint8_t buffer[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    struct iap_decoder decoder;
    const uint8_t *payload = NULL;
    iap_decoder_init(&decoder, buffer, sizeof buffer);
    for (size_t i = 0; i < sim->from_device_size; i++) {
        enum iap_decoded decoded = iap_decoder_sink(&decoder, sim->from_device[i]);
        if (decoded == IAP_DECODED_FRAME) {
            struct iap_frame frame = iap_decoder_frame(&decoder);
            CHECK_EQUAL(frame.type, type | IAP_RESPONSE_BIT);
            *size = frame.size;
            payload = frame.payload;
        } else {
            CHECK_EQUAL(decoded, IAP_DECODED_NOTHING);
        }
    }
    sim->from_device_size = 0;
    return payload;
}

void sim_image(uint8_t *image, uint32_t size, uint32_t seed) {
    struct sim source = {.seed = seed};
    for (uint32_t i = 0; i < size; i++) {
        image[i] = (uint8_t)random_word(&source);
    }
    iap_put32(image, 0x20005000);
    iap_put32(image + 4, IAP_APP_BASE + 9);
}

void sim_header(uint8_t header[IAP_HEADER_SIZE], const uint8_t *image, uint32_t size) {
    memset(header, 0, IAP_HEADER_SIZE);
    iap_put32(header + IAP_HEADER_AT_MAGIC, IAP_HEADER_MAGIC);
    iap_put16(header + IAP_HEADER_AT_FORMAT, IAP_HEADER_FORMAT);
    iap_put16(header + IAP_HEADER_AT_HEADER_SIZE, IAP_HEADER_SIZE);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MAX, 0xffff);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, IAP_APP_BASE);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, size);
    iap_put32(header + IAP_HEADER_AT_IMAGE_CRC32, iap_crc32(0, image, size));
    struct iap_sha256 sha;
    uint32_t rest = size % IAP_SHA256_BLOCK;
    iap_sha256_start(&sha);
    iap_sha256_blocks(&sha, image, size - rest);
    iap_sha256_finish(&sha, image + size - rest, rest, header + IAP_HEADER_AT_IMAGE_SHA256);
    memset(header + IAP_HEADER_AT_USABLE_KEYS, 0xff,
           IAP_HEADER_AT_SIGNATURE_ALGORITHM - IAP_HEADER_AT_USABLE_KEYS);
    memset(header + IAP_HEADER_AT_SIGNATURE, 0xff, 64);
}

static uint8_t status_of(struct sim *sim, uint8_t type) {
    uint32_t size;
    const uint8_t *response = sim_response(sim, type, &size);
    CHECK(response != NULL && size > 0);
    return response[0];
}

uint32_t sim_pending(struct sim *sim, const uint8_t *header) {
    struct iap_target target = sim_target(sim);
    struct iap_entry entry = {0};
    (void)iap_record_append(&target, iap_header_at(header), &entry);
    iap_update_read_record(&sim->iap.update);
    return entry.slot;
}

const uint8_t *sim_hello(struct sim *sim, uint8_t flags) {
    const uint8_t request[IAP_HELLO_REQUEST_SIZE] = {IAP_PROTOCOL_MAJOR, IAP_PROTOCOL_MINOR, flags,
                                                     0};
    uint32_t size;
    sim_request(sim, 0, IAP_COMMAND_HELLO, request, sizeof request);
    const uint8_t *response = sim_response(sim, IAP_COMMAND_HELLO, &size);
    CHECK(response != NULL);
    CHECK_EQUAL(size, IAP_HELLO_RESPONSE_SIZE + (iap_trust_signed_only() ? IAP_SECURITY_SIZE : 0));
    return response;
}

uint8_t sim_begin(struct sim *sim, const uint8_t *header, uint8_t flags) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE];
    request[0] = flags;
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    sim_request(sim, 0, IAP_COMMAND_BEGIN, request, sizeof request);
    return status_of(sim, IAP_COMMAND_BEGIN);
}

uint8_t sim_page(struct sim *sim, uint16_t number, const uint8_t *image, uint32_t size,
                 uint16_t page, uint8_t flags) {
    uint8_t request[SIM_MAX_PAYLOAD];
    uint8_t padded[SIM_PAGE_SIZE];
    uint32_t begin = page * SIM_PAGE_SIZE;
    uint32_t length = size - begin < SIM_PAGE_SIZE ? size - begin : SIM_PAGE_SIZE;
    memset(padded, 0xff, sizeof padded);
    memcpy(padded, image + begin, length);
    iap_put16(request + IAP_DATA_REQUEST_AT_NUMBER, number);
    request[IAP_DATA_REQUEST_AT_FLAGS] = IAP_DATA_FLAG_ASK | IAP_DATA_FLAG_HEAD;
    uint8_t *head = request + IAP_DATA_REQUEST_AT_BODY;
    iap_put16(head + IAP_PAGE_HEAD_AT_PAGE, page);
    head[IAP_PAGE_HEAD_AT_ENCODING] = IAP_ENCODING_RAW;
    head[IAP_PAGE_HEAD_AT_FLAGS] = flags;
    iap_put16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH, length);
    iap_put16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, length);
    iap_put32(head + IAP_PAGE_HEAD_AT_CRC32, iap_crc32(0, padded, sizeof padded));
    memcpy(head + IAP_PAGE_HEAD_SIZE, image + begin, length);
    sim_request(sim, 0, IAP_COMMAND_DATA, request,
                IAP_DATA_REQUEST_AT_BODY + IAP_PAGE_HEAD_SIZE + length);
    return status_of(sim, IAP_COMMAND_DATA);
}

uint8_t sim_end(struct sim *sim, uint16_t count) {
    uint8_t request[IAP_END_REQUEST_SIZE];
    iap_put16(request, count);
    sim_request(sim, 0, IAP_COMMAND_END, request, sizeof request);
    return status_of(sim, IAP_COMMAND_END);
}

uint8_t sim_update(struct sim *sim, const uint8_t *image, uint32_t size) {
    uint8_t header[IAP_HEADER_SIZE];
    sim_header(header, image, size);
    uint8_t status = sim_begin(sim, header, 0);
    uint16_t number = 0;
    for (uint16_t page = 0; status == IAP_STATUS_OK && page * SIM_PAGE_SIZE < size; page++) {
        status = sim_page(sim, number++, image, size, page, 0);
    }
    return status == IAP_STATUS_OK ? sim_end(sim, number) : status;
}
