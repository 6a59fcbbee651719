// What libunicorn calls while the core runs: before each instruction, at flash reads, at stores
// that memory protection caught, at addresses nothing answers at. No hook stops the core but
// hook_code: stopped anywhere else, libunicorn runs the block again from its start.
#include <string.h>

#include "internal.h"

#define OP_SEV 0xBF40

#define IS_IT(opcode) (((opcode)&0xFF00u) == 0xBF00u && ((opcode)&0xFu) != 0)

#define BRANCH_REFILL 2 // cycles of a taken branch beyond the first: pipeline refill

// Is the fetch at `addr` served without the flash array? Only what the two 64-bit prefetch
// lines held when the operation began, in sequence.
static bool fetch_is_buffered(const struct board *b, uint32_t addr) {
    if (addr != b->seq_pc) {
        return false;
    }
    uint32_t line = addr >> 3;
    return line == b->line || ((b->fpec.acr & 0x10u) && line == b->line + 1 &&
                               b->instructions - b->fpec.start_instruction < 4);
}

// libunicorn 2.0.1, stopped inside an IT block, loses an instruction: it goes on to the block's
// end. Real cores may also take an interrupt only there.
static bool in_it_block(const struct board *b, uint32_t addr) {
    return addr > b->it_at && addr < b->it_end;
}

static void begin_it_block(struct board *b, uint32_t addr) {
    b->it_at = addr;
    b->it_end = addr + 2;
    for (unsigned mask = b->opcode & 0xFu; mask != 0; mask = mask << 1 & 0xFu) {
        const uint8_t *next = bus_memory(b, b->it_end, 2, false);
        if (!next) {
            return;
        }
        b->it_end += next[1] >= 0xE8u ? 4 : 2; // 32-bit instructions: ARM DDI 0403, A5.1
    }
}

static bool must_leave(struct board *b, uint32_t addr) {
    uint32_t off;
    if (b->attention & ATTN_STACK) {
        b->attention &= ~ATTN_STACK;
        stack_check(b);
    }
    if (b->attention & ATTN_MASKS) {
        b->attention &= ~ATTN_MASKS;
        if (b->opcode == OP_SEV) {
            b->event_flag = true;
        }
        nvic_changed(b);
    }
    if ((b->attention & (ATTN_STOP | ATTN_POLL)) || b->cyc >= b->deadline) {
        return true;
    }
    if ((b->attention & ATTN_WATCH) && addr == b->watch_pc && b->instructions > b->watch_from) {
        return true;
    }
    if ((b->attention & ATTN_STALL) && bus_in_flash(b, addr, &off) && !fetch_is_buffered(b, addr)) {
        b->stall_wait = true;
        return true;
    }
    return false;
}

static void charge_fetch(struct board *b, uint32_t off, bool taken) {
    uint32_t line = (FLASH_BASE + off) >> 3;
    if (line == b->line) {
        return;
    }
    bool prefetched = !taken && line == b->line + 1 && (b->fpec.acr & 0x10u);
    if (!prefetched) {
        b->cyc += b->wait_states;
    } else if (b->cyc < b->next_line_ready) {
        b->cyc = b->next_line_ready;
    }
    b->line = line;
    b->next_line_ready = b->cyc + b->wait_states + 1;
}

// LDM, STM, LDRD, STRD fault on an unaligned address (ARM DDI 0403 A3.2.1); libunicorn does not.
static bool base_is_unaligned(struct board *b) {
    static const int regs[] = {UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2,  UC_ARM_REG_R3,
                               UC_ARM_REG_R4,  UC_ARM_REG_R5, UC_ARM_REG_R6,  UC_ARM_REG_R7,
                               UC_ARM_REG_R8,  UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
                               UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR};
    unsigned rn = b->opcode < 0xE800 ? b->opcode >> 8 & 7u : b->opcode & 15u;
    return rn < 13 && (cpu_reg(b, regs[rn]) & 3u);
}

// Instructions that libunicorn would carry out and the core would not.
static bool refuses(struct board *b, uint16_t cls, uint32_t addr) {
    uint32_t cfsr = 0;
    if (cls & CLASS_UNDEFINED) {
        cfsr = 1u << 16; // UNDEFINSTR
    } else if ((cls & CLASS_FP) && !fpu_use(b)) {
        cfsr = 1u << 19; // NOCP
    } else if ((cls & CLASS_WORDS) && base_is_unaligned(b)) {
        cfsr = 1u << 24; // UNALIGNED
    } else if (cls & CLASS_SPECIAL) {
        board_violation(b, addr, "MRS or MSR of a register that this core does not have");
    }
    if (cfsr) {
        b->fault = (struct fault){.exc = EXC_USAGE, .cfsr = cfsr, .pc = addr};
    }
    return cfsr != 0;
}

void hook_code(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
    struct board *b = user;
    uint32_t addr = (uint32_t)address;
    if ((b->attention || b->cyc >= b->deadline) && !in_it_block(b, addr) && must_leave(b, addr)) {
        b->hook_stopped = true;
        uc_emu_stop(uc);
        return;
    }
    b->instructions++;
    b->pc = addr;
    bool taken = addr != b->seq_pc;
    if (taken) {
        b->cyc += BRANCH_REFILL;
    }
    uint16_t cls;
    uint32_t off;
    if (bus_in_flash(b, addr, &off)) {
        charge_fetch(b, off, taken);
        b->flash_pc = FLASH_BASE + off;
        memcpy(&b->opcode, b->flash + off, 2);
        cls = b->classes[off >> 1];
        if (!cls) {
            uint16_t hw2 = 0xFFFF;
            if (off + 4 <= b->part->flash_size) {
                memcpy(&hw2, b->flash + off + 2, 2);
            }
            cls = b->core->classify(b->opcode, hw2) | stack_class(b->opcode, hw2);
            b->classes[off >> 1] = cls;
        }
    } else {
        uint16_t hw[2] = {0xFFFF, 0xFFFF};
        const uint8_t *p = bus_memory(b, addr, size, false);
        if (p) {
            memcpy(hw, p, size < 4 ? size : 4);
        }
        if ((addr - SYSMEM_BASE) < SYSMEM_SIZE) {
            board_violation(b, addr, "execution in system memory: the ROM is not modelled");
        }
        b->opcode = hw[0];
        cls = b->core->classify(hw[0], hw[1]) | stack_class(hw[0], hw[1]);
        // Over the system bus a fetch takes one more cycle than over the I-Code bus.
        b->cyc += b->core->v7m && addr >= SRAM_BASE && (size > 2 || (addr & 2u) == 0);
    }
    if ((cls & CLASS_CHECKED) && refuses(b, cls, addr)) {
        b->hook_stopped = true;
        uc_emu_stop(uc);
        return;
    }
    b->seq_pc = addr + size;
    if (IS_IT(b->opcode)) {
        begin_it_block(b, addr);
    }
    unsigned cycles = cls & CLASS_CYCLES;
    if ((cls & CLASS_LOAD) && (b->prev_class & CLASS_LOAD) && !taken) {
        cycles = 1; // neighbouring single loads are pipelined
    }
    b->cyc += cycles;
    b->prev_class = cls;
    if ((cls & CLASS_STACK) && b->cfg.stack_bytes) {
        b->attention |= ATTN_STACK;
    }
    if (cls & CLASS_MASKS) {
        b->attention |= ATTN_MASKS; // looked at before the next instruction
    }
}

// Data reads of flash: wait states, stall while busy, cells that are not certain.
void hook_flash_read(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user) {
    (void)uc, (void)type, (void)value;
    struct board *b = user;
    uint32_t off;
    if (!bus_in_flash(b, (uint32_t)address, &off)) {
        return;
    }
    if ((b->attention & ATTN_STALL) && fpec_stalls(b)) {
        time_skip_to(b, b->fpec.busy_end);
        b->attention |= ATTN_STOP;
    }
    b->cyc += b->wait_states;
    b->next_line_ready += b->wait_states + 1; // the array has one port
    if (b->weak_count) {
        cells_before_read(b, off, (uint32_t)size);
    }
}

bool hook_write_prot(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user) {
    (void)uc, (void)type;
    struct board *b = user;
    struct ram *ram = bus_ram(b, (uint32_t)address);
    if (ram) { // a page with code in it, or the alias at 0
        uint8_t *p = bus_memory(b, (uint32_t)address, (uint32_t)size, true);
        if (p) {
            memcpy(p, &value, (size_t)size);
        }
    } else {
        fpec_store(b, (uint32_t)address, (uint32_t)value, (unsigned)size);
    }
    return true; // the store itself is discarded
}

bool hook_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                   void *user) {
    (void)uc, (void)size, (void)value;
    struct board *b = user;
    b->bad_access = true;
    b->bad_address = (uint32_t)address;
    b->bad_type = (int)type;
    return false;
}

void hook_intr(uc_engine *uc, uint32_t intno, void *user) {
    struct board *b = user;
    b->intno = (int)intno;
    uc_emu_stop(uc);
}
