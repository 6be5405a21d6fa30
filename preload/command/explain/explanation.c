#include "originbypass/command/explain/explanation.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/server_lists.h"
#include "originbypass/rules/policy.h"

const char *const explanation_ways_out[EXPLANATION_WAYS_OUT][2] = {
    {"upstreams", "a hidden primary: the authoritative server behind the CDN's"},
    {"query", "a name of the same origin that is not proxied"},
    {"addresses", "the origin's addresses themselves"},
};

static enum record_types types_of(const struct host_settings *settings, int family) {
    enum record_types types = 0;
    if (family != AF_INET6 && policy_has_family(settings, AF_INET))
        types |= RECORD_A;
    if (family != AF_INET && policy_has_family(settings, AF_INET6))
        types |= RECORD_AAAA;
    return types;
}

const char *explanation_asked_name(const struct explanation *explanation) {
    const struct host_settings *settings = explanation->host.settings;
    return settings != NULL && settings->query_name != NULL ? settings->query_name : explanation->host.name.text;
}

/* One after the other, so that no server seems slow because of another. */
static struct explained_upstream *ask_all(const struct server_list *servers, struct ask_question question) {
    struct explained_upstream *upstreams = memory_zeroed(servers->count, sizeof(*upstreams));
    struct server_list *asked = server_list_asked(servers);
    for (size_t i = 0; i < servers->count; i++) {
        question.server = upstreams[i].server = &servers->servers[i];
        if (server_list_has(asked, question.server))
            upstreams[i].replies = ask(&question);
        else
            upstreams[i].left_out = "this host has no route to it";
    }
    free(asked);
    return upstreams;
}

/* The target of an alias that the host's own upstreams know, if they do not know the target itself. */
static char *find_target(const struct explanation *explanation) {
    for (size_t i = 0; i < explanation->upstream_count; i++)
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
            const struct answer *answer = explanation->upstreams[i].replies.types[type].answer;
            if (answer != NULL && answer->outcome == OUTCOME_ELSEWHERE)
                return memory_text(answer_canonical_name(answer));
        }
    return NULL;
}

static void ask_external_dns(struct explanation *explanation, int family) {
    const struct host_settings *settings = explanation->host.settings;
    struct ask_question question = {.transport = DNS_OVER_UDP,
                                    .name = explanation_asked_name(explanation),
                                    .types = types_of(settings, family),
                                    .timeout_ms = settings->query.timeout_ms};
    if (question.types == 0)
        return;
    explanation->upstreams = ask_all(settings->upstreams, question);
    explanation->upstream_count = settings->upstreams->count;
    explanation->target = settings->others == NULL ? NULL : find_target(explanation);
    if (explanation->target == NULL)
        return;
    question.name = explanation->target;
    explanation->target_upstreams = ask_all(settings->others, question);
    explanation->target_upstream_count = settings->others->count;
}

struct explanation explanation_make(const struct rules *rules, const char *host, int family) {
    struct explanation explanation = {
        .rules = rules, .config = rules == NULL ? NULL : rules_config(rules), .host = resolution_case(rules, host)};
    const struct host_settings *settings = explanation.host.settings;
    explanation.native = resolution_find_native(host, family);
    if (settings != NULL && settings->when == WHEN_EDGE)
        explanation.libc_edge_set =
            resolution_edge(rules, &explanation.host, &explanation.native, &explanation.libc_edge);
    bool asks = settings != NULL && settings->pinned_ipv4 == NULL &&
                (settings->when == WHEN_ALWAYS || explanation.libc_edge_set != NULL);
    if (asks)
        ask_external_dns(&explanation, family);
    explanation.found = resolution_find(&explanation.host, family);
    return explanation;
}

static void free_upstreams(struct explained_upstream *upstreams, size_t count) {
    for (size_t i = 0; i < count; i++)
        ask_free(&upstreams[i].replies);
    free(upstreams);
}

void explanation_free(struct explanation *explanation) {
    free_upstreams(explanation->upstreams, explanation->upstream_count);
    free_upstreams(explanation->target_upstreams, explanation->target_upstream_count);
    free(explanation->target);
    resolution_free(&explanation->found);
    resolution_free(&explanation->native);
}

static bool has_rule_for_all(const struct config *config) {
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].kind == RULE_ALL && !config->rules[i].excluded)
            return true;
    return false;
}

const char *explanation_why_libc(const struct explanation *explanation) {
    const struct host_case *host = &explanation->host;
    if (host->settings != NULL)
        return NULL;
    if (explanation->config == NULL)
        return "nothing is configured, or ORIGIN_BYPASS_DISABLED says so";
    if (explanation->config->error_count > 0)
        return "the configuration is refused";
    if (!host->is_name)
        return "it is not ASCII, or too long for DNS";
    if (name_is_literal(host->name.text))
        return "it is an address";
    if (!name_is_host_name(&host->name))
        return "it is not a host name";
    if (host->rule == NULL && has_rule_for_all(explanation->config))
        return "the rule * leaves names without a dot, and those that are local by their nature, at home";
    if (host->rule != NULL)
        return "the rule says so";
    return explanation->config->replaced_count > 0
               ? "no rule matches: ORIGIN_BYPASS_HOSTS replaces the hosts of the file"
               : "no rule matches";
}

static bool has_answered(const struct explained_upstream *upstream) {
    return upstream->replies.types[0].answer != NULL || upstream->replies.types[1].answer != NULL;
}

static bool has_origin_alone(const struct explained_upstream *upstream, const struct host_settings *settings) {
    bool found = false;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = upstream->replies.types[type].answer;
        for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
            struct address address = answer_address(answer, i);
            if (policy_edge(settings, &address) != NULL || policy_rejection(settings, &address) != NULL)
                return false;
            found = true;
        }
    }
    return found;
}

const struct server_address *explanation_leading(const struct explanation *explanation) {
    for (size_t i = 0; i < explanation->upstream_count; i++)
        if (has_origin_alone(&explanation->upstreams[i], explanation->host.settings))
            return explanation->upstreams[i].server;
    return NULL;
}

bool explanation_needs_a_way_out(const struct explanation *explanation) {
    bool answered = explanation->found.source != BY_FALLBACK;
    for (size_t i = 0; i < explanation->upstream_count; i++)
        answered = answered || has_answered(&explanation->upstreams[i]);
    return explanation->host.settings != NULL && answered && explanation_leading(explanation) == NULL;
}

const char *explanation_edge(const struct explanation *explanation, const struct address **edge) {
    return resolution_edge(explanation->rules, &explanation->host, &explanation->found, edge);
}
