/* Lookups in threads with a stack of 32 KiB: cold, warm, 60 addresses, an answer over TCP, an alias, no such record.
 */
#include <limits.h>
#include <pthread.h>

#include "guest.h"

/* On arm64 glibc gives no thread less than 128 KiB. */
static size_t stack_size(void) {
    return PTHREAD_STACK_MIN > 32 * 1024 ? (size_t)PTHREAD_STACK_MIN : 32 * 1024;
}

struct look_up {
    const char *name;
    int family;
    int error;
    size_t count;
};

static void *by_getaddrinfo(void *given) {
    struct look_up *look_up = given;
    struct addrinfo hints = {.ai_family = look_up->family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
    struct addrinfo *list = NULL;
    look_up->error = getaddrinfo(look_up->name, "443", &hints, &list);
    look_up->count = 0;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        look_up->count++;
    if (list != NULL)
        freeaddrinfo(list);
    return NULL;
}

static void *by_gethostbyname(void *given) {
    struct look_up *look_up = given;
    const struct hostent *host = gethostbyname(look_up->name);
    look_up->count = 0;
    while (host != NULL && host->h_addr_list[look_up->count] != NULL)
        look_up->count++;
    return NULL;
}

static void run(void *(*function)(void *), struct look_up *look_up) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    EXPECT(pthread_attr_setstacksize(&attributes, stack_size()) == 0);
    EXPECT(pthread_create(&thread, &attributes, function, look_up) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attributes);
}

static void expect(const char *name, int family, int error, size_t count) {
    for (int times = 0; times < 2; times++) {
        struct look_up look_up = {.name = name, .family = family};
        run(by_getaddrinfo, &look_up);
        EXPECT(look_up.error == error && look_up.count == count);
        if (error == 0) {
            run(by_gethostbyname, &look_up);
            EXPECT(look_up.count > 0);
        }
    }
}

int main(void) {
    expect("cdn.example.com", AF_INET, 0, 1);
    expect("dual.example.com", AF_UNSPEC, 0, 2);
    expect("sixty.example.com", AF_INET, 0, 60);
    expect("crowd.example.com", AF_UNSPEC, 0, 120);
    expect("alias.example.com", AF_UNSPEC, 0, 1);
    expect("cdn.example.com", AF_INET6, no_data_error(), 0);
    return 0;
}
