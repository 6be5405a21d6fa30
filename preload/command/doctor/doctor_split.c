#include "originbypass/command/doctor/doctor_split.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/server_lists.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/rules/policy.h"

bool doctor_is_this_host(const struct address_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        const struct address *address = &set->list[i];
        if (address->family == AF_INET
                ? address->octets[0] == 0 || address->octets[0] == IN_LOOPBACKNET
                : IN6_IS_ADDR_UNSPECIFIED(&address->ipv6) || IN6_IS_ADDR_LOOPBACK(&address->ipv6))
            return true;
    }
    return false;
}

static bool is_private_address(const struct address *address) {
    const uint8_t *octets = address->octets;
    if (address->family == AF_INET6)
        return (octets[0] & 0xfe) == 0xfc;
    return octets[0] == 10 || (octets[0] == 172 && (octets[1] & 0xf0) == 16) || (octets[0] == 192 && octets[1] == 168);
}

bool doctor_is_private(const struct address_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += is_private_address(&set->list[i]);
    return count > 0 && count == set->count;
}

static bool leads_to_an_origin(const struct host_settings *settings, const struct address_set *set) {
    for (size_t i = 0; i < set->count; i++)
        if (policy_edge(settings, &set->list[i]) != NULL || policy_rejection(settings, &set->list[i]) != NULL)
            return false;
    return !doctor_is_this_host(set);
}

static void add_to(char **list, const char *separator, const char *server, const char *said) {
    char *before = *list;
    *list = text_format("%s%s%s%s%s", before == NULL ? "" : before, before == NULL ? "" : separator, server,
                        said == NULL ? "" : ": ", said == NULL ? "" : said);
    free(before);
}

static void sort_in(struct doctor_split *split, const struct host_settings *settings,
                    const struct server_address *address, const struct ask_replies *replies) {
    struct address_set set = {0};
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (policy_has_family(settings, type == 0 ? AF_INET : AF_INET6))
            address_set_add_answer(&set, replies->types[type].answer);
    char *server = describe_server(address), *said = address_set_text(&set);
    if (set.count > 0 && leads_to_an_origin(settings, &set)) {
        add_to(&split->leading, "; ", server, said);
    } else if (set.count > 0) {
        add_to(&split->misleading, "; ", server, said);
        add_to(&split->to_take_out, ", ", server, NULL);
    }
    free(said);
    free(server);
    address_set_free(&set);
}

struct doctor_split doctor_split_of(const struct host_settings *settings, const char *host) {
    struct server_list *servers = server_list_asked(settings->upstreams);
    const char *name = settings->query_name != NULL ? settings->query_name : host;
    struct ask_question *questions = memory_zeroed(servers->count, sizeof(*questions));
    struct ask_replies *replies = memory_zeroed(servers->count, sizeof(*replies));
    struct doctor_split split = {0};
    for (size_t i = 0; i < servers->count; i++)
        questions[i] = (struct ask_question){&servers->servers[i],       DNS_OVER_UDP, name, RECORD_BOTH,
                                             settings->query.timeout_ms, DOCTOR_TIMES};
    ask_together(questions, replies, servers->count);
    for (size_t i = 0; i < servers->count; i++) {
        sort_in(&split, settings, &servers->servers[i], &replies[i]);
        ask_free(&replies[i]);
    }
    free(replies);
    free(questions);
    free(servers);
    return split;
}

void doctor_split_free(struct doctor_split *split) {
    free(split->leading);
    free(split->misleading);
    free(split->to_take_out);
}
