// The ROM bootloader's flash work, one operation of the flash controller at a time. What the
// controller refuses is not reported to the host: AN3155 sections 3.6 and 3.7.
#include <string.h>

#include "fpec.h"
#include "rom.h"

#define KEYR    0x04u
#define OPTKEYR 0x08u
#define SR      0x0Cu
#define CR      0x10u
#define AR      0x14u

#define SR_FLAGS (SR_PGERR | SR_WRPRTERR | SR_EOP)

#define OPTIONS 8u

void rom_options_now(const struct board *b, uint8_t options[8]) {
    for (unsigned i = 0; i < OPTIONS; i++) {
        options[i] = b->sysmem[OPTION_OFFSET + 2 * i];
    }
}

static void unlock(struct board *b, uint32_t reg) {
    rom_port_flash_write(b, reg, 0x45670123u);
    rom_port_flash_write(b, reg, 0xCDEF89ABu);
}

static void begin(struct board *b, uint32_t mode) {
    if (b->fpec.cr & CR_LOCK) {
        unlock(b, KEYR);
    }
    rom_port_flash_write(b, SR, SR_FLAGS);
    rom_port_flash_write(b, CR, mode);
}

static bool finish(struct board *b) {
    rom_port_flash_write(b, CR, CR_LOCK);
    b->rom.job.kind = ROM_IDLE;
    rom_say(b, ROM_ACK);
    return true;
}

static void program(struct board *b, uint32_t step) {
    struct rom_job *job = &b->rom.job;
    uint32_t address = job->address + 2 * step;
    uint32_t value = b->rom.in[1 + 2 * step] | (uint32_t)b->rom.in[2 + 2 * step] << 8;
    if (address - FLASH_BASE < b->part->flash_size) {
        begin(b, CR_PG);
        fpec_store(b, address, value, 2);
    }
}

static void erase_page(struct board *b, uint32_t step) {
    uint32_t page = (uint32_t)b->rom.in[2 + 2 * step] << 8 | b->rom.in[3 + 2 * step];
    if (page < b->part->flash_size / b->part->page_size) {
        begin(b, CR_PER);
        rom_port_flash_write(b, AR, FLASH_BASE + page * b->part->page_size);
        rom_port_flash_write(b, CR, CR_PER | CR_STRT);
    }
}

static void erase_all(struct board *b) {
    if (b->rom.job.then_options) { // read protection goes, whatever is write-protected (PM0075
                                   // section 2.4.2)
        b->fpec.wrpr = UINT32_MAX;
        b->fpec.read_protected = false;
    }
    begin(b, CR_MER);
    rom_port_flash_write(b, CR, CR_MER | CR_STRT);
}

// Step 0 erases all option bytes, the others program one each; the complement is the controller's.
static void options(struct board *b, uint32_t step) {
    if (step == 0) {
        begin(b, 0);
        if (!(b->fpec.cr & CR_OPTWRE)) {
            unlock(b, OPTKEYR);
        }
        rom_port_flash_write(b, CR, CR_OPTER | CR_OPTWRE);
        rom_port_flash_write(b, CR, CR_OPTER | CR_OPTWRE | CR_STRT);
        return;
    }
    rom_port_flash_write(b, CR, CR_OPTPG | CR_OPTWRE);
    fpec_store(b, SYSMEM_BASE + OPTION_OFFSET + 2 * (step - 1), b->rom.job.options[step - 1], 2);
}

bool rom_flash_step(struct board *b) {
    struct rom_job *job = &b->rom.job;
    if (b->fpec.busy) {
        return false;
    }
    uint32_t step = job->step++;
    switch (job->kind) {
    case ROM_PROGRAM:
        if (step == job->count) {
            return finish(b);
        }
        program(b, step);
        return true;
    case ROM_ERASE_PAGES:
        if (step == job->count) {
            return finish(b);
        }
        erase_page(b, step);
        return true;
    case ROM_ERASE_ALL:
        if (step == 0) {
            erase_all(b);
        } else if (job->then_options) {
            job->kind = ROM_OPTIONS;
            job->step = 0;
        } else {
            return finish(b);
        }
        return true;
    case ROM_OPTIONS:
        if (step == OPTIONS + 1) {
            b->rom.reset_after = true;
            return finish(b);
        }
        options(b, step);
        return true;
    case ROM_IDLE:
        break;
    }
    return false;
}
