#include "originbypass/command/doctor/doctor_view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/read_published.h"
#include "originbypass/command/programs/container.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

/* --- its configuration -------------------------------------------------------------------------------------------- */

/* Whether the process has this namespace (namespaces(7)) of ours, as far as can be told. */
static bool shares_namespace(const char *pid, const char *kind) {
    struct stat its, ours;
    char *path = text_format("/proc/%s/ns/%s", pid, kind), *own = text_format("/proc/self/ns/%s", kind);
    bool known = stat(path, &its) == 0 && stat(own, &ours) == 0;
    free(own);
    free(path);
    return !known || (its.st_dev == ours.st_dev && its.st_ino == ours.st_ino);
}

/*
 * As this command can open it: the process may have another root directory, in other mounts. If it has changed its root
 * since it read the file, it is not there.
 */
static char *file_of(const char *pid, const char *file) {
    char *inside = text_format("/proc/%s/root%s", pid, file);
    struct stat its, ours;
    bool inside_is_there = stat(inside, &its) == 0;
    bool same = stat(file, &ours) == 0 && (inside_is_there ? its.st_dev == ours.st_dev && its.st_ino == ours.st_ino
                                                           : shares_namespace(pid, "mnt"));
    if (!same)
        return inside;
    free(inside);
    return memory_text(file);
}

static void take_record(const char *pid, const struct published *record, struct option_settings *settings) {
    char *file = record->file[0] == '\0' ? NULL : file_of(pid, record->file);
    if (file != NULL && access(file, R_OK) == 0) {
        settings->file = memory_text(file);
        /* Empty counts as not set, so that the variable of this shell does not count for the process. */
        settings->hosts = memory_text(record->hosts_of_variable != 0 ? record->hosts : "");
    } else {
        settings->hosts = memory_text(record->hosts);
    }
    settings->upstreams = memory_text(record->upstreams); /* the general ones, wherever they come from */
    free(file);
}

/* What another process says may be anything. */
static bool is_record_sound(const struct published *record) {
    const struct config_source source = {
        .variables = {[CONFIG_VARIABLE_HOSTS] = record->hosts, [CONFIG_VARIABLE_UPSTREAMS] = record->upstreams}};
    struct config *config = memory_checked(config_parse_source(&source));
    bool sound = config->error_count == 0 && config->rule_count > 0;
    config_free(config);
    return sound;
}

void doctor_view_of_process(const char *pid, struct option_settings *settings) {
    struct published record;
    bool given = settings->hosts != NULL || settings->upstreams != NULL || settings->file != NULL;
    char *maps = given ? NULL : proc_file_text(pid, "maps", NULL);
    if (maps != NULL && published_read(pid, maps, &record) == NULL && record.state == PUBLISHED_IN_FORCE &&
        record.hosts_left_out == 0 && is_record_sound(&record))
        take_record(pid, &record, settings);
    free(maps);
}

/* --- its surroundings --------------------------------------------------------------------------------------------- */

static void tell_user(const char *pid, const char *about) {
    struct stat process;
    char *path = text_format("/proc/%s", pid);
    if (stat(path, &process) == 0 && process.st_uid != geteuid())
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, NULL},
                      "runs as user %u. This report is of user %u, for whom a firewall and the rights on files may "
                      "differ",
                      (unsigned)process.st_uid, (unsigned)geteuid());
    free(path);
}

static void tell_filter(const char *pid, const char *about) {
    char *status = proc_file_text(pid, "status", NULL);
    char *own = proc_file_text("self", "status", NULL);
    static const char filtered[] = "\nSeccomp:\t2";
    if (status != NULL && own != NULL && strstr(status, filtered) != NULL && strstr(own, filtered) == NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, NULL},
                      "has a filter of system calls (seccomp) that this command does not have. It may forbid sockets");
    free(own);
    free(status);
}

enum { FILE_SIZE_MAX = 4 * 1024 * 1024 };

/* The text of a file; empty if it is not there. NULL: it cannot be read. The caller must free(3) it. */
static char *octets_at(const char *pid, const char *path, size_t *size) {
    int descriptor = pid == NULL ? foreign_file_open(path, FILE_SIZE_MAX, NULL)
                                 : foreign_file_open_of(pid, path, 0, FILE_SIZE_MAX, NULL);
    *size = 0;
    if (descriptor < 0)
        return errno == ENOENT || errno == ENOTDIR ? memory_text("") : NULL;
    char *text = file_text_of(descriptor, size);
    close(descriptor);
    return text;
}

static bool is_another_file(const char *pid, const char *path) {
    size_t its_size, our_size;
    char *its = octets_at(pid, path, &its_size), *ours = octets_at(NULL, path, &our_size);
    bool another = its != NULL && ours != NULL && (its_size != our_size || memcmp(its, ours, its_size) != 0);
    free(ours);
    free(its);
    return another;
}

/* Those that decide what libc answers: resolv.conf(5), hosts(5), nsswitch.conf(5). The caller must free(3) the text. */
static char *other_files(const char *pid) {
    static const char *const paths[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf"};
    char *list = memory_text("");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char *before = list;
        if (!is_another_file(pid, paths[i]))
            continue;
        list = text_format("%s%s%s", before, before[0] == '\0' ? "" : ", ", paths[i]);
        free(before);
    }
    return list;
}

/* A process that has called chroot(2) has no files of libc there, and has often looked up before all that it needs. */
static bool is_chrooted(const char *pid) {
    char *root = proc_file_target(pid, "root");
    bool changed = root != NULL && strcmp(root, "/") != 0 && container_is_ours(pid);
    free(root);
    return changed;
}

/* In a container these are usually mounts of its own. */
static void tell_files(const char *pid, const char *about) {
    char *files = other_files(pid), *places = text_format("From here they are below /proc/%s/root", pid);
    char *remedy =
        text_format("Run doctor with its files: in its container, or with nsenter --target %s --mount --net. "
                    "%s",
                    pid, places);
    if (files[0] != '\0' && is_chrooted(pid))
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, places},
                      "has changed its root directory (chroot), and has other contents in its %s there than this "
                      "command: what this report says about libc's answers was true for it before at most",
                      files);
    else if (files[0] != '\0')
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, remedy},
                      "has other contents in its %s than this command: what this report says about libc's answers is "
                      "not known to be true for it",
                      files);
    free(remedy);
    free(places);
    free(files);
}

/* What a process has looked up lasts longer than the report about a lookup that begins now. */
static void tell_time(const char *pid, const char *about) {
    findings_tell(
        &(struct finding){FINDING_NOTE, "process-view", about,
                          "If what it does differs from this report, reload or restart it"},
        "what this report says of hosts and URLs is true for a lookup that begins now, and for this command's "
        "curl and certificates. The process may still use what it looked up before: %s",
        doctor_known_to_keep(pid) != NULL ? "its program keeps an address until it is reloaded or restarted"
                                          : "answers in its cache, and open connections");
}

void doctor_view_tell(const char *pid, const char *about) {
    tell_time(pid, about);
    char *remedy = text_format("Run doctor in its network: in its container, or with nsenter --target %s --net", pid);
    if (!shares_namespace(pid, "net"))
        findings_tell(
            &(struct finding){FINDING_CAUSE, "process-view", about, remedy},
            "is in another network (namespace) than this command: what this report says about upstreams, hosts "
            "and URLs is not known to be true for it");
    free(remedy);
    tell_files(pid, about);
    tell_user(pid, about);
    tell_filter(pid, about);
}
