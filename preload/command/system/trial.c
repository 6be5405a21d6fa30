#include "originbypass/command/system/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/own_command.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/config/config.h"
#include "originbypass/guest/clock.h"

enum {
    LONGEST_MS = 10000,
    OUTPUT_MAX = 4096, /* of a program's output; more than that is read and dropped */
    NOBODY = 65534,    /* the number of the user without rights, on every system */
    NOT_STARTED = 126,
};

struct program_trial {
    const char *const *arguments; /* argv, with the program first */
    bool as_nobody;
};

struct result {
    bool in_time;
    int status; /* as wait(2) has it */
    size_t length;
    char output[OUTPUT_MAX + 1]; /* standard output and standard error */
};

/* --- the program -------------------------------------------------------------------------------------------------- */

/* If there is no such user (in a user namespace), there is no user with fewer rights to try. */
static bool become_nobody(void) {
    return setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/* Executes the program with a separate environment. */
_Noreturn static void become(const struct program_trial *trial, const char *library, int output) {
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *preload = library == NULL ? NULL : text_format("LD_PRELOAD=%s", library);
    char *const environment[] = {path, locale, preload, NULL};
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0 && chdir("/") == 0 && (!trial->as_nobody || become_nobody()))
        execve(trial->arguments[0], (char *const *)trial->arguments, environment);
    dprintf(output, "not started: %s", strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    _exit(NOT_STARTED);
}

/* --- watching it -------------------------------------------------------------------------------------------------- */

/* Reads until all processes that could write have ended, or the time is over. */
static bool read_output(int descriptor, struct result *result) {
    int64_t deadline_ms = (int64_t)clock_now_ms() + LONGEST_MS;
    for (;;) {
        struct pollfd wait = {.fd = descriptor, .events = POLLIN};
        int64_t left_ms = deadline_ms - (int64_t)clock_now_ms();
        char beyond[512];
        if (left_ms <= 0)
            return false;
        if (poll(&wait, 1, (int)left_ms) <= 0)
            continue;
        size_t room = OUTPUT_MAX - result->length;
        ssize_t got =
            read(descriptor, room > 0 ? result->output + result->length : beyond, room > 0 ? room : sizeof(beyond));
        if (got == 0)
            return true;
        if (got > 0 && room > 0)
            result->length += (size_t)got;
    }
}

static bool run_one(const struct program_trial *trial, const char *library, struct result *result) {
    int ends[2];
    *result = (struct result){0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        become(trial, library, ends[1]);
    close(ends[1]);
    if (child > 0) {
        result->in_time = read_output(ends[0], result);
        if (!result->in_time)
            kill(-child, SIGKILL);
        while (waitpid(child, &result->status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    return child > 0;
}

/* --- judging it --------------------------------------------------------------------------------------------------- */

static char *ending(const struct result *result) {
    if (!result->in_time)
        return text_format("has not ended after %d s", LONGEST_MS / 1000);
    if (WIFSIGNALED(result->status))
        return text_format("is killed by signal %d", WTERMSIG(result->status));
    return text_format("ends with status %d", WEXITSTATUS(result->status));
}

static bool complain_of_trial(const struct program_trial *trial, const char *library, struct result *with) {
    char *how = ending(with);
    while (with->length > 0 && with->output[with->length - 1] == '\n')
        with->output[--with->length] = '\0';
    for (char *c = with->output; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    cli_complain("%s is not fit for every program: %s%s%s with it %s%s%s; nothing has been changed", library,
                 trial->arguments[0], trial->arguments[1] == NULL ? "" : " ",
                 trial->arguments[1] == NULL ? "" : trial->arguments[1], how,
                 with->output[0] == '\0' ? "" : " and prints: ", with->output);
    free(how);
    return false;
}

/* Libraries that /etc/ld.so.preload already lists are loaded in both runs, so they cause no difference. */
static bool does_the_same(const struct program_trial *trial, const char *library) {
    struct result with, without;
    if (!run_one(trial, NULL, &without) || !run_one(trial, library, &with)) {
        cli_complain("%s cannot be run: %s", trial->arguments[0], strerror(errno)); // NOLINT(concurrency-mt-unsafe)
        return false;
    }
    /* What does not work without it either, such as a /bin/true that an image does not have, says nothing of it. */
    if (with.in_time && with.status == without.status && strcmp(with.output, without.output) == 0)
        return true;
    return complain_of_trial(trial, library, &with);
}

bool trial_run(const char *library) {
    char *command = memory_checked(own_command_path());
    const char *const nothing[] = {"/bin/true", NULL};
    const char *const shell[] = {"/bin/sh", "-c", "echo one two | cat && /bin/true", NULL};
    const char *const version[] = {command, "--version", NULL};
    const char *const check[] = {command, "check", CONFIG_DEFAULT_FILE, NULL};
    const struct program_trial trials[] = {
        {nothing, false}, {nothing, true}, {shell, false}, {version, false}, {check, false}};
    size_t count = sizeof(trials) / sizeof(trials[0]) - (access(CONFIG_DEFAULT_FILE, F_OK) == 0 ? 0 : 1);
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = does_the_same(&trials[i], library);
    free(command);
    return good;
}
