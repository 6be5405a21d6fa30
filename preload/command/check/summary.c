#include "originbypass/command/check/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/table.h"
#include "originbypass/command/base/text.h"

static void add_summary_cell(struct table *table, char *text) {
    table_add(table, STYLE_PLAIN, text);
    free(text);
}

static char *line_text(const struct host_rule *rule) {
    return rule->line == 0 ? text_format("-") : text_format("%d", rule->line);
}

static void print_rules(const struct config *config) {
    static const char *const headings[] = {"rule", "line", "answered by"};
    struct table *table = table_new(3, headings);
    for (size_t i = 0; i < config->rule_count; i++) {
        add_summary_cell(table, describe_rule(&config->rules[i]));
        add_summary_cell(table, line_text(&config->rules[i]));
        add_summary_cell(table, describe_way(&config->rules[i], &config->general));
    }
    table_print(table, stdout);
    table_free(table);
}

static void add_setting(struct table *table, const char *key, char *value) {
    table_add(table, STYLE_HEAD, key);
    add_summary_cell(table, value);
}

static char *query_text(const struct query_settings *query) {
    return text_format("timeout %" PRIu32 " ms, the next upstream after %" PRIu32 " ms, deadline %" PRIu32 " ms",
                       query->timeout_ms, query->hedge_ms, query->deadline_ms);
}

static char *past_ttl_text(const struct cache_settings *cache) {
    switch (cache->mode) {
    case CACHE_STALE:
        return text_format("served at once for %" PRIu32 " s, then after at most %" PRIu32 " ms", cache->stale_window_s,
                           cache->stale_wait_ms);
    case CACHE_PINNED:
        return text_format("kept for good");
    default:
        return text_format("asked for again");
    }
}

static char *cache_text(const struct config *config) {
    const struct cache_settings *cache = &config->general.cache;
    char *past_ttl = past_ttl_text(cache);
    char *text = text_format("%s: past its TTL an answer is %s; TTL %" PRIu32 " to %" PRIu32
                             " s, negative at most %" PRIu32 " s; %" PRIu32 " names",
                             describe_cache_mode(cache->mode), past_ttl, cache->min_ttl_s, cache->max_ttl_s,
                             cache->negative_ttl_s, config->max_entries);
    free(past_ttl);
    return text;
}

static char *answers_text(const struct host_settings *settings) {
    char *reject = describe_prefixes(settings->reject), *accept = describe_prefixes(settings->accept);
    char *text = text_format("reject %s; accept %s; %s", reject, accept,
                             settings->strict ? "strict: a host that only has rejected addresses fails"
                                              : "if all are rejected they are used, with a warning");
    free(accept);
    free(reject);
    return text;
}

static char *when_text(const struct host_settings *settings) {
    char *edges = describe_prefixes(settings->edges);
    char *text = text_format("%s; edges %s", describe_when(settings->when), edges);
    free(edges);
    return text;
}

static char *patterns_text(const struct config *config) {
    return text_format("%zu included, %zu excluded", config->include_count, config->exclude_count);
}

static bool is_any_of_ours_set(const struct config_source *source) {
    for (int i = 0; i < CONFIG_OWN_VARIABLES; i++)
        if (source->variables[i] != NULL)
            return true;
    return false;
}

bool summary_variable_counts(const struct config_source *source, enum config_variable variable) {
    const char *value = source->variables[variable];
    enum log_level level;
    if (value == NULL || variable != CONFIG_VARIABLE_PLAIN_LOG_LEVEL)
        return value != NULL;
    return source->variables[CONFIG_VARIABLE_LOG_LEVEL] == NULL && is_any_of_ours_set(source) &&
           log_level_parse(value, &level);
}

static char *environment_text(const struct config_source *source) {
    char *text = text_format("%s", "");
    for (int i = 0; i < CONFIG_VARIABLES; i++) {
        if (!summary_variable_counts(source, i))
            continue;
        char *longer = text_format("%s%s%s", text, text[0] == '\0' ? "" : ", ", config_variable_name(i));
        free(text);
        text = longer;
    }
    return text;
}

void summary_print(const struct config *config, const struct config_source *source) {
    const struct host_settings *general = &config->general;
    struct table *table = table_new(2, NULL);
    if (config->rule_count > 0) {
        print_rules(config);
        putchar('\n');
    }
    add_setting(table, "upstreams", describe_servers(general->upstreams));
    add_setting(table, "fallback", text_format("%s", describe_fallback(general)));
    add_setting(table, "family", text_format("%s", describe_family(general->family)));
    add_setting(table, "when", when_text(general));
    add_setting(table, "query", query_text(&general->query));
    add_setting(table, "cache", cache_text(config));
    add_setting(table, "answers", answers_text(general));
    if (config->include_count + config->exclude_count > 0)
        add_setting(table, "programs", patterns_text(config));
    add_setting(table, "log", text_format("%s, to %s", describe_log_level(config->log_level), config->log_file));
    if (config->metrics_directory != NULL)
        add_setting(table, "metrics", text_format("%s", config->metrics_directory));
    char *environment = environment_text(source);
    if (environment[0] != '\0')
        add_setting(table, "set by", text_format("%s", environment));
    free(environment);
    table_print(table, stdout);
    table_free(table);
}
