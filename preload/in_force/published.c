#include "originbypass/in_force/published.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "originbypass/config/compare.h"
#include "originbypass/guest/log.h"
#include "originbypass/metrics/metrics.h"
#include "originbypass/values/address.h"

/* In .data and not in .bss, because of the magic: a mapping of the file, which is how it is found. */
static struct published published = {.magic = PUBLISHED_MAGIC, .version = PUBLISHED_VERSION, .size = sizeof(published)};

/* Only one thread at a time writes: the one that loads, or that has the configuration to itself. */
static void begin_publishing(void) {
    atomic_fetch_add(&published.sequence, 1);
}

static void end_publishing(void) {
    atomic_fetch_add(&published.sequence, 1);
}

static void set_text(char *to, size_t room, const char *text) {
    size_t length = text == NULL ? 0 : strnlen(text, room);
    if (length == room)
        length = 0;
    memset(to, 0, room);
    if (length > 0)
        memcpy(to, text, length);
}

/* False: there is no room for the word. */
static bool add_word(char *to, size_t room, const char *first, const char *second, const char *third) {
    size_t used = strnlen(to, room);
    size_t needed = (used > 0) + strlen(first) + strlen(second) + strlen(third);
    if (used + needed >= room)
        return false;
    snprintf(to + used, room - used, "%s%s%s%s", used > 0 ? " " : "", first, second, third);
    return true;
}

void publish_state(enum published_state state, const struct config_source *source) {
    begin_publishing();
    published.state = state;
    set_text(published.file, sizeof(published.file), source == NULL ? NULL : source->file);
    set_text(published.hosts, sizeof(published.hosts),
             source == NULL ? NULL : source->variables[CONFIG_VARIABLE_HOSTS]);
    set_text(published.upstreams, sizeof(published.upstreams),
             source == NULL ? NULL : source->variables[CONFIG_VARIABLE_UPSTREAMS]);
    published.upstreams_of_variable = published.upstreams[0] != '\0';
    published.file_digest = source == NULL ? 0 : config_source_digest(source);
    published.hosts_of_variable = published.hosts[0] != '\0';
    set_text(published.error, sizeof(published.error), NULL);
    if (source != NULL && source->fault != NULL)
        snprintf(published.error, sizeof(published.error), "%s: %s", source->file, source->fault);
    end_publishing();
}

static bool is_auto_rule(const struct host_rule *rule) {
    return rule->kind == RULE_ALL && !rule->excluded && rule->settings->when == WHEN_EDGE;
}

static void publish_hosts(const struct config *config) {
    static const char *const leads[] = {[RULE_NAME] = "", [RULE_BELOW] = "*.", [RULE_ALL] = "*"};
    set_text(published.hosts, sizeof(published.hosts), NULL);
    published.hosts_left_out = 0;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct host_rule *rule = &config->rules[i];
        const char *lead = is_auto_rule(rule) ? "auto" : leads[rule->kind];
        published.hosts_left_out +=
            !add_word(published.hosts, sizeof(published.hosts), rule->excluded ? "!" : "", lead, rule->name);
    }
}

static void publish_log(const struct config *config) {
    bool silent = config->log_level == LOG_LEVEL_NONE;
    set_text(published.log_file, sizeof(published.log_file), silent ? "none" : config->log_file);
}

static void publish_upstreams(const struct config *config) {
    const struct server_list *servers = config->general.upstreams;
    char text[SERVER_ADDRESS_TEXT_SIZE];
    set_text(published.upstreams, sizeof(published.upstreams), NULL);
    for (size_t i = 0; i < servers->count; i++) {
        server_address_text(&servers->servers[i], text);
        add_word(published.upstreams, sizeof(published.upstreams), text, "", "");
    }
}

/* `auto` says of its rule what is set. */
static bool has_no_settings(const struct host_rule *rule, struct host_settings usual) {
    usual.when = is_auto_rule(rule) ? WHEN_EDGE : WHEN_ALWAYS;
    return config_compare_equal(rule->settings, &usual);
}

static bool have_no_settings(const struct config *config, const struct host_settings *usual) {
    for (size_t i = 0; i < config->rule_count; i++)
        if ((i == 0 || config->rules[i].settings != config->rules[i - 1].settings) &&
            !has_no_settings(&config->rules[i], *usual))
            return false;
    return true;
}

/* Without memory it is not known. */
static bool is_plain(const struct config *config) {
    struct config *none = config->file == NULL ? NULL : config_parse_source(&(struct config_source){0});
    struct host_settings usual = none == NULL ? config->general : none->general;
    usual.upstreams = config->general.upstreams;
    bool plain = config->file == NULL || (none != NULL && have_no_settings(config, &usual));
    config_free(none);
    return plain;
}

void publish_configuration(const struct config *config, const struct config_source *source,
                           const struct counters_load *load) {
    bool plain = is_plain(config);
    uint64_t digest = config_source_digest(source);
    begin_publishing();
    published.file_digest = digest;
    published.is_plain = plain;
    published.state = PUBLISHED_IN_FORCE;
    published.generation = load->generation;
    published.loaded_s = load->loaded_s;
    published.refused_s = 0;
    set_text(published.error, sizeof(published.error), NULL);
    set_text(published.file, sizeof(published.file), config->file);
    publish_hosts(config);
    published.hosts_of_variable = config->hosts_of_variable;
    published.hosts_replaced = (uint32_t)config->replaced_count;
    publish_upstreams(config);
    published.upstreams_of_variable = source->variables[CONFIG_VARIABLE_UPSTREAMS] != NULL;
    publish_log(config);
    published.counts_nothing = config->metrics_directory != NULL && atomic_load(&metrics_due_ms) == UINT64_MAX;
    set_text(published.metrics_directory, sizeof(published.metrics_directory), config->metrics_directory);
    end_publishing();
}

void publish_refusal(const struct counters_load *load) {
    begin_publishing();
    if (published.state != PUBLISHED_IN_FORCE)
        published.state = PUBLISHED_REFUSED;
    published.refused_s = load->refused_s;
    set_text(published.error, sizeof(published.error), load->error);
    end_publishing();
}

/* ---- fallbacks ---- */

_Atomic uint32_t published_fallback_count;

/* The hashes of the names in `fallbacks`, for a look without a lock. */
static _Atomic uint32_t hashes[PUBLISHED_FALLBACKS];

/* Somebody records a fallback. Nobody waits for it: a copy of the process may have it for good until it adopts. */
static atomic_bool recording;

static bool begin_recording(void) {
    if (atomic_exchange(&recording, true))
        return false;
    atomic_fetch_add(&published.fallbacks_sequence, 1);
    return true;
}

static void end_recording(void) {
    atomic_fetch_add(&published.fallbacks_sequence, 1);
    atomic_store(&recording, false);
}

/* Its place among the fallbacks; PUBLISHED_FALLBACKS: it has none. */
static size_t place_of_fallback(const struct name *name) {
    size_t i = 0;
    while (i < PUBLISHED_FALLBACKS &&
           (published.fallbacks[i].at_s == 0 || strcmp(published.fallbacks[i].host, name->text) != 0))
        i++;
    return i;
}

/* A place that is not used, or else the oldest. */
static size_t oldest_fallback(void) {
    size_t oldest = 0;
    for (size_t i = 1; i < PUBLISHED_FALLBACKS; i++)
        if (published.fallbacks[i].at_s < published.fallbacks[oldest].at_s)
            oldest = i;
    return oldest;
}

static void count_fallbacks(void) {
    uint32_t count = 0;
    for (size_t i = 0; i < PUBLISHED_FALLBACKS; i++)
        count += published.fallbacks[i].at_s != 0;
    atomic_store(&published_fallback_count, count);
}

void publish_fallback(const struct name *name) {
    if (!begin_recording())
        return;
    size_t place = place_of_fallback(name);
    if (place == PUBLISHED_FALLBACKS)
        place = oldest_fallback();
    struct published_fallback *fallback = &published.fallbacks[place];
    set_text(fallback->host, sizeof(fallback->host), name->text);
    fallback->at_s = time(NULL);
    atomic_store(&hashes[place], name->hash);
    count_fallbacks();
    end_recording();
}

static bool may_be_a_fallback(const struct name *name) {
    for (size_t i = 0; i < PUBLISHED_FALLBACKS; i++)
        if (atomic_load_explicit(&hashes[i], memory_order_relaxed) == name->hash)
            return true;
    return false;
}

void publish_answer_in_full(const struct name *name) {
    if (!may_be_a_fallback(name) || !begin_recording())
        return;
    size_t place = place_of_fallback(name);
    if (place < PUBLISHED_FALLBACKS) {
        published.fallbacks[place].at_s = 0;
        atomic_store(&hashes[place], 0);
        count_fallbacks();
    }
    end_recording();
}

/* What was recorded in part cannot be told from the rest, so nothing is kept. */
static void forget_fallbacks(void) {
    memset(published.fallbacks, 0, sizeof(published.fallbacks));
    for (size_t i = 0; i < PUBLISHED_FALLBACKS; i++)
        atomic_store(&hashes[i], 0);
    atomic_store(&published_fallback_count, 0);
    atomic_fetch_add(&published.fallbacks_sequence, 1);
}

void published_adopt(void) {
    if (atomic_load(&published.fallbacks_sequence) % 2 != 0)
        forget_fallbacks();
    atomic_store(&recording, false);
}
