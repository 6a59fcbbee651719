#include "doubt.h"

#include "host.h"
#include "record.h"

#define SEEDS        300u // cuts of VALID; a few in a hundred leave it in doubt and read as set
#define BOOTS        6u   // power-ups of each that has started
#define MOST_DOUBTED 3u   // images started on a VALID in doubt; then it is enough

// Where VALID is, and which operation of an update programs it first.
struct search {
    uint32_t app_base;
    uint32_t operations;
    uint32_t number; // counted from 1; 0: not yet
    uint32_t address;
};

static void look(void *context, const struct board_flash_op *operation) {
    struct search *search = context;
    search->operations++;
    if (search->number == 0 && record_is_valid(search->app_base, operation->address)) {
        search->number = search->operations;
        search->address = operation->address;
    }
}

static enum host_result update(struct rig *rig, struct search *search) {
    struct host host;
    host_open(&host, rig);
    rig->on_operation = search != NULL ? look : NULL;
    rig->context = search;
    enum host_result result =
        host_update(&host, &rig->product->images[IMAGE_OLD], HOST_NO_BOOT | HOST_RENEW);
    rig->on_operation = NULL;
    return result;
}

// As power leaves the device that goes before VALID: every page is in flash.
static struct board_flash_image *unfinished(struct rig *rig, uint32_t valid) {
    static const uint8_t clear[2] = {0xff, 0xff};
    rig_power_off(rig);
    board_poke(rig->board, valid, clear, sizeof clear);
    board_poke(rig->board, valid - IAP_RECORD_SLOT_AT_VALID + IAP_RECORD_SLOT_AT_SEALED, clear,
               sizeof clear);
    return board_flash_snapshot(rig->board);
}

static void begin_at(struct rig *rig, const struct board_flash_image *image) {
    rig_power_off(rig);
    board_flash_restore(rig->board, image);
    board_power_on(rig->board);
}

static bool started(struct outcome outcome) {
    return outcome.state == RIG_STARTED && outcome.image == IMAGE_OLD;
}

static const char *judge(struct rig *rig, const struct board_flash_image *image, uint32_t number) {
    uint32_t doubted = 0;
    for (uint32_t seed = 1; seed <= SEEDS && doubted < MOST_DOUBTED; seed++) {
        begin_at(rig, image);
        board_cut_at(rig->board, number, seed);
        if (update(rig, NULL) != HOST_LOST) {
            return "power was not cut in VALID";
        }
        rig_power_cycle(rig);
        bool set = record_expect(rig_app(rig), rig->product->images).valid;
        if (board_weak_cells(rig->board) == 0 || !set || !started(rig_run(rig, rig_boot_ms(rig)))) {
            continue;
        }
        doubted++;
        for (uint32_t i = 0; i < BOOTS; i++) {
            if (!started(rig_boot(rig))) {
                return "an image that started on a VALID in doubt starts no longer";
            }
        }
    }
    return doubted > 0 ? NULL : "no image started on a VALID in doubt: nothing was shown";
}

const char *doubtful_valid(struct rig *rig) {
    struct search first = {.app_base = rig->product->app_base};
    board_power_on(rig->board);
    if (update(rig, &first) != HOST_DONE || first.number == 0) {
        return "an update does not succeed";
    }
    struct board_flash_image *image = unfinished(rig, first.address);
    struct search again = {.app_base = rig->product->app_base};
    begin_at(rig, image);
    const char *wrong = update(rig, &again) != HOST_DONE || again.number == 0
                            ? "an update is not resumed"
                            : judge(rig, image, again.number);
    board_flash_image_free(image);
    return wrong;
}
