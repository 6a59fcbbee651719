#include "images.h"

#include <string.h>

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_sha256.h"
#include "signer.h"

#define SRAM_BASE      0x20000000u
#define ZERO_EVERY     300u    // bytes
#define REVOKING_SIZE  310u    // bytes: each cut takes a verification or two, which take long
#define CODE           8u      // where the code begins, after two vectors
#define MOVED_BY       70u     // bytes
#define BRANCH_TO_SELF 0xe7feu // the whole application: `b .`

// Slots of the key block
#define ROOT_KEY    0u
#define RELEASE_KEY 1u
#define SPARE_KEY   2u

static uint32_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void make_header(struct image *image, uint32_t flags) {
    uint8_t *header = image->header;
    memset(header, 0, IAP_HEADER_SIZE);
    iap_put32(header + IAP_HEADER_AT_MAGIC, IAP_HEADER_MAGIC);
    iap_put16(header + IAP_HEADER_AT_FORMAT, IAP_HEADER_FORMAT);
    iap_put16(header + IAP_HEADER_AT_HEADER_SIZE, IAP_HEADER_SIZE);
    iap_put16(header + IAP_HEADER_AT_HARDWARE_MAX, 0xffff);
    iap_put32(header + IAP_HEADER_AT_LOAD_ADDRESS, image->base);
    iap_put32(header + IAP_HEADER_AT_IMAGE_SIZE, image->size);
    iap_put32(header + IAP_HEADER_AT_IMAGE_CRC32, iap_crc32(0, image->bytes, image->size));
    struct iap_sha256 sha;
    uint32_t rest = image->size % IAP_SHA256_BLOCK;
    iap_sha256_start(&sha);
    iap_sha256_blocks(&sha, image->bytes, image->size - rest);
    iap_sha256_finish(&sha, image->bytes + image->size - rest, rest,
                      header + IAP_HEADER_AT_IMAGE_SHA256);
    iap_put32(header + IAP_HEADER_AT_FLAGS, flags);
    memset(header + IAP_HEADER_AT_USABLE_KEYS, 0xff,
           IAP_HEADER_AT_SIGNATURE_ALGORITHM - IAP_HEADER_AT_USABLE_KEYS);
    memset(header + IAP_HEADER_AT_SIGNATURE, 0xff, 64);
}

static void make(struct image *image, const struct image_place *place, uint32_t size, uint64_t seed,
                 bool zeros) {
    const struct board_part *part = place->part;
    *image = (struct image){.base = place->app_base, .size = size, .page_size = part->page_size};
    memset(image->bytes, 0xff, sizeof image->bytes);
    for (uint32_t i = 0; i < size; i++) {
        image->bytes[i] = (uint8_t)next_random(&seed);
    }
    // Zeros here and there, as in code.
    for (uint32_t i = 0; zeros && i + 2 <= size; i += ZERO_EVERY) {
        iap_put16(image->bytes + i, 0);
    }
    iap_put32(image->bytes, SRAM_BASE + part->ram_size);
    iap_put32(image->bytes + 4, image->base + CODE + 1);
    iap_put16(image->bytes + CODE, BRANCH_TO_SELF);
}

// A line added near the beginning: all behind it is in another place. What the last page has new is
// in the first page, too.
static void make_moved(struct image *image, const struct image_place *place,
                       const struct image *old) {
    uint32_t page = old->page_size;
    make(image, place, old->size + page / 2, 10, true);
    uint32_t from = CODE + 200;
    memcpy(image->bytes + CODE, old->bytes + CODE, 200);
    memcpy(image->bytes + from + MOVED_BY, old->bytes + from, old->size - from);
    uint32_t news = old->size + MOVED_BY; // to the image's end
    uint32_t size = image->size - news < 300 ? image->size - news : 300;
    memcpy(image->bytes + from + 100, image->bytes + news, size);
    image->moved = MOVED_BY;
    image->repeats = news - (from + 100);
    for (uint32_t i = page / 2; i < image->size; i += page) {
        image->bytes[i] ^= 0x55; // addresses that changed
    }
}

void images_make(struct image images[IMAGE_COUNT], const struct image_place *place,
                 const uint8_t *demo, uint32_t demo_size) {
    uint32_t page = place->part->page_size;
    uint32_t old_size = page == 1024 ? 3 * page - 100 : 2 * page - 100;
    make(&images[IMAGE_OLD], place, old_size, 1, true);
    make(&images[IMAGE_SAME], place, old_size, 2, true);
    make(&images[IMAGE_SMALL], place, page + 300, 3, true);
    make(&images[IMAGE_LARGE], place, old_size + 2 * page, 4, true);
    make(&images[IMAGE_PATCHED], place, old_size, 1, true);
    make(&images[IMAGE_DENSE], place, old_size, 7, false);
    images[IMAGE_PATCHED].bytes[page + 17] ^= 0xff;
    make_moved(&images[IMAGE_MOVED], place, &images[IMAGE_OLD]);
    make(&images[IMAGE_RAGGED], place, 2 * page + 2, 5, true);
    make(&images[IMAGE_REVOKES], place, REVOKING_SIZE, 8, true);
    make(&images[IMAGE_SPARE], place, REVOKING_SIZE, 9, true);
    memset(images[IMAGE_RAGGED].bytes + 200, 0xff, page / 2);
    memset(images[IMAGE_RAGGED].bytes + page, 0x00, page - 64);
    for (int i = 0; i < IMAGE_DEMO; i++) {
        make_header(&images[i], 0);
    }
    struct image *own = &images[IMAGE_DEMO];
    make(own, place, demo_size < IMAGE_ROOM ? demo_size : IMAGE_ROOM, 6, false);
    memcpy(own->bytes, demo, own->size);
    make_header(own, IAP_IMAGE_FLAG_CONFIRM);
}

const char *image_label(enum image_name name) {
    static const char *const labels[] = {"old",   "same",  "small",   "large", "patched", "ragged",
                                         "dense", "moved", "revokes", "spare", "demo",    "none"};
    return labels[name];
}

uint32_t image_pages(const struct image *image) {
    return (image->size + image->page_size - 1) / image->page_size;
}

uint32_t image_page_crc(const struct image *image, uint32_t page) {
    return iap_crc32(0, image->bytes + page * image->page_size, image->page_size);
}

bool image_in_flash(const struct image *image, const uint8_t *app) {
    return memcmp(image->bytes, app, image_pages(image) * image->page_size) == 0;
}

bool image_complete(const struct image *image, const uint8_t *app) {
    return memcmp(image->bytes, app, image->size) == 0;
}

void image_sign(struct image *image, enum image_name name) {
    bool after = name == IMAGE_REVOKES || name == IMAGE_SPARE;
    uint8_t key = name == IMAGE_REVOKES ? ROOT_KEY : name == IMAGE_SPARE ? SPARE_KEY : RELEASE_KEY;
    image->header[IAP_HEADER_AT_SIGNATURE_ALGORITHM] = IAP_SIGNATURE_ECDSA_P256;
    image->header[IAP_HEADER_AT_KEY_ID] = key;
    image->header[IAP_HEADER_AT_USABLE_KEYS] = after ? 0xff & ~(1u << RELEASE_KEY) : 0xff;
    signer_sign(image->header);
}
