// What compilers call for structures, and BearSSL by name; small, as the C library's are not.
#include <stddef.h>
#include <stdint.h>

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size);
__attribute__((used)) void *memset(void *to, int value, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    while (size-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *out = to;
    while (size-- > 0) {
        *out++ = (uint8_t)value;
    }
    return to;
}

// The names that clang calls them by: run-time ABI for the Arm architecture, section 4.3.4. 4: the
// addresses are aligned.
void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memcpy4(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memclr(void *to, size_t size);
void __aeabi_memclr4(void *to, size_t size);

void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size) {
    (void)memcpy(to, from, size);
}

void __aeabi_memcpy4(void *restrict to, const void *restrict from, size_t size) {
    (void)memcpy(to, from, size);
}

void __aeabi_memclr(void *to, size_t size) {
    (void)memset(to, 0, size);
}

void __aeabi_memclr4(void *to, size_t size) {
    (void)memset(to, 0, size);
}
