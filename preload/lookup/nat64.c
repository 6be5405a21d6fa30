#include "originbypass/lookup/nat64.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc.h"
#include "originbypass/guest/lock.h"
#include "originbypass/guest/process.h"
#include "originbypass/order/interfaces.h"

_Atomic uint64_t nat64_host, nat64_until_ms;
_Atomic uint32_t nat64_count;

/* As libc keeps its list of interfaces, and we the order of addresses: to ask the kernel costs more than a hit. */
#define HOST_KEPT_MS 1000

/*
 * getaddrinfo(3) tells no TTL. A minute is what a program waits at most after the network has got another prefix, and
 * one more query in a minute costs nothing. It is the same where the network has none.
 */
#define PREFIXES_KEPT_MS 60000

/* After libc got no answer. Its waits are long, so it is not asked in each call. */
#define ASK_AGAIN_MS 30000

/* Longer than libc waits with its usual settings. */
#define LIBC_WAITS_MS 65000

static struct nat64_prefixes known;
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

uint64_t nat64_look_at_host(uint64_t now_ms) {
    bool ipv4, ipv6;
    uint64_t before = LOAD(nat64_host);
    struct process_section section;
    process_section_begin(&section);
    bool complete = interfaces_families(&ipv4, &ipv6);
    process_section_end(&section);
    /* If no descriptor was left, the host has not become another one. */
    bool alone = complete ? ipv6 && !ipv4 : before & 1;
    uint64_t host = (now_ms + HOST_KEPT_MS) << 1 | alone;
    STORE(nat64_host, host);
    return host;
}

/* For how long prefixes past their time are used while a thread asks for them again, so that no call waits for libc. */
#define RENEWED_BESIDE_MS 600000

/* Whether this call is to ask, and in which way. While the known prefixes are renewed, the other calls use them. */
enum turn { NO_TURN, TURN_TO_WAIT, TURN_TO_RENEW };

static enum turn take_turn(uint64_t now_ms) {
    lock_acquire(&lock);
    uint64_t until_ms = LOAD(nat64_until_ms);
    bool due = until_ms <= now_ms, renews = known.count > 0 && now_ms < until_ms + RENEWED_BESIDE_MS;
    if (due && until_ms != 0)
        STORE(nat64_until_ms, now_ms + LIBC_WAITS_MS);
    lock_release(&lock);
    if (!due)
        return NO_TURN;
    return renews ? TURN_TO_RENEW : TURN_TO_WAIT;
}

/* NULL: libc has got no answer, and nothing is known that was not known before. */
static void remember(const struct nat64_prefixes *found) {
    uint64_t now_ms = clock_recent_ms();
    lock_acquire(&lock);
    if (found != NULL) {
        known = *found;
        STORE(nat64_count, (uint32_t)known.count);
    }
    STORE(nat64_until_ms, now_ms + (found != NULL ? PREFIXES_KEPT_MS : ASK_AGAIN_MS));
    lock_release(&lock);
}

struct libc_question {
    int error;
    struct addrinfo *list;
};

static void ask_libc(void *argument) {
    struct libc_question *question = argument;
    const struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
    question->error = libc_getaddrinfo(NAT64_KNOWN_NAME, NULL, &hints, &question->list);
}

/* Each IPv4 address of the known name with each prefix, and some more that mean nothing. */
#define LISTED_MAX ((size_t)4 * NAT64_PREFIXES_MAX)

static void find_in_list(const struct addrinfo *list, struct nat64_prefixes *found) {
    struct in6_addr addresses[LISTED_MAX];
    size_t count = 0;
    for (; list != NULL && count < LISTED_MAX; list = list->ai_next) {
        struct address address;
        if (address_is_whole(list) && address_of_socket(list->ai_addr, &address) && address.family == AF_INET6)
            addresses[count++] = address.ipv6;
    }
    nat64_prefixes_find(addresses, count, found);
}

static bool is_passing(int error) {
    return error == EAI_AGAIN || error == EAI_FAIL || error == EAI_MEMORY || error == EAI_SYSTEM;
}

static void ask_for_prefixes(const struct process_section *section) {
    struct libc_question question = {0};
    struct nat64_prefixes found = {0};
    process_call(section, ask_libc, &question);
    process_adopt_copy();
    if (question.error == 0) {
        find_in_list(question.list, &found);
        freeaddrinfo(question.list);
    }
    remember(is_passing(question.error) ? NULL : &found);
}

static void renew_beside(void *unused) {
    struct process_section section;
    (void)unused;
    if (!process_enter(&section, clock_recent_ms() + LIBC_WAITS_MS))
        return;
    process_adopt_copy();
    ask_for_prefixes(&section);
    process_leave(&section);
}

void nat64_learn(void) {
    uint64_t now_ms = clock_recent_ms();
    struct process_section section;
    if (!nat64_is_due(now_ms) || !process_enter(&section, now_ms + LIBC_WAITS_MS))
        return;
    process_adopt_copy();
    enum turn turn = take_turn(now_ms);
    if (turn == TURN_TO_WAIT || (turn == TURN_TO_RENEW && !process_start_thread(renew_beside, NULL)))
        ask_for_prefixes(&section);
    process_leave(&section);
}

bool nat64_known(struct nat64_prefixes *prefixes) {
    struct process_section section;
    if (LOAD(nat64_count) == 0)
        return false;
    process_section_begin(&section);
    process_adopt_copy();
    lock_acquire(&lock);
    *prefixes = known;
    lock_release(&lock);
    process_section_end(&section);
    return prefixes->count > 0;
}

void nat64_adopt(void) {
    if (!lock_adopt(&lock))
        return;
    memset(&known, 0, sizeof(known));
    STORE(nat64_count, 0);
    STORE(nat64_until_ms, 0);
}
