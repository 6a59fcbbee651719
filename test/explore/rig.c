#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iap_bytes.h"
#include "iap_crc.h"
#include "signer.h"
#include "symbol.h"

#define SLICE_MS 10u

static uint32_t load(const char *path, uint8_t *bytes, size_t room) {
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(bytes, 1, room, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    if (size == 0) {
        fprintf(stderr, "%s: cannot be read; build the firmware first\n", path);
    }
    return (uint32_t)size;
}

// The identity's default rate makes the line eight times faster than the boards' own: the line's
// time is of no interest here.
static void make_identity(uint8_t *block) {
    memset(block, 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memset(block + IAP_IDENTITY_AT_PRODUCT, 'x', 16);
    iap_put16(block + IAP_IDENTITY_AT_HARDWARE, 1);
    block[IAP_IDENTITY_AT_ADDRESS] = 0;
    iap_put32(block + IAP_IDENTITY_AT_DEFAULT_RATE, RIG_RATE);
    iap_put32(block + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block, IAP_IDENTITY_AT_CRC32));
}

bool product_load(struct product *product, const struct board_entry *entry, const char *bootloader,
                  const char *demo, bool is_signed) {
    uint8_t application[IMAGE_ROOM];
    product->name = entry->name;
    snprintf(product->replay, sizeof product->replay, "%s%s", entry->name,
             is_signed ? " --signed" : "");
    product->entry = entry;
    product->part = board_find_part(entry->part);
    product->app_base = entry->app_base;
    product->bootloader_size = entry->app_base - 2 * IAP_RECORD_AREA_SIZE - IAP_BOOTLOADER_BASE;
    if (product->part == NULL || product->bootloader_size > sizeof product->bootloader) {
        fprintf(stderr, "%s: no such part, or too large a bootloader\n", entry->part);
        return false;
    }
    memset(product->bootloader, 0xff, sizeof product->bootloader);
    uint32_t size = load(demo, application, sizeof application);
    if (size == 0 || load(bootloader, product->bootloader, product->bootloader_size) == 0) {
        return false;
    }
    uint8_t *identity = product->bootloader + product->bootloader_size - IAP_IDENTITY_SIZE;
    make_identity(identity);
    const struct image_place place = {product->part, product->app_base};
    images_make(product->images, &place, application, size);
    product->is_signed = is_signed;
    if (is_signed) {
        signer_block(identity - IAP_KEY_BLOCK_SIZE);
        for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
            memcpy(product->images[i].header + IAP_HEADER_AT_PRODUCT,
                   identity + IAP_IDENTITY_AT_PRODUCT, 16);
            image_sign(&product->images[i], (enum image_name)i);
        }
    }
    return true;
}

bool product_remember(struct product *product, const char *bootloader, uint32_t check_every) {
    static const char name[] = "p256_ecdsa_verify";
    char elf[512];
    size_t length = strlen(bootloader);
    length -= length > 4 && strcmp(bootloader + length - 4, ".bin") == 0 ? 4 : 0;
    snprintf(elf, sizeof elf, "%.*s.elf", (int)length, bootloader);
    // The signature r and s, the point x and y, the digest
    const struct board_function function = {
        symbol_find(elf, name, product->bootloader, IAP_BOOTLOADER_BASE, product->bootloader_size),
        {64, 64, 32}};
    if (function.address == 0) {
        fprintf(stderr, "%s: not the firmware's, or no %s: all signatures are computed\n", elf,
                name);
        return false;
    }
    product->memo = board_memo_create(&function, check_every);
    return product->memo != NULL;
}

static void on_event(void *user, const struct board_event *event) {
    struct rig *rig = user;
    if (event->kind == BOARD_EVENT_RESET) {
        rig->restarted = event->value == BOARD_RESET_SOFTWARE;
    }
}

static void on_flash_op(void *user, const struct board_flash_op *operation) {
    struct rig *rig = user;
    rig->operations++;
    if (rig->on_operation != NULL) {
        rig->on_operation(rig->context, operation);
    }
}

static void on_log(void *user, const char *line) {
    if (((struct rig *)user)->verbose) {
        fprintf(stderr, "  board: %s\n", line);
    }
}

bool rig_open(struct rig *rig, const struct product *product, uint64_t seed, bool verbose) {
    *rig = (struct rig){.product = product, .verbose = verbose};
    const struct board_config config = {.part = product->part,
                                        .seed = seed,
                                        .app_base = product->app_base,
                                        .memo = product->memo,
                                        .user = rig,
                                        .on_event = on_event,
                                        .on_flash_op = on_flash_op,
                                        .on_log = on_log};
    rig->board = board_create(&config);
    if (rig->board == NULL) {
        fprintf(stderr, "no virtual board: is libunicorn all right?\n");
        return false;
    }
    if (product->entry->de.port != NO_PIN) {
        rig->pair = board_pair_create();
        if (rig->pair == NULL || !board_pair_join(rig->pair, rig->board, &product->entry->de)) {
            return false;
        }
        board_pair_hold(rig->pair, RIG_HOLD_MS * RIG_MS);
    }
    return board_poke(rig->board, IAP_BOOTLOADER_BASE, product->bootloader,
                      product->bootloader_size);
}

void rig_close(struct rig *rig) {
    if (rig->verbose) {
        fprintf(stderr, "  ends after %llu operations, flash 0x%08x\n",
                (unsigned long long)rig->operations,
                iap_crc32(0, board_flash_data(rig->board), rig->product->part->flash_size));
    }
    board_destroy(rig->board);
    board_pair_free(rig->pair);
    rig->board = NULL;
    rig->pair = NULL;
}

void rig_pass(struct rig *rig, uint64_t ps) {
    if (rig->pair != NULL) {
        board_pair_run_ps(rig->pair, ps);
    } else {
        board_run_ps(rig->board, ps);
    }
}

static void pass_idle(struct rig *rig, uint64_t ps) {
    if (rig->pair != NULL) {
        board_pair_run_idle_ps(rig->pair, ps);
    } else {
        board_run_idle_ps(rig->board, ps);
    }
}

void rig_power_off(struct rig *rig) {
    uint8_t heard[256];
    board_power_off(rig->board);
    board_uart_discard(rig->board);
    rig_pass(rig, RIG_MS); // what is on the line comes to its end
    while (board_uart_pull(rig->board, heard, sizeof heard) > 0) {
    }
}

void rig_power_cycle(struct rig *rig) {
    rig_power_off(rig);
    board_power_on(rig->board);
}

void rig_wait(struct rig *rig, uint64_t ps) {
    uint64_t now = board_time_ps(rig->board);
    bool reset_due = rig->reset_at_ps != 0 && rig->reset_at_ps <= now + ps;
    if (reset_due) {
        ps = rig->reset_at_ps > now ? rig->reset_at_ps - now : 0;
    }
    rig_pass(rig, ps);
    if (reset_due && board_time_ps(rig->board) >= rig->reset_at_ps) {
        board_reset_pin(rig->board);
        rig->reset_at_ps = 0;
    }
}

bool rig_nothing_behind(const struct rig *rig, const struct image *image) {
    uint32_t room = rig->product->app_base - IAP_BOOTLOADER_BASE;
    uint32_t at = image_pages(image) * image->page_size;
    return iap_all(rig_app(rig) + at, 0xff, rig->product->part->flash_size - room - at);
}

// The second pass leaves its report in the mailbox immediately before the application's first
// instruction.
static bool application_runs(const struct rig *rig) {
    uint8_t mailbox[8];
    uint32_t pc = board_pc(rig->board);
    return (pc >= rig->product->app_base &&
            pc < IAP_BOOTLOADER_BASE + rig->product->part->flash_size) ||
           (rig->restarted &&
            board_peek(rig->board, IAP_MAILBOX_ADDRESS, mailbox, sizeof mailbox) &&
            iap_get32(mailbox) == IAP_MAILBOX_MAGIC &&
            iap_get32(mailbox + IAP_MAILBOX_AT_REQUEST) == IAP_REQUEST_REPORT);
}

static struct outcome started(const struct rig *rig) {
    for (uint32_t i = 0; i < IMAGE_COUNT; i++) {
        if (image_complete(&rig->product->images[i], rig_app(rig))) {
            return (struct outcome){RIG_STARTED, (enum image_name)i};
        }
    }
    return (struct outcome){RIG_UNVERIFIED, IMAGE_NONE};
}

struct outcome rig_run(struct rig *rig, uint32_t ms) {
    for (uint32_t done = 0; done < ms && board_get_state(rig->board) == BOARD_RUNNING;
         done += SLICE_MS) {
        if (application_runs(rig)) {
            return started(rig);
        }
        pass_idle(rig, SLICE_MS * RIG_MS);
    }
    enum board_state state = board_get_state(rig->board);
    if (application_runs(rig)) {
        return started(rig);
    }
    return (struct outcome){state == BOARD_RUNNING || state == BOARD_OFF ? RIG_STAYED : RIG_DEAD,
                            IMAGE_NONE};
}

bool rig_confirm(struct rig *rig) {
    rig_pass(rig, RIG_CONFIRM_MS * RIG_MS);
    return board_get_state(rig->board) == BOARD_RUNNING;
}

uint32_t rig_boot_ms(const struct rig *rig) {
    return rig->product->entry->listen_ms + RIG_CHECK_MS;
}

struct outcome rig_boot(struct rig *rig) {
    rig_power_cycle(rig);
    struct outcome outcome = rig_run(rig, rig_boot_ms(rig));
    if (outcome.state == RIG_STARTED && outcome.image == IMAGE_DEMO) {
        rig_confirm(rig);
    }
    if (rig->verbose) {
        fprintf(stderr, "  boot: %s, %u weak half-words\n", outcome_label(outcome),
                board_weak_cells(rig->board));
    }
    return outcome;
}

const uint8_t *rig_app(const struct rig *rig) {
    return board_flash_data(rig->board) + (rig->product->app_base - IAP_BOOTLOADER_BASE);
}

bool rig_bootloader_intact(const struct rig *rig) {
    return memcmp(board_flash_data(rig->board), rig->product->bootloader,
                  rig->product->bootloader_size) == 0;
}

// Nobody began to send while another did, the host neither, and nothing without the driver.
static bool pair_kept(const struct board_pair *pair) {
    for (unsigned who = 0; pair != NULL && who < 2; who++) {
        struct board_pair_counts counts = board_pair_counts(pair, who);
        if (counts.collisions != 0 || counts.unheard != 0) {
            return false;
        }
    }
    return true;
}

bool rig_rules_kept(const struct rig *rig) {
    const struct board_counters *counters = board_counters(rig->board);
    return counters->violations == 0 && counters->faults == 0 && counters->wrprt_errors == 0 &&
           counters->unknown_accesses == 0 && pair_kept(rig->pair);
}

const char *rig_rule_broken(const struct rig *rig) {
    return pair_kept(rig->pair) ? board_error_text(rig->board)
                                : "two at once on the pair, or a driver that is off";
}

const char *outcome_label(struct outcome outcome) {
    static const char *const states[] = {"stays", "starts", "starts something unverified", "dead"};
    return outcome.state == RIG_STARTED ? image_label(outcome.image) : states[outcome.state];
}

uint32_t rig_choose(uint64_t seed, uint64_t purpose, uint32_t limit) {
    uint64_t z = seed * 0x9e3779b97f4a7c15u + purpose * 0xbf58476d1ce4e5b9u + 1;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(((z >> 32) * limit) >> 32);
}
