// Small things of F0 and F3: SYSCFG (RM0091 section 9, RM0316 section 12), the RTC's backup
// registers, DBGMCU where it is a peripheral, option bytes (RM0091 section 4, RM0316 section 5).
#include <string.h>

#include "internal.h"

#define PWR_DBP         (1u << 8)
#define MEM_MODE        3u
#define MEM_MODE_SYSMEM 1u
#define MEM_MODE_SRAM   3u
#define SRAM_PEF        (1u << 8) // CFGR2: parity error, write 1 to clear

const struct option_layout options_v2 = {
    .rdp_open = 0xAA,
    .rdp_for_ever = 0xCC,
    .user_shift = 8,
    .user_mask = 0xFF,
    .data_shift = 16,
};

static uint32_t *syscfg_reg(struct board *b, uint32_t off) {
    if (off >= 0x08 && off <= 0x14) {
        return &b->misc.syscfg_exticr[(off - 8) / 4];
    }
    return off == 0x00 ? &b->misc.syscfg_cfgr1 : off == 0x18 ? &b->misc.syscfg_cfgr2 : NULL;
}

uint32_t syscfg_read(struct board *b, const struct periph *p, uint32_t off) {
    const uint32_t *r = syscfg_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
    return *r;
}

static void cfgr1_write(struct board *b, uint32_t v) {
    static const enum low_memory low[4] = {LOW_FLASH, LOW_SYSMEM, LOW_FLASH, LOW_SRAM};
    if ((v & MEM_MODE) == MEM_MODE_SYSMEM) {
        board_violation(b, 0x40010000, "MEM_MODE 01: the ROM is not modelled");
    }
    b->misc.syscfg_cfgr1 = v;
    b->low_wanted = low[v & MEM_MODE];
    if (b->low_wanted != b->low) {
        cpu_attention(b, ATTN_STOP); // before the next instruction
    }
    usart_requests_moved(b);
}

void syscfg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                  unsigned size) {
    (void)size;
    uint32_t *r = syscfg_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, true, 4);
    } else if (off == 0x00) {
        cfgr1_write(b, v);
    } else if (off == 0x18) {
        *r = (v & ~SRAM_PEF) | (*r & ~v & SRAM_PEF);
    } else {
        *r = v;
    }
}

void syscfg_reset(struct board *b, const struct periph *p) {
    (void)p;
    cfgr1_write(b, 0);
    b->misc.syscfg_cfgr2 = 0;
    memset(b->misc.syscfg_exticr, 0, sizeof b->misc.syscfg_exticr);
}

static uint32_t *rtc_reg(struct board *b, uint32_t off) {
    uint32_t n = (off - 0x50) / 4;
    return off >= 0x50 && n < b->part->backup_registers ? &b->misc.rtc_bkp[n] : NULL;
}

uint32_t rtc_read(struct board *b, const struct periph *p, uint32_t off) {
    const uint32_t *r = rtc_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
    return *r;
}

void rtc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    uint32_t *r = rtc_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, true, 4);
    } else if (!(b->misc.pwr_cr & PWR_DBP)) {
        board_violation(b, p->base + off, "backup register written with PWR_CR.DBP clear");
    } else {
        *r = v;
    }
}

// IDCODE, CR, APB1_FZ, APB2_FZ.
uint32_t dbgmcu_read(struct board *b, const struct periph *p, uint32_t off) {
    if (off > 0x0C) {
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
    return off ? b->misc.dbgmcu[off / 4] : IDCODE_REVISION | b->part->dev_id;
}

void dbgmcu_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                  unsigned size) {
    (void)size;
    if (off > 0x0C) {
        board_unknown(b, p->base + off, true, 4);
    } else {
        b->misc.dbgmcu[off / 4] = v;
    }
}
