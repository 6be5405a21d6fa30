/* A program with a filter of system calls that allows only what libc's own resolver and stdio need. Any other call ends
 * it: filtered WORD...
 *
 * Takes the words one after the other. "filter" starts the filter, and "sleep" waits a little more than a second; any
 * other word is a name to look up. Prints what each name leads to, with stdio.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "guest.h"

/* Calls that exist only on some machines are in an #ifdef. Calls that libc makes to the vDSO go to the kernel without
 * it.
 */
static const unsigned allowed[] = {
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_openat,
    SYS_close,
    SYS_lseek,
    SYS_fstat,
    SYS_fcntl,
    SYS_ioctl,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_brk,
    SYS_futex,
    SYS_getpid,
    SYS_gettid,
    SYS_uname,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_getsockname,
    SYS_setsockopt,
    SYS_sendto,
    SYS_sendmmsg,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_getrandom,
    SYS_exit_group,
    SYS_nanosleep,
    SYS_clock_nanosleep,
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#ifdef SYS_poll
    SYS_poll,
#else
    SYS_ppoll,
#endif
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_access,
#endif
};

enum { COUNT = sizeof(allowed) / sizeof(allowed[0]) };

static void begin_to_filter(void) {
    static struct sock_filter rules[2 * COUNT + 2];
    struct sock_filter *rule = rules;
    *rule++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT; i++) {
        *rule++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
        *rule++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    *rule = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog filter = {.len = sizeof(rules) / sizeof(rules[0]), .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        perror("seccomp");
        exit(77);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "filter") == 0)
            begin_to_filter();
        else if (strcmp(argv[i], "sleep") == 0)
            pause_ms(1100);
        else
            printf("%s\n", first_address(argv[i], (char[INET_ADDRSTRLEN]){0}));
        fflush(stdout);
    }
    return 0;
}
