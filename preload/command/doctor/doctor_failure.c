/*
 * Says why external DNS has no address for a host. Each upstream is asked, and its reply is compared with the host's
 * settings as the library does it: the family first, then the policy.
 */
#include "originbypass/command/doctor/doctor_failure.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/server_lists.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/rules/policy.h"

/* --- what to do --------------------------------------------------------------------------------------------------- */

static const char MAKE_IT_EXIST[] = "Correct the name, or in the configuration file give the host a query (another "
                                    "name that leads to the origin), upstreams of its own (a hidden primary) or "
                                    "addresses; see originbypass-troubleshooting(7), PUBLIC DNS SHOWS THE EDGE";

static const char CORRECT_THE_POLICY[] =
    "If these are the CDN's addresses, give the host upstreams of its own (a hidden primary), a query or addresses in "
    "the configuration file; if they are the origin's, put them into accept, or take the prefix out of reject";

char *doctor_remedy_for(const struct ask_reply *reply, const char *name) {
    if (strcmp(reply->failure, "SERVFAIL") == 0)
        return text_format("Check the zone: delv %s shows whether DNSSEC fails, dig +trace %s whether its name servers "
                           "answer (lame delegation); tell the zone's owner, or try another upstream",
                           name, name);
    if (strcmp(reply->failure, "REFUSED") == 0)
        return memory_text("Let this server answer queries from here and for this name, or name another one in "
                           "upstreams or ORIGIN_BYPASS_UPSTREAMS");
    bool silent = strcmp(reply->failure, "no answer in time") == 0; /* though it answered for the other type */
    if (silent || reply->kind == DNS_SILENT || reply->kind == DNS_UNREACHABLE || reply->kind == DNS_TRUNCATED)
        return memory_text("See the findings on the upstreams");
    return memory_text("Name another server in upstreams or ORIGIN_BYPASS_UPSTREAMS: this one does not answer as a "
                       "resolver does");
}

/* --- what the upstreams say --------------------------------------------------------------------------------------- */

/* What one upstream's replies come to for a host: of two record types, the later one in this list counts. */
enum said {
    SAID_FAILURE,
    SAID_NO_NAME,
    SAID_NO_RECORD,
    SAID_DANGLING,
    SAID_OTHER_FAMILY, /* addresses, none of the family that the host may have */
    SAID_REJECTED,     /* addresses, each rejected by the host's policy */
    SAID_ADDRESSES,
};

/* One upstream's part in a lookup. */
struct witness {
    const struct server_address *server;
    struct ask_replies replies;
    enum said said;
};

/* All upstreams that were asked for a name. */
struct trace {
    const struct host_settings *settings;
    const char *name;
    struct server_list *servers;
    size_t count;
    struct witness *witnesses;
};

static enum said judge_addresses(const struct host_settings *settings, const struct answer *answer) {
    enum said said = policy_has_family(settings, answer->family) ? SAID_REJECTED : SAID_OTHER_FAMILY;
    for (size_t i = 0; i < answer->address_count && said == SAID_REJECTED; i++) {
        struct address address = answer_address(answer, i);
        if (policy_rejection(settings, &address) == NULL)
            said = SAID_ADDRESSES;
    }
    return said;
}

static enum said judge_reply(const struct host_settings *settings, const struct ask_reply *reply) {
    if (reply->answer == NULL)
        return SAID_FAILURE;
    switch ((enum outcome)reply->answer->outcome) {
    case OUTCOME_NO_NAME:
        return SAID_NO_NAME;
    case OUTCOME_NO_RECORD:
        return SAID_NO_RECORD;
    case OUTCOME_DANGLING:
    case OUTCOME_ELSEWHERE:
        return SAID_DANGLING;
    default:
        return judge_addresses(settings, reply->answer);
    }
}

static bool is_wanted(const struct host_settings *settings, size_t type) {
    return policy_has_family(settings, type == 0 ? AF_INET : AF_INET6);
}

/*
 * If one type failed and the other has no record, the failure is what is wrong. A type that the host may not have
 * matters only if it has addresses.
 */
static enum said judge(const struct host_settings *settings, const struct ask_replies *replies) {
    enum said said = SAID_FAILURE;
    bool failed = false;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        enum said of_type = judge_reply(settings, &replies->types[type]);
        failed = failed || (of_type == SAID_FAILURE && is_wanted(settings, type));
        if (of_type > said && (is_wanted(settings, type) || of_type == SAID_OTHER_FAMILY))
            said = of_type;
    }
    return failed && said < SAID_REJECTED ? SAID_FAILURE : said;
}

/* Both types, even if the host may have only one family, to see what its settings leave out. */
static struct trace trace_make(const struct host_settings *settings, const struct server_list *upstreams,
                               const char *name, uint32_t timeout_ms) {
    struct server_list *servers = server_list_asked(upstreams);
    struct trace trace = {settings, name, servers, servers->count,
                          memory_zeroed(servers->count, sizeof(struct witness))};
    struct ask_question *questions = memory_zeroed(servers->count, sizeof(*questions));
    struct ask_replies *replies = memory_zeroed(servers->count, sizeof(*replies));
    for (size_t i = 0; i < servers->count; i++)
        questions[i] =
            (struct ask_question){&servers->servers[i], DNS_OVER_UDP, name, RECORD_BOTH, timeout_ms, DOCTOR_TIMES};
    ask_together(questions, replies, servers->count);
    for (size_t i = 0; i < servers->count; i++)
        trace.witnesses[i] = (struct witness){&servers->servers[i], replies[i], judge(settings, &replies[i])};
    free(replies);
    free(questions);
    return trace;
}

static void trace_free(struct trace *trace) {
    for (size_t i = 0; i < trace->count; i++)
        ask_free(&trace->witnesses[i].replies);
    free(trace->witnesses);
    free(trace->servers);
}

/* The target of an alias that leads out of what the host's own upstreams know; NULL: none. */
static const char *target_of(const struct trace *trace) {
    for (size_t i = 0; i < trace->count; i++)
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
            const struct answer *answer = trace->witnesses[i].replies.types[type].answer;
            if (answer != NULL && answer->outcome == OUTCOME_ELSEWHERE)
                return answer_canonical_name(answer);
        }
    return NULL;
}

/* --- in words ----------------------------------------------------------------------------------------------------- */

/* Add to a list. Frees the old text and the item. */
static char *longer(char *list, const char *separator, char *item) {
    char *text = text_format("%s%s%s", list, list[0] == '\0' ? "" : separator, item);
    free(list);
    free(item);
    return text;
}

/* The first failure of a type that the host may have; NULL: none. */
static const struct ask_reply *failure_in(const struct trace *trace, const struct witness *witness) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (is_wanted(trace->settings, type) && witness->replies.types[type].answer == NULL)
            return &witness->replies.types[type];
    return NULL;
}

static struct address_set all_addresses(const struct trace *trace) {
    struct address_set set = {0};
    for (size_t i = 0; i < trace->count; i++)
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
            address_set_add_answer(&set, trace->witnesses[i].replies.types[type].answer);
    return set;
}

static char *said_text(const struct trace *trace, const struct witness *witness) {
    struct address_set set = {0};
    switch (witness->said) {
    case SAID_FAILURE:
        return memory_text(failure_in(trace, witness)->failure);
    case SAID_NO_NAME:
        return memory_text("NXDOMAIN");
    case SAID_NO_RECORD:
        return memory_text("NODATA");
    case SAID_DANGLING:
        return memory_text("a CNAME to a name without an address");
    default:
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
            address_set_add_answer(&set, witness->replies.types[type].answer);
    }
    char *addresses = address_set_text(&set);
    char *text = text_format("%s%s", addresses, witness->said == SAID_REJECTED ? " (rejected)" : "");
    free(addresses);
    address_set_free(&set);
    return text;
}

/* `8.8.8.8: SERVFAIL; 1.1.1.1: no answer in time` */
static char *witnesses_text(const struct trace *trace) {
    char *list = memory_text("");
    for (size_t i = 0; i < trace->count; i++) {
        char *server = describe_server(trace->witnesses[i].server), *said = said_text(trace, &trace->witnesses[i]);
        list = longer(list, "; ", text_format("%s: %s", server, said));
        free(said);
        free(server);
    }
    return list;
}

/* Those that have an answer. */
static char *servers_text(const struct trace *trace) {
    char *list = memory_text("");
    for (size_t i = 0; i < trace->count; i++)
        if (trace->witnesses[i].said != SAID_FAILURE)
            list = longer(list, ", ", describe_server(trace->witnesses[i].server));
    return list;
}

/* `104.21.80.230 by 104.16.0.0/13 of "cloudflare", ...` */
static char *rejections_text(const struct trace *trace) {
    struct address_set set = all_addresses(trace);
    char *list = memory_text("");
    for (size_t i = 0; i < set.count; i++) {
        const struct prefix_entry *rejection = policy_rejection(trace->settings, &set.list[i]);
        if (rejection == NULL || !policy_has_family(trace->settings, set.list[i].family))
            continue;
        char *address = describe_address(&set.list[i]), *prefix = describe_prefix(rejection);
        list = longer(list, ", ", text_format("%s by %s", address, prefix));
        free(prefix);
        free(address);
    }
    address_set_free(&set);
    return list;
}

/* --- the cause ---------------------------------------------------------------------------------------------------- */

/* Why there is no address, and what can be done about it. Both texts are on the heap. */
struct cause {
    char *text, *remedy;
    bool no_such_name; /* says external DNS */
};

/* Whether all upstreams that have an answer say this; SAID_FAILURE: whether none has an answer. */
static bool all_said(const struct trace *trace, enum said said) {
    bool any = false;
    for (size_t i = 0; i < trace->count; i++) {
        enum said other = trace->witnesses[i].said;
        if (other != said && other != SAID_FAILURE)
            return false;
        any = any || other == said;
    }
    return any;
}

static bool any_said(const struct trace *trace, enum said said) {
    for (size_t i = 0; i < trace->count; i++)
        if (trace->witnesses[i].said == said)
            return true;
    return false;
}

static bool came_from_server(const struct ask_reply *failure) {
    return failure->kind == DNS_REFUSING || failure->kind == DNS_TRUNCATED;
}

/* The failure that says most: what a server replied says more than that another was silent. */
static const struct ask_reply *telling_failure(const struct trace *trace) {
    const struct ask_reply *telling = NULL;
    for (size_t i = 0; i < trace->count; i++) {
        const struct ask_reply *failure = failure_in(trace, &trace->witnesses[i]);
        if (failure != NULL && (telling == NULL || (!came_from_server(telling) && came_from_server(failure))))
            telling = failure;
    }
    return telling;
}

static struct cause cause_of_failure(const struct trace *trace) {
    const struct ask_reply *failure = telling_failure(trace);
    char *witnesses = witnesses_text(trace);
    struct cause cause = {
        .text = text_format(came_from_server(failure) ? "no upstream has an answer for %s (%s)"
                                                      : "no upstream answers for %s (%s)",
                            trace->name, witnesses),
        .remedy = doctor_remedy_for(failure, trace->name),
    };
    free(witnesses);
    return cause;
}

static struct cause cause_of_rejection(const struct trace *trace) {
    char *rejections = rejections_text(trace);
    struct cause cause = {.text = text_format("every address that external DNS gives is rejected (%s)", rejections),
                          .remedy = memory_text(CORRECT_THE_POLICY)};
    free(rejections);
    return cause;
}

static struct cause cause_of_family(const struct trace *trace) {
    const char *family = describe_family(trace->settings->family);
    struct address_set set = all_addresses(trace);
    char *addresses = address_set_text(&set);
    struct cause cause = {
        .text = text_format("external DNS gives only %s, and family = \"%s\" does not let the host use that", addresses,
                            family),
        .remedy =
            memory_text("Take family out of the configuration of this host, or give the name a record of that type"),
    };
    free(addresses);
    address_set_free(&set);
    return cause;
}

static struct cause cause_of_difference(const struct trace *trace) {
    char *witnesses = witnesses_text(trace);
    struct cause cause = {
        .text = text_format("the upstreams differ about %s (%s), and the first that answers decides", trace->name,
                            witnesses),
        .remedy =
            memory_text("Name only upstreams that know this host: upstreams of the host in the configuration file, or "
                        "ORIGIN_BYPASS_UPSTREAMS"),
    };
    free(witnesses);
    return cause;
}

static struct cause cause_of_negative(const struct trace *trace, const char *format) {
    char *servers = servers_text(trace);
    struct cause cause = {.text = text_format("external DNS (%s) %s", servers, format),
                          .remedy = memory_text(MAKE_IT_EXIST)};
    free(servers);
    return cause;
}

static uint64_t fastest_us(const struct trace *trace) {
    uint64_t fastest_us = UINT64_MAX;
    for (size_t i = 0; i < trace->count; i++)
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
            const struct ask_reply *reply = &trace->witnesses[i].replies.types[type];
            if (reply->answer != NULL && reply->round_trip_us < fastest_us)
                fastest_us = reply->round_trip_us;
        }
    return fastest_us;
}

/* How many questions were asked, and how many of them had no reply at all. */
static unsigned count_silent(const struct trace *trace, unsigned *times) {
    unsigned silent = 0;
    *times = 0;
    for (size_t i = 0; i < trace->count; i++) {
        silent += trace->witnesses[i].replies.silent;
        *times += trace->witnesses[i].replies.times;
    }
    return silent;
}

static struct cause cause_of_slowness(const struct trace *trace) {
    return (struct cause){
        .text = text_format("external DNS takes at least %" PRIu64 " ms for an answer, and query.timeout_ms = %" PRIu32
                            " is too short for that",
                            fastest_us(trace) / 1000, trace->settings->query.timeout_ms),
        .remedy =
            memory_text("Raise timeout_ms, and deadline_ms if need be, in query in the configuration file, or name "
                        "upstreams that are nearer"),
    };
}

static struct cause cause_of_loss(const struct trace *trace, unsigned silent, unsigned times) {
    char *witnesses = witnesses_text(trace);
    struct cause cause = {
        .text = text_format(
            "external DNS had no answer in time, and has one if it is asked again (%s): %u of %u questions had "
            "no answer, so packets are lost",
            witnesses, silent, times),
        .remedy = memory_text(
            "Look for what loses packets on the way (a link or a connection table that is full), or whether "
            "the servers limit the rate"),
    };
    free(witnesses);
    return cause;
}

/* The library's lookup found nothing, and shortly after it the upstreams have an answer. */
static struct cause cause_of_lateness(const struct trace *trace) {
    const struct query_settings *query = &trace->settings->query;
    unsigned times, silent = count_silent(trace, &times);
    if (fastest_us(trace) > (uint64_t)query->timeout_ms * 1000)
        return cause_of_slowness(trace);
    if (silent > 0)
        return cause_of_loss(trace, silent, times);
    char *witnesses = witnesses_text(trace);
    struct cause cause = {
        .text =
            text_format("external DNS had no answer within query.deadline_ms = %" PRIu32 ", and has one if it is asked "
                        "again (%s)",
                        query->deadline_ms, witnesses),
        .remedy =
            memory_text("Try again; if it stays, give lookups more time in the configuration file (query: timeout_ms, "
                        "deadline_ms), or name upstreams that are nearer"),
    };
    free(witnesses);
    return cause;
}

static struct cause cause_of(const struct trace *trace) {
    if (all_said(trace, SAID_NO_NAME)) {
        struct cause cause = cause_of_negative(trace, "says that no such name exists (NXDOMAIN)");
        cause.no_such_name = true;
        return cause;
    }
    if (all_said(trace, SAID_NO_RECORD))
        return cause_of_negative(trace, "knows the name, but has neither an A nor an AAAA record for it (NODATA)");
    if (all_said(trace, SAID_DANGLING))
        return cause_of_negative(trace, "says that the name is an alias (CNAME) of a name without an address");
    if (all_said(trace, SAID_FAILURE))
        return cause_of_failure(trace);
    if (all_said(trace, SAID_ADDRESSES))
        return cause_of_lateness(trace);
    if (any_said(trace, SAID_ADDRESSES) || any_said(trace, SAID_NO_NAME))
        return cause_of_difference(trace);
    if (any_said(trace, SAID_REJECTED))
        return cause_of_rejection(trace);
    if (any_said(trace, SAID_OTHER_FAMILY))
        return cause_of_family(trace);
    return cause_of_difference(trace);
}

/* What is said of the name that is asked for is not said of the host. */
static void name_the_query(struct cause *cause, const char *query) {
    char *text = text_format("its query, %s, is asked for in its place: %s", query, cause->text);
    free(cause->text);
    cause->text = text;
    if (strcmp(cause->remedy, MAKE_IT_EXIST) != 0)
        return;
    free(cause->remedy);
    cause->remedy =
        memory_text("Correct the query of this host in the configuration file: it must be a name that leads "
                    "to the origin");
}

static struct cause find_cause(const struct host_settings *settings, const char *host, uint32_t timeout_ms) {
    const char *name = settings->query_name != NULL ? settings->query_name : host;
    struct trace own = trace_make(settings, settings->upstreams, name, timeout_ms);
    const char *target = settings->others == NULL ? NULL : target_of(&own);
    struct cause cause;
    if (target == NULL) {
        cause = cause_of(&own);
    } else {
        struct trace others = trace_make(settings, settings->others, target, timeout_ms);
        cause = cause_of(&others);
        char *text = text_format("is an alias (CNAME) of %s; %s", target, cause.text);
        free(cause.text);
        cause.text = text;
        trace_free(&others);
    }
    trace_free(&own);
    if (settings->query_name != NULL)
        name_the_query(&cause, settings->query_name);
    return cause;
}

static struct cause cause_of_pinned(const struct host_settings *settings) {
    char *pinned = describe_pinned(settings);
    struct cause cause = {
        .text = text_format("the configuration pins %s, and family = \"%s\" does not let the host use that", pinned,
                            describe_family(settings->family)),
        .remedy = memory_text("Pin an address of that family, or take family out of the configuration of this host"),
    };
    free(pinned);
    return cause;
}

/* --- what a program gets ------------------------------------------------------------------------------------------ */

static const char *error_name(int error) {
    switch (error) {
    case EAI_NONAME:
        return "EAI_NONAME";
    case EAI_NODATA:
        return "EAI_NODATA";
    case EAI_FAIL:
        return "EAI_FAIL";
    case EAI_AGAIN:
        return "EAI_AGAIN";
    default:
        return gai_strerror(error);
    }
}

/* The library's own getaddrinfo(3) is called. */
static int call_getaddrinfo(const char *host, struct address_set *set) {
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    for (const struct addrinfo *entry = error == 0 ? list : NULL; entry != NULL; entry = entry->ai_next) {
        struct address address;
        if (address_of_socket(entry->ai_addr, &address))
            address_set_add(set, &address);
    }
    if (error == 0)
        freeaddrinfo(list);
    return error;
}

static bool has_edge(const struct host_settings *settings, const struct address_set *set) {
    for (size_t i = 0; i < set->count; i++)
        if (policy_edge(settings, &set->list[i]) != NULL)
            return true;
    return false;
}

static bool are_all_in(const struct address_set *set, const struct address_set *whole) {
    for (size_t i = 0; i < set->count; i++)
        if (!address_set_has(whole, &set->list[i]))
            return false;
    return true;
}

/* libc's addresses are subject to the policy, too, so that there may be none left. */
static char *error_text(const struct host_settings *settings, const struct doctor_failed *failed, int error) {
    if (!failed->asks_libc)
        return text_format("%sthe lookup fails with %s, and libc is not asked",
                           settings->fallback_never ? "fallback = \"never\": " : "", error_name(error));
    if (failed->local->count == 0)
        return text_format("libc answers, and has no address either: the lookup fails with %s", error_name(error));
    char *local = address_set_text(failed->local);
    char *text = text_format("libc answers %s, which the host may not use either: the lookup fails with %s", local,
                             error_name(error));
    free(local);
    return text;
}

static char *consequence_text(const struct host_settings *settings, const struct doctor_failed *failed) {
    struct address_set set = {0};
    if (failed->asks_libc && failed->local_problem == LOCAL_SILENT)
        return text_format("libc is asked, and %s", local_problem_text(LOCAL_SILENT));
    int error = call_getaddrinfo(failed->host, &set);
    if (error != 0)
        return error_text(settings, failed, error);
    char *addresses = address_set_text(&set);
    /* Of libc's addresses the policy may have taken some. Others are from a second try that went well. */
    bool is_libcs = failed->asks_libc && are_all_in(&set, failed->local);
    char *text = text_format("%s: %s%s", is_libcs ? "libc answers" : "the next lookup finds", addresses,
                             has_edge(settings, &set) ? ", an edge of the CDN" : "");
    free(addresses);
    address_set_free(&set);
    return text;
}

/* A wildcard covers it, and libc knows an address that is no edge. */
static bool is_of_the_local_network(const struct doctor *doctor, const struct doctor_failed *failed) {
    struct name name;
    const struct host_rule *rule = name_fold(&name, failed->host) ? rules_match(doctor->rules, &name) : NULL;
    return rule != NULL && rule->kind != RULE_NAME && failed->asks_libc && failed->local->count > 0 &&
           !has_edge(doctor_settings(doctor, failed->host), failed->local);
}

/* Only a slow server is worth a long wait: the dead ones are known. */
static uint32_t timeout_for(const struct doctor *doctor, const struct host_settings *settings) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (doctor->upstreams.list[i].udp == REACH_LATE)
            return doctor_patience_ms(settings->query.timeout_ms);
    return settings->query.timeout_ms;
}

void doctor_failure(const struct doctor *doctor, const struct doctor_failed *failed) {
    const struct host_settings *settings = doctor_settings(doctor, failed->host);
    struct cause cause = settings->pinned_ipv4 != NULL
                             ? cause_of_pinned(settings)
                             : find_cause(settings, failed->host, timeout_for(doctor, settings));
    char *consequence = consequence_text(settings, failed);
    if (cause.no_such_name && is_of_the_local_network(doctor, failed))
        findings_tell(&(struct finding){FINDING_NOTE, "external", failed->host,
                                        "To save the question, exclude the name: \"!\" before it"},
                      "%s; %s, as for a name that only the local network knows", cause.text, consequence);
    else
        findings_tell(&(struct finding){FINDING_BAD, "external", failed->host, cause.remedy}, "%s; %s", cause.text,
                      consequence);
    free(consequence);
    free(cause.text);
    free(cause.remedy);
}

static bool is_negative(enum said said) {
    return said == SAID_NO_NAME || said == SAID_NO_RECORD || said == SAID_DANGLING;
}

void doctor_difference(const struct doctor *doctor, const char *host) {
    const struct host_settings *settings = doctor_settings(doctor, host);
    if (settings->pinned_ipv4 != NULL || settings->upstreams->count < 2)
        return;
    struct trace trace =
        trace_make(settings, settings->upstreams, settings->query_name != NULL ? settings->query_name : host,
                   settings->query.timeout_ms);
    bool differs = false;
    for (size_t i = 0; i < trace.count; i++)
        differs = differs || is_negative(trace.witnesses[i].said);
    if (differs && any_said(&trace, SAID_ADDRESSES)) {
        struct cause cause = cause_of_difference(&trace);
        findings_tell(&(struct finding){FINDING_NOTE, "difference", host, cause.remedy}, "%s", cause.text);
        free(cause.text);
        free(cause.remedy);
    }
    trace_free(&trace);
}
