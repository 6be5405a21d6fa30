#include "originbypass/process.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/clock.h"

/*
 * The word lies in a page that the kernel wipes in every copy of this memory, also one made behind the back
 * of the fork handlers. Where the kernel can not (before Linux 4.14), the fork handler alone tells.
 */
enum copy_state { COPY_NEW = 0, COPY_SETTLED, COPY_ADOPTING };
static _Atomic uint32_t without_page = COPY_SETTLED;
_Atomic uint32_t *process_copy_state = &without_page;
_Static_assert(COPY_SETTLED == 1, "as process_is_copy() has it");

static struct stat root;
static bool root_is_known;

bool process_is_at_home(void) {
    struct stat now;
    return root_is_known && stat("/", &now) == 0 && now.st_dev == root.st_dev && now.st_ino == root.st_ino;
}

static void make_page(void) {
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return;
    }
    process_copy_state = page;
    atomic_store(process_copy_state, COPY_SETTLED);
}

void process_load(void) {
    root_is_known = stat("/", &root) == 0;
    make_page();
}

void process_forked(void) {
    atomic_store(process_copy_state, COPY_NEW);
}

void process_adopt_copy(void (*adopt)(void)) {
    if (atomic_load_explicit(process_copy_state, memory_order_acquire) == COPY_SETTLED)
        return;
    uint32_t new = COPY_NEW;
    if (atomic_compare_exchange_strong(process_copy_state, &new, COPY_ADOPTING)) {
        adopt();
        atomic_store(process_copy_state, COPY_SETTLED);
        return;
    }
    while (atomic_load(process_copy_state) == COPY_ADOPTING)
        sched_yield();
}

/* When the mark of this thread expires; 0: the thread is not inside. */
static __thread uint64_t inside_until_ms;

static void all_signals_but_faults(sigset_t *set) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigfillset(set);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(set, faults[i]);
}

void process_hold_take(struct process_hold *hold) {
    hold->error = errno;
    sigset_t block;
    all_signals_but_faults(&block);
    pthread_sigmask(SIG_BLOCK, &block, &hold->signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &hold->cancel_state);
}

void process_hold_release(const struct process_hold *hold) {
    pthread_setcancelstate(hold->cancel_state, NULL);
    pthread_sigmask(SIG_SETMASK, &hold->signals, NULL);
    errno = hold->error;
}

bool process_enter(struct process_hold *hold, uint64_t deadline_ms) {
    if (inside_until_ms > clock_now_ms() && !process_is_copy())
        return false;
    process_hold_take(hold);
    inside_until_ms = deadline_ms;
    return true;
}

void process_leave(const struct process_hold *hold) {
    inside_until_ms = 0;
    process_hold_release(hold);
}

static struct timespec time_until(uint64_t until_ms) {
    uint64_t now_ms = clock_now_ms();
    uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    return (struct timespec){.tv_sec = (time_t)(left_ms / 1000), .tv_nsec = (long)(left_ms % 1000) * 1000000};
}

/*
 * The waits are bare system calls, no cancellation points. Those of a lookup have the caller's cancellation state in
 * force: who jumps out of a signal handler must not be left with ours.
 */
int process_poll(const struct process_hold *hold, struct pollfd *descriptors, size_t count, uint64_t until_ms) {
    struct timespec left = time_until(until_ms);
    pthread_setcancelstate(hold->cancel_state, NULL);
    int ready = (int)syscall(SYS_ppoll, descriptors, count, &left, &hold->signals, _NSIG / CHAR_BIT);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (ready >= 0)
        return ready;
    for (size_t i = 0; i < count; i++)
        descriptors[i].revents = 0;
    return 0;
}

/*
 * Cancellation stays disabled, as where libc waits for requests: pthread_cancel(3) interrupts such a wait with a signal
 * in some libcs (2.36), and in others (2.41) it does not.
 */
int process_await(const struct process_hold *hold, _Atomic uint32_t *word, uint32_t value,
                  const struct timespec *until) {
    sigset_t ours;
    pthread_sigmask(SIG_SETMASK, &hold->signals, &ours);
    long waited =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL, (uint32_t)FUTEX_BITSET_MATCH_ANY);
    int error = waited == 0 ? 0 : errno;
    pthread_sigmask(SIG_SETMASK, &ours, NULL);
    return error == EAGAIN ? 0 : error;
}

void process_wait(const struct process_hold *hold, _Atomic uint32_t *word, uint32_t value, uint64_t until_ms) {
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_setcancelstate(hold->cancel_state, NULL);
    process_await(hold, word, value, &until);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

void process_wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

struct thread_work {
    void (*work)(void *argument);
    void *argument;
};

static void *thread_main(void *given) {
    struct thread_work work = *(struct thread_work *)given;
    free(given);
    work.work(work.argument);
    return NULL;
}

static int start(const pthread_attr_t *attributes, void (*work)(void *argument), void *argument) {
    struct thread_work *given = malloc(sizeof(*given));
    if (given == NULL)
        return ENOMEM;
    *given = (struct thread_work){work, argument};
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, attributes, thread_main, given);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        free(given);
    return error;
}

/* c-ares and libc's own calls fit well into it; a refresh needs no more than a program's thread of 32 KiB. */
#define THREAD_STACK_SIZE ((size_t)128 * 1024)

bool process_start_thread(void (*work)(void *argument), void *argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    int error = start(&attributes, work, argument);
    pthread_attr_destroy(&attributes);
    /* A stack has the program's thread-local storage in it, and for some it is too small. */
    return error == EINVAL ? process_start_thread_with(NULL, work, argument) : error == 0;
}

bool process_start_thread_with(const pthread_attr_t *attributes, void (*work)(void *argument), void *argument) {
    pthread_attr_t usual;
    if (attributes != NULL)
        return start(attributes, work, argument) == 0;
    pthread_attr_init(&usual);
    pthread_attr_setdetachstate(&usual, PTHREAD_CREATE_DETACHED);
    bool started = start(&usual, work, argument) == 0;
    pthread_attr_destroy(&usual);
    return started;
}
