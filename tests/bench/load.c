/*
 * The cost of starting a program: load SAMPLES BATCH CASE PROGRAM [ARGUMENT...] -- WORD... -- WORD...
 *
 * Each group of words after the program is a subject: its name, and the variables to set for it.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "measure.h"

#define SUBJECTS_MAX 8
#define WORDS_MAX 8

static char **program;
static char *environments[SUBJECTS_MAX][WORDS_MAX];

static void run(uint32_t subject) {
    pid_t child;
    int status;
    if (posix_spawn(&child, program[0], NULL, NULL, program, environments[subject]) != 0)
        give_up(program[0]);
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "bench: %s ended with %d\n", program[0], status);
        exit(1);
    }
}

#define RUNNER(number)                                                                                                 \
    static void run_##number(uint64_t round) {                                                                         \
        (void)round;                                                                                                   \
        run(number);                                                                                                   \
    }
RUNNER(0)
RUNNER(1)
RUNNER(2)
RUNNER(3)
RUNNER(4)
RUNNER(5)
RUNNER(6)
RUNNER(7)

int main(int argc, char **argv) {
    struct subject subjects[SUBJECTS_MAX] = {{NULL, run_0}, {NULL, run_1}, {NULL, run_2}, {NULL, run_3},
                                             {NULL, run_4}, {NULL, run_5}, {NULL, run_6}, {NULL, run_7}};
    uint32_t count = 0, words = 0;
    if (argc < 7) {
        fputs("usage: load SAMPLES BATCH CASE PROGRAM [ARGUMENT...] -- SUBJECT [VARIABLE=VALUE...] -- ...\n", stderr);
        return 2;
    }
    program = argv + 4;
    for (int i = 5; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            if (++i == argc || count == SUBJECTS_MAX) {
                fputs("load: too many subjects, or one without a name\n", stderr);
                return 2;
            }
            subjects[count].name = argv[i];
            count++;
            words = 0;
        } else if (count > 0 && words < WORDS_MAX - 1) {
            environments[count - 1][words++] = argv[i];
        }
    }
    measure("load", argv[3], subjects, count, 1, (uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2]));
    return 0;
}
