#include "originbypass/command/check/summary_document.h"

#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/check/summary.h"

static void summarize_text(const char *key, char *text) {
    document_text(key, text);
    free(text);
}

static void summarize_servers(const char *key, const struct server_list *servers) {
    document_begin_array(key);
    for (size_t i = 0; i < servers->count; i++)
        summarize_text(NULL, describe_server(&servers->servers[i]));
    document_end();
}

static void summarize_pinned(const struct answer *answer) {
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        summarize_text(NULL, describe_address(&address));
    }
}

static void add_pinned(const struct host_settings *settings) {
    if (settings->pinned_ipv4 == NULL) {
        document_text("addresses", NULL);
        return;
    }
    document_begin_array("addresses");
    summarize_pinned(settings->pinned_ipv4);
    summarize_pinned(settings->pinned_ipv6);
    document_end();
}

static void add_query(const struct query_settings *query) {
    document_begin_object("query");
    document_number("timeout_ms", query->timeout_ms);
    document_number("hedge_ms", query->hedge_ms);
    document_number("deadline_ms", query->deadline_ms);
    document_end();
}

static void add_cache(const struct cache_settings *cache) {
    document_begin_object("cache");
    document_text("mode", describe_cache_mode(cache->mode));
    document_number("stale_window_s", cache->stale_window_s);
    document_number("stale_wait_ms", cache->stale_wait_ms);
    document_number("min_ttl_s", cache->min_ttl_s);
    document_number("max_ttl_s", cache->max_ttl_s);
    document_number("negative_ttl_s", cache->negative_ttl_s);
    document_end();
}

/* All settings that apply to a host, including those that it does not set itself. */
static void add_settings(const struct host_settings *settings) {
    summarize_servers("upstreams", settings->upstreams);
    document_text("fallback", describe_fallback(settings));
    document_text("family", describe_family(settings->family));
    document_text("when", describe_when(settings->when));
    summarize_text("edges", describe_prefixes(settings->edges));
    add_cache(&settings->cache);
    summarize_text("reject", describe_prefixes(settings->reject));
    summarize_text("accept", describe_prefixes(settings->accept));
    document_boolean("strict", settings->strict);
}

static void summarize_rule(const struct config *config, const struct host_rule *rule) {
    document_begin_object(NULL);
    summarize_text("rule", describe_rule(rule));
    document_number("line", rule->line);
    document_boolean("excluded", rule->excluded);
    if (!rule->excluded) {
        document_boolean("general", rule->settings == &config->general);
        document_text("asked_for", rule->settings->query_name);
        add_pinned(rule->settings);
        add_settings(rule->settings);
    }
    document_end();
}

static void add_environment(const struct config_source *source) {
    document_begin_array("environment");
    for (int i = 0; i < CONFIG_VARIABLES; i++)
        if (summary_variable_counts(source, i))
            document_text(NULL, config_variable_name(i));
    document_end();
}

void summary_document(const struct config *config, const struct config_source *source) {
    document_begin_array("rules");
    for (size_t i = 0; i < config->rule_count; i++)
        summarize_rule(config, &config->rules[i]);
    document_end();
    document_begin_object("general");
    add_settings(&config->general);
    add_query(&config->general.query);
    document_number("max_entries", config->max_entries);
    document_text("log_level", describe_log_level(config->log_level));
    document_text("log_file", config->log_file);
    document_text("metrics_directory", config->metrics_directory);
    document_end();
    add_environment(source);
}
