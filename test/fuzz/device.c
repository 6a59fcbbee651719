#include "device.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "reference.h"
#include "signatures.h"

#define EXPECTED  4096u // answers waited for
#define PAYLOADS  3u
#define IDENTITY  (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE)
#define KEYS      (IAP_KEYS_ADDRESS - IAP_BOOTLOADER_BASE)
#define RECORDS   (IAP_RECORD_A_ADDRESS - IAP_BOOTLOADER_BASE)
#define APP       (IAP_APP_BASE - IAP_BOOTLOADER_BASE)
#define MAX_STEPS 100000u // a bootloader that takes more has lost its way

struct device device;

// A request that has to be answered.
struct expectation {
    uint8_t address, type, seq;
    bool alone;     // nothing that may write and is not answered came since the one before
    uint32_t first; // PAGES
    uint32_t count; // PAGES
    uint32_t size;  // of the payload
};

static struct expectation expected[EXPECTED];
static size_t expected_begin, expected_end;
static uint8_t begun_with[IAP_HEADER_SIZE]; // header of the newest BEGIN
static bool silent_writer;                  // a request that may write and is not answered

static uint8_t heard[REFERENCE_MAX_ENCODED]; // by the device since the last delimiter
static size_t heard_size;
static uint8_t said[REFERENCE_MAX_ENCODED]; // by the device since the last delimiter
static size_t said_size;

static bool dirty[SIM_FLASH_SIZE / SIM_PAGE_SIZE];
static uint32_t poisoned_from; // address in flash from which nothing may be read
static struct iap_port inner;  // the simulator's
static const uint32_t payloads[PAYLOADS] = {272, 1040, 4096};
static uint8_t *frames[PAYLOADS], *answers[PAYLOADS];
static uint8_t *pages[2]; // without and with the room to decode

const uint8_t *device_keys(void) {
    return device.sim.flash + KEYS;
}

uint32_t device_capabilities(void) {
    bool deflate = device.sim.config.page_buffer_size >= SIM_PAGE_SIZE + IAP_PAGE_SPARE;
    bool readable = !DEVICE_SIGNED && device.sim.protection == 0;
    return IAP_CAPABILITY_BAUD | IAP_CAPABILITY_CONFIRM |
           (DEVICE_SIGNED ? IAP_CAPABILITY_SIGNATURE : 0u) |
           (deflate ? IAP_CAPABILITY_DEFLATE : 0u) |
           (deflate && readable ? IAP_CAPABILITY_DICTIONARY : 0u);
}

bool device_takes_signed(void) {
    return device.address != 0 && signatures_block_good(device_keys());
}

static bool genuine(const uint8_t *header) {
    return !DEVICE_SIGNED || signatures_genuine(device_keys(), header);
}

static const uint8_t *slot_of(uint32_t at) {
    uint32_t area = at < RECORDS + IAP_RECORD_AREA_SIZE ? RECORDS : RECORDS + IAP_RECORD_AREA_SIZE;
    if (at < area + IAP_AREA_HEADER_SIZE) {
        return NULL;
    }
    uint32_t index = (at - area - IAP_AREA_HEADER_SIZE) / IAP_RECORD_SLOT_SIZE;
    return device.sim.flash + area + IAP_AREA_HEADER_SIZE + index * IAP_RECORD_SLOT_SIZE;
}

static bool image_good(const uint8_t *slot) {
    return slot != NULL && reference_image_good(device.sim.flash, slot + IAP_RECORD_SLOT_AT_HEADER,
                                                device.app_size, !device.rotten);
}

// Nothing outside the application's area and the record is ever erased or programmed.
static void check_place(uint32_t address, uint32_t size) {
    uint32_t at = address - IAP_BOOTLOADER_BASE;
    CHECK(at >= RECORDS);
    CHECK(at + size <= RECORDS + 2 * IAP_RECORD_AREA_SIZE ||
          (at >= APP && at + size <= APP + device.app_size));
    dirty[at / SIM_PAGE_SIZE] = true;
    device.attempts++;
    // Of the application nothing is, but in an update whose header a key has signed.
    const struct iap_session *session = &device.sim.iap.update.session;
    CHECK(!DEVICE_SIGNED || at < APP ||
          (session->active && session->header != NULL && genuine(session->header->bytes)));
}

// Whether flash behind an image is erased, to the end of the application's area.
static bool nothing_behind(const uint8_t *header) {
    uint32_t size = iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE);
    for (; size < device.app_size; size++) {
        if (device.sim.flash[APP + size] != 0xff) {
            return false;
        }
    }
    return true;
}

// VALID is programmed only where flash holds the image, or where an entry that has it moves.
static void check_valid(uint32_t address, uint16_t value) {
    uint32_t at = address - IAP_BOOTLOADER_BASE;
    const uint8_t *slot = at < APP ? slot_of(at) : NULL;
    if (slot == NULL || value != IAP_STATE_SET ||
        device.sim.flash + at != slot + IAP_RECORD_SLOT_AT_VALID) {
        return;
    }
    bool was_set = iap_get16(device.sim.flash + at) == IAP_STATE_SET;
    bool copied = was_set || device.rotten || reference_vouched(device.sim.flash, slot);
    CHECK(copied || image_good(slot));
    const uint8_t *header = slot + IAP_RECORD_SLOT_AT_HEADER;
    CHECK(!DEVICE_SIGNED || copied || (genuine(header) && nothing_behind(header)));
}

// VALID and SEALED of a good image that is VALID already: made sure whenever it is found to be
// good, whatever is asked meanwhile.
static bool makes_sure(uint32_t address) {
    const uint8_t *cell = device.sim.flash + (address - IAP_BOOTLOADER_BASE);
    const uint8_t *slot = address < IAP_APP_BASE ? slot_of(address - IAP_BOOTLOADER_BASE) : NULL;
    return slot != NULL && iap_get16(slot + IAP_RECORD_SLOT_AT_VALID) == IAP_STATE_SET &&
           (cell == slot + IAP_RECORD_SLOT_AT_VALID || cell == slot + IAP_RECORD_SLOT_AT_SEALED) &&
           image_good(slot);
}

// The last 0x0000 of the page that is verified next: programmed once more, whatever is asked
// meanwhile.
static bool makes_page_sure(uint32_t address, uint16_t value) {
    const struct iap_session *session = &device.sim.iap.update.session;
    uint32_t verified = session->verify.sha.size;
    return address >= IAP_APP_BASE && session->touched && verified % SIM_PAGE_SIZE == 0 &&
           (address - IAP_APP_BASE) / SIM_PAGE_SIZE == verified / SIM_PAGE_SIZE && value == 0 &&
           iap_get16(device.sim.flash + (address - IAP_BOOTLOADER_BASE)) == 0;
}

static bool erase_page(void *context, uint32_t address) {
    check_place(address, SIM_PAGE_SIZE);
    return inner.erase_page(context, address);
}

static bool program(void *context, uint32_t address, uint16_t value) {
    check_place(address, 2);
    check_valid(address, value);
    device.attempts -= makes_sure(address) || makes_page_sure(address, value);
    if (address >= device.worn_from && address < device.worn_to) {
        return device.worn_silent;
    }
    return inner.program(context, address, value);
}

static bool mine(uint8_t address) {
    return address == IAP_ADDRESS_ONLY || address == device.address;
}

static uint32_t least_size(uint8_t type) {
    switch (type) {
    case IAP_COMMAND_HELLO:
    case IAP_COMMAND_BAUD:
    case IAP_COMMAND_PAGES:
        return 4;
    case IAP_COMMAND_BEGIN:
        return 257;
    case IAP_COMMAND_DATA:
        return 3;
    case IAP_COMMAND_END:
        return 2;
    default:
        return 0;
    }
}

static void expect(const uint8_t *frame, size_t size) {
    uint8_t type = frame[1];
    const uint8_t *payload = frame + IAP_FRAME_HEADER_SIZE;
    bool data = type == IAP_COMMAND_DATA && size >= 3;
    if (frame[0] == IAP_ADDRESS_BROADCAST) {
        silent_writer = silent_writer || type == IAP_COMMAND_ABORT;
    } else if (mine(frame[0]) && (type & IAP_RESPONSE_BIT) == 0) {
        if (data && (payload[2] & IAP_DATA_FLAG_ASK) == 0) {
            silent_writer = true;
            return;
        }
        CHECK(expected_end < EXPECTED);
        expected[expected_end++] = (struct expectation){
            .address = frame[0],
            .type = type,
            .seq = frame[2],
            .alone = !silent_writer,
            .first = size >= 4 ? iap_get16(payload) : 0,
            .count = size >= 4 ? iap_get16(payload + 2) : 0,
            .size = (uint32_t)size,
        };
        silent_writer = false;
        if (type == IAP_COMMAND_BEGIN && size >= IAP_BEGIN_REQUEST_SIZE) {
            memcpy(begun_with, payload + IAP_BEGIN_REQUEST_AT_HEADER, IAP_HEADER_SIZE);
        }
    }
}

// Reads what the device is about to read, and notes what it has to answer.
static size_t receive(void *context, uint8_t *bytes, size_t size) {
    static uint8_t decoded[REFERENCE_MAX_FRAME];
    size_t count = inner.receive(context, bytes, size);
    device.attempts_end = device.attempts;
    silent_writer = false;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != IAP_FRAME_DELIMITER) {
            if (heard_size < sizeof heard) {
                heard[heard_size++] = bytes[i];
            }
            continue;
        }
        size_t length;
        size_t limit = device.sim.config.max_payload + REFERENCE_OVERHEAD;
        if (heard_size < sizeof heard &&
            reference_decode(heard, heard_size, limit, decoded, &length) == REFERENCE_FRAME) {
            expect(decoded, length - REFERENCE_OVERHEAD);
        }
        heard_size = 0;
    }
    return count;
}

static uint32_t answer_size(uint8_t type, uint32_t count) {
    switch (type) {
    case IAP_COMMAND_HELLO:
        return DEVICE_SIGNED ? 228 + IAP_SECURITY_SIZE : 228;
    case IAP_COMMAND_BAUD:
        return 5;
    case IAP_COMMAND_PAGES:
        return 5 + 4 * count;
    case IAP_COMMAND_BEGIN:
        return 4;
    case IAP_COMMAND_DATA:
        return 9;
    case IAP_COMMAND_END:
        return 7;
    default:
        return 1;
    }
}

static bool status_known(uint8_t type, uint8_t status) {
    if (status == IAP_STATUS_OK) {
        return type >= IAP_COMMAND_HELLO && type <= IAP_COMMAND_ENTER;
    }
    switch (type) {
    case IAP_COMMAND_HELLO:
    case IAP_COMMAND_ENTER:
        return status == IAP_STATUS_BAD_REQUEST && type == IAP_COMMAND_HELLO;
    case IAP_COMMAND_BAUD:
        return status == IAP_STATUS_BAD_REQUEST || status == IAP_STATUS_RATE_UNAVAILABLE;
    case IAP_COMMAND_PAGES:
        return status == IAP_STATUS_BAD_REQUEST ||
               (DEVICE_SIGNED && status == IAP_STATUS_NO_SESSION);
    case IAP_COMMAND_BEGIN:
        return status == IAP_STATUS_BAD_REQUEST ||
               (status >= IAP_STATUS_BAD_HEADER && status < IAP_STATUS_RECORD_FAILED);
    case IAP_COMMAND_DATA:
        return status <= IAP_STATUS_FLASH_FAILED || status == IAP_STATUS_BAD_REQUEST ||
               status == IAP_STATUS_NO_SESSION;
    case IAP_COMMAND_END:
        return status <= IAP_STATUS_VERIFY_FAILED || status == IAP_STATUS_BAD_REQUEST ||
               status == IAP_STATUS_NO_SESSION || status == IAP_STATUS_RECORD_FAILED;
    case IAP_COMMAND_BOOT:
        return status == IAP_STATUS_NOT_BOOTABLE;
    case IAP_COMMAND_ABORT:
        return status == IAP_STATUS_RECORD_FAILED;
    default:
        return status == IAP_STATUS_UNKNOWN_COMMAND;
    }
}

// A refusal, and whatever else has no business in flash, wrote nothing and did not try.
static bool may_write(uint8_t type, const uint8_t *answer) {
    switch (type) {
    case IAP_COMMAND_DATA:
        return answer[0] == IAP_STATUS_OK || answer[0] == IAP_STATUS_FLASH_FAILED;
    case IAP_COMMAND_END: // programs once more what reads right, then verifies
        return answer[0] == IAP_STATUS_OK || answer[0] == IAP_STATUS_RECORD_FAILED ||
               answer[0] == IAP_STATUS_VERIFY_FAILED ||
               (DEVICE_SIGNED && answer[0] == IAP_STATUS_FLASH_FAILED);
    case IAP_COMMAND_ABORT:
        return answer[0] == IAP_STATUS_OK || answer[0] == IAP_STATUS_RECORD_FAILED;
    default:
        return false;
    }
}

// Neither the floor nor a revocation falls, as long as nobody damages the record from outside.
static void check_policy(void) {
    const uint8_t *verified = reference_verified(device.sim.flash);
    uint32_t floor = verified == NULL ? 0 : iap_get32(verified + IAP_HEADER_AT_SECURITY_COUNTER);
    uint8_t usable = verified == NULL ? 0xff : verified[IAP_HEADER_AT_USABLE_KEYS];
    uint32_t absent = signatures_keys(device_keys(), IAP_KEY_ROLE_NONE);
    if (DEVICE_SIGNED && !device.rotten && !device.keys_rotten) {
        CHECK(floor >= device.floor);
        CHECK((usable & ~(device.usable | absent)) == 0);
        CHECK((signatures_keys(device_keys(), IAP_KEY_ROLE_ROOT) & ~(uint32_t)usable) == 0 ||
              !signatures_block_good(device_keys()));
    }
    device.floor = floor;
    device.usable = usable;
}

// What HELLO appends where signed images alone are taken.
static void check_security(const uint8_t *security) {
    const uint8_t *keys = device_keys();
    bool good = signatures_block_good(keys);
    CHECK_EQUAL(security[IAP_SECURITY_AT_FLAGS],
                IAP_SECURITY_FLAG_SIGNED_ONLY | device.sim.protection |
                    (good ? IAP_SECURITY_FLAG_KEYS : 0) |
                    (device.sim.config.verify_at_boot ? IAP_SECURITY_FLAG_BOOT_VERIFIED : 0));
    CHECK_EQUAL(security[IAP_SECURITY_AT_USABLE_KEYS], device.usable);
    CHECK_EQUAL(iap_get32(security + IAP_SECURITY_AT_SECURITY_COUNTER), device.floor);
    for (uint32_t key = 0; key < IAP_KEY_SLOTS; key++) {
        uint32_t role =
            security[IAP_SECURITY_AT_KEY0 + key * IAP_KEY_SUMMARY_SIZE + IAP_KEY_SUMMARY_AT_ROLE];
        CHECK((signatures_keys(keys, role) >> key & 1) != 0 || !good);
        CHECK(good || role == IAP_KEY_ROLE_NONE);
    }
}

static void check_hello(const uint8_t *answer) {
    const uint8_t *image = answer + IAP_HELLO_RESPONSE_AT_INSTALLED;
    uint8_t good = IAP_IMAGE_STATE_VALID | IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD;
    struct reference_entry installed = reference_installed(device.sim.flash);
    check_policy();
    if (DEVICE_SIGNED) {
        check_security(answer + IAP_HELLO_RESPONSE_SIZE);
    }
    CHECK_EQUAL(iap_get32(answer + IAP_HELLO_RESPONSE_AT_CAPABILITIES), device_capabilities());
    CHECK_EQUAL(iap_get16(answer + IAP_HELLO_RESPONSE_AT_MAX_PAYLOAD),
                device.sim.config.max_payload);
    CHECK_EQUAL(image[0] & IAP_IMAGE_STATE_PRESENT, installed.slot != NULL);
    CHECK_EQUAL((image[0] & IAP_IMAGE_STATE_VALID) != 0, installed.valid);
    if ((image[0] & good) == good) {
        CHECK(image_good(installed.slot));
    }
}

static void check_pages(const struct expectation *request, const uint8_t *answer) {
    CHECK_EQUAL(iap_get16(answer + 1), request->first);
    CHECK_EQUAL(iap_get16(answer + 3), request->count);
    const struct iap_update *update = &device.sim.iap.update;
    CHECK(!DEVICE_SIGNED || update->session.active);
    const uint8_t *header = update->session.active ? update->session.header->bytes
                                                   : update->record.installed.header->bytes;
    uint32_t last = request->first + request->count - 1u;
    CHECK((last + 1) * SIM_PAGE_SIZE <= device.app_size);
    CHECK(last * SIM_PAGE_SIZE < iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE));
    for (uint32_t i = 0; i < request->count; i++) {
        const uint8_t *bytes = device.sim.flash + APP + (request->first + i) * SIM_PAGE_SIZE;
        CHECK_EQUAL(iap_get32(answer + 5 + 4 * i), reference_crc32(bytes, SIM_PAGE_SIZE));
    }
}

static bool zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

// What BEGIN is refused with, in the order of docs/protocol.md; OK: it is not.
static uint8_t begin_status(const uint8_t *header) {
    const uint8_t *product = header + IAP_HEADER_AT_PRODUCT;
    const uint8_t *unique_id = header + IAP_HEADER_AT_UNIQUE_ID;
    const uint8_t *verified = reference_verified(device.sim.flash);
    uint32_t size = iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE);
    uint32_t flags = iap_get32(header + IAP_HEADER_AT_FLAGS);
    bool identity = device.address != 0; // each that is not blank or damaged has one
    bool damaged = !identity && device.sim.flash[IDENTITY] != 0xff;
    const uint8_t *wanted = identity ? device.product : NULL;
    if (damaged && verified != NULL && !zero(verified + IAP_HEADER_AT_PRODUCT, 16)) {
        wanted = verified + IAP_HEADER_AT_PRODUCT;
    }
    if (memcmp(header, "IAPH\1\0\0\1", 8) != 0) {
        return IAP_STATUS_BAD_HEADER;
    }
    if (wanted != NULL && zero(product, 16) && (DEVICE_SIGNED || damaged || device.packages_only)) {
        return IAP_STATUS_PACKAGE_ONLY;
    }
    if (wanted != NULL && !zero(product, 16) && memcmp(product, wanted, 16) != 0) {
        return IAP_STATUS_WRONG_PRODUCT;
    }
    if (identity && (iap_get16(header + IAP_HEADER_AT_HARDWARE_MIN) > 3 ||
                     iap_get16(header + IAP_HEADER_AT_HARDWARE_MAX) < 3)) {
        return IAP_STATUS_WRONG_HARDWARE;
    }
    if (!zero(unique_id, 12) && memcmp(unique_id, device.sim.config.unique_id, 12) != 0) {
        return IAP_STATUS_WRONG_DEVICE;
    }
    if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) != IAP_APP_BASE) {
        return IAP_STATUS_WRONG_ADDRESS;
    }
    if (size < 8 || size > device.app_size) {
        return IAP_STATUS_WRONG_SIZE;
    }
    if (verified != NULL && iap_get32(header + IAP_HEADER_AT_SECURITY_COUNTER) <
                                iap_get32(verified + IAP_HEADER_AT_SECURITY_COUNTER)) {
        return IAP_STATUS_ROLLBACK;
    }
    if (flags >> 17 != 0 ||
        (iap_get32(header + IAP_HEADER_AT_CAPABILITIES) & ~device_capabilities()) != 0) {
        return IAP_STATUS_NOT_CAPABLE;
    }
    if (DEVICE_SIGNED) {
        return device_takes_signed() && genuine(header) &&
                       signatures_allowed(device_keys(), header, verified)
                   ? IAP_STATUS_OK
                   : IAP_STATUS_BAD_SIGNATURE;
    }
    return header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] != 0 ? IAP_STATUS_BAD_SIGNATURE
                                                          : IAP_STATUS_OK;
}

static void check_answer(const uint8_t *frame, size_t size) {
    CHECK(expected_begin < expected_end); // it speaks only when spoken to
    const struct expectation *request = &expected[expected_begin++];
    const uint8_t *answer = frame + IAP_FRAME_HEADER_SIZE;
    CHECK_EQUAL(frame[0], request->address);
    CHECK_EQUAL(frame[1], request->type | IAP_RESPONSE_BIT);
    CHECK_EQUAL(frame[2], request->seq);
    CHECK(size >= 1);
    uint8_t status = answer[0];
    CHECK(status_known(request->type, status));
    CHECK_EQUAL(size, status >= 0x40 ? 5 : answer_size(request->type, request->count));
    if (request->size < least_size(request->type)) {
        CHECK_EQUAL(status, IAP_STATUS_BAD_REQUEST);
    } else if (request->type == IAP_COMMAND_BEGIN) {
        CHECK_EQUAL(status, begin_status(begun_with));
    }
    if (request->alone && !may_write(request->type, answer)) {
        CHECK_EQUAL(device.attempts, device.attempts_end);
    }
    if (status == IAP_STATUS_OK && request->type == IAP_COMMAND_HELLO) {
        check_hello(answer);
    } else if (status == IAP_STATUS_OK && request->type == IAP_COMMAND_PAGES) {
        check_pages(request, answer);
    } else if (status == IAP_STATUS_OK && request->type == IAP_COMMAND_END) {
        struct reference_entry installed = reference_installed(device.sim.flash);
        CHECK(installed.valid && installed.sealed && image_good(installed.slot));
        device.app_rotten = false;
    } else if (status < 0x40 && request->type == IAP_COMMAND_DATA) {
        device.next = iap_get16(answer + IAP_DATA_RESPONSE_AT_NEXT);
        device.detail = iap_get32(answer + IAP_DATA_RESPONSE_AT_DETAIL);
    }
    device.answers++;
    device.last_status = status;
    device.attempts_end = device.attempts;
}

static void send(void *context, const uint8_t *bytes, size_t size) {
    static uint8_t decoded[REFERENCE_MAX_FRAME];
    (void)context;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != IAP_FRAME_DELIMITER) {
            CHECK(said_size < sizeof said);
            said[said_size++] = bytes[i];
        } else if (said_size > 0) {
            size_t length;
            CHECK_EQUAL(reference_decode(said, said_size, sizeof decoded, decoded, &length),
                        REFERENCE_FRAME);
            said_size = 0;
            check_answer(decoded, length - REFERENCE_OVERHEAD);
        }
    }
}

// An application starts only if the record says that it was verified and flash holds it.
static void check_start(bool whole) {
    struct reference_entry installed = reference_installed(device.sim.flash);
    CHECK(installed.slot != NULL);
    CHECK(installed.valid);
    CHECK(!whole || image_good(installed.slot));
    CHECK(device.rotten || device.keys_rotten ||
          genuine(installed.slot + IAP_RECORD_SLOT_AT_HEADER));
    // The pass that jumps verifies, if it is asked to, and takes nobody's word.
    CHECK(whole || !device.sim.config.verify_at_boot ||
          (image_good(installed.slot) && genuine(installed.slot + IAP_RECORD_SLOT_AT_HEADER)));
}

static void restart(void *context, const uint8_t mailbox[IAP_MAILBOX_SIZE]) {
    CHECK_EQUAL(iap_get32(mailbox + IAP_MAILBOX_AT_REQUEST), IAP_REQUEST_START);
    CHECK_EQUAL(iap_get32(mailbox + IAP_MAILBOX_AT_CRC32),
                reference_crc32(mailbox, IAP_MAILBOX_AT_CRC32));
    check_start(true);
    inner.restart(context, mailbox);
}

// What the application does: it may confirm itself, and resets.
static void run_application(void) {
    struct reference_entry installed = reference_installed(device.sim.flash);
    uint32_t at = (uint32_t)(installed.slot - device.sim.flash) + IAP_RECORD_SLOT_AT_CONFIRMED;
    device.starts++;
    if (device.confirms && iap_get16(device.sim.flash + at) == IAP_STATE_CLEAR) {
        iap_put16(device.sim.flash + at, IAP_STATE_SET);
    }
    if (device.enters) {
        const struct iap_mailbox enter = {.request = IAP_REQUEST_ENTER};
        iap_mailbox_pack(device.sim.mailbox, &enter);
    }
}

// What was installed stays so until something newer is, whatever became of power and flash.
static void check_record(void) {
    struct reference_entry installed = reference_installed(device.sim.flash);
    uint32_t sequence = installed.slot != NULL ? iap_get32(installed.slot) : 0;
    if (!device.rotten) {
        CHECK(sequence >= device.sequence);
        CHECK(sequence > device.sequence || !device.valid || installed.valid);
    }
    device.sequence = sequence;
    device.valid = installed.valid;
    check_policy();
}

void device_reset(void) {
    struct sim *sim = &device.sim;
    check_record();
    expected_begin = expected_end = heard_size = said_size = 0;
    struct iap_target target = sim_target(sim);
    struct iap_mailbox mailbox = iap_mailbox_take(sim->mailbox);
    bool started = iap_start_allowed(&target, &mailbox);
    if (started) {
        // The second pass looks at the vectors only: the first has just checked the rest.
        check_start(!device.stale_start || !(device.app_rotten || device.rotten));
        CHECK(!device.wrong_token);
        run_application();
    } else {
        // The first pass does not promise what fails; a signature it leaves to the second.
        CHECK(!sim->restarted || device.rotten || device.keys_rotten ||
              (sim->config.verify_at_boot && device.app_rotten));
        iap_mailbox_pack(sim->mailbox, &mailbox);
    }
    device.stale_start = device.wrong_token = false;
    sim->rate = device.rate;
    sim_boot(sim);
}

void device_power_lost(void) {
    device.sim.cut_at = 0;
    device.sim.restarted = false;
    memset(device.sim.mailbox, 0, sizeof device.sim.mailbox);
    device_reset();
}

void device_receive(const uint8_t *bytes, size_t size) {
    struct sim *sim = &device.sim;
    if (sim->to_device_end + size > SIM_LINE) {
        device_run(1);
    }
    memcpy(sim->to_device + sim->to_device_end, bytes, size);
    sim->to_device_end += size;
    device.line_bytes += (uint32_t)size;
}

bool device_idle(void) {
    return heard_size == 0 && device.sim.to_device_begin == device.sim.to_device_end;
}

void device_run(uint32_t steps) {
    struct sim *sim = &device.sim;
    uint32_t bound = steps + MAX_STEPS;
    while (steps > 0 || sim->to_device_begin < sim->to_device_end) {
        CHECK(bound-- > 0);
        steps -= steps > 0;
        iap_step(&sim->iap);
        CHECK_EQUAL(expected_begin, expected_end); // what has to be answered was answered
        CHECK_EQUAL(said_size, 0);
        expected_begin = expected_end = 0;
        if (sim->restarted) {
            device_reset();
        }
    }
    sim->to_device_begin = sim->to_device_end = 0;
}

void device_rot(uint32_t address, uint8_t flip) {
    uint32_t at = address - IAP_BOOTLOADER_BASE;
    device.sim.flash[at] ^= flip;
    if (at < RECORDS) { // written anew for each input
        device.keys_rotten = true;
        return;
    }
    dirty[at / SIM_PAGE_SIZE] = true;
    if (at < APP) {
        device.rotten = true;
    } else {
        device.app_rotten = true;
    }
}

static void write_identity(uint8_t kind) {
    uint8_t *block = device.sim.flash + IDENTITY;
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    memset(device.product, 0, sizeof device.product);
    device.packages_only = kind == PROGRAM_IDENTITY_PACKAGES;
    device.address = 0;
    device.rate = device.sim.config.default_rate;
    if (kind == PROGRAM_IDENTITY_BLANK) {
        return;
    }
    iap_put32(block + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memset(block + IAP_IDENTITY_AT_PRODUCT, 'p', 16);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 3);
    block[IAP_IDENTITY_AT_ADDRESS] = kind == PROGRAM_IDENTITY_RATE ? 254 : 5;
    block[IAP_IDENTITY_AT_FLAGS] = kind == PROGRAM_IDENTITY_PACKAGES ? 0xfe : 0xff;
    if (kind == PROGRAM_IDENTITY_RATE) {
        iap_put32(block + IAP_IDENTITY_AT_DEFAULT_RATE, 9600);
    }
    iap_put32(block + IAP_IDENTITY_AT_CRC32, reference_crc32(block, IAP_IDENTITY_AT_CRC32));
    if (kind == PROGRAM_IDENTITY_DAMAGED) {
        block[IAP_IDENTITY_AT_SERIAL] ^= 1;
        return;
    }
    memset(device.product, 'p', sizeof device.product);
    device.address = block[IAP_IDENTITY_AT_ADDRESS];
    device.rate = kind == PROGRAM_IDENTITY_RATE ? 9600 : device.rate;
}

void device_init(void) {
    struct sim *sim = &device.sim;
    sim_init(sim);
    inner = sim->port;
    sim->port.erase_page = erase_page;
    sim->port.program = program;
    sim->port.receive = receive;
    sim->port.send = send;
    sim->port.restart = restart;
    for (size_t i = 0; i < PAYLOADS; i++) { // blocks of their own, so that an overrun shows
        frames[i] = malloc(payloads[i] + IAP_FRAME_OVERHEAD);
        answers[i] = malloc(payloads[i] + IAP_FRAME_OVERHEAD);
    }
    pages[0] = malloc(SIM_PAGE_SIZE);
    pages[1] = malloc(SIM_PAGE_SIZE + IAP_PAGE_SPARE);
    // The core has no business in its own code, beyond the application, or in the simulator.
    __asan_poison_memory_region(sim->flash, DEVICE_SIGNED ? KEYS : IDENTITY);
    __asan_poison_memory_region(sim->frame, sizeof sim->frame + sizeof sim->answer);
}

void device_fresh(const struct program_config *config) {
    static const uint32_t clocks[] = {0, 0xffffff00u, 0xffffd8f0u, 0x7fffffffu};
    struct sim *sim = &device.sim;
    uint8_t *flash = sim->flash;
    for (size_t i = 0; i < sizeof dirty; i++) {
        if (dirty[i]) {
            memset(flash + i * SIM_PAGE_SIZE, 0xff, SIM_PAGE_SIZE);
            dirty[i] = false;
        }
    }
    device.app_size = (3u + config->app_pages % 6u) * SIM_PAGE_SIZE;
    sim->config.app_end = IAP_APP_BASE + device.app_size;
    if (poisoned_from != APP + device.app_size) {
        poisoned_from = APP + device.app_size;
        __asan_unpoison_memory_region(flash + APP, SIM_FLASH_SIZE - APP);
        __asan_poison_memory_region(flash + poisoned_from, SIM_FLASH_SIZE - poisoned_from);
    }
    size_t payload = config->payload % PAYLOADS;
    sim->config.max_payload = payloads[payload];
    sim->config.frame_buffer = frames[payload];
    sim->config.answer_buffer = answers[payload];
    bool spare = (config->start & 16) == 0;
    sim->config.page_buffer = pages[spare];
    sim->config.page_buffer_size = SIM_PAGE_SIZE + (spare ? IAP_PAGE_SPARE : 0);
    sim->protection = (config->start & 8) != 0 ? IAP_SECURITY_FLAG_READ_PROTECTED : 0;
    sim->config.trials = (uint8_t)(1 + config->trials % IAP_RECORD_TRIALS);
    sim->now_ms = clocks[config->start % 4];
    sim->button = (config->start & 4) != 0;
    sim->cut_at = sim->operations = sim->refuse_from = sim->refuse_to = 0;
    memset(sim->mailbox, 0, sizeof sim->mailbox);
    sim->restarted = false;
    write_identity(config->identity % PROGRAM_IDENTITIES);
    if (DEVICE_SIGNED) {
        signatures_block(flash + KEYS, (config->keys & 1) != 0);
        sim->config.verify_at_boot = (config->keys & 2) != 0;
    }
    device.keys_rotten = false;
    device.floor = 0;
    device.usable = 0xff;
    device.confirms = (config->app & 1) != 0;
    device.enters = (config->app & 2) != 0;
    device.rotten = device.app_rotten = device.stale_start = device.wrong_token = false;
    device.worn_from = device.worn_to = 0;
    device.sequence = 0;
    device.valid = false;
    device.starts = device.answers = device.line_bytes = device.attempts = 0;
    device_reset();
}
