#include "host_line.h"

#include <string.h>

#include "iap_bytes.h"

#define CHECK_WAIT_MS 2000u
#define START_UP_MS   5u
#define MAX_PAGES     64u

void host_open(struct host *host, struct rig *rig) {
    *host = (struct host){.rig = rig};
    iap_decoder_init(&host->decoder, host->heard, sizeof host->heard);
}

static enum host_result take_hello(struct host *host) {
    const uint8_t *answer = host->answer;
    if (host->answer_size < IAP_HELLO_RESPONSE_SIZE ||
        answer[IAP_HELLO_RESPONSE_AT_MODE] != IAP_MODE_BOOTLOADER) {
        return HOST_REFUSED;
    }
    host->max_payload = iap_get16(answer + IAP_HELLO_RESPONSE_AT_MAX_PAYLOAD);
    host->window = iap_get32(answer + IAP_HELLO_RESPONSE_AT_WINDOW);
    host->begin_ms = iap_get16(answer + IAP_HELLO_RESPONSE_AT_BEGIN_MS);
    host->page_ms = iap_get16(answer + IAP_HELLO_RESPONSE_AT_PAGE_MS);
    host->pages_ms = iap_get16(answer + IAP_HELLO_RESPONSE_AT_PAGES_MS);
    host->end_ms = iap_get16(answer + IAP_HELLO_RESPONSE_AT_END_MS);
    host->capabilities = iap_get32(answer + IAP_HELLO_RESPONSE_AT_CAPABILITIES);
    memcpy(host->installed, answer + IAP_HELLO_RESPONSE_AT_INSTALLED, IAP_IMAGE_SIZE);
    return HOST_DONE;
}

static const uint8_t hold[IAP_HELLO_REQUEST_SIZE] = {IAP_PROTOCOL_MAJOR, IAP_PROTOCOL_MINOR,
                                                     IAP_HELLO_FLAG_HOLD, 0};

enum host_result host_identify(struct host *host, enum iap_stay *stay) {
    static const uint8_t request[IAP_HELLO_REQUEST_SIZE] = {IAP_PROTOCOL_MAJOR, IAP_PROTOCOL_MINOR,
                                                            0, 0};
    rig_wait(host->rig, START_UP_MS * RIG_MS);
    enum host_result result = host_ask(host, IAP_COMMAND_HELLO, request, sizeof request, 0);
    result = result == HOST_DONE ? take_hello(host) : result;
    if (result == HOST_DONE) {
        *stay = (enum iap_stay)host->answer[IAP_HELLO_RESPONSE_AT_STAY];
    }
    return result;
}

enum host_result host_call(struct host *host, uint32_t ms) {
    // The first call would be lost on a device that has just got power.
    rig_wait(host->rig, START_UP_MS * RIG_MS);
    for (uint32_t waited = 0; waited < ms && host_hears_device(host);
         waited += IAP_CALL_INTERVAL_MS) {
        host_send(host, IAP_COMMAND_HELLO, hold, sizeof hold);
        if (host_wait(host, IAP_COMMAND_HELLO, IAP_CALL_INTERVAL_MS)) {
            return take_hello(host);
        }
    }
    return HOST_LOST;
}

// Until the device has checked its image, GOOD says nothing: section 4, number 6.
static enum host_result hello_checked(struct host *host) {
    for (uint32_t waited = 0; waited < CHECK_WAIT_MS; waited += IAP_CALL_INTERVAL_MS) {
        enum host_result result = host_ask(host, IAP_COMMAND_HELLO, hold, sizeof hold, 0);
        result = result == HOST_DONE ? take_hello(host) : result;
        uint8_t state = host->installed[IAP_IMAGE_AT_STATE];
        if (result != HOST_DONE || (state & IAP_IMAGE_STATE_VALID) == 0 ||
            (state & IAP_IMAGE_STATE_CHECKED) != 0) {
            return result;
        }
        rig_pass(host->rig, IAP_CALL_INTERVAL_MS * RIG_MS);
    }
    return HOST_REFUSED;
}

static bool nothing_to_do(const struct host *host, const struct image *image) {
    uint8_t state = host->installed[IAP_IMAGE_AT_STATE];
    uint8_t good = IAP_IMAGE_STATE_VALID | IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD;
    return (state & good) == good && (state & IAP_IMAGE_STATE_TRIALS_USED) == 0 &&
           memcmp(host->installed + IAP_IMAGE_AT_SHA256, image->header + IAP_HEADER_AT_IMAGE_SHA256,
                  32) == 0;
}

static enum host_result begin(struct host *host, const uint8_t *header, uint8_t flags,
                              uint16_t *next) {
    uint8_t request[IAP_BEGIN_REQUEST_SIZE];
    request[IAP_BEGIN_REQUEST_AT_FLAGS] = flags;
    memcpy(request + IAP_BEGIN_REQUEST_AT_HEADER, header, IAP_HEADER_SIZE);
    enum host_result result =
        host_ask(host, IAP_COMMAND_BEGIN, request, sizeof request, host->begin_ms);
    if (result != HOST_DONE || host->status != IAP_STATUS_OK) {
        return result == HOST_DONE ? HOST_REFUSED : result;
    }
    if (host->answer[IAP_BEGIN_RESPONSE_AT_BEGUN] == IAP_BEGUN_INSTALLED) {
        return flags == 0 ? begin(host, header, IAP_BEGIN_FLAG_RENEW, next) : HOST_REFUSED;
    }
    *next = iap_get16(host->answer + IAP_BEGIN_RESPONSE_AT_NEXT);
    return HOST_DONE;
}

static const struct image *old_image(const struct host *host) {
    return &host->rig->product->images[IMAGE_OLD];
}

static enum host_result compare(struct host *host, const struct image *image,
                                bool differs[MAX_PAGES]) {
    uint32_t most = (host->max_payload - IAP_PAGES_RESPONSE_SIZE) / 4;
    uint32_t pages = image_pages(image);
    for (uint32_t first = 0; first < pages; first += most) {
        uint32_t count = pages - first < most ? pages - first : most;
        uint8_t request[IAP_PAGES_REQUEST_SIZE];
        iap_put16(request + IAP_PAGES_REQUEST_AT_FIRST, first);
        iap_put16(request + IAP_PAGES_REQUEST_AT_COUNT, count);
        enum host_result result =
            host_ask(host, IAP_COMMAND_PAGES, request, sizeof request, host->pages_ms);
        if (result != HOST_DONE || host->status != IAP_STATUS_OK) {
            return result == HOST_DONE ? HOST_REFUSED : result;
        }
        for (uint32_t i = 0; i < count; i++) {
            uint32_t crc32 = iap_get32(host->answer + IAP_PAGES_RESPONSE_AT_CRC32 + 4 * i);
            differs[first + i] = crc32 != image_page_crc(image, first + i);
            if (first + i < PACK_PAGES) {
                host->known[first + i] = !differs[first + i] ? PACK_NEW
                                         : crc32 == image_page_crc(old_image(host), first + i)
                                             ? PACK_OLD
                                             : PACK_UNKNOWN;
            }
        }
    }
    return HOST_DONE;
}

// What travels of a page; NULL: its bytes.
static const uint8_t *packed_page(const struct host *host, const struct image *image, uint32_t page,
                                  uint32_t *size) {
    static uint8_t packed[PACK_PAGE + IAP_PAGE_SPARE];
    if (image->moved == 0 || page >= PACK_PAGES ||
        (host->capabilities & IAP_CAPABILITY_DEFLATE) == 0) {
        return NULL;
    }
    *size = pack_page(image, old_image(host), page, host->known,
                      (host->capabilities & IAP_CAPABILITY_DICTIONARY) != 0, packed);
    return *size > 0 ? packed : NULL;
}

// One page in as many frames as it needs; asks every quarter of the window and at its end.
static enum host_result send_page(struct host *host, const struct image *image, uint32_t page,
                                  uint8_t flags, bool compress, uint16_t *next) {
    uint32_t begin_at = page * image->page_size;
    uint32_t left = image->size - begin_at;
    uint32_t decoded_length = left < image->page_size ? left : image->page_size;
    uint32_t length = decoded_length;
    const uint8_t *packed = compress ? packed_page(host, image, page, &length) : NULL;
    const uint8_t *bytes = packed != NULL ? packed : image->bytes + begin_at;
    length = packed != NULL ? length : decoded_length;
    uint32_t unanswered = 0;
    uint16_t number = *next;
    uint32_t done = 0;
    while (done < length) {
        uint8_t payload[IAP_MAX_PAYLOAD];
        uint32_t size = IAP_DATA_REQUEST_SIZE;
        if (done == 0) {
            uint8_t *head = payload + size;
            iap_put16(head + IAP_PAGE_HEAD_AT_PAGE, page);
            head[IAP_PAGE_HEAD_AT_ENCODING] =
                packed != NULL ? IAP_ENCODING_DEFLATE : IAP_ENCODING_RAW;
            head[IAP_PAGE_HEAD_AT_FLAGS] = flags;
            iap_put16(head + IAP_PAGE_HEAD_AT_DECODED_LENGTH, decoded_length);
            iap_put16(head + IAP_PAGE_HEAD_AT_ENCODED_LENGTH, length);
            iap_put32(head + IAP_PAGE_HEAD_AT_CRC32, image_page_crc(image, page));
            size += IAP_PAGE_HEAD_SIZE;
        }
        uint32_t room = host->max_payload - size;
        uint32_t piece = length - done < room ? length - done : room;
        memcpy(payload + size, bytes + done, piece);
        size += piece;
        bool asks = done + piece == length || unanswered + size > host->window / 4;
        iap_put16(payload + IAP_DATA_REQUEST_AT_NUMBER, number);
        payload[IAP_DATA_REQUEST_AT_FLAGS] =
            (uint8_t)((asks ? IAP_DATA_FLAG_ASK : 0u) | (done == 0 ? IAP_DATA_FLAG_HEAD : 0u));
        if (!asks) {
            unanswered += host_send(host, IAP_COMMAND_DATA, payload, size);
        } else {
            enum host_result result =
                host_ask(host, IAP_COMMAND_DATA, payload, size,
                         2 * host->page_ms + host->begin_ms); // it may make the entry
            if (result != HOST_DONE) {
                return result;
            }
            unanswered = 0;
            if (host->status != IAP_STATUS_OK) {
                return host->status < IAP_STATUS_UNKNOWN_COMMAND ? HOST_DONE : HOST_REFUSED;
            }
        }
        number++;
        done += piece;
    }
    *next = iap_get16(host->answer + IAP_DATA_RESPONSE_AT_NEXT);
    host->packed += packed != NULL;
    if (page < PACK_PAGES) {
        host->known[page] = PACK_NEW;
    }
    return HOST_DONE;
}

// After an update that was not finished, a page in flash may be blank by an erase that was cut, or
// end in a half-word that was. The device makes sure of the latter where it is 0x0000; all other
// pages it can only write anew.
static bool distrusted(const struct host *host, const struct image *image, uint32_t page) {
    uint8_t state = host->installed[IAP_IMAGE_AT_STATE];
    if ((state & IAP_IMAGE_STATE_PRESENT) == 0 || (state & IAP_IMAGE_STATE_VALID) != 0) {
        return false;
    }
    const uint8_t *bytes = image->bytes + page * image->page_size;
    for (uint32_t i = 0; i < image->page_size; i += 2) {
        if (bytes[i] == 0 && bytes[i + 1] == 0) {
            return false;
        }
    }
    return true;
}

// Pages that fail are sent again, as they are, from the number that the device still expects.
// differs NULL: all.
static enum host_result send_pages(struct host *host, const struct image *image,
                                   const bool *differs, uint16_t *next) {
    uint32_t pages = image_pages(image);
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t page = image->moved == 0 ? i : pages - 1 - i;
        bool forced = differs == NULL || distrusted(host, image, page);
        if (!forced && !differs[page]) {
            continue;
        }
        uint8_t flags = forced ? IAP_PAGE_FLAG_FORCE : 0;
        unsigned attempt = 0;
        enum host_result result;
        do {
            result = send_page(host, image, page, flags, attempt == 0 && differs != NULL, next);
        } while (result == HOST_DONE && host->status != IAP_STATUS_OK && ++attempt < HOST_ATTEMPTS);
        if (result != HOST_DONE || host->status != IAP_STATUS_OK) {
            return result == HOST_DONE ? HOST_REFUSED : result;
        }
    }
    return HOST_DONE;
}

static enum host_result end(struct host *host, uint16_t next) {
    uint8_t request[IAP_END_REQUEST_SIZE];
    iap_put16(request + IAP_END_REQUEST_AT_COUNT, next);
    return host_ask(host, IAP_COMMAND_END, request, sizeof request, host->end_ms);
}

enum host_result host_boot(struct host *host) {
    enum host_result result = host_ask(host, IAP_COMMAND_BOOT, NULL, 0, 0);
    return result == HOST_DONE && host->status != IAP_STATUS_OK ? HOST_REFUSED : result;
}

enum host_result host_begin_and_abort(struct host *host, const uint8_t header[IAP_HEADER_SIZE]) {
    uint16_t next;
    enum host_result result = host_call(host, 300);
    result = result == HOST_DONE ? begin(host, header, 0, &next) : result;
    return result == HOST_DONE ? host_ask(host, IAP_COMMAND_ABORT, NULL, 0, host->begin_ms)
                               : result;
}

static enum host_result write_image(struct host *host, const struct image *image, unsigned flags) {
    bool differs[MAX_PAGES];
    uint16_t next = 0;
    uint8_t renew = (flags & HOST_RENEW) != 0 ? IAP_BEGIN_FLAG_RENEW : 0;
    enum host_result result = begin(host, image->header, renew, &next);
    result = result == HOST_DONE ? compare(host, image, differs) : result;
    result = result == HOST_DONE ? send_pages(host, image, differs, &next) : result;
    result = result == HOST_DONE ? end(host, next) : result;
    if (result == HOST_DONE && host->status == IAP_STATUS_VERIFY_FAILED) {
        result = send_pages(host, image, NULL, &next);
        result = result == HOST_DONE ? end(host, next) : result;
    }
    return result == HOST_DONE && host->status != IAP_STATUS_OK ? HOST_REFUSED : result;
}

enum host_result host_update(struct host *host, const struct image *image, unsigned flags) {
    enum host_result result = host_call(host, 300);
    result = result == HOST_DONE ? hello_checked(host) : result;
    if (result == HOST_DONE && ((flags & HOST_RENEW) != 0 || !nothing_to_do(host, image))) {
        result = write_image(host, image, flags);
    }
    if (result == HOST_DONE && (flags & HOST_NO_BOOT) == 0) {
        result = host_boot(host);
    }
    return result;
}
