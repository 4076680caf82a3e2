/* keyfold find: the keys that occur in texts. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "input/stream.h"
#include "output/entry.h"
#include "output/list.h"
#include "output/message.h"
#include "system.h"

typedef struct find_options {
    int overlap;
    int boundary;
    int offset;
    int whole;
    int with_name;
    int count;
    int keys_only;
    int ordinal;
    int json;
    int raw;
    int text;
} find_options;

static const kft_option_choice overlap_names[] = {
    { "longest", KF_OVERLAP_LONGEST }, { "all", KF_OVERLAP_ALL }, { NULL, 0 }
};

static const kft_option_choice boundary_names[] = {
    { "words", KF_BOUNDARY_WORDS }, { "code-points", KF_BOUNDARY_CODE_POINTS },
    { "bytes", KF_BOUNDARY_BYTES }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "overlap", 'o', OPTION_CHOICE, offsetof(find_options, overlap), "KIND",
      "of keys that overlap, the leftmost and then longest\n(default), or all", overlap_names },
    { "boundary", 'b', OPTION_CHOICE, offsetof(find_options, boundary), "KIND",
      "where keys may begin and end; words by default", boundary_names },
    { "offset", 0, OPTION_FLAG, offsetof(find_options, offset), NULL,
      "print bytes from the text's start, counted from 0,\ninstead of LINE:COLUMN", NULL },
    { "whole", 'w', OPTION_FLAG, offsetof(find_options, whole), NULL,
      "read each text into memory and find keys that hold\na newline too", NULL },
    { "with-filename", 'H', OPTION_FLAG, offsetof(find_options, with_name), NULL,
      "print the text's name though there is only one", NULL },
    { "count", 'c', OPTION_FLAG, offsetof(find_options, count), NULL,
      "print how many there are in each text instead of them", NULL },
    { "keys-only", 'k', OPTION_FLAG, offsetof(find_options, keys_only), NULL,
      "print no values", NULL },
    { "ordinal", 'n', OPTION_FLAG, offsetof(find_options, ordinal), NULL,
      "print each key's ordinal (its rank) instead of the value", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(find_options, json), NULL,
      "print a JSON object a line", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(find_options, raw), NULL,
      "print without escapes", NULL },
    { "text", 'a', OPTION_FLAG, offsetof(find_options, text), NULL,
      "search files of any kind as they are, such as programs\nand UTF-16", NULL },
    OPTIONS_END
};

/* A piece of a text, whole lines, and where it lies there. */
typedef struct find_piece {
    const uint8_t *data;
    size_t size;
    uint64_t offset;        /* in the text */
    uint64_t line;          /* of the byte at `line_at`, from 1 */
    size_t line_at;         /* a line's start */
} find_piece;

typedef struct kft_finder {
    const kf_dict *dict;
    const char *path;
    const find_options *options;
    kf_find_options search;
    kft_printer printer;
    const char *name;       /* the text's, if it is to be printed */
    uint64_t count;         /* in this text */
    int found;              /* in any */
} kft_finder;

/* A filter: keys that hold no newline, so that pieces of many lines give what each line alone would. */
static int within_line(void *context, kf_iter *iter, const kf_entry *entry)
{
    (void)context;
    (void)iter;
    return memchr(entry->key.data, '\n', entry->key.size) == NULL;
}

/* Moves the piece's line to the one that holds `position`. */
static void go_to_line(find_piece *piece, size_t position)
{
    const uint8_t *next;

    while ((next = memchr(piece->data + piece->line_at, '\n', position - piece->line_at)) != NULL) {
        piece->line++;
        piece->line_at = (size_t)(next - piece->data) + 1;
    }
}

static void print_name(const kft_finder *finder)
{
    if (finder->name == NULL)
        return;
    entry_print_bytes(&finder->printer, (kf_bytes){ (const uint8_t *)finder->name, strlen(finder->name) });
    output_byte(finder->printer.out, ':');
}

static void print_json_number(kft_output *out, const char *name, uint64_t number)
{
    output_text(out, name);
    output_u64(out, number);
}

static void print_json_name(const kft_finder *finder)
{
    output_byte(finder->printer.out, '{');
    if (finder->name == NULL)
        return;
    output_json_member(finder->printer.out, "file", (const uint8_t *)finder->name, strlen(finder->name));
    output_byte(finder->printer.out, ',');
}

static void print_found(const kft_finder *finder, find_piece *piece, const kft_entry *entry,
                        const kf_match *match)
{
    const uint64_t position = match->position;
    const kft_printer *printer = &finder->printer;
    kft_output *out = printer->out;

    if (!finder->options->offset || printer->json)
        go_to_line(piece, position);
    if (printer->json) {
        print_json_name(finder);
        print_json_number(out, "\"line\":", piece->line);
        print_json_number(out, ",\"column\":", position - piece->line_at + 1);
        print_json_number(out, ",\"offset\":", piece->offset + position);
        print_json_number(out, ",\"length\":", match->length);
        output_byte(out, ',');
        entry_print_members(printer, entry);
        output_text(out, "}\n");
        return;
    }
    print_name(finder);
    if (finder->options->offset) {
        output_u64(out, piece->offset + position);
    } else {
        output_u64(out, piece->line);
        output_byte(out, ':');
        output_u64(out, position - piece->line_at + 1);
    }
    output_byte(out, '\t');
    entry_print_bytes(printer, entry->key);
    entry_print_value(printer, entry);
    output_byte(out, '\n');
}

static kf_status find_in(kft_finder *finder, find_piece *piece, kf_error *error)
{
    kf_iter *iter = NULL;
    kft_entry entry;
    kf_value_type type = finder->options->count ? KF_VALUES_NONE : finder->printer.value_type;
    kf_status status = kf_iter_create_find(&iter, finder->dict, piece->data, piece->size, &finder->search, error);

    while (status == KF_OK && finder->printer.out->os_error == 0) {
        status = entry_next(iter, type, &entry);
        if (status != KF_OK)
            break;
        finder->count++;
        if (!finder->options->count)
            print_found(finder, piece, &entry, kf_iter_match(iter));
    }
    kf_iter_destroy(&iter);
    return status == KF_END ? KF_OK : status;
}

/* How much of the window is to be searched now: all the lines that are in it, one at least, or with
 * `whole` the whole text. Returns 0 at the text's end and on failure (then stream->problem). */
static size_t piece_size(kft_stream *stream, int whole)
{
    const uint8_t *last;
    size_t size = 0, window;
    int found;

    do {
        found = stream_find(stream, size, '\n', &size);
        size += found == STREAM_FOUND;
    } while (whole && found == STREAM_FOUND);
    if (found == STREAM_FAILED)
        return 0;
    if (found == STREAM_END)
        return size;
    window = stream->end - stream->begin;
    last = memrchr(stream_window(stream), '\n', window);
    return last == NULL ? size : (size_t)(last - stream_window(stream)) + 1;
}

static int find_stream(kft_finder *finder, kft_stream *stream)
{
    /* A byte order mark is no text, but bytes are counted from the start of the file. */
    find_piece piece = { .line = 1, .offset = stream->had_mark && stream->unicode == UNICODE_NONE ? 3 : 0 };
    kft_output *out = finder->printer.out;
    kf_error error = { 0 };
    kf_status status;

    while (out->os_error == 0 && (piece.size = piece_size(stream, finder->options->whole)) > 0) {
        piece.data = stream_window(stream);
        piece.line_at = 0;
        status = find_in(finder, &piece, &error);
        if (status != KF_OK)
            return complain_error(finder->path, status, &error);
        if (!finder->options->offset || finder->options->json)
            go_to_line(&piece, piece.size);
        piece.offset += piece.size;
        stream_consume(stream, piece.size);
        /* Who writes lines and waits for what is in them gets it. */
        if (!stream_ready(stream, '\n'))
            output_flush(out);
    }
    if (stream->problem[0] != 0) {
        complain("%s: %s", stream->name, stream->problem);
        return EXIT_TROUBLE;
    }
    return 0;
}

static void print_count(const kft_finder *finder)
{
    kft_output *out = finder->printer.out;

    if (finder->options->json) {
        print_json_name(finder);
        print_json_number(out, "\"count\":", finder->count);
        output_byte(out, '}');
    } else {
        print_name(finder);
        output_u64(out, finder->count);
    }
    output_byte(out, '\n');
}

/* A text that can't be read does not keep the others from being searched. */
static int find_files(kft_finder *finder, char **files, int count)
{
    /* Keys are found in any bytes, but there is nothing to find in what is compressed or foreign. */
    const unsigned look = LOOK_PACKED | LOOK_LINE | (finder->options->text ? 0 : LOOK_UNICODE | LOOK_FOREIGN);
    int worst = 0;

    for (int i = 0; i < count && finder->printer.out->os_error == 0; i++) {
        kft_stream stream;
        int code = EXIT_TROUBLE;

        finder->count = 0;
        if (stream_open(&stream, files[i], look)) {
            finder->name = count > 1 || finder->options->with_name ? stream.name : NULL;
            code = find_stream(finder, &stream);
            if (code == 0 && finder->options->count)
                print_count(finder);
        } else {
            complain("%s: %s%s", stream.name, stream.problem,
                     stream.foreign ? " (--text searches any file as it is)" : "");
        }
        stream_close(&stream);
        finder->found |= finder->count > 0;
        if (code > worst)
            worst = code;
    }
    return worst;
}

static int find_run(int argc, char **argv)
{
    static char standard_input[] = "-";
    char *no_files[] = { standard_input };
    find_options options = { .overlap = KF_OVERLAP_LONGEST, .boundary = KF_BOUNDARY_WORDS };
    kft_finder finder = { .options = &options, .search = KF_FIND_OPTIONS_INIT };
    kft_output out = { 0 };
    kft_arguments rest;
    kf_dict *dict;
    int code = options_parse(&command_find, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_find, "which FILE?");
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    code = EXIT_TROUBLE;
    if (output_open(&out)) {
        finder.dict = dict;
        finder.path = rest.items[0];
        finder.search.overlap = (kf_overlap)options.overlap;
        finder.search.boundary = (kf_boundary)options.boundary;
        if (!options.whole)
            finder.search.filter = within_line;
        finder.printer = (kft_printer){ &out, kf_dict_value_type(dict), options.ordinal, options.raw,
                                        options.json, list_values(dict) };
        if (options.keys_only || (options.ordinal && !options.json))
            finder.printer.value_type = KF_VALUES_NONE;
        code = rest.count > 1 ? find_files(&finder, rest.items + 1, rest.count - 1)
                              : find_files(&finder, no_files, 1);
        if (code == 0 && !finder.found)
            code = EXIT_NOT_FOUND;
        code = output_finish(&out, code);
    }
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "keys-only", "count", 0 },
    { "ordinal", "count", 0 },
    { "offset", "count|json", 0 },
    { "raw", "count|json", 0 },
    { NULL, NULL, 0 }
};

const kft_command command_find = {
    "find", "Find the keys that occur in texts", "[options] FILE [TEXTFILE...]", options_table,
    "Without TEXTFILE, or where it is -, the text is read from standard input; .gz,\n"
    ".zst, .xz and .bz2 files are unpacked, UTF-16 is searched as UTF-8. Each occurrence\n"
    "prints LINE:COLUMN<TAB>KEY<TAB>VALUE, with NAME: before it if there are several\n"
    "texts. Lines and columns count from 1, columns in bytes.\n\n"
    "Exit code: 0 some key found, 1 none, 2 usage, 3 data or I/O error.\n",
    find_run, clashes
};
