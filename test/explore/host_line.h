// Requests and responses: frames out, frames in, repetition. What they mean is host.c's.
#ifndef EXPLORE_HOST_LINE_H
#define EXPLORE_HOST_LINE_H

#include "host.h"

#define HOST_ATTEMPTS 3u // of a request without an answer, and of a page that fails

// Returns the encoded size: it counts for the window.
uint32_t host_send(struct host *host, uint8_t type, const uint8_t *payload, uint32_t size);

// true: the response to the newest request, of this type, is in answer.
bool host_wait(struct host *host, uint8_t type, uint64_t ms);

// Sends until there is a response, which is in answer and status. A line time is added to ms.
enum host_result host_ask(struct host *host, uint8_t type, const uint8_t *payload, uint32_t size,
                          uint32_t ms);

// false: the device has no power, or has stopped for good.
bool host_hears_device(const struct host *host);

#endif
