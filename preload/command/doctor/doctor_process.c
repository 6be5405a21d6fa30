/* Checks whether a running process has the library, from /proc/PID/maps (proc(5)). */
#include "originbypass/command/doctor/doctor_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/misspelt.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/doctor/doctor_children.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_descriptors.h"
#include "originbypass/command/doctor/doctor_in_force.h"
#include "originbypass/command/doctor/doctor_neighbours.h"
#include "originbypass/command/doctor/doctor_own_resolver.h"
#include "originbypass/command/doctor/doctor_preload.h"
#include "originbypass/command/doctor/doctor_program.h"
#include "originbypass/command/doctor/doctor_view.h"
#include "originbypass/command/doctor/doctor_workers.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/read_published.h"
#include "originbypass/command/programs/left_alone.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/link_order.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/preload_fault.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/command/programs/started.h"
#include "originbypass/config/source.h"

/* A process that is looked at. */
struct process {
    const char *pid;
    const char *about; /* how it is called in the report */
    const char *maps;  /* the text of /proc/PID/maps */
    const char *const *hosts;
    size_t host_count;
};

/* --- its library -------------------------------------------------------------------------------------------------- */

/* Whether the process has our mounts. With mounts of its own, it may have another library at the same path. */
static bool has_our_mounts(const char *pid) {
    struct stat ours, its;
    char *path = text_format("/proc/%s/ns/mnt", pid);
    bool same = stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0 && ours.st_ino == its.st_ino;
    free(path);
    return same;
}

/* The loader maps a file that another file replaces at once. One that is written in place changes under the process. */
static bool was_overwritten(const char *pid, const struct mapping *mapping) {
    struct stat file;
    int64_t started_s = process_started_s(pid);
    return started_s > 0 && mapping_file_status(pid, mapping, &file) && file.st_mtime > started_s + 1;
}

static void tell_current(const char *about, const char *path, const char *installed, bool same_mounts) {
    if (installed != NULL)
        findings_tell(&(struct finding){FINDING_GOOD, "process-library", about, NULL},
                      "has the library from %s, the installed one", path);
    else
        findings_tell(&(struct finding){FINDING_NOTE, "process-library", about, NULL},
                      same_mounts ? "has the library from %s; there is no installed one here to compare it with"
                                  : "has the library from %s; it has mounts of its own, so it is not compared with the "
                                    "library that is installed here",
                      path);
}

static bool tell_mapping(const char *about, const char *pid, const struct mapping *mapping, enum link_order order) {
    bool same_mounts = has_our_mounts(pid);
    char *installed = same_mounts ? library_find() : NULL;
    const char *why = mapping_why_outdated(pid, mapping, installed);
    bool overwritten = why == NULL && was_overwritten(pid, mapping);
    if (overwritten)
        findings_tell(&(struct finding){FINDING_CAUSE, "process-library", about,
                                        "Restart it now: it may crash. Replace the file with mv or install next time, "
                                        "which make a new one"},
                      "has the library from %s, which was overwritten in place after the process started",
                      mapping->path);
    else if (why == MAPPING_UNKNOWN)
        findings_tell(&(struct finding){FINDING_NOTE, "process-library", about,
                                        "Ask as root (in a container: with the capability SYS_PTRACE)"},
                      "has the library from %s. Whether this is the installed one cannot be told: %s", mapping->path,
                      why);
    else if (why != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "process-library", about,
                                        order == LINK_ORDER_FIRST
                                            ? "Take this copy out of LD_PRELOAD or /etc/ld.so.preload, and restart it"
                                            : "Restart the program to have the library that is installed"},
                      "has the library from %s, which %s%s%s", mapping->path, why,
                      installed == NULL ? "" : "; installed is ", installed == NULL ? "" : installed);
    else
        tell_current(about, mapping->path, installed, same_mounts);
    free(installed);
    return overwritten || (why != NULL && why != MAPPING_UNKNOWN);
}

/* --- its environment ---------------------------------------------------------------------------------------------- */

/* The file that leaves the process alone, as far as its environment tells which one it reads; the caller frees it. */
static char *file_that_leaves_alone(const char *pid, const char *environment, size_t size) {
    char *named = variable_value(proc_file_variable(environment, size, config_variable_name(CONFIG_VARIABLE_FILE)));
    char *file = left_alone_process(pid, named);
    free(named);
    return file;
}

/* The second best: what the process was started with, if it has not overwritten that. */
static void look_at_environment(const char *about, const char *why, const char *environment, size_t size) {
    char *hosts = variable_value(proc_file_variable(environment, size, config_variable_name(CONFIG_VARIABLE_HOSTS)));
    char *file = variable_value(proc_file_variable(environment, size, config_variable_name(CONFIG_VARIABLE_FILE)));
    struct finding finding = {FINDING_NOTE, "process-configuration", about,
                              published_is_denied(why) ? "Ask as root (in a container: with the capability SYS_PTRACE)"
                                                       : NULL};
    if (hosts != NULL || file != NULL)
        findings_tell(&finding, "cannot tell what it has in force: %s. It was started with %s %s", why,
                      hosts != NULL ? "the hosts" : "the file", hosts != NULL ? hosts : file);
    else
        findings_tell(&finding,
                      "cannot tell what it has in force: %s. Its environment does not show ORIGIN_BYPASS_HOSTS; a "
                      "program may overwrite it",
                      why);
    free(hosts);
    free(file);
}

/* --- what is reported --------------------------------------------------------------------------------------------- */

/* Then it does not help to name it again. */
static bool may_not_read_library(const char *pid) {
    char *library = library_find(), *fault = library == NULL ? NULL : preload_fault(pid, library);
    bool barred = fault != NULL && strncmp(fault, PRELOAD_FAULT_UNREADABLE, strlen(PRELOAD_FAULT_UNREADABLE)) == 0;
    free(fault);
    free(library);
    return barred;
}

static void tell_unmapped(const char *about, const char *pid, const char *environment, size_t size) {
    const char *preload = proc_file_variable(environment, size, "LD_PRELOAD");
    bool named = preload != NULL && strstr(preload, "liboriginbypass.so") != NULL;
    /* A program that writes a title over its environment, as nginx does, leaves no PATH there. */
    bool overwritten = size > 0 && proc_file_variable(environment, size, "PATH") == NULL;
    findings_tell(
        &(struct finding){FINDING_BAD, "process-library", about,
                          may_not_read_library(pid)
                              ? "See the finding on its program: its user may not read the library"
                          : named       ? "See the findings on its program; the loader may have said on its standard "
                                          "error why it ignored the library"
                          : overwritten ? "If it was, the loader has said on its standard error why it ignored the "
                                          "library (a wrong path, or a library for another CPU); start it with "
                                          "originbypass run, which looks first"
                                        : "Start it with originbypass run, or with the library's path in LD_PRELOAD"},
        "does not have the library%s",
        named         ? ", though it was started with it in LD_PRELOAD"
        : overwritten ? ". Whether it was started with it cannot be told: it has overwritten its environment"
                      : "");
    doctor_preload(pid, about, preload);
    doctor_preload_list(pid);
    char *path = proc_file_target(pid, "exe");
    doctor_program_of(pid, path == NULL ? about : path);
    free(path);
}

/* With the option hidepid, /proc does not show the processes of other users (proc(5)). */
static bool is_hidden(const char *pid) {
    return kill((pid_t)strtol(pid, NULL, 10), 0) == 0 || errno == EPERM;
}

static void tell_unreadable(const char *pid, const char *about, int error) {
    bool missing = error == ENOENT || error == ESRCH;
    if (missing && access("/proc/self/status", F_OK) != 0)
        findings_tell(&(struct finding){FINDING_BAD, "process", about, "Mount /proc: mount -t proc proc /proc"},
                      "cannot be looked at: /proc is not mounted");
    else if (missing && is_hidden(pid))
        findings_tell(&(struct finding){FINDING_BAD, "process", about, "Ask as the user that started it or as root"},
                      "cannot be looked at: /proc does not show it to this user (hidepid)");
    else if (missing)
        findings_tell(&(struct finding){FINDING_BAD, "process", about,
                                        "See ps for the numbers of processes in this "
                                        "container or on this host"},
                      "there is no such process");
    else
        findings_tell(&(struct finding){FINDING_BAD, "process", about,
                                        "Ask as the user that started it or as root, in its container (there with "
                                        "the capability SYS_PTRACE)"},
                      "cannot be looked at: %s", strerror(error)); // NOLINT(concurrency-mt-unsafe): one thread
}

static char *describe_process(const char *pid) {
    char *name = proc_file_text(pid, "comm", NULL);
    char *about = name == NULL ? text_format("process %s", pid)
                               : text_format("process %s (%.*s)", pid, (int)strcspn(name, "\n"), name);
    free(name);
    return about;
}

/* Returns whether the process waits for its first lookup. What `programs` says now is in the file; what counted at the
 * start is in the record. */
static bool look_at_configuration(const struct process *process, const char *environment, size_t size) {
    struct published record;
    const char *why = published_read(process->pid, process->maps, &record);
    char *file = file_that_leaves_alone(process->pid, environment, size);
    bool left = why != NULL || record.state == PUBLISHED_LEFT_OUT;
    if (file != NULL && left)
        doctor_left_alone("process-programs", process->about, file);
    else if (file != NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "process-programs", process->about,
                                        "Change programs.include or programs.exclude there"},
                      "will be left alone by \"programs\" in %s once it is restarted", file);
    struct doctor_variables variables = {
        process->about, why == NULL && record.state == PUBLISHED_NOTHING ? FINDING_CAUSE : FINDING_NOTE};
    misspelt_variables_in(environment, size, doctor_misspelt, &variables);
    if (why != NULL) {
        look_at_environment(process->about, why, environment, size);
    } else if (file == NULL || !left) {
        doctor_in_force(process->about, process->pid, &record, process->hosts, process->host_count);
        doctor_workers(process->about, process->pid, &record, process->hosts, process->host_count);
    }
    free(file);
    return why == NULL && record.state == PUBLISHED_WAITING;
}

static bool look_at_process(const struct process *process) {
    struct mapping mapping = {0};
    size_t size = 0;
    bool restart = false, has_library = false, is_waiting = false;
    char *environment = proc_file_text(process->pid, "environ", &size);
    enum link_order order = link_order_first(process->pid, process->maps, &mapping);
    if (process->maps[0] == '\0') {
        findings_tell(
            &(struct finding){FINDING_BAD, "process", process->about, "Ask for the program that does the lookups"},
            "has no memory: it is a zombie (it has ended, and its parent has not noticed), or a thread of the "
            "kernel");
    } else if (order != LINK_ORDER_NONE) {
        has_library = true;
        if (order != LINK_ORDER_UNKNOWN)
            restart = tell_mapping(process->about, process->pid, &mapping, order);
        is_waiting = look_at_configuration(process, environment == NULL ? "" : environment, size);
    } else {
        tell_unmapped(process->about, process->pid, environment == NULL ? "" : environment, size);
    }
    if (has_library)
        doctor_neighbours(process->pid, process->about, process->maps,
                          environment == NULL ? NULL : proc_file_variable(environment, size, "LD_PRELOAD"));
    free(environment);
    if (has_library)
        doctor_descriptors(process->pid, process->about);
    doctor_children(process->pid, process->about, has_library, is_waiting);
    doctor_resolver_of(process->pid, process->about, has_library);
    if (process->host_count > 0)
        doctor_view_tell(process->pid, process->about);
    return restart;
}

/* Whether the loader of a program that is being started (execve(2)) may not have mapped the libraries yet. */
static bool is_starting(const char *pid, const char *maps) {
    struct program program;
    char *text = memory_text(maps), *rest = text, *path = text_format("/proc/%s/exe", pid);
    bool loaded = maps[0] == '\0' || mapping_has_libc(maps) || mapping_next_loaded(&rest, &(struct mapping){0});
    bool starting = !loaded && program_inspect(path, &program) == 0 && program.loader != NULL &&
                    !program.obstacles[PROGRAM_OTHER_LIBC] && !program_is_of_musl(&program);
    if (!loaded)
        program_free(&program);
    free(path);
    free(text);
    return starting;
}

/* The text of /proc/PID/maps, for the caller to free; NULL: errno says why not. */
static char *maps_of(const char *pid) {
    enum { LOOKS = 20 };
    const struct timespec moment = {.tv_nsec = 50000000};
    char *maps = proc_file_text(pid, "maps", NULL);
    for (int i = 0; maps != NULL && i < LOOKS && is_starting(pid, maps); i++) {
        nanosleep(&moment, NULL);
        free(maps);
        maps = proc_file_text(pid, "maps", NULL);
    }
    return maps;
}

static bool look_at_pid(const char *pid, const char *const *hosts, size_t host_count) {
    char *maps = maps_of(pid);
    int error = errno;
    char *about = describe_process(pid);
    struct process process = {pid, about, maps, hosts, host_count};
    bool restart = false;
    if (maps == NULL)
        tell_unreadable(pid, about, error);
    else
        restart = look_at_process(&process);
    free(maps);
    free(about);
    return restart;
}

/* The number of the process that a thread belongs to, for the caller to free; NULL: it is none of a thread. */
static char *process_of_thread(const char *pid) {
    static const char field[] = "\nTgid:\t";
    char *status = proc_file_text(pid, "status", NULL);
    const char *found = status == NULL ? NULL : strstr(status, field);
    const char *number = found == NULL ? "" : found + strlen(field);
    char *process = text_format("%.*s", (int)strspn(number, "0123456789"), number);
    free(status);
    if (process[0] != '\0' && strcmp(process, pid) != 0)
        return process;
    free(process);
    return NULL;
}

bool doctor_process(const char *pid, const char *const *hosts, size_t host_count) {
    char *process = process_of_thread(pid);
    if (process != NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "process", pid, NULL},
                      "is the number of a thread of process %s, which is looked at", process);
    bool restart = look_at_pid(process == NULL ? pid : process, hosts, host_count);
    free(process);
    return restart;
}
