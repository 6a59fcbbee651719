// An input of fuzz-session: a configuration and steps, 8 bytes each, so that mutations keep their
// meaning and every frame has a right CRC unless a step damages it.
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

#define PROGRAM_STEP  8u  // bytes of the configuration and of a step
#define PROGRAM_STEPS 60u // more are not run

// The configuration, byte by byte.
struct program_config {
    uint8_t app_pages; // of 1 KB: 3 to 8
    uint8_t identity;  // enum program_identity
    uint8_t trials;    // 1 to 6
    uint8_t start;     // bits 0-1: clock at the start; bit 2: the button is held; bit 3: flash is
                       // read-protected; bit 4: room for a raw page alone
    uint8_t payload;   // longest payload: 272, 1040, 4096
    uint8_t app;       // bit 0: the application confirms itself; bit 1: it resets with ENTER
    uint8_t ending;    // bit 0: the last start is by idling, not by BOOT
    uint8_t keys;      // of fuzz-signed. bit 0: a development key; bit 1: a start verifies, too
};

enum program_identity {
    PROGRAM_IDENTITY_BLANK,
    PROGRAM_IDENTITY_ADDRESS,  // bus address 5
    PROGRAM_IDENTITY_PRODUCT,  // and hardware revision 3
    PROGRAM_IDENTITY_PACKAGES, // takes only packages for it
    PROGRAM_IDENTITY_DAMAGED,
    PROGRAM_IDENTITY_RATE, // 9600 baud, bus address 254
    PROGRAM_IDENTITIES,
};

// The last byte of a request's step chooses the address: 0 to 4 the only device, 5 its own, 6
// broadcast, 7 another's.
struct program_step {
    uint8_t code; // enum program_code
    uint8_t a, b, c, d, e, f, g;
};

enum program_code {
    PROGRAM_HELLO,   // a: flags; b: bytes more or (from 128 on) fewer
    PROGRAM_BAUD,    // a: of a table, or from 128 on the rate in b to e
    PROGRAM_PAGES,   // first: a, b; count: c, d
    PROGRAM_BEGIN,   // a: image; b: flags; c: bits of enum program_header; d, e: byte and value; f
    PROGRAM_PAGE,    // a: page; b: number's difference; c: bits of enum program_page; d: bytes a
                     // frame by 8, 0: all that it takes; e: bytes of image e - 1 instead; f: frame
                     // that is lost
    PROGRAM_DATA,    // a: number's difference; b: flags; c, d: bytes; e: page; f: encoding
    PROGRAM_END,     // a: number's difference
    PROGRAM_BOOT,    //
    PROGRAM_ABORT,   //
    PROGRAM_ENTER,   //
    PROGRAM_UPDATE,  // a: image; b: BEGIN's flags; c: bits as BEGIN; d: parts left out at the end
    PROGRAM_FRAME,   // a: address; b: type; c: steps that follow are payload; d: bytes fewer
    PROGRAM_RAW,     // a: steps that follow are bytes on the line
    PROGRAM_DAMAGE,  // of the next frame. a: enum program_damage; b, c: where; d: value
    PROGRAM_TIME,    // a: of a table; b: how often the bootloader runs then
    PROGRAM_RESET,   // a: enum program_reset; b: bit of the token that is wrong, 0: none
    PROGRAM_REFUSE,  // flash fails. a: area, 0: nowhere; b: where by 8; c: length, power of two;
                     // d: bit 0: only programming fails, bit 1: unnoticed
    PROGRAM_CUT,     // power ends at flash operation a, b from now
    PROGRAM_BURST,   // a: frames that are sent at once
    PROGRAM_ROT_APP, // a, b: where; c: bits that flip; then a reset
    PROGRAM_ROT_RECORD, // a, b: where; c: bits that flip; then a reset
    PROGRAM_BUTTON,     // a: bit 0: held
    PROGRAM_SIGN,       // of the headers that follow, in fuzz-signed. a: number of the key from 1;
                        // b: bits of keys that they revoke; c: algorithm's difference;
                        // d: bits of enum program_signature; e, f: byte that is wrong and how
    PROGRAM_ROT_KEYS,   // a, b: where; c: bits that flip; then a reset
    PROGRAM_PACK,       // how the pages that follow travel. a: enum program_packing; b: page behind
                        // the dictionary; c: its pages; d: bits of enum program_packed; e: byte by
                        // 4 of the stream that changes; f: its bits
    PROGRAM_CODES,
};

enum program_header {
    PROGRAM_HEADER_BYTE = 1,     // byte d has value e
    PROGRAM_HEADER_CONFIRM = 2,  // wants confirmation
    PROGRAM_HEADER_PRODUCT = 4,  // the device's product
    PROGRAM_HEADER_SHA256 = 8,   // wrong
    PROGRAM_HEADER_CRC32 = 16,   // wrong
    PROGRAM_HEADER_COUNTER = 32, // security counter f
    PROGRAM_HEADER_SIZE = 64,    // of a table: e
    PROGRAM_HEADER_VECTORS = 128 // of an image without vectors, the rest right
};

enum program_signature {
    PROGRAM_SIGNATURE_NONE = 1,  // unsigned
    PROGRAM_SIGNATURE_HIGH = 2,  // s in its other form
    PROGRAM_SIGNATURE_BYTE = 4,  // byte e of the signature is wrong by f
    PROGRAM_SIGNATURE_AFTER = 8, // byte e of the header is changed by f when it is signed
    PROGRAM_SIGNATURE_KEYS = 16, // revokes what is revoked, and no more
};

enum program_page {
    PROGRAM_PAGE_FORCE = 1,
    PROGRAM_PAGE_SILENT = 2, // no ASK
    PROGRAM_PAGE_CRC = 4,    // wrong
    PROGRAM_PAGE_LONG = 8,   // a byte more than the head says
    PROGRAM_PAGE_LENGTH = 16 // the head's lengths are wrong by one
};

enum program_packing {
    PROGRAM_PACKING_RAW,
    PROGRAM_PACKING_STORED,
    PROGRAM_PACKING_FIXED,
    PROGRAM_PACKING_DYNAMIC,
    PROGRAM_PACKINGS,
};

enum program_packed {
    PROGRAM_PACKED_FAR = 1,   // the dictionary's fields have 0x1000 more
    PROGRAM_PACKED_SHORT = 2, // the stream is a byte too short
    PROGRAM_PACKED_MORE = 4,  // and a byte too long
    PROGRAM_PACKED_TIGHT = 8, // blocks that give nothing in front: no room to decode it in
};

enum program_damage {
    PROGRAM_DAMAGE_FLIP,
    PROGRAM_DAMAGE_LOSE,
    PROGRAM_DAMAGE_INSERT,
    PROGRAM_DAMAGE_CUT,
    PROGRAM_DAMAGE_TWICE,
    PROGRAM_DAMAGES,
};

enum program_reset {
    PROGRAM_RESET_PIN,   // the mailbox keeps what it holds
    PROGRAM_RESET_POWER, // the mailbox is lost
    PROGRAM_RESET_ENTER,
    PROGRAM_RESET_FAULT,
    PROGRAM_RESET_START, // a START for the installed image, as it stands in SRAM after a start
    PROGRAM_RESETS,
};

#endif
