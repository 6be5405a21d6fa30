/* Four threads look up names, and children come and go, while the configuration changes again and again:
 * reloads FILE [MS]
 *
 * One name has a pinned address that each configuration changes, another has the same settings in all of them, and a
 * third is listed in every second one. At any moment, an answer is one that a configuration has given. A name whose
 * settings stay the same is never asked for again. In the end, parent and child have the last configuration.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "guest.h"

static const char *file;
static atomic_bool over;

static void configure(unsigned number) {
    char text[512], other[256];
    snprintf(other, sizeof(other), "%s.new", file);
    snprintf(text, sizeof(text),
             "hosts = ( \"cdn.example.com\", { name = \"pinned.example.com\"; addresses = [ \"192.0.2.%u\" ]; }%s );\n",
             number, number % 2 == 0 ? ", \"www.example.com\"" : "");
    FILE *stream = fopen(other, "w");
    EXPECT(stream != NULL && fputs(text, stream) >= 0 && fclose(stream) == 0 && rename(other, file) == 0);
}

static bool is_pinned(void) {
    char text[INET_ADDRSTRLEN];
    return strncmp(first_address("pinned.example.com", text), "192.0.2.", strlen("192.0.2.")) == 0;
}

static bool is_either(const char *name) {
    char text[INET_ADDRSTRLEN];
    first_address(name, text);
    return strcmp(text, ORIGIN) == 0 || strcmp(text, EDGE) == 0;
}

/* A child may ask only for these names: libc's lookups could wait there for a lock that another thread of the parent
 * held.
 */
static bool is_ours_good(void) {
    return leads_to_origin("cdn.example.com") && is_pinned();
}

static bool is_good(void) {
    return is_ours_good() && is_either("www.example.com");
}

static void *look_up(void *unused) {
    (void)unused;
    while (!atomic_load(&over)) {
        EXPECT(is_good());
        pause_ms(1);
    }
    return NULL;
}

static bool comes_to(const char *address) {
    for (long long end_ms = now_ms() + 6000; now_ms() < end_ms; pause_ms(50))
        if (leads_to("pinned.example.com", address))
            return true;
    return false;
}

static void expect_of_child(const char *address) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        EXPECT(is_ours_good());
        EXPECT(address == NULL || comes_to(address));
        _exit(0);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(int count, char **arguments) {
    pthread_t threads[4];
    unsigned number = 1;
    char last[INET_ADDRSTRLEN];
    EXPECT(count == 3);
    file = arguments[1];
    EXPECT(leads_to_origin("cdn.example.com"));
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, look_up, NULL) == 0);
    for (long long end_ms = now_ms() + atoi(arguments[2]); now_ms() < end_ms; number++) {
        configure(number);
        pause_ms(400);
        expect_of_child(NULL);
        pause_ms(400);
    }
    snprintf(last, sizeof(last), "192.0.2.%u", number);
    configure(number);
    EXPECT(comes_to(last));
    expect_of_child(last);
    configure(number + 1);
    snprintf(last, sizeof(last), "192.0.2.%u", number + 1);
    expect_of_child(last);
    atomic_store(&over, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
