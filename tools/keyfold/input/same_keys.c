#include "input/same_keys.h"

#include <keyfold/text.h>

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "interrupt.h"
#include "output/escape.h"
#include "output/message.h"

enum { WANTED = 2, SHOWN = 64 };   /* records; bytes of a key */

typedef struct same_keys {
    const kf_error *error;
    uint32_t normalise;
    kf_buffer buffer;
    int found;
} same_keys;

/* Standard input and pipes are gone. */
static int can_be_read_again(const char *path)
{
    struct stat status;

    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int is_wanted(same_keys *same, const kft_record *record)
{
    const kf_error *error = same->error;
    size_t known = error->key_size < sizeof error->key ? error->key_size : sizeof error->key;
    kf_bytes form;

    return kf_text_normalise(record->key, record->key_size, same->normalise, &same->buffer, &form) == KF_OK
           && form.size == error->key_size && memcmp(form.data, error->key, known) == 0;
}

static void tell(const kft_input *input, const kft_record *record)
{
    char key[4 * SHOWN + 1];
    size_t shown = record->key_size < SHOWN ? record->key_size : SHOWN;

    escape_for_terminal(key, record->key, shown);
    complain("%s:%" PRIu64 ": here the key is '%s'%s", input->stream.name, input->line, key,
             shown < record->key_size ? "..." : "");
}

static void look_through(same_keys *same, const kft_input_settings *settings, const char *path)
{
    kft_input input;
    kft_record record;
    int result = input_open(&input, settings, path) ? INPUT_BAD : INPUT_FAILED;

    while (result > INPUT_END && same->found < WANTED && interrupt_signal() == 0) {
        result = input_next(&input, &record);
        if (result != INPUT_RECORD || !is_wanted(same, &record))
            continue;
        tell(&input, &record);
        same->found++;
    }
    input_close(&input);
}

void same_keys_tell(const kft_input_settings *settings, const kft_arguments *inputs, uint32_t normalise,
                    const kf_error *error)
{
    same_keys same = { .error = error, .normalise = normalise };

    for (int i = 0; i < inputs->count && same.found < WANTED; i++)
        if (can_be_read_again(inputs->items[i]))
            look_through(&same, settings, inputs->items[i]);
    kf_buffer_free(&same.buffer);
}
