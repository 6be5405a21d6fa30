/*
 * Two things that compilers take from the C library on arm64, and that not every libc has under that name. With these
 * definitions of ours, the object needs no library but libc, and any libc will do.
 */
#ifdef __aarch64__

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#define HIDDEN __attribute__((visibility("hidden")))

/*
 * libgcc asks the processor for its atomic instructions (LSE) through this name of glibc's, before any of our code
 * runs.
 */
HIDDEN unsigned long __getauxval(unsigned long type);
unsigned long __getauxval(unsigned long type) {
    return getauxval(type);
}

/*
 * What the stack protector writes between a function's variables and its return address. glibc has it in its loader
 * (ld-linux-aarch64.so.1), which would have to be named as a library that we need, and which musl does not have. The
 * first octet stays 0, so that no text that runs over its end gets past it.
 */
HIDDEN uintptr_t __stack_chk_guard;

/* The kernel gives each process 16 random octets. libc's own two secrets are made of them, so they are mixed. */
__attribute__((constructor(101), no_stack_protector)) static void draw_guard(void) {
    const char *random = (const char *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr): it is an address
    uint64_t parts[2] = {0};
    if (random != NULL)
        memcpy(parts, random, sizeof(parts));
    __stack_chk_guard = (parts[0] ^ parts[1]) * UINT64_C(0x9e3779b97f4a7c15) & ~UINT64_C(0xff);
}

#else
typedef int nothing_to_replace_here;
#endif
