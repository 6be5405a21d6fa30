/* A thread that is cancelled while libc looks up for us, and what it leaves behind: cancelled_in_libc FILE FUNCTION
 *
 * FUNCTION is getaddrinfo, gethostbyname or gethostbyname_r. The library in libc's place makes the file STRANGE_FILE
 * and waits. FILE is a configuration with many thousand rules. It is then replaced by a small one, and its memory must
 * be freed.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "guest.h"

static const char *function;

static void *look_up(void *unused) {
    struct hostent host, *result;
    struct addrinfo *list;
    char buffer[1024];
    int error;
    if (strcmp(function, "getaddrinfo") == 0)
        (void)getaddrinfo("lost.example.com", "443", NULL, &list);
    else if (strcmp(function, "gethostbyname") == 0)
        (void)gethostbyname("lost.example.com");
    else
        (void)gethostbyname_r("lost.example.com", &host, buffer, sizeof(buffer), &result, &error);
    return unused;
}

static void cancel_in_libc(void) {
    pthread_t thread;
    void *result;
    EXPECT(pthread_create(&thread, NULL, look_up, NULL) == 0);
    while (access(getenv("STRANGE_FILE"), F_OK) != 0)
        pause_ms(1);
    EXPECT(pthread_cancel(thread) == 0);
    EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

static long resident_pages(void) {
    long whole = 0, resident = 0;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    EXPECT(file != NULL && fscanf(file, "%ld %ld", &whole, &resident) == 2);
    fclose(file);
    return resident;
}

static void configure(const char *name) {
    FILE *file = fopen("small.conf", "w");
    EXPECT(file != NULL);
    fputs("hosts = ( { name = \"pinned.example.com\"; addresses = [ \"192.0.2.2\" ]; } );\n", file);
    EXPECT(fclose(file) == 0 && rename("small.conf", name) == 0);
}

/* Each lookup can check the file again, and free configurations that are no longer used. */
static bool goes_below(long pages) {
    for (long long end_ms = now_ms() + 20000; now_ms() < end_ms; pause_ms(50))
        if (leads_to("pinned.example.com", "192.0.2.2") && resident_pages() < pages)
            return true;
    return false;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    function = argv[2];
    long without = resident_pages();
    EXPECT(leads_to("pinned.example.com", "192.0.2.1"));
    long with = resident_pages();
    EXPECT(with > without + 1000);
    cancel_in_libc();
    configure(argv[1]);
    EXPECT(goes_below(without + (with - without) / 2));
    return 0;
}
