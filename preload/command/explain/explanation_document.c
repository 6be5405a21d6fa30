#include "originbypass/command/explain/explanation_document.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/rules/policy.h"

static const char *const TYPE_NAMES[RECORD_TYPE_COUNT] = {"A", "AAAA"};

static const char *const OUTCOMES[] = {
    [OUTCOME_FAILURE] = "failure",   [OUTCOME_ADDRESSES] = "addresses", [OUTCOME_NO_NAME] = "nxdomain",
    [OUTCOME_NO_RECORD] = "nodata",  [OUTCOME_DANGLING] = "dangling",   [OUTCOME_ELSEWHERE] = "elsewhere",
    [OUTCOME_REJECTED] = "rejected", [OUTCOME_NO_ORIGIN] = "no origin",
};

static void explain_text(const char *key, char *text) {
    document_text(key, text);
    free(text);
}

static void add_rejection(const struct prefix_entry *rejected) {
    char text[PREFIX_TEXT_SIZE];
    if (rejected == NULL) {
        document_text("rejected", NULL);
        return;
    }
    prefix_text(rejected, text);
    document_begin_object("rejected");
    document_text("prefix", text);
    document_text("set", rejected->set);
    document_number("line", rejected->line);
    document_end();
}

static void explain_addresses(const struct host_settings *settings, const struct answer *answer) {
    document_begin_array("addresses");
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        document_begin_object(NULL);
        explain_text("address", describe_address(&address));
        add_rejection(policy_rejection(settings, &address));
        document_text("edge", policy_edge(settings, &address));
        document_end();
    }
    document_end();
}

static void add_chain(const struct answer *answer) {
    document_begin_array("chain");
    const char *name = answer == NULL ? NULL : answer_first_name(answer);
    for (size_t i = 0; answer != NULL && i < answer->name_count; i++, name += strlen(name) + 1)
        document_text(NULL, name);
    document_end();
}

static void explain_reply(const char *type, const struct ask_reply *reply, const struct host_settings *settings) {
    const struct answer *answer = reply->answer;
    document_begin_object(NULL);
    document_text("type", type);
    document_text("outcome", OUTCOMES[answer == NULL ? OUTCOME_FAILURE : answer->outcome]);
    document_text("reason", reply->failure);
    document_thousandths("round_trip_ms", (int64_t)reply->round_trip_us);
    if (answer != NULL)
        document_number("ttl_s", answer->ttl_s);
    add_chain(answer);
    explain_addresses(settings, answer);
    document_end();
}

static void explain_upstreams(const char *name, const struct explained_upstream *upstreams, size_t count,
                              const struct host_settings *settings) {
    for (size_t i = 0; i < count; i++) {
        document_begin_object(NULL);
        explain_text("upstream", describe_server(upstreams[i].server));
        document_text("left_out", upstreams[i].left_out);
        document_text("asked_for", name);
        document_begin_array("answers");
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
            if (upstreams[i].replies.types[type].asked)
                explain_reply(TYPE_NAMES[type], &upstreams[i].replies.types[type], settings);
        document_end();
        document_end();
    }
}

static void explain_rule(const struct explanation *explanation) {
    const struct host_rule *rule = explanation->host.rule;
    if (rule == NULL) {
        document_text("rule", NULL);
        return;
    }
    document_begin_object("rule");
    explain_text("rule", describe_rule(rule));
    explain_text("place", describe_place(explanation->config, rule));
    document_boolean("excluded", rule->excluded);
    explain_text("way", describe_way(rule, &explanation->config->general));
    document_text("when", rule->excluded ? NULL : describe_when(rule->settings->when));
    document_end();
}

static void add_edge(const struct explanation *explanation) {
    const struct address *address;
    const char *set = explanation_edge(explanation, &address);
    if (set == NULL) {
        document_text("edge", NULL);
        return;
    }
    document_begin_object("edge");
    explain_text("address", describe_address(address));
    document_text("set", set);
    document_begin_object("ways_out");
    for (size_t i = 0; i < EXPLANATION_WAYS_OUT && explanation_needs_a_way_out(explanation); i++)
        document_text(explanation_ways_out[i][0], explanation_ways_out[i][1]);
    document_end();
    document_end();
}

static void add_translated(const struct resolution *found) {
    document_begin_array("synthesised");
    for (size_t i = 0; i < found->count; i++) {
        struct address original;
        struct nat64_prefix prefix;
        char text[NAT64_PREFIX_TEXT_SIZE];
        if (!resolution_is_translated(found, i, &original, &prefix))
            continue;
        nat64_prefix_text(&prefix, text);
        document_begin_object(NULL);
        explain_text("address", describe_address(&found->addresses[i]));
        explain_text("from", describe_address(&original));
        document_text("prefix", text);
        document_end();
    }
    document_end();
}

void explanation_document(const struct explanation *explanation) {
    const struct host_settings *settings = explanation->host.settings;
    document_begin_object(NULL);
    resolution_document(&explanation->host, &explanation->found);
    add_translated(&explanation->found);
    explain_rule(explanation);
    document_text("why_libc", explanation_why_libc(explanation));
    document_begin_array("upstreams");
    explain_upstreams(explanation_asked_name(explanation), explanation->upstreams, explanation->upstream_count,
                      settings);
    explain_upstreams(explanation->target, explanation->target_upstreams, explanation->target_upstream_count, settings);
    document_end();
    document_begin_object("libc");
    resolution_document_addresses(&explanation->native);
    explain_text("edge", explanation->libc_edge_set == NULL ? NULL : describe_address(explanation->libc_edge));
    document_end();
    add_edge(explanation);
    document_end();
}
