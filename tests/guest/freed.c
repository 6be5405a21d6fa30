/* The program frees lists with libc's own freeaddrinfo: as a whole, node by node from either end, in two halves. */
#include <stdlib.h>

#include "guest.h"

static struct addrinfo *look_up(const char *name, size_t expected) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME}, *list = NULL;
    size_t count = 0;
    EXPECT(getaddrinfo(name, "443", &hints, &list) == 0);
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        count++;
    EXPECT(count == expected && list->ai_canonname != NULL);
    return list;
}

static void free_from_the_front(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *rest = list->ai_next;
        list->ai_next = NULL;
        freeaddrinfo(list);
        list = rest;
    }
}

static void free_from_the_back(struct addrinfo *list) {
    if (list->ai_next != NULL)
        free_from_the_back(list->ai_next);
    list->ai_next = NULL;
    freeaddrinfo(list);
}

static void free_in_halves(struct addrinfo *list, size_t count) {
    struct addrinfo *last = list;
    for (size_t i = 1; i < count / 2; i++)
        last = last->ai_next;
    struct addrinfo *rest = last->ai_next;
    last->ai_next = NULL;
    freeaddrinfo(list);
    freeaddrinfo(rest);
}

int main(void) {
    static const struct {
        const char *name;
        size_t count;
    } names[] = {{"sixty.example.com", 60}, {"dual.example.com", 2}, {"crowd.example.com", 120}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        freeaddrinfo(look_up(names[i].name, names[i].count));
        free_from_the_front(look_up(names[i].name, names[i].count));
        free_from_the_back(look_up(names[i].name, names[i].count));
        free_in_halves(look_up(names[i].name, names[i].count), names[i].count);
    }
    return 0;
}
