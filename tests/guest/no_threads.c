/* A program that cannot start a thread: no_threads filter | limit USER
 *
 * "filter": a filter of system calls refuses clone(2) and clone3(2). "limit": the user has reached the limit of
 * processes.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "guest.h"

static void *nothing(void *unused) {
    return unused;
}

static void refuse_clone(void) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof(instructions) / sizeof(instructions[0]), instructions};
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void allow_no_process_more(uid_t user) {
    EXPECT(setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) == 0);
    EXPECT(setgid(user) == 0 && setuid(user) == 0);
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (argc == 3)
        allow_no_process_more((uid_t)strtoul(argv[2], NULL, 10));
    else
        refuse_clone();
    EXPECT(pthread_create(&thread, NULL, nothing, NULL) != 0);
    EXPECT(answers_all_kinds());
    EXPECT(answers_all_kinds());
    pause_ms(1500); /* the answers' lifetime, as the test has set it */
    EXPECT(answers_all_kinds());
    return 0;
}
