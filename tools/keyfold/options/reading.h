/* Options of the commands that build a file of inputs. */
#ifndef TOOL_OPTIONS_READING_H
#define TOOL_OPTIONS_READING_H

#include "options/options.h"

enum { ON_ERROR_FAIL, ON_ERROR_SKIP };

extern const kft_option_choice on_error_names[];

#define MEMORY_OPTION(type, member) \
    { "memory", 'M', OPTION_SIZE, offsetof(type, member), "SIZE", \
      "hold at most so much in memory (default: 1G)", NULL }
#define TMPDIR_OPTION(type, member) \
    { "tmpdir", 'T', OPTION_FOLDER, offsetof(type, member), "FOLDER", \
      "where temporary files go (default: beside the output)", NULL }
#define ON_ERROR_OPTION(type, member) \
    { "on-error", 0, OPTION_CHOICE, offsetof(type, member), "ACTION", \
      "what to do with a bad line (default: fail)", on_error_names }
#define TEXT_OPTION(type, member) \
    { "text", 'a', OPTION_FLAG, offsetof(type, member), NULL, \
      "take inputs as text of the format whatever they look like,\n" \
      "with NUL bytes too; only compressed data is recognised", NULL }
#define RAW_OPTION(type, member) \
    { "raw", 'r', OPTION_FLAG, offsetof(type, member), NULL, \
      "tsv, lines: no escapes, and CR and NUL stay", NULL }
#define HEADER_OPTION(type, member) \
    { "header", 'H', OPTION_FLAG, offsetof(type, member), NULL, \
      "csv: the first record names the columns", NULL }
#define DELIMITER_OPTION(type, member) \
    { "delimiter", 'D', OPTION_TEXT, offsetof(type, member), "BYTE", \
      "csv: what separates fields, \\t for a tab (default: ,)", NULL }
#define PROGRESS_OPTION(type, member) \
    { "progress", 0, OPTION_CHOICE, offsetof(type, member), "MODE", \
      "what to tell on standard error (default: auto, which is\n" \
      "text on a terminal)", progress_names }
#define QUIET_OPTION(type, member) \
    { "quiet", 'q', OPTION_FLAG, offsetof(type, member), NULL, \
      "no progress, notes or summary, only errors", NULL }
#define REPORT_OPTION(type, member) \
    { "json", 'j', OPTION_FLAG, offsetof(type, member), NULL, \
      "print a report as a JSON object on standard output", NULL }

/* One byte that means nothing else in CSV; 0 when `text` is none. */
uint8_t delimiter_byte(const char *text);

/* Checks of INPUT...: there are some, and standard input is one of them once at most. Returns OPTIONS_GO_ON or the exit
 * code of a usage error. */
int inputs_check(const struct kft_command *command, const kft_arguments *inputs);

/* What inputs may be, a bit 1 << kft_input_format each. Only the first line tells of tsv and lines. `format`: that was
 * asked for. */
unsigned formats_there(int format, const kft_arguments *inputs);

/* An option that is about some formats only. */
typedef struct kft_format_option {
    const char *option;
    unsigned formats;        /* a bit 1 << kft_input_format each */
    const char *names;
} kft_format_option;

/* Refuses such options where no input has one of the formats; the last entry has no name. */
int formats_check(const struct kft_command *command, const kft_format_option *options, int format,
                  const kft_arguments *inputs);

#endif
