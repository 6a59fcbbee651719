#include "host_line.h"

#include <string.h>

#define ANSWER_MS 60u           // 50 ms, and the time on the wire
#define TURN_PS   (1u * RIG_MS) // on a half-duplex pair, after the last byte of a response
#define SLICE_PS  (100u * BOARD_PS_PER_US) // how closely the end of an answer is met

struct line {
    struct rig *rig;
    uint32_t sent;
};

static void emit(void *context, const uint8_t *bytes, size_t size) {
    struct line *line = context;
    board_uart_push(line->rig->board, bytes, size);
    line->sent += (uint32_t)size;
}

uint32_t host_send(struct host *host, uint8_t type, const uint8_t *payload, uint32_t size) {
    uint8_t frame[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    struct line line = {host->rig, 0};
    if (host->quits_after > 0 && ++host->sent > host->quits_after) {
        return 0;
    }
    uint64_t now = board_time_ps(host->rig->board);
    if (host->rig->pair != NULL && now < host->heard_ps + TURN_PS) {
        rig_wait(host->rig, host->heard_ps + TURN_PS - now);
    }
    frame[0] = IAP_ADDRESS_ONLY;
    frame[1] = type;
    frame[2] = ++host->seq;
    if (size > 0) {
        memcpy(frame + IAP_FRAME_HEADER_SIZE, payload, size);
    }
    iap_frame_send(frame, size, emit, &line);
    return line.sent;
}

// Takes what was heard. true: the response to the newest request, of this type, is in answer.
static bool hear(struct host *host, uint8_t type) {
    uint8_t bytes[64];
    size_t size;
    bool found = false;
    while (!found && (size = board_uart_pull(host->rig->board, bytes, sizeof bytes)) > 0) {
        host->heard_ps = board_time_ps(host->rig->board);
        for (size_t i = 0; i < size; i++) {
            if (iap_decoder_sink(&host->decoder, bytes[i]) != IAP_DECODED_FRAME) {
                continue;
            }
            struct iap_frame frame = iap_decoder_frame(&host->decoder);
            // All the calls of a host that calls are still waited for.
            if ((frame.seq == host->seq || type == IAP_COMMAND_HELLO) &&
                frame.type == (type | IAP_RESPONSE_BIT) && frame.size > 0) {
                host->answer = frame.payload;
                host->answer_size = frame.size;
                found = true;
            }
        }
    }
    return found;
}

bool host_hears_device(const struct host *host) {
    return board_get_state(host->rig->board) == BOARD_RUNNING;
}

bool host_wait(struct host *host, uint8_t type, uint64_t ms) {
    uint64_t end = board_time_ps(host->rig->board) + ms * RIG_MS;
    bool found = hear(host, type);
    while (!found && host_hears_device(host) && board_time_ps(host->rig->board) < end) {
        rig_wait(host->rig, SLICE_PS);
        found = hear(host, type);
    }
    return found;
}

enum host_result host_ask(struct host *host, uint8_t type, const uint8_t *payload, uint32_t size,
                          uint32_t ms) {
    for (unsigned attempt = 0; attempt < HOST_ATTEMPTS && host_hears_device(host); attempt++) {
        host_send(host, type, payload, size);
        if (host_wait(host, type, ms + ANSWER_MS)) {
            host->status = host->answer[0];
            return HOST_DONE;
        }
    }
    return HOST_LOST;
}
