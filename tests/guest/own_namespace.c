/* unshare(CLONE_NEWUSER) after lookups: the kernel refuses it to a process that still has a second thread. */
#include <dirent.h>
#include <sched.h>

#include "guest.h"

static int threads(void) {
    DIR *directory = opendir("/proc/self/task");
    int count = -2; /* for . and .. */
    EXPECT(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

int main(void) {
    int before = threads();
    EXPECT(answers_all_kinds());
    EXPECT(answers_all_kinds());
    EXPECT(threads() == before);
    EXPECT(unshare(CLONE_NEWUSER) == 0);
    EXPECT(leads_to_origin("www.example.com"));
    return 0;
}
