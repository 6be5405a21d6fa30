#ifndef PARITY_CALLS_H
#define PARITY_CALLS_H

/*
 * Shared by the programs of the differential test. They print a line with the complete result for each call, so that
 * two runs can be compared line by line. An error that needs no comparison goes to standard error.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
/** Whether errno has a meaning after a call of the reentrant functions has failed. */
#define TELLS_ERRNO 1
#else
/* musl leaves in it what the functions that it calls have left. */
#define TELLS_ERRNO 0
/* musl's headers do not have these. The numbers are glibc's. */
#define AI_IDN 0x0040
#define AI_CANONIDN 0x0080
#define NETDB_SUCCESS 0
#endif

/** A value that no call sets errno to. */
#define ERRNO_BEFORE 4711

/** Print a text in quotes, with unprintable characters as hexadecimal digits; NULL without quotes. */
static inline void print_text(const char *text) {
    if (text == NULL) {
        fputs("NULL", stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++)
        printf(*text > ' ' && *text <= '~' ? "%c" : "<%02x>", (unsigned char)*text);
    putchar('"');
}

/** A successful call must leave errno unchanged; a program that checks it would see an error that did not happen. */
static inline void check_errno_kept(const char *name) {
    if (name != NULL && errno != ERRNO_BEFORE)
        fprintf(stderr, "errno became %d in a successful call for %s\n", errno, name);
}

/** Make a call in its own process: what one call learns about a server must not save the next one from waiting. */
#define ALONE(call)                                                                                                    \
    do {                                                                                                               \
        fflush(stdout);                                                                                                \
        pid_t child = fork();                                                                                          \
        if (child == 0) {                                                                                              \
            call;                                                                                                      \
            exit(0);                                                                                                   \
        }                                                                                                              \
        waitpid(child, NULL, 0);                                                                                       \
    } while (0)

#endif
