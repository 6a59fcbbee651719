// The parts the virtual board can be. Families live in src/family_*.c.
#ifndef BOARD_PARTS_H
#define BOARD_PARTS_H

#include "part.h"

static const struct board_part board_parts[] = {
#include "parts.generated.h"
};

#endif
