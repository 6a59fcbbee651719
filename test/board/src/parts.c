// The table of parts, and what a row of it leads to.
#include <string.h>

#include "internal.h"
#include "parts.h"

const struct board_part *board_part_at(size_t i) {
    return i < sizeof board_parts / sizeof *board_parts ? &board_parts[i] : NULL;
}

const struct board_part *board_find_part(const char *name) {
    for (size_t i = 0; i < sizeof board_parts / sizeof *board_parts; i++) {
        if (!strcmp(board_parts[i].name, name)) {
            return &board_parts[i];
        }
    }
    return NULL;
}

static const struct family *const families[] = {
    [BOARD_FAMILY_F0] = &family_f0, [BOARD_FAMILY_F1] = &family_f1, [BOARD_FAMILY_F3] = &family_f3};
static const struct core *const cores[] = {
    [BOARD_CORE_M0] = &core_m0, [BOARD_CORE_M3] = &core_m3, [BOARD_CORE_M4] = &core_m4};

const struct family *part_family(const struct board_part *part) {
    return families[part->family];
}

const struct core *part_core(const struct board_part *part) {
    return cores[part->core];
}

bool board_has_ram_parity(const struct board_part *part) {
    return part_family(part)->parity_sram != 0;
}
