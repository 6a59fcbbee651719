// Life of a board: creation, power, reset, the run loop, and what is told about it.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

uint32_t rng_next(struct rng *r) {
    // splitmix64: any seed is good, streams differ by their start.
    uint64_t z = (r->state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (uint32_t)((z ^ (z >> 31)) >> 16);
}

uint32_t rng_below(struct rng *r, uint32_t n) {
    return (uint32_t)(((uint64_t)rng_next(r) * n) >> 32);
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream) {
    r->state = seed * 0xD1342543DE82EF95ull + stream * 0xA24BAED4963EE407ull;
}

static bool ram_open(struct ram *ram, uint32_t base, uint32_t size) {
    *ram = (struct ram){.base = base, .size = size, .lo = UINT32_MAX};
    ram->data = aligned_alloc(4096, size ? size : 4096); // there, so that none is copied, too
    if (ram->data) {
        memset(ram->data, 0, size);
    }
    return ram->data;
}

static void fill_identity(struct board *b) {
    memset(b->sysmem, 0xFF, SYSMEM_SIZE);
    // A ROM nobody may run: a stack, an entry, and `b .` there.
    static const uint32_t stub[5] = {0x20000200u, SYSMEM_BASE + 0x11u, 0, 0, 0xE7FEE7FEu};
    memcpy(b->sysmem, stub, sizeof stub);
    uint16_t kb = (uint16_t)(b->part->flash_size / 1024);
    memcpy(b->sysmem + (b->part->flash_size_register - SYSMEM_BASE), &kb, 2);
    uint8_t uid[12];
    struct rng r;
    rng_seed(&r, b->cfg.seed, 99);
    for (size_t i = 0; i < sizeof uid; i++) {
        uid[i] = b->cfg.have_uid ? b->cfg.uid[i] : (uint8_t)rng_next(&r);
    }
    memcpy(b->sysmem + (b->part->unique_id - SYSMEM_BASE), uid, sizeof uid);
    fpec_default_options(b);
}

struct board *board_create(const struct board_config *config) {
    struct board *b = calloc(1, sizeof *b);
    if (!b) {
        return NULL;
    }
    b->cfg = *config;
    b->part = config->part;
    b->family = part_family(b->part);
    b->core = part_core(b->part);
    size_t size = b->part->flash_size;
    b->flash = aligned_alloc(4096, size);
    b->sysmem = aligned_alloc(4096, SYSMEM_SIZE);
    b->classes = calloc(size / 2, sizeof *b->classes);
    b->fpec.page_old = malloc(size);
    b->erases_per_page = calloc(size / b->part->page_size, sizeof(uint32_t));
    if (!b->flash || !b->sysmem || !b->classes || !b->fpec.page_old || !b->erases_per_page ||
        !ram_open(&b->ram[RAM_SRAM], SRAM_BASE, b->part->ram_size) ||
        !ram_open(&b->ram[RAM_CCM], CCM_BASE, b->part->ccm_size) || !line_open(b)) {
        board_destroy(b);
        return NULL;
    }
    memset(b->flash, 0xFF, size);
    for (int i = 0; i < EV_COUNT; i++) {
        b->ev[i] = NEVER;
    }
    b->cut_cycle = NEVER;
    b->rom.boot0 = config->boot0;
    b->supply_mv = BOARD_SUPPLY_MV;
    rng_seed(&b->rng_flash, config->seed, 1);
    rng_seed(&b->rng_tear, config->seed, 2);
    rng_seed(&b->rng_weak, config->seed, 3);
    rng_seed(&b->rng_ram, config->seed, 4);
    rng_seed(&b->rng_line, config->seed, 5);
    for (int port = 0; port < 7; port++) {
        memset(b->gpio[port].drive, -1, sizeof b->gpio[port].drive);
    }
    b->uart[config->uart ? config->uart - 1 : 0].on_line = true;
    fill_identity(b);
    bus_build(b);
    time_set_clock(b, 8000000, 8000000, 8000000);
    if (!memo_open(b) || !cpu_open(b) || !parity_open(b)) {
        board_destroy(b);
        return NULL;
    }
    return b;
}

void board_destroy(struct board *b) {
    if (!b) {
        return;
    }
    idle_close(b);
    memo_close(b);
    if (b->uc) {
        uc_close(b->uc);
    }
    line_close(b);
    parity_close(b);
    cells_forget(b);
    free(b->flash);
    for (int i = 0; i < RAM_COUNT; i++) {
        free(b->ram[i].data);
    }
    free(b->sysmem);
    free(b->classes);
    free(b->fpec.page_old);
    free(b->erases_per_page);
    free(b->logged);
    free(b);
}

// Everything a system reset clears; a flash operation under way ends torn.
void board_do_reset(struct board *b, enum board_reset_cause cause) {
    cells_tear(b);
    b->state = BOARD_RUNNING;
    b->error[0] = 0;
    b->counters.resets[cause]++;
    rcc_reset(b, cause);
    misc_reset(b, cause == BOARD_RESET_POWER);
    fpec_reset(b);
    nvic_reset(b);
    scs_reset(b);
    bus_reset(b);
    iwdg_reset(b);
    cpu_reset(b);
    rom_reset(b);
    board_emit(b, BOARD_EVENT_BAUD, 0, "");
    static const char *const names[] = {"power", "pin", "software", "iwdg"};
    board_emit(b, BOARD_EVENT_RESET, (uint32_t)cause, names[cause]);
}

static void ram_garbage(struct board *b, struct ram *ram) {
    for (uint32_t off = 0; off < ram->size; off += 4) {
        uint32_t v = rng_next(&b->rng_ram);
        memcpy(ram->data + off, &v, 4);
    }
    for (uint32_t off = 0; off < ram->size; off += RAM_PAGE) {
        cpu_ram_written(b, ram->base + off, RAM_PAGE);
    }
}

void board_power_on(struct board *b) {
    if (b->state != BOARD_OFF) {
        return;
    }
    b->power_ups++;
    for (int i = 0; i < RAM_COUNT; i++) {
        ram_garbage(b, &b->ram[i]);
    }
    parity_power_up(b);
    cells_power_up(b);
    board_emit(b, BOARD_EVENT_POWER_ON, 0, "");
    board_do_reset(b, BOARD_RESET_POWER);
}

void board_power_off(struct board *b) {
    if (b->state == BOARD_OFF) {
        return;
    }
    cells_tear(b);
    b->state = BOARD_OFF;
    b->attention |= ATTN_STOP;
    b->fpec.cut_in = 0;
    b->cut_cycle = NEVER;
    for (int i = 0; i < EV_COUNT; i++) {
        if (i != EV_LINE) {
            b->ev[i] = NEVER;
        }
    }
    for (int i = 0; i < BOARD_UARTS; i++) {
        b->uart[i].listening = b->uart[i].tx_moving = false;
        b->uart[i].on = false;
        b->uart[i].cr1 = 0;
    }
    line_power_off(b);
    board_emit(b, BOARD_EVENT_BAUD, 0, "");
    board_emit(b, BOARD_EVENT_POWER_OFF, 0, "");
}

void board_reset_pin(struct board *b) {
    if (b->state != BOARD_OFF) {
        board_do_reset(b, BOARD_RESET_PIN);
    }
}

// One step of the run loop.
void board_step(struct board *b) {
    uint64_t next = ev_next(b);
    next = next < b->limit_ps ? next : b->limit_ps;
    if (b->state != BOARD_RUNNING) {
        time_skip_to(b, next);
        return;
    }
    if (b->cyc >= b->cut_cycle) {
        b->cut_cycle = NEVER;
        board_emit(b, BOARD_EVENT_CUT, 0, "power cut");
        board_power_off(b);
        return;
    }
    if (b->rom.running) {
        rom_run(b);
        next = ev_next(b);
        next = next < b->limit_ps ? next : b->limit_ps;
        if (b->cut_cycle < cycle_at(b, next)) {
            b->cyc = b->cut_cycle;
        } else {
            time_skip_to(b, next);
        }
        return;
    }
    cpu_sync_code(b);
    if (b->reset_request) {
        board_do_reset(b, BOARD_RESET_SOFTWARE);
    } else if (b->fault.exc) {
        struct fault f = b->fault;
        b->fault.exc = 0;
        exc_fault(b, &f);
    } else if (b->stall_wait && fpec_stalls(b)) {
        time_skip_to(b, next);
    } else if (exc_take_pending(b)) {
        return;
    } else if (b->sleeping && !nvic_wakes(b)) {
        if (b->cut_cycle < cycle_at(b, next)) {
            b->cyc = b->cut_cycle;
        } else {
            time_skip_to(b, next);
        }
    } else {
        b->sleeping = false;
        if (!memo_step(b)) {
            flash_poll_step(b);
            cpu_run_chunk(b);
        }
    }
}

static bool line_has_gone_quiet(const struct board *b) {
    const struct uart *u = NULL;
    for (int i = 0; i < BOARD_UARTS; i++) {
        u = b->uart[i].on_line ? &b->uart[i] : u;
    }
    if (!b->host_in_len || !u || u->tx_moving || b->ev[EV_HOST_RX] != NEVER) {
        return false;
    }
    return now_ps(b) >= u->tx_last_end + 20 * usart_bit_ps(b, u);
}

static void run_until(struct board *b, uint64_t end) {
    b->limit_ps = end;
    while (now_ps(b) < end) {
        ev_run_due(b);
        if (b->tx_stop && line_has_gone_quiet(b)) {
            return;
        }
        board_step(b);
    }
    ev_run_due(b);
}

void board_run_ps(struct board *b, uint64_t ps) {
    run_until(b, now_ps(b) + ps);
}

void board_run_cycles(struct board *b, uint64_t hclk_cycles) {
    run_until(b, now_ps(b) + cycles_to_ps(b, hclk_cycles));
}

// An answer that begins in idle time is seen so late at most.
#define IDLE_SLICE_PS (500 * BOARD_PS_PER_US)
// While an answer is coming, so that its end is met closely.
#define BUSY_SLICE_PS (100 * BOARD_PS_PER_US)

void board_run_until_tx(struct board *b, uint64_t ps) {
    uint64_t end = now_ps(b) + ps;
    b->tx_stop = true;
    while (now_ps(b) < end && !line_has_gone_quiet(b)) {
        uint64_t left = end - now_ps(b);
        if (b->host_in_len) {
            board_run_ps(b, left < BUSY_SLICE_PS ? left : BUSY_SLICE_PS);
        } else if (left < IDLE_SLICE_PS || board_busy(b)) {
            board_run_ps(b, left < IDLE_SLICE_PS ? left : IDLE_SLICE_PS);
        } else {
            board_run_idle_ps(b, IDLE_SLICE_PS);
        }
    }
    b->tx_stop = false;
}

enum board_state board_get_state(const struct board *b) {
    return b->state;
}

const char *board_error_text(const struct board *b) {
    return b->error;
}

uint64_t board_time_ps(const struct board *b) {
    return now_ps(b);
}

uint64_t board_cycles(const struct board *b) {
    return b->cyc;
}

uint32_t board_hclk(const struct board *b) {
    return b->hclk;
}

uint32_t board_pc(const struct board *b) {
    return b->pc;
}

static void cut_at(struct board *b, uint64_t n, uint64_t seed, bool options) {
    b->fpec.cut_in = n;
    b->fpec.cut_counts_options = options;
    if (n) {
        rng_seed(&b->rng_tear, seed, 2);
    } else {
        ev_at(b, EV_CUT, NEVER);
    }
}

void board_cut_at(struct board *b, uint64_t n, uint64_t seed) {
    cut_at(b, n, seed, false);
}

void board_cut_at_option(struct board *b, uint64_t n, uint64_t seed) {
    cut_at(b, n, seed, true);
}

void board_cut_after_cycles(struct board *b, uint64_t cycles) {
    b->cut_cycle = cycles == NEVER ? NEVER : b->cyc + cycles;
    b->deadline = b->cyc;
}

const struct board_counters *board_counters(struct board *b) {
    b->counters.instructions = b->instructions - b->instructions_cleared;
    return &b->counters;
}

void board_clear_counters(struct board *b) {
    memset(&b->counters, 0, sizeof b->counters);
    b->instructions_cleared = b->instructions;
    memset(b->erases_per_page, 0,
           b->part->flash_size / b->part->page_size * sizeof *b->erases_per_page);
}

const struct board_config *board_config(const struct board *b) {
    return &b->cfg;
}

const uint32_t *board_erases_per_page(const struct board *b) {
    return b->erases_per_page;
}

uint32_t board_weak_cells(const struct board *b) {
    return b->weak_count;
}
