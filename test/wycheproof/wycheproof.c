// Calls the function of a bootloader's binary that verifies ECDSA, unmodified and without the rest
// of the bootloader, with vectors from standard input: "number verdict signature point digest", the
// last three in hex digits.
//   wycheproof CORE FILE ADDRESS      m0, m3 or m4; the binary of 0x08000000; the function's
//   address
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define FLASH      0x08000000u
#define FLASH_SIZE 0x10000u
#define RAM        0x20000000u
#define RAM_SIZE   0x2000u
#define SIGNATURE  (RAM + 0x100u)
#define POINT      (RAM + 0x200u)
#define DIGEST     (RAM + 0x300u)
#define RETURN     (FLASH + FLASH_SIZE - 4u) // where no code is

static void must(bool ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "wycheproof: %s\n", what);
        exit(2);
    }
}

static int cpu_of(const char *core) {
    static const struct {
        const char *name;
        int model;
    } cores[] = {
        {"m0", UC_CPU_ARM_CORTEX_M0}, {"m3", UC_CPU_ARM_CORTEX_M3}, {"m4", UC_CPU_ARM_CORTEX_M4}};
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++) {
        if (strcmp(cores[i].name, core) == 0) {
            return cores[i].model;
        }
    }
    must(false, "no such core");
    return 0;
}

static uc_engine *machine(const char *core, const char *path) {
    static uint8_t bytes[FLASH_SIZE];
    uc_engine *uc;
    FILE *file = fopen(path, "rb");
    must(file != NULL && fread(bytes, 1, sizeof bytes, file) > 0, "the binary can not be read");
    fclose(file);
    must(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc) == UC_ERR_OK &&
             uc_ctl_set_cpu_model(uc, cpu_of(core)) == UC_ERR_OK &&
             uc_mem_map(uc, FLASH, FLASH_SIZE, UC_PROT_READ | UC_PROT_EXEC) == UC_ERR_OK &&
             uc_mem_map(uc, RAM, RAM_SIZE, UC_PROT_READ | UC_PROT_WRITE) == UC_ERR_OK &&
             uc_mem_write(uc, FLASH, bytes, sizeof bytes) == UC_ERR_OK,
         "no machine");
    return uc;
}

static void poke(uc_engine *uc, uint32_t address, const char *hex, size_t size) {
    uint8_t bytes[64];
    for (size_t i = 0; i < size; i++) {
        unsigned value;
        must(sscanf(hex + 2 * i, "%2x", &value) == 1, "not hex digits");
        bytes[i] = (uint8_t)value;
    }
    must(uc_mem_write(uc, address, bytes, size) == UC_ERR_OK, "no memory");
}

// What it returns: 0 if the signature is good
static uint32_t call(uc_engine *uc, uint32_t function) {
    const struct {
        int number;
        uint32_t value;
    } registers[] = {{UC_ARM_REG_R0, SIGNATURE},      {UC_ARM_REG_R1, POINT},
                     {UC_ARM_REG_R2, DIGEST},         {UC_ARM_REG_R3, 32},
                     {UC_ARM_REG_SP, RAM + RAM_SIZE}, {UC_ARM_REG_LR, RETURN | 1u}};
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        uc_reg_write(uc, registers[i].number, &registers[i].value);
    }
    must(uc_emu_start(uc, function | 1u, RETURN, 0, 0) == UC_ERR_OK, "the function fails");
    uint32_t result;
    uc_reg_read(uc, UC_ARM_REG_R0, &result);
    return result;
}

int main(int argc, char **argv) {
    must(argc == 4, "usage: wycheproof CORE FILE ADDRESS");
    uc_engine *uc = machine(argv[1], argv[2]);
    uint32_t function = (uint32_t)strtoul(argv[3], NULL, 16);
    unsigned number, vectors = 0, wrong = 0;
    char verdict[16], signature[129], point[129], digest[65];
    while (scanf("%u %15s %128s %128s %64s", &number, verdict, signature, point, digest) == 5) {
        poke(uc, SIGNATURE, signature, 64);
        poke(uc, POINT, point, 64);
        poke(uc, DIGEST, digest, 32);
        bool good = call(uc, function) == 0;
        vectors++;
        if (good != (strcmp(verdict, "valid") == 0)) {
            printf("vector %u is %s, and was %s\n", number, verdict, good ? "taken" : "refused");
            wrong++;
        }
    }
    printf("%s: %u vectors, %u wrong\n", argv[1], vectors, wrong);
    return vectors == 0 || wrong != 0;
}
