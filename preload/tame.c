#include "originbypass/tame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* The names belong to the linker, which gives them to the archives in the place of libc's. */
FILE *__wrap_stdin, *__wrap_stdout, *__wrap_stderr;
_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap_abort(void);
FILE *__wrap_fopen(const char *path, const char *mode);
char *__wrap_getenv(const char *name);
int __wrap___fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __wrap_fprintf(FILE *stream, const char *format, ...);

static __thread jmp_buf *way_out;

bool tame_call(void (*call)(void *context), void *context) {
    jmp_buf here;
    if (setjmp(here) != 0) {
        way_out = NULL;
        return false;
    }
    way_out = &here;
    call(context);
    way_out = NULL;
    return true;
}

/* libconfig's scanner says so on standard error, which for it is NULL, and ends the process when memory runs out. */
_Noreturn void __wrap_exit(int status) {
    if (way_out != NULL)
        longjmp(*way_out, 1);
    _Exit(status);
}

/* The same from libconfig 1.8 on, wherever memory runs out. */
_Noreturn void __wrap_abort(void) {
    __wrap_exit(EXIT_FAILURE);
}

FILE *__wrap_fopen(const char *path, const char *mode) {
    (void)path;
    (void)mode;
    errno = ENOENT;
    return NULL;
}

char *__wrap_getenv(const char *name) {
    (void)name;
    return NULL;
}

int __wrap___fprintf_chk(FILE *stream, int flag, const char *format, ...) {
    (void)stream;
    (void)flag;
    (void)format;
    return 0;
}

int __wrap_fprintf(FILE *stream, const char *format, ...) {
    (void)stream;
    (void)format;
    return 0;
}
