#include "originbypass/command/doctor/doctor_names.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/local.h"
#include "originbypass/command/dns/local_files.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_failure.h"
#include "originbypass/command/doctor/doctor_local.h"
#include "originbypass/command/doctor/doctor_split.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/config/source.h"
#include "originbypass/guest/clock.h"
#include "originbypass/lookup/nat64.h"
#include "originbypass/rules/policy.h"

/* --- the rule ----------------------------------------------------------------------------------------------------- */

/* What to write to have the host listed. */
static char *remedy_for_unlisted(const struct config *config, const char *host) {
    if (config->file != NULL && config->rules[0].line > 0)
        return text_format("Add \"%s\" to hosts in %s", host, config->file);
    return text_format("Add %s to %s", host, config_variable_name(CONFIG_VARIABLE_HOSTS));
}

static void tell_excluded(const struct doctor *doctor, const char *host, const struct host_rule *rule) {
    char *text = describe_rule(rule), *place = describe_place(doctor->config, rule);
    char *remedy = rule->kind == RULE_NAME
                       ? text_format("Remove \"%s\" there", text)
                       : text_format("Remove \"%s\" there, or add \"%s\", which is more specific", text, host);
    findings_tell(&(struct finding){FINDING_BAD, "rule", host, remedy}, "the rule %s (%s) excludes it: libc answers",
                  text, place);
    free(remedy);
    free(place);
    free(text);
}

static bool lists_all_names(const struct config *config) {
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].kind == RULE_ALL && !config->rules[i].excluded)
            return true;
    return false;
}

/* The full name that libc completes a short name to and that is listed; the caller must free(3) it. NULL: none. */
static char *listed_full_name(const struct doctor *doctor, const char *host) {
    char *domains = strchr(host, '.') == NULL ? local_files_search() : NULL, *rest = NULL, *found = NULL;
    const char *domain = domains == NULL ? NULL : strtok_r(domains, " \t\r", &rest);
    for (; domain != NULL && found == NULL; domain = strtok_r(NULL, " \t\r", &rest)) {
        found = text_format("%s.%s", host, domain);
        if (doctor_is_listed(doctor, found))
            continue;
        free(found);
        found = NULL;
    }
    free(domains);
    return found;
}

/* A rule is for a name as the program writes it, and external DNS knows no short names. */
static bool tell_short_name(const struct doctor *doctor, const char *host) {
    char *full = listed_full_name(doctor, host);
    char *remedy = text_format("Write %s into the program, in place of %s", full == NULL ? "" : full, host);
    if (full != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "rule", host, remedy},
                      "is a short name, which libc completes to %s (search in /etc/resolv.conf). That one is listed, "
                      "and the short name is not: libc answers",
                      full);
    free(remedy);
    free(full);
    return full != NULL;
}

static void tell_unlisted(const struct doctor *doctor, const char *host) {
    if (tell_short_name(doctor, host))
        return;
    char *remedy = remedy_for_unlisted(doctor->config, host);
    findings_tell(&(struct finding){FINDING_BAD, "rule", host, remedy},
                  lists_all_names(doctor->config)
                      ? "is not listed, the rule * is not for names without a dot or local names: libc answers"
                      : "is not listed, no host rule matches it: libc answers");
    free(remedy);
}

/* If there are no rules at all, or if the process has not noticed a change, this has been reported already. */
static void look_at_rule(const struct doctor *doctor, const char *host) {
    struct name name;
    const struct host_rule *rule = name_fold(&name, host) ? rules_match(doctor->rules, &name) : NULL;
    if (rule == NULL && doctor->config->rule_count > 0 && !doctor->is_former)
        tell_unlisted(doctor, host);
    else if (rule != NULL && rule->excluded)
        tell_excluded(doctor, host, rule);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static size_t count_edges(const struct host_settings *settings, const struct address_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += policy_edge(settings, &set->list[i]) != NULL;
    return count;
}

static size_t count_mesh_addresses(const struct address_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += doctor_is_mesh_address(&set->list[i]);
    return count;
}

/* --- what the answers mean ---------------------------------------------------------------------------------------- */

/* An answer, and the same in words. */
struct side {
    struct address_set set;
    char *text;
    bool edge;
};

static struct side side_of(const struct host_settings *settings, struct address_set set) {
    return (struct side){set, address_set_text(&set), count_edges(settings, &set) > 0};
}

/* The hosts file may be what libc's answer is from. Then DNS does not matter. */
static struct side side_of_libc(const struct host_settings *settings, const char *host, struct address_set set) {
    struct side side = side_of(settings, set);
    char *place = local_files_place(host, &set), *text = side.text;
    if (place != NULL) {
        side.text = text_format("%s (%s)", text, place);
        free(text);
    }
    free(place);
    return side;
}

static void side_free(struct side *side) {
    address_set_free(&side->set);
    free(side->text);
}

/* Why libc has no answer. The caller frees the text. */
static void tell_no_local(const char *host, int problem) {
    char *why = doctor_local_why(problem);
    findings_tell(&(struct finding){FINDING_NOTE, "local", host, NULL}, "libc has no answer: %s", why);
    free(why);
}

static void tell_local(const char *host, const struct side *local, int problem) {
    if (count_mesh_addresses(&local->set) > 0)
        findings_tell(&(struct finding){FINDING_NOTE, "mesh-address", host, NULL},
                      "libc says %s, which Istio's DNS proxy gives to services in the mesh", local->text);
    else if (problem != 0)
        tell_no_local(host, problem);
    else if (local->edge)
        findings_tell(&(struct finding){FINDING_NOTE, "local", host, NULL},
                      "libc says %s, an edge of the CDN, as expected", local->text);
    else
        findings_tell(&(struct finding){FINDING_GOOD, "local", host, NULL}, "libc says %s", local->text);
}

/* A router that leads port 53 to the local DNS looks the same from here. */
static const char WAYS_IF_NO_ROUTER[] = DOCTOR_WAYS_TO_THE_ORIGIN
    ". But if these servers tell another network the origin's address, a router leads port 53 to the local DNS: "
    "let it out there";

static const char NEEDS_IPV6[] = "Give the name an A record, pin an IPv4 address of the origin (addresses in the "
                                 "configuration file), or give this host IPv6";
static const char NEEDS_ROUTE[] = "Give this host a route to them, or write addresses into the configuration file that "
                                  "can be reached from here";

static const char CORRECT_THE_QUERY[] =
    "Correct the query of this host in the configuration file: it must be a name that leads to the origin";

static const char NEEDS_NAT64[] =
    "Give the name an AAAA record, pin an IPv6 address of the origin (addresses in the configuration file), or give "
    "this "
    "host IPv4 or a NAT64, whose prefix libc's DNS tells; see liboriginbypass(7), A HOST WITH IPV6 ALONE";

static size_t count_ipv6(const struct address_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->list[i].family == AF_INET6;
    return count;
}

/* The library has looked for a prefix by now, because the host needed one. */
static bool has_ipv6_alone_without_nat64(void) {
    struct nat64_prefixes prefixes;
    return nat64_look_at_host(clock_recent_ms()) & 1 && !nat64_known(&prefixes);
}

/* The addresses are what a program connects to, from external DNS or from libc. */
static void tell_no_route(const char *host, const struct side *side) {
    size_t ipv6 = count_ipv6(&side->set);
    struct finding finding = {FINDING_BAD, "route", host, NEEDS_ROUTE};
    if (ipv6 == side->set.count) {
        finding.remedy = NEEDS_IPV6;
        findings_tell(&finding, "has only IPv6 addresses (%s), and this host has no IPv6 route to them", side->text);
    } else if (ipv6 == 0 && has_ipv6_alone_without_nat64()) {
        finding.remedy = NEEDS_NAT64;
        findings_tell(
            &finding,
            "has only IPv4 addresses (%s), this host has IPv6 alone, and no NAT64 that leads there: libc has no "
            "IPv6 address for ipv4only.arpa",
            side->text);
    } else {
        findings_tell(&finding, "its addresses are %s, and this host has no route to any of them", side->text);
    }
}

static bool is_rejected(const struct host_settings *settings, const struct side *side) {
    return settings->pinned_ipv4 == NULL && side->set.count > 0 &&
           policy_rejection(settings, &side->set.list[0]) != NULL;
}

static bool is_all_edge(const struct host_settings *settings, const struct address_set *set) {
    return count_edges(settings, set) == set->count;
}

/*
 * One upstream gives an origin, and another something else: then that server is at fault, and nothing is wrong with
 * public DNS. Returns whether this was told.
 */
static bool tell_split(const char *host, const struct doctor_split *split) {
    if (split->leading == NULL || split->misleading == NULL)
        return false;
    char *remedy = text_format("Take %s out of upstreams or ORIGIN_BYPASS_UPSTREAMS, or give the host upstreams of its "
                               "own in the configuration file",
                               split->to_take_out);
    findings_tell(&(struct finding){FINDING_BAD, "difference", host, remedy},
                  "the upstreams differ, and the first that answers decides: no origin from %s; an origin from %s",
                  split->misleading, split->leading);
    free(remedy);
    return true;
}

/* libc asks them, too. */
static bool are_local(const struct server_list *upstreams) {
    for (size_t i = 0; i < upstreams->count; i++)
        if (!local_files_name(&upstreams->servers[i]))
            return false;
    return true;
}

static const char *remedy_for_edge(const struct doctor *doctor, const struct host_settings *settings,
                                   const struct side *external, const struct side *local) {
    if (settings->pinned_ipv4 != NULL)
        return "Write the origin's own addresses into addresses of this host, not the CDN's";
    if (doctor->is_captured)
        return "First deal with the findings about who answers in the upstreams' place";
    if (settings->query_name != NULL)
        return CORRECT_THE_QUERY;
    if (!is_all_edge(settings, &external->set))
        return "Write reject = [ \"cloudflare\" ] into the configuration of this host, which takes out the edge, or "
               "correct the zone";
    if (are_local(settings->upstreams))
        return "Name a server outside in upstreams or ORIGIN_BYPASS_UPSTREAMS, such as 8.8.8.8: those that are named "
               "there are libc's own";
    return address_set_equal(&external->set, &local->set) ? WAYS_IF_NO_ROUTER : DOCTOR_WAYS_TO_THE_ORIGIN;
}

/* Who says it, and of which name; for the caller to free. */
static char *source_of_edge(const struct host_settings *settings) {
    if (settings->pinned_ipv4 != NULL)
        return memory_text("the configuration");
    return settings->query_name == NULL ? memory_text("external DNS")
                                        : text_format("of its query %s external DNS", settings->query_name);
}

static void tell_edge(const struct doctor *doctor, const char *host, const struct side *external,
                      const struct side *local) {
    const struct host_settings *settings = doctor_settings(doctor, host);
    char *source = source_of_edge(settings);
    findings_tell(&(struct finding){FINDING_BAD, "edge", host, remedy_for_edge(doctor, settings, external, local)},
                  "%s says %s, %s%s%s", source, external->text,
                  is_all_edge(settings, &external->set) ? "an edge of the CDN and no origin"
                                                        : "of which some are an edge of the CDN and no origin",
                  address_set_equal(&external->set, &local->set) ? ", as libc does" : "",
                  is_rejected(settings, external)
                      ? "; reject takes all of them, and a program gets them all the same, as fallback = "
                        "\"never\" and strict is not set"
                      : "");
    free(source);
}

/* The servers that say so. */
static void tell_this_host(const char *host, const struct side *external, const struct doctor_split *split) {
    char *remedy = split->to_take_out == NULL
                       ? memory_text("Name an upstream that does not filter, or correct the zone")
                       : text_format("Name an upstream that does not filter in place of %s, or correct the zone",
                                     split->to_take_out);
    findings_tell(&(struct finding){FINDING_BAD, "external", host, remedy},
                  "external DNS says %s (%s), which leads a program to its own host: a resolver that blocks names says "
                  "so, or the zone is wrong",
                  external->text, split->misleading == NULL ? "no longer" : split->misleading);
    free(remedy);
}

static void tell_external(const struct doctor *doctor, const char *host, const struct side *external,
                          const struct side *local, const struct doctor_split *split) {
    const struct host_settings *settings = doctor_settings(doctor, host);
    if (tell_split(host, split))
        return;
    if (external->edge)
        tell_edge(doctor, host, external, local);
    else if (is_rejected(settings, external))
        findings_tell(&(struct finding){FINDING_BAD, "external", host, "Correct reject or accept of this host"},
                      "external DNS says %s; reject takes all of them, and a program gets them all the same, as "
                      "fallback = \"never\" and strict is not set",
                      external->text);
    else if (settings->pinned_ipv4 == NULL && doctor_is_this_host(&external->set))
        tell_this_host(host, external, split);
    else if (!doctor_has_route(&external->set))
        tell_no_route(host, external);
    else if (address_set_equal(&external->set, &local->set))
        findings_tell(&(struct finding){FINDING_NOTE, "external", host, NULL},
                      "external DNS says the same: there is nothing to bypass");
    else
        findings_tell(&(struct finding){FINDING_GOOD, "external", host, NULL}, "%s says %s%s",
                      settings->pinned_ipv4 == NULL ? "external DNS" : "the configuration", external->text,
                      local->edge ? ": with the library a program connects there" : "");
}

/* The library leaves the name to libc, so external DNS does not matter. */
static void tell_unlisted_answer(const char *host, const struct side *local, int problem) {
    if (problem != 0)
        doctor_local_failure(host, problem);
    else if (count_mesh_addresses(&local->set) > 0)
        findings_tell(&(struct finding){FINDING_NOTE, "mesh-address", host, NULL},
                      "a program gets libc's answer: %s, which Istio's DNS proxy gives to services in the mesh",
                      local->text);
    else if (!doctor_has_route(&local->set))
        tell_no_route(host, local);
    else
        findings_tell(&(struct finding){FINDING_NOTE, "local", host, NULL}, "a program gets libc's answer: %s%s",
                      local->text, local->edge ? ", an edge of the CDN and no origin" : "");
}

static void doctor_unlisted_name(const struct doctor *doctor, struct doctor_host *looked_at) {
    struct address_set set = {0};
    int problem = local_end(&looked_at->local, &set);
    struct side local = side_of_libc(&doctor->config->general, looked_at->name, set);
    look_at_rule(doctor, looked_at->name);
    looked_at->is_libcs = true;
    looked_at->has_address = local.set.count > 0;
    looked_at->has_route = doctor_has_route(&local.set);
    tell_unlisted_answer(looked_at->name, &local, problem);
    side_free(&local);
}

/* Split horizon: the local DNS has names of its own, which a wildcard may list by mistake. */
static void tell_internal(const char *host, const struct side *local, const struct side *external) {
    char *remedy = text_format("If a program should connect inside, exclude the name: \"!%s\" among the hosts", host);
    findings_tell(&(struct finding){FINDING_NOTE, "internal", host, remedy},
                  "the local DNS leads inside (%s), and with the library a program connects outside (%s)", local->text,
                  external->text);
    free(remedy);
}

/* A single good answer need not be asked for again. */
static void look_at_answer(const struct doctor *doctor, const char *host, const struct side *external,
                           const struct side *local) {
    const struct host_settings *settings = doctor_settings(doctor, host);
    struct doctor_split split = {0};
    if (settings->pinned_ipv4 == NULL && (settings->upstreams->count > 1 || doctor_is_this_host(&external->set)))
        split = doctor_split_of(settings, host);
    tell_external(doctor, host, external, local, &split);
    doctor_split_free(&split);
    doctor_difference(doctor, host);
}

/* Of a rule with `when = "edge"`: the library gives the program what libc says. */
static void doctor_name_without_edge(struct doctor_host *looked_at, const struct side *local, int problem) {
    looked_at->is_libcs = true;
    looked_at->has_address = local->set.count > 0;
    looked_at->has_route = doctor_has_route(&local->set);
    if (problem != 0)
        doctor_local_failure(looked_at->name, problem);
    else if (!looked_at->has_route)
        tell_no_route(looked_at->name, local);
    else
        findings_tell(&(struct finding){FINDING_GOOD, "local", looked_at->name, NULL},
                      "libc says %s, no edge of the CDN: a program connects there, and external DNS is not asked "
                      "(when = \"edge\")",
                      local->text);
}

/* libc's edge stays. The operator may know an origin that public DNS does not show. */
static void tell_no_origin_outside(const struct doctor *doctor, const char *host, const struct side *local) {
    enum family_choice family = doctor_settings(doctor, host)->family;
    bool limited = family != FAMILY_ANY;
    findings_tell(&(struct finding){FINDING_NOTE, "external", host,
                                    limited ? "If the origin has an address of the other family, take family out of "
                                              "the configuration of this host"
                                            : DOCTOR_WAYS_TO_THE_ORIGIN},
                  "external DNS has no other address than edges%s%s%s: a program connects to the CDN (%s), as without "
                  "the library",
                  limited ? " that family = \"" : "", limited ? describe_family(family) : "",
                  limited ? "\" lets the host use" : "", local->text);
}

/* This report is about a lookup of a process that starts now. */
static void tell_kept(const struct doctor *doctor, const char *host) {
    const struct host_settings *settings = doctor_settings(doctor, host);
    if (doctor->pid != NULL && settings->cache.mode == CACHE_PINNED && settings->pinned_ipv4 == NULL)
        findings_tell(
            &(struct finding){FINDING_NOTE, "process-view", host,
                              "If it has another address than this report, restart it: a reload is not enough"},
            "process %s keeps the addresses that it got first until it ends (cache.mode = \"pinned\")", doctor->pid);
}

/* The local lookup has ended. */
static void doctor_name_with_rule(const struct doctor *doctor, struct doctor_host *looked_at, const struct side *local,
                                  int problem, struct address_set set, bool answered) {
    const char *host = looked_at->name;
    const struct host_settings *settings = doctor_settings(doctor, host);
    struct side external = side_of(settings, set);
    looked_at->has_address = external.set.count > 0 || (!answered && local->set.count > 0);
    looked_at->has_route = doctor_has_route(external.set.count > 0 ? &external.set : &local->set);
    looked_at->leads_here = settings->pinned_ipv4 == NULL && doctor_is_this_host(&external.set);
    looked_at->is_internal = settings->pinned_ipv4 == NULL && doctor_is_private(&local->set) &&
                             external.set.count > 0 && !doctor_is_private(&external.set);
    tell_local(host, local, problem);
    tell_kept(doctor, host);
    if (looked_at->is_internal)
        tell_internal(host, local, &external);
    if (external.set.count > 0)
        look_at_answer(doctor, host, &external, local);
    else
        doctor_failure(doctor, &(struct doctor_failed){host, !answered, problem, &local->set});
    side_free(&external);
}

/* Of a rule with `when = "edge"`: libc is asked first. */
static void doctor_name_that_may_lead_to_edge(const struct doctor *doctor, struct doctor_host *looked_at) {
    struct address_set local_set = {0}, set = {0};
    int problem = local_end(&looked_at->local, &local_set);
    struct side local = side_of_libc(doctor_settings(doctor, looked_at->name), looked_at->name, local_set);
    enum resolution_source source = local.edge ? doctor_find(looked_at->name, &set) : BY_LIBC;
    if (!local.edge) {
        doctor_name_without_edge(looked_at, &local, problem);
    } else if (source == BY_LIBC) {
        looked_at->has_address = true;
        looked_at->has_route = doctor_has_route(&local.set);
        looked_at->has_no_origin = true;
        tell_no_origin_outside(doctor, looked_at->name, &local);
    } else {
        doctor_name_with_rule(doctor, looked_at, &local, problem, set, source != BY_FALLBACK);
    }
    side_free(&local);
}

static void doctor_listed_name(const struct doctor *doctor, struct doctor_host *looked_at) {
    struct address_set set = {0}, local_set = {0};
    bool answered = doctor_external(looked_at->name, &set);
    int problem = local_end(&looked_at->local, &local_set);
    struct side local = side_of_libc(doctor_settings(doctor, looked_at->name), looked_at->name, local_set);
    doctor_name_with_rule(doctor, looked_at, &local, problem, set, answered);
    side_free(&local);
}

/* The addresses may be pinned, of another name, from servers of its own, or rejected. */
static void tell_unknown_settings(const struct doctor *doctor, struct doctor_host *looked_at) {
    struct address_set set = {0};
    (void)local_end(&looked_at->local, &set);
    address_set_free(&set);
    findings_tell(&(struct finding){FINDING_NOTE, "process-view", looked_at->name,
                                    "Ask again when the finding on its file has been dealt with"},
                  "the process lists it, but cannot tell with which settings (addresses, query, upstreams, reject): %s",
                  doctor->unknown);
}

void doctor_name(const struct doctor *doctor, struct doctor_host *looked_at) {
    if (doctor->unknown != NULL && doctor_is_listed(doctor, looked_at->name))
        tell_unknown_settings(doctor, looked_at);
    else if (doctor_is_listed(doctor, looked_at->name))
        (doctor_settings(doctor, looked_at->name)->when == WHEN_EDGE ? doctor_name_that_may_lead_to_edge
                                                                     : doctor_listed_name)(doctor, looked_at);
    else
        doctor_unlisted_name(doctor, looked_at);
}
