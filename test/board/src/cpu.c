// The core: libunicorn executes, this file keeps time, stops it where something else must
// happen, and sorts out why it stopped. See README.md for what libunicorn 2.0.1 does oddly.
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define INTR_SVC            2
#define INTR_PREFETCH_ABORT 3
#define INTR_DATA_ABORT     4
#define INTR_BKPT           7
#define INTR_EXCEPTION_EXIT 8
#define INTR_NOCP           17
#define INTR_INVSTATE       18
#define INTR_UNALIGNED      22

#define OP_YIELD 0xBF10
#define OP_WFE   0xBF20
#define OP_WFI   0xBF30

uint32_t cpu_reg(struct board *b, int reg) {
    uint32_t v = 0;
    uc_reg_read(b->uc, reg, &v);
    return v;
}

void cpu_set_reg(struct board *b, int reg, uint32_t value) {
    uc_reg_write(b->uc, reg, &value);
}

void cpu_set_pc(struct board *b, uint32_t pc) {
    cpu_set_reg(b, UC_ARM_REG_PC, pc | 1);
    b->seq_pc = pc & ~1u;
    b->it_end = 0;
    b->line = UINT32_MAX;
}

void cpu_attention(struct board *b, uint32_t bits) {
    b->attention |= bits;
}

void cpu_reset(struct board *b) {
    static const int zero[] = {UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2,  UC_ARM_REG_R3,
                               UC_ARM_REG_R4, UC_ARM_REG_R5, UC_ARM_REG_R6,  UC_ARM_REG_R7,
                               UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
                               UC_ARM_REG_R12};
    cpu_set_reg(b, UC_ARM_REG_XPSR, 0x01000000u);
    cpu_set_reg(b, UC_ARM_REG_CONTROL, 0);
    cpu_set_reg(b, UC_ARM_REG_PRIMASK, 0);
    cpu_set_reg(b, UC_ARM_REG_FAULTMASK, 0);
    cpu_set_reg(b, UC_ARM_REG_BASEPRI, 0);
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++) {
        cpu_set_reg(b, zero[i], 0);
    }
    cpu_set_reg(b, UC_ARM_REG_LR, 0xFFFFFFFFu);
    cpu_set_reg(b, UC_ARM_REG_PSP, 0);
    b->attention = 0;
    b->stall_wait = b->sleeping = b->event_flag = b->reset_request = false;
    b->fault.exc = 0;
    b->prev_class = 0;
    b->stack_own = false;
    memo_reset(b);
    uint32_t vectors[2];
    cpu_sync_code(b);
    if (b->weak_count) {
        cells_before_read(b, 0, 8);
    }
    memcpy(vectors, b->flash, 8);
    b->flash_pc = FLASH_BASE;
    b->pc = vectors[1] & ~1u;
    cpu_set_reg(b, UC_ARM_REG_MSP, vectors[0] & ~3u);
    cpu_set_pc(b, vectors[1] & ~1u);
    if (!(vectors[1] & 1u)) { // no Thumb bit: the first instruction faults (INVSTATE)
        b->fault = (struct fault){.exc = EXC_USAGE, .cfsr = 1u << 17, .pc = vectors[1]};
    }
}

void cpu_flash_changed(struct board *b, uint32_t lo, uint32_t hi) {
    if (b->dirty_lo >= b->dirty_hi) {
        b->dirty_lo = lo;
        b->dirty_hi = hi;
    } else {
        b->dirty_lo = lo < b->dirty_lo ? lo : b->dirty_lo;
        b->dirty_hi = hi > b->dirty_hi ? hi : b->dirty_hi;
    }
    b->attention |= ATTN_STOP; // invalidated between chunks, before the next instruction
}

void cpu_sync_code(struct board *b) {
    for (int i = 0; i < RAM_COUNT; i++) {
        struct ram *ram = &b->ram[i];
        if (ram->lo < ram->hi) {
            cpu_forget_code(b, (uint64_t)ram->base + ram->lo, (uint64_t)ram->base + ram->hi);
            ram->lo = UINT32_MAX;
            ram->hi = 0;
        }
    }
    if (b->low != b->low_wanted && !cpu_map_low(b, b->low_wanted)) {
        board_stop_error(b, "libunicorn cannot change what is at address 0");
    }
    if (b->dirty_lo >= b->dirty_hi) {
        return;
    }
    uint32_t lo = b->dirty_lo, hi = b->dirty_hi;
    b->dirty_lo = b->dirty_hi = 0;
    uint32_t first = lo >= 2 ? lo / 2 - 1 : 0; // a 32-bit instruction may begin before
    memset(b->classes + first, 0, (hi / 2 - first) * sizeof *b->classes);
    cpu_forget_code(b, (uint64_t)FLASH_BASE + lo, (uint64_t)FLASH_BASE + hi);
    if (b->low == LOW_FLASH) {
        cpu_forget_code(b, lo, hi);
    }
}

static void fault_now(struct board *b, uint8_t exc, uint32_t cfsr, uint32_t pc) {
    struct fault f = {.exc = exc, .cfsr = cfsr, .pc = pc};
    exc_fault(b, &f);
}

static bool in_thumb_state(struct board *b) {
    return (cpu_reg(b, UC_ARM_REG_XPSR) & 0x01000000u) != 0;
}

static void after_interrupt(struct board *b, uint32_t pc) {
    bool handler = (cpu_reg(b, UC_ARM_REG_XPSR) & 0x1FFu) != 0;
    switch (b->intno) {
    case INTR_EXCEPTION_EXIT:
        exc_return(b, pc | 1);
        return;
    case INTR_PREFETCH_ABORT:
        if (handler && pc >= 0xFFFFFFE0u) {
            exc_return(b, pc | 1);
        } else if (pc < 0x40000000u && !in_thumb_state(b)) { // INVSTATE
            fault_now(b, EXC_USAGE, 1u << 17, pc);
        } else { // execute-never region: peripherals, PPB
            fault_now(b, EXC_MEM, 1u << 0, pc);
        }
        return;
    case INTR_SVC:
        nvic_pend(b, EXC_SVC);
        if (!exc_take_pending(b)) { // priority too low: escalates
            b->nvic.pending[EXC_SVC] = false;
            struct fault f = {.exc = EXC_HARD, .hfsr = 1u << 30, .pc = b->pc};
            exc_fault(b, &f);
        }
        return;
    case INTR_BKPT: { // halting debug is off: DEBUGEVT
        struct fault f = {.exc = EXC_HARD, .hfsr = 1u << 31, .pc = b->pc};
        exc_fault(b, &f);
        return;
    }
    case INTR_DATA_ABORT:
    case INTR_UNALIGNED:
        fault_now(b, EXC_USAGE, 1u << 24, b->pc);
        return;
    case INTR_NOCP:
        fault_now(b, EXC_USAGE, 1u << 19, b->pc);
        return;
    case INTR_INVSTATE:
        fault_now(b, EXC_USAGE, 1u << 17, b->pc);
        return;
    default:
        fault_now(b, EXC_USAGE, 1u << 16, b->pc);
        return;
    }
}

// RAM begins without EXEC; a page that code is fetched from becomes READ + EXEC. Stores to it
// come to hook_write_prot, which makes stale translations go (see unicorn_stores.c).
static bool allow_code(struct board *b, uint32_t pc) {
    struct ram *ram = bus_ram(b, pc);
    uint32_t page = ram ? (pc - ram->base) / RAM_PAGE : RAM_PAGES;
    if (!ram || page >= RAM_PAGES || ram->code[page]) { // also: the alias at 0
        return false;
    }
    ram->code[page] = true;
    return uc_mem_protect(b->uc, ram->base + page * RAM_PAGE, RAM_PAGE,
                          UC_PROT_READ | UC_PROT_EXEC) == UC_ERR_OK;
}

// Something other than the core's own fast path wrote to RAM; `addr` is not the alias.
void cpu_ram_written(struct board *b, uint32_t addr, uint32_t n) {
    struct ram *ram = bus_ram(b, addr);
    uint32_t off = addr - ram->base;
    parity_written(ram, off, n);
    if (!ram->code[off / RAM_PAGE] && !ram->code[(off + n - 1) / RAM_PAGE]) {
        return;
    }
    ram->lo = off < ram->lo ? off : ram->lo;
    ram->hi = off + n > ram->hi ? off + n : ram->hi;
    b->attention |= ATTN_STOP;
}

static void after_bad_access(struct board *b, uint32_t pc) {
    if (b->bad_type == UC_MEM_FETCH_PROT && allow_code(b, b->bad_address)) {
        return;
    }
    if (b->bad_type == UC_MEM_FETCH_PROT && b->low != LOW_FLASH && b->bad_address < FLASH_BASE &&
        in_thumb_state(b)) {
        board_stop_error(b, "execution at address 0 while it is not flash is not modelled");
        return;
    }
    struct fault f = {.exc = EXC_BUS, .pc = b->pc, .address = b->bad_address};
    bool handler = (cpu_reg(b, UC_ARM_REG_XPSR) & 0x1FFu) != 0;
    switch (b->bad_type) {
    case UC_MEM_FETCH_UNMAPPED:
    case UC_MEM_FETCH_PROT:
        if (handler && pc >= 0xFFFFFFE0u) {
            exc_return(b, pc | 1);
            return;
        }
        f.pc = pc;
        if (b->low != LOW_FLASH && pc < FLASH_BASE) { // not Thumb: INVSTATE
            f.exc = EXC_USAGE;
            f.cfsr = 1u << 17;
            break;
        }
        f.exc = pc >= 0x40000000u ? EXC_MEM : EXC_BUS; // execute never, or IBUSERR
        f.cfsr = pc >= 0x40000000u ? 1u << 0 : 1u << 8;
        break;
    case UC_MEM_WRITE_UNMAPPED: // buffered: the core learns of it after the instruction
        f.cfsr = 1u << 10;
        f.pc = b->seq_pc;
        break;
    default:
        f.cfsr = 1u << 9;
        f.have_address = true;
        break;
    }
    exc_fault(b, &f);
}

void cpu_run_chunk(struct board *b) {
    uint64_t next = ev_next(b);
    b->deadline = cycle_at(b, next < b->limit_ps ? next : b->limit_ps);
    if (b->cut_cycle < b->deadline) {
        b->deadline = b->cut_cycle;
    }
    if (b->deadline <= b->cyc) {
        b->deadline = b->cyc + 1;
    }
    b->attention &= ~ATTN_STOP;
    b->hook_stopped = b->bad_access = false;
    b->intno = -1;
    uint32_t pc = cpu_reg(b, UC_ARM_REG_PC);
    // count and until stay 0: anything else flushes or retranslates.
    uc_err err = uc_emu_start(b->uc, pc | 1, 0, 0, 0);
    if (b->hook_stopped) {
        return;
    }
    pc = cpu_reg(b, UC_ARM_REG_PC);
    if (b->intno >= 0) {
        after_interrupt(b, pc);
    } else if (b->bad_access) {
        after_bad_access(b, pc);
    } else if (err == UC_ERR_OK && b->opcode == OP_WFI) {
        b->sleeping = true;
        b->sleeping_wfe = false;
    } else if (err == UC_ERR_OK && pc == 0 && !in_thumb_state(b)) {
        fault_now(b, EXC_USAGE, 1u << 17, 0); // a null pointer was called: INVSTATE
    } else if (err == UC_ERR_INSN_INVALID && b->opcode == OP_WFE) {
        cpu_set_reg(b, UC_ARM_REG_PC, b->seq_pc | 1);
        b->sleeping = !b->event_flag;
        b->sleeping_wfe = true;
        b->event_flag = false;
    } else if (err == UC_ERR_INSN_INVALID && b->opcode == OP_YIELD) {
        cpu_set_reg(b, UC_ARM_REG_PC, b->seq_pc | 1);
    } else if (err == UC_ERR_INSN_INVALID) {
        // Interworking to ARM state clears the T bit: INVSTATE; otherwise UNDEFINSTR.
        bool thumb = in_thumb_state(b);
        fault_now(b, EXC_USAGE, thumb ? 1u << 16 : 1u << 17, thumb ? b->pc : pc);
    } else {
        char text[128];
        snprintf(text, sizeof text, "libunicorn: %s at 0x%08X", uc_strerror(err), pc);
        board_stop_error(b, text);
    }
}
