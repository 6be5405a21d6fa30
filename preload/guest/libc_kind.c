/*
 * Which libc the process has. Two witnesses must agree: a function that only musl has, and the loader that the program
 * names as its interpreter (PT_INTERP in elf(5)). gcompat gives a musl process glibc's functions, so these prove
 * nothing. If the witnesses disagree, we do not know what we are dealing with, and libc answers every lookup.
 */
#include "originbypass/guest/libc_kind.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

/* A part of musl's loader. Every version since 1.1.0 exports it, and no other libc has it. */
extern char __dls3[] __attribute__((weak));

/* NULL: the program was started by naming the loader, or it is static. */
static const char *interpreter(void) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives the address as a number
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    const char *base = NULL, *path = NULL;
    for (size_t i = 0; headers != NULL && i < count; i++)
        if (headers[i].p_type == PT_PHDR)
            base = (const char *)headers - headers[i].p_vaddr;
    for (size_t i = 0; base != NULL && i < count; i++)
        if (headers[i].p_type == PT_INTERP)
            path = base + headers[i].p_vaddr;
    return path;
}

const char *libc_kind_fault(void) {
    const char *path = interpreter();
    // cppcheck-suppress knownConditionTrueFalse
    bool has_musl = __dls3 != NULL, names_musl = path != NULL && strstr(path, "/ld-musl-") != NULL;
    // cppcheck-suppress knownConditionTrueFalse
    if (has_musl && (names_musl || path == NULL))
        return "the program's libc is musl, which is not supported";
    if (has_musl || names_musl)
        return "the program's interpreter and its libc are not of the same kind";
    return NULL;
}
