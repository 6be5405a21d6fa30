#include "originbypass/command/doctor/doctor_upstreams.h"

#include <inttypes.h>
#include <stdlib.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/doctor/doctor_common.h"
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

static void tell_upstream_refusal(const struct doctor_upstream *upstream, const struct transport *over,
                                  const struct ask_reply *reply) {
    findings_tell(&(struct finding){FINDING_BAD, over->check, upstream->text,
                                    "Use a server that answers for this name and answers questions from here"},
                  "is there over %s, but does not answer for %s: %s", over->name, upstream->name, reply->failure);
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
                                    const struct ask_reply *reply, uint32_t timeout_ms) {
    enum doctor_reach reach = reach_of(reply);
    if (reach == REACH_ANSWERS)
        tell_answer(upstream, over, reply);
    else if (reach == REACH_REFUSES)
        tell_upstream_refusal(upstream, over, reply);
    else
        tell_no_way(upstream, over, reach, timeout_ms);
    return reach;
}

/* All servers are asked at the same time, so that several silent servers cost no more time than one. */
static void look_at_each(struct doctor *doctor) {
    uint32_t timeout_ms = doctor->config->general.query.timeout_ms;
    size_t count = doctor->upstream_count;
    struct ask_question *questions = memory_zeroed(2 * count, sizeof(questions[0]));
    struct ask_replies *replies = memory_zeroed(2 * count, sizeof(replies[0]));
    for (size_t i = 0; i < 2 * count; i++) {
        const struct doctor_upstream *upstream = &doctor->upstreams[i / 2];
        enum dns_transport transport = i % 2 == 0 ? UDP.transport : TCP.transport;
        questions[i] = (struct ask_question){&upstream->server, transport, upstream->name, RECORD_A, timeout_ms};
    }
    ask_together(questions, replies, 2 * count);
    for (size_t i = 0; i < count; i++) {
        struct doctor_upstream *upstream = &doctor->upstreams[i];
        upstream->udp = tell_reply(upstream, &UDP, &replies[2 * i].types[0], timeout_ms);
        upstream->tcp = tell_reply(upstream, &TCP, &replies[2 * i + 1].types[0], timeout_ms);
    }
    for (size_t i = 0; i < 2 * count; i++)
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
