#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_ELF_FILE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_ELF_FILE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** elf(5), in this machine's word size. */
typedef ElfW(Ehdr) elf_header;
typedef ElfW(Phdr) elf_segment;
typedef ElfW(Shdr) elf_section;

/**
 * What an ELF file says of itself (elf(5)). The file may be anything: whatever stands outside of it, or is absurdly
 * large, counts as not there. Belongs to one thread; texts are the caller's to free(3).
 */
struct elf_file {
    int descriptor; /**< the caller's */
    uint64_t size;
    elf_header header;
    elf_section *sections; /**< NULL: none that can be read */
    size_t section_count;
};

enum elf_kind {
    ELF_NONE,    /**< something else */
    ELF_FOREIGN, /**< for another machine, word size or byte order than this program */
    ELF_NATIVE,  /**< for this machine: only then the functions below may be called */
};

/** Read the file's header and its table of sections. elf_end() frees the table. */
enum elf_kind elf_begin(struct elf_file *elf, int descriptor, uint64_t size);
void elf_end(struct elf_file *elf);

/** The loader that the kernel starts for it (PT_INTERP); NULL: it is linked statically. */
char *elf_loader(const struct elf_file *elf);

/** The loader of this very program; NULL: none. */
const char *elf_own_loader(void);

/** Whether it has a section of this name. */
bool elf_has_section(const struct elf_file *elf, const char *name);

/** Whether it takes this function from a shared object. */
bool elf_imports(const struct elf_file *elf, const char *function);

/** The first shared object that it needs itself (DT_NEEDED) whose name begins with one of these; NULL ends the list. */
char *elf_needs(const struct elf_file *elf, const char *const *beginnings);

/**
 * The latest version that it needs of those with this beginning (`GLIBC_`), without the beginning: "2.17". By the
 * versions of the symbols that it imports; NULL: none has one. Versions compare as in strverscmp(3).
 */
char *elf_version_needed(const struct elf_file *elf, const char *beginning);

#endif
