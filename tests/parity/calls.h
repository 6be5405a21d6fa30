#ifndef PARITY_CALLS_H
#define PARITY_CALLS_H

/*
 * What the programs of the differential test have in common. They print a line for each call, with all that it gave,
 * so that two runs can be compared line by line. To standard error goes what is wrong by itself.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** A value that no call sets errno to. */
#define ERRNO_BEFORE 4711

/** Print a text in quotes, with what is not printable as hexadecimal digits; NULL without quotes. */
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

/** A call that succeeds leaves errno alone: a program that looks at it would see an error where there is none. */
static inline void check_errno_kept(const char *name) {
    if (name != NULL && errno != ERRNO_BEFORE)
        fprintf(stderr, "errno became %d in a successful call for %s\n", errno, name);
}

/** A call in a process of its own: what one has taught about a server must not spare it the next. */
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
