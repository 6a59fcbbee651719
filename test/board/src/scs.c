// System control space: SCB, a little of DWT and the debug block
// (ARM DDI 0403 B3 and 0419 B3, PM0056 section 4).
#include <string.h>

#include "internal.h"

#define VTOR_MASK 0x3FFFFF80u

void scs_reset(struct board *b) {
    memset(&b->scs, 0, sizeof b->scs);
    b->scs.ccr = b->core->ccr;
    fpu_reset(b);
    systick_reschedule(b);
}

static uint32_t icsr(struct board *b) {
    int prio = 0;
    uint32_t v = cpu_reg(b, UC_ARM_REG_XPSR) & 0x1FFu;
    int best = nvic_best(b, &prio);
    v |= (uint32_t)best << 12;
    v |= b->nvic.pending[EXC_NMI] ? 1u << 31 : 0;
    v |= b->nvic.pending[EXC_PENDSV] ? 1u << 28 : 0;
    v |= b->nvic.pending[EXC_SYSTICK] ? 1u << 26 : 0;
    unsigned active = 0;
    for (unsigned i = EXC_NMI; i < EXC_COUNT; i++) {
        active += b->nvic.active[i];
        if (i >= 16 && b->nvic.pending[i]) {
            v |= 1u << 22;
        }
    }
    return v | (active <= 1 ? 1u << 11 : 0);
}

static void icsr_write(struct board *b, uint32_t v) {
    if (v & (1u << 31)) {
        nvic_pend(b, EXC_NMI);
    }
    if (v & (1u << 27)) {
        b->nvic.pending[EXC_PENDSV] = false;
    }
    if (v & (1u << 25)) {
        b->nvic.pending[EXC_SYSTICK] = false;
    }
    if (v & (1u << 28)) {
        nvic_pend(b, EXC_PENDSV);
    }
    if (v & (1u << 26)) {
        nvic_pend(b, EXC_SYSTICK);
    }
}

static void aircr_write(struct board *b, uint32_t v) {
    if (v >> 16 != 0x05FA) {
        board_violation(b, 0xE000ED0C, "AIRCR written without its key: 0x%08X", v);
        return;
    }
    b->nvic.prigroup = b->core->v7m ? (uint8_t)((v >> 8) & 7u) : 0;
    nvic_changed(b);
    if (v & 4u) {
        b->reset_request = true;
        cpu_attention(b, ATTN_STOP);
    }
    if (v & 1u) {
        board_violation(b, 0xE000ED0D, "AIRCR.VECTRESET is for debuggers only");
    }
}

static uint32_t shcsr(const struct board *b) {
    const struct nvic *n = &b->nvic;
    uint32_t v = b->scs.shcsr & 0x70000u;
    v |= n->active[EXC_MEM] | (uint32_t)n->active[EXC_BUS] << 1 |
         (uint32_t)n->active[EXC_USAGE] << 3 | (uint32_t)n->active[EXC_SVC] << 7 |
         (uint32_t)n->active[EXC_PENDSV] << 10 | (uint32_t)n->active[EXC_SYSTICK] << 11;
    return v | (uint32_t)n->pending[EXC_SVC] << 15;
}

// ARMv6-M: the first word of each NVIC register, few of the SCB, words only (DDI 0419 B3.2).
static bool v6m_has(uint32_t addr) {
    switch (addr) {
    case 0xE000E010u: // SysTick
    case 0xE000E014u:
    case 0xE000E018u:
    case 0xE000E01Cu:
    case 0xE000E100u: // NVIC
    case 0xE000E180u:
    case 0xE000E200u:
    case 0xE000E280u:
    case 0xE000ED00u: // CPUID, ICSR, VTOR (reserved on M0), AIRCR, SCR, CCR
    case 0xE000ED04u:
    case 0xE000ED08u:
    case 0xE000ED0Cu:
    case 0xE000ED10u:
    case 0xE000ED14u:
    case 0xE000ED1Cu: // SHPR2, SHPR3
    case 0xE000ED20u:
        return true;
    default:
        return addr >= 0xE000E400u && addr < 0xE000E420u; // IPR
    }
}

static uint32_t read_word(struct board *b, uint32_t addr) {
    uint32_t v = 0;
    if (b->core->fpu && fpu_register(b, addr, &v, false)) {
        return v;
    }
    if (nvic_register(b, addr, &v, false)) {
        return v;
    }
    switch (addr) {
    case 0xE000E004u: // ICTR: groups of 32 interrupts - 1
        return (b->family->irq_count - 1u) / 32;
    case 0xE000E010u:
    case 0xE000E014u:
    case 0xE000E018u:
    case 0xE000E01Cu:
        return systick_read(b, addr);
    case 0xE000ED00u:
        return b->core->cpuid;
    case 0xE000ED04u:
        return icsr(b);
    case 0xE000ED08u:
        return b->scs.vtor;
    case 0xE000ED0Cu:
        return 0xFA050000u | (uint32_t)b->nvic.prigroup << 8;
    case 0xE000ED10u:
        return b->scs.scr;
    case 0xE000ED14u:
        return b->scs.ccr;
    case 0xE000ED24u:
        return shcsr(b);
    case 0xE000ED28u:
        return b->scs.cfsr;
    case 0xE000ED2Cu:
        return b->scs.hfsr;
    case 0xE000ED34u:
        return b->scs.mmfar;
    case 0xE000ED38u:
        return b->scs.bfar;
    case 0xE000ED30u: // DFSR
    case 0xE000ED3Cu: // AFSR
    case 0xE000ED90u: // MPU_TYPE: none on this part
    case 0xE000EDF0u: // DHCSR: no debugger
        return 0;
    case 0xE0042000u:
        return b->family->idcode_reads_0 ? 0 : IDCODE_REVISION | b->part->dev_id;
    case 0xE0042004u:
        return b->misc.dbgmcu[1];
    case 0xE000EDFCu:
        return b->scs.demcr;
    case 0xE0001000u:
        return b->scs.dwt_ctrl | 0x40000000u;
    case 0xE0001004u:
        return (b->scs.dwt_ctrl & 1u) ? (uint32_t)(b->cyc - b->scs.dwt_base)
                                      : (uint32_t)b->scs.dwt_base;
    default:
        board_unknown(b, addr, false, 4);
        return 0;
    }
}

static void dwt_ctrl_write(struct board *b, uint32_t v) {
    uint64_t count = (b->scs.dwt_ctrl & 1u) ? b->cyc - b->scs.dwt_base : b->scs.dwt_base;
    b->scs.dwt_ctrl = v & 1u;
    b->scs.dwt_base = (v & 1u) ? b->cyc - count : count;
}

static void write_word(struct board *b, uint32_t addr, uint32_t v) {
    if (b->core->fpu && fpu_register(b, addr, &v, true)) {
        return;
    }
    if (nvic_register(b, addr, &v, true)) {
        return;
    }
    switch (addr) {
    case 0xE000E010u:
    case 0xE000E014u:
    case 0xE000E018u:
    case 0xE000E01Cu:
        systick_write(b, addr, v);
        return;
    case 0xE000ED04u:
        icsr_write(b, v);
        return;
    case 0xE000ED08u:
        if (!b->core->v7m) {
            return; // reserved: reads 0, writes go nowhere
        }
        if (v & ~VTOR_MASK) {
            board_violation(b, addr, "VTOR 0x%08X: alignment bits are ignored by silicon", v);
        }
        b->scs.vtor = v & VTOR_MASK;
        return;
    case 0xE000ED0Cu:
        aircr_write(b, v);
        return;
    case 0xE000ED10u:
        b->scs.scr = v & 0x16u;
        return;
    case 0xE000ED14u:
        b->scs.ccr = b->core->v7m ? v & 0x31Bu : b->core->ccr;
        return;
    case 0xE000ED24u:
        b->scs.shcsr = v & 0x70000u;
        return;
    case 0xE000ED28u: // write 1 to clear
        b->scs.cfsr &= ~v;
        return;
    case 0xE000ED2Cu:
        b->scs.hfsr &= ~v;
        return;
    case 0xE000ED30u:
    case 0xE000ED3Cu:
        return;
    case 0xE000ED34u:
        b->scs.mmfar = v;
        return;
    case 0xE000ED38u:
        b->scs.bfar = v;
        return;
    case 0xE000EDFCu:
        b->scs.demcr = v;
        return;
    case 0xE0001000u:
        dwt_ctrl_write(b, v);
        return;
    case 0xE0001004u:
        b->scs.dwt_base = (b->scs.dwt_ctrl & 1u) ? b->cyc - v : v;
        return;
    case 0xE0042004u:
        b->misc.dbgmcu[1] = v;
        return;
    default:
        board_unknown(b, addr, true, 4);
    }
}

uint32_t scs_read(struct board *b, uint32_t addr, unsigned size) {
    if (!b->core->v7m && (size != 4 || !v6m_has(addr))) {
        board_unknown(b, addr, false, size);
        return 0;
    }
    if (nvic_is_priority(addr)) {
        return nvic_priority_read(b, addr, size);
    }
    uint32_t v = read_word(b, addr & ~3u);
    return (v >> (8 * (addr & 3u))) & (size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1u);
}

void scs_write(struct board *b, uint32_t addr, uint32_t value, unsigned size) {
    if (!b->core->v7m && (size != 4 || !v6m_has(addr))) {
        board_unknown(b, addr, true, size);
        return;
    }
    if (nvic_is_priority(addr)) {
        nvic_priority_write(b, addr, value, size);
        return;
    }
    if (size != 4 && (addr & ~3u) != 0xE000ED28u) {
        board_unknown(b, addr, true, size); // NVIC and SCB: words, but for priorities and CFSR
        return;
    }
    write_word(b, addr & ~3u, size == 4 ? value : value << (8 * (addr & 3u)));
}
