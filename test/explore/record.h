// What the boot record says, read a second time: an independent reader of docs/protocol.md, so that
// a mistake in the bootloader's own reader does not judge itself.
#ifndef EXPLORE_RECORD_H
#define EXPLORE_RECORD_H

#include "images.h"

// What docs/protocol.md and certain flash contents say a boot without a host does.
struct expectation {
    enum image_name starts; // IMAGE_NONE: it stays
    bool valid;             // the newest entry says that its image is complete
    uint32_t trials;        // marks set, of the entry that starts
    bool confirmed;
    uint8_t usable_keys; // of the newest image that was verified; all without one
};

// app is the flash from APP_BASE on; the record lies below it.
struct expectation record_expect(const uint8_t *app, const struct image images[IMAGE_COUNT]);

// Which half-word of the record is at an address: whether it belongs to the check values and states
// of a slot or to the header of an area, and whether it is WRITTEN, TOUCHED or VALID.
bool record_in_states(uint32_t app_base, uint32_t address);
bool record_is_written(uint32_t app_base, uint32_t address);
bool record_is_touched(uint32_t app_base, uint32_t address);
bool record_is_valid(uint32_t app_base, uint32_t address);

#endif
