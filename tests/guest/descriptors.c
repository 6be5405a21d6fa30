/* Lookups with 6,000 descriptors open, and with none left: descriptors many | none */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "guest.h"

enum { MANY = 6000, ADDRESSES_MAX = 64 };

struct addresses {
    size_t count;
    char texts[ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

static void allow(rlim_t number) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = number;
    if (limit.rlim_max < number)
        limit.rlim_max = number;
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static int open_until_none_is_left(void) {
    int last = -1, number;
    while ((number = fcntl(STDIN_FILENO, F_DUPFD, 0)) >= 0)
        last = number;
    EXPECT(errno == EMFILE);
    return last;
}

static struct addresses addresses_of(const char *name) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    struct addresses addresses = {0};
    EXPECT(getaddrinfo(name, "443", &hints, &list) == 0);
    for (const struct addrinfo *info = list; info != NULL && addresses.count < ADDRESSES_MAX; info = info->ai_next)
        getnameinfo(info->ai_addr, info->ai_addrlen, addresses.texts[addresses.count++], INET6_ADDRSTRLEN, NULL, 0,
                    NI_NUMERICHOST);
    freeaddrinfo(list);
    return addresses;
}

static bool are_the_same(const struct addresses *left, const struct addresses *right) {
    return left->count == right->count && memcmp(left->texts, right->texts, sizeof(left->texts)) == 0;
}

static void with_many(void) {
    allow(8192);
    for (int i = 0; i < MANY; i++)
        EXPECT(fcntl(STDIN_FILENO, F_DUPFD, 0) >= 0);
    EXPECT(fcntl(STDIN_FILENO, F_DUPFD, 0) > MANY);
    for (unsigned number = 0; number < 50; number++)
        EXPECT(leads_to_origin(COLD_NAME(number)));
    EXPECT(answers_all_kinds());
    EXPECT(addresses_of("dual.example.com").count == 2);
}

static void with_none(void) {
    allow(256);
    struct addresses dual = addresses_of("dual.example.com");
    EXPECT(dual.count == 2 && strchr(dual.texts[0], ':') != NULL);
    EXPECT(leads_to_origin("cdn.example.com"));
    int last = open_until_none_is_left();
    pause_ms(1500); /* longer than an order of addresses is remembered */
    EXPECT(leads_to_origin("cdn.example.com"));
    EXPECT(gethostbyname("cdn.example.com") != NULL);
    struct addresses again = addresses_of("dual.example.com");
    EXPECT(are_the_same(&dual, &again));
    EXPECT(leads_to("www.example.com", "")); /* neither we nor libc can open a socket */
    close(last);
    EXPECT(leads_to_origin("www.example.com"));
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "many") == 0)
        with_many();
    else if (argc == 2 && strcmp(argv[1], "none") == 0)
        with_none();
    else
        return 2;
    return 0;
}
