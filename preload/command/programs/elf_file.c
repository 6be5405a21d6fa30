#include "originbypass/command/programs/elf_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

enum { PART_MAX = 64 * 1024 * 1024 };

/* The header of this program itself, as defined by the linker. The library is built for the same machine. */
extern const elf_header __ehdr_start __attribute__((visibility("hidden")));

static bool read_at(int descriptor, void *memory, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t count = pread(descriptor, (char *)memory + done, size - done, (off_t)(offset + done));
        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

/* A part of the file with a NUL appended; the caller must free(3) it. NULL: there is no such part. */
static void *read_elf_part(const struct elf_file *elf, uint64_t offset, uint64_t size) {
    if (size == 0 || size > PART_MAX || size > elf->size || offset > elf->size - size)
        return NULL;
    char *part = memory_zeroed(size + 1, 1);
    if (read_at(elf->descriptor, part, size, offset))
        return part;
    free(part);
    return NULL;
}

static bool is_for_this_machine(const elf_header *header) {
    return header->e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
           header->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] && header->e_machine == __ehdr_start.e_machine;
}

/* For the caller to free. The first octets are the same for all word sizes; the rest is not, nor is it read here. */
static char *cpu_text(const elf_header *header) {
    static const struct {
        unsigned machine;
        const char *name;
    } cpus[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"},  {EM_ARM, "32-bit ARM"},
                {EM_RISCV, "RISC-V"},  {EM_PPC64, "ppc64"},     {EM_S390, "s390x"}};
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
        if (header->e_machine == cpus[i].machine)
            return text_format("%s%s", cpus[i].name,
                               header->e_machine == EM_X86_64 && header->e_ident[EI_CLASS] == ELFCLASS32 ? " (x32)"
                                                                                                         : "");
    return text_format("a CPU with the ELF number %u", (unsigned)header->e_machine);
}

char *elf_cpu(const struct elf_file *elf) {
    return cpu_text(&elf->header);
}

char *elf_own_cpu(void) {
    return cpu_text(&__ehdr_start);
}

enum elf_kind elf_begin(struct elf_file *elf, int descriptor, uint64_t size) {
    *elf = (struct elf_file){.descriptor = descriptor, .size = size};
    if (!read_at(descriptor, &elf->header, sizeof(elf->header), 0) || memcmp(elf->header.e_ident, ELFMAG, SELFMAG) != 0)
        return ELF_NONE;
    if (!is_for_this_machine(&elf->header))
        return ELF_FOREIGN;
    if (elf->header.e_shentsize == sizeof(*elf->sections))
        elf->sections = read_elf_part(elf, elf->header.e_shoff, elf->header.e_shnum * sizeof(*elf->sections));
    elf->section_count = elf->sections == NULL ? 0 : elf->header.e_shnum;
    return ELF_NATIVE;
}

void elf_end(struct elf_file *elf) {
    free(elf->sections);
    elf->sections = NULL;
}

static elf_segment *read_segments(const struct elf_file *elf) {
    if (elf->header.e_phentsize != sizeof(elf_segment))
        return NULL;
    return read_elf_part(elf, elf->header.e_phoff, elf->header.e_phnum * sizeof(elf_segment));
}

bool elf_is_whole(const struct elf_file *elf) {
    elf_segment *segments = read_segments(elf);
    bool whole = segments != NULL;
    for (size_t i = 0; whole && i < elf->header.e_phnum; i++)
        whole = segments[i].p_type != PT_LOAD ||
                (segments[i].p_offset <= elf->size && segments[i].p_filesz <= elf->size - segments[i].p_offset);
    free(segments);
    return whole;
}

char *elf_loader(const struct elf_file *elf) {
    char *loader = NULL;
    elf_segment *segments = read_segments(elf);
    for (size_t i = 0; segments != NULL && loader == NULL && i < elf->header.e_phnum; i++)
        if (segments[i].p_type == PT_INTERP)
            loader = read_elf_part(elf, segments[i].p_offset, segments[i].p_filesz);
    free(segments);
    return loader;
}

const char *elf_own_loader(void) {
    const elf_segment *segments = (const void *)getauxval(AT_PHDR); // NOLINT(performance-no-int-to-ptr)
    size_t count = getauxval(AT_PHNUM);
    const char *base = NULL, *loader = NULL;
    for (size_t i = 0; i < count; i++)
        if (segments[i].p_type == PT_PHDR)
            base = (const char *)segments - segments[i].p_vaddr;
    for (size_t i = 0; base != NULL && i < count; i++)
        if (segments[i].p_type == PT_INTERP)
            loader = base + segments[i].p_vaddr;
    return loader;
}

static void *read_section(const struct elf_file *elf, size_t index, uint64_t *size) {
    *size = index < elf->section_count ? elf->sections[index].sh_size : 0;
    return *size == 0 ? NULL : read_elf_part(elf, elf->sections[index].sh_offset, *size);
}

/* The text at this offset in a section that read_section() has read. */
static const char *text_at(const char *texts, uint64_t size, uint64_t place) {
    return texts != NULL && place < size ? texts + place : "";
}

bool elf_has_section(const struct elf_file *elf, const char *name) {
    uint64_t size = 0;
    char *names = read_section(elf, elf->header.e_shstrndx, &size);
    bool found = false;
    for (size_t i = 0; i < elf->section_count && !found; i++)
        found = strcmp(text_at(names, size, elf->sections[i].sh_name), name) == 0;
    free(names);
    return found;
}

bool elf_is_go(const struct elf_file *elf) {
    return elf_has_section(elf, ".go.buildinfo") || elf_has_section(elf, ".note.go.buildid");
}

/* A section with entries of one size, and the section with their texts. */
struct entries {
    void *entries;
    size_t count;
    char *texts;
    uint64_t text_size;
};

static struct entries read_entries(const struct elf_file *elf, uint32_t type, size_t entry_size) {
    struct entries read = {0};
    uint64_t size = 0;
    size_t i = 0;
    while (i < elf->section_count && elf->sections[i].sh_type != type)
        i++;
    if (i == elf->section_count)
        return read;
    read.entries = read_section(elf, i, &size);
    read.count = read.entries == NULL ? 0 : size / entry_size;
    read.texts = read_section(elf, elf->sections[i].sh_link, &read.text_size);
    return read;
}

static void free_entries(struct entries *read) {
    free(read->entries);
    free(read->texts);
}

static const char *equal_one(const char *name, const char *const *names) {
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names;
}

const char *elf_imports_one(const struct elf_file *elf, const char *const *functions) {
    struct entries read = read_entries(elf, SHT_DYNSYM, sizeof(ElfW(Sym)));
    const ElfW(Sym) *symbols = read.entries;
    const char *found = NULL;
    for (size_t i = 0; i < read.count && found == NULL; i++)
        if (symbols[i].st_shndx == SHN_UNDEF)
            found = equal_one(text_at(read.texts, read.text_size, symbols[i].st_name), functions);
    free_entries(&read);
    return found;
}

bool elf_imports(const struct elf_file *elf, const char *function) {
    return elf_imports_one(elf, (const char *const[]){function, NULL}) != NULL;
}

bool elf_exports(const struct elf_file *elf, const char *function) {
    struct entries read = read_entries(elf, SHT_DYNSYM, sizeof(ElfW(Sym)));
    const ElfW(Sym) *symbols = read.entries;
    bool found = false;
    for (size_t i = 0; i < read.count && !found; i++)
        found = symbols[i].st_shndx != SHN_UNDEF &&
                strcmp(text_at(read.texts, read.text_size, symbols[i].st_name), function) == 0;
    free_entries(&read);
    return found;
}

static bool begins_with_one(const char *name, const char *const *beginnings) {
    for (; *beginnings != NULL; beginnings++)
        if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

char *elf_needs(const struct elf_file *elf, const char *const *beginnings) {
    struct entries read = read_entries(elf, SHT_DYNAMIC, sizeof(ElfW(Dyn)));
    const ElfW(Dyn) *tags = read.entries;
    char *found = NULL;
    for (size_t i = 0; i < read.count && found == NULL && tags[i].d_tag != DT_NULL; i++) {
        const char *name = tags[i].d_tag == DT_NEEDED ? text_at(read.texts, read.text_size, tags[i].d_un.d_val) : "";
        if (begins_with_one(name, beginnings))
            found = memory_text(name);
    }
    free_entries(&read);
    return found;
}

size_t elf_dynamic_texts(const struct elf_file *elf, long tag, char **texts, size_t count_max) {
    struct entries read = read_entries(elf, SHT_DYNAMIC, sizeof(ElfW(Dyn)));
    const ElfW(Dyn) *tags = read.entries;
    size_t count = 0;
    for (size_t i = 0; i < read.count && count < count_max && tags[i].d_tag != DT_NULL; i++) {
        const char *text = tags[i].d_tag == tag ? text_at(read.texts, read.text_size, tags[i].d_un.d_val) : "";
        size_t length = strnlen(text, PATH_MAX);
        if (length > 0 && length < PATH_MAX)
            texts[count++] = memory_text(text);
    }
    free_entries(&read);
    return count;
}

static const char *later_of(const char *latest, const char *version) {
    return latest == NULL || strverscmp(version, latest) > 0 ? version : latest;
}

/* The latest of the needed versions of one object. `place` is the offset of the first one. */
static const char *latest_version(const struct entries *read, uint64_t place, const char *beginning,
                                  const char *latest) {
    ElfW(Vernaux) version = {.vna_next = 1};
    for (; version.vna_next > 0 && place + sizeof(version) <= read->count; place += version.vna_next) {
        memcpy(&version, (const char *)read->entries + place, sizeof(version));
        const char *name = text_at(read->texts, read->text_size, version.vna_name);
        if (strncmp(name, beginning, strlen(beginning)) == 0)
            latest = later_of(latest, name + strlen(beginning));
    }
    return latest;
}

char *elf_version_needed(const struct elf_file *elf, const char *beginning) {
    struct entries read = read_entries(elf, SHT_GNU_verneed, 1);
    ElfW(Verneed) object = {.vn_next = 1};
    const char *latest = NULL;
    for (uint64_t place = 0; object.vn_next > 0 && place + sizeof(object) <= read.count; place += object.vn_next) {
        memcpy(&object, (const char *)read.entries + place, sizeof(object));
        latest = latest_version(&read, place + object.vn_aux, beginning, latest);
    }
    char *found = latest == NULL ? NULL : memory_text(latest);
    free_entries(&read);
    return found;
}
