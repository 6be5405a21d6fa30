#include "originbypass/command/doctor/doctor_upstreams.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_failure.h"
#include "originbypass/command/doctor/findings.h"

static const char OPEN_THE_WAY[] =
    "Let this pod's or host's traffic out to port 53 of each upstream, UDP and TCP (in Kubernetes: an egress rule in a "
    "NetworkPolicy), or name servers in ORIGIN_BYPASS_UPSTREAMS that it can reach";

static enum doctor_reach reach_of(const struct ask_reply *reply) {
    if (reply->answer != NULL)
        return REACH_ANSWERS;
    switch (reply->kind) {
    case DNS_SILENT:
        return REACH_SILENT;
    case DNS_UNREACHABLE:
        return REACH_UNREACHABLE;
    default:
        return REACH_REFUSES;
    }
}

static bool is_heard(enum doctor_reach reach) {
    return reach == REACH_ANSWERS || reach == REACH_REFUSES;
}

/* --- each of them ------------------------------------------------------------------------------------------------- */

struct transport {
    enum dns_transport transport;
    const char *name, *check;
};

static const struct transport UDP = {DNS_OVER_UDP, "UDP", "upstream-udp"};
static const struct transport TCP = {DNS_OVER_TCP, "TCP", "upstream-tcp"};

static void tell_answer(const struct doctor_upstream *upstream, const struct transport *over,
                        const struct ask_reply *reply) {
    uint64_t us = reply->round_trip_us;
    struct finding finding = {FINDING_GOOD, over->check, upstream->text, NULL};
    if (us < 100)
        findings_tell(&finding, "answers over %s in < 0.1 ms", over->name);
    else
        findings_tell(&finding, "answers over %s in %" PRIu64 ".%" PRIu64 " ms", over->name, us / 1000, us / 100 % 10);
}

/* A server's reply to the name, which is no answer, and then its reply to another name. */
struct refusal {
    const struct ask_reply *reply;
    const char *other_name;
    const struct ask_reply *other;
};

static bool is_silence(const struct ask_reply *reply) {
    return reply->answer == NULL && (reply->kind == DNS_SILENT || reply->kind == DNS_UNREACHABLE);
}

static bool is_failure(const struct ask_reply *reply, const char *code) {
    return reply->answer == NULL && strcmp(reply->failure, code) == 0;
}

/* Then it is not the name that matters. */
static bool is_for_all_names(const struct refusal *refusal) {
    return is_failure(refusal->other, refusal->reply->failure);
}

static char *remedy_for_refusal(const struct doctor_upstream *upstream, const struct refusal *refusal) {
    if (is_for_all_names(refusal) && is_failure(refusal->reply, "SERVFAIL"))
        return memory_text("Check the server itself (its way to the network, and its clock, which DNSSEC needs), or "
                           "name another one");
    if (!is_silence(refusal->reply))
        return doctor_remedy_for(refusal->reply, upstream->name);
    char *server = describe_address(&upstream->server.address);
    char *remedy = text_format("The network is fine. Ask the server itself (dig @%s -p %u %s) and the zone's own name "
                               "servers (dig +trace %s), or try another upstream",
                               server, (unsigned)upstream->server.port, upstream->name, upstream->name);
    free(server);
    return remedy;
}

/* What follows from a failure for this name, and for all names if it is the same for another one. */
static const char *meaning_of(const struct refusal *refusal) {
    bool for_all = is_for_all_names(refusal);
    if (is_failure(refusal->reply, "SERVFAIL"))
        return for_all ? ": it can look nothing up"
                       : ": its own lookup of this name failed (DNSSEC, or the zone's name servers)";
    if (is_failure(refusal->reply, "REFUSED"))
        return for_all ? ": it does not serve this client" : ": it does not serve this name";
    return "";
}

static void tell_upstream_refusal(const struct doctor_upstream *upstream, const struct transport *over,
                                  const struct refusal *refusal, uint32_t timeout_ms) {
    char *remedy = remedy_for_refusal(upstream, refusal);
    struct finding finding = {FINDING_BAD, over->check, upstream->text, remedy};
    const char *link = is_for_all_names(refusal)        ? " and for "
                       : refusal->other->answer != NULL ? ", and answers for "
                                                        : NULL;
    if (is_silence(refusal->reply))
        findings_tell(&finding,
                      "is silent over %s for %s for %" PRIu32
                      " ms, and replies when it is asked for %s: its own lookup "
                      "of this name takes too long, or it drops the question",
                      over->name, upstream->name, timeout_ms, refusal->other_name);
    else
        findings_tell(&finding, "says %s over %s for %s%s%s%s", refusal->reply->failure, over->name, upstream->name,
                      link == NULL ? "" : link, link == NULL ? "" : refusal->other_name, meaning_of(refusal));
    free(remedy);
}

/* TCP is used only for answers that are too long for UDP, so a failure of TCP matters less. */
static void tell_no_way(const struct doctor_upstream *upstream, const struct transport *over, enum doctor_reach reach,
                        uint32_t timeout_ms) {
    bool spare = over == &TCP && is_heard(upstream->udp);
    const char *so = spare ? "; only answers too long for UDP are lost by it" : "";
    struct finding finding = {spare ? FINDING_NOTE : FINDING_BAD, over->check, upstream->text, OPEN_THE_WAY};
    if (reach == REACH_SILENT)
        findings_tell(&finding, "nothing comes back over %s within %" PRIu32 " ms%s", over->name, timeout_ms, so);
    else
        findings_tell(&finding, "not reachable over %s: rejected on the way, refused there, or no route%s", over->name,
                      so);
}

static enum doctor_reach tell_reply(const struct doctor_upstream *upstream, const struct transport *over,
                                    const struct refusal *refusal, uint32_t timeout_ms) {
    enum doctor_reach reach = reach_of(refusal->reply);
    /* If it replies to another question, the network is not what keeps this answer away. */
    if (!is_heard(reach) && !is_silence(refusal->other) && refusal->other->kind != DNS_OUR_FAULT)
        reach = REACH_REFUSES;
    if (reach == REACH_ANSWERS)
        tell_answer(upstream, over, refusal->reply);
    else if (reach == REACH_REFUSES)
        tell_upstream_refusal(upstream, over, refusal, timeout_ms);
    else
        tell_no_way(upstream, over, reach, timeout_ms);
    return reach;
}

/* A name in another zone, of which a server that works knows something, or at least says that it does not serve it. */
static const char *other_name_than(const char *name) {
    static const char first[] = "example.com", second[] = "example.net";
    size_t length = strlen(name), zone = sizeof(first) - 1;
    return length >= zone && strcasecmp(name + length - zone, first) == 0 ? second : first;
}

/* Ask again for another name whatever had no answer. A place in `others` stays empty if there was one. */
static void ask_for_others(const struct ask_question *questions, const struct ask_replies *replies,
                           struct ask_replies *others, size_t count) {
    struct ask_question *asked = memory_zeroed(count, sizeof(asked[0]));
    struct ask_replies *found = memory_zeroed(count, sizeof(found[0]));
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (replies[i].types[0].answer == NULL) {
            asked[used] = questions[i];
            asked[used++].name = other_name_than(questions[i].name);
        }
    ask_together(asked, found, used);
    used = 0;
    for (size_t i = 0; i < count; i++)
        if (replies[i].types[0].answer == NULL)
            others[i] = found[used++];
    free(found);
    free(asked);
}

/* All servers are asked at the same time, so that several silent servers cost no more time than one. */
static void look_at_each(struct doctor *doctor) {
    uint32_t timeout_ms = doctor->config->general.query.timeout_ms;
    size_t count = doctor->upstream_count;
    struct ask_question *questions = memory_zeroed(2 * count, sizeof(questions[0]));
    struct ask_replies *replies = memory_zeroed(4 * count, sizeof(replies[0])), *others = replies + 2 * count;
    for (size_t i = 0; i < 2 * count; i++) {
        const struct doctor_upstream *upstream = &doctor->upstreams[i / 2];
        enum dns_transport transport = i % 2 == 0 ? UDP.transport : TCP.transport;
        questions[i] = (struct ask_question){&upstream->server, transport, upstream->name, RECORD_A, timeout_ms};
    }
    ask_together(questions, replies, 2 * count);
    ask_for_others(questions, replies, others, 2 * count);
    for (size_t i = 0; i < 2 * count; i++) {
        struct doctor_upstream *upstream = &doctor->upstreams[i / 2];
        struct refusal refusal = {&replies[i].types[0], other_name_than(upstream->name), &others[i].types[0]};
        if (i % 2 == 0)
            upstream->udp = tell_reply(upstream, &UDP, &refusal, timeout_ms);
        else
            upstream->tcp = tell_reply(upstream, &TCP, &refusal, timeout_ms);
    }
    for (size_t i = 0; i < 4 * count; i++)
        ask_free(&replies[i]);
    free(replies);
    free(questions);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static size_t count_heard(const struct doctor *doctor, bool over_udp) {
    size_t count = 0;
    for (size_t i = 0; i < doctor->upstream_count; i++)
        count += is_heard(over_udp ? doctor->upstreams[i].udp : doctor->upstreams[i].tcp);
    return count;
}

/* How the packets that do not arrive are lost. */
static const char *loss(const struct doctor *doctor, bool over_udp) {
    bool silent = false, unreachable = false;
    for (size_t i = 0; i < doctor->upstream_count; i++) {
        enum doctor_reach reach = over_udp ? doctor->upstreams[i].udp : doctor->upstreams[i].tcp;
        silent = silent || reach == REACH_SILENT;
        unreachable = unreachable || reach == REACH_UNREACHABLE;
    }
    return silent && unreachable ? "dropped and rejected" : silent ? "dropped" : "rejected";
}

static void tell_barred(const struct doctor *doctor) {
    bool only_one = doctor->upstream_count == 1;
    findings_tell(&(struct finding){FINDING_CAUSE, "network-policy", "external DNS", OPEN_THE_WAY},
                  only_one ? "the only upstream is out of reach, over UDP and TCP (packets are %s): it is down, or a "
                             "network policy or firewall is in the way. Nothing else can work until it answers"
                           : "every upstream is out of reach, over UDP and TCP (packets are %s): a network policy or "
                             "firewall is in the way. Nothing else can work until they answer",
                  loss(doctor, true));
}

static void tell_one_transport_barred(const struct doctor *doctor, bool udp_barred) {
    struct finding finding = {udp_barred ? FINDING_CAUSE : FINDING_NOTE, "network-policy", "external DNS",
                              udp_barred ? "Allow UDP to port 53 in the network policy or firewall: the library asks "
                                           "over UDP first"
                                         : "Allow TCP to port 53 in the network policy or firewall, too, for answers "
                                           "that are too long for UDP"};
    findings_tell(&finding,
                  "%s to port 53 of every upstream is %s, %s passes: a network policy or firewall is in the way",
                  udp_barred ? "UDP" : "TCP", loss(doctor, udp_barred), udp_barred ? "TCP" : "UDP");
}

static void tell_whether_barred(const struct doctor *doctor) {
    size_t over_udp = count_heard(doctor, true), over_tcp = count_heard(doctor, false);
    if (over_udp == 0 && over_tcp == 0)
        tell_barred(doctor);
    else if (over_udp == 0 || over_tcp == 0)
        tell_one_transport_barred(doctor, over_udp == 0);
    else if (over_udp < doctor->upstream_count)
        findings_tell(
            &(struct finding){FINDING_NOTE, "network-policy", "external DNS", NULL},
            "%zu of %zu upstreams can be asked: no network policy bars them all, the others are down or barred "
            "each for itself",
            over_udp, doctor->upstream_count);
    else
        findings_tell(&(struct finding){FINDING_GOOD, "network-policy", "external DNS", NULL},
                      "no network policy keeps the upstreams away");
}

void doctor_upstreams(struct doctor *doctor) {
    look_at_each(doctor);
    tell_whether_barred(doctor);
}
