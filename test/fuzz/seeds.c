// Writes what the fuzzers start from: seeds of each and the decoder's dictionary.
// Usage: fuzz-seeds FOLDER, which gets decoder/, inflate/, session/, signed/ and decoder.dict.
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "deflater.h"
#include "program.h"
#include "reference.h"

static const char *folder;

static FILE *create(const char *name) {
    char path[4096];
    CHECK(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    return file;
}

static void write_file(const char *name, const void *bytes, size_t size) {
    FILE *file = create(name);
    CHECK(fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

#define SEED(name, ...)                                                                            \
    do {                                                                                           \
        const uint8_t bytes[] = {__VA_ARGS__};                                                     \
        write_file(name, bytes, sizeof bytes);                                                     \
    } while (0)

// Of fuzz-session or fuzz-signed.
static const char *programs;

static void write_program(const char *name, const void *bytes, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", programs, name);
    write_file(path, bytes, size);
}

// Steps and the configuration, complete.
#define CONFIG(...)                                                                                \
    { __VA_ARGS__ }
#define PROGRAM(name, config, ...)                                                                 \
    do {                                                                                           \
        const struct program_config first = config;                                                \
        const struct program_step steps[] = {__VA_ARGS__};                                         \
        uint8_t bytes[sizeof first + sizeof steps];                                                \
        memcpy(bytes, &first, sizeof first);                                                       \
        memcpy(bytes + sizeof first, steps, sizeof steps);                                         \
        write_program(name, bytes, sizeof bytes);                                                  \
    } while (0)

static void sessions(void) {
    programs = "session";
    PROGRAM("hello", CONFIG(0), {PROGRAM_HELLO, .a = 1}, {PROGRAM_HELLO, .g = 5},
            {PROGRAM_TIME, 4, 8});
    PROGRAM("rates", CONFIG(0), {PROGRAM_BAUD, 7}, {PROGRAM_HELLO, .a = 1}, {PROGRAM_TIME, 9, 2},
            {PROGRAM_BAUD, 8}, {PROGRAM_BAUD, 3}, {PROGRAM_TIME, 7, 2}, {PROGRAM_BAUD, 12});
    PROGRAM("pages", CONFIG(.payload = 2), {PROGRAM_PAGES, 0, 0, 3}, {PROGRAM_PAGES, 2, 0, 1},
            {PROGRAM_PAGES, 0xff, 0xff, 0xff, 0xff}, {PROGRAM_PAGES, 0, 0, 4});
    for (uint8_t i = 0; i < 6; i++) {
        char name[32];
        const struct program_config config = {.payload = 1, .identity = i};
        const struct program_step steps[] = {
            {PROGRAM_HELLO, .a = 1},
            {PROGRAM_BEGIN, .a = i, .c = PROGRAM_HEADER_PRODUCT},
            {PROGRAM_PAGES, 0, 0, 2},
            {PROGRAM_PAGE, 0},
            {PROGRAM_PAGE, 1, .d = 16},
            {PROGRAM_PAGE, 2, .c = PROGRAM_PAGE_FORCE},
            {PROGRAM_END},
            {PROGRAM_END},
            {PROGRAM_BOOT},
            {PROGRAM_HELLO, .a = 1},
        };
        uint8_t bytes[sizeof config + sizeof steps];
        memcpy(bytes, &config, sizeof config);
        memcpy(bytes + sizeof config, steps, sizeof steps);
        snprintf(name, sizeof name, "update-%u", i);
        write_program(name, bytes, sizeof bytes);
    }
    PROGRAM("two-updates", CONFIG(.payload = 1, .app = 1), {PROGRAM_UPDATE, 4}, {PROGRAM_BOOT},
            {PROGRAM_UPDATE, 1, .c = PROGRAM_HEADER_CONFIRM}, {PROGRAM_BOOT}, {PROGRAM_TIME, 4, 32},
            {PROGRAM_UPDATE, 4, .d = 2}, {PROGRAM_RESET, PROGRAM_RESET_POWER}, {PROGRAM_UPDATE, 4});
    PROGRAM("trials", CONFIG(.payload = 1, .trials = 1), {PROGRAM_UPDATE, 0, 0, 2},
            {PROGRAM_TIME, 4, 8}, {PROGRAM_TIME, 10, 8}, {PROGRAM_TIME, 4, 8}, {PROGRAM_TIME, 4, 8},
            {PROGRAM_TIME, 11, 8});
    PROGRAM("refused", CONFIG(.identity = PROGRAM_IDENTITY_PACKAGES), {PROGRAM_BEGIN},
            {PROGRAM_BEGIN, .c = 1, .d = 8, .e = 1}, {PROGRAM_BEGIN, .c = 65, .d = 0},
            {PROGRAM_BEGIN, .c = 64, .e = 11}, {PROGRAM_DATA, .b = 3, .c = 40}, {PROGRAM_END});
    for (unsigned at = 0; at < IAP_HEADER_SIZE; at += 4) {
        char name[32];
        const struct program_config config = {.payload = 1, .identity = PROGRAM_IDENTITY_PRODUCT};
        const struct program_step steps[] = {
            {PROGRAM_BEGIN, 1, .c = PROGRAM_HEADER_BYTE, .d = (uint8_t)at, .e = 9},
            {PROGRAM_BEGIN, 1, .c = PROGRAM_HEADER_BYTE, .d = (uint8_t)(at + 3), .e = 9},
            {PROGRAM_PAGE},
        };
        uint8_t bytes[sizeof config + sizeof steps];
        memcpy(bytes, &config, sizeof config);
        memcpy(bytes + sizeof config, steps, sizeof steps);
        snprintf(name, sizeof name, "header-%u", at);
        write_program(name, bytes, sizeof bytes);
    }
    PROGRAM("worn-silently", CONFIG(.payload = 1), {PROGRAM_REFUSE, 3, 4, 3, 3},
            {PROGRAM_UPDATE, 1}, {PROGRAM_REFUSE, 1, 36, 3, 3}, {PROGRAM_UPDATE, 1});
    PROGRAM("bad-images", CONFIG(.payload = 1), {PROGRAM_UPDATE, 1, .c = PROGRAM_HEADER_SHA256},
            {PROGRAM_BOOT}, {PROGRAM_UPDATE, 1, .c = PROGRAM_HEADER_CRC32}, {PROGRAM_BOOT},
            {PROGRAM_UPDATE, 1, .c = PROGRAM_HEADER_VECTORS}, {PROGRAM_BOOT});
    // A page that flash has brings on the verification of an image that an END found wrong.
    PROGRAM("verified-again", CONFIG(.payload = 1), {PROGRAM_PACK, PROGRAM_PACKING_STORED},
            {PROGRAM_UPDATE, 1, .c = PROGRAM_HEADER_SHA256}, {PROGRAM_RESET},
            {PROGRAM_BEGIN, 1, .c = PROGRAM_HEADER_SHA256}, {PROGRAM_END}, {PROGRAM_PAGE});
    PROGRAM("gaps", CONFIG(.payload = 1), {PROGRAM_BEGIN, 1}, {PROGRAM_PAGE, .b = 1},
            {PROGRAM_PAGE, .d = 8, .f = 3}, {PROGRAM_PAGE, .d = 8}, {PROGRAM_PAGE, .c = 4},
            {PROGRAM_PAGE, .c = 8}, {PROGRAM_PAGE, .b = 255}, {PROGRAM_END, 1}, {PROGRAM_ABORT});
    PROGRAM("power", CONFIG(.payload = 1), {PROGRAM_UPDATE, 1}, {PROGRAM_CUT, 30},
            {PROGRAM_UPDATE, 2}, {PROGRAM_CUT, 200, 1}, {PROGRAM_UPDATE, 2}, {PROGRAM_UPDATE, 2});
    PROGRAM("flash-fails", CONFIG(.payload = 1), {PROGRAM_UPDATE, 1}, {PROGRAM_REFUSE, 3, 2, 3},
            {PROGRAM_UPDATE, 2}, {PROGRAM_REFUSE, 1, 40, 11}, {PROGRAM_UPDATE, 1}, {PROGRAM_REFUSE},
            {PROGRAM_UPDATE, 1});
    // BEGIN moves the record, then fails: the session before it must not go on in the old area.
    PROGRAM("worn-record", CONFIG(.app_pages = 5, .payload = 1), {PROGRAM_UPDATE, 1},
            {PROGRAM_BEGIN, 2}, {PROGRAM_BEGIN, 3}, {PROGRAM_BEGIN, 4}, {PROGRAM_BEGIN, 5},
            {PROGRAM_BEGIN, 2}, {PROGRAM_BEGIN, 3}, {PROGRAM_REFUSE, 2, 39, 11, 1},
            {PROGRAM_BEGIN, 4}, {PROGRAM_PAGE}, {PROGRAM_BOOT});
    PROGRAM("many", CONFIG(.payload = 1), {PROGRAM_UPDATE, 0}, {PROGRAM_BEGIN, 1},
            {PROGRAM_BEGIN, 2}, {PROGRAM_ABORT}, {PROGRAM_BEGIN, 3}, {PROGRAM_BEGIN, 4},
            {PROGRAM_BEGIN, 1}, {PROGRAM_BEGIN, 2}, {PROGRAM_BEGIN, 3}, {PROGRAM_UPDATE, 0, 1},
            {PROGRAM_RESET, PROGRAM_RESET_FAULT}, {PROGRAM_HELLO, 1}, {PROGRAM_BOOT});
    PROGRAM("rollback", CONFIG(.payload = 1),
            {PROGRAM_UPDATE, 0, .c = PROGRAM_HEADER_COUNTER, .f = 5},
            {PROGRAM_BEGIN, 1, .c = PROGRAM_HEADER_COUNTER, .f = 4},
            {PROGRAM_BEGIN, 1, .c = PROGRAM_HEADER_COUNTER, .f = 5});
    PROGRAM("worn-record-2", CONFIG(.app_pages = 5, .payload = 1), {PROGRAM_UPDATE, 1},
            {PROGRAM_BEGIN, 2}, {PROGRAM_BEGIN, 3}, {PROGRAM_BEGIN, 4}, {PROGRAM_BEGIN, 5},
            {PROGRAM_BEGIN, 2}, {PROGRAM_BEGIN, 3}, {PROGRAM_REFUSE, 2, 39, 11, 1},
            {PROGRAM_BEGIN, 4}, {PROGRAM_REFUSE}, {PROGRAM_BEGIN, 3}, {PROGRAM_PAGE},
            {PROGRAM_PAGE, 1}, {PROGRAM_END});
    PROGRAM("rot", CONFIG(.payload = 1), {PROGRAM_UPDATE, 1}, {PROGRAM_ROT_APP, 100, 1, 4},
            {PROGRAM_TIME, 4, 8}, {PROGRAM_RESET, PROGRAM_RESET_START}, {PROGRAM_UPDATE, 1},
            {PROGRAM_ROT_RECORD, 60, 0, 1}, {PROGRAM_TIME, 4, 8}, {PROGRAM_UPDATE, 1});
    static const char *const packings[] = {"", "stored", "fixed", "dynamic"};
    for (uint8_t packing = PROGRAM_PACKING_STORED; packing < PROGRAM_PACKINGS; packing++) {
        char name[32];
        // An update; pages of it again as they are, forced, copied from themselves, wrong.
        const struct program_config config = {.app_pages = 5, .payload = packing};
        const struct program_step steps[] = {
            {PROGRAM_PACK, packing},
            {PROGRAM_UPDATE, 5},
            {PROGRAM_PACK, packing, 8, 8},
            {PROGRAM_UPDATE, 4},
            {PROGRAM_BEGIN, 5},
            {PROGRAM_PACK, packing, 2, 2},
            {PROGRAM_PAGE, 1, .d = 8},
            {PROGRAM_PAGE, 1, .c = PROGRAM_PAGE_FORCE},
            {PROGRAM_PAGE, 1, .d = 1, .e = 5},
            {PROGRAM_PACK, packing, 2, 2, .e = 5, .f = 4},
            {PROGRAM_PAGE, 2},
            {PROGRAM_PACK, packing, .d = PROGRAM_PACKED_TIGHT},
            {PROGRAM_PAGE, 2, .c = PROGRAM_PAGE_CRC},
        };
        uint8_t bytes[sizeof config + sizeof steps];
        memcpy(bytes, &config, sizeof config);
        memcpy(bytes + sizeof config, steps, sizeof steps);
        snprintf(name, sizeof name, "packed-%s", packings[packing]);
        write_program(name, bytes, sizeof bytes);
    }
    PROGRAM("packed-power", CONFIG(.app_pages = 5, .payload = 1), {PROGRAM_UPDATE, 4},
            {PROGRAM_PACK, PROGRAM_PACKING_FIXED, 3, 3}, {PROGRAM_CUT, 200, 2}, {PROGRAM_UPDATE, 5},
            {PROGRAM_UPDATE, 5});
    PROGRAM("packed-protected", CONFIG(.payload = 1, .start = 8),
            {PROGRAM_PACK, PROGRAM_PACKING_DYNAMIC, 3, 1}, {PROGRAM_HELLO, .a = 1},
            {PROGRAM_UPDATE, 1}, {PROGRAM_PACK, PROGRAM_PACKING_DYNAMIC, 3}, {PROGRAM_UPDATE, 1});
    PROGRAM("packed-roomless", CONFIG(.payload = 1, .start = 16),
            {PROGRAM_PACK, PROGRAM_PACKING_STORED}, {PROGRAM_HELLO, .a = 1}, {PROGRAM_UPDATE, 1});
    PROGRAM("noise", CONFIG(.payload = 1), {PROGRAM_RAW, 2}, {1, 2, 3, 4, 5, 6, 7, 8},
            {0, 0, 1, 1, 1, 255, 255, 0}, {PROGRAM_DAMAGE, 0, 5, 0, 1}, {PROGRAM_HELLO},
            {PROGRAM_FRAME, 0, 5, 1}, {1, 2, 3, 4, 5, 6, 7, 8}, {PROGRAM_BURST, 3},
            {PROGRAM_UPDATE, 1}, {PROGRAM_HELLO});
}

// Of devices that take signed images alone.
static void signed_sessions(void) {
    const uint8_t packages = PROGRAM_HEADER_PRODUCT;
    programs = "signed";
    PROGRAM("update", CONFIG(.identity = 2, .payload = 1), {PROGRAM_UPDATE, 4, .c = packages},
            {PROGRAM_HELLO, .a = 1}, {PROGRAM_BOOT}, {PROGRAM_UPDATE, 1, .c = packages},
            {PROGRAM_BOOT}, {PROGRAM_TIME, 4, 32});
    PROGRAM("verified", CONFIG(.identity = 2, .payload = 1, .keys = 3),
            {PROGRAM_UPDATE, 1, .c = packages}, {PROGRAM_BOOT}, {PROGRAM_ROT_APP, 100, 1, 4},
            {PROGRAM_RESET, PROGRAM_RESET_START}, {PROGRAM_TIME, 4, 8});
    PROGRAM("revoke", CONFIG(.identity = 2, .payload = 1, .keys = 1), {PROGRAM_SIGN, 1, .b = 2},
            {PROGRAM_UPDATE, 1, .c = packages}, {PROGRAM_SIGN, 2, .b = 2},
            {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_SIGN, 3, .b = 2},
            {PROGRAM_UPDATE, 1, .c = packages}, {PROGRAM_SIGN, 3},
            {PROGRAM_UPDATE, 1, .c = packages}, {PROGRAM_SIGN, 1},
            {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_SIGN, 1, .b = 1},
            {PROGRAM_BEGIN, 1, .c = packages});
    PROGRAM("floor", CONFIG(.identity = 2, .payload = 1),
            {PROGRAM_UPDATE, 1, .c = packages | PROGRAM_HEADER_COUNTER, .f = 5},
            {PROGRAM_BEGIN, 1, .c = packages | PROGRAM_HEADER_COUNTER, .f = 4}, {PROGRAM_CUT, 60},
            {PROGRAM_UPDATE, 4, .c = packages | PROGRAM_HEADER_COUNTER, .f = 6},
            {PROGRAM_UPDATE, 4, .c = packages | PROGRAM_HEADER_COUNTER, .f = 6});
    PROGRAM("behind", CONFIG(.identity = 2, .payload = 1), {PROGRAM_UPDATE, 5, .c = packages},
            {PROGRAM_UPDATE, 0, .c = packages}, {PROGRAM_UPDATE, 5, .c = packages, .d = 2},
            {PROGRAM_CUT, 40}, {PROGRAM_UPDATE, 0, .c = packages},
            {PROGRAM_UPDATE, 0, .c = packages});
    PROGRAM("refused", CONFIG(.identity = 2), {PROGRAM_SIGN, 2, .d = PROGRAM_SIGNATURE_NONE},
            {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_SIGN, 2, .d = PROGRAM_SIGNATURE_HIGH},
            {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_SIGN, 4}, {PROGRAM_BEGIN, 1, .c = packages},
            {PROGRAM_SIGN, 2, .d = PROGRAM_SIGNATURE_BYTE, .e = 9, .f = 1},
            {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_SIGN, 2, .c = 1},
            {PROGRAM_BEGIN, 1, .c = packages},
            {PROGRAM_SIGN, 2, .d = PROGRAM_SIGNATURE_AFTER, .e = 100, .f = 1},
            {PROGRAM_BEGIN, 1, .c = packages});
    PROGRAM("packed", CONFIG(.identity = 2, .payload = 1), {PROGRAM_PACK, PROGRAM_PACKING_DYNAMIC},
            {PROGRAM_UPDATE, 4, .c = packages}, {PROGRAM_HELLO, .a = 1},
            {PROGRAM_PACK, PROGRAM_PACKING_FIXED, 2, 1}, {PROGRAM_UPDATE, 1, .c = packages});
    PROGRAM("no-keys", CONFIG(.identity = 2), {PROGRAM_UPDATE, 1, .c = packages},
            {PROGRAM_ROT_KEYS, 30, 0, 1}, {PROGRAM_BEGIN, 1, .c = packages}, {PROGRAM_HELLO},
            {PROGRAM_BOOT});
}

static void decoder(void) {
    // size of the buffer, then pieces: see fuzz_decoder.c
    SEED("decoder/frame", 20, 1, 10, 0, 20);
    SEED("decoder/frames", 25, 1, 0, 4, 7, 1, 1, 0, 200, 1, 0xf7, 0, 3, 1, 0xf8, 0, 3);
    SEED("decoder/damaged", 20, 2, 40, 0, 9, 12, 0, 0x55, 1, 3, 0, 2);
    SEED("decoder/truncated", 20, 3, 40, 0, 9, 12, 5, 1, 3, 0, 2);
    SEED("decoder/runs", 0, 4, 255, 200, 4, 1, 30, 5, 4, 2, 3, 5);
    SEED("decoder/literal", 4, 0, 6, 3, 1, 2, 0, 1, 1, 5);
    for (int size = 0; size < 30; size++) {
        char name[32];
        const uint8_t bytes[] = {(uint8_t)size, 1, 0xff, 0xff, 60, 1, 0, 0, 3, 1, 0xfe, 0, 1};
        snprintf(name, sizeof name, "decoder/size-%d", size);
        write_file(name, bytes, sizeof bytes);
    }
}

// Streams as fuzz_inflate.c wants them; decoded they are as many bytes as come.
static void write_stream(const char *name, uint8_t dictionary, const struct deflater *stream) {
    char path[64];
    uint8_t bytes[4 + 512] = {dictionary, 0, 0x80, 63};
    CHECK(stream->size <= stream->room && stream->room <= sizeof bytes - 4);
    memcpy(bytes + 4, stream->bytes, stream->size);
    snprintf(path, sizeof path, "inflate/%s", name);
    write_file(path, bytes, 4 + stream->size);
}

static void streams(void) {
    static const char *const names[] = {"fixed", "dynamic"};
    static const uint16_t distances[] = {1, 2, 3, 4, 5, 100, 255, 1024, 2047, 8000, 32768};
    static const uint16_t lengths[] = {3, 4, 10, 11, 12, 31, 130, 227, 257, 258};
    uint8_t bytes[508];
    char name[32];
    struct deflater stream = deflater_open(bytes, sizeof bytes);
    deflater_stored(&stream, true, (const uint8_t *)"stored", 6);
    write_stream("stored", 0, &stream);
    for (int codes = DEFLATER_FIXED; codes <= DEFLATER_DYNAMIC; codes++) {
        stream = deflater_open(bytes, sizeof bytes);
        deflater_stored(&stream, false, (const uint8_t *)"in blocks", 9);
        deflater_begin(&stream, false, codes);
        deflater_end(&stream, codes);
        deflater_begin(&stream, true, codes);
        for (unsigned i = 0; i < 256; i += 3) {
            deflater_literal(&stream, codes, (uint8_t)i);
        }
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            deflater_copy(&stream, codes, 1 + (uint32_t)i, lengths[i]);
        }
        deflater_end(&stream, codes);
        write_stream(names[codes], 0, &stream);
        for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
            stream = deflater_open(bytes, sizeof bytes);
            deflater_begin(&stream, true, codes);
            deflater_copy(&stream, codes, distances[i], 258);
            deflater_copy(&stream, codes, distances[i], 5);
            deflater_end(&stream, codes);
            snprintf(name, sizeof name, "%s-far-%u", names[codes], distances[i]);
            write_stream(name, 5, &stream);
        }
    }
}

static void word(FILE *file, const uint8_t *bytes, size_t size) {
    fputc('"', file);
    for (size_t i = 0; i < size; i++) {
        fprintf(file, "\\x%02X", bytes[i]);
    }
    fputs("\"\n", file);
}

static void dictionary(void) {
    FILE *file = create("decoder.dict");
    for (uint8_t type = IAP_COMMAND_HELLO; type <= IAP_COMMAND_ENTER; type++) {
        static const uint8_t payload[4] = {IAP_PROTOCOL_MAJOR, 0, 1, 0};
        uint8_t bytes[32];
        size_t size = reference_encode(0, type, type, payload, type % 5, bytes + 2);
        bytes[0] = 0; // a literal piece
        bytes[1] = (uint8_t)size;
        word(file, bytes, size + 2);
        word(file, bytes + 2, size);
    }
    static const uint8_t edges[][3] = {{0, 1, 0},    {0, 255, 1}, {4, 255, 16}, {1, 0xf7, 0},
                                       {1, 0xf8, 0}, {5, 5, 5},   {0, 3, 255}};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        word(file, edges[i], sizeof edges[i]);
    }
    fclose(file);
}

int main(int argc, char **argv) {
    CHECK_EQUAL(argc, 2);
    folder = argv[1];
    char path[4096];
    static const char *const folders[] = {"", "decoder", "inflate", "session", "signed"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        CHECK(snprintf(path, sizeof path, "%s/%s", folder, folders[i]) < (int)sizeof path);
        mkdir(path, 0777);
    }
    sessions();
    signed_sessions();
    decoder();
    streams();
    dictionary();
}
