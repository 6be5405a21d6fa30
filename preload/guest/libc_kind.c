/*
 * Which libc the process has. Two witnesses must agree: a function that only musl has, and the loader that the program
 * names as its interpreter (PT_INTERP in elf(5)). gcompat gives a musl process glibc's functions, so these prove
 * nothing. If the witnesses disagree, we do not know what we are dealing with, and libc answers every lookup.
 */
#include "originbypass/guest/libc_kind.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "originbypass/guest/musl.h"

/* A part of musl's loader. Every version since 1.1.0 exports it, and no other libc has it. */
extern const char __dls3[] __attribute__((weak));

const char *const libc_kind_mark = __dls3;

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

bool libc_kind_find(const char **fault) {
    const char *path = interpreter();
    bool names_musl = path != NULL && strstr(path, "/ld-musl-") != NULL;
    *fault = NULL;
    if (libc_is_musl() && (names_musl || path == NULL))
        return musl_probe(fault);
    if (libc_is_musl() || names_musl)
        *fault = "the program's interpreter and its libc are not of the same kind";
    return true;
}
