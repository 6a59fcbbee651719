// Flash contents outside the board: snapshots, files, and a debugger's view of memory.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define OPTION_SIZE 16u

struct board_flash_image {
    uint8_t *data;
    struct weak_cell *weak;
    uint32_t weak_count;
    uint8_t options[OPTION_SIZE];
};

struct board_flash_image *board_flash_snapshot(const struct board *b) {
    struct board_flash_image *s = calloc(1, sizeof *s);
    size_t size = b->part->flash_size, weak_bytes = size / 2 * sizeof *s->weak;
    if (!s || !(s->data = malloc(size)) || (b->weak_count && !(s->weak = malloc(weak_bytes)))) {
        board_flash_image_free(s);
        return NULL;
    }
    memcpy(s->data, b->flash, size);
    memcpy(s->options, b->sysmem + OPTION_OFFSET, OPTION_SIZE);
    s->weak_count = b->weak_count;
    if (s->weak) {
        memcpy(s->weak, b->weak, weak_bytes);
    }
    return s;
}

void board_flash_restore(struct board *b, const struct board_flash_image *s) {
    size_t size = b->part->flash_size;
    uint32_t lo = 0, hi = (uint32_t)size;
    // Only what differs is stale: a boot loop over images that differ in a page stays fast.
    while (lo < hi && !memcmp(b->flash + lo, s->data + lo, 1024)) {
        lo += 1024;
    }
    while (hi > lo && !memcmp(b->flash + hi - 1024, s->data + hi - 1024, 1024)) {
        hi -= 1024;
    }
    memcpy(b->flash + lo, s->data + lo, hi - lo);
    memcpy(b->sysmem + OPTION_OFFSET, s->options, OPTION_SIZE);
    if (hi > lo) {
        cpu_flash_changed(b, lo, hi);
    }
    if (b->weak_count || s->weak_count) {
        cells_forget(b);
        for (uint32_t off = 0; s->weak && off < size; off += 2) {
            if (s->weak[off / 2].mask) {
                cells_set_weak(b, off, s->weak[off / 2]);
            }
        }
    }
}

void board_flash_image_free(struct board_flash_image *s) {
    if (s) {
        free(s->data);
        free(s->weak);
        free(s);
    }
}

const uint8_t *board_flash_data(const struct board *b) {
    return b->flash;
}

bool board_peek(struct board *b, uint32_t address, uint8_t *data, size_t n) {
    if (n > UINT32_MAX) {
        return false;
    }
    const uint8_t *p = bus_memory(b, address, (uint32_t)n, false);
    if (p) {
        memcpy(data, p, n);
    }
    return p != NULL;
}

uint32_t board_peek_register(struct board *b, uint32_t address) {
    return bus_peek(b, address);
}

bool board_poke(struct board *b, uint32_t address, const uint8_t *data, size_t n) {
    if (n > UINT32_MAX) {
        return false;
    }
    uint8_t *p = bus_memory(b, address, (uint32_t)n, false);
    if (!p || (p >= b->sysmem && p < b->sysmem + SYSMEM_SIZE)) {
        return false;
    }
    memcpy(p, data, n);
    if (bus_ram(b, address)) {
        (void)bus_memory(b, address, (uint32_t)n, true);
    } else if (n) {
        uint32_t off = (uint32_t)(p - b->flash);
        cells_firm(b, off & ~1u, (uint32_t)n);
        cpu_flash_changed(b, off, off + (uint32_t)n);
    }
    return true;
}

void board_hw_watchdog(struct board *b, bool on) {
    uint8_t *user = b->sysmem + OPTION_OFFSET + 2;
    user[0] = (uint8_t)(on ? user[0] & ~1u : user[0] | 1u);
    user[1] = (uint8_t)~user[0];
}

static bool fail(char *err, size_t room, const char *path, const char *what) {
    snprintf(err, room, "%s: %s", path, what);
    return false;
}

// Reads at most `size` bytes; -1: no such file, -2: other trouble, reported in err.
static long read_file(const char *path, uint8_t *data, size_t size, char *err, size_t room) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        if (errno == ENOENT) {
            snprintf(err, room, "%s: no such file", path);
            return -1;
        }
        fail(err, room, path, strerror(errno));
        return -2;
    }
    size_t n = fread(data, 1, size, f);
    bool more = fgetc(f) != EOF, bad = ferror(f) != 0;
    fclose(f);
    if (bad || more) {
        char text[96];
        snprintf(text, sizeof text, "longer than the %zu bytes there is room for", size);
        fail(err, room, path, bad ? "cannot be read" : text);
        return -2;
    }
    return (long)n;
}

static bool side_path(char *out, size_t room, const char *path, const char *suffix) {
    return (size_t)snprintf(out, room, "%s%s", path, suffix) < room;
}

static bool load_weak(struct board *b, const char *path, char *err, size_t room) {
    FILE *f = fopen(path, "r");
    if (!f) {
        return errno == ENOENT || fail(err, room, path, strerror(errno));
    }
    unsigned off, mask, noisy, rest;
    char line[128];
    bool ok = true;
    while (ok && fgets(line, sizeof line, f)) {
        if (line[0] == '#') {
            continue;
        }
        ok = sscanf(line, "%x %x %u %u", &off, &mask, &noisy, &rest) == 4 &&
             off < b->part->flash_size && !(off & 1u) && mask <= 0xFFFF && noisy <= 1 &&
             rest <= 255;
        if (ok) {
            struct weak_cell c = {(uint16_t)mask, (uint8_t)noisy, (uint8_t)rest};
            ok = cells_set_weak(b, off, c);
        }
    }
    fclose(f);
    return ok || fail(err, room, path, "not a list of weak cells (offset mask noisy rest)");
}

bool board_flash_load(struct board *b, const char *path, char *err, size_t room) {
    char side[4096];
    uint32_t size = b->part->flash_size;
    memset(b->flash, 0xFF, size);
    cells_forget(b);
    cpu_flash_changed(b, 0, size);
    long n = read_file(path, b->flash, size, err, room);
    if (n < 0) {
        return n == -1; // a board out of the box
    }
    if (!side_path(side, sizeof side, path, ".weak") || !load_weak(b, side, err, room)) {
        return false;
    }
    uint8_t options[OPTION_SIZE];
    if (side_path(side, sizeof side, path, ".opt")) {
        n = read_file(side, options, sizeof options, err, room);
        if (n == -2 || (n >= 0 && n != OPTION_SIZE)) {
            return n == -2 ? false : fail(err, room, side, "not 16 option bytes");
        }
        if (n == OPTION_SIZE) {
            memcpy(b->sysmem + OPTION_OFFSET, options, OPTION_SIZE);
        }
    }
    return true;
}

bool board_flash_overlay(struct board *b, const char *path, uint32_t address, char *err,
                         size_t room) {
    uint32_t off = address - FLASH_BASE;
    if (off >= b->part->flash_size) {
        char text[64];
        snprintf(text, sizeof text, "0x%08X is not in flash", address);
        return fail(err, room, path, text);
    }
    uint32_t left = b->part->flash_size - off;
    uint8_t *data = malloc(left);
    long n = data ? read_file(path, data, left, err, room) : -2;
    bool ok = n >= 0 && (n == 0 || board_poke(b, address, data, (size_t)n));
    free(data);
    return ok;
}

// Temporary file, then rename: a reader sees the old contents or the new ones.
static bool replace(const char *path, const uint8_t *data, size_t n, char *err, size_t room) {
    char temp[4096];
    if (!side_path(temp, sizeof temp, path, ".tmp")) {
        return fail(err, room, path, "name too long");
    }
    FILE *f = fopen(temp, "wb");
    bool ok = f && fwrite(data, 1, n, f) == n && fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (f && fclose(f) != 0) {
        ok = false;
    }
    if (!ok || rename(temp, path) != 0) {
        int e = errno;
        unlink(temp);
        return fail(err, room, path, strerror(e));
    }
    return true;
}

static bool save_weak(struct board *b, const char *path, char *err, size_t room) {
    if (!b->weak_count) {
        unlink(path);
        return true;
    }
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) {
        return fail(err, room, path, strerror(errno));
    }
    fprintf(f, "# flash offset, weak bits, noisy, power-ups at rest\n");
    for (uint32_t off = 0; off < b->part->flash_size; off += 2) {
        const struct weak_cell *c = &b->weak[off / 2];
        if (c->mask) {
            fprintf(f, "%06x %04x %u %u\n", off, c->mask, c->noisy, c->rest);
        }
    }
    bool ok = fclose(f) == 0 && replace(path, (const uint8_t *)text, n, err, room);
    free(text);
    return ok;
}

bool board_flash_save(struct board *b, const char *path, char *err, size_t room) {
    char weak[4096], opt[4096];
    if (!side_path(weak, sizeof weak, path, ".weak") || !side_path(opt, sizeof opt, path, ".opt")) {
        return fail(err, room, path, "name too long");
    }
    uint8_t now[OPTION_SIZE], factory[OPTION_SIZE];
    uint8_t *area = b->sysmem + OPTION_OFFSET;
    memcpy(now, area, OPTION_SIZE);
    fpec_default_options(b);
    memcpy(factory, area, OPTION_SIZE);
    memcpy(area, now, OPTION_SIZE);
    bool ok =
        replace(path, b->flash, b->part->flash_size, err, room) && save_weak(b, weak, err, room);
    if (ok && memcmp(now, factory, OPTION_SIZE)) {
        ok = replace(opt, now, OPTION_SIZE, err, room);
    } else if (ok) {
        unlink(opt);
    }
    return ok;
}
