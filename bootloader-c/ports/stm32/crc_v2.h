// The CRC unit of the STM32F0 and F3 reflects by itself. RM0091, RM0360 and RM0316, CRC registers
#ifndef CRC_V2_H
#define CRC_V2_H

#include <stdint.h>

#define CRC_CR_REV_IN_WORD (3u << 5)
#define CRC_CR_REV_OUT     (1u << 7)
#define CRC_CR_REFLECTED   (CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT)

static inline uint32_t crc_reflect(uint32_t value) {
    return value;
}

#endif
