// Control commands for the ROM bootloader: its pin, and what it is told to refuse.
#include <string.h>

#include "session.h"

bool control_boot0(struct session *s, int argc, char **argv, struct json *out) {
    if (argc != 2 || (strcmp(argv[1], "high") && strcmp(argv[1], "low"))) {
        control_error(out, "boot0: expected high or low");
        return false;
    }
    board_boot0(s->at->board, !strcmp(argv[1], "high"));
    return true;
}

bool control_rom_nack(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t v[] = {0, 0, 0, UINT64_MAX}; // code, step, skip, first
    bool good = argc >= 3 && argc <= 5;
    if (argc == 2 && !strcmp(argv[1], "off")) {
        board_rom_nack(s->at->board, NULL);
        return true;
    }
    for (int i = 1; good && i < argc; i++) {
        good = parse_u64(argv[i], &v[i - 1]);
    }
    bool all = v[3] == UINT64_MAX;
    if (!good || v[0] > 0xFF || v[1] > 2 || v[2] > UINT32_MAX || (!all && v[3] > 0xFF)) {
        control_error(out, "rom-nack: expected CODE STEP [SKIP [FIRST]] with STEP 0 to 2, or off");
        return false;
    }
    struct board_rom_nack nack = {.code = (uint8_t)v[0],
                                  .step = (uint8_t)v[1],
                                  .skip = (uint32_t)v[2],
                                  .first = all ? -1 : (int)v[3]};
    board_rom_nack(s->at->board, &nack);
    return true;
}
