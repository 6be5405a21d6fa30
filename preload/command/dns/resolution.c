#include "originbypass/command/dns/resolution.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/cache/cache.h"
#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/dns/native.h"
#include "originbypass/doors/load.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/log.h"
#include "originbypass/in_force/configuration.h"
#include "originbypass/lookup/nat64.h"
#include "originbypass/lookup/translated.h"
#include "originbypass/metrics/counters.h"

typedef __typeof__(&getaddrinfo) resolver;

const char *resolution_source_text(enum resolution_source source) {
    static const char *const texts[] = {
        [BY_LIBC] = "libc",
        [BY_FALLBACK] = "libc, as the fallback",
        [BY_NOBODY] = "nobody",
        [BY_CONFIGURATION] = "the configuration",
        [BY_EXTERNAL_DNS] = "external DNS",
    };
    return texts[source];
}

/* In use until the rules are asked for once more. */
static const struct in_force *acquired;

static const struct rules *acquire_rules(void) {
    const struct in_force *former = acquired;
    acquired = load_ensure() ? configuration_acquire() : NULL;
    if (former != NULL)
        in_force_release(former);
    return acquired == NULL ? NULL : acquired->rules;
}

const struct rules *resolution_rules(void) {
    log_silence();
    return acquired != NULL ? acquired->rules : acquire_rules();
}

static uint64_t count_refusals(void) {
    uint64_t totals[COUNTER_COUNT];
    counters_read(totals);
    return totals[COUNTER_REFUSED_RELOADS];
}

const struct rules *resolution_rules_by_now(bool *refused) {
    uint64_t before = count_refusals();
    configuration_keep_up(clock_recent_ms());
    *refused = count_refusals() > before;
    return acquire_rules();
}

bool resolution_complain_of_refusal(const struct rules *rules) {
    const struct config *config = rules == NULL ? NULL : rules_config(rules);
    if (config == NULL || config->error_count == 0)
        return false;
    const struct config_error *error = config->errors;
    char line[16] = "";
    if (error->file != NULL && error->line != 0)
        snprintf(line, sizeof(line), ":%d", error->line);
    cli_complain("the configuration is refused, and every call goes to libc: %s%s: %s; originbypass check shows more",
                 error->file == NULL ? error->variable : error->file, line, error->reason);
    return true;
}

struct host_case resolution_case(const struct rules *rules, const char *host) {
    struct host_case found = {.host = host};
    found.is_name = name_fold(&found.name, host);
    if (!found.is_name || rules == NULL)
        return found;
    found.rule = rules_match(rules, &found.name);
    found.settings = rules_settings(rules, &found.name);
    return found;
}

static bool is_in_resolution(const struct resolution *resolution, const struct address *address) {
    for (size_t i = 0; i < resolution->count; i++)
        if (address_equal(&resolution->addresses[i], address))
            return true;
    return false;
}

static struct resolution list_of(const struct addrinfo *list) {
    struct resolution resolution = {0};
    for (; list != NULL; list = list->ai_next) {
        struct address address;
        if (!address_of_socket(list->ai_addr, &address) || is_in_resolution(&resolution, &address))
            continue;
        resolution.addresses =
            memory_resize(resolution.addresses, resolution.count + 1, sizeof(resolution.addresses[0]));
        resolution.addresses[resolution.count++] = address;
    }
    return resolution;
}

static struct resolution ask_resolver(resolver resolve, const char *host, int family) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = resolve(host, NULL, &hints, &list);
    if (error != 0) {
        const char *words =
            error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error); // NOLINT(concurrency-mt-unsafe)
        return (struct resolution){.error = words};
    }
    struct resolution resolution = list_of(list);
    freeaddrinfo(list);
    return resolution;
}

/* The calls so far, by who answered. */
struct tally {
    uint64_t unanswered; /* external DNS had no usable answer; with `fallback = "never"` they count as failures */
    uint64_t libcs;      /* libc led to no edge, or to one that stays (`when = "edge"`) */
};

static struct tally take_tally(void) {
    uint64_t totals[COUNTER_COUNT];
    counters_read(totals);
    return (struct tally){
        .unanswered = totals[COUNTER_FALLBACKS] + totals[COUNTER_FAILURES],
        .libcs = totals[COUNTER_PASS_THROUGHS] + totals[COUNTER_EDGES_SEEN] - totals[COUNTER_EDGES_REPLACED],
    };
}

static enum resolution_source source_of(const struct host_case *host, struct tally before, struct tally after) {
    if (host->settings == NULL)
        return BY_LIBC;
    if (after.unanswered != before.unanswered)
        return host->settings->fallback_never ? BY_NOBODY : BY_FALLBACK;
    if (after.libcs != before.libcs)
        return BY_LIBC;
    return host->settings->pinned_ipv4 != NULL ? BY_CONFIGURATION : BY_EXTERNAL_DNS;
}

static uint32_t seconds_until(uint64_t until_ms, uint64_t now_ms) {
    return until_ms == UINT64_MAX || until_ms < now_ms ? 0 : (uint32_t)((until_ms - now_ms + 999) / 1000);
}

/* Look up how the cache has stored the answer that was just given. */
static void look_into_cache(struct resolution *resolution, const struct host_case *host, int family) {
    static const int families[RECORD_TYPE_COUNT] = {AF_INET, AF_INET6};
    uint64_t now_ms = clock_now_ms(), until_ms = UINT64_MAX;
    struct cache_copy copy;
    cache_copy_begin(&copy);
    cache_get(&host->name, now_ms, &copy);
    resolution->is_whole = true;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = copy.answers[type];
        if (answer == NULL || answer->outcome == OUTCOME_FAILURE)
            resolution->is_whole &= family == (families[type] == AF_INET ? AF_INET6 : AF_INET);
        else if (answer->address_count > 0 && copy.expires_ms[type] < until_ms)
            until_ms = copy.expires_ms[type];
    }
    resolution->kept_s = seconds_until(until_ms, now_ms);
    cache_copy_release(&copy);
}

struct resolution resolution_find(const struct host_case *host, int family) {
    struct tally before = take_tally();
    struct resolution resolution = ask_resolver(getaddrinfo, host->host, family);
    resolution.source = source_of(host, before, take_tally());
    if (resolution.source == BY_EXTERNAL_DNS)
        look_into_cache(&resolution, host, family);
    return resolution;
}

struct resolution resolution_find_native(const char *host, int family) {
    struct resolution resolution = ask_resolver(native_getaddrinfo, host, family);
    if (resolution.count > 0 && nat64_may_help(clock_recent_ms()))
        nat64_learn(); /* so that edges inside are seen */
    return resolution;
}

void resolution_document_addresses(const struct resolution *resolution) {
    document_begin_array("addresses");
    for (size_t i = 0; i < resolution->count; i++) {
        char *text = describe_address(&resolution->addresses[i]);
        document_text(NULL, text);
        free(text);
    }
    document_end();
    document_text("error", resolution->error);
}

void resolution_document(const struct host_case *host, const struct resolution *resolution) {
    document_text("host", host->host);
    resolution_document_addresses(resolution);
    document_text("answered_by", resolution_source_text(resolution->source));
    document_number("kept_s", resolution->kept_s);
}

const char *resolution_edge(const struct rules *rules, const struct host_case *host,
                            const struct resolution *resolution, const struct address **edge) {
    const struct host_settings *settings = host->settings;
    if (settings == NULL && rules != NULL)
        settings = &rules_config(rules)->general;
    for (size_t i = 0; i < resolution->count && settings != NULL; i++) {
        *edge = &resolution->addresses[i];
        struct address judged;
        const char *set = translated_edge(settings, *edge, &judged);
        if (set != NULL)
            return set;
    }
    return NULL;
}

bool resolution_is_translated(const struct resolution *resolution, size_t position, struct address *original,
                              struct nat64_prefix *prefix) {
    bool ours = resolution->source == BY_EXTERNAL_DNS || resolution->source == BY_CONFIGURATION;
    return ours && translated_from(&resolution->addresses[position], original, prefix);
}

void resolution_free(struct resolution *resolution) {
    free(resolution->addresses);
    *resolution = (struct resolution){0};
}
