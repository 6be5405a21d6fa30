#include "originbypass/command/doctor/doctor_names.h"

#include <stdlib.h>

#include "originbypass/command/dns/local.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/doors/load.h"
#include "originbypass/guest/log.h"
#include "originbypass/lookup/lookup.h"
#include "originbypass/rules/policy.h"

/* --- the rule ----------------------------------------------------------------------------------------------------- */

/* If there are no rules at all, this has been reported already. */
static void look_at_rule(const struct doctor *doctor, const char *host) {
    struct name name;
    const struct host_rule *rule = name_fold(&name, host) ? rules_match(doctor->rules, &name) : NULL;
    if (rule == NULL && doctor->config->rule_count > 0)
        findings_tell(&(struct finding){FINDING_BAD, "rule", host, "List it in ORIGIN_BYPASS_HOSTS or in the file"},
                      "no host rule is for it: libc answers");
    else if (rule != NULL && rule->excluded)
        findings_tell(&(struct finding){FINDING_BAD, "rule", host, "Remove the rule, or add one that is more specific"},
                      "a rule with ! excludes it: libc answers");
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

/* An answer in words, and the words that introduce it. */
struct side {
    struct address_set set;
    char *text;
    bool edge;
};

static struct side side_of(const struct host_settings *settings, struct address_set set) {
    return (struct side){set, address_set_text(&set), count_edges(settings, &set) > 0};
}

static void side_free(struct side *side) {
    address_set_free(&side->set);
    free(side->text);
}

static void tell_local(const char *host, const struct side *local, int problem) {
    if (count_mesh_addresses(&local->set) > 0)
        findings_tell(&(struct finding){FINDING_NOTE, "mesh-address", host, NULL},
                      "the local DNS says %s, which Istio's DNS proxy gives to services in the mesh", local->text);
    else if (problem != 0)
        findings_tell(&(struct finding){FINDING_NOTE, "local", host, NULL}, "the local DNS has no answer: %s",
                      local_problem_text(problem));
    else if (local->edge)
        findings_tell(&(struct finding){FINDING_NOTE, "local", host, NULL},
                      "the local DNS says %s, an edge of the CDN, as expected", local->text);
    else
        findings_tell(&(struct finding){FINDING_GOOD, "local", host, NULL}, "the local DNS says %s", local->text);
}

static const char WAYS_TO_THE_ORIGIN[] = "In the configuration file give the host upstreams of its own (a hidden "
                                         "primary), a query (another name that leads to "
                                         "the origin) or addresses; see "
                                         "originbypass-troubleshooting(7), PUBLIC DNS SHOWS THE EDGE";

static void tell_failure(const char *host, const struct side *local) {
    findings_tell(&(struct finding){FINDING_BAD, "external", host,
                                    "See the findings on the upstreams; if they are good, the name does not exist "
                                    "outside: give the host a query or upstreams of its own"},
                  "external DNS has no address for it, so that libc answers: %s%s", local->text,
                  local->edge ? ", an edge of the CDN" : "");
}

static void tell_external(const struct doctor *doctor, const char *host, const struct side *external,
                          const struct side *local) {
    if (external->set.count == 0)
        findings_tell(&(struct finding){FINDING_BAD, "external", host, WAYS_TO_THE_ORIGIN},
                      "external DNS knows the name, without an address");
    else if (external->edge)
        findings_tell(&(struct finding){FINDING_BAD, "edge", host,
                                        doctor->is_captured
                                            ? "First deal with the findings about who answers in the upstreams' place"
                                            : WAYS_TO_THE_ORIGIN},
                      "external DNS says %s, an edge of the CDN and no origin%s", external->text,
                      address_set_equal(&external->set, &local->set) ? ", as the local DNS does" : "");
    else if (address_set_equal(&external->set, &local->set))
        findings_tell(&(struct finding){FINDING_NOTE, "external", host, NULL},
                      "external DNS says the same: there is nothing to bypass");
    else
        findings_tell(&(struct finding){FINDING_GOOD, "external", host, NULL}, "%s says %s%s",
                      doctor_settings(doctor, host)->pinned_ipv4 == NULL ? "external DNS" : "the configuration",
                      external->text, local->edge ? ": with the library a program connects there" : "");
}

void doctor_name(const struct doctor *doctor, struct doctor_host *looked_at) {
    const char *host = looked_at->name;
    const struct host_settings *settings = doctor_settings(doctor, host);
    struct address_set set = {0}, local_set = {0};
    look_at_rule(doctor, host);
    bool answered = doctor_external(doctor, host, &set);
    int problem = local_end(&looked_at->local, &local_set);
    struct side local = side_of(settings, local_set), external = side_of(settings, set);
    looked_at->has_address = external.set.count > 0 || local.set.count > 0;
    tell_local(host, &local, problem);
    if (answered)
        tell_external(doctor, host, &external, &local);
    else
        tell_failure(host, &local);
    side_free(&external);
    side_free(&local);
}
