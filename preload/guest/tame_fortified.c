/*
 * Functions that only glibc has and that compilers call for _FORTIFY_SOURCE: in our own code and in the archives of
 * c-ares and libconfig. With these, the object needs none of them from libc and is also loaded by programs of musl.
 * Each ends the process if the memory that it is given is too small, as glibc's do: going on would overwrite memory
 * that is not ours.
 */
#undef _FORTIFY_SOURCE
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
HIDDEN char *__strcat_chk(char *to, const char *from, size_t room);
HIDDEN char *__strncat_chk(char *to, const char *from, size_t size, size_t room);
HIDDEN int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...);
HIDDEN int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...);
HIDDEN int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list arguments);
HIDDEN long __fdelt_chk(long descriptor);
HIDDEN void __longjmp_chk(jmp_buf place, int value) __attribute__((noreturn));

static void end_unless(int fits) {
    if (!fits)
        __builtin_trap();
}

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room) {
    end_unless(size <= room);
    return memcpy(to, from, size);
}

char *__strcat_chk(char *to, const char *from, size_t room) {
    size_t used = strlen(to);
    end_unless(used < room && strlen(from) < room - used);
    return strcat(to, from); // NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits
}

char *__strncat_chk(char *to, const char *from, size_t size, size_t room) {
    size_t used = strlen(to);
    end_unless(used < room && strnlen(from, size) < room - used);
    return strncat(to, from, size);
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...) {
    va_list arguments;
    (void)flag;
    /* The room is SIZE_MAX if the compiler does not know it, and libcs refuse more than INT_MAX. */
    va_start(arguments, format);
    int length = vsnprintf(to, room < INT_MAX ? room : INT_MAX, format, arguments);
    va_end(arguments);
    end_unless(length < 0 || (size_t)length < room);
    return length;
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...) {
    va_list arguments;
    (void)flag;
    end_unless(size <= room);
    va_start(arguments, format);
    int length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list arguments) {
    (void)flag;
    end_unless(size <= room);
    return vsnprintf(to, size, format, arguments);
}

long __fdelt_chk(long descriptor) {
    end_unless(descriptor >= 0 && descriptor < FD_SETSIZE);
    return descriptor / NFDBITS;
}

void __longjmp_chk(jmp_buf place, int value) {
    longjmp(place, value);
}
