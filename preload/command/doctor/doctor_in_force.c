/* What a running process has in force, as its own memory says. */
#include "originbypass/command/doctor/doctor_in_force.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/log_file.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_file.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/doctor_mount.h"
#include "originbypass/command/doctor/doctor_record.h"
#include "originbypass/command/doctor/doctor_workers.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/container.h"
#include "originbypass/command/programs/counters_place.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/workers.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/name.h"

static const char CHECK[] = "process-configuration";
static const char HOSTS[] = "ORIGIN_BYPASS_HOSTS";

static char *time_words(int64_t seconds) {
    char text[32] = "";
    struct tm utc;
    time_t at = seconds;
    if (gmtime_r(&at, &utc) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return memory_text("an unknown time");
    return memory_text(text);
}

/* --- its hosts ---------------------------------------------------------------------------------------------------- */

static bool lists(const struct rules *rules, const char *host) {
    struct name name;
    return name_fold(&name, host) && rules_settings(rules, &name) != NULL;
}

static const char *hosts_place(const struct published *record) {
    return record->file[0] != '\0' && record->hosts_of_variable == 0 ? record->file : HOSTS;
}

/* When a process that does not list a host takes over that its file lists it. */
static const char *remedy_for_unnoticed(const char *pid, const char *host) {
    const char *unfinished = doctor_workers_remedy(pid, host);
    return unfinished != NULL ? unfinished : doctor_record_noticed(pid);
}

/* The configuration that its file has now, which may not be in force yet. NULL: it cannot be read. */
static struct config *config_of_file(const char *pid, const char *path) {
    size_t size = 0;
    int descriptor = doctor_record_changed_root(pid) && container_is_ours(pid)
                         ? foreign_file_open(path, CONFIG_SIZE_MAX, NULL) /* where it read the file before */
                         : foreign_file_open_of(pid, path, 0, CONFIG_SIZE_MAX, NULL);
    char *text = descriptor < 0 ? NULL : file_text_of(descriptor, &size);
    struct config *config = text == NULL ? NULL : config_parse_text(path, text, size);
    if (descriptor >= 0)
        close(descriptor);
    free(text);
    return config;
}

static bool lists_by_now(const char *pid, const struct published *record, const char *host) {
    bool from_file = record->file[0] == '/' && record->hosts_of_variable == 0;
    struct config *config = from_file ? config_of_file(pid, record->file) : NULL;
    struct rules *rules = config == NULL ? NULL : memory_checked(rules_build(config));
    bool listed = rules != NULL && lists(rules, host);
    rules_free(rules);
    config_free(config);
    return listed;
}

static void tell_unlisted_now(const char *about, const char *pid, const struct published *record,
                              const struct doctor_file *file, const char *host) {
    bool is_former = doctor_file_is_former(file) && record->hosts_of_variable == 0;
    char *remedy = record->refused_s != 0 || is_former ? memory_text("See the finding on its configuration")
                   : hosts_place(record) == HOSTS
                       ? memory_text("Add the host to ORIGIN_BYPASS_HOSTS of this process and restart it")
                       : text_format("Add the host to %s of this process, unless it is there. %s", record->file,
                                     doctor_record_noticed(pid));
    findings_tell(&(struct finding){FINDING_BAD, "process-hosts", about, remedy},
                  "does not list %s, so libc answers; its hosts are: %s", host, record->hosts);
    free(remedy);
}

/* Returns whether it has told that the file has changed. */
static bool compare_host(const char *about, const char *pid, const struct published *record,
                         const struct doctor_file *file, const char *host) {
    bool is_changed = file->state == DOCTOR_FILE_NEXT || file->state == DOCTOR_FILE_MISSED;
    bool listed_now = record->hosts_left_out == 0 && is_changed && lists_by_now(pid, record, host);
    if (record->hosts_left_out > 0)
        findings_tell(&(struct finding){FINDING_NOTE, "process-hosts", about, NULL},
                      "cannot tell whether it lists %s: it has too many host rules to show them all", host);
    else if (listed_now)
        findings_tell(&(struct finding){FINDING_BAD, "process-hosts", about, remedy_for_unnoticed(pid, host)},
                      "does not list %s, so libc answers. %s lists it by now, but that is not in force: %s; its hosts "
                      "are: %s",
                      host, record->file,
                      doctor_record_changed_root(pid)
                          ? "the process has changed its root directory"
                          : "a lookup takes the change over, if the file is not just being written",
                      record->hosts);
    else
        tell_unlisted_now(about, pid, record, file, host);
    return listed_now;
}

static bool compare_hosts(const char *about, const char *pid, const struct published *record,
                          const struct doctor_file *file, const struct rules *rules, const char *const *hosts,
                          size_t count) {
    bool told = false;
    for (size_t i = 0; i < count; i++)
        if (!lists(rules, hosts[i]))
            told |= compare_host(about, pid, record, file, hosts[i]);
    return told;
}

static void tell_replaced(const char *about, const struct published *record) {
    if (record->hosts_of_variable != 0 && record->hosts_replaced > 0)
        findings_tell(
            &(struct finding){FINDING_NOTE, "process-hosts", about, "If they are meant, start it without the variable"},
            "does not use the host rules of %s (%u) and their settings: ORIGIN_BYPASS_HOSTS replaces them",
            record->file, record->hosts_replaced);
}

/* A failure is remembered for up to five minutes, so the next lookup may still get libc's answer (RFC 9520). */
static char *remedy_for_fallback(const char *known) {
    if (known == NULL)
        return memory_text(
            "It asks external DNS again by itself, but not at each lookup: 1 s to 5 min after the failure");
    return text_format("%s. If it has libc's answer then, once more half a minute later", known);
}

/* What the program did with libc's answer is not known, unless it is known to keep it. */
static void tell_fallbacks(const char *about, const char *pid, const struct published *record,
                           const struct rules *rules) {
    const char *known = doctor_known_to_keep(pid);
    char *remedy = remedy_for_fallback(known);
    for (size_t i = 0; i < PUBLISHED_FALLBACKS; i++) {
        const struct published_fallback *fallback = &record->fallbacks[i];
        if (fallback->at_s == 0 || !lists(rules, fallback->host))
            continue;
        char *when = time_words(fallback->at_s);
        findings_tell(&(struct finding){known != NULL ? FINDING_BAD : FINDING_NOTE, "process-fallback", about, remedy},
                      "lists %s, but its last lookup of it went to libc, at %s: external DNS had no usable answer%s",
                      fallback->host, when, known != NULL ? ". The program keeps what it got then" : "");
        free(when);
    }
    free(remedy);
}

/* What it has in force no longer matters. */
static void tell_ending(const char *about, const char *pid) {
    char *parent = doctor_workers_parent(pid),
         *remedy = text_format("Ask for the one that started it: --pid %s", parent);
    findings_tell(&(struct finding){FINDING_NOTE, "process-hosts", about, parent[0] == '\0' ? NULL : remedy},
                  "is shutting down: it ends the connections that it has and serves no new requests");
    free(remedy);
    free(parent);
}

/* Whether it has told that the file has changed. */
static bool look_at_hosts(const char *about, const char *pid, const struct published *record,
                          const struct doctor_file *file, const char *const *hosts, size_t count) {
    bool told = false;
    struct config *config = doctor_record_config(record);
    struct rules *rules = memory_checked(rules_build(config));
    tell_replaced(about, record);
    if (doctor_known_to_end(pid)) {
        tell_ending(about, pid);
    } else {
        told = compare_hosts(about, pid, record, file, rules, hosts, count);
        tell_fallbacks(about, pid, record, rules);
    }
    rules_free(rules);
    config_free(config);
    return told;
}

/* What its file says now is not in force. */
static void tell_file(const char *about, const char *pid, const struct published *record,
                      const struct doctor_file *file) {
    const char *known = doctor_known_to_keep(pid);
    struct finding finding = {FINDING_BAD, "process-file", about, NULL};
    char *remedy = NULL;
    switch (file->state) {
    case DOCTOR_FILE_NEXT:
        finding.kind = known != NULL ? FINDING_BAD : FINDING_NOTE;
        finding.remedy = doctor_record_noticed(pid);
        findings_tell(&finding, "its configuration file %s has changed, and the change is not in force", record->file);
        break;
    case DOCTOR_FILE_MISSED:
        finding.remedy = "Restart it. It does not notice a change, because it has changed its root directory";
        findings_tell(&finding,
                      "its configuration file %s has changed or is gone, and the change is not in force: the process "
                      "keeps what it has until it is restarted",
                      record->file);
        break;
    case DOCTOR_FILE_REFUSED:
        finding.remedy = remedy = doctor_record_remedy(pid, record, file->fault);
        if (record->refused_s == 0)
            findings_tell(&finding,
                          "its configuration file has changed, and it will refuse the change and keep what it has in "
                          "force: %s",
                          file->fault);
        break;
    case DOCTOR_FILE_BARRED:
        finding.kind = FINDING_NOTE;
        finding.remedy = remedy = doctor_record_remedy(pid, record, file->fault);
        if (record->refused_s == 0)
            findings_tell(&finding, "its user may not read its configuration file, so it would refuse a change: %s",
                          file->fault);
        break;
    case DOCTOR_FILE_GONE:
    case DOCTOR_FILE_LOST:
        finding.remedy =
            "Put the file back (a ConfigMap: its key), or the process loses its hosts when it is restarted";
        findings_tell(&finding,
                      file->state == DOCTOR_FILE_GONE
                          ? "its configuration file %s is gone; the process keeps what it has in force until it is "
                            "restarted"
                          : "its configuration file %s is a symbolic link to a file that is gone; the process keeps "
                            "what it has in force until it is restarted",
                      record->file);
        break;
    default:
        break;
    }
    free(remedy);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static void tell_in_force(const char *about, const char *pid, const struct published *record) {
    char *since = time_words(record->loaded_s), *when = time_words(record->refused_s);
    char *more = record->hosts_left_out == 0 ? memory_text("") : text_format(" and %u more", record->hosts_left_out);
    if (record->hosts[0] == '\0' && record->hosts_left_out == 0)
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about, "List the hosts there"},
                      "lists no host in %s: libc answers every call", hosts_place(record));
    else
        findings_tell(&(struct finding){FINDING_GOOD, CHECK, about, NULL},
                      "has these hosts in force since %s, from %s: %s%s; upstreams: %s", since, hosts_place(record),
                      record->hosts, more, record->upstreams);
    char *remedy = doctor_record_remedy(pid, record, record->error);
    if (record->refused_s != 0)
        findings_tell(&(struct finding){FINDING_BAD, CHECK, about, remedy},
                      "refused a changed configuration at %s, and its former one stays in force: %s", when,
                      record->error);
    free(remedy);
    free(more);
    free(when);
    free(since);
}

static void tell_refused(const char *about, const char *pid, const struct published *record, const char *error) {
    char *remedy = doctor_record_remedy(pid, record, error);
    findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about, remedy},
                  "its configuration is refused, so libc answers every call: %s", error);
    free(remedy);
}

/* Then it has no reason to ask libc later either. */
static void tell_no_lookup(const char *about, const char *pid) {
    const char *remedy = doctor_known_to_have_looked_up(pid);
    if (remedy != NULL)
        findings_tell(&(struct finding){FINDING_NOTE, CHECK, about, remedy},
                      "its program looks names up at its start, and it has looked up none: the library has nothing to "
                      "answer");
}

/* The first lookup parses what was read at load. Whether the variable will be refused can be told before. */
static void tell_waiting(const char *about, const char *pid, const struct published *record) {
    struct config *config = doctor_record_config(record);
    if (record->error[0] != '\0') {
        tell_refused(about, pid, record, record->error);
    } else if (record->hosts[0] != '\0' && config->error_count > 0) {
        char *error = text_format("ORIGIN_BYPASS_HOSTS: %s", config->errors[0].reason);
        tell_refused(about, pid, record, error);
        free(error);
    } else {
        struct workers workers = workers_collect(pid);
        /* execve(2) leaves no trace: the same process may have looked names up before it. */
        findings_tell(&(struct finding){FINDING_NOTE, CHECK, about, NULL},
                      "has looked up nothing through the library %s. Its %s lookup through it will use %s%s%s%s",
                      workers.count > 0 ? "since its program began, which a master such as HAProxy's starts anew after "
                                          "the lookups of its start"
                                        : "yet",
                      workers.count > 0 ? "next" : "first", record->hosts[0] != '\0' ? "the hosts " : "", record->hosts,
                      record->hosts[0] != '\0' && record->file[0] != '\0' ? " and the other settings of " : "",
                      record->file);
        workers_free(&workers);
        tell_no_lookup(about, pid);
    }
    config_free(config);
}

static void tell_state(const char *about, const char *pid, const struct published *record) {
    switch (record->state) {
    case PUBLISHED_NOTHING:
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about,
                                        "Set ORIGIN_BYPASS_HOSTS where it is started, or list its hosts in "
                                        "" CONFIG_DEFAULT_FILE ", and restart it"},
                      "was started without hosts and without " CONFIG_DEFAULT_FILE ": libc answers every call");
        break;
    case PUBLISHED_DISABLED:
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about, "Restart it without the variable"},
                      "was started with ORIGIN_BYPASS_DISABLED: libc answers every call");
        break;
    case PUBLISHED_LEFT_OUT:
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about,
                                        "Change programs.include or programs.exclude there, and restart it"},
                      "is left alone by \"programs\" in its configuration file: libc answers every call");
        break;
    case PUBLISHED_FOREIGN:
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, about,
                                        "Take a newer library, an image with glibc or with musl 1.1.24 or later, or "
                                        "originbypass run --private-hosts"},
                      "has a libc that the library does not know, such as a later musl: libc answers every call");
        break;
    case PUBLISHED_WAITING:
        tell_waiting(about, pid, record);
        break;
    case PUBLISHED_REFUSED:
        tell_refused(about, pid, record, record->error);
        break;
    default:
        tell_in_force(about, pid, record);
    }
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void look_at_messages(const char *about, const char *pid, const struct published *record) {
    struct stat status;
    char *path = text_format("/proc/%s/fd/2", pid);
    bool to_stderr = strcmp(record->log_file, "stderr") == 0;
    bool there = stat(path, &status) == 0;
    if (to_stderr && !there && errno == ENOENT)
        findings_tell(&(struct finding){FINDING_NOTE, "process-messages", about,
                                        "Name a file in ORIGIN_BYPASS_LOG_FILE or log.file"},
                      "its messages are lost: its standard error is closed");
    else if (to_stderr && there && S_ISSOCK(status.st_mode))
        findings_tell(&(struct finding){FINDING_NOTE, "process-messages", about,
                                        "Name a file in ORIGIN_BYPASS_LOG_FILE or log.file"},
                      "its messages are lost: its standard error is a socket, and the library writes to none");
    free(path);
}

/* In the words of the check of a configuration, with the rights of the process. */
static void look_at_places(const char *about, const char *pid, const struct published *record) {
    char *fault = record->log_file[0] != '/' ? NULL : as_process(pid, log_file_fault, record->log_file);
    if (fault != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "process-messages", about, log_file_remedy(fault)},
                      "its messages to %s are lost, for its user: %s", record->log_file, fault);
    free(fault);
    /* A process that had the right when it made its file keeps it. */
    fault = record->metrics_directory[0] != '/' || counters_place_is_taken(pid)
                ? NULL
                : as_process(pid, counters_place_fault, record->metrics_directory);
    if (fault != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "process-metrics", about, counters_place_remedy(fault)},
                      "there are no counters in %s for its user: %s", record->metrics_directory, fault);
    else if (counters_place_is_removed(pid))
        findings_tell(&(struct finding){FINDING_BAD, "process-metrics", about, "Restart it"},
                      "its file of counters in %s was removed, so nobody can read what it counts",
                      record->metrics_directory);
    else if (record->state == PUBLISHED_IN_FORCE && record->metrics_directory[0] == '/' &&
             record->counts_nothing != 0 && !doctor_record_changed_root(pid))
        findings_tell(
            &(struct finding){FINDING_BAD, "process-metrics", about, "Restart it"},
            "counts nothing: it could not make its file of counters in %s when its configuration took effect, "
            "and tries again only when that changes",
            record->metrics_directory);
    free(fault);
}

void doctor_in_force(const char *about, const char *pid, const struct published *record, const char *const *hosts,
                     size_t host_count) {
    tell_state(about, pid, record);
    if (record->state == PUBLISHED_IN_FORCE) {
        struct doctor_file file = doctor_file_of(pid, record);
        if (!look_at_hosts(about, pid, record, &file, hosts, host_count) && !doctor_known_to_end(pid))
            tell_file(about, pid, record, &file);
        doctor_file_free(&file);
    }
    look_at_messages(about, pid, record);
    look_at_places(about, pid, record);
    if (record->file[0] != '\0')
        doctor_mount(pid, record->file, record->file, about);
}
