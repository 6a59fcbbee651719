// hal-listen while its motor turns: it must not be left.
#include "../../bootloader-c/examples/hal-listen/main.c"

bool iap_hal_may_enter(uint32_t *detail) {
    *detail = 0x12345678;
    return false;
}
