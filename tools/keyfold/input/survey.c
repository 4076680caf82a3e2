#include "input/survey.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/decoder.h"
#include "output/message.h"

/* Whether a file's bytes are others than those of the text in it: compressed, or UTF-16. One that can't be read is
 * told of when its turn comes. */
static int is_coded(const char *path)
{
    uint8_t head[16];
    int undecided = 0, file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t size;

    if (file < 0)
        return 1;
    size = read(file, head, sizeof head);
    close(file);
    return size < 0 || decoder_detect(head, (size_t)size, &undecided) != DECODER_NONE ||
           (size > 1 && (head[0] == 0xFF || head[0] == 0xFE)) || (size > 0 && memchr(head, 0, (size_t)size) != NULL);
}

/* Whether nearly all bytes of such an input become keys and values. What else CSV and JSON have in a record may be
 * most of it, and what compressed data will be is not known. */
static int all_is_stored(int with_values, const kft_input_settings *settings, const char *path)
{
    kft_input_format format = settings->format != FORMAT_AUTO ? settings->format : input_format_of_name(path);

    if (format == FORMAT_CSV || format == FORMAT_JSONL)
        return 0;
    if (!with_values && format != FORMAT_LINES && (format != FORMAT_NUL || settings->pairs))
        return 0;
    return !is_coded(path);
}

int survey_inputs(kft_survey *survey, const kft_command *command, const char *output, int with_values,
                  const kft_input_settings *settings, const kft_arguments *inputs)
{
    struct stat target, status;
    int target_exists = stat(output, &target) == 0;
    int known = 1;

    memset(survey, 0, sizeof *survey);
    for (int i = 0; i < inputs->count; i++) {
        const char *path = inputs->items[i];

        if (strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
            known = 0;
            continue;
        }
        if (target_exists && status.st_dev == target.st_dev && status.st_ino == target.st_ino)
            return usage_error(command, "%s is both input and output", path);
        survey->input_total += (uint64_t)status.st_size;
        if (all_is_stored(with_values, settings, path))
            survey->expected_bytes += (uint64_t)status.st_size;
    }
    if (!known)
        survey->input_total = 0;
    return 0;
}
