// Bits of the flash controller (PM0075), and what its two files share.
#ifndef BOARD_FPEC_H
#define BOARD_FPEC_H

#include "internal.h"

#define SR_BSY      (1u << 0)
#define SR_PGERR    (1u << 2)
#define SR_WRPRTERR (1u << 4)
#define SR_EOP      (1u << 5)

#define CR_PG     (1u << 0)
#define CR_PER    (1u << 1)
#define CR_MER    (1u << 2)
#define CR_OPTPG  (1u << 4)
#define CR_OPTER  (1u << 5)
#define CR_STRT   (1u << 6)
#define CR_LOCK   (1u << 7)
#define CR_OPTWRE (1u << 9)
#define CR_ERRIE  (1u << 10)
#define CR_EOPIE  (1u << 12)
#define CR_OBL    (1u << 13) // OBL_LAUNCH: F0, F3
#define CR_MODES  (CR_PG | CR_PER | CR_MER | CR_OPTPG | CR_OPTER)

#define ACR_PRFTBE (1u << 4)
#define ACR_PRFTBS (1u << 5)

void fpec_lines(struct board *b); // its interrupt, after a change of SR or CR
void fpec_bus_error(struct board *b, uint32_t addr);
void fpec_start(struct board *b); // STRT was set

#endif
