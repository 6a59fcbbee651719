// What newlib needs of a system: output to the UART, memory, an end. ST's projects have the same in
// syscalls.c and sysmem.c, with the same symbols of the linker script.
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "board_support.h"

extern char _end[];
extern char _estack[];
extern char _Min_Stack_Size[]; // its address is the size

int _write(int file, const char *bytes, int size);
void *_sbrk(ptrdiff_t size);
_Noreturn void _exit(int status);

int _write(int file, const char *bytes, int size) {
    (void)file;
    board_send(NULL, (const uint8_t *)bytes, (size_t)size);
    return size;
}

void *_sbrk(ptrdiff_t size) {
    static char *heap = _end;
    ptrdiff_t room = _estack - heap - (ptrdiff_t)_Min_Stack_Size;
    if (size > room) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap += size;
    return heap - size;
}

_Noreturn void _exit(int status) {
    printf("exit %d\r\n", status);
    fflush(stdout);
    for (;;) {
    }
}
