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
 * What an ELF file contains (elf(5)). The file may be anything: parts that lie outside of it, or are absurdly large,
 * count as missing. To be used by one thread at a time. The caller must free(3) each `char *` that is returned.
 */
struct elf_file {
    int descriptor; /**< owned by the caller */
    uint64_t size;
    elf_header header;
    elf_section *sections; /**< NULL: there are none, or they cannot be read */
    size_t section_count;
};

enum elf_kind {
    ELF_NONE,    /**< something else */
    ELF_FOREIGN, /**< for another machine, word size or byte order than this program */
    ELF_NATIVE,  /**< for this machine; the functions below may be called only for this kind */
};

/** Read the file's header and its table of sections. elf_end() frees the table. */
enum elf_kind elf_begin(struct elf_file *elf, int descriptor, uint64_t size);
void elf_end(struct elf_file *elf);

/** The CPU that a file (also ELF_FOREIGN) or this command is for: `aarch64`. The caller must free(3) the text. */
char *elf_cpu(const struct elf_file *elf);
char *elf_own_cpu(void);

/** Whether the file has everything that the loader maps (PT_LOAD). If not, a program that uses it dies of SIGBUS. */
bool elf_is_whole(const struct elf_file *elf);

/** The loader that the kernel starts for the file (PT_INTERP); NULL: it is linked statically. */
char *elf_loader(const struct elf_file *elf);

/** The loader of this program itself; NULL: none. */
const char *elf_own_loader(void);

/** Whether the file has a section of this name. */
bool elf_has_section(const struct elf_file *elf, const char *name);

/** Whether the file is a Go program. */
bool elf_is_go(const struct elf_file *elf);

/** Whether the file imports this function from a shared object. */
bool elf_imports(const struct elf_file *elf, const char *function);

/**
 * The first of the file's imports that is one of these functions, as a pointer from the list. The list ends with NULL.
 * Returns NULL if the file imports none of them.
 */
const char *elf_imports_one(const struct elf_file *elf, const char *const *functions);

/** Whether the file defines this function for other objects. */
bool elf_exports(const struct elf_file *elf, const char *function);

/**
 * The first shared object that the file itself needs (DT_NEEDED) and whose name has one of these beginnings. The list
 * ends with NULL. Returns NULL if there is none.
 */
char *elf_needs(const struct elf_file *elf, const char *const *beginnings);

/**
 * The texts that the file's dynamic section has under a tag (DT_NEEDED, DT_RUNPATH), in their order. At most
 * `count_max` are put into `texts`, each for the caller to free(3). Empty texts, and those too long for a path, are
 * left out. Returns how many there are.
 */
size_t elf_dynamic_texts(const struct elf_file *elf, long tag, char **texts, size_t count_max);

/**
 * The latest of the versions that the file needs and that begin like this (`GLIBC_`), without the beginning: "2.17". It
 * looks at the versions of the imported symbols, and compares like strverscmp(3). NULL: there is none.
 */
char *elf_version_needed(const struct elf_file *elf, const char *beginning);

#endif
