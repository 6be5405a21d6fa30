/* Lookups under a filter of system calls that the program has installed itself: without_poll NAME...
 *
 * poll and ppoll fail with ENOSYS, threads with EPERM, and any call that libc's resolver does not use ends the process.
 * Each name leads to the origin, also while its server takes a second to answer, and no processor is kept busy
 * meanwhile.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "guest.h"

#define ANSWER(number, action) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, (action))

static void install_filter(void) {
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_poll
        ANSWER(SYS_poll, SECCOMP_RET_ERRNO | ENOSYS),
#endif
        ANSWER(SYS_ppoll, SECCOMP_RET_ERRNO | ENOSYS),
        ANSWER(SYS_sendmsg, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_pwritev2, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_madvise, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_clone, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_clone3, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_prctl, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_prlimit64, SECCOMP_RET_KILL_PROCESS),
        ANSWER(SYS_sched_yield, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

static long long processor_ms(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000LL +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

int main(int argc, char **argv) {
    install_filter();
    for (int i = 1; i < argc; i++) {
        long long began_ms = now_ms(), used_ms = processor_ms();
        EXPECT(leads_to_origin(argv[i]));
        EXPECT(leads_to_origin(argv[i]));
        EXPECT(processor_ms() - used_ms < (now_ms() - began_ms) / 4);
        pause_ms(1100); /* a lifetime; then a refresh, for which no thread can be started */
        EXPECT(leads_to_origin(argv[i]));
    }
    return 0;
}
