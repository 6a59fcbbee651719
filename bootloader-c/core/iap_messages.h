// Requests and responses ↔ bytes, but for HELLO's (iap_hello.h). Layouts: docs/protocol.md, section
// "messages". A request is decoded only if it has its smallest size; a response is written whole,
// and its size returned.
#ifndef IAP_MESSAGES_H
#define IAP_MESSAGES_H

#include "iap_bytes.h"
#include "iap_frame.h"
#include "iap_header.h"
#include "iap_result.h"

struct iap_pages_request {
    uint32_t first;
    uint32_t count;
};

struct iap_begin_request {
    // IAP_BEGIN_FLAG_*
    uint8_t flags;

    // In the frame.
    const struct iap_header *header;
};

struct iap_data_request {
    uint16_t number;

    // IAP_DATA_FLAG_*
    uint8_t flags;

    // A page head first, if the flags say so; then bytes of the page.
    const uint8_t *body;
    uint32_t size;
};

struct iap_page_head {
    uint16_t page;

    // enum iap_encoding
    uint8_t encoding;

    // IAP_PAGE_FLAG_*
    uint8_t flags;
    uint16_t decoded_length;
    uint16_t encoded_length;
    uint32_t crc32;
};

static inline uint32_t iap_baud_request_rate(const struct iap_frame *frame) {
    return iap_get32(frame->payload + IAP_BAUD_REQUEST_AT_RATE);
}

static inline struct iap_pages_request iap_pages_request_decode(const struct iap_frame *frame) {
    return (struct iap_pages_request){
        .first = iap_get16(frame->payload + IAP_PAGES_REQUEST_AT_FIRST),
        .count = iap_get16(frame->payload + IAP_PAGES_REQUEST_AT_COUNT),
    };
}

static inline struct iap_begin_request iap_begin_request_decode(const struct iap_frame *frame) {
    return (struct iap_begin_request){
        .flags = frame->payload[IAP_BEGIN_REQUEST_AT_FLAGS],
        .header = iap_header_at(frame->payload + IAP_BEGIN_REQUEST_AT_HEADER),
    };
}

static inline struct iap_data_request iap_data_request_decode(const struct iap_frame *frame) {
    return (struct iap_data_request){
        .number = iap_get16(frame->payload + IAP_DATA_REQUEST_AT_NUMBER),
        .flags = frame->payload[IAP_DATA_REQUEST_AT_FLAGS],
        .body = frame->payload + IAP_DATA_REQUEST_AT_BODY,
        .size = frame->size - IAP_DATA_REQUEST_AT_BODY,
    };
}

static inline struct iap_page_head iap_page_head_decode(const uint8_t *bytes) {
    return (struct iap_page_head){
        .page = iap_get16(bytes + IAP_PAGE_HEAD_AT_PAGE),
        .encoding = bytes[IAP_PAGE_HEAD_AT_ENCODING],
        .flags = bytes[IAP_PAGE_HEAD_AT_FLAGS],
        .decoded_length = iap_get16(bytes + IAP_PAGE_HEAD_AT_DECODED_LENGTH),
        .encoded_length = iap_get16(bytes + IAP_PAGE_HEAD_AT_ENCODED_LENGTH),
        .crc32 = iap_get32(bytes + IAP_PAGE_HEAD_AT_CRC32),
    };
}

static inline uint32_t iap_end_request_count(const struct iap_frame *frame) {
    return iap_get16(frame->payload + IAP_END_REQUEST_AT_COUNT);
}

// The answer to a request that changes nothing.
static inline uint32_t iap_refusal(uint8_t *to, iap_result why) {
    to[IAP_REFUSAL_AT_STATUS] = iap_status_of(why);
    iap_put32(to + IAP_REFUSAL_AT_DETAIL, iap_detail_of(why));
    return IAP_REFUSAL_SIZE;
}

// To BOOT, ABORT and ENTER: OK and nothing else.
static inline uint32_t iap_ok_response(uint8_t *to) {
    _Static_assert(IAP_BOOT_RESPONSE_SIZE == 1 && IAP_ABORT_RESPONSE_SIZE == 1 &&
                       IAP_ENTER_RESPONSE_SIZE == 1,
                   "a status only");
    to[0] = IAP_STATUS_OK;
    return 1;
}

static inline uint32_t iap_baud_response(uint8_t *to, uint32_t rate) {
    to[IAP_BAUD_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    iap_put32(to + IAP_BAUD_RESPONSE_AT_RATE, rate);
    return IAP_BAUD_RESPONSE_SIZE;
}

// Without the pages' CRC-32: iap_pages_response_page writes each.
static inline uint32_t iap_pages_response(uint8_t *to, const struct iap_pages_request *pages) {
    to[IAP_PAGES_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    iap_put16(to + IAP_PAGES_RESPONSE_AT_FIRST, pages->first);
    iap_put16(to + IAP_PAGES_RESPONSE_AT_COUNT, pages->count);
    return IAP_PAGES_RESPONSE_SIZE + 4 * pages->count;
}

static inline void iap_pages_response_page(uint8_t *to, uint32_t index, uint32_t crc32) {
    iap_put32(to + IAP_PAGES_RESPONSE_AT_CRC32 + 4 * index, crc32);
}

static inline uint32_t iap_begin_response(uint8_t *to, enum iap_begun begun, uint32_t next) {
    to[IAP_BEGIN_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    to[IAP_BEGIN_RESPONSE_AT_BEGUN] = (uint8_t)begun;
    iap_put16(to + IAP_BEGIN_RESPONSE_AT_NEXT, next);
    return IAP_BEGIN_RESPONSE_SIZE;
}

static inline uint32_t iap_data_response(uint8_t *to, iap_result result, uint32_t next,
                                         uint32_t pages) {
    to[IAP_DATA_RESPONSE_AT_STATUS] = iap_status_of(result);
    iap_put16(to + IAP_DATA_RESPONSE_AT_NEXT, next);
    iap_put16(to + IAP_DATA_RESPONSE_AT_PAGES, pages);
    iap_put32(to + IAP_DATA_RESPONSE_AT_DETAIL, iap_detail_of(result));
    return IAP_DATA_RESPONSE_SIZE;
}

static inline uint32_t iap_end_response(uint8_t *to, iap_result result, uint32_t next) {
    to[IAP_END_RESPONSE_AT_STATUS] = iap_status_of(result);
    iap_put16(to + IAP_END_RESPONSE_AT_NEXT, next);
    iap_put32(to + IAP_END_RESPONSE_AT_DETAIL, iap_detail_of(result));
    return IAP_END_RESPONSE_SIZE;
}

#endif
