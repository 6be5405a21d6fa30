#include "originbypass/in_force/configuration.h"
#include "originbypass/config/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "originbypass/cache/cache.h"
#include "originbypass/config/compare.h"
#include "originbypass/config/source.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/log.h"
#include "originbypass/guest/process.h"
#include "originbypass/in_force/published.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/metrics/metrics.h"

/* So often the files are looked at; and so soon again where somebody is just writing one. */
#define LOOK_AGAIN_MS 1000
#define SETTLE_MS 300

/* Longer than any file takes to be parsed: who was at it is gone then, as a child of vfork(2) may be. Where it is not
 * after all, the first one that is done counts. */
#define PARSING_MS 10000

/* For a caller that comes while another thread parses the first one: as long as a lookup takes (query.deadline_ms),
 * where nothing is configured yet. */
#define PATIENCE_MS 2000

_Atomic uint64_t configuration_look_ms = UINT64_MAX;

/* Somebody is looking. */
static atomic_bool busy;

/* Until when somebody parses the first one, by the low bits of the clock; 0: nobody does. */
static _Atomic uint32_t parsing;

/* What the files said last, in force or refused; NULL: as at load. Replaced as a whole: a copy of the process has it.
 */
static _Atomic(struct config_source *) latest;

/* What is told to metrics. The thread that has begun writes it, and then the thread that is busy. */
static struct counters_load told;

/* ---- messages, and what a configuration that is refused has in the counters ---- */

/* One line, however much is wrong. */
static void tell_config_refusal(const struct config *config, bool former_stays) {
    const struct config_error *error = config->errors;
    struct log_field fields[6];
    uint32_t count = 0;
    if (error->file != NULL)
        fields[count++] = log_text("file", error->file);
    if (error->file != NULL && error->line > 0)
        fields[count++] = log_number("line", error->line);
    if (error->variable != NULL)
        fields[count++] = log_text("variable", error->variable);
    fields[count++] = log_text("reason", error->reason);
    if (config->error_count > 1)
        fields[count++] = log_number("further_errors", (int64_t)config->error_count - 1);
    if (former_stays)
        fields[count++] = log_text("now", "the former configuration stays in force");
    log_write(LOG_LEVEL_ERROR, "configuration refused", fields, count);
}

/* With a libc that we do not serve, no configuration has an effect. */
static void tell_foreign_libc(const char *fault) {
    log_write(LOG_LEVEL_WARN, "libc answers every call", FIELDS(log_text("reason", fault)));
}

/* The first configuration, which is not refused. */
static void tell_beginning(const struct config *config) {
    const struct server_list *upstreams = config->general.upstreams;
    char texts[CONFIG_UPSTREAMS_MAX][SERVER_ADDRESS_TEXT_SIZE];
    const char *items[CONFIG_UPSTREAMS_MAX];
    if (!log_enabled(LOG_LEVEL_INFO))
        return;
    for (size_t i = 0; i < upstreams->count; i++) {
        server_address_text(&upstreams->servers[i], texts[i]);
        items[i] = texts[i];
    }
    log_write(LOG_LEVEL_INFO, "configuration in effect",
              FIELDS(log_text("file", config->file), log_number("hosts", (int64_t)config->rule_count),
                     log_texts("upstreams", items, (uint32_t)upstreams->count)));
}

static void tell_reload(const struct config *config, uint32_t generation) {
    log_write(LOG_LEVEL_INFO, "configuration reloaded",
              FIELDS(log_text("file", config->file), log_number("generation", generation),
                     log_number("hosts", (int64_t)config->rule_count)));
}

/* The first error, with file and line or the variable, for the counters' file; empty if there is none. */
static void write_error(const struct config *config, struct counters_load *load) {
    const struct config_error *error = config->errors;
    size_t size = sizeof(load->error);
    load->error[0] = '\0';
    if (config->error_count == 0)
        return;
    if (error->file == NULL)
        snprintf(load->error, size, "%s: %s", error->variable, error->reason);
    else if (error->line > 0)
        snprintf(load->error, size, "%s:%d: %s", error->file, error->line, error->reason);
    else
        snprintf(load->error, size, "%s: %s", error->file, error->reason);
}

/* ---- the first one ---- */

static void tell_metrics(const struct config *config) {
    bool refused = config->error_count > 0;
    told.successful = !refused;
    if (refused)
        told.refused_s = time(NULL);
    write_error(config, &told);
    metrics_tell(&told);
}

static void put_into_effect(const struct config *config, uint32_t generation) {
    told.generation = generation;
    told.loaded_s = time(NULL);
    log_configure(config->log_level, config->log_file);
    tell_metrics(config);
    metrics_begin(config->metrics_directory);
}

static void begin_first(void) {
    const char *fault = NULL;
    struct config *config = libc_kind_find(&fault) ? config_parse() : NULL;
    if (config != NULL && fault != NULL)
        config->rule_count = 0; /* so that no name is ours */
    struct rules *rules = config == NULL ? NULL : rules_build(config);
    if (rules == NULL || !in_force_begin(config, rules)) {
        rules_free(rules);
        config_free(config);
        return;
    }
    put_into_effect(config, 1);
    if (fault != NULL) {
        publish_state(PUBLISHED_FOREIGN, NULL);
        tell_foreign_libc(fault); /* and the files are not looked at again */
        return;
    }
    if (config->error_count > 0) {
        publish_refusal(&told);
        tell_config_refusal(config, false);
    } else {
        publish_configuration(config, config_loaded(), &told);
        tell_beginning(config);
    }
    atomic_store(&configuration_look_ms, 0);
}

/* 0: nobody parses, or has for too long. */
static uint32_t left_ms(uint32_t until, uint64_t now_ms) {
    int32_t left = (int32_t)(until - (uint32_t)now_ms);
    return until == 0 || left < 0 ? 0 : (uint32_t)left;
}

/* False: somebody else does, or has just done so; `*seen` tells. */
static bool parse_first(uint64_t now_ms, uint32_t *seen) {
    uint32_t own = (uint32_t)(now_ms + PARSING_MS) | 1;
    *seen = atomic_load(&parsing);
    if (left_ms(*seen, now_ms) > 0 || !atomic_compare_exchange_strong(&parsing, seen, own))
        return false;
    if (in_force_is_none())
        begin_first();
    if (atomic_compare_exchange_strong(&parsing, &own, 0))
        process_wake(&parsing);
    return true;
}

/* Parse it, or wait for who does; where that one had no memory, those who have waited try one after the other. */
static void begin_together(const struct process_section *section, uint64_t until_ms) {
    for (uint64_t now_ms; in_force_is_none() && (now_ms = clock_now_ms()) < until_ms;) {
        uint32_t seen;
        process_adopt_copy(); /* also one that a signal handler has made while we waited */
        if (parse_first(now_ms, &seen))
            return;
        uint64_t end_ms = now_ms + left_ms(seen, now_ms);
        process_wait(section, &parsing, seen, end_ms < until_ms ? end_ms : until_ms);
    }
}

const struct in_force *configuration_acquire(void) {
    const struct in_force *acquired = in_force_acquire();
    uint64_t until_ms = acquired == NULL ? clock_now_ms() + PATIENCE_MS : 0;
    struct process_section section;
    /* A signal handler that jumps away while we parse would leave libc's locks locked. */
    if (acquired != NULL || !process_enter(&section, until_ms))
        return acquired;
    begin_together(&section, until_ms);
    process_leave(&section);
    return in_force_acquire();
}

/* ---- what the cache has from the former one ---- */

struct change {
    const struct rules *former, *new;
    /* Most hosts have the same settings, and these are long to compare where there are long lists in them. */
    const struct host_settings *compared[2];
    bool were_equal;
};

static bool are_equal(struct change *change, const struct host_settings *former, const struct host_settings *new) {
    if (former == NULL || new == NULL)
        return false;
    if (change->compared[0] != former || change->compared[1] != new) {
        change->compared[0] = former;
        change->compared[1] = new;
        change->were_equal = config_compare_equal(former, new);
    }
    return change->were_equal;
}

static bool is_outdated(const struct name *name, void *given) {
    struct change *change = given;
    return !are_equal(change, rules_settings(change->former, name), rules_settings(change->new, name));
}

/* ---- the next ones ---- */

/* False: not now. */
static bool replace(struct config *config, const struct config_source *source, const struct in_force *former) {
    struct rules *rules = rules_build(config);
    if (rules == NULL)
        return false;
    if (!in_force_replace(config, rules, former->cache_generation + 1)) {
        rules_free(rules);
        return false;
    }
    struct change change = {.former = former->rules, .new = rules};
    cache_forget(is_outdated, &change);
    counters_add(COUNTER_RELOADS);
    put_into_effect(config, former->generation + 1);
    publish_configuration(config, source, &told);
    tell_reload(config, former->generation + 1);
    return true;
}

static void refuse_reload(struct config *config) {
    counters_add(COUNTER_REFUSED_RELOADS);
    tell_metrics(config);
    publish_refusal(&told);
    tell_config_refusal(config, true);
    config_free(config);
}

/* False: not now. */
static bool parse(const struct config_source *source) {
    struct config *config = config_parse_source(source);
    if (config == NULL)
        return false;
    if (config->error_count > 0) {
        refuse_reload(config);
        return true;
    }
    const struct in_force *former = in_force_acquire();
    bool replaced = replace(config, source, former);
    in_force_release(former);
    if (!replaced)
        config_free(config);
    return replaced;
}

static void drop(struct config_source *source) {
    if (source != NULL)
        config_source_release(source);
    free(source);
}

/* The same broken file is not told of again: what was read last is remembered whether or not it was any good. */
static void read_again(const struct config_source *before) {
    struct config_source *source = calloc(1, sizeof(*source));
    if (source == NULL || !config_load_again(source, before)) {
        free(source);
        return;
    }
    if (config_source_equals(source, before) || parse(source))
        drop(atomic_exchange(&latest, source));
    else
        drop(source);
}

static void look_at_files(uint64_t now_ms) {
    const struct config_source *before = atomic_load(&latest);
    if (before == NULL)
        before = config_loaded();
    in_force_reclaim();
    if (!process_is_at_home())
        return;
    switch (config_source_state(before)) {
    case CONFIG_SOURCE_CURRENT:
        break;
    case CONFIG_SOURCE_CHANGING:
        atomic_store(&configuration_look_ms, now_ms + SETTLE_MS);
        break;
    case CONFIG_SOURCE_CHANGED:
        read_again(before);
    }
}

void configuration_look(uint64_t now_ms) {
    uint64_t due_ms = atomic_load(&configuration_look_ms);
    struct process_section section;
    if (due_ms > now_ms || !atomic_compare_exchange_strong(&configuration_look_ms, &due_ms, now_ms + LOOK_AGAIN_MS) ||
        !process_enter(&section, clock_now_ms() + PARSING_MS))
        return;
    if (!atomic_exchange(&busy, true)) {
        clock_notice_sleep();
        look_at_files(now_ms);
        atomic_store(&busy, false);
    }
    process_leave(&section);
}

void configuration_adopt(void) {
    atomic_store(&busy, false);
    atomic_store(&parsing, 0);
    published_adopt();
}
