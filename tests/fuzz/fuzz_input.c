/* Any bytes as a file that `keyfold build` reads, in every format, packed or not.
 *
 *   0  1  format: 3 | wants value: 1 | raw: 1 | pairs: 1 | header: 1
 *   1  1  key column: 4 | value column: 4 (csv; 0: by name)
 *   2  1  delimiter (csv); its high bit: take anything as text
 *   3  the file */
#include "fuzz.h"

#include "input/input.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t touched;

static void touch(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i += 1 + size / 64) touched += data[i];
    if (size) touched += data[size - 1];
}

static void read_all(const kft_input_settings *settings, const char *path)
{
    kft_input input;
    kft_record record;
    uint64_t line = 0, turns = 0;
    int result = input_open(&input, settings, path);
    if (!result) FUZZ_MUST(input.stream.problem[0], "no problem is named");
    while (result) {
        memset(&record, 0xee, sizeof record);
        result = input_next(&input, &record);
        if (result == INPUT_END) break;
        if (result == INPUT_FAILED) {
            FUZZ_MUST(input.stream.problem[0], "no problem is named");
            break;
        }
        FUZZ_MUST(result == INPUT_RECORD || result == INPUT_BAD, "%d", result);
        FUZZ_MUST(input.line >= line, "line %llu after %llu", (unsigned long long)input.line,
                  (unsigned long long)line);
        FUZZ_MUST(++turns < 1u << 28, "no end");
        line = input.line;
        if (result == INPUT_BAD) {
            FUZZ_MUST(input.reason[0], "no reason is given");
            continue;
        }
        touch(record.key, record.key_size);
        if (settings->wants_value && input_has_values(input.format, settings))
            touch(record.value, record.value_size);
        if (settings->wants_weight && input.format != FORMAT_LINES)
            touch(record.weight, record.weight_size);
    }
    input_close(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = { NULL, "1", "2", "3", "10", "key", "value", "0", "name", "",
                                           "99999999999", "-1", "a b",
                                           "4", "5", "6" };
    static int file = -1;
    static char path[64];
    if (size < 3) return 0;
    if (file < 0) {
        file = memfd_create("input", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    kft_input_settings settings = {
        .format = (kft_input_format)((data[0] & 7) % 6),
        .wants_value = data[0] >> 3 & 1, .wants_weight = data[0] >> 7, .raw = data[0] >> 4 & 1,
        .pairs = data[0] >> 5 & 1, .header = data[0] >> 6 & 1,
        .key_column = columns[data[1] & 15], .value_column = columns[data[1] >> 4],
        .weight_column = data[1] & 1 ? "3" : "weight", .delimiter = data[2],
        .text = data[2] >> 7,
        .key_field = "key", .value_field = "value", .weight_field = "weight",
    };
    if (!settings.key_column) settings.key_column = "1";
    if (!settings.value_column) settings.value_column = "2";
    if (ftruncate(file, 0) || pwrite(file, data + 3, size - 3, 0) != (ssize_t)(size - 3)) return 0;
    read_all(&settings, path);
    return 0;
}

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    static const struct { uint8_t format, columns, delimiter; const char *text; } seeds[] = {
        { 1 | 8, 0, 0, "key\tvalue\na\\tb\tc\\n\\x41\n\tempty key\nno tab\n\r\nx\ty\r\n" },
        { 1, 0, 0, "\xef\xbb\xbfkey\nother\tignored\n" },
        { 1 | 8 | 16, 0, 0, "raw\\t\tvalue\\\r\n" },
        { 2 | 8 | 64, 0x65, ',',
          "key,value\n\"a\"\"b\",1\n\"two\nlines\",\"x,y\"\r\nbad\"quote,1\nshort\n\"open" },
        { 2 | 8, 0x21, ';', "a;b;c\n;;\n\"\";\"\"\n" },
        { 2 | 8, 0x13, '\t', "1\t2\t3\n" },
        { 3 | 8, 0, 0,
          "[\"key\", \"value\"]\n{\"key\": \"k\", \"value\": 17}\n{\"value\": null}\n[1]\n"
          "[\"\\u0000\\ud83d\\ude00\", {\"a\": [1, 2.5e3]}]\n{\n" },
        { 3, 0, 0, "{\"key\": \"k\"}\n[\"x\"]\n\n[\"\\udc00\", 1]\n" },
        { 1 | 8 | 128, 0, 0, "key\tvalue\t7\nk\tv\nk\t\t\t1\nk\n" }, { 1 | 128, 0, 0, "k\t5\n" },
        { 2 | 8 | 64 | 128, 0x20, ',', "key,value,weight\na,b,5\nc,d\n" },
        { 3 | 8 | 128, 0, 0, "[\"k\", \"v\", 5]\n[\"k\", 1]\n{\"weight\": 1, \"key\": \"k\", \"value\": 2}\n" },
        { 5 | 128, 0, 0, "k" },
        { 4, 0, 0, "one\ntwo\r\n\nthree\\\\\nlast" },
        { 4 | 16, 0, 0, "one\\\ntwo\r\n" },
        { 5, 0, 0, "a" }, { 5 | 32 | 8, 0, 0, "k" },
        { 0 | 8, 0, 0, "key\tvalue\n" }, { 0, 0, 0, "line\n" },
        { 1 | 8, 0, 0, "\x1f\x8b\x08" }, { 1 | 8, 0, 0, "\x28\xb5\x2f\xfd" },
        { 1 | 8, 0, 0x80, "PK\3\4\tvalue\n" }, { 0, 0, 0, "[1,\n\"two\"]\n" }, { 0, 0, 0, "{\"a\": \"b\"}\n{\n" },
        { 3 | 8, 0, 0, "{\"key\": \"k\", \"value\": {\"a\": [1e309, -0.5, null, \"\\ud800\"]}}\n[[[" },
        { 2 | 8, 0x21, ',', "a,b\nc,\"open\nd,e\nf, \"g\"\n\nh,i,j\n" },
        { 1 | 8, 0, 0, "one\rtwo\r" }, { 0, 0, 0, "<html>\n</html>\n" }, { 1 | 8, 0, 0, "(dp0\nVa\np1\np2\ns." },
    };
    static const uint8_t gzip[] = { 1 | 8, 0, 0, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0xe4, 0x4c, 0xe2,
                                    2, 0, 0xab, 0x79, 0x4e,
                                    0xa5, 4, 0, 0, 0 };
    static const uint8_t xz[] = {
        1 | 8, 0, 0, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 1, 0x69, 0x22, 0xde, 0x36, 2, 0, 0x21, 1, 0xc, 0, 0,
        0, 0x8f, 0x98, 0x41, 0x9c, 1, 0, 3, 0x61, 9, 0x62, 0xa, 0, 0xce, 0x94, 0x11, 0x1a, 0, 1, 0x18, 4,
        0x6b, 0xe9, 0xf0, 0xa5, 0x90, 0x42, 0x99, 0xd, 1, 0, 0, 0, 0, 1, 0x59, 0x5a };
    static const uint8_t bzip2[] = {
        1 | 8, 0, 0, 0x42, 0x5a, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x3e, 0xec, 0xb4, 0x9b, 0, 0,
        1, 0x41, 0, 0, 0x30, 0x30, 0, 0x20, 0, 0x21, 0x9a, 0x68, 0x33, 0x4d, 0x32, 0xbc, 0x5d, 0xc9, 0x14,
        0xe1, 0x42, 0x40, 0xfb, 0xb2, 0xd2, 0x6c };
    static const uint8_t utf16[] = { 1 | 8, 0, 0, 0xff, 0xfe, 'k', 0, '\t', 0, 0x3d, 0xd8, 0, 0xde, '\n', 0, 0, 0xd8 };
    static const uint8_t utf16be[] = { 2 | 8, 0x21, ',', 0, 'k', 0, ',', 0, 'v', 0, '\n', 0 };
    static const uint8_t utf32[] = { 4, 0, 0, 0xff, 0xfe, 0, 0, 'k', 0, 0, 0, '\n', 0, 0, 0, 0, 0, 0x11, 0 };
    static const uint8_t zip[] = { 0, 0, 0, 'P', 'K', 3, 4, 20, 0, 'x', 'l', '/', 0 };
    static const uint8_t zstd[] = { 1 | 8, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x21, 0, 0, 'a', '\t', 'b',
                                    '\n' };
    static const uint8_t zeros[] = { 5 | 32 | 8, 0, 0, 'k', 0, 'v', 0, 0, 'w', 0, 'x', 0 };
    static const uint8_t weights[] = { 5 | 32 | 8 | 128, 0, 0, 'k', 0, 'v', 0, '7', 0, 'w', 0, 'x', 0, '8' };
    static const struct { const uint8_t *data; size_t size; } binary[] = {
        { xz, sizeof xz }, { bzip2, sizeof bzip2 }, { utf16, sizeof utf16 }, { utf16be, sizeof utf16be },
        { utf32, sizeof utf32 }, { zip, sizeof zip }, { weights, sizeof weights },
        { gzip, sizeof gzip }, { zstd, sizeof zstd }, { zeros, sizeof zeros }
    };
    enum { TEXTS = sizeof seeds / sizeof *seeds, BINARY = sizeof binary / sizeof *binary };
    if (n >= TEXTS + BINARY) return NULL;
    *size = n < TEXTS ? 3 + strlen(seeds[n].text) : binary[n - TEXTS].size;
    uint8_t *data = malloc(*size);
    FUZZ_MUST(data, "memory");
    if (n >= TEXTS) {
        memcpy(data, binary[n - TEXTS].data, *size);
    } else {
        data[0] = seeds[n].format;
        data[1] = seeds[n].columns;
        data[2] = seeds[n].delimiter;
        memcpy(data + 3, seeds[n].text, *size - 3);
    }
    return data;
}
