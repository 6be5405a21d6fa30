/* The process's first lookup is made by a vfork(2) child, which ends. Then the process makes one itself. Prints how
 * many counters' files there are in the directory, and how many of them are named after the process. */
#include <dirent.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void look_up(void) {
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    if (getaddrinfo("cdn.example.com", "443", &hints, &list) == 0)
        freeaddrinfo(list);
}

static void count_files(const char *path) {
    char pid[32];
    int files = 0, own = 0;
    const struct dirent *entry;
    DIR *directory = opendir(path);
    snprintf(pid, sizeof(pid), "-%d-", (int)getpid());
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (strstr(entry->d_name, ".counters") != NULL) {
            files++;
            own += strstr(entry->d_name, pid) != NULL;
        }
    if (directory != NULL)
        closedir(directory);
    printf("%d, %d own\n", files, own);
}

int main(int count, char **arguments) {
    if (count != 2)
        return 2;
    pid_t child = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
    if (child == 0) {
        look_up(); // NOLINT(clang-analyzer-unix.Vfork)
        _exit(0);
    }
    waitpid(child, NULL, 0);
    look_up();
    count_files(arguments[1]);
    return 0;
}
