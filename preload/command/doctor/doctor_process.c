/* Checks whether a running process has the library, from /proc/PID/maps (proc(5)). */
#include "originbypass/command/doctor/doctor_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_program.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/left_alone.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/config/source.h"

/* --- its library -------------------------------------------------------------------------------------------------- */

/* Whether the process has our mounts. With mounts of its own, it may have another library at the same path. */
static bool has_our_mounts(const char *pid) {
    struct stat ours, its;
    char *path = text_format("/proc/%s/ns/mnt", pid);
    bool same = stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0 && ours.st_ino == its.st_ino;
    free(path);
    return same;
}

static bool tell_mapping(const char *about, const char *pid, const struct mapping *mapping) {
    char *installed = has_our_mounts(pid) ? library_find() : NULL;
    const char *why = mapping_why_outdated(pid, mapping, installed);
    if (why != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "process-library", about,
                                        "Restart the program to have the library that is installed"},
                      "has the library from %s, which %s%s%s", mapping->path, why,
                      installed == NULL ? "" : "; installed is ", installed == NULL ? "" : installed);
    else if (installed == NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "process-library", about, NULL},
                      "has the library from %s; there is no installed one here to compare it with", mapping->path);
    else
        findings_tell(&(struct finding){FINDING_GOOD, "process-library", about, NULL},
                      "has the library from %s, the installed one", mapping->path);
    free(installed);
    return why != NULL;
}

/* --- its environment ---------------------------------------------------------------------------------------------- */

/* The value of a variable when the process was started; NULL: not set. */
static const char *variable_in(const char *environment, size_t size, const char *name) {
    size_t length = strlen(name);
    for (const char *entry = environment; entry < environment + size; entry += strlen(entry) + 1)
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry + length + 1;
    return NULL;
}

static void look_at_programs(const char *about, const char *pid, const char *environment, size_t size) {
    char *named = variable_value(variable_in(environment, size, config_variable_name(CONFIG_VARIABLE_FILE)));
    char *file = left_alone_process(pid, named);
    if (file != NULL)
        doctor_left_alone("process-programs", about, file);
    free(file);
    free(named);
}

static void look_at_environment(const char *about, const char *environment, size_t size) {
    bool disabled = false;
    const char *word = variable_in(environment, size, config_variable_name(CONFIG_VARIABLE_DISABLED));
    char *hosts = variable_value(variable_in(environment, size, config_variable_name(CONFIG_VARIABLE_HOSTS)));
    char *file = variable_value(variable_in(environment, size, config_variable_name(CONFIG_VARIABLE_FILE)));
    if (config_source_is_disabled(word, &disabled) && disabled)
        findings_tell(&(struct finding){FINDING_BAD, "process-environment", about, "Restart it without the variable"},
                      "was started with ORIGIN_BYPASS_DISABLED: every call is libc's");
    else if (hosts != NULL || file != NULL)
        findings_tell(&(struct finding){FINDING_GOOD, "process-environment", about, NULL}, "was started with %s %s",
                      hosts != NULL ? "the hosts" : "the file", hosts != NULL ? hosts : file);
    else
        findings_tell(&(struct finding){FINDING_NOTE, "process-environment", about,
                                        "If that file lists no host either, every call goes to libc"},
                      "was started without ORIGIN_BYPASS_HOSTS: its hosts are those of %s, if any",
                      CONFIG_DEFAULT_FILE);
    free(hosts);
    free(file);
}

/* --- what is reported --------------------------------------------------------------------------------------------- */

static void tell_unmapped(const char *about, const char *pid, const char *environment, size_t size) {
    const char *preload = variable_in(environment, size, "LD_PRELOAD");
    bool named = preload != NULL && strstr(preload, "liboriginbypass.so") != NULL;
    findings_tell(&(struct finding){FINDING_BAD, "process-library", about,
                                    named ? "See the findings on its program; the loader may have said on its standard "
                                            "error why it ignored the library"
                                          : "Start it with originbypass run, or with the library's path in LD_PRELOAD"},
                  "does not have the library%s", named ? ", though it was started with it in LD_PRELOAD" : "");
    char *path = proc_file_target(pid, "exe");
    doctor_program_of(pid, path == NULL ? about : path);
    free(path);
}

static void tell_unreadable(const char *about, int error) {
    if (error == ENOENT || error == ESRCH)
        findings_tell(&(struct finding){FINDING_BAD, "process", about,
                                        "See ps for the numbers of processes in this "
                                        "container or on this host"},
                      "there is no such process");
    else
        findings_tell(&(struct finding){FINDING_BAD, "process", about,
                                        "Ask as the user that it belongs to or as root, in its container"},
                      "cannot be looked at: %s", strerror(error)); // NOLINT(concurrency-mt-unsafe): one thread
}

static char *describe_process(const char *pid) {
    char *name = proc_file_text(pid, "comm", NULL);
    char *about = name == NULL ? text_format("process %s", pid)
                               : text_format("process %s (%.*s)", pid, (int)strcspn(name, "\n"), name);
    free(name);
    return about;
}

static bool look_at_process(const char *about, const char *pid, char *maps) {
    struct mapping mapping = {0};
    size_t size = 0;
    bool restart = false;
    char *environment = proc_file_text(pid, "environ", &size);
    if (maps[0] == '\0') {
        findings_tell(&(struct finding){FINDING_BAD, "process", about, NULL},
                      "has no memory: it has ended, or is the kernel's");
    } else if (mapping_next(&maps, &mapping)) {
        restart = tell_mapping(about, pid, &mapping);
        if (environment != NULL) {
            look_at_environment(about, environment, size);
            look_at_programs(about, pid, environment, size);
        }
    } else {
        tell_unmapped(about, pid, environment == NULL ? "" : environment, size);
    }
    free(environment);
    return restart;
}

bool doctor_process(const char *pid) {
    char *about = describe_process(pid), *maps = proc_file_text(pid, "maps", NULL);
    bool restart = false;
    if (maps == NULL)
        tell_unreadable(about, errno);
    else
        restart = look_at_process(about, pid, maps);
    free(maps);
    free(about);
    return restart;
}
