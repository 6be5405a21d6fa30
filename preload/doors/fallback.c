#include "originbypass/doors/fallback.h"

#include <errno.h>
#include <string.h>

#include "originbypass/doors/addrinfo_musl.h"
#include "originbypass/doors/netdb_names.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/musl.h"
#include "originbypass/guest/process.h"
#include "originbypass/lookup/nat64.h"
#include "originbypass/lookup/translated.h"
#include "originbypass/lookup/verdict.h"
#include "originbypass/rules/policy.h"
#include "originbypass/rules/policy_warnings.h"

/* What libc's addresses contain. */
struct survey {
    bool has_accepted, has_rejected, has_edge;
    struct address rejected, edge; /* the first of each */
};

/* If external DNS has said that the name has no address of this family, an address from libc is the edge's. */
static bool may_have(const struct lookup *lookup, const struct address *address) {
    sa_family_t family = translated_family(address);
    return policy_has_family(lookup->settings, family) && !lookup_lacks(lookup, family);
}

static void survey_address(struct survey *survey, const struct lookup *lookup, const struct address *address) {
    const struct host_settings *settings = lookup->settings;
    struct address judged;
    if (!may_have(lookup, address))
        return;
    if (translated_rejection(settings, address, &judged) == NULL) {
        survey->has_accepted = true;
    } else if (!survey->has_rejected) {
        survey->has_rejected = true;
        survey->rejected = judged;
    }
    if (!survey->has_edge && translated_edge(settings, address, &judged) != NULL) {
        survey->has_edge = true;
        survey->edge = judged;
    }
}

/* Longer than it takes to write two messages. */
#define WARNING_MS 500

static void warn_of_survey(const struct lookup *lookup, const struct survey *survey) {
    struct warned_host host = {.settings = lookup->settings,
                               .name = &lookup->name,
                               .host = lookup->host,
                               .unanswered = !lookup_has(lookup, OUTCOME_NO_NAME)};
    struct process_section section;
    bool all_rejected = survey->has_rejected && !survey->has_accepted;
    if ((!all_rejected && !survey->has_edge) || !process_enter(&section, clock_now_ms() + WARNING_MS))
        return;
    process_adopt_copy();
    if (survey->has_edge)
        policy_warn_of_edge(host, &survey->edge);
    if (all_rejected)
        policy_warn_of_rejection(host, &survey->rejected, !lookup->settings->strict);
    process_leave(&section);
}

/* The h_errno value for what is left; NETDB_SUCCESS: some addresses are left. */
static int judge_survey(const struct lookup *lookup, const struct survey *survey) {
    warn_of_survey(lookup, survey);
    if (survey->has_accepted || (survey->has_rejected && !lookup->settings->strict))
        return NETDB_SUCCESS;
    return survey->has_rejected ? TRY_AGAIN : NO_DATA;
}

static bool may_stay(const struct lookup *lookup, const struct survey *survey, const struct address *address) {
    struct address judged;
    return may_have(lookup, address) &&
           (!survey->has_accepted || translated_rejection(lookup->settings, address, &judged) == NULL);
}

/* An IPv6 address of libc's may be an IPv4 one that its DNS64 has translated: then the lists look inside. */
static void learn_before_judging(const struct lookup *lookup, const struct address *address) {
    if (address->family == AF_INET6 && nat64_may_help(lookup->now_ms))
        nat64_learn();
}

/* ---- addrinfo ---- */

/* An IPv4-mapped address comes from an A record, for a caller that wants only IPv6 (AI_V4MAPPED). */
static bool read_addrinfo(const struct addrinfo *info, struct address *address) {
    if (!address_is_whole(info) || !address_of_socket(info->ai_addr, address))
        return false;
    if (address->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->ipv6)) {
        address->family = AF_INET;
        memmove(address->octets, address->octets + 12, sizeof(address->ipv4));
    }
    return true;
}

/* The first node of the list must keep the canonical name. */
static void remove_node(struct addrinfo **link) {
    struct addrinfo *info = *link;
    *link = info->ai_next;
    if (info->ai_canonname != NULL && info->ai_next != NULL) {
        info->ai_next->ai_canonname = info->ai_canonname;
        info->ai_canonname = NULL;
    }
    info->ai_next = NULL;
    freeaddrinfo(info);
}

/* What decides whether a node stays. */
struct sieve {
    const struct lookup *lookup;
    const struct survey *survey;
    bool keeps_any;
};

static bool keeps(const struct addrinfo *info, const void *context) {
    const struct sieve *sieve = context;
    struct address address;
    return sieve->keeps_any && (!read_addrinfo(info, &address) || may_stay(sieve->lookup, sieve->survey, &address));
}

static void remove_nodes(const struct sieve *sieve, struct addrinfo **list) {
    for (struct addrinfo **link = list; *link != NULL;) {
        if (keeps(*link, sieve))
            link = &(*link)->ai_next;
        else
            remove_node(link);
    }
}

static int error_of_verdict(int verdict) {
    if (verdict == NETDB_SUCCESS)
        return 0;
    if (verdict == TRY_AGAIN)
        return EAI_AGAIN;
    return libc_is_musl() ? musl_no_data_error() : EAI_NODATA;
}

int fallback_addrinfo(const struct lookup *lookup, struct addrinfo **list) {
    struct survey survey = {0};
    struct address address;
    int error = errno, removed = 0;
    for (const struct addrinfo *info = *list; info != NULL; info = info->ai_next)
        if (read_addrinfo(info, &address)) {
            learn_before_judging(lookup, &address);
            survey_address(&survey, lookup, &address);
        }
    int verdict = judge_survey(lookup, &survey);
    const struct sieve sieve = {lookup, &survey, verdict == NETDB_SUCCESS};
    if (libc_is_musl())
        removed = addrinfo_musl_keep(list, keeps, &sieve);
    else
        remove_nodes(&sieve, list);
    errno = error;
    return removed != 0 ? removed : error_of_verdict(verdict);
}

/* ---- hostent ---- */

static struct address read_hostent(const struct hostent *host, size_t position) {
    struct address address = {.family = (sa_family_t)host->h_addrtype};
    memcpy(address.octets, host->h_addr_list[position], address_size(address.family));
    return address;
}

/* Another preloaded library may have made it. */
static bool has_usable_addresses(const struct hostent *host) {
    return (host->h_addrtype == AF_INET || host->h_addrtype == AF_INET6) && host->h_addr_list != NULL &&
           host->h_length >= (int)address_size((sa_family_t)host->h_addrtype);
}

int fallback_hostent(const struct lookup *lookup, struct hostent *host) {
    struct survey survey = {0};
    size_t kept = 0;
    if (!has_usable_addresses(host))
        return NO_DATA;
    for (size_t i = 0; host->h_addr_list[i] != NULL; i++) {
        struct address address = read_hostent(host, i);
        learn_before_judging(lookup, &address);
        survey_address(&survey, lookup, &address);
    }
    int verdict = judge_survey(lookup, &survey);
    for (size_t i = 0; verdict == NETDB_SUCCESS && host->h_addr_list[i] != NULL; i++) {
        struct address address = read_hostent(host, i);
        if (may_stay(lookup, &survey, &address))
            host->h_addr_list[kept++] = host->h_addr_list[i];
    }
    if (verdict == NETDB_SUCCESS)
        host->h_addr_list[kept] = NULL;
    return verdict;
}

static bool leads_to_edge(const struct lookup *lookup, const struct address *address) {
    learn_before_judging(lookup, address);
    return lookup_is_edge(lookup, address);
}

bool fallback_addrinfo_has_edge(const struct lookup *lookup, const struct addrinfo *list, struct address *edge) {
    for (; list != NULL; list = list->ai_next)
        if (read_addrinfo(list, edge) && leads_to_edge(lookup, edge))
            return true;
    return false;
}

bool fallback_hostent_has_edge(const struct lookup *lookup, const struct hostent *host, struct address *edge) {
    for (size_t i = 0; has_usable_addresses(host) && host->h_addr_list[i] != NULL; i++) {
        *edge = read_hostent(host, i);
        if (leads_to_edge(lookup, edge))
            return true;
    }
    return false;
}

bool fallback_to_rejected(struct lookup *lookup) {
    struct process_section section;
    if (!process_enter(&section, clock_now_ms() + WARNING_MS))
        return false;
    process_adopt_copy();
    bool used = verdict_use_rejected(lookup);
    process_leave(&section);
    return used;
}
