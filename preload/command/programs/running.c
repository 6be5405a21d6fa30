/* Finds out which running programs have the library, from /proc (proc(5)). */
#include "originbypass/command/programs/running.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/container.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/preload_fault.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/program.h"

bool running_needs_restart(enum running_state state) {
    return state != RUNNING_HAS_IT && state != RUNNING_MAY_NOT;
}

/* --- what a process is -------------------------------------------------------------------------------------------- */

static char *program_of(const char *pid) {
    char *path = proc_file_target(pid, "exe");
    if (path != NULL)
        return path;
    char *name = proc_file_text(pid, "comm", NULL);
    if (name != NULL)
        name[strcspn(name, "\n")] = '\0';
    return name == NULL ? memory_text("?") : name;
}

/* Our loader does not start such a program, and musl's has no /etc/ld.so.preload. */
static bool is_out_of_reach(const char *pid) {
    struct program program;
    char *path = text_format("/proc/%s/exe", pid);
    bool never = program_inspect(path, &program) == 0 &&
                 (program.obstacles[PROGRAM_STATIC] || program.obstacles[PROGRAM_OTHER_LIBC] ||
                  program_is_of_musl(&program) || program.obstacles[PROGRAM_OTHER_MACHINE]);
    program_free(&program);
    free(path);
    return never;
}

/* The process was started with a library of its own choice, for example by originbypass run. */
static bool has_asked_for_it(const char *pid) {
    size_t size = 0;
    bool asked = false;
    char *environment = proc_file_text(pid, "environ", &size);
    for (const char *entry = environment; entry != NULL && entry < environment + size; entry += strlen(entry) + 1)
        asked = asked || (strncmp(entry, "LD_PRELOAD=", 11) == 0 && strstr(entry, "liboriginbypass.so") != NULL);
    free(environment);
    return asked;
}

/* --- what it has -------------------------------------------------------------------------------------------------- */

static enum running_state running_state_of(const char *pid, const struct mapping *mapping, const char *entered) {
    const char *why = mapping_why_outdated(pid, mapping, entered);
    if (why != NULL && why != MAPPING_UNKNOWN)
        return RUNNING_HAS_OLD;
    return entered == NULL && !has_asked_for_it(pid) ? RUNNING_HAS_LEFTOVER : RUNNING_HAS_IT;
}

/* If there are several mappings, the best one counts, because one of them may be the program's own choice. */
static void judge_mappings(struct running *running, char *maps, const char *entered) {
    struct mapping mapping = {0};
    while (running->state != RUNNING_HAS_IT && mapping_next_loaded(&maps, &mapping)) {
        running->state = running_state_of(running->pid, &mapping, entered);
        free(running->library);
        running->library = memory_text(mapping.path);
    }
}

static bool may_not_read(const char *pid, const char *library) {
    char *fault = preload_fault(pid, library);
    bool barred = fault != NULL && strncmp(fault, PRELOAD_FAULT_UNREADABLE, strlen(PRELOAD_FAULT_UNREADABLE)) == 0;
    free(fault);
    return barred;
}

static void add_running(struct running_list *list, struct running running) {
    list->programs = memory_resize(list->programs, list->count + 1, sizeof(list->programs[0]));
    running.pid = memory_text(running.pid);
    running.program = program_of(running.pid);
    list->programs[list->count++] = running;
}

/* The kernel's threads and processes that have ended have no memory maps. */
static void look_at_running(struct running_list *list, char *pid, const char *entered) {
    struct running running = {.pid = pid, .state = RUNNING_LACKS_IT};
    char *maps = proc_file_text(pid, "maps", NULL);
    if (maps == NULL && (errno == EACCES || errno == EPERM)) {
        list->unreadable++;
    } else if (maps != NULL && maps[0] != '\0' && container_is_ours(pid)) {
        bool libc = mapping_has_libc(maps);
        judge_mappings(&running, maps, entered);
        if (running.library == NULL && libc && entered != NULL && may_not_read(pid, entered))
            running.state = RUNNING_MAY_NOT;
        if (running.library == NULL && (!libc || is_out_of_reach(pid)))
            list->out_of_reach++;
        else if (running.library != NULL || entered != NULL)
            add_running(list, running);
    }
    free(maps);
}

const char RUNNING_NO_PROC[] = "/proc is not mounted";

/* Process 1 is there as long as its PID namespace. */
static const char *why_unseen(void) {
    if (access("/proc/self/status", F_OK) != 0)
        return RUNNING_NO_PROC;
    return access("/proc/1", F_OK) != 0 ? "/proc hides those of other users (hidepid)" : NULL;
}

/* /proc lists processes in the order of their numbers. */
struct running_list running_collect(const char *entered) {
    struct running_list list = {.unseen = why_unseen()};
    char own[16];
    snprintf(own, sizeof(own), "%d", (int)getpid());
    DIR *processes = opendir("/proc");
    for (struct dirent *entry;
         processes != NULL && (entry = readdir(processes)) != NULL;) // NOLINT(concurrency-mt-unsafe)
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, own) != 0)
            look_at_running(&list, entry->d_name, entered);
    if (processes != NULL)
        closedir(processes);
    return list;
}

void running_free(struct running_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->programs[i].pid);
        free(list->programs[i].program);
        free(list->programs[i].library);
    }
    free(list->programs);
}
