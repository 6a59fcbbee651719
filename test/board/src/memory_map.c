// Opening the core and laying out its memory.
#include "internal.h"

// The header's uc_ctl macros shift into the sign bit: kept away from UndefinedBehaviorSanitizer.
#define UC_CTL_CALL __attribute__((no_sanitize("undefined"), noinline))

static uint64_t mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    (void)uc;
    const struct window *w = user;
    return bus_read(w->b, w->base + (uint32_t)offset, size);
}

static void mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
    (void)uc;
    const struct window *w = user;
    bus_write(w->b, w->base + (uint32_t)offset, (uint32_t)value, size);
}

static bool map_window(struct board *b, struct window *w, uint32_t base, uint32_t size) {
    *w = (struct window){b, base};
    return uc_mmio_map(b->uc, base, size, mmio_read, w, mmio_write, w) == UC_ERR_OK;
}

static uint64_t ppb_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    (void)uc;
    return scs_read(user, PPB_BASE + (uint32_t)offset, size);
}

static void ppb_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
    (void)uc;
    scs_write(user, PPB_BASE + (uint32_t)offset, (uint32_t)value, size);
}

UC_CTL_CALL static bool set_model(uc_engine *uc, int model) {
    return uc_ctl_set_cpu_model(uc, model) == UC_ERR_OK;
}

UC_CTL_CALL static bool model_is(uc_engine *uc, int model) {
    int got = -1;
    return uc_ctl_get_cpu_model(uc, &got) == UC_ERR_OK && got == model;
}

// The exact range only: libunicorn's flush of everything takes a second.
UC_CTL_CALL void cpu_forget_code(struct board *b, uint64_t lo, uint64_t hi) {
    uc_ctl_remove_cache(b->uc, lo, hi);
}

static uint64_t sram_bit_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    (void)uc, (void)size;
    return bus_bit_read(user, SRAM_BASE, (uint32_t)offset);
}

static void sram_bit_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t v, void *user) {
    (void)uc, (void)size;
    bus_bit_write(user, SRAM_BASE, (uint32_t)offset, (uint32_t)v);
}

static uint64_t periph_bit_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    (void)uc, (void)size;
    return bus_bit_read(user, PERIPH_BASE, (uint32_t)offset);
}

static void periph_bit_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t v,
                             void *user) {
    (void)uc, (void)size;
    bus_bit_write(user, PERIPH_BASE, (uint32_t)offset, (uint32_t)v);
}

static bool map_bit_bands(struct board *b) {
    return uc_mmio_map(b->uc, SRAM_BITS, b->part->ram_size * 32u, sram_bit_read, b, sram_bit_write,
                       b) == UC_ERR_OK &&
           uc_mmio_map(b->uc, PERIPH_BITS, PERIPH_SIZE * 32u, periph_bit_read, b, periph_bit_write,
                       b) == UC_ERR_OK;
}

static bool add_hook(struct board *b, int type, void *fn, uint64_t lo, uint64_t hi) {
    uc_hook h;
    return uc_hook_add(b->uc, &h, type, fn, b, lo, hi) == UC_ERR_OK;
}

static bool map_windows(struct board *b) {
    static const uint32_t place[3][2] = {
        {PERIPH_BASE, PERIPH_SIZE}, {AHB2_BASE, AHB2_SIZE}, {AHB3_BASE, AHB3_SIZE}};
    bool ok = true;
    for (unsigned i = 0; i < b->family->windows; i++) {
        ok = ok && map_window(b, &b->windows[i], place[i][0], place[i][1]);
    }
    return ok;
}

// READ + EXEC at mapping time is not enough to keep stores out: protect makes it read-only.
static bool map_read_only(struct board *b, uint32_t base, uint32_t size, uint8_t *data,
                          uint32_t rights) {
    return uc_mem_map_ptr(b->uc, base, size, UC_PROT_ALL, data) == UC_ERR_OK &&
           uc_mem_protect(b->uc, base, size, rights) == UC_ERR_OK;
}

static bool map_ram(struct board *b, const struct ram *ram) {
    return !ram->size || uc_mem_map_ptr(b->uc, ram->base, ram->size, UC_PROT_READ | UC_PROT_WRITE,
                                        ram->data) == UC_ERR_OK;
}

static uint32_t low_size(const struct board *b, enum low_memory low) {
    return low == LOW_FLASH  ? b->part->flash_size
           : low == LOW_SRAM ? b->part->ram_size
                             : SYSMEM_SIZE;
}

// Changes what address 0 is an alias of. Only between chunks. SRAM comes without WRITE and EXEC:
// stores go through hook_write_prot, code there is told as not modelled.
bool cpu_map_low(struct board *b, enum low_memory low) {
    uint32_t size = low_size(b, b->low);
    cpu_forget_code(b, 0, size);
    if (uc_mem_unmap(b->uc, 0, size) != UC_ERR_OK) {
        return false;
    }
    b->low = low;
    if (low == LOW_FLASH) {
        return map_read_only(b, 0, low_size(b, low), b->flash, UC_PROT_READ | UC_PROT_EXEC);
    }
    return map_read_only(b, 0, low_size(b, low),
                         low == LOW_SRAM ? b->ram[RAM_SRAM].data : b->sysmem, UC_PROT_READ);
}

bool cpu_open(struct board *b) {
    cpu_use_fast_stores();
    // UC_MODE_MCLASS would silently make it a Cortex-M33.
    if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &b->uc) != UC_ERR_OK) {
        b->uc = NULL;
        return false;
    }
    int model = b->core->model;
    uint32_t size = b->part->flash_size, rom = UC_PROT_READ | UC_PROT_EXEC;
    bool ok = set_model(b->uc, model) && map_read_only(b, FLASH_BASE, size, b->flash, rom) &&
              map_read_only(b, 0, size, b->flash, rom) &&
              map_read_only(b, SYSMEM_BASE, SYSMEM_SIZE, b->sysmem, rom) &&
              map_ram(b, &b->ram[RAM_SRAM]) && map_ram(b, &b->ram[RAM_CCM]) && map_windows(b) &&
              uc_mmio_map(b->uc, PPB_BASE, PPB_SIZE, ppb_read, b, ppb_write, b) == UC_ERR_OK &&
              (!b->core->v7m || map_bit_bands(b));
    // Hook calls are compiled into the translated blocks: all hooks before the first one.
    ok = ok && (!b->cfg.memo ||
                add_hook(b, UC_HOOK_CODE, (void *)hook_memo, memo_address(b), memo_address(b)));
    ok =
        ok && add_hook(b, UC_HOOK_CODE, (void *)hook_code, 0, UINT64_MAX) &&
        add_hook(b, UC_HOOK_MEM_READ, (void *)hook_flash_read, FLASH_BASE, FLASH_BASE + size - 1) &&
        add_hook(b, UC_HOOK_MEM_READ, (void *)hook_flash_read, 0, size - 1) &&
        add_hook(b, UC_HOOK_MEM_WRITE_PROT, (void *)hook_write_prot, 0, UINT64_MAX) &&
        add_hook(b, UC_HOOK_MEM_UNMAPPED | UC_HOOK_MEM_FETCH_PROT, (void *)hook_unmapped, 0,
                 UINT64_MAX) &&
        add_hook(b, UC_HOOK_INTR, (void *)hook_intr, 0, UINT64_MAX);
    return ok && model_is(b->uc, model);
}
