// An application that faults as soon as it starts: what an update must be prepared for. In a
// package with the flag CONFIRM it uses up its trial boots, and the bootloader then waits for a
// good one.
#include "board_support.h"

int main(void) {
    board_watchdog_start(); // or it would hang in its fault handler until somebody switches it off
    board_start();
    board_print("crash: started\r\n");
    board_flush(NULL);
    __builtin_trap();
}
