// What C++ needs of a linker script: constructors, tables of exceptions, variables of threads.
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "board.h"
#include "iap_app.h"

extern "C" {
#include "board_support.h"
extern char __tls_base[];
void *__aeabi_read_tp();

// One thread: its variables lie where the start-up code has put them. It may change no register but
// r0.
__attribute__((naked)) void *__aeabi_read_tp() {
    __asm volatile("ldr r0, =__tls_base - 8\n" // 8 bytes: thread control block, ARM IHI 0045
                   "bx lr\n"
                   ".ltorg\n");
}
}

namespace {

struct Constructed {
    std::map<std::string, int> numbers{{"one", 1}, {"two", 2}};
};

Constructed constructed;
thread_local int counted = 40;
thread_local int zero;
iap_app app;

int number(const char *name) {
    auto found = constructed.numbers.find(name);
    if (found == constructed.numbers.end()) {
        throw std::out_of_range(std::string("no ") + name);
    }
    return found->second;
}

} // namespace

int main() {
    iap_app_config config{};
    config.part = BOARD_PART;
    config.unique_id = reinterpret_cast<const uint8_t *>(BOARD_UNIQUE_ID);
    config.page_size = BOARD_PAGE_SIZE;
    config.app_base = BOARD_APP_BASE;
    config.app_end = BOARD_APP_END;
    config.default_rate = BOARD_RATE;
    config.send = board_send;
    config.flush = board_flush;
    iap_app_init(&app, &config);
    board_start();
    if (iap_app_confirm(&app)) {
        std::puts("confirmed without a function to program");
    }
    try {
        std::printf("C++: %d\r\n", number("one") + number("two"));
        std::printf("C++: %d\r\n", number("three"));
    } catch (const std::out_of_range &error) {
        counted += 2;
        zero += 1;
        std::printf("C++: caught %s, %d %d\r\n", error.what(), counted, zero);
    }
    for (uint8_t byte;;) {
        if (board_receive(&byte)) {
            iap_app_receive(&app, byte);
        }
    }
}
