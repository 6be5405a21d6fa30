#ifndef ORIGINBYPASS_METRICS_COUNTERS_FILE_H
#define ORIGINBYPASS_METRICS_COUNTERS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/metrics/counters.h"

/*
 * The layout of a process's counters outside of it. Numbers are in the byte order of the machine. Who reads the file
 * copies it (pread(2)) and never maps it: it may become shorter.
 *
 *     octet 0      the header, below, and zeros
 *     octet 1024   COUNTER_PLACES 64-bit figures
 *
 * The file is named NAMESPACE-PID-START.counters, in decimal: the inode of the PID namespace (pid_namespaces(7)), the
 * process's PID there, and when it started in clock ticks since boot (proc_pid_stat(5), field 22); 0 is unknown. A
 * process that executes another program goes on in the same file.
 */

/** The text "ocounter", on a machine that puts the least octet first. */
#define COUNTERS_FILE_MAGIC UINT64_C(0x7265746e756f636f)
/** Changes with everything but a new counter, which takes the next place. */
#define COUNTERS_FILE_LAYOUT 2

/** Which process it is. */
struct counters_identity {
    uint64_t pid_namespace;
    uint64_t start_ticks;
    uint32_t pid;
    uint32_t reserved; /**< zero */
};

/** What a process says of its configuration. */
struct counters_load {
    uint32_t generation; /**< 1: the one that it began with; 0: none so far */
    uint32_t successful; /**< 1: the last one that was read took effect; 0: it was refused, or could not be read */
    int64_t loaded_s;    /**< when the one in force took effect (time(2)) */
    int64_t refused_s;   /**< when one was refused last; 0: never */
    char error[512];     /**< why, with file and line; "" where the last one took effect */
};

struct counters_header {
    uint64_t magic;
    uint32_t layout;
    uint32_t counter_count; /**< of the library that wrote it: the places beyond are zero */
    uint32_t place_count;
    uint32_t sequence; /**< odd while anything is written: copy it all, and compare the sequence before and after */
    struct counters_identity identity;
    /**
     * 1: as long as the process lives, the file has an open file description lock on it (F_OFD_SETLK in fcntl(2),
     * F_RDLCK), though no descriptor is open. Nobody waits for it: it is a sign of life, which F_OFD_GETLK sees from
     * any PID namespace. 0: the file system or the kernel has no such locks.
     */
    uint32_t locked;
    char version[28]; /**< of the library */
    char program[64]; /**< the last part of argv[0] at load */
    uint64_t reserved;
    struct counters_load load;
};

#define COUNTERS_HEADER_ROOM 1024

struct counters_file {
    union {
        struct counters_header header;
        uint8_t room[COUNTERS_HEADER_ROOM];
    };
    uint64_t figures[COUNTER_PLACES];
};

/** Room for a file's name, with its NUL. */
#define COUNTERS_FILE_NAME_SIZE 64
void counters_file_name(const struct counters_identity *identity, char name[static COUNTERS_FILE_NAME_SIZE]);

/** Read such a name. False: it is not one. */
bool counters_file_parse_name(const char *name, struct counters_identity *identity);

/** The calling process's identity, whose PID is `pid`: not getpid(2)'s in a child of vfork(2). Opens files in /proc. */
struct counters_identity counters_identity_of(uint32_t pid);

/**
 * When the process with this PID in our namespace started, as in struct counters_identity. False: /proc does not tell,
 * or not of our namespace.
 */
bool counters_start_of(uint32_t pid, uint64_t *start_ticks);

/** The process's file, for the process that writes it. All zeros: it has no file. */
struct counters_writer {
    void *mapped;                    /**< the file, which only the kernel touches (kernel_store.h) */
    struct counters_file has;        /**< what is in it */
    uint64_t before[COUNTER_PLACES]; /**< what an earlier program of the process has counted there */
};

/**
 * Make the process's file in an open directory, or take the one that it made before it executed this program. Nothing
 * is open afterwards: the file stays mapped to the process's end, so that it can be written whatever becomes of the
 * process's rights, root directory, limits and descriptors.
 *
 * NULL: done; or, where `mapped` is NULL, somebody is just folding the process's former file: try again later. Else why
 * it cannot be had, a static text. Signals must be blocked. errno may change.
 */
const char *counters_file_make(int directory, const struct counters_identity *identity, const char *program,
                               struct counters_writer *writer);

/** Write these figures and what is to be known of the configuration. False: errno; EFAULT where the file
 * has been made shorter. */
bool counters_file_write(struct counters_writer *writer, const uint64_t figures[static COUNTER_COUNT],
                         const struct counters_load *load);

/** Let the file go, as it is; the writer has none then. */
void counters_file_leave(struct counters_writer *writer);

/** What the locks on an open file say of its process. */
enum counters_sign {
    COUNTERS_SIGN_NONE,   /**< none is there */
    COUNTERS_SIGN_LIFE,   /**< the process's: it lives */
    COUNTERS_SIGN_FOLDED, /**< somebody is just folding it */
};
enum counters_sign counters_file_sign(int descriptor);

/** Try to lock an open file until it is closed: F_RDLCK as its process, F_WRLCK to fold it. False: errno. */
bool counters_file_lock(int descriptor, short type);

/** Why a file cannot be read. */
enum counters_fault {
    COUNTERS_READ,
    COUNTERS_UNFINISHED, /**< its process has not yet written it, or died before it had; or it was made shorter */
    COUNTERS_FOREIGN,    /**< no file of ours, or one of another layout */
};

/** A copy of a process's file. */
struct counters_copy {
    struct counters_identity identity;
    bool locked; /**< as in the header */
    char version[28];
    char program[64];
    struct counters_load load;
    uint64_t figures[COUNTER_PLACES]; /**< the sums; places beyond those that this library knows too */
};

/** Copy an open file, without trust in what it says: texts have an end. 3 KiB of stack. errno may change. */
enum counters_fault counters_file_read(int descriptor, struct counters_copy *copy);

#endif
