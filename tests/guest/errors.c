/* Calls that we answer leave errno as it was: cold, warm, with every function, without a record of the type. */
#include "guest.h"

enum { BEFORE = 4711 };

static void look_up(const char *name, int family, int expected) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list = NULL;
    errno = BEFORE;
    EXPECT(getaddrinfo(name, "443", &hints, &list) == expected);
    EXPECT(errno == BEFORE);
    if (list != NULL)
        freeaddrinfo(list);
}

static void look_up_host(const char *name) {
    char buffer[8192];
    struct hostent storage, *host = NULL;
    int error;
    errno = BEFORE;
    EXPECT(gethostbyname(name) != NULL);
    EXPECT(errno == BEFORE);
    EXPECT(gethostbyname2(name, AF_INET) != NULL);
    EXPECT(errno == BEFORE);
    EXPECT(gethostbyname_r(name, &storage, buffer, sizeof(buffer), &host, &error) == 0 && host != NULL);
    EXPECT(errno == BEFORE);
    EXPECT(gethostbyname2_r(name, AF_INET, &storage, buffer, sizeof(buffer), &host, &error) == 0 && host != NULL);
    EXPECT(errno == BEFORE);
    EXPECT(gethostbyname2(name, AF_INET6) == NULL);
    EXPECT(errno == BEFORE);
}

int main(void) {
    for (int times = 0; times < 2; times++) {
        look_up("cdn.example.com", AF_INET, 0);
        look_up("cdn.example.com", AF_INET6, no_data_error());
        look_up("sixty.example.com", AF_UNSPEC, 0);
        look_up("crowd.example.com", AF_UNSPEC, 0);
        look_up_host("www.example.com");
    }
    return 0;
}
