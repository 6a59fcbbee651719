// The CRC unit of the STM32F1 takes its words unreflected. RM0008 section 4, RM0041 section 3
#ifndef CRC_V1_H
#define CRC_V1_H

#include <stdint.h>

#define CRC_CR_REFLECTED 0u

static inline uint32_t crc_reflect(uint32_t value) {
    uint32_t reflected;
    __asm("rbit %0, %1" : "=r"(reflected) : "r"(value));
    return reflected;
}

#endif
