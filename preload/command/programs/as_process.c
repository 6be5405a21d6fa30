#include "originbypass/command/programs/as_process.h"

#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/proc_file.h"

enum { GROUPS_MAX = 256, ANSWER_MAX = 512 };

/* With which a process opens files, from /proc/PID/status (proc(5)). */
struct identity {
    uid_t user;
    gid_t group;
    gid_t groups[GROUPS_MAX];
    size_t group_count;
};

/* The rest of the line that begins with this name; NULL: there is none. */
static const char *field_of(const char *status, const char *name) {
    const char *found = strstr(status, name);
    return found == NULL ? NULL : found + strlen(name);
}

/* The last of the four numbers in such a line: the one for files. */
static bool read_last_of_four(const char *field, unsigned *number) {
    char *end = NULL;
    for (int i = 0; field != NULL && i < 4; i++, field = end) {
        *number = (unsigned)strtoul(field, &end, 10);
        if (end == field)
            return false;
    }
    return field != NULL;
}

static void read_groups(const char *field, struct identity *identity) {
    char *end = NULL;
    for (const char *at = field; at != NULL && identity->group_count < GROUPS_MAX; at = end) {
        unsigned long group = strtoul(at, &end, 10);
        if (end == at || memchr(at, '\n', (size_t)(end - at)) != NULL)
            return;
        identity->groups[identity->group_count++] = (gid_t)group;
    }
}

static bool read_identity(const char *pid, struct identity *identity) {
    char *status = proc_file_text(pid, "status", NULL);
    *identity = (struct identity){0};
    bool known = status != NULL && read_last_of_four(field_of(status, "\nUid:"), &identity->user) &&
                 read_last_of_four(field_of(status, "\nGid:"), &identity->group);
    if (known)
        read_groups(field_of(status, "\nGroups:"), identity);
    free(status);
    return known;
}

static bool has_our_root(const char *pid) {
    struct stat its, ours;
    char *path = text_format("/proc/%s/root", pid);
    bool same =
        stat(path, &its) == 0 && stat("/", &ours) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
    free(path);
    return same;
}

static bool take_identity(const char *pid, const struct identity *identity) {
    char *root = text_format("/proc/%s/root", pid);
    bool there = has_our_root(pid) || (chdir(root) == 0 && chroot(".") == 0);
    free(root);
    return there && setgroups(identity->group_count, identity->groups) == 0 &&
           setresgid(identity->group, identity->group, identity->group) == 0 &&
           setresuid(identity->user, identity->user, identity->user) == 0;
}

static void answer(int to, const char *text) {
    ssize_t written = text == NULL ? 0 : write(to, text, strnlen(text, ANSWER_MAX));
    _exit(written < 0);
}

/* What the child has written, up to its end; NULL: nothing. */
static char *read_answer(int from) {
    char text[ANSWER_MAX + 1] = "";
    size_t size = 0;
    for (ssize_t got; size < ANSWER_MAX && (got = read(from, text + size, ANSWER_MAX - size)) > 0;)
        size += (size_t)got;
    return size == 0 ? NULL : memory_text(text);
}

static char *ask_in_child(const char *pid, const struct identity *identity, path_question question, const char *path) {
    int ends[2];
    if (pipe(ends) != 0)
        return NULL;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        answer(ends[1], take_identity(pid, identity) ? question(path) : NULL);
    close(ends[1]);
    char *text = child < 0 ? NULL : read_answer(ends[0]);
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return text;
}

char *as_process(const char *pid, path_question question, const char *path) {
    struct identity identity;
    if (!read_identity(pid, &identity))
        return NULL;
    if (identity.user != geteuid() || !has_our_root(pid))
        return ask_in_child(pid, &identity, question, path);
    const char *text = question(path);
    return text == NULL ? NULL : memory_text(text);
}
