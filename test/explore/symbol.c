#include "symbol.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    uint8_t *bytes;
    size_t size;
};

static struct file read_file(const char *path) {
    struct file file = {NULL, 0};
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return file;
    }
    fseek(stream, 0, SEEK_END);
    long size = ftell(stream);
    rewind(stream);
    file.bytes = size > 0 ? malloc((size_t)size) : NULL;
    file.size = file.bytes != NULL ? fread(file.bytes, 1, (size_t)size, stream) : 0;
    fclose(stream);
    return file;
}

static bool within(const struct file *file, size_t at, size_t size) {
    return at <= file->size && size <= file->size - at;
}

static bool is_named(const char *symbol, const char *name) {
    size_t length = strlen(name);
    return strncmp(symbol, name, length) == 0 && (symbol[length] == '\0' || symbol[length] == '.');
}

// A header of a section; false: there is none.
static bool section(const struct file *file, const Elf32_Ehdr *head, uint32_t number,
                    Elf32_Shdr *found) {
    size_t at = head->e_shoff + (size_t)number * sizeof *found;
    if (number >= head->e_shnum || !within(file, at, sizeof *found)) {
        return false;
    }
    memcpy(found, file->bytes + at, sizeof *found);
    return within(file, found->sh_offset, found->sh_type == SHT_NOBITS ? 0 : found->sh_size);
}

// Whether the binary has the bytes of the section that the function is in.
static bool same_code(const struct file *file, const Elf32_Shdr *code, const uint8_t *binary,
                      uint32_t base, uint32_t size) {
    return code->sh_addr >= base && code->sh_addr - base <= size &&
           code->sh_size <= size - (code->sh_addr - base) &&
           memcmp(file->bytes + code->sh_offset, binary + (code->sh_addr - base), code->sh_size) ==
               0;
}

uint32_t symbol_find(const char *elf, const char *name, const uint8_t *binary, uint32_t base,
                     uint32_t size) {
    struct file file = read_file(elf);
    Elf32_Ehdr head = {0};
    uint32_t address = 0;
    uint32_t found = 0;
    if (within(&file, 0, sizeof head)) {
        memcpy(&head, file.bytes, sizeof head);
    }
    bool is_elf = memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
                  head.e_ident[EI_CLASS] == ELFCLASS32 && head.e_machine == EM_ARM;
    Elf32_Shdr table, names, code;
    for (uint32_t i = 0; is_elf && section(&file, &head, i, &table); i++) {
        if (table.sh_type != SHT_SYMTAB || !section(&file, &head, table.sh_link, &names)) {
            continue;
        }
        const char *text = (const char *)file.bytes + names.sh_offset;
        for (uint32_t at = 0; at + sizeof(Elf32_Sym) <= table.sh_size; at += sizeof(Elf32_Sym)) {
            Elf32_Sym symbol;
            memcpy(&symbol, file.bytes + table.sh_offset + at, sizeof symbol);
            if (ELF32_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_name < names.sh_size &&
                is_named(text + symbol.st_name, name) &&
                section(&file, &head, symbol.st_shndx, &code) &&
                same_code(&file, &code, binary, base, size)) {
                found++;
                address = symbol.st_value & ~1u;
            }
        }
    }
    free(file.bytes);
    return found == 1 ? address : 0;
}
