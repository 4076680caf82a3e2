/* keyfold get: point lookups of keys that are arguments or stream in on stdin. */
#include <keyfold/keyfold.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "input/needles.h"
#include "output/entry.h"
#include "output/escape.h"
#include "output/list.h"
#include "output/message.h"

#define BATCH 4096
#define MESSAGES_SHOWN 10   /* of bad lines */

typedef struct get_options {
    const char *missing;
    int ordinal;
    int json;
    int null;
    int raw;
    int escapes;
} get_options;

static const kft_option_spec options_table[] = {
    { "missing", 'm', OPTION_TEXT, offsetof(get_options, missing), "TEXT",
      "print absent keys too, with TEXT for a value", NULL },
    { "ordinal", 'n', OPTION_FLAG, offsetof(get_options, ordinal), NULL,
      "print the key's ordinal (its rank) instead of the value", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(get_options, json), NULL,
      "print a JSON object a line", NULL },
    { "null", '0', OPTION_FLAG, offsetof(get_options, null), NULL,
      "keys on standard input end with NUL and have no escapes", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(get_options, raw), NULL,
      "no escapes, neither read nor printed", NULL },
    { "escapes", 'e', OPTION_FLAG, offsetof(get_options, escapes), NULL,
      "keys that are arguments have escapes too", NULL },
    OPTIONS_END
};

typedef struct kft_lookup {
    const kf_dict *dict;
    const char *path;
    const get_options *options;
    kft_printer printer;
    kf_buffer buffer;
    size_t count;
    int absent;               /* some key was */
    uint64_t bad;             /* lines that are no keys */
    kf_bytes keys[BATCH];
    uint64_t ordinals[BATCH];
    uint64_t numbers[BATCH];
} kft_lookup;

/* Answers the keys gathered so far. Returns 0, or the exit code of a failure. */
static int answer(kft_lookup *lookup)
{
    const kft_printer *printer = &lookup->printer;
    size_t count = lookup->count;
    kf_status status;

    if (count == 0)
        return 0;
    lookup->count = 0;
    status = kf_dict_ordinal_many(lookup->dict, lookup->keys, count, lookup->ordinals, NULL);
    if (status == KF_OK && printer->value_type == KF_VALUES_U64)
        status = kf_dict_u64_at_many(lookup->dict, lookup->ordinals, count, lookup->numbers);
    if (status != KF_OK)
        return complain_status(lookup->path, lookup->dict, status);
    for (size_t i = 0; i < count; i++) {
        kft_entry entry = { lookup->keys[i], lookup->ordinals[i], { NULL, 0 }, lookup->numbers[i] };

        if (entry.ordinal == KF_ABSENT) {
            lookup->absent = 1;
            if (lookup->options->missing != NULL)
                entry_print_absent(printer, entry.key, lookup->options->missing);
            continue;
        }
        if (printer->value_type == KF_VALUES_BYTES) {
            status = kf_dict_value_at(lookup->dict, entry.ordinal, &lookup->buffer, &entry.value);
            if (status != KF_OK)
                return complain_status(lookup->path, lookup->dict, status);
        }
        entry_print(printer, &entry);
    }
    return 0;
}

static int get_arguments(kft_lookup *lookup, char **keys, int count)
{
    int code = 0;

    for (int i = 0; i < count && code == 0; i++) {
        size_t size = strlen(keys[i]);

        if (lookup->options->escapes && !unescape((uint8_t *)keys[i], &size)) {
            complain("get: " BAD_ESCAPE ": '%s'", "key", keys[i]);
            return EXIT_USAGE;
        }
        lookup->keys[lookup->count++] = (kf_bytes){ (uint8_t *)keys[i], size };
        if (lookup->count == BATCH)
            code = answer(lookup);
    }
    return code != 0 ? code : answer(lookup);
}

/* A line that is no key is told of, and absent: with --missing there is a line for each line that is read. */
static int bad_key(kft_lookup *lookup, const char *name, uint64_t line, kf_bytes text, const char *problem)
{
    int code = answer(lookup);

    if (code == 0 && lookup->options->missing != NULL)
        entry_print_absent(&lookup->printer, text, lookup->options->missing);
    if (lookup->bad++ < MESSAGES_SHOWN)
        message((kft_message){ MESSAGE_ERROR, KF_FORMAT, name, line }, "%s", problem);
    return code;
}

/* Keys borrow the stream's window, which stays as it is while the next key is in it. So a batch is
 * answered, and its results written, before the stream would wait: a program that sends one key
 * and reads its answer gets it. */
static int get_stream(kft_lookup *lookup, kft_stream *stream)
{
    uint8_t delimiter = lookup->options->null ? 0 : '\n';
    uint64_t line = 0;

    for (;;) {
        int found, waits = !stream_ready(stream, delimiter);
        uint8_t *key;
        size_t size, taken;

        if (lookup->count == BATCH || waits) {
            int code = answer(lookup);

            if (code != 0)
                return code;
            if (waits)
                output_flush(lookup->printer.out);
            if (lookup->printer.out->os_error != 0)
                return 0;
        }
        found = stream_find(stream, 0, delimiter, &size);
        if (found == STREAM_FAILED) {
            complain("%s: %s", stream->name, stream->problem);
            return EXIT_TROUBLE;
        }
        if (found == STREAM_END && size == 0)
            return answer(lookup);
        line++;
        key = stream_window(stream);
        taken = size + (found == STREAM_FOUND);
        stream_consume(stream, taken);
        if (!lookup->options->null && !lookup->options->raw) {
            const char *problem = needle_decode(key, &size, "key");
            int code = problem != NULL ? bad_key(lookup, stream->name, line, (kf_bytes){ key, size }, problem) : 0;

            if (code != 0)
                return code;
            if (problem != NULL)
                continue;
        }
        lookup->keys[lookup->count++] = (kf_bytes){ key, size };
    }
}

static int get_stdin(kft_lookup *lookup)
{
    kft_stream stream;
    int code = EXIT_TROUBLE;

    if (stream_open(&stream, "-", needles_look(lookup->options->null, lookup->options->raw)))
        code = get_stream(lookup, &stream);
    else
        complain("%s: %s", stream.name, stream.problem);
    stream_close(&stream);
    return code;
}

static int get_run(int argc, char **argv)
{
    get_options options = { 0 };
    kft_arguments rest;
    kft_output out = { 0 };
    kf_dict *dict = NULL;
    kft_lookup *lookup = NULL;
    int code = options_parse(&command_get, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_get, "which FILE?");
    if (rest.count > 1 && options.null)
        return usage_error(&command_get, "--null is about standard input, but keys are given");
    dict = entry_open(rest.items[0], 0, &code);
    if (dict == NULL)
        return code;
    code = EXIT_TROUBLE;
    lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        complain("out of memory");
        goto out;
    }
    if (!output_open(&out))
        goto out;
    lookup->dict = dict;
    lookup->path = rest.items[0];
    lookup->options = &options;
    lookup->printer = (kft_printer){ &out, kf_dict_value_type(dict), options.ordinal, options.raw,
                                     options.json, list_values(dict) };
    if (options.ordinal && !options.json)
        lookup->printer.value_type = KF_VALUES_NONE;
    code = rest.count > 1 ? get_arguments(lookup, rest.items + 1, rest.count - 1)
                          : get_stdin(lookup);
    if (lookup->bad > MESSAGES_SHOWN)
        complain("%llu bad keys, %llu of them not shown", (unsigned long long)lookup->bad,
                 (unsigned long long)lookup->bad - MESSAGES_SHOWN);
    if (code == 0)
        code = lookup->bad > 0 ? EXIT_TROUBLE : lookup->absent ? EXIT_NOT_FOUND : 0;
    code = output_finish(&out, code);
out:
    if (lookup != NULL)
        kf_buffer_free(&lookup->buffer);
    free(lookup);
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "escapes", "KEY", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_get = {
    "get", "Look keys up", "[options] FILE [KEY...]", options_table,
    "Without KEY, keys are read from standard input, one a line, and answered in\n"
    "that order as soon as they arrive. Each key found prints KEY<TAB>VALUE, or KEY\n"
    "alone when the dictionary has no values.\n\n"
    "Exit code: 0 all found, 1 some key absent, 2 usage, 3 data or I/O error.\n",
    get_run, clashes
};
