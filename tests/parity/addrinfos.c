/* Calls of getaddrinfo(3), and their complete results: addrinfos few|many|again NAME...
 *
 * few    a handful of calls for each name: each family, with and without a canonical name, mapped
 * many   each name with each family and each set of flags; the first two with each service, socket type and protocol;
 *        without hints; without a name; and random calls, until every pair of values of the seven dimensions has
 *        occurred (name, family, socket type, protocol, service, flags, and how the list is freed)
 *
 * again  each usual call four times, for a name of its own below each NAME, which is a wildcard's: the library can then
 *        repeat its own answer
 *
 * The calls are the same in every run. errno is not printed. A call that we answer leaves it unchanged, as POSIX
 * allows; libc leaves behind errors of its own sockets and files. errno has a meaning only with EAI_SYSTEM.
 */
#include <arpa/inet.h>
#include <locale.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each table begins with the value that programs usually pass; it is drawn more often. */
static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, -1};
static const int socktypes[] = {SOCK_STREAM, 0, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 77};
static const int protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 999};
static const char *const services[] = {"443",   NULL,   "http", "domain", "0",           "65535",          "tftp",
                                       "65536", "-1",   "",     "*",      " 443",        "+443",           "0x50",
                                       "0443",  "443 ", "HTTP", "https",  "99999999999", "no-such-service"};
static const int flag_sets[] = {
    0,
    AI_CANONNAME,
    AI_ADDRCONFIG,
    AI_V4MAPPED,
    AI_V4MAPPED | AI_ALL,
    AI_V4MAPPED | AI_ADDRCONFIG,
    AI_CANONNAME | AI_ADDRCONFIG,
    AI_CANONNAME | AI_V4MAPPED | AI_ALL,
    AI_NUMERICSERV,
    AI_PASSIVE,
    AI_CANONNAME | AI_V4MAPPED,
    AI_ALL,
    AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG,
    AI_IDN,
    AI_CANONIDN,
    AI_CANONNAME | AI_CANONIDN,
    AI_CANONNAME | AI_IDN | AI_CANONIDN,
    AI_IDN | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV,
    AI_PASSIVE | AI_CANONNAME | AI_ADDRCONFIG | AI_NUMERICSERV,
    AI_NUMERICHOST,
    AI_NUMERICHOST | AI_CANONNAME,
    AI_NUMERICHOST | AI_V4MAPPED | AI_ALL,
    0x0100, /* formerly a flag of libidn */
    0x0200,
    0x0800,
    AI_CANONNAME | 0x40000000,
    -1,
};

enum dimension { NAME, FAMILY, SOCKTYPE, PROTOCOL, SERVICE, FLAGS, FREEING, DIMENSIONS };
enum freeing { AT_ONCE, ONE_BY_ONE, FROM_THE_MIDDLE, WAYS_OF_FREEING };

/* A call has a value for each dimension: an index into the dimension's table. */
struct call {
    size_t value[DIMENSIONS];
};

static const char **names; /* the first is NULL */
static size_t sizes[DIMENSIONS] = {
    [FAMILY] = COUNT(families),  [SOCKTYPE] = COUNT(socktypes), [PROTOCOL] = COUNT(protocols),
    [SERVICE] = COUNT(services), [FLAGS] = COUNT(flag_sets),    [FREEING] = WAYS_OF_FREEING};
static const size_t usual[DIMENSIONS] = {
    [FAMILY] = 3, [SOCKTYPE] = 3, [PROTOCOL] = 1, [SERVICE] = 4, [FLAGS] = 8, [FREEING] = WAYS_OF_FREEING};

/* ---- one call ---- */

static void print_address(const struct addrinfo *info) {
    char text[INET6_ADDRSTRLEN] = "?";
    if (info->ai_addr->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)info->ai_addr;
        static const unsigned char zeros[sizeof(ipv4->sin_zero)];
        inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof(text));
        printf("%s:%u%s", text, ntohs(ipv4->sin_port),
               memcmp(ipv4->sin_zero, zeros, sizeof(zeros)) == 0 ? "" : " sin_zero is not zero");
    } else if (info->ai_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)info->ai_addr;
        inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
        printf("[%s]:%u%%%u/%u", text, ntohs(ipv6->sin6_port), ipv6->sin6_scope_id, ipv6->sin6_flowinfo);
    } else {
        printf("sa_family %d", info->ai_addr->sa_family);
    }
}

static void print_list(const struct addrinfo *list) {
    for (; list != NULL; list = list->ai_next) {
        printf(" | %x %d %d %d %u ", (unsigned)list->ai_flags, list->ai_family, list->ai_socktype, list->ai_protocol,
               list->ai_addrlen);
        print_address(list);
        if (list->ai_canonname != NULL) {
            putchar(' ');
            print_text(list->ai_canonname);
        }
    }
}

static struct addrinfo *cut_behind(struct addrinfo *info) {
    struct addrinfo *rest = info->ai_next;
    info->ai_next = NULL;
    return rest;
}

/* POSIX allows a program to free any sublist. */
static void free_list(struct addrinfo *list, enum freeing freeing) {
    struct addrinfo *middle = list;
    switch (freeing) {
    case ONE_BY_ONE:
        while (list != NULL) {
            struct addrinfo *rest = cut_behind(list);
            freeaddrinfo(list);
            list = rest;
        }
        break;
    case FROM_THE_MIDDLE:
        for (const struct addrinfo *end = list->ai_next; end != NULL && end->ai_next != NULL;
             end = end->ai_next->ai_next)
            middle = middle->ai_next;
        middle = cut_behind(middle);
        if (middle != NULL)
            freeaddrinfo(middle);
        freeaddrinfo(list);
        break;
    default:
        freeaddrinfo(list);
    }
}

static void make(const char *name, const char *service, const struct addrinfo *hints, enum freeing freeing) {
    struct addrinfo *list = NULL;
    fputs("getaddrinfo ", stdout);
    print_text(name);
    putchar(' ');
    print_text(service);
    if (hints == NULL)
        fputs(" no hints", stdout);
    else
        printf(" family %d socktype %d protocol %d flags %x", hints->ai_family, hints->ai_socktype, hints->ai_protocol,
               (unsigned)hints->ai_flags);
    errno = ERRNO_BEFORE;
    int error = getaddrinfo(name, service, hints, &list);
    if (error == 0)
        check_errno_kept(name);
    printf(" -> %d", error);
    if (error == 0) {
        print_list(list);
        free_list(list, freeing);
    }
    putchar('\n');
}

static void make_call(const struct call *call) {
    struct addrinfo hints = {.ai_family = families[call->value[FAMILY]],
                             .ai_socktype = socktypes[call->value[SOCKTYPE]],
                             .ai_protocol = protocols[call->value[PROTOCOL]],
                             .ai_flags = flag_sets[call->value[FLAGS]]};
    make(names[call->value[NAME]], services[call->value[SERVICE]], &hints, (enum freeing)call->value[FREEING]);
}

/* ---- many calls ---- */

static void each_name_with_each_family_and_flags(void) {
    struct call call = {{0}};
    for (call.value[NAME] = 0; call.value[NAME] < sizes[NAME]; call.value[NAME]++)
        for (call.value[FAMILY] = 0; call.value[FAMILY] < usual[FAMILY]; call.value[FAMILY]++)
            for (call.value[FLAGS] = 0; call.value[FLAGS] < sizes[FLAGS]; call.value[FLAGS]++)
                make_call(&call);
}

static void some_names_with_each_service_and_socket(size_t count) {
    struct call call = {{0}};
    for (call.value[NAME] = 1; call.value[NAME] <= count && call.value[NAME] < sizes[NAME]; call.value[NAME]++)
        for (call.value[FAMILY] = 0; call.value[FAMILY] < sizes[FAMILY]; call.value[FAMILY]++)
            for (call.value[SOCKTYPE] = 0; call.value[SOCKTYPE] < sizes[SOCKTYPE]; call.value[SOCKTYPE]++)
                for (call.value[PROTOCOL] = 0; call.value[PROTOCOL] < sizes[PROTOCOL]; call.value[PROTOCOL]++)
                    for (call.value[SERVICE] = 0; call.value[SERVICE] < sizes[SERVICE]; call.value[SERVICE]++)
                        make_call(&call);
}

static void without_hints(void) {
    for (size_t name = 0; name < sizes[NAME]; name++)
        for (size_t service = 0; service < usual[SERVICE]; service++)
            make(names[name], services[service], NULL, AT_ONCE);
}

/* xorshift: the same numbers on every machine. */
static size_t draw(size_t below) {
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (size_t)((uint64_t)state * below >> 32);
}

/* Which pairs of values have occurred: a flag for each two values of different dimensions. */
static bool *seen;
static size_t first_value[DIMENSIONS], values, unseen;

static void begin_pairs(void) {
    values = unseen = 0;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        first_value[i] = values;
        unseen += values * sizes[i];
        values += sizes[i];
    }
    seen = calloc(values * values, sizeof(*seen));
    if (seen == NULL)
        abort();
}

/* Marks the pairs of the call as seen, and returns how many of them are new. */
static size_t see(const struct call *call) {
    size_t count = 0;
    for (size_t i = 0; i < DIMENSIONS; i++)
        for (size_t j = 0; j < i; j++) {
            bool *pair = &seen[(first_value[i] + call->value[i]) * values + first_value[j] + call->value[j]];
            count += !*pair;
            *pair = true;
        }
    return count;
}

static void at_random_until_each_pair_was_there(void) {
    begin_pairs();
    while (unseen > 0) {
        struct call call;
        for (size_t i = 0; i < DIMENSIONS; i++)
            call.value[i] = usual[i] > 0 && draw(4) > 0 ? draw(usual[i]) : draw(sizes[i]);
        size_t count = see(&call);
        unseen -= count;
        if (count > 0)
            make_call(&call);
    }
    free(seen);
}

static void few(void) {
    static const struct {
        int family, flags;
    } calls[] = {{AF_UNSPEC, AI_CANONNAME}, {AF_INET, 0},
                 {AF_INET, AI_CANONNAME},   {AF_INET6, AI_CANONNAME},
                 {AF_INET6, AI_V4MAPPED},   {AF_INET6, AI_V4MAPPED | AI_ALL | AI_CANONNAME}};
    for (size_t name = 1; name < sizes[NAME]; name++)
        for (size_t i = 0; i < COUNT(calls); i++) {
            struct addrinfo hints = {
                .ai_family = calls[i].family, .ai_flags = calls[i].flags, .ai_socktype = SOCK_STREAM};
            ALONE(make(names[name], "443", &hints, AT_ONCE));
        }
}

static void again(const char *domain) {
    static const size_t asked[DIMENSIONS] = {
        [FAMILY] = 3, [SOCKTYPE] = 3, [PROTOCOL] = 3, [SERVICE] = 8, [FLAGS] = 19, [FREEING] = 1};
    size_t number = 0;
    static char name[NI_MAXHOST];
    names[0] = name;
    struct call call = {{0}};
    for (call.value[FAMILY] = 0; call.value[FAMILY] < asked[FAMILY]; call.value[FAMILY]++)
        for (call.value[SOCKTYPE] = 0; call.value[SOCKTYPE] < asked[SOCKTYPE]; call.value[SOCKTYPE]++)
            for (call.value[PROTOCOL] = 0; call.value[PROTOCOL] < asked[PROTOCOL]; call.value[PROTOCOL]++)
                for (call.value[SERVICE] = 0; call.value[SERVICE] < asked[SERVICE]; call.value[SERVICE]++)
                    for (call.value[FLAGS] = 0; call.value[FLAGS] < asked[FLAGS]; call.value[FLAGS]++) {
                        snprintf(name, sizeof(name), "Call%zu.%s", number++, domain);
                        for (int i = 0; i < 4; i++)
                            make_call(&call);
                    }
}

int main(int argc, char **argv) {
    setlocale(LC_ALL, "");
    if (argc < 3)
        return 2;
    bool many = strcmp(argv[1], "many") == 0, repeated = strcmp(argv[1], "again") == 0;
    argv[1] = NULL;
    names = (const char **)(argv + 1);
    sizes[NAME] = (size_t)argc - 1;
    if (repeated)
        for (int i = 2; i < argc; i++)
            again(argv[i]);
    else if (!many)
        few();
    if (!many)
        return 0;
    each_name_with_each_family_and_flags();
    some_names_with_each_service_and_socket(2);
    without_hints();
    at_random_until_each_pair_was_there();
    return 0;
}
