#include "originbypass/command/dns/getent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/roots_own.h"

const char *getent_path(void) {
    static const char *const paths[] = {"/usr/bin/getent", "/bin/getent", "/usr/sbin/getent", "/sbin/getent"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (roots_own_is(paths[i]))
            return paths[i];
    return NULL;
}

/* --- running it --------------------------------------------------------------------------------------------------- */

/* Its statuses, as getent(1) has them, and that of glibc's for an option that its version does not know. */
enum { NONE_FOUND = 2, NOT_RUN = 126, UNKNOWN_DATABASE = 1, UNKNOWN_OPTION = 64 };

_Noreturn static void become_getent(char *const *arguments, int output, pid_t parent) {
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C", disabled[] = "ORIGIN_BYPASS_DISABLED=1";
    char *const environment[] = {path, locale, disabled, NULL};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(output, STDOUT_FILENO) >= 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
        dup2(nothing, STDERR_FILENO) >= 0)
        execve(arguments[0], arguments, environment);
    _exit(NOT_RUN);
}

/* The caller must free(3) it. */
static char *read_all(int descriptor) {
    enum { MOST = 256 * 1024 };
    char *text = memory_zeroed(MOST + 1, 1);
    size_t length = 0;
    for (ssize_t got; length < MOST && (got = read(descriptor, text + length, MOST - length)) != 0;) {
        if (got < 0 && errno != EINTR)
            break;
        length += got < 0 ? 0 : (size_t)got;
    }
    return text;
}

/* Returns its exit status, or -1. `*text` is on the heap. */
static int run_getent(char *const *arguments, char **text) {
    int ends[2], status = 0;
    pid_t parent = getpid(), ended;
    *text = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        become_getent(arguments, ends[1], parent);
    close(ends[1]);
    if (child > 0)
        *text = read_all(ends[0]);
    close(ends[0]);
    do
        ended = child < 0 ? -1 : waitpid(child, &status, 0);
    while (ended < 0 && child > 0 && errno == EINTR);
    return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- reading it --------------------------------------------------------------------------------------------------- */

static bool has(const struct getent_addresses *addresses, const struct address *address) {
    for (size_t i = 0; i < addresses->count; i++)
        if (address_equal(&addresses->list[i], address))
            return true;
    return false;
}

/* A line begins with an address, and there are several lines for each: one for every type of socket. */
static void read_addresses(char *text, struct getent_addresses *addresses) {
    char *lines = text;
    *addresses = (struct getent_addresses){0};
    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        struct address address;
        line[strcspn(line, " \t%")] = '\0';
        if (!address_parse(line, &address) || has(addresses, &address))
            continue;
        addresses->list = memory_resize(addresses->list, addresses->count + 1, sizeof(addresses->list[0]));
        addresses->list[addresses->count++] = address;
    }
}

/* The most exact question first: with IPv6 where the machine has none, and the name as it is. Musl's knows less. */
enum getent_result getent_ask(const char *path, const char *name, struct getent_addresses *addresses) {
    char all[] = "-A", plain[] = "-i", ahosts[] = "ahosts", hosts[] = "hosts";
    char *own_path = memory_text(path), *own_name = memory_text(name), *text = NULL;
    char *const questions[][6] = {{own_path, all, plain, ahosts, own_name, NULL},
                                  {own_path, plain, ahosts, own_name, NULL},
                                  {own_path, ahosts, own_name, NULL},
                                  {own_path, hosts, own_name, NULL}};
    int status = name[0] == '-' ? NONE_FOUND : UNKNOWN_OPTION; /* it would be an option */
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (status != UNKNOWN_OPTION && status != UNKNOWN_DATABASE)
            break;
        free(text);
        status = run_getent(questions[i], &text);
    }
    struct getent_addresses found = {0};
    if (status == 0)
        read_addresses(text, &found);
    enum getent_result result = status == NONE_FOUND ? GETENT_NOT_FOUND
                                : found.count > 0    ? GETENT_FOUND
                                                     : GETENT_FAILED;
    if (result == GETENT_FOUND)
        *addresses = found;
    free(text);
    free(own_name);
    free(own_path);
    return result;
}
