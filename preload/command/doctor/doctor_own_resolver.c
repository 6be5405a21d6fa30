/* Whether a program has a resolver of its own: what it does, and what is in its files. */
#include "originbypass/command/doctor/doctor_own_resolver.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/dns_sockets.h"
#include "originbypass/command/programs/file_search.h"
#include "originbypass/command/programs/own_resolver.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/workers.h"

#define WHAT_HELPS "originbypass-programs(7), PROGRAMS WITH A RESOLVER OF THEIR OWN"

/* --- its files ---------------------------------------------------------------------------------------------------- */

/* c-ares names itself in the text of its version and in the names of its functions, unless these are stripped. */
static bool has_compiled_in(const char *path) {
    static const char *const names[] = {"ares_init_options", "ares_library_init", "c-ares library"};
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
        found = file_has_text(path, names[i], UINT64_MAX);
    return found;
}

/* For the caller to free. */
static char *describe_signs(const struct own_resolver *found) {
    if (found->has_resolv_conf && found->function != NULL)
        return text_format("contains /etc/resolv.conf and imports %s", found->function);
    if (found->has_resolv_conf)
        return memory_text("contains /etc/resolv.conf");
    if (found->resolver != NULL && found->needed == NULL)
        return text_format("needs %s", found->resolver);
    if (found->resolver != NULL)
        return text_format("needs %s, which needs %s", found->needed, found->resolver);
    if (found->function != NULL)
        return text_format("imports %s", found->function);
    return text_format("needs %s, which contains /etc/resolv.conf", found->needed);
}

/* The signs and what they may mean. NULL: there are none. The caller frees the text. */
static char *describe_program(const char *pid, const char *path) {
    struct own_resolver found;
    if (has_compiled_in(path))
        return memory_text("has c-ares compiled in, and asks DNS with it, always or sometimes");
    if (doctor_known_interpreter(path) || !own_resolver_find(pid, path, &found))
        return NULL;
    char *signs = describe_signs(&found);
    bool perhaps_no_addresses = found.function != NULL && !found.has_resolv_conf && found.resolver == NULL;
    char *text = text_format("%s: it may ask DNS itself, %s%s", signs,
                             perhaps_no_addresses ? "perhaps only for records other than addresses (MX, SRV, SSHFP)"
                                                  : "for all names, for some or for none",
                             found.asks_libc ? "; the library answers what it asks libc" : "");
    free(signs);
    own_resolver_free(&found);
    return text;
}

#define TO_FIND_OUT                                                                                                    \
    "To find out, have it look up a name under the library, and while it runs see originbypass doctor --pid, or "      \
    "strace -f -e trace=network for port 53. What helps is in " WHAT_HELPS

void doctor_own_resolver(const char *pid, const struct program *program, const char *shown) {
    char *text = program->resolver != NULL ? NULL : describe_program(pid, program->binary);
    if (text != NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "program-resolver", shown, TO_FIND_OUT}, "%s", text);
    free(text);
}

/* --- its sockets -------------------------------------------------------------------------------------------------- */

enum { SHOWN_MAX = 4 };

static bool is_in(const char *list, const char *text) {
    size_t length = strlen(text);
    for (const char *at = strstr(list, text); at != NULL; at = strstr(at + 1, text))
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
            return true;
    return false;
}

/* The peers of the sockets that are in an epoll set, or of those that are in none. Each peer is named once. NULL: there
 * is none. The caller frees the text. */
static char *peers_of(const struct dns_sockets *list, bool polled) {
    char *peers = NULL;
    size_t count = 0;
    for (size_t i = 0; i < list->count && count < SHOWN_MAX; i++) {
        if (list->sockets[i].is_polled != polled)
            continue;
        char *peer = dns_socket_text(&list->sockets[i]), *longer = peers;
        if (peers == NULL || !is_in(peers, peer)) {
            longer = text_format("%s%s%s", peers == NULL ? "" : peers, peers == NULL ? "" : ", ", peer);
            free(peers);
            count++;
        }
        peers = longer;
        free(peer);
    }
    return peers;
}

static void tell_polled(const char *pid, const char *about, const char *peers) {
    char *path = proc_file_target(pid, "exe");
    const char *what, *remedy = path == NULL ? NULL : doctor_known_resolver(path, &what);
    findings_tell(
        &(struct finding){FINDING_NOTE, "process-resolver", about,
                          remedy != NULL ? remedy
                                         : "Give its resolver the servers 8.8.8.8 and 1.1.1.1, or tell the "
                                           "program to ask libc, if it can. See " WHAT_HELPS},
        "asks DNS itself, without libc and the library: it has a socket to a DNS server (%s) and waits for it "
        "with epoll, which neither of them does",
        peers);
    free(path);
}

static void tell_others(const char *about, const char *peers) {
    findings_tell(&(struct finding){FINDING_NOTE, "process-resolver", about,
                                    "Look again: if the socket is still there, the program asks DNS itself, and what "
                                    "helps is in " WHAT_HELPS},
                  "has a socket to a DNS server (%s): either a lookup by libc or the library is under way, or it asks "
                  "DNS itself",
                  peers);
}

/* True: it has such sockets, and there is a finding about them. */
static bool tell_sockets(const char *pid, const char *about) {
    struct dns_sockets list = dns_sockets_collect(pid);
    char *polled = peers_of(&list, true), *others = peers_of(&list, false);
    bool has_any = polled != NULL || others != NULL;
    if (polled != NULL)
        tell_polled(pid, about, polled);
    else if (others != NULL)
        tell_others(about, others);
    free(polled);
    free(others);
    dns_sockets_free(&list);
    return has_any;
}

/* All workers do the same, so the first one with such a socket is enough. */
static bool tell_sockets_of_a_worker(const char *pid, const char *about) {
    struct workers workers = workers_collect(pid);
    bool told = false;
    for (size_t i = 0; i < workers.count && !told; i++) {
        char *worker = text_format("%s, its process %s", about, workers.pids[i]);
        told = tell_sockets(workers.pids[i], worker);
        free(worker);
    }
    workers_free(&workers);
    return told;
}

/* A resolver may close its socket after each answer, like Chromium's, or have one without a peer, like Squid's. */
static void tell_no_sockets(const char *pid, const char *about) {
    const char *what = NULL, *remedy = NULL;
    char *name = proc_file_target(pid, "exe"), *path = text_format("/proc/%s/exe", pid), *signs = NULL;
    if (name != NULL)
        remedy = doctor_known_resolver(name, &what);
    if (remedy == NULL) {
        what = signs = describe_program(pid, path);
        remedy = TO_FIND_OUT;
    }
    if (what != NULL)
        findings_tell(&(struct finding){FINDING_NOTE, "process-resolver", about, remedy},
                      "has no socket to a DNS server now. Its program %s", what);
    free(signs);
    free(path);
    free(name);
}

void doctor_resolver_of(const char *pid, const char *about, bool has_library) {
    if (!tell_sockets(pid, about) && !tell_sockets_of_a_worker(pid, about) && has_library)
        tell_no_sockets(pid, about);
}
