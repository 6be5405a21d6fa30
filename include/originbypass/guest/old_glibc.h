#ifndef ORIGINBYPASS_GUEST_OLD_GLIBC_H
#define ORIGINBYPASS_GUEST_OLD_GLIBC_H

#include <features.h>

/**
 * Functions of libc that are there under two versions: a program linked today asks for the newer one, which an older
 * glibc does not have, and so the loader would refuse it there. The linker leads the calls to a function of ours
 * (--wrap in the Makefile), which asks for what glibc has had since version 2.17, of 2012. Nothing of this holds with
 * another libc or machine, where OLD_GLIBC is not defined.
 */
#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#define OLD_GLIBC

#ifdef __x86_64__
#define OLDEST "GLIBC_2.2.5"
#else
#define OLDEST "GLIBC_2.17"
#endif

/** Declares old_FUNCTION: the function's oldest version. */
#define OLD(function)                                                                                                  \
    extern __typeof__(function) old_##function;                                                                        \
    __asm__(".symver old_" #function "," #function "@" OLDEST)

/** The same, but NULL where no library of the process has it. */
#define WEAK_OLD(function)                                                                                             \
    extern __typeof__(function) old_##function __attribute__((weak));                                                  \
    __asm__(".symver old_" #function "," #function "@" OLDEST)

/**
 * A function of libdl, a library of its own before glibc 2.34, in a program that did not bring it along. NULL: there is
 * none, or glibc is later. Thread-safe.
 */
void *old_glibc_of_libdl(const char *name);

#endif
#endif
