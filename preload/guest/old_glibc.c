#include "originbypass/guest/old_glibc.h"

/*
 * Before glibc 2.34 threads and dlsym(3) are in libraries of their own, which a program need not have. We do not
 * bring them along: the references are weak. Without libpthread a process has one thread, and can start none.
 */
#ifdef OLD_GLIBC

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

WEAK_OLD(dlsym);
WEAK_OLD(pthread_attr_setstacksize);
WEAK_OLD(pthread_create);
WEAK_OLD(pthread_getspecific);
WEAK_OLD(pthread_key_create);
WEAK_OLD(pthread_mutex_trylock);
WEAK_OLD(pthread_once);
WEAK_OLD(pthread_setspecific);

/* The linker's names. */
__typeof__(dlsym) __wrap_dlsym;
__typeof__(fstat) __wrap_fstat;
__typeof__(getrandom) __wrap_getrandom;
__typeof__(lstat) __wrap_lstat;
__typeof__(pthread_attr_setstacksize) __wrap_pthread_attr_setstacksize;
__typeof__(pthread_create) __wrap_pthread_create;
__typeof__(pthread_getspecific) __wrap_pthread_getspecific;
__typeof__(pthread_key_create) __wrap_pthread_key_create;
__typeof__(pthread_mutex_trylock) __wrap_pthread_mutex_trylock;
__typeof__(pthread_once) __wrap_pthread_once;
__typeof__(pthread_setspecific) __wrap_pthread_setspecific;
__typeof__(pthread_sigmask) __wrap_pthread_sigmask;
__typeof__(stat) __wrap_stat;

/* ---- files: before 2.33 the functions took a number for the layout of struct stat; 0 is the kernel's own ---- */

enum { KERNEL_LAYOUT = 0 };
int __fxstat(int layout, int descriptor, struct stat *status);
int __lxstat(int layout, const char *path, struct stat *status);
int __xstat(int layout, const char *path, struct stat *status);

int __wrap_fstat(int descriptor, struct stat *status) {
    return __fxstat(KERNEL_LAYOUT, descriptor, status);
}

int __wrap_lstat(const char *path, struct stat *status) {
    return __lxstat(KERNEL_LAYOUT, path, status);
}

int __wrap_stat(const char *path, struct stat *status) {
    return __xstat(KERNEL_LAYOUT, path, status);
}

/* ---- 2.38: compiled for C23 or with _GNU_SOURCE, these are functions of their own, which also know "0b101" ---- */

long __wrap___isoc23_strtol(const char *text, char **end, int base);
long long __wrap___isoc23_strtoll(const char *text, char **end, int base);
unsigned long __wrap___isoc23_strtoul(const char *text, char **end, int base);
unsigned long long __wrap___isoc23_strtoull(const char *text, char **end, int base);
/* By the header, their plain names lead to the new ones. */
long old_strtol(const char *text, char **end, int base) __asm__("strtol");
long long old_strtoll(const char *text, char **end, int base) __asm__("strtoll");
unsigned long old_strtoul(const char *text, char **end, int base) __asm__("strtoul");
unsigned long long old_strtoull(const char *text, char **end, int base) __asm__("strtoull");

long __wrap___isoc23_strtol(const char *text, char **end, int base) {
    return old_strtol(text, end, base);
}

long long __wrap___isoc23_strtoll(const char *text, char **end, int base) {
    return old_strtoll(text, end, base);
}

unsigned long __wrap___isoc23_strtoul(const char *text, char **end, int base) {
    return old_strtoul(text, end, base);
}

unsigned long long __wrap___isoc23_strtoull(const char *text, char **end, int base) {
    return old_strtoull(text, end, base);
}

/* ---- 2.25 ---- */

ssize_t __wrap_getrandom(void *octets, size_t size, unsigned flags) {
    return syscall(SYS_getrandom, octets, size, flags);
}

/* ---- threads: libpthread's before 2.34, of pthread_sigmask(3) before 2.32 ---- */

/* On Linux it is the calling thread's mask. */
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before) {
    int saved = errno, error = sigprocmask(how, set, before) == 0 ? 0 : errno; // NOLINT(concurrency-mt-unsafe)
    errno = saved;
    return error;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument) {
    return old_pthread_create == NULL ? EAGAIN : old_pthread_create(thread, attributes, main, argument);
}

int __wrap_pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
    return old_pthread_attr_setstacksize == NULL ? 0 : old_pthread_attr_setstacksize(attributes, size);
}

/* libc's own pthread_mutex_lock does nothing where there is one thread. */
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex) {
    return old_pthread_mutex_trylock == NULL ? pthread_mutex_lock(mutex) : old_pthread_mutex_trylock(mutex);
}

int __wrap_pthread_once(pthread_once_t *once, void (*initialize)(void)) {
    if (old_pthread_once != NULL)
        return old_pthread_once(once, initialize);
    if (*once == PTHREAD_ONCE_INIT)
        initialize();
    *once = PTHREAD_ONCE_INIT + 1;
    return 0;
}

/* Of the keys that there may be, we make one. A thread that a later libpthread starts has a value too, but no
 * destructor. */
static __thread void *only_value;

int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *)) {
    if (old_pthread_key_create != NULL)
        return old_pthread_key_create(key, destroy);
    *key = 0;
    return 0;
}

void *__wrap_pthread_getspecific(pthread_key_t key) {
    return old_pthread_getspecific == NULL ? only_value : old_pthread_getspecific(key);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value) {
    if (old_pthread_setspecific != NULL)
        return old_pthread_setspecific(key, value);
    only_value = (void *)value;
    return 0;
}

/* ---- dlsym: libdl's before 2.34 ---- */

/* What those versions look up names with themselves, for their name services; later ones have neither. */
extern void *__libc_dlopen_mode(const char *library, int mode) __attribute__((weak));
extern void *__libc_dlsym(void *library, const char *name) __attribute__((weak));

void *old_glibc_of_libdl(const char *name) {
    enum { AS_DLOPEN = (int)0x80000000 };
    if (__libc_dlopen_mode == NULL || __libc_dlsym == NULL)
        return NULL;
    void *libdl = __libc_dlopen_mode("libdl.so.2", RTLD_NOW | AS_DLOPEN);
    return libdl == NULL ? NULL : __libc_dlsym(libdl, name);
}

void *__wrap_dlsym(void *handle, const char *name) {
    __typeof__(&dlsym) real = old_dlsym;
    void *found = real == NULL ? old_glibc_of_libdl("dlsym") : NULL;
    if (real == NULL)
        memcpy(&real, &found, sizeof(real));
    return real == NULL ? NULL : real(handle, name);
}

#endif
