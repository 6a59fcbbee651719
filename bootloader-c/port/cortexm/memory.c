// What the compiler calls for structures and BearSSL by name; small, as the C library's are not.
#include <stddef.h>
#include <stdint.h>

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size);
__attribute__((used)) void *memset(void *to, int value, size_t size);

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    while (size-- > 0) {
        *out++ = *in++;
    }
    return to;
}

__attribute__((used)) void *memset(void *to, int value, size_t size) {
    uint8_t *out = to;
    while (size-- > 0) {
        *out++ = (uint8_t)value;
    }
    return to;
}
