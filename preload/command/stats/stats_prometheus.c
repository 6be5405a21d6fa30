/*
 * The text format of Prometheus, version 0.0.4. Counters are sums over all processes, alive or ended, so that they
 * never decrease. There is no label for the process: each PID would create new series, and the total of the ended
 * processes has no PID.
 */
#include "originbypass/command/stats/stats_prometheus.h"

#include <inttypes.h>
#include <stdio.h>

#include "originbypass/command/stats/stats_figures.h"
#include "originbypass/version.h"

#define PREFIX "originbypass_"

struct series {
    const char *labels; /* "" or {label="value"} */
    enum counter counter;
};

struct family {
    const char *name, *help;
    size_t count;
    struct series series[6];
};

static const struct family FAMILIES[] = {
    {"cache_lookups_total",
     "Lookups of a name and record type in the cache.",
     4,
     {
         {"{result=\"hit\"}", COUNTER_HITS},
         {"{result=\"stale_hit\"}", COUNTER_STALE_HITS},
         {"{result=\"negative_hit\"}", COUNTER_NEGATIVE_HITS},
         {"{result=\"miss\"}", COUNTER_MISSES},
     }},
    {"cache_evictions_total", "Entries that left the cache because it was full.", 1, {{"", COUNTER_EVICTIONS}}},
    {"refreshes_total", "Refreshes of old answers begun.", 1, {{"", COUNTER_REFRESHES}}},
    {"refresh_failures_total", "Refreshes that brought no answer.", 1, {{"", COUNTER_REFRESH_FAILURES}}},
    {"fallbacks_total", "Calls for listed names that libc answered.", 1, {{"", COUNTER_FALLBACKS}}},
    {"failures_total", "Calls for listed names that nobody answered.", 1, {{"", COUNTER_FAILURES}}},
    {"pass_throughs_total", "Calls for names that are not listed.", 1, {{"", COUNTER_PASS_THROUGHS}}},
    {"edges_seen_total", "Calls that libc led to an edge, where a rule says when.", 1, {{"", COUNTER_EDGES_SEEN}}},
    {"edges_replaced_total", "Of these, calls that external DNS answered.", 1, {{"", COUNTER_EDGES_REPLACED}}},
    {"upstream_queries_total", "Questions to upstreams, probes too.", 1, {{"", COUNTER_QUERIES}}},
    {"upstream_query_results_total",
     "How questions to upstreams ended.",
     6,
     {
         {"{result=\"addresses\"}", COUNTER_QUERY_ADDRESSES},
         {"{result=\"no_records\"}", COUNTER_QUERY_NO_RECORDS},
         {"{result=\"no_name\"}", COUNTER_QUERY_NO_NAMES},
         {"{result=\"refusal\"}", COUNTER_QUERY_REFUSALS},
         {"{result=\"timeout\"}", COUNTER_QUERY_TIMEOUTS},
         {"{result=\"abandoned\"}", COUNTER_QUERY_ABANDONED},
     }},
    {"rejected_answers_total", "Answers of upstreams with only rejected addresses.", 1, {{"", COUNTER_REJECTIONS}}},
    {"upstream_downs_total", "How often an upstream went down.", 1, {{"", COUNTER_UPSTREAM_DOWNS}}},
    {"upstream_backs_total", "How often an upstream came back.", 1, {{"", COUNTER_UPSTREAM_BACKS}}},
    {"config_reloads_total",
     "New configurations that were read.",
     2,
     {
         {"{result=\"success\"}", COUNTER_RELOADS},
         {"{result=\"failure\"}", COUNTER_REFUSED_RELOADS},
     }},
};

static void begin_metric(const char *name, const char *type, const char *help) {
    printf("# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void write_family(const struct family *family, const uint64_t sums[static COUNTER_COUNT]) {
    begin_metric(family->name, "counter", family->help);
    for (size_t i = 0; i < family->count; i++)
        printf(PREFIX "%s%s %" PRIu64 "\n", family->name, family->series[i].labels, sums[family->series[i].counter]);
}

static void write_gauge(const char *name, const char *help, int64_t value) {
    begin_metric(name, "gauge", help);
    printf(PREFIX "%s %" PRId64 "\n", name, value);
}

static void write_reply_times(const uint64_t sums[static COUNTER_COUNT]) {
    static const char name[] = "upstream_reply_seconds";
    uint64_t total_ms = sums[COUNTER_REPLY_MS];
    begin_metric(name, "summary", "How long upstreams took for their first replies.");
    printf(PREFIX "%s_sum %" PRIu64 ".%03" PRIu64 "\n", name, total_ms / 1000, total_ms % 1000);
    printf(PREFIX "%s_count %" PRIu64 "\n", name, sums[COUNTER_REPLIES]);
}

/* If no process has a configuration, write no series. A value of 0 would raise an alarm. */
static void write_configuration(const struct stats_reading *reading) {
    struct stats_configuration all = stats_configuration_of(reading);
    if (all.generation == 0)
        return;
    write_gauge("config_last_reload_successful",
                "Whether the configuration that was read last took effect, in every running process.", all.successful);
    write_gauge("config_last_reload_success_timestamp_seconds",
                "When the configuration in force took effect, in the running process where it is oldest.",
                all.loaded_s);
    write_gauge("config_generation",
                "How many configurations took effect since the process began, in the running process with the fewest.",
                all.generation);
}

void stats_write_prometheus(const struct stats_reading *reading) {
    uint64_t sums[COUNTER_COUNT];
    stats_sum(reading, sums);
    begin_metric("build_info", "gauge", "The version of the command that reads the counters.");
    puts(PREFIX "build_info{version=\"" ORIGINBYPASS_VERSION "\"} 1");
    write_gauge("processes", "Running processes that keep counters.", (int64_t)reading->process_count);
    begin_metric("ended_processes_total", "counter", "Processes that kept counters and have ended.");
    printf(PREFIX "ended_processes_total %" PRIu64 "\n", reading->dead_count);
    write_gauge("unread_files", "Files whose figures are missing from the sums.", (int64_t)reading->unread_count);
    write_configuration(reading);
    for (size_t i = 0; i < sizeof(FAMILIES) / sizeof(FAMILIES[0]); i++)
        write_family(&FAMILIES[i], sums);
    write_reply_times(sums);
}
