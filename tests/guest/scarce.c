/* Every allocation fails in turn: scarce SITUATION FILE
 *
 * In each situation (load first cold hit refresh reload gethostbyname) a child makes one call in which the n-th
 * allocation fails. In another child, that and all later ones fail. The call gives the right answer, libc's, or an
 * error, and the child does not crash. When there is memory again, the child is answered from external DNS. This is
 * repeated for each n, until the call needs fewer than n allocations. For failures at load, before main(), the child is
 * this program again, with the failure in its environment. It does not crash, and it may run without the library.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest.h"

enum { UNKNOWN = 1 << 30, NEVER };
static atomic_int until_failure = UNKNOWN; /* allocations before the one that fails */
static atomic_bool from_there_on;

/* Reads from the environment what fails. */
static void begin(void) {
    const char *number = getenv("SCARCE_NUMBER"), *all_later = getenv("SCARCE_ALL_LATER");
    atomic_store(&from_there_on, all_later != NULL);
    atomic_store(&until_failure, number == NULL ? NEVER : atoi(number));
}

static bool fails(void) {
    if (environ == NULL) /* a sanitizer calls before libc is ready */
        return false;
    if (atomic_load(&until_failure) == UNKNOWN)
        begin();
    if (atomic_load(&until_failure) == NEVER)
        return false;
    int before = atomic_fetch_sub(&until_failure, 1);
    if (before > 0 || (before < 0 && !atomic_load(&from_there_on)))
        return false;
    errno = ENOMEM;
    return true;
}

/* ---- this program's own allocator, in front of libc's or a sanitizer's ---- */

static struct {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *memory, size_t size);
    int (*memalign)(void **memory, size_t alignment, size_t size);
} next;

/* False: they are just being found. glibc before 2.34 allocates in dlsym(3), and can do without. */
static bool find_next(void) {
    static bool under_way;
    if (next.malloc != NULL || under_way)
        return next.malloc != NULL;
    under_way = true;
    next.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next.memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    next.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    return true;
}

void *malloc(size_t size) {
    return !find_next() || fails() ? NULL : next.malloc(size);
}

void *calloc(size_t count, size_t size) {
    return !find_next() || fails() ? NULL : next.calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return !find_next() || fails() ? NULL : next.realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    return !find_next() || fails() ? ENOMEM : next.memalign(memory, alignment, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    if (fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset); // NOLINT
}

static const char *file;

static void configure(const char *more) {
    char text[512], other[256];
    snprintf(other, sizeof(other), "%s.new", file);
    snprintf(text, sizeof(text),
             "hosts = ( \"*.example.com\", { name = \"pinned.example.com\"; addresses = [ \"192.0.2.1\" ]; }%s );\n"
             "cache = { max_ttl_s = 1; }; query = { timeout_ms = 300; };\n",
             more);
    FILE *stream = fopen(other, "w");
    EXPECT(stream != NULL && fputs(text, stream) >= 0 && fclose(stream) == 0 && rename(other, file) == 0);
}

/* ---- the call, and whether its result is allowed ---- */

static bool is_either(const char *text) {
    return strncmp(text, "203.0.113.", strlen("203.0.113.")) == 0 || strcmp(text, EDGE) == 0;
}

static bool is_good(const char *name) {
    char text[INET_ADDRSTRLEN];
    first_address(name, text);
    return text[0] == '\0' || is_either(text);
}

static bool is_good_host(const char *name) {
    char text[INET_ADDRSTRLEN];
    const struct hostent *host = gethostbyname(name);
    if (host == NULL)
        return true;
    inet_ntop(AF_INET, host->h_addr_list[0], text, sizeof(text));
    return is_either(text);
}

static bool comes_back(const char *name) {
    for (long long end_ms = now_ms() + 8000; now_ms() < end_ms; pause_ms(20))
        if (leads_to_origin(name))
            return true;
    return false;
}

/* ---- situations ---- */

static void prepare(const char *situation) {
    if (strcmp(situation, "first") == 0 || strcmp(situation, "load") == 0)
        return;
    EXPECT(leads_to_origin("cdn.example.com") && leads_to_origin("alias.example.com"));
    if (strcmp(situation, "refresh") == 0)
        pause_ms(1200);
    if (strcmp(situation, "reload") == 0) {
        configure(", \"more.example.net\"");
        pause_ms(1500);
    }
}

static bool call(const char *situation) {
    if (strcmp(situation, "gethostbyname") == 0)
        return is_good_host("www.example.com");
    if (strcmp(situation, "cold") == 0) /* over TCP, too */
        return is_good("www.example.com") && is_good("crowd.example.com");
    return is_good("cdn.example.com");
}

/* The child's exit status; UNUSED means that it did not make so many allocations. */
enum { GOOD = 0, UNUSED = 77 };

static int end_scarcity(void) {
    return atomic_exchange(&until_failure, NEVER) >= 0 ? UNUSED : GOOD;
}

/* The sanitizer's, if there is one that looks for leaks. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static bool leaks(void) {
    return __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
}

static _Noreturn void call_and_end(const char *situation, int number, bool all_later) {
    atomic_store(&from_there_on, all_later);
    atomic_store(&until_failure, number);
    bool good = call(situation);
    int status = end_scarcity();
    EXPECT(good);
    EXPECT(comes_back("cdn.example.com") && comes_back("alias.example.com"));
    EXPECT(!leaks());
    _exit(status);
}

static _Noreturn void load_anew(int number, bool all_later) {
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    setenv("SCARCE_NUMBER", text, 1);
    if (all_later)
        setenv("SCARCE_ALL_LATER", "", 1);
    execl("/proc/self/exe", "scarce", "loaded", file, (char *)NULL);
    _exit(127);
}

/* Returns false if the call needed fewer allocations. */
static bool fail_at(const char *situation, int number, bool all_later) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        if (strcmp(situation, "load") == 0)
            load_anew(number, all_later);
        call_and_end(situation, number, all_later);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    if (status == UNUSED << 8)
        return false;
    if (status != 0)
        printf("%s: allocation %d%s: status %x\n", situation, number, all_later ? " and all later" : "", status);
    EXPECT(status == 0);
    return true;
}

int main(int count, char **arguments) {
    int loaded = end_scarcity();
    EXPECT(count == 3);
    file = arguments[2];
    if (strcmp(arguments[1], "loaded") == 0)
        return is_good("cdn.example.com") ? loaded : 1;
    setvbuf(stdout, NULL, _IONBF, 0);
    configure("");
    prepare(arguments[1]);
    for (int all_later = 0; all_later < 2; all_later++) {
        int number = 0;
        while (fail_at(arguments[1], number, all_later != 0))
            number++;
        EXPECT(number > 0);
        printf("%s: %d allocations\n", arguments[1], number);
    }
    return 0;
}
