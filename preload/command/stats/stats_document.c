#include "originbypass/command/stats/stats_document.h"

#include "originbypass/command/base/document.h"
#include "originbypass/command/stats/stats_figures.h"

/* The file may belong to somebody else and contain any number. */
static void add_figure(const char *key, uint64_t figure) {
    document_number(key, figure > INT64_MAX ? INT64_MAX : (int64_t)figure);
}

static void add_counters(const uint64_t figures[static COUNTER_COUNT]) {
    document_begin_object("counters");
    for (enum counter counter = 0; counter < COUNTER_COUNT; counter++)
        add_figure(counter_name(counter), figures[counter]);
    document_end();
}

static void add_load(const struct counters_load *load) {
    document_begin_object("configuration");
    document_number("generation", load->generation);
    document_boolean("successful", load->successful);
    document_number("loaded_s", load->loaded_s);
    document_number("refused_s", load->refused_s);
    document_text("error", load->error[0] == '\0' ? NULL : load->error);
    document_end();
}

static void write_process(const struct stats_process *process) {
    document_begin_object(NULL);
    document_number("pid", process->identity.pid);
    add_figure("pid_namespace", process->identity.pid_namespace);
    document_boolean("in_this_namespace", process->is_here);
    document_number("uid", process->owner);
    document_text("program", process->program);
    document_text("version", process->version);
    add_load(&process->load);
    add_counters(process->figures);
    document_end();
}

static void add_processes(const struct stats_reading *reading) {
    document_begin_array("processes");
    for (size_t i = 0; i < reading->process_count; i++)
        write_process(&reading->processes[i]);
    document_end();
}

static void add_together(const struct stats_reading *reading) {
    struct stats_configuration all = stats_configuration_of(reading);
    document_begin_object("configuration");
    document_boolean("successful", all.successful);
    document_number("least_generation", all.generation);
    document_number("least_loaded_s", all.loaded_s);
    document_end();
}

static void write_sums(const struct stats_reading *reading) {
    uint64_t sums[COUNTER_COUNT];
    stats_sum(reading, sums);
    document_begin_object("ended");
    add_figure("processes", reading->dead_count);
    add_counters(reading->dead);
    document_end();
    document_begin_object("all");
    add_counters(sums);
    document_end();
}

static void add_unread(const struct stats_reading *reading) {
    document_begin_array("left_out");
    for (size_t i = 0; i < reading->unread_count; i++) {
        document_begin_object(NULL);
        document_text("file", reading->unread[i].name);
        document_text("reason", reading->unread[i].reason);
        document_end();
    }
    document_end();
}

void stats_write_document(const struct stats *stats) {
    document_begin_object(NULL);
    document_text("directory", stats->directory);
    add_together(&stats->reading);
    add_processes(&stats->reading);
    if (stats->is_whole)
        write_sums(&stats->reading);
    add_unread(&stats->reading);
    document_end();
}
