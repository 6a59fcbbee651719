// The identity block: what the device takes from it, and that a damaged one says nothing.
#include <string.h>

#include "check.h"
#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "sim.h"

static struct sim sim;

static uint8_t *block(void) {
    return sim.flash + (IAP_IDENTITY_ADDRESS - IAP_BOOTLOADER_BASE);
}

static void seal(void) {
    iap_put32(block() + IAP_IDENTITY_AT_CRC32, iap_crc32(0, block(), IAP_IDENTITY_AT_CRC32));
}

static struct iap_identity read_identity(void) {
    struct iap_target target = sim_target(&sim);
    return iap_identity_read(&target);
}

static void made(void) {
    sim_init(&sim);
    memset(block(), 0xff, IAP_IDENTITY_SIZE);
    iap_put32(block() + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC);
    memcpy(block() + IAP_IDENTITY_AT_PRODUCT, "product number 1", 16);
    memcpy(block() + IAP_IDENTITY_AT_SERIAL, "serial number 12", 16);
    iap_put16(block() + IAP_IDENTITY_AT_HARDWARE, 0x0203);
    block()[IAP_IDENTITY_AT_ADDRESS] = 17;
    block()[IAP_IDENTITY_AT_FLAGS] = 0xfe;
    iap_put32(block() + IAP_IDENTITY_AT_DEFAULT_RATE, 57600);
    seal();
}

static void each_field_is_read(void) {
    made();
    struct iap_identity identity = read_identity();
    CHECK(memcmp(identity.product, "product number 1", 16) == 0);
    CHECK(memcmp(identity.serial, "serial number 12", 16) == 0);
    CHECK_EQUAL(identity.hardware, 0x0203);
    CHECK_EQUAL(identity.address, 17);
    CHECK_EQUAL(identity.flags, 0xfe);
    CHECK_EQUAL(identity.default_rate, 57600);
    CHECK(!identity.damaged);
}

static void a_rate_that_is_none_is_the_boards(void) {
    static const uint32_t none[] = {0, 0xffffffff};
    static const uint32_t rates[] = {1, 0xfffffffe};
    made();
    for (size_t i = 0; i < 2; i++) {
        iap_put32(block() + IAP_IDENTITY_AT_DEFAULT_RATE, none[i]);
        seal();
        CHECK_EQUAL(read_identity().default_rate, sim.config.default_rate);
        iap_put32(block() + IAP_IDENTITY_AT_DEFAULT_RATE, rates[i]);
        seal();
        CHECK_EQUAL(read_identity().default_rate, rates[i]);
    }
}

static void expect_none(bool damaged) {
    struct iap_identity identity = read_identity();
    CHECK_EQUAL(identity.damaged, damaged);
    CHECK(identity.product == NULL && identity.serial == NULL);
    CHECK_EQUAL(identity.hardware, 0);
    CHECK_EQUAL(identity.address, 0);
    CHECK_EQUAL(identity.flags, 0xff);
    CHECK_EQUAL(identity.default_rate, sim.config.default_rate);
}

static void a_damaged_block_says_nothing(void) {
    made();
    for (uint32_t bit = 0; bit < 8 * IAP_IDENTITY_SIZE; bit++) {
        block()[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_none(true);
        block()[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    iap_put32(block() + IAP_IDENTITY_AT_MAGIC, IAP_IDENTITY_MAGIC ^ 1); // of another kind
    seal();
    expect_none(true);
    memset(block(), 0, IAP_IDENTITY_SIZE);
    expect_none(true);
    for (uint32_t bit = 0; bit < 8 * IAP_IDENTITY_SIZE; bit++) {
        memset(block(), 0xff, IAP_IDENTITY_SIZE);
        block()[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_none(true);
    }
    memset(block(), 0xff, IAP_IDENTITY_SIZE);
    expect_none(false);
}

static void it_lies_below_the_record(void) {
    sim_init(&sim);
    CHECK_EQUAL(iap_identity_block(&sim.config), IAP_IDENTITY_ADDRESS);
}

int main(void) {
    RUN(each_field_is_read);
    RUN(a_rate_that_is_none_is_the_boards);
    RUN(a_damaged_block_says_nothing);
    RUN(it_lies_below_the_record);
}
