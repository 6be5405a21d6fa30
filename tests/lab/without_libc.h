/* For programs that are built with -nostdlib: they begin at _start(), and call the kernel themselves. */
#ifndef WITHOUT_LIBC_H
#define WITHOUT_LIBC_H

#include <fcntl.h>
#include <sys/syscall.h>

void _start(void);

/* As the kernel returns it: an error is its negative number. */
static inline long call(long number, long first, long second, long third) {
#ifdef __aarch64__
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = third;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#else
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
#endif
}

/* arm64 has no open(2). */
static inline long open_to_read(const char *path) {
    return call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY);
}

#endif
