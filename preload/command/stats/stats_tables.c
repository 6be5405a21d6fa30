#include "originbypass/command/stats/stats_tables.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/table.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/stats/stats_figures.h"

struct column {
    const char *heading;
    enum counter counter;
};

/*
 * A group of counters is a table with one row per process, because there are many counters and there may be many
 * processes.
 */
struct group {
    const char *title;
    size_t count;
    struct column columns[9];
};

static const struct group GROUPS[] = {
    {"Calls of the program",
     5,
     {
         {"PASS THROUGHS", COUNTER_PASS_THROUGHS},
         {"FALLBACKS", COUNTER_FALLBACKS},
         {"FAILURES", COUNTER_FAILURES},
         {"EDGES SEEN", COUNTER_EDGES_SEEN},
         {"EDGES REPLACED", COUNTER_EDGES_REPLACED},
     }},
    {"Lookups of a name and record type in the cache",
     7,
     {
         {"HITS", COUNTER_HITS},
         {"STALE HITS", COUNTER_STALE_HITS},
         {"NEGATIVE HITS", COUNTER_NEGATIVE_HITS},
         {"MISSES", COUNTER_MISSES},
         {"REFRESHES", COUNTER_REFRESHES},
         {"REFRESH FAILURES", COUNTER_REFRESH_FAILURES},
         {"EVICTIONS", COUNTER_EVICTIONS},
     }},
    {"Queries to upstreams, and how they ended",
     9,
     {
         {"QUERIES", COUNTER_QUERIES},
         {"ADDRESSES", COUNTER_QUERY_ADDRESSES},
         {"NO RECORDS", COUNTER_QUERY_NO_RECORDS},
         {"NO NAMES", COUNTER_QUERY_NO_NAMES},
         {"REFUSALS", COUNTER_QUERY_REFUSALS},
         {"TIMEOUTS", COUNTER_QUERY_TIMEOUTS},
         {"ABANDONED", COUNTER_QUERY_ABANDONED},
         {"REPLIES", COUNTER_REPLIES},
         {"MEAN MS", COUNTER_REPLY_MS},
     }},
    {"Upstreams and new configurations",
     5,
     {
         {"WENT DOWN", COUNTER_UPSTREAM_DOWNS},
         {"CAME BACK", COUNTER_UPSTREAM_BACKS},
         {"REJECTED ANSWERS", COUNTER_REJECTIONS},
         {"RELOADS", COUNTER_RELOADS},
         {"REFUSED RELOADS", COUNTER_REFUSED_RELOADS},
     }},
};

/* ---- cells ---- */

static void add_text(struct table *table, enum style style, char *text) {
    table_add(table, style, text);
    free(text);
}

static char *figure_of(const uint64_t figures[static COUNTER_COUNT], enum counter counter) {
    if (counter != COUNTER_REPLY_MS)
        return text_format("%" PRIu64, figures[counter]);
    if (figures[COUNTER_REPLIES] == 0)
        return memory_text("");
    return text_format("%.1f", (double)figures[COUNTER_REPLY_MS] / (double)figures[COUNTER_REPLIES]);
}

/* The time comes from another process and may be invalid. */
static char *time_text(int64_t seconds) {
    char text[sizeof("2026-01-01T00:00:00Z")];
    time_t at = seconds;
    struct tm utc;
    if (gmtime_r(&at, &utc) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return text_format("%" PRId64 " s", seconds);
    return memory_text(text);
}

static void add_refusal(struct table *table, const struct counters_load *load) {
    char *when = time_text(load->refused_s);
    add_text(table, STYLE_BAD, text_format("refused %s: %s", when, load->error));
    free(when);
}

static void add_state(struct table *table, const struct stats_process *process) {
    if (!stats_has_configuration(process))
        table_add(table, STYLE_NOTE, "none so far");
    else if (process->load.successful)
        table_add(table, STYLE_GOOD, "took effect");
    else
        add_refusal(table, &process->load);
}

static void add_time(struct table *table, const struct stats_process *process) {
    add_text(table, STYLE_PLAIN,
             stats_has_configuration(process) ? time_text(process->load.loaded_s) : memory_text(""));
}

/* ---- the first columns, which all tables have ---- */

enum { LEADING_MAX = 3 };

static bool has_other_namespaces(const struct stats_reading *reading) {
    for (size_t i = 0; i < reading->process_count; i++)
        if (!reading->processes[i].is_here)
            return true;
    return false;
}

static size_t begin_headings(const char *headings[static LEADING_MAX], bool namespaces) {
    headings[0] = "PID";
    headings[1] = "PROGRAM";
    headings[2] = "NAMESPACE";
    return namespaces ? 3 : 2;
}

static void begin_process(struct table *table, const struct stats_process *process, bool namespaces) {
    add_text(table, STYLE_PLAIN, text_format("%" PRIu32, process->identity.pid));
    table_add(table, STYLE_PLAIN, process->program);
    if (namespaces)
        add_text(table, STYLE_PLAIN,
                 process->is_here ? memory_text("") : text_format("%" PRIu64, process->identity.pid_namespace));
}

static void begin_sum(struct table *table, const char *name, bool namespaces) {
    table_add(table, STYLE_PLAIN, "");
    table_add(table, STYLE_HEAD, name);
    if (namespaces)
        table_add(table, STYLE_PLAIN, "");
}

/* ---- tables ---- */

static void print_table(const char *title, struct table *table) {
    printf("\n%s%s%s\n", style_begin(stdout, STYLE_HEAD), title, style_end(stdout, STYLE_HEAD));
    table_print(table, stdout);
    table_free(table);
}

static void print_configurations(const struct stats_reading *reading, bool namespaces) {
    const char *headings[LEADING_MAX + 3];
    size_t count = begin_headings(headings, namespaces);
    headings[count++] = "GENERATION";
    headings[count++] = "IN FORCE SINCE";
    headings[count++] = "LAST CHANGE";
    struct table *table = table_new(count, headings);
    for (size_t i = 0; i < reading->process_count; i++) {
        begin_process(table, &reading->processes[i], namespaces);
        add_text(table, STYLE_PLAIN, text_format("%" PRIu32, reading->processes[i].load.generation));
        add_time(table, &reading->processes[i]);
        add_state(table, &reading->processes[i]);
    }
    print_table("Configuration", table);
}

static void add_figure_cells(struct table *table, const struct group *group,
                             const uint64_t figures[static COUNTER_COUNT]) {
    for (size_t i = 0; i < group->count; i++)
        add_text(table, STYLE_PLAIN, figure_of(figures, group->columns[i].counter));
}

static void add_sum_row(struct table *table, const struct group *group, const struct stats_reading *reading,
                        bool namespaces) {
    uint64_t sums[COUNTER_COUNT];
    stats_sum(reading, sums);
    begin_sum(table, "ended", namespaces);
    add_figure_cells(table, group, reading->dead);
    begin_sum(table, "all", namespaces);
    add_figure_cells(table, group, sums);
}

static void print_group(const struct stats *stats, const struct group *group, bool namespaces) {
    const struct stats_reading *reading = &stats->reading;
    const char *headings[LEADING_MAX + sizeof(group->columns) / sizeof(group->columns[0])];
    size_t count = begin_headings(headings, namespaces);
    for (size_t i = 0; i < group->count; i++)
        headings[count++] = group->columns[i].heading;
    struct table *table = table_new(count, headings);
    for (size_t i = 0; i < reading->process_count; i++) {
        begin_process(table, &reading->processes[i], namespaces);
        add_figure_cells(table, group, reading->processes[i].figures);
    }
    if (stats->is_whole)
        add_sum_row(table, group, reading, namespaces);
    print_table(group->title, table);
}

static void print_first_line(const struct stats *stats) {
    size_t running = stats->reading.process_count;
    text_print(stdout, stats->directory);
    printf(": %zu running %s", running, running == 1 ? "process" : "processes");
    if (stats->is_whole)
        printf(", %" PRIu64 " ended", stats->reading.dead_count);
    putchar('\n');
}

void stats_print_tables(const struct stats *stats) {
    const struct stats_reading *reading = &stats->reading;
    bool namespaces = has_other_namespaces(reading);
    print_first_line(stats);
    if (reading->process_count > 0)
        print_configurations(reading, namespaces);
    else if (reading->dead_count == 0) {
        puts("A process begins to count with its first lookup of a name. If it could not make its\n"
             "file then, originbypass doctor --pid PID says so.");
        return;
    }
    for (size_t i = 0; i < sizeof(GROUPS) / sizeof(GROUPS[0]); i++)
        print_group(stats, &GROUPS[i], namespaces);
}
