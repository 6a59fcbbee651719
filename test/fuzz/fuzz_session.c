// The whole bootloader under any sequence of requests, noise, resets, flash failures and power
// cuts. What must hold at every moment is in device.c; what must hold afterwards is in finish():
// whatever was done to it, the device answers, takes the next update, and starts it.
#include <string.h>

#include "check.h"
#include "deflater.h"
#include "device.h"
#include "iap_bytes.h"
#include "reference.h"
#include "signatures.h"

#define IMAGES     6u
#define IMAGE_ROOM 8192u                // bytes; more than the largest application's area
#define LINE_LIMIT 12000u               // bytes on the line: more would only be slow
#define PACK_ROOM  (2u * SIM_PAGE_SIZE) // bytes; the longest page on the line
#define AREA_PAGES 8u                   // of the largest application's area
#define ROOM       (SIM_PAGE_SIZE + IAP_PAGE_SPARE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const uint32_t image_sizes[IMAGES] = {60, 700, 1024, 1030, 2100, 3072};
static uint8_t images[IMAGES][IMAGE_ROOM];
static uint8_t headers[IMAGES][IAP_HEADER_SIZE];
static uint8_t vectorless[IMAGES][IAP_HEADER_SIZE]; // right in all but the vectors

// The other end of the line, and the input it plays.
static struct {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t header[IAP_HEADER_SIZE]; // of the update under way
    uint8_t image;
    bool vectors;
    uint8_t seq;
    uint8_t damage[4]; // kind, where, where, value
    bool damaging;
    uint32_t burst;           // frames still to be sent before the device runs
    struct program_step sign; // how headers are signed
    struct program_step pack; // how pages travel
} host;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    device_init();
    for (uint32_t i = 0; i < IMAGES; i++) {
        sim_image(images[i], IMAGE_ROOM, i + 1);
        memset(images[i] + 300, 0xff, 400); // half-words that are not programmed
        memset(images[i] + 40, 0, 6);       // and some that can be programmed again
        uint32_t stack = iap_get32(images[i]);
        iap_put32(images[i], 0x08000000);
        sim_header(vectorless[i], images[i], image_sizes[i]);
        iap_put32(images[i], stack);
        sim_header(headers[i], images[i], image_sizes[i]);
    }
    return 0;
}

static struct program_step next_step(void) {
    struct program_step step = {0};
    size_t left = (size_t)(host.end - host.at);
    size_t size = left < sizeof step ? left : sizeof step;
    memcpy(&step, host.at, size);
    host.at += size;
    return step;
}

// Bytes of the next steps, as they are.
static uint32_t next_bytes(uint8_t *to, uint32_t steps) {
    size_t left = (size_t)(host.end - host.at);
    size_t size = steps * PROGRAM_STEP < left ? steps * PROGRAM_STEP : left;
    memcpy(to, host.at, size);
    host.at += size;
    return (uint32_t)size;
}

static uint8_t address_of(uint8_t choice) {
    switch (choice % 8) {
    case 5:
        return device.address;
    case 6:
        return IAP_ADDRESS_BROADCAST;
    case 7:
        return device.address ^ 3;
    default:
        return IAP_ADDRESS_ONLY;
    }
}

static size_t damage(uint8_t *bytes, size_t size) {
    size_t at = iap_get16(host.damage + 1) % size;
    host.damaging = false;
    switch (host.damage[0] % PROGRAM_DAMAGES) {
    case PROGRAM_DAMAGE_FLIP:
        bytes[at] ^= host.damage[3];
        return size;
    case PROGRAM_DAMAGE_LOSE:
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size - 1;
    case PROGRAM_DAMAGE_INSERT:
        memmove(bytes + at + 1, bytes + at, size - at);
        bytes[at] = host.damage[3];
        return size + 1;
    case PROGRAM_DAMAGE_CUT:
        return at;
    default:
        device_receive(bytes, size);
        return size;
    }
}

static void send_frame(uint8_t address, uint8_t type, const uint8_t *payload, uint32_t size) {
    static uint8_t bytes[REFERENCE_MAX_ENCODED + 1];
    size_t encoded = reference_encode(address, type, host.seq++, payload, size, bytes);
    if (host.damaging) {
        encoded = damage(bytes, encoded);
    }
    device_receive(bytes, encoded);
    if (host.burst > 0) {
        host.burst--;
    } else {
        device_run(1);
    }
}

static void request(const struct program_step *step, uint8_t type, const uint8_t *payload,
                    uint32_t size) {
    send_frame(address_of(step->g), type, payload, size);
}

static void hello(const struct program_step *step) {
    static uint8_t payload[4 + 128] = {IAP_PROTOCOL_MAJOR, IAP_PROTOCOL_MINOR};
    payload[2] = step->a;
    uint32_t size = step->b < 128 ? 4u + step->b : (256u - step->b) % 4u;
    request(step, IAP_COMMAND_HELLO, payload, size);
}

static void baud(const struct program_step *step) {
    static const uint32_t rates[] = {9600,   19200,  38400,    57600,   115200, 230400,
                                     460800, 921600, 921601,   0,       1,      64,
                                     700000, 800000, 64000000, 99999999};
    uint8_t payload[4];
    iap_put32(payload, step->a < 128 ? rates[step->a % 16] : iap_get32(&step->b));
    request(step, IAP_COMMAND_BAUD, payload, sizeof payload);
}

static void sign(uint8_t *header) {
    const struct program_step *how = &host.sign;
    if (!DEVICE_SIGNED || (how->d & PROGRAM_SIGNATURE_NONE) != 0) {
        return;
    }
    header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = (uint8_t)(IAP_SIGNATURE_ECDSA_P256 + how->c);
    header[IAP_HEADER_AT_KEY_ID] = (uint8_t)(how->a - 1);
    header[IAP_HEADER_AT_USABLE_KEYS] =
        (how->d & PROGRAM_SIGNATURE_KEYS) != 0 ? device.usable : (uint8_t)~how->b;
    signatures_sign(header);
    if ((how->d & PROGRAM_SIGNATURE_HIGH) != 0) {
        header[IAP_HEADER_AT_SIGNATURE + 32] |= 0x80;
    }
    if ((how->d & PROGRAM_SIGNATURE_BYTE) != 0) {
        header[IAP_HEADER_AT_SIGNATURE + how->e % 64] ^= how->f;
    }
    if ((how->d & PROGRAM_SIGNATURE_AFTER) != 0) {
        header[how->e % IAP_HEADER_AT_SIGNATURE] ^= how->f;
    }
}

static void make_header(uint8_t image, uint8_t bits, uint8_t at, uint8_t value, uint8_t counter) {
    static const uint32_t sizes[] = {0,          7,          8,          9,         12,   1023,
                                     1024,       1025,       3072,       3073,      8192, 8193,
                                     0x7fffffff, 0x80000000, 0xffff8000, 0xffffffff};
    uint8_t *header = host.header;
    host.image = image % IMAGES;
    host.vectors = (bits & PROGRAM_HEADER_VECTORS) == 0;
    memcpy(header, host.vectors ? headers[host.image] : vectorless[host.image], IAP_HEADER_SIZE);
    if ((bits & PROGRAM_HEADER_BYTE) != 0) {
        header[at] = value;
    }
    if ((bits & PROGRAM_HEADER_CONFIRM) != 0) {
        iap_put32(header + IAP_HEADER_AT_FLAGS, IAP_IMAGE_FLAG_CONFIRM);
    }
    if ((bits & PROGRAM_HEADER_PRODUCT) != 0) {
        memcpy(header + IAP_HEADER_AT_PRODUCT, device.product, sizeof device.product);
    }
    if ((bits & PROGRAM_HEADER_SHA256) != 0) {
        header[IAP_HEADER_AT_IMAGE_SHA256 + at % 32] ^= 0x10;
    }
    if ((bits & PROGRAM_HEADER_CRC32) != 0) {
        header[IAP_HEADER_AT_IMAGE_CRC32 + at % 4] ^= 0x10;
    }
    if ((bits & PROGRAM_HEADER_COUNTER) != 0) {
        header[IAP_HEADER_AT_SECURITY_COUNTER] = counter;
    }
    if ((bits & PROGRAM_HEADER_SIZE) != 0) {
        iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, sizes[value % 16]);
    }
    sign(header);
}

static void begin(uint8_t address, uint8_t flags) {
    uint8_t payload[IAP_BEGIN_REQUEST_SIZE];
    payload[0] = flags;
    memcpy(payload + 1, host.header, IAP_HEADER_SIZE);
    send_frame(address, IAP_COMMAND_BEGIN, payload, sizeof payload);
}

static uint16_t next_number(void) {
    return device.sim.iap.update.session.next;
}

static const uint8_t *flash_page(uint32_t page) {
    return device.sim.flash + (IAP_APP_BASE - IAP_BOOTLOADER_BASE) + page * SIM_PAGE_SIZE;
}

// A page as its bytes travel, to a device whose flash is as it is now.
static uint32_t pack(const uint8_t *bytes, uint32_t length, uint8_t to[PACK_ROOM]) {
    static uint8_t data[(AREA_PAGES + 1) * SIM_PAGE_SIZE];
    const struct program_step *how = &host.pack;
    uint32_t end = how->b;
    uint32_t pages = how->c;
    uint32_t before = 0;
    uint32_t distances[AREA_PAGES + 2] = {1, 4};
    uint32_t kind = how->a % PROGRAM_PACKINGS;
    if (kind == PROGRAM_PACKING_RAW) {
        memcpy(to, bytes, length);
        return length;
    }
    if (pages <= end && end * SIM_PAGE_SIZE <= device.app_size) {
        before = pages * SIM_PAGE_SIZE;
        memcpy(data, flash_page(end - pages), before);
    }
    memcpy(data + before, bytes, length);
    for (uint32_t i = 0; i < pages && before > 0; i++) {
        distances[2 + i] = (i + 1) * SIM_PAGE_SIZE; // the same place of each page
    }
    uint32_t far = (how->d & PROGRAM_PACKED_FAR) != 0 ? 0x1000 : 0;
    iap_put16(to + IAP_DEFLATE_HEAD_AT_DICTIONARY_END, end + far);
    iap_put16(to + IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES, pages + far);
    uint8_t *bytes_of_stream = to + IAP_DEFLATE_HEAD_SIZE;
    struct deflater stream = deflater_open(bytes_of_stream, PACK_ROOM - IAP_DEFLATE_HEAD_SIZE - 1);
    for (uint32_t i = 0; i < 6 && (how->d & PROGRAM_PACKED_TIGHT) != 0; i++) {
        deflater_stored(&stream, false, NULL, 0);
    }
    if (kind == PROGRAM_PACKING_STORED) {
        deflater_stored(&stream, true, bytes, length);
    } else {
        deflater_page(&stream, kind == PROGRAM_PACKING_FIXED ? DEFLATER_FIXED : DEFLATER_DYNAMIC,
                      data, before, length, distances, 2 + before / SIM_PAGE_SIZE);
    }
    CHECK(stream.size <= stream.room);
    bytes_of_stream[4u * how->e % stream.size] ^= how->f;
    bytes_of_stream[stream.size] = 0;
    return IAP_DEFLATE_HEAD_SIZE + stream.size - ((how->d & PROGRAM_PACKED_SHORT) != 0) +
           ((how->d & PROGRAM_PACKED_MORE) != 0);
}

#define UNKNOWN 0xffffffffu // RFC 1951 does not say what comes of it

// What a page that flash does not have, or that is forced, is rejected for; 0: nothing.
static uint32_t stream_rejection(const uint8_t *encoded, uint32_t size, uint32_t length,
                                 uint32_t crc32) {
    static uint8_t inflated[SIM_PAGE_SIZE];
    uint32_t end = iap_get16(encoded + IAP_DEFLATE_HEAD_AT_DICTIONARY_END);
    uint32_t pages = iap_get16(encoded + IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES);
    if (pages > 0 && ((device_capabilities() & IAP_CAPABILITY_DICTIONARY) == 0 || pages > end ||
                      end * SIM_PAGE_SIZE > device.app_size)) {
        return IAP_REJECTION_DICTIONARY;
    }
    size_t came, behind;
    uint32_t stream_size = size - IAP_DEFLATE_HEAD_SIZE;
    memset(inflated, 0xff, sizeof inflated);
    enum reference_inflated found = reference_inflate(
        encoded + IAP_DEFLATE_HEAD_SIZE, stream_size, pages > 0 ? flash_page(end - pages) : NULL,
        pages * SIM_PAGE_SIZE, inflated, length, &came, &behind);
    if (found == REFERENCE_CODES) {
        return UNKNOWN;
    }
    if (found != REFERENCE_INFLATED || came != length || behind > ROOM - stream_size) {
        return IAP_REJECTION_STREAM;
    }
    return reference_crc32(inflated, SIM_PAGE_SIZE) == crc32 ? 0 : IAP_REJECTION_CRC;
}

// The same of the whole page, read a second way from docs/protocol.md.
static uint32_t page_rejection(const uint8_t *head, const uint8_t *encoded, uint32_t left) {
    uint32_t page_number = iap_get16(head + IAP_PAGE_HEAD_AT_PAGE);
    uint32_t decoded_length = iap_get16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH);
    uint32_t encoded_length = iap_get16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH);
    uint32_t crc32 = iap_get32(head + IAP_PAGE_HEAD_AT_CRC32);
    if (left == 0) {
        return IAP_REJECTION_PAGE;
    }
    if ((device_capabilities() & IAP_CAPABILITY_DEFLATE) == 0) {
        return IAP_REJECTION_ENCODING;
    }
    if (decoded_length != left || encoded_length < IAP_DEFLATE_HEAD_SIZE || encoded_length > ROOM) {
        return IAP_REJECTION_LENGTH;
    }
    if ((head[IAP_PAGE_HEAD_AT_FLAGS] & IAP_PAGE_FLAG_FORCE) == 0 &&
        reference_crc32(flash_page(page_number), SIM_PAGE_SIZE) == crc32) {
        return 0; // flash has it
    }
    return stream_rejection(encoded, encoded_length, left, crc32);
}

// One page in frames of piece bytes; the frame lost of them (from 1) is not sent.
static void page(uint8_t address, uint16_t number, uint32_t page_number, uint8_t bits,
                 uint32_t piece, uint8_t image, uint32_t lost) {
    static uint8_t bytes[SIM_PAGE_SIZE];
    static uint8_t body[IAP_PAGE_HEAD_SIZE + PACK_ROOM + 1];
    static uint8_t payload[3 + sizeof body];
    const struct iap_session *session = &device.sim.iap.update.session;
    uint16_t expected = next_number();
    uint32_t size = iap_get32(host.header + IAP_HEADER_AT_IMAGE_SIZE);
    uint32_t before = page_number * SIM_PAGE_SIZE;
    uint32_t length = size > before ? size - before : 0;
    length = length < SIM_PAGE_SIZE ? length : SIM_PAGE_SIZE;
    memset(bytes, 0xff, SIM_PAGE_SIZE);
    memcpy(bytes, images[image % IMAGES] + before % IMAGE_ROOM, length);
    if (page_number == 0 && !host.vectors) {
        iap_put32(bytes, 0x08000000);
    }
    uint8_t *encoded = body + IAP_PAGE_HEAD_SIZE;
    uint32_t encoded_length = pack(bytes, length, encoded);
    encoded[encoded_length] = 0xff;
    bool packed = host.pack.a % PROGRAM_PACKINGS != PROGRAM_PACKING_RAW;
    uint32_t wrong = (bits & PROGRAM_PAGE_LENGTH) != 0;
    iap_put16(body + IAP_PAGE_HEAD_AT_PAGE, page_number);
    body[IAP_PAGE_HEAD_AT_ENCODING] = packed ? IAP_ENCODING_DEFLATE : IAP_ENCODING_RAW;
    body[IAP_PAGE_HEAD_AT_FLAGS] = bits & PROGRAM_PAGE_FORCE;
    iap_put16(body + IAP_PAGE_HEAD_AT_DECODED_LENGTH, length + wrong);
    iap_put16(body + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, encoded_length + wrong);
    iap_put32(body + IAP_PAGE_HEAD_AT_CRC32,
              reference_crc32(bytes, SIM_PAGE_SIZE) ^ ((bits & PROGRAM_PAGE_CRC) != 0));
    uint32_t left = IAP_PAGE_HEAD_SIZE + encoded_length + ((bits & PROGRAM_PAGE_LONG) != 0);
    piece = piece == 0 ? device.sim.config.max_payload - 3 : piece + IAP_PAGE_HEAD_SIZE;
    bool sure = host.burst == 0 && !host.damaging && lost == 0 && device_idle();
    // The image that is being sent is the one that the device expects.
    bool foreseen = sure && packed && session->active && number == expected &&
                    iap_get32(session->header->bytes + IAP_HEADER_AT_IMAGE_SIZE) == size &&
                    piece <= device.sim.config.max_payload - 3 && (bits & PROGRAM_PAGE_LONG) == 0;
    uint32_t rejection = foreseen ? page_rejection(body, encoded, length) : UNKNOWN;
    bool had = rejection == 0 && (bits & PROGRAM_PAGE_FORCE) == 0 &&
               memcmp(flash_page(page_number), bytes, SIM_PAGE_SIZE) == 0;
    uint32_t attempts = device.attempts;
    uint32_t answers = device.answers;
    uint32_t at = 0;
    uint32_t i = 0;
    for (; at < left; i++) {
        uint32_t part = left - at < piece ? left - at : piece;
        iap_put16(payload, number + i);
        payload[2] =
            (uint8_t)((i == 0 ? IAP_DATA_FLAG_HEAD : 0) |
                      ((bits & PROGRAM_PAGE_SILENT) == 0 && at + part == left ? IAP_DATA_FLAG_ASK
                                                                              : 0));
        memcpy(payload + 3, body + at, part);
        at += part;
        if (i + 1 != lost) {
            send_frame(address, IAP_COMMAND_DATA, payload, 3 + part);
        }
    }
    if (!sure || device.answers != answers + 1 || device.last_status == IAP_STATUS_NO_SESSION) {
        return; // the session may have ended by idling
    }
    // A page that counts as taken is in flash.
    if (device.last_status == IAP_STATUS_OK && device.next == (uint16_t)(number + i) &&
        number == expected) {
        CHECK(memcmp(flash_page(page_number), bytes, SIM_PAGE_SIZE) == 0);
        CHECK((bits & (PROGRAM_PAGE_CRC | PROGRAM_PAGE_LONG | PROGRAM_PAGE_LENGTH)) == 0);
    }
    if (rejection == 0) {
        CHECK(device.last_status == IAP_STATUS_OK || device.last_status == IAP_STATUS_FLASH_FAILED);
        CHECK(!had || device.attempts == attempts);
    } else if (rejection != UNKNOWN) {
        CHECK_EQUAL(device.last_status, IAP_STATUS_PAGE_REJECTED);
        CHECK_EQUAL(device.detail, rejection);
    }
}

static void data(const struct program_step *step) {
    static uint8_t payload[3 + 1200];
    uint32_t size = iap_get16(&step->c) % 1200u;
    iap_put16(payload, next_number() + (uint32_t)(int8_t)step->a);
    payload[2] = step->b;
    memset(payload + 3, step->e, size);
    if ((step->b & IAP_DATA_FLAG_HEAD) != 0) {
        uint8_t head[IAP_PAGE_HEAD_SIZE] = {step->e, 0, step->f};
        iap_put16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH, size);
        iap_put16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, size);
        memcpy(payload + 3, head, size < sizeof head ? size : sizeof head);
    }
    request(step, IAP_COMMAND_DATA, payload, 3 + size);
}

static void end(uint8_t address, uint32_t number) {
    uint8_t payload[2];
    iap_put16(payload, number);
    send_frame(address, IAP_COMMAND_END, payload, sizeof payload);
}

static void update(const struct program_step *step) {
    uint32_t left_out = step->d % 8u;
    make_header(step->a, step->c & (uint8_t)~PROGRAM_HEADER_BYTE, step->e, step->e, step->f);
    begin(IAP_ADDRESS_ONLY, step->b);
    uint32_t size = iap_get32(host.header + IAP_HEADER_AT_IMAGE_SIZE);
    uint32_t pages = (size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE;
    pages = pages < 8 ? pages : 8;
    for (uint32_t i = 0; i < pages && i + left_out < pages + 1; i++) {
        page(IAP_ADDRESS_ONLY, next_number(), i, 0, 0, host.image, 0);
    }
    if (left_out == 0) {
        end(IAP_ADDRESS_ONLY, next_number());
    }
}

static void raw_frame(const struct program_step *step) {
    uint8_t payload[8 * 40];
    uint32_t size = next_bytes(payload, step->c % 40u);
    size -= step->d < size ? step->d : size;
    send_frame(step->a, step->b, payload, size);
}

static void pass_time(const struct program_step *step) {
    static const uint32_t times[] = {1,    10,   99,    100,   101,        500,        999, 1000,
                                     2999, 3000, 10000, 60000, 0x7fffffff, 0xffff0000, 0,   2};
    device.sim.now_ms += times[step->a % 16];
    device_run(1u + step->b % 32u);
}

static void reset(const struct program_step *step) {
    struct iap_mailbox mailbox = {0};
    struct reference_entry installed = reference_installed(device.sim.flash);
    switch (step->a % PROGRAM_RESETS) {
    case PROGRAM_RESET_PIN:
        break;
    case PROGRAM_RESET_POWER:
        memset(device.sim.mailbox, 0, sizeof device.sim.mailbox);
        break;
    case PROGRAM_RESET_START:
        if (installed.slot == NULL) {
            break;
        }
        mailbox.request = IAP_REQUEST_START;
        mailbox.token = iap_get32(installed.slot) ^
                        iap_get32(installed.slot + IAP_RECORD_SLOT_AT_CRC32) ^
                        (step->b == 0 ? 0u : 1u << step->b % 32u);
        iap_mailbox_pack(device.sim.mailbox, &mailbox);
        device.stale_start = true;
        device.wrong_token = step->b != 0;
        break;
    default:
        mailbox.request =
            step->a % PROGRAM_RESETS == PROGRAM_RESET_ENTER ? IAP_REQUEST_ENTER : IAP_REQUEST_FAULT;
        iap_mailbox_pack(device.sim.mailbox, &mailbox);
        break;
    }
    device_reset();
}

static void refuse(const struct program_step *step) {
    static const uint32_t areas[] = {0, IAP_RECORD_A_ADDRESS, IAP_RECORD_B_ADDRESS, IAP_APP_BASE};
    uint32_t area = areas[step->a % 4];
    uint32_t from = area == 0 ? 0 : area + 8u * step->b;
    uint32_t to = area == 0 ? 0 : from + (1u << step->c % 13u);
    bool worn = (step->d & 1) != 0;
    device.worn_from = worn ? from : 0;
    device.worn_to = worn ? to : 0;
    device.worn_silent = (step->d & 2) != 0;
    device.sim.refuse_from = worn ? 0 : from;
    device.sim.refuse_to = worn ? 0 : to;
}

static void rot(const struct program_step *step) {
    uint32_t at = iap_get16(&step->a);
    if (step->code % PROGRAM_CODES == PROGRAM_ROT_KEYS) {
        if (!DEVICE_SIGNED) {
            return;
        }
        device_rot(IAP_KEYS_ADDRESS + at % IAP_KEY_BLOCK_SIZE, step->c);
    } else if (step->code % PROGRAM_CODES == PROGRAM_ROT_RECORD) {
        device_rot(IAP_RECORD_A_ADDRESS + at % (2 * IAP_RECORD_AREA_SIZE), step->c);
    } else {
        device_rot(IAP_APP_BASE + at % device.app_size, step->c);
    }
    device_reset();
}

static void run_step(const struct program_step *step) {
    static uint8_t bytes[256 * PROGRAM_STEP];
    uint16_t number;
    switch (step->code % PROGRAM_CODES) {
    case PROGRAM_HELLO:
        hello(step);
        break;
    case PROGRAM_BAUD:
        baud(step);
        break;
    case PROGRAM_PAGES:
        request(step, IAP_COMMAND_PAGES, &step->a, 4);
        break;
    case PROGRAM_BEGIN:
        make_header(step->a, step->c, step->d, step->e, step->f);
        begin(address_of(step->g), step->b);
        break;
    case PROGRAM_PAGE:
        number = (uint16_t)(next_number() + (int8_t)step->b);
        page(address_of(step->g), number, step->a, step->c, 8u * step->d,
             step->e == 0 ? host.image : step->e - 1u, step->f);
        break;
    case PROGRAM_DATA:
        data(step);
        break;
    case PROGRAM_END:
        end(address_of(step->g), next_number() + (uint32_t)(int8_t)step->a);
        break;
    case PROGRAM_BOOT:
        request(step, IAP_COMMAND_BOOT, NULL, 0);
        break;
    case PROGRAM_ABORT:
        request(step, IAP_COMMAND_ABORT, NULL, 0);
        break;
    case PROGRAM_ENTER:
        request(step, IAP_COMMAND_ENTER, NULL, 0);
        break;
    case PROGRAM_UPDATE:
        update(step);
        break;
    case PROGRAM_FRAME:
        raw_frame(step);
        break;
    case PROGRAM_RAW:
        device_receive(bytes, next_bytes(bytes, step->a));
        device_run(1);
        break;
    case PROGRAM_DAMAGE:
        memcpy(host.damage, &step->a, sizeof host.damage);
        host.damaging = true;
        break;
    case PROGRAM_TIME:
        pass_time(step);
        break;
    case PROGRAM_RESET:
        reset(step);
        break;
    case PROGRAM_REFUSE:
        refuse(step);
        break;
    case PROGRAM_CUT:
        device.sim.seed = iap_get16(&step->a) * 2654435761u + step->c;
        device.sim.cut_at = device.sim.operations + 1u + iap_get16(&step->a) % 4096u;
        break;
    case PROGRAM_BURST:
        host.burst = step->a % 32u;
        break;
    case PROGRAM_BUTTON:
        device.sim.button = (step->a & 1) != 0;
        break;
    case PROGRAM_SIGN:
        host.sign = *step;
        break;
    case PROGRAM_PACK:
        host.pack = *step;
        break;
    default:
        rot(step);
        break;
    }
}

// Sends a request that the device must answer now, whatever came before. Returns the status.
static uint8_t answered(void (*send)(void)) {
    uint32_t before = device.answers;
    send();
    CHECK_EQUAL(device.answers, before + 1);
    return device.last_status;
}

static void call(void) {
    static const uint8_t payload[] = {IAP_PROTOCOL_MAJOR, IAP_PROTOCOL_MINOR, IAP_HELLO_FLAG_HOLD,
                                      0};
    send_frame(IAP_ADDRESS_ONLY, IAP_COMMAND_HELLO, payload, sizeof payload);
}

static void begin_again(void) {
    begin(IAP_ADDRESS_ONLY, IAP_BEGIN_FLAG_RENEW);
}

static void only_page(void) {
    page(IAP_ADDRESS_ONLY, next_number(), 0, 0, 0, host.image, 0);
}

static void finished(void) {
    end(IAP_ADDRESS_ONLY, next_number());
}

static void start(void) {
    send_frame(IAP_ADDRESS_ONLY, IAP_COMMAND_BOOT, NULL, 0);
}

// The device is not lost: it comes back to its rate, answers, takes an update and starts it.
static void finish(bool by_idling) {
    device.sim.cut_at = device.sim.refuse_from = device.sim.refuse_to = 0;
    device.worn_from = device.worn_to = 0;
    host.damaging = false;
    host.burst = 0;
    host.pack = (struct program_step){0};
    static const uint8_t delimiter = IAP_FRAME_DELIMITER; // a damaged frame may want only that
    device_receive(&delimiter, 1);
    device_run(1);
    device.sim.now_ms += IAP_RATE_IDLE_MS;
    device_run(2);
    CHECK_EQUAL(device.sim.rate, device.rate);
    CHECK_EQUAL(answered(call), IAP_STATUS_OK);

    host.sign = (struct program_step){.a = 1, .d = PROGRAM_SIGNATURE_KEYS}; // root's, never revoked
    make_header(0, PROGRAM_HEADER_PRODUCT, 0, 0, 0);
    iap_put32(host.header + IAP_HEADER_AT_SECURITY_COUNTER, 0xffffffff);
    sign(host.header);
    if (DEVICE_SIGNED && !device_takes_signed()) {
        CHECK_EQUAL(answered(begin_again), IAP_STATUS_BAD_SIGNATURE);
        return;
    }
    CHECK_EQUAL(answered(begin_again), IAP_STATUS_OK);
    CHECK_EQUAL(answered(only_page), IAP_STATUS_OK);
    CHECK_EQUAL(answered(finished), IAP_STATUS_OK);
    uint32_t starts = device.starts;
    device.enters = false;
    if (by_idling && !device.sim.iap.fault) {
        device.sim.now_ms += device.sim.config.idle_ms;
        device_run(2);
    } else {
        CHECK_EQUAL(answered(start), IAP_STATUS_OK);
    }
    CHECK_EQUAL(device.starts, starts + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    struct program_config config = {0};
    memcpy(&config, input, size < sizeof config ? size : sizeof config);
    memset(&host, 0, sizeof host);
    host.at = input + (size < sizeof config ? size : sizeof config);
    host.end = input + size;
    memcpy(host.header, headers[0], IAP_HEADER_SIZE);
    host.vectors = true;
    host.sign.a = 2; // a release key's
    device_fresh(&config);
    if (setjmp(device.sim.power) != 0) {
        host.burst = 0;
        device_power_lost();
    }
    for (int i = 0; host.at < host.end && device.line_bytes < LINE_LIMIT; i++) {
        struct program_step step = next_step();
        run_step(&step);
    }
    finish((input[size > 6 ? 6 : 0] & 1) != 0 && size > 6);
    return 0;
}
