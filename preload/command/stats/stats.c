/* originbypass stats: what the processes with the library have counted, and which configuration they have. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/counters_place.h"
#include "originbypass/command/programs/running.h"
#include "originbypass/command/stats/stats_directory.h"
#include "originbypass/command/stats/stats_document.h"
#include "originbypass/command/stats/stats_figures.h"
#include "originbypass/command/stats/stats_fold.h"
#include "originbypass/command/stats/stats_prometheus.h"
#include "originbypass/command/stats/stats_tables.h"

/* Anyone who may write there can forge or remove what is shown. The library does not count in such a directory. */
static bool warn_of_unsafe(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0 || !(status.st_mode & S_IWOTH) || (status.st_mode & S_ISVTX))
        return true;
    cli_complain("%s: the directory is not safe: all may write to it, and it has no sticky bit; no process begins to "
                 "count there before it has one (chmod +t)",
                 path);
    return false;
}

/* False after complaints: there is nothing that can be shown. */
static bool read_stats(struct stats *stats, bool may_fold) {
    if (!warn_of_unsafe(stats->directory))
        return false;
    if (may_fold)
        stats_fold(stats->directory);
    const char *fault = stats_reading_collect(stats->directory, &stats->reading);
    if (fault != NULL)
        cli_complain("%s: %s", stats->directory, fault);
    return fault == NULL;
}

/* ---- which ---- */

/* Keeps the processes with this PID in our PID namespace, or in all others: two containers may each have a PID 1. */
static size_t keep_pid(struct stats_reading *reading, uint32_t pid, bool here) {
    size_t kept = 0;
    for (size_t i = 0; i < reading->process_count; i++)
        if (reading->processes[i].identity.pid == pid && reading->processes[i].is_here == here)
            reading->processes[kept++] = reading->processes[i];
    return kept;
}

static bool select_process(struct stats *stats, uint32_t pid) {
    struct stats_reading *reading = &stats->reading;
    size_t kept = keep_pid(reading, pid, true);
    if (kept == 0)
        kept = keep_pid(reading, pid, false);
    reading->process_count = kept;
    stats->is_whole = false;
    if (kept > 0)
        return true;
    char *name = text_format("%u", pid), *fault = as_process(name, counters_place_fault, stats->directory);
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        cli_complain("there is no process %u", pid);
    else if (fault != NULL)
        cli_complain("process %u has no counters in %s, and its user cannot have any there: %s", pid, stats->directory,
                     fault);
    else if (counters_place_is_removed(name))
        cli_complain("process %u counts into a file that was removed from %s, so nobody can read it: restart it", pid,
                     stats->directory);
    else
        cli_complain("process %u has no counters in %s: it has not looked up a name yet, lacks the library, or keeps "
                     "none there; originbypass doctor --pid %u shows more",
                     pid, stats->directory, pid);
    free(fault);
    free(name);
    return false;
}

/* ---- what is wrong ---- */

/* Only the number of the others is shown, because one user could fill a directory that all may write to. */
enum { UNREAD_TOLD_MAX = 10 };

static bool tell_unread(const struct stats *stats) {
    size_t count = stats->reading.unread_count;
    for (size_t i = 0; i < count && i < UNREAD_TOLD_MAX; i++)
        cli_complain("%s/%s: left out: %s", stats->directory, stats->reading.unread[i].name,
                     stats->reading.unread[i].reason);
    if (count > UNREAD_TOLD_MAX)
        cli_complain("%s: %zu more files are left out", stats->directory, count - UNREAD_TOLD_MAX);
    return count > 0;
}

enum { KEPT_OUT_TOLD_MAX = 5 };

/* If no process keeps counters here, those that have the library may not be allowed to. */
static void tell_kept_out(const char *directory) {
    struct running_list list = running_collect(NULL);
    size_t told = 0;
    for (size_t i = 0; i < list.count && told < KEPT_OUT_TOLD_MAX; i++) {
        const struct running *running = &list.programs[i];
        char *fault = as_process(running->pid, counters_place_fault, directory);
        if (fault != NULL)
            cli_complain("process %s (%s) has the library, but its user cannot have counters in %s: %s", running->pid,
                         running->program, directory, fault);
        bool removed = fault == NULL && counters_place_is_removed(running->pid);
        if (removed)
            cli_complain("process %s (%s) counts into a file that was removed, so nobody can read it: restart it",
                         running->pid, running->program);
        told += fault != NULL || removed;
        free(fault);
    }
    running_free(&list);
}

static bool is_refused_somewhere(const struct stats_reading *reading) {
    struct stats_configuration all = stats_configuration_of(reading);
    return all.generation > 0 && !all.successful;
}

/* ---- */

struct stats_options {
    struct option_settings settings;
    bool json, prometheus;
    const char *directory; /* NULL: the configured one */
    uint32_t pid;          /* 0: all */
};

/* For a scraper, a rejected configuration is a metric, and no reason to withhold the other metrics. */
static int show(const struct stats_options *options, struct stats *stats) {
    if (options->pid != 0 && !select_process(stats, options->pid))
        return CLI_BAD;
    bool bad = tell_unread(stats);
    if (options->prometheus) {
        stats_write_prometheus(&stats->reading);
        return bad ? CLI_BAD : CLI_GOOD;
    }
    if (options->json)
        stats_write_document(stats);
    else
        stats_print_tables(stats);
    if (options->pid == 0 && stats->reading.process_count == 0)
        tell_kept_out(stats->directory);
    return bad || is_refused_somewhere(&stats->reading) ? CLI_BAD : CLI_GOOD;
}

static int show_stats(const struct stats_options *options) {
    struct stats_place place = {0};
    if (options->directory != NULL)
        place.directory = memory_text(options->directory);
    else
        place = stats_directory_find();
    struct stats stats = {.directory = place.directory, .is_whole = true};
    int status = place.directory != NULL && read_stats(&stats, !place.found) ? show(options, &stats) : CLI_BAD;
    stats_reading_release(&stats.reading);
    free(place.directory);
    return status;
}

enum { PROMETHEUS = CLI_WORD_ONLY, DIRECTORY };

static bool take_option(void *context, int code, const char *value) {
    struct stats_options *options = context;
    if (code == DIRECTORY)
        options->directory = value;
    options->prometheus = options->prometheus || code == PROMETHEUS;
    options->json = options->json || code == 'j';
    option_settings_take(&options->settings, code, value);
    return true;
}

static bool read_pid(struct stats_options *options, const char *text) {
    char *end;
    errno = 0;
    unsigned long pid = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || pid == 0 || pid > INT32_MAX) {
        cli_complain("'%s' is not a PID", text);
        return false;
    }
    options->pid = (uint32_t)pid;
    return true;
}

static bool makes_sense(const struct stats_options *options) {
    if (options->json && options->prometheus)
        cli_complain("--json and --prometheus exclude each other");
    else if (options->prometheus && options->pid != 0)
        cli_complain("--prometheus is of all processes: what one has counted would be gone with it");
    else if (options->directory != NULL && options->directory[0] == '\0')
        cli_complain("--directory needs a directory");
    else
        return true;
    return false;
}

static bool are_operands_right(const struct cli_arguments *arguments, struct stats_options *options) {
    if (arguments->count > 1)
        cli_complain("shows one process or all, but was given %s, too", arguments->operands[1]);
    return arguments->count <= 1 && (arguments->count == 0 || read_pid(options, arguments->operands[0])) &&
           makes_sense(options);
}

static int run(int argc, char **argv) {
    struct stats_options options = {0};
    struct cli_arguments arguments;
    int status;
    if (!cli_read(argc, argv, take_option, &options, &arguments) || !are_operands_right(&arguments, &options)) {
        status = cli_usage();
    } else {
        option_settings_export(&options.settings);
        status = show_stats(&options);
    }
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_stats = {
    .name = "stats",
    .summary = "Show what running processes have counted, and their configuration",
    .usage = "[OPTION...] [PID]",
    .help = "Shows for each running process that keeps counters: the configuration in force,\n"
            "since when, and whether the last change took effect; what it has counted of\n"
            "calls, of lookups and of queries. \"ended\" is what ended processes have counted,\n"
            "\"all\" is the sum. A process looks for a new configuration when it looks up a\n"
            "name.\n"
            "\n"
            "PID selects one process. If this PID namespace has no such PID, those of other\n"
            "namespaces are shown that have it there, with their NAMESPACE.\n",
    .example = "originbypass stats --json",
    .options =
        (const struct cli_option[]){
            {DIRECTORY, "directory", "DIRECTORY",
             "the directory of the counters. Default: that of the configuration (ORIGIN_BYPASS_METRICS, "
             "metrics.directory), or, if the file is broken or names none, that of running programs"},
            {'j', "json", NULL, "write one JSON document, with every counter by its name"},
            {PROMETHEUS, "prometheus", NULL, "write Prometheus' text format: sums that include ended processes"},
            CLI_CONFIG,
            CLI_END},
    .exits =
        (const struct cli_exit[]){
            {CLI_GOOD, "success"},
            {CLI_BAD,
             "failure: counters cannot be read, there is no such process, or (except with --prometheus) a process "
             "has refused the configuration that it read last"},
            CLI_EXIT_USAGE,
            CLI_EXIT_END},
    .run = run,
};
