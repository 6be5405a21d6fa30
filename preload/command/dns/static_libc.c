/*
 * Takes the place of guest/libc.c in the static command. What it says of libc must be true of the system's libc and not
 * of the musl that is linked in, so it asks a program of the system's for names (getent.h), and the linked musl only
 * where there is no such program. Addresses, and what a service means, are the same everywhere.
 *
 * The linker gives this file's names to what is called getaddrinfo and freeaddrinfo elsewhere (--wrap), and what musl
 * has under them to this file.
 */
#include "originbypass/guest/libc.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/getent.h"
#include "originbypass/command/dns/local_files.h"
#include "originbypass/doors/addrinfo.h"
#include "originbypass/doors/netdb_names.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/values/name.h"

__typeof__(getaddrinfo) __real_getaddrinfo;
__typeof__(freeaddrinfo) __real_freeaddrinfo, __wrap_freeaddrinfo;

/* Besides the errors of getaddrinfo(3). */
enum { EAI_NO_GETENT = -1000 };

void libc_load(void) {
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* On a system of glibc the library's lists are glibc's: each node is a piece of memory, and so is the name. */
void __wrap_freeaddrinfo(struct addrinfo *list) {
    if (libc_is_musl()) {
        __real_freeaddrinfo(list);
        return;
    }
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

enum { NODES_MAX = 512 };

/* Musl's list as one of glibc's, and musl's is freed. */
static int as_of_glibc(struct addrinfo *of_musl, const struct addrinfo *hints, struct addrinfo **list) {
    int flags = hints == NULL ? 0 : hints->ai_flags;
    struct addrinfo_entry *entries = malloc(NODES_MAX * sizeof(*entries));
    size_t count = entries == NULL ? 0 : addrinfo_entries(of_musl, entries, NODES_MAX);
    int error = count == 0 ? EAI_MEMORY : addrinfo_rebuild(entries, count, flags, list);
    if (error == 0 && (flags & AI_CANONNAME) != 0 && of_musl->ai_canonname != NULL)
        (*list)->ai_canonname = strdup(of_musl->ai_canonname);
    free(entries);
    __real_freeaddrinfo(of_musl);
    return error;
}

/* Where it is to speak for glibc: musl knows neither glibc's two words for no service nor its flags about IDN. */
static int ask_linked_musl(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **list) {
    struct addrinfo known = {.ai_family = AF_UNSPEC};
    if (libc_is_musl())
        return __real_getaddrinfo(node, service, hints, list);
    if (hints != NULL)
        known = *hints;
    known.ai_flags &= ~(AI_IDN | AI_CANONIDN);
    if (service != NULL && (service[0] == '\0' || strcmp(service, "*") == 0))
        service = "0";
    int error = __real_getaddrinfo(node, service, &known, list);
    return error != 0 ? error : as_of_glibc(*list, hints, list);
}

/* What the service and the hints mean, for each of the addresses: as libc itself says it of an address. */
static int list_of_addresses(const char *name, const struct getent_addresses *found, const char *service,
                             const struct addrinfo *hints, struct addrinfo **list) {
    struct expansion expansion;
    bool is_nothing = service == NULL && !libc_is_musl(); /* glibc takes that for an error where there is no name */
    int error = expansion_ask(is_nothing ? "" : service, hints, &expansion);
    if (error != 0)
        return error;
    bool named = libc_is_musl() || (hints != NULL && (hints->ai_flags & AI_CANONNAME) != 0);
    return addrinfo_build(found->list, found->count, &expansion, expansion.flags, named ? name : NULL, list);
}

/* --- why there is no address -------------------------------------------------------------------------------------- */

static enum record_types wanted_types(int family) {
    return family == AF_INET ? RECORD_A : family == AF_INET6 ? RECORD_AAAA : RECORD_BOTH;
}

/* 0: the server has not said. */
static int error_of_server(const struct ask_replies *replies) {
    int error = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct ask_reply *reply = &replies->types[type];
        if (reply->asked && reply->answer == NULL)
            return 0;
        if (reply->asked)
            error =
                reply->answer->outcome == OUTCOME_NO_NAME || reply->answer->address_count > 0 ? EAI_NONAME : EAI_NODATA;
    }
    return error;
}

/* getent says the same whether a name does not exist or nobody could be asked. libc's name servers tell which. */
static int why_not_found(const char *node, int family) {
    enum { SERVERS_MAX = 3, TIMEOUT_MS = 2000 }; /* libc asks three at most */
    struct server_address servers[SERVERS_MAX];
    struct ask_replies replies[SERVERS_MAX];
    struct ask_question questions[SERVERS_MAX];
    struct name name;
    int error = 0;
    if (!name_fold(&name, node) || !name_is_host_name(&name))
        return EAI_NONAME;
    size_t count = local_files_servers(servers, SERVERS_MAX);
    for (size_t i = 0; i < count; i++)
        questions[i] = (struct ask_question){&servers[i], DNS_OVER_UDP, node, wanted_types(family), TIMEOUT_MS, 1};
    ask_together(questions, replies, count);
    for (size_t i = 0; i < count; i++) {
        error = error == 0 ? error_of_server(&replies[i]) : error;
        ask_free(&replies[i]);
    }
    return error == 0 ? EAI_AGAIN : error;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* Takes out what the caller does not ask for. */
static void keep_family(struct getent_addresses *found, int family) {
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++)
        if (family == AF_UNSPEC || found->list[i].family == family)
            found->list[kept++] = found->list[i];
    found->count = kept;
}

static int ask_getent(const char *path, const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **list) {
    struct getent_addresses found = {0};
    int family = hints == NULL ? AF_UNSPEC : hints->ai_family;
    enum getent_result result = getent_ask(path, node, &found);
    if (result == GETENT_FAILED)
        return EAI_NO_GETENT;
    if (result == GETENT_NOT_FOUND)
        return why_not_found(node, family);
    keep_family(&found, family);
    int error = found.count == 0 ? EAI_NODATA : list_of_addresses(node, &found, service, hints, list);
    free(found.list);
    return error;
}

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    struct address address;
    bool is_name =
        node != NULL && !address_parse(node, &address) && (hints == NULL || !(hints->ai_flags & AI_NUMERICHOST));
    const char *path = is_name ? getent_path() : NULL;
    return path == NULL ? ask_linked_musl(node, service, hints, list) : ask_getent(path, node, service, hints, list);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* In glibc's words, whatever the libc: reports can be compared, and older versions of musl have none for EAI_NODATA. */
const char *gai_strerror(int error) {
    static const struct {
        int error;
        const char *text;
    } texts[] = {
        {EAI_AGAIN, "Temporary failure in name resolution"},
        {EAI_BADFLAGS, "Bad value for ai_flags"},
        {EAI_FAIL, "Non-recoverable failure in name resolution"},
        {EAI_FAMILY, "ai_family not supported"},
        {EAI_MEMORY, "Memory allocation failure"},
        {EAI_NODATA, "No address associated with hostname"},
        {EAI_NONAME, "Name or service not known"},
        {EAI_SERVICE, "Servname not supported for ai_socktype"},
        {EAI_SOCKTYPE, "ai_socktype not supported"},
        {EAI_SYSTEM, "System error"},
        {EAI_NO_GETENT, "this system's getent, which says what its libc answers, cannot be run or fails"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].error == error)
            return texts[i].text;
    return "Unknown error";
}
