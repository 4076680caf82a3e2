#include "input/feed.h"

#include <inttypes.h>

#include "command.h"
#include "interrupt.h"
#include "output/message.h"
#include "output/progress.h"

#define MESSAGES_SHOWN 10
#define TURN_BYTES ((uint64_t)16 << 20)   /* of long records, after which somebody may want to hear of them */

/* Says why an input can't be read, unless that was asked for. */
static int unreadable(const kft_input *input)
{
    const kf_status status = input->stream.os_error != 0 ? KF_IO : KF_FORMAT;

    if (interrupt_signal() == 0)
        message((kft_message){ MESSAGE_ERROR, status, input->stream.name, 0 }, "%s%s", input->stream.problem,
                input->stream.foreign && !input->is_document ? " (--text takes any file as text)" : "");
    return EXIT_TROUBLE;
}

int feed_bad_record(kft_feed *feed, const kft_input *input)
{
    const kft_message about = { feed->skips_bad ? MESSAGE_WARNING : MESSAGE_ERROR, KF_FORMAT, input->stream.name,
                                input->line };

    if (!feed->skips_bad || feed->bad++ < MESSAGES_SHOWN)
        message(about, feed->skips_bad ? "%s; skipped" : "%s", input->reason);
    return feed->skips_bad ? 0 : EXIT_TROUBLE;
}

static int take_records(kft_feed *feed, kft_input *input)
{
    kft_record record;
    uint64_t turn_bytes = 0;
    uint32_t turn = 0;
    int code = 0;

    while (code == 0) {
        int result = input_next(input, &record);

        if (++turn % 1024 == 0 || input->stream.bytes_read - turn_bytes >= TURN_BYTES) {
            turn_bytes = input->stream.bytes_read;
            progress_input(feed->input_done + turn_bytes, feed->survey.input_total, feed->records);
            if (interrupt_signal() != 0)
                return EXIT_TROUBLE;
        }
        if (result == INPUT_END)
            break;
        if (result == INPUT_FAILED)
            return unreadable(input);
        code = result == INPUT_BAD ? feed_bad_record(feed, input) : feed->take(feed->context, input, &record);
    }
    feed->input_done += input->stream.bytes_read;
    return code;
}

int feed_file(kft_feed *feed, const char *path)
{
    kft_input input;
    int code = EXIT_TROUBLE;

    if (!input_open(&input, feed->settings, path)) {
        code = unreadable(&input);
    } else {
        const kft_message about = { MESSAGE_NOTE, KF_OK, input.stream.name, 0 };

        if (input.stream.had_mark && input.stream.unicode == UNICODE_NONE && !feed->quiet)
            message(about, "note: skipped a UTF-8 byte order mark");
        if (input.like_csv && !feed->quiet && feed->like_csv != NULL)
            message(about, "%s", feed->like_csv);
        if (input.stream.unicode != UNICODE_NONE && !feed->quiet)
            message(about, "note: read as %s", unicode_name(input.stream.unicode));
        code = feed->begin(feed->context, &input);
        if (code == 0)
            code = take_records(feed, &input);
    }
    input_close(&input);
    return code;
}

void feed_say_bad(const kft_feed *feed)
{
    const kft_message about = { MESSAGE_WARNING, KF_FORMAT, NULL, 0 };

    if (feed->bad > MESSAGES_SHOWN)
        message(about, "%" PRIu64 " bad records skipped, %" PRIu64 " of them not shown", feed->bad,
                feed->bad - MESSAGES_SHOWN);
    else if (feed->bad > 0)
        message(about, "%" PRIu64 " bad record%s skipped", feed->bad, feed->bad == 1 ? "" : "s");
}
