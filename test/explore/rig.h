// One virtual board with the bootloader's binary in it, as it leaves the factory, and what can be
// seen of it from outside: whether an application started, and which.
#ifndef EXPLORE_RIG_H
#define EXPLORE_RIG_H

#include "board.h"
#include "images.h"

#define RIG_MS         (1000u * BOARD_PS_PER_US)
#define RIG_CHECK_MS   100u // longer than the image check at boot
#define RIG_CONFIRM_MS 600u // the demo application confirms itself after 500 ms
#define RIG_RATE       921600u
#define RIG_HOLD_MS    2u // of the host's adapter, where the line is a half-duplex pair

#define NO_PIN (-1)

// A board of bootloader-c/boards.
struct board_entry {
    const char *name;
    const char *part;
    uint32_t app_base;
    uint32_t listen_ms, idle_ms, trials;
    int button_port, button_pin; // port 0 is GPIOA, or NO_PIN
    bool button_high;            // active level
    struct board_enable de;      // port NO_PIN: a wire each way, no half-duplex pair
};

// What a device is made of; the same for every rig of a board.
struct product {
    const char *name; // of the board
    char replay[64];  // the same as options of the command line
    const struct board_entry *entry;
    const struct board_part *part;
    uint32_t app_base;
    uint32_t bootloader_size;                // bytes, up to the record
    uint8_t bootloader[IAP_BOOTLOADER_SIZE]; // with an identity block
    bool is_signed;
    struct image images[IMAGE_COUNT];
    struct board_memo *memo; // of verifications; NULL: each is computed
};

enum rig_state {
    RIG_STAYED,     // no application started in the time given
    RIG_STARTED,    // one of the images, complete
    RIG_UNVERIFIED, // an application, but none of the images
    RIG_DEAD,       // lockup, or the bootloader broke a rule of the hardware
};

struct outcome {
    enum rig_state state;
    enum image_name image;
};

struct rig {
    const struct product *product;
    struct board *board;
    struct board_pair *pair; // NULL: a wire each way
    bool verbose;
    bool restarted; // a software reset was seen since power-up
    uint64_t operations;
    uint64_t reset_at_ps; // when the reset pin is pulled; 0: never
    // Told of each flash operation at its start, when its result can already be seen.
    void (*on_operation)(void *context, const struct board_flash_op *operation);
    void *context;
};

// is_signed: the bootloader takes signed images alone; keys and signatures are made. false leaves a
// message on stderr.
bool product_load(struct product *product, const struct board_entry *entry, const char *bootloader,
                  const char *demo, bool is_signed);

// From now on a signature is computed once, and one time in check_every: a verification takes most
// of the time of a cut. false: the bootloader's ELF file does not say where, which is told.
bool product_remember(struct product *product, const char *bootloader, uint32_t check_every);

// A board with blank record and application, power off.
bool rig_open(struct rig *rig, const struct product *product, uint64_t seed, bool verbose);
void rig_close(struct rig *rig);

void rig_power_off(struct rig *rig);
void rig_power_cycle(struct rig *rig);

// Time passes, in this way alone: board and line are together.
void rig_pass(struct rig *rig, uint64_t ps);

// The one way in which time passes for a host: the reset pin is pulled when it is due.
void rig_wait(struct rig *rig, uint64_t ps);

// Runs until an application has started, at most ms.
struct outcome rig_run(struct rig *rig, uint32_t ms);

// Lets the demo application, once started, confirm itself. false: power was lost.
bool rig_confirm(struct rig *rig);

// How long a boot takes at most until the application starts [ms].
uint32_t rig_boot_ms(const struct rig *rig);

// Power cycle, then rig_run without a host. The demo application is left time to confirm itself.
struct outcome rig_boot(struct rig *rig);

const uint8_t *rig_app(const struct rig *rig); // flash from APP_BASE on

// Whether all pages behind an image are blank.
bool rig_nothing_behind(const struct rig *rig, const struct image *image);
bool rig_bootloader_intact(const struct rig *rig);
bool rig_rules_kept(const struct rig *rig);
const char *rig_rule_broken(const struct rig *rig); // which, where it was not

const char *outcome_label(struct outcome outcome);

// A number below limit, by seed and purpose: what is chosen at random stays the same in a replay.
uint32_t rig_choose(uint64_t seed, uint64_t purpose, uint32_t limit);

#endif
