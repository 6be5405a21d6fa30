#include "originbypass/command/doctor/doctor_view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_file.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/doctor_record.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/read_published.h"
#include "originbypass/command/programs/container.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/name.h"

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

static const char *value_or_null(const char *text) {
    return config_variable_length(text) == 0 ? NULL : text;
}

/* What another process says may be anything. */
static bool is_record_sound(const struct published *record) {
    const struct config_source source = {.variables = {[CONFIG_VARIABLE_HOSTS] = value_or_null(record->hosts),
                                                       [CONFIG_VARIABLE_UPSTREAMS] = value_or_null(record->upstreams)}};
    struct config *config = memory_checked(config_parse_source(&source));
    bool sound = config->error_count == 0 && (config->rule_count > 0 || record->hosts[0] == '\0');
    config_free(config);
    return sound;
}

/* The settings of a listed host. Nothing else of them can be seen from outside. */
static const char *why_unknown(enum doctor_file_state state) {
    switch (state) {
    case DOCTOR_FILE_REFUSED:
        return "its file has changed, and it does not accept the change";
    case DOCTOR_FILE_MISSED:
        return "its file has changed, and it does not see the change";
    case DOCTOR_FILE_GONE:
    case DOCTOR_FILE_LOST:
        return "its file is gone";
    default:
        return "its file cannot be read";
    }
}

/*
 * A file that sets nothing: NULL would mean the one of this host. It stays open, because this command starts itself
 * again with the variable, and then takes the same one.
 */
static char *file_of_nothing(void) {
    static const char text[] = "# nothing\n";
    const char *before = secure_getenv(config_variable_name(CONFIG_VARIABLE_FILE));
    char *place = text_format("/proc/%d/fd/", (int)getpid()), *made;
    if (before != NULL && strncmp(before, place, strlen(place)) == 0 && access(before, R_OK) == 0) {
        free(place);
        return memory_text(before);
    }
    int descriptor = (int)syscall(SYS_memfd_create, "originbypass", 0);
    if (descriptor < 0 || fchmod(descriptor, S_IRUSR) != 0 || write(descriptor, text, strlen(text)) < 0)
        made = memory_text("");
    else
        made = text_format("%s%d", place, descriptor);
    free(place);
    return made;
}

/* A process without a file takes one over that appears in the usual place. */
static char *file_that_appeared(const char *pid) {
    char *inside = text_format("/proc/%s/root%s", pid, CONFIG_DEFAULT_FILE), *file = NULL;
    if (!doctor_record_changed_root(pid) && access(inside, F_OK) == 0)
        file = file_of(pid, CONFIG_DEFAULT_FILE);
    free(inside);
    return file;
}

/* Empty counts as not set, so that a variable of this shell does not count for the process. */
static void take_settings(const struct published *record, const struct doctor_view *view, char *file,
                          struct option_settings *settings) {
    bool takes_hosts = view->is_former || record->hosts_of_variable != 0;
    bool takes_upstreams = !view->is_next || record->upstreams_of_variable != 0;
    settings->file = file != NULL ? file : file_of_nothing();
    settings->hosts = memory_text(takes_hosts ? record->hosts : "");
    settings->upstreams = memory_text(takes_upstreams ? record->upstreams : ""); /* the general ones */
}

static struct doctor_view take_record(const char *pid, const struct published *record,
                                      struct option_settings *settings) {
    struct doctor_file now = doctor_file_of(pid, record);
    char *file = now.state == DOCTOR_FILE_NONE ? file_that_appeared(pid) : file_of(pid, record->file);
    bool readable = file != NULL && access(file, R_OK) == 0;
    struct doctor_view view = {.is_next = now.state == DOCTOR_FILE_NEXT && readable};
    view.is_former = doctor_file_is_former(&now) || (now.state != DOCTOR_FILE_NONE && !readable);
    view.unknown = view.is_former && record->is_plain == 0 ? why_unknown(now.state) : NULL;
    if (view.is_former || !readable) {
        free(file);
        file = NULL;
    }
    view.has_no_file = file == NULL;
    if (record->hosts_left_out > 0 && (view.is_former || record->hosts_of_variable != 0)) {
        free(file);
        view = (struct doctor_view){.why = "it has too many host rules to show them all"};
    } else {
        take_settings(record, &view, file, settings);
    }
    doctor_file_free(&now);
    return view;
}

/* Why the record says nothing that hosts could be looked at with; NULL: it does. */
static const char *why_of_no_use(const struct published *record) {
    switch (record->state) {
    case PUBLISHED_IN_FORCE:
    case PUBLISHED_WAITING:
        return record->error[0] == '\0' || record->state == PUBLISHED_IN_FORCE ? NULL : "it is refused";
    case PUBLISHED_REFUSED:
        return "it is refused";
    default:
        return "it has none in force";
    }
}

static bool has_library(const char *maps) {
    char *text = memory_text(maps), *rest = text;
    bool has = mapping_next_loaded(&rest, &(struct mapping){0});
    free(text);
    return has;
}

static struct doctor_view take_view(const char *pid, const char *maps, struct option_settings *settings) {
    struct published record;
    const char *why = maps == NULL         ? "it cannot be looked at"
                      : !has_library(maps) ? "it does not have the library"
                                           : published_read(pid, maps, &record);
    if (why == NULL)
        why = why_of_no_use(&record);
    if (why == NULL && !is_record_sound(&record))
        why = "it is refused";
    if (why != NULL)
        return (struct doctor_view){.why = why};
    return take_record(pid, &record, settings);
}

struct doctor_view doctor_view_of_process(const char *pid, struct option_settings *settings) {
    if (settings->hosts != NULL || settings->upstreams != NULL || settings->file != NULL)
        return (struct doctor_view){0};
    char *maps = proc_file_text(pid, "maps", NULL);
    struct doctor_view view = take_view(pid, maps, settings);
    free(maps);
    return view;
}

void doctor_view_tell_configuration(const struct doctor_view *view, const char *pid) {
    char *about = text_format("process %s", pid);
    struct finding finding = {FINDING_NOTE, "process-view", about, NULL};
    if (view->why != NULL)
        findings_tell(&finding,
                      "its configuration is not known, so hosts are looked at with the configuration of this "
                      "environment: %s",
                      view->why);
    else if (view->is_former && view->unknown == NULL)
        findings_tell(&finding, "hosts are looked at with what it has in force, and not with its file");
    else if (view->is_next)
        findings_tell(&finding, "hosts are looked at with its file as it is now, which is not yet in force");
    free(about);
}

/* --- its surroundings --------------------------------------------------------------------------------------------- */

static void tell_user(const char *pid, const char *about) {
    struct stat process;
    char *path = text_format("/proc/%s", pid);
    bool another = stat(path, &process) == 0 && process.st_uid != geteuid();
    char *remedy = another ? text_format("Run doctor as that user, with its hosts: setpriv --reuid %u --regid "
                                         "%u --clear-groups originbypass doctor -H HOSTS",
                                         (unsigned)process.st_uid, (unsigned)process.st_gid)
                           : NULL;
    if (another)
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, remedy},
                      "runs as user %u. This report is of user %u, for whom a firewall and the rights on files may "
                      "differ",
                      (unsigned)process.st_uid, (unsigned)geteuid());
    free(remedy);
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

static bool lacks_file(const char *pid, const char *path) {
    int descriptor = foreign_file_open_of(pid, path, 0, FILE_SIZE_MAX, NULL);
    bool missing = descriptor < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (descriptor >= 0)
        close(descriptor);
    return missing;
}

/*
 * `no /etc/hosts, another /etc/resolv.conf`: those that decide what libc answers (resolv.conf(5), hosts(5),
 * nsswitch.conf(5)). The caller must free(3) the text.
 */
static char *other_files(const char *pid) {
    static const char *const paths[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf"};
    char *list = memory_text("");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char *before = list;
        if (!is_another_file(pid, paths[i]))
            continue;
        list = text_format("%s%s%s %s", before, before[0] == '\0' ? "" : ", ",
                           lacks_file(pid, paths[i]) ? "no" : "another", paths[i]);
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
                      "has changed its root directory (chroot), and has %s there, unlike this command: "
                      "what this report says about libc's answers was true for it before at most",
                      files);
    else if (files[0] != '\0')
        findings_tell(&(struct finding){FINDING_NOTE, "process-view", about, remedy},
                      "has %s, unlike this command: what this report says about libc's answers is "
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
                          "If what it does differs from this report, reload or restart it, but not while external DNS "
                          "fails: it would lose the answers that it has"},
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
