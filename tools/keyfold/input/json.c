#include "input/json.h"

#include <string.h>

#include "input/unicode.h"
#include "output/escape.h"

static kft_json_result invalid(kft_json *json, const char *problem)
{
    if (json->at == json->end)
        return JSON_CUT;
    json->problem = problem;
    return JSON_INVALID;
}

void json_skip_space(kft_json *json)
{
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\t' || *json->at == '\r' || *json->at == '\n'))
        json->at++;
}

/* The number of \uXXXX at `at`, or -1. */
static long code_unit(const uint8_t *at, const uint8_t *end)
{
    long unit = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        if (hex_digit(at[i]) < 0)
            return -1;
        unit = unit << 4 | hex_digit(at[i]);
    }
    return unit;
}

static kft_json_result skip_escape(kft_json *json)
{
    static const char cut_pair[] = "half of a surrogate pair (\\uD800 to \\uDFFF), which is no character";
    long unit, second;

    if (json->end - json->at < 2)
        return json->at = json->end, JSON_CUT;
    if (json->at[1] != 'u') {
        if (json->at[1] == 0 || strchr("\"\\/bfnrt", json->at[1]) == NULL)
            return invalid(json, "an escape that JSON has not");
        json->at += 2;
        return JSON_VALID;
    }
    unit = code_unit(json->at, json->end);
    if (unit < 0)
        return json->end - json->at < 6 && memchr(json->at, '"', (size_t)(json->end - json->at)) == NULL
                   ? (json->at = json->end, JSON_CUT) : invalid(json, "\\u without four hexadecimal digits");
    if (unit < 0xD800 || unit > 0xDFFF) {
        json->at += 6;
        return JSON_VALID;
    }
    second = unit < 0xDC00 ? code_unit(json->at + 6, json->end) : -1;
    if (second < 0xDC00 || second > 0xDFFF)
        return invalid(json, cut_pair);
    json->at += 12;
    return JSON_VALID;
}

/* A string; json->at is its opening quote. */
static kft_json_result skip_string(kft_json *json)
{
    const uint8_t *start = ++json->at;

    for (;;) {
        const uint8_t *at = json->at;
        int ascii = 1;

        while (at < json->end && *at != '"' && *at != '\\' && *at >= 0x20) {
            ascii &= *at < 0x80;
            at++;
        }
        if (!ascii && !is_utf8(json->at, (size_t)(at - json->at)))
            return at == json->end ? (json->at = at, JSON_CUT) : invalid(json, "a string that is not UTF-8");
        json->at = at;
        if (at == json->end)
            return JSON_CUT;
        if (*at == '"')
            break;
        if (*at != '\\')
            return invalid(json, *at == '\n' && at > start ? "a string that is not closed"
                                                            : "a control character in a string, which must be escaped");
        if (skip_escape(json) != JSON_VALID)
            return json->at == json->end ? JSON_CUT : JSON_INVALID;
    }
    json->at++;
    return JSON_VALID;
}

static int skip_digits(kft_json *json)
{
    const uint8_t *start = json->at;

    while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
        json->at++;
    return json->at > start;
}

static kft_json_result skip_number(kft_json *json)
{
    static const char problem[] = "a number that is not written as JSON writes it";

    json->at += *json->at == '-';
    if (json->at < json->end && *json->at == '0') {
        json->at++;
        if (json->at < json->end && *json->at >= '0' && *json->at <= '9')
            return invalid(json, "a number that begins with 0");
    } else if (!skip_digits(json)) {
        return invalid(json, problem);
    }
    if (json->at < json->end && *json->at == '.') {
        json->at++;
        if (!skip_digits(json))
            return invalid(json, problem);
    }
    if (json->at < json->end && (*json->at == 'e' || *json->at == 'E')) {
        json->at++;
        if (json->at < json->end && (*json->at == '+' || *json->at == '-'))
            json->at++;
        if (!skip_digits(json))
            return invalid(json, problem);
    }
    return JSON_VALID;
}

static kft_json_result skip_scalar(kft_json *json)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t room = (size_t)(json->end - json->at);

    if (*json->at == '"')
        return skip_string(json);
    if (*json->at == '-' || (*json->at >= '0' && *json->at <= '9'))
        return skip_number(json);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]), compared = room < size ? room : size;

        if (memcmp(json->at, words[i], compared) == 0) {
            json->at += compared;
            return compared == size ? JSON_VALID : JSON_CUT;
        }
    }
    if (*json->at == 'N' || *json->at == 'I')
        return invalid(json, "NaN and Infinity are no JSON");
    if (*json->at == '\'')
        return invalid(json, "JSON has strings in double quotes only");
    return invalid(json, "a value is expected");
}

/* A member's name and its colon. */
static kft_json_result skip_name(kft_json *json)
{
    kft_json_result result;

    json_skip_space(json);
    if (json->at == json->end || *json->at != '"')
        return invalid(json, "a name in double quotes is expected");
    result = skip_string(json);
    if (result != JSON_VALID)
        return result;
    json_skip_space(json);
    if (json->at == json->end || *json->at != ':')
        return invalid(json, "a colon is expected");
    json->at++;
    return JSON_VALID;
}

/* After a value: closes what ends, and goes on to where the next value is expected. */
static kft_json_result skip_ends(kft_json *json, const uint8_t *objects, size_t *depth)
{
    while (*depth > 0) {
        int object = objects[(*depth - 1) / 8] >> (*depth - 1) % 8 & 1;

        json_skip_space(json);
        if (json->at == json->end)
            return JSON_CUT;
        if (*json->at == ',') {
            json->at++;
            return object ? skip_name(json) : JSON_VALID;
        }
        if (*json->at != (object ? '}' : ']'))
            return invalid(json, object ? "a comma or } is expected" : "a comma or ] is expected");
        json->at++;
        --*depth;
    }
    return JSON_VALID;
}

kft_json_result json_skip(kft_json *json)
{
    uint8_t objects[JSON_DEPTH / 8];   /* a bit for each level: whether it is an object */
    size_t depth = 0;
    kft_json_result result;

    do {
        json_skip_space(json);
        if (json->at == json->end)
            return JSON_CUT;
        if (*json->at == '[' || *json->at == '{') {
            int object = *json->at == '{';

            if (depth == JSON_DEPTH)
                return invalid(json, "arrays and objects are nested more than 2048 deep");
            if (depth % 8 == 0)
                objects[depth / 8] = 0;
            objects[depth / 8] = (uint8_t)((objects[depth / 8] & ~(1u << depth % 8)) | (unsigned)object << depth % 8);
            depth++;
            json->at++;
            json_skip_space(json);
            if (json->at < json->end && *json->at == (object ? '}' : ']')) {
                json->at++;
                depth--;
                result = skip_ends(json, objects, &depth);
            } else {
                result = object ? skip_name(json) : JSON_VALID;
            }
        } else {
            result = skip_scalar(json);
            if (result == JSON_VALID)
                result = skip_ends(json, objects, &depth);
        }
    } while (result == JSON_VALID && depth > 0);
    return result;
}

size_t json_decode(uint8_t *data, size_t size)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const uint8_t *from = data, *end = data + size;
    uint8_t *to = data;

    while (from < end) {
        const char *letter;
        unsigned long code;

        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        if (from[1] != 'u') {
            letter = strchr(letters, from[1]);
            *to++ = letter != NULL ? (uint8_t)bytes[letter - letters] : from[1];
            from += 2;
            continue;
        }
        code = (unsigned long)code_unit(from, end);
        from += 6;
        if (code >= 0xD800 && code <= 0xDBFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + ((unsigned long)code_unit(from, end) - 0xDC00);
            from += 6;
        }
        to = unicode_put(to, (uint32_t)code);
    }
    return (size_t)(to - data);
}
