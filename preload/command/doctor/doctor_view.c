#include "originbypass/command/doctor/doctor_view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
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

/* Whether the rules of two configurations differ for one of the hosts. */
static bool differ_for(const struct config *one, const struct config *other, char *const *hosts, size_t count) {
    struct rules *rules = memory_checked(rules_build(one)), *others = memory_checked(rules_build(other));
    bool differ = false;
    for (size_t i = 0; i < count && !differ; i++) {
        struct name name;
        differ = name_fold(&name, hosts[i]) &&
                 (rules_settings(rules, &name) == NULL) != (rules_settings(others, &name) == NULL);
    }
    rules_free(others);
    rules_free(rules);
    return differ;
}

/* A file with a mistake is none that the process will take: the report on the file says so. */
static bool has_file_changed(const struct published *record, const char *file, char *const *hosts, size_t count) {
    const struct config_source its = {.variables = {[CONFIG_VARIABLE_HOSTS] = record->hosts}};
    struct config_source source;
    if (!config_source_read_file(&source, file))
        return false;
    struct config *now = memory_checked(config_parse_source(&source));
    struct config *config = memory_checked(config_parse_source(&its));
    bool changed = now->error_count == 0 && differ_for(config, now, hosts, count);
    config_free(config);
    config_free(now);
    config_source_release(&source);
    return changed;
}

/* Empty counts as not set, so that a variable of this shell does not count for the process. */
static struct doctor_view take_record(const char *pid, const struct published *record, struct option_settings *settings,
                                      char *const *hosts, size_t host_count) {
    char *file = record->file[0] == '\0' ? NULL : file_of(pid, record->file);
    struct doctor_view view = {0};
    bool readable = file != NULL && access(file, R_OK) == 0;
    if (!readable && record->hosts[0] == '\0') {
        view.why = "its configuration file cannot be read";
    } else {
        view.is_former = readable && record->state == PUBLISHED_IN_FORCE && record->hosts_of_variable == 0 &&
                         has_file_changed(record, file, hosts, host_count);
        settings->file = readable ? memory_text(file) : NULL;
        settings->hosts =
            memory_text(readable && record->hosts_of_variable == 0 && !view.is_former ? "" : record->hosts);
        settings->upstreams = memory_text(record->upstreams); /* the general ones, wherever they come from */
    }
    free(file);
    return view;
}

/* The record of a process that has looked up nothing does not have them yet. */
static void take_upstreams_of_environment(const char *pid, struct published *record) {
    size_t size = 0;
    char *environment = proc_file_text(pid, "environ", &size);
    const char *value = environment == NULL
                            ? NULL
                            : proc_file_variable(environment, size, config_variable_name(CONFIG_VARIABLE_UPSTREAMS));
    if (value != NULL)
        snprintf(record->upstreams, sizeof(record->upstreams), "%s", value);
    free(environment);
}

/* Why the record says nothing that hosts could be looked at with; NULL: it does. */
static const char *why_of_no_use(const struct published *record) {
    switch (record->state) {
    case PUBLISHED_IN_FORCE:
    case PUBLISHED_WAITING:
        if (record->hosts_left_out > 0)
            return "it has too many host rules to show them all";
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

static struct doctor_view take_view(const char *pid, const char *maps, struct option_settings *settings,
                                    char *const *hosts, size_t host_count) {
    struct published record;
    const char *why = maps == NULL         ? "it cannot be looked at"
                      : !has_library(maps) ? "it does not have the library"
                                           : published_read(pid, maps, &record);
    if (why == NULL)
        why = why_of_no_use(&record);
    if (why == NULL && record.state == PUBLISHED_WAITING)
        take_upstreams_of_environment(pid, &record);
    if (why == NULL && !is_record_sound(&record))
        why = "it is refused";
    if (why != NULL)
        return (struct doctor_view){.why = why};
    return take_record(pid, &record, settings, hosts, host_count);
}

struct doctor_view doctor_view_of_process(const char *pid, struct option_settings *settings, char *const *hosts,
                                          size_t host_count) {
    if (settings->hosts != NULL || settings->upstreams != NULL || settings->file != NULL)
        return (struct doctor_view){0};
    char *maps = proc_file_text(pid, "maps", NULL);
    struct doctor_view view = take_view(pid, maps, settings, hosts, host_count);
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
    else if (view->is_former)
        findings_tell(&finding, "hosts are looked at with the host rules that it has in force, and not with those that "
                                "its file has by now");
    free(about);
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
