#include "originbypass/guest/old_glibc.h"

/* Replacements that the command needs in addition to preload/guest/old_glibc.c, made in the same way. */
#ifdef OLD_GLIBC

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

WEAK_OLD(dladdr);
WEAK_OLD(dlerror);
WEAK_OLD(dlopen);
OLD(glob);

/* The names that the linker gives to the replacements (--wrap). */
__typeof__(dladdr) __wrap_dladdr;
__typeof__(dlerror) __wrap_dlerror;
__typeof__(dlopen) __wrap_dlopen;
__typeof__(glob) __wrap_glob;
int __wrap_memfd_create(const char *name, unsigned flags);
__typeof__(reallocarray) __wrap_reallocarray;

/* ---- libdl, a library of its own before 2.34 ---- */

/* The answer of dlerror(3) if there is no libdl. */
static char no_libdl[] = "this libc has no libdl";

/* A pointer to a function of this type: the linked one, or libdl's. */
#define OF_LIBDL(function)                                                                                             \
    __typeof__(&(function)) real = old_##function;                                                                     \
    void *found = real == NULL ? old_glibc_of_libdl(#function) : NULL;                                                 \
    if (real == NULL)                                                                                                  \
    memcpy(&real, &found, sizeof(real))

int __wrap_dladdr(const void *address, Dl_info *info) {
    OF_LIBDL(dladdr);
    return real == NULL ? 0 : real(address, info);
}

char *__wrap_dlerror(void) {
    OF_LIBDL(dlerror);
    return real == NULL ? no_libdl : real();
}

void *__wrap_dlopen(const char *library, int mode) {
    OF_LIBDL(dlopen);
    return real == NULL ? NULL : real(library, mode);
}

/* ---- 2.38 ---- */

int __wrap___isoc23_sscanf(const char *text, const char *format, ...);
intmax_t __wrap___isoc23_strtoimax(const char *text, char **end, int base);
int old_vsscanf(const char *text, const char *format, va_list arguments) __asm__("__isoc99_vsscanf");
intmax_t old_strtoimax(const char *text, char **end, int base) __asm__("strtoimax");

int __wrap___isoc23_sscanf(const char *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int count = old_vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}

intmax_t __wrap___isoc23_strtoimax(const char *text, char **end, int base) {
    return old_strtoimax(text, end, base);
}

/* ---- 2.26 and 2.27 ---- */

void *__wrap_reallocarray(void *memory, size_t count, size_t size) {
    size_t whole;
    if (!__builtin_mul_overflow(count, size, &whole))
        return realloc(memory, whole);
    errno = ENOMEM;
    return NULL;
}

int __wrap_memfd_create(const char *name, unsigned flags) {
    return (int)syscall(SYS_memfd_create, name, flags);
}

/* The later version also finds symbolic links that lead nowhere. */
int __wrap_glob(const char *pattern, int flags, int (*on_error)(const char *path, int error), glob_t *found) {
    return old_glob(pattern, flags, on_error, found);
}

/* ---- the start of a program: since 2.34 libc itself runs the program's constructors ---- */

typedef int main_function(int argc, char **argv, char **environment);
typedef void constructor(int argc, char **argv, char **environment);

int __libc_start_main(main_function *main, int argc, char **argv, constructor *initialize, void (*finish)(void),
                      void (*finish_loader)(void), void *stack_end);
OLD(__libc_start_main);
__typeof__(__libc_start_main) __wrap___libc_start_main;

/* Defined by the linker, and hidden as in any program. */
extern constructor *const __init_array_start[] __attribute__((visibility("hidden")));
extern constructor *const __init_array_end[] __attribute__((visibility("hidden")));

/* If a later libc is given such a function, it leaves the constructors to it. */
static void run_constructors(int argc, char **argv, char **environment) {
    for (constructor *const *each = __init_array_start; each < __init_array_end; each++)
        (*each)(argc, argv, environment);
}

int __wrap___libc_start_main(main_function *main, int argc, char **argv, constructor *initialize, void (*finish)(void),
                             void (*finish_loader)(void), void *stack_end) {
    return old___libc_start_main(main, argc, argv, initialize == NULL ? run_constructors : initialize, finish,
                                 finish_loader, stack_end);
}

#endif
