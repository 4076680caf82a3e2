#include "options/target.h"

#include <string.h>
#include <sys/stat.h>

int target_check(const kft_command *command, const char *path)
{
    struct stat status;

    if (path == NULL)
        return usage_error(command, "where to? Name the file to write with -o FILE");
    if (path[0] == 0)
        return usage_error(command, "--output is empty: name the file to write");
    if (strcmp(path, "-") == 0)
        return usage_error(command, "--output can't be standard output, as the file is mapped from where it lies; "
                           "name a file (./- for one that is called so)");
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return usage_error(command, "--output '%s' is a folder: name a file in it", path);
    return OPTIONS_GO_ON;
}
