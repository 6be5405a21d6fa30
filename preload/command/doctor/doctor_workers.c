/* A master has taken over a configuration, and its workers have not: a reload that failed halfway. */
#include "originbypass/command/doctor/doctor_workers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/doctor_record.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/read_published.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/workers.h"

static bool record_of(const char *pid, struct published *record) {
    char *maps = proc_file_text(pid, "maps", NULL);
    bool known = maps != NULL && published_read(pid, maps, record) == NULL;
    free(maps);
    return known;
}

static bool is_known(const struct published *record) {
    return record->state == PUBLISHED_IN_FORCE && record->hosts_left_out == 0;
}

static bool tell_worker_refusal(const char *about, const char *pid, const struct published *master,
                                const struct published *worker) {
    bool refused = worker->refused_s != 0 && master->refused_s == 0;
    char *remedy = refused ? doctor_record_remedy(pid, worker, worker->error) : NULL;
    if (refused)
        findings_tell(&(struct finding){FINDING_BAD, "process-workers", about, remedy},
                      "its process %s has refused the configuration that it has in force itself: %s", pid,
                      worker->error);
    free(remedy);
    return refused;
}

static bool tell_host(const char *about, const char *pid, const struct published *master,
                      const struct published *worker, const char *host) {
    const char *unfinished = doctor_known_unfinished(pid);
    if (!doctor_record_lists(master, host) || doctor_record_lists(worker, host))
        return false;
    findings_tell(&(struct finding){FINDING_BAD, "process-workers", about,
                                    unfinished != NULL ? unfinished : "It notices the change at its next lookup"},
                  "its process %s still has its former configuration and does not list %s, so libc answers there; its "
                  "hosts are: %s",
                  pid, host, worker->hosts);
    return true;
}

static bool tell_worker(const char *about, const char *pid, const struct published *master, const char *const *hosts,
                        size_t count) {
    struct published worker;
    if (doctor_known_to_end(pid) || !record_of(pid, &worker))
        return false;
    bool told = tell_worker_refusal(about, pid, master, &worker);
    for (size_t i = 0; i < count && !told && is_known(&worker); i++)
        told = tell_host(about, pid, master, &worker, hosts[i]);
    return told;
}

void doctor_workers(const char *about, const char *pid, const struct published *record, const char *const *hosts,
                    size_t host_count) {
    struct workers workers = {0};
    if (is_known(record))
        workers = workers_collect(pid);
    bool told = false;
    for (size_t i = 0; i < workers.count && !told; i++)
        told = tell_worker(about, workers.pids[i], record, hosts, host_count);
    workers_free(&workers);
}

char *doctor_workers_parent(const char *pid) {
    static const char field[] = "\nPPid:\t";
    char *status = proc_file_text(pid, "status", NULL);
    const char *found = status == NULL ? NULL : strstr(status, field);
    const char *number = found == NULL ? "" : found + strlen(field);
    char *parent = text_format("%.*s", (int)strspn(number, "0123456789"), number);
    free(status);
    return parent;
}

static bool is_worker_of(const char *pid, const char *parent) {
    char *its = proc_file_target(pid, "exe"), *program = proc_file_target(parent, "exe");
    bool same = its != NULL && program != NULL && strcmp(its, program) == 0;
    free(program);
    free(its);
    return same;
}

const char *doctor_workers_remedy(const char *pid, const char *host) {
    struct published master;
    char *parent = doctor_workers_parent(pid);
    bool lists = parent[0] != '\0' && is_worker_of(pid, parent) && record_of(parent, &master) && is_known(&master) &&
                 doctor_record_lists(&master, host);
    free(parent);
    return lists ? doctor_known_unfinished(pid) : NULL;
}
