// The supply, as the programmable voltage detector (PVD) sees it. Only where the part has one and
// the board asks for it: BOARD_SUPPLY_MV.
#ifndef SUPPLY_H
#define SUPPLY_H

#include <stdbool.h>

void supply_start(void);

bool supply_low(void);

#endif
